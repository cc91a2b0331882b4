"""What the tooltips and the words of a chart say of the owner's rows."""

from xml.etree import ElementTree as ET

import pytest
from rest_framework.test import APIClient

from transactions.tests import books
from users.models import User

DATES = "date_after=2026-10-01&date_before=2026-11-30"
TITLE = "{http://www.w3.org/2000/svg}title"


def said(client: APIClient, path: str) -> list[str]:
    """Return the title of a chart and then its tooltips."""
    response = client.get(f"/charts/{path}")
    assert response.status_code == 200, response.content
    root = ET.fromstring(response.content)  # noqa: S314  # our own
    return [" | ".join((element.text or "").splitlines()) for element in root.iter(TITLE)]


@pytest.mark.parametrize(
    ("path", "texts"),
    [
        (
            f"income-and-expense.svg?{DATES}",
            [
                "Income and expense",
                "October 2026 | Income: 5,000.00 | Expense: \u2212120.00 | Net: 4,880.00",
                "November 2026 | Income: 20.00 | Expense: \u22121.00 | Net: 19.00",
            ],
        ),
        (
            f"categories.svg?{DATES}",
            [
                "Expenses by category",
                "Fun | 100.00 (83%)",
                "Food | 20.00 (17%)",
                "Without a category | 1.00 (0.8%)",
            ],
        ),
        (
            f"categories.svg?{DATES}&type=INCOME",
            ["Income by category", "Work | 5,000.00 (100%)", "Food | 20.00 (0.4%)"],
        ),
        (
            f"category.svg?{DATES}&category=fun",
            ["Fun", "October 2026 | Spent: 100.00", "November 2026 | Spent: 0.00"],
        ),
        (
            f"category.svg?{DATES}&category=Work",
            ["Work", "October 2026 | Received: 5,000.00", "November 2026 | Received: 0.00"],
        ),
        (
            f"balance.svg?{DATES}",
            ["Balance", "October 2026 | At the end: 4,881.00", "November 2026 | At the end: 4,900.00"],
        ),
        (
            f"flow.svg?{DATES}",
            [
                "Where the money goes",
                "Work | 5,000.00 (100%)",
                "Food | 20.00 (0.4%)",
                "Fun | 100.00 (2.0%)",
                "Food | 20.00 (0.4%)",
                "Without a category | 1.00 (<0.1%)",
                "Left over | 4,899.00 (98%)",
                "Income | 5,020.00",
            ],
        ),
    ],
)
def test_the_tooltips_say_what_is_drawn(path: str, texts: list[str], alice: User, as_alice: APIClient) -> None:
    books.fill(alice)

    assert said(as_alice, path) == texts


def test_two_years_are_compared_upwards(alice: User, as_alice: APIClient) -> None:
    books.fill(alice)

    assert said(as_alice, "years.svg?year=2026")[10:12] == [
        "October | 2026: 120.00 | 2025: 0.00",
        "November | 2026: 1.00 | 2025: 0.00",
    ]
    title, *months = said(as_alice, "years.svg?year=2026&type=INCOME")
    assert (title, months[11]) == ("Income in 2026 and 2025", "December | 2026: 0.00 | 2025: 1.00")


@pytest.mark.parametrize(
    ("query", "subtitle"),
    [
        (DATES, "October 2026 \u2013 November 2026 \u00b7 USD"),
        ("date_after=2026-10-02&date_before=2026-11-30", "2 Oct 2026 \u2013 30 Nov 2026 \u00b7 USD"),
        ("date_after=2026-10-02&date_before=2026-10-02&currency=JPY", "2 Oct 2026 \u00b7 JPY"),
        (f"{DATES}&category=Food&category=Fun", "October 2026 \u2013 November 2026 \u00b7 USD \u00b7 Food, Fun"),
        (f"{DATES}&exclude_category=Food", "October 2026 \u2013 November 2026 \u00b7 USD \u00b7 not Food"),
        (f"{DATES}&uncategorized=true", "October 2026 \u2013 November 2026 \u00b7 USD \u00b7 without a category"),
        (f"{DATES}&uncategorized=false", "October 2026 \u2013 November 2026 \u00b7 USD \u00b7 with a category"),
    ],
)
def test_the_subtitle_says_what_is_covered(query: str, subtitle: str, alice: User, as_alice: APIClient) -> None:
    books.fill(alice)

    content = as_alice.get(f"/charts/flow.svg?{query}").content.decode()

    assert f">{subtitle}</text>" in content
    assert f": {subtitle}.</desc>" in content
