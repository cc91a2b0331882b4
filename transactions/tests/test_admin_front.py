"""The admin's front page: how many users there are, the transactions per month and the newest ones."""

import datetime
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from cashman_project.api.tests.pages import Page
from transactions.tests.factories import ExpenseFactory, IncomeFactory
from users.models import User

QUERIES = 6  # the session, its user, three for the figures, and the log of the user's own changes


def entered(owner: User, *dates: datetime.date) -> None:
    for date in dates:
        ExpenseFactory.create(owner=owner, date=date, description=f"expense of {date}")


def test_the_front_page_shows_everybodys_transactions(as_staff: Client, alice: User, bob: User, staff: User) -> None:
    today = staff.today()
    last_month = today.replace(day=1) - datetime.timedelta(days=1)
    entered(alice, today, today.replace(day=1))
    entered(bob, today, last_month, datetime.date(2020, 2, 2))
    IncomeFactory.create(owner=bob, amount=Decimal("1234.5"), currency="EUR", date=today, description="a big one")

    page = Page(as_staff.get("/admin/")).root

    assert page.one("p", class_="users").text == f"{User.objects.count()} users"
    months, newest = (page.one("table", aria_labelledby=name) for name in ("months", "newest"))
    rows = [row.text for row in months.one("tbody").all("tr")]
    assert len(rows) == 12
    assert [row.rsplit(maxsplit=1)[1] for row in rows] == ["4", "1"] + 10 * ["0"]
    assert str(today.year) in rows[0]
    first, *others = [row.text for row in newest.one("tbody").all("tr")]
    assert first.startswith("a big one bob")
    assert first.endswith("1,234.50 EUR")
    assert others[0].startswith("expense of 2020-02-02 bob")
    assert len(others) == 5
    for link in page.one("div", id="figures").all("a"):
        assert as_staff.get(link["href"]).status_code == 200, link["href"]


def test_without_transactions_the_months_are_empty(as_staff: Client) -> None:
    page = Page(as_staff.get("/admin/")).root

    assert [row.text[-1] for row in page.one("table", aria_labelledby="months").one("tbody").all("tr")] == 12 * ["0"]
    assert "There are no transactions yet." in page.text


def test_the_front_page_costs_the_same_queries_however_much_there_is(
    as_staff: Client, alice: User, bob: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for rows in (1, 30):
        entered(alice, *(datetime.date(2026, 1, 1) for _row in range(rows)))
        entered(bob, *(datetime.date(2026, 2, 1) for _row in range(rows)))

        with django_assert_num_queries(QUERIES):
            assert as_staff.get("/admin/").status_code == 200


@pytest.mark.parametrize(
    ("permission", "seen", "unseen"),
    [("view_category", [], ["users", "months", "newest"]), ("view_user", ["users"], ["months", "newest"])],
)
def test_figures_are_for_those_who_may_view_the_rows(
    permission: str, seen: list[str], unseen: list[str], alice: User, outsider: User
) -> None:
    entered(alice, datetime.date(2026, 11, 20))
    outsider.is_staff = True
    outsider.save()
    outsider.user_permissions.set(Permission.objects.filter(codename=permission))
    client = Client()
    client.force_login(outsider)

    content = client.get("/admin/").content.decode()

    parts = {"users": 'class="users"', "months": 'id="months"', "newest": 'id="newest"'}
    assert [name for name, part in parts.items() if part in content] == seen
    assert "expense of" not in content


def test_staff_alone_see_the_way_to_the_admin_and_back(as_staff: Client, alice: User) -> None:
    client = Client()
    client.force_login(alice)

    assert f'href="{reverse("admin:index")}"' in as_staff.get("/", headers={"Accept": "text/html"}).content.decode()
    assert reverse("admin:index") not in client.get("/", headers={"Accept": "text/html"}).content.decode()
    assert Page(as_staff.get("/admin/")).root.one("a", class_="brand")["href"] == reverse("root")
