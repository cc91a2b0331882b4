"""The page of a list: its sums, its days, and the links that change what it shows."""

import datetime
import re
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cashman_project.api.templatetags.days import day
from cashman_project.api.tests.pages import Browser, Node, Page, fields
from cashman_project.api.tests.test_pages_forms import add_form
from cashman_project.money.amounts import EXACT
from cashman_project.money.formats import readable_amount
from transactions import list_page
from transactions.date_links import month_of, year_of
from transactions.list_page import MOST_CHIPS, MOST_CURRENCIES
from transactions.models import Category, Transaction
from transactions.services import summary
from transactions.tests import books
from transactions.tests.factories import CategoryFactory, ExpenseFactory, IncomeFactory
from transactions.tests.shares import cases, reached, reaches
from transactions.tests.strategies import CURRENCIES, sizes
from users.models import User


@pytest.fixture
def browser(alice: User, bob: User) -> Browser:
    books.fill(alice)
    books.fill(bob)
    return Browser(alice)


def path_of(link: Node) -> str:
    return link["href"].removeprefix("http://testserver")


def query_of(link: Node) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(link["href"]).query)


def names(page: Page) -> list[str]:
    tables = page.main.all("table")
    return [cell.all("a")[0].text for cell in tables[0].one("tbody").all("td", class_="main")] if tables else []


def preset(page: Page, label: str) -> Node:
    [link] = [link for link in page.main.one("nav", class_="spans").all("a") if link.text == label]
    return link


def chips(page: Page) -> dict[str, Node]:
    """Return the chips by their texts."""
    return {link.text.removesuffix(" ×, remove this filter"): link for link in page.main.all("a", class_="chip")}


def totals(page: Page) -> tuple[str, list[str]]:
    box = page.main.one("div", class_="totals")
    return box.one("p").text.split(" · ")[0], [item.text for item in box.all("li")]


# -- Sums -------------------------------------------------------------------------------------

rows_drawn = st.lists(
    st.tuples(
        st.integers(0, 4),  # the day
        st.sampled_from(CURRENCIES).flatmap(lambda currency: st.tuples(st.just(currency), sizes(currency))),
        st.booleans(),
        st.sampled_from(["Food", "Fun", None]),
        st.sampled_from(["pizza", "concert"]),
    ),
    max_size=25,
)
FILTERED = ["", "search=pizza", "category=Food", "uncategorized=true", "date_after=2026-02-01", "date_after=2026-02-02"]


@reaches(cut=15, several_currencies=20, days=20)
@settings(max_examples=cases(50))
@given(
    drawn=rows_drawn,
    size=st.integers(1, 6),
    path=st.sampled_from(["/transactions", "/incomes", "/expenses"]),
    query=st.sampled_from(FILTERED),
    ordering=st.sampled_from(["date", "-date"]),
)
def test_the_sums_of_the_list_and_of_each_day_are_exact_on_every_page(
    drawn: list[Any], size: int, path: str, query: str, ordering: str, alice: User, bob: User
) -> None:
    Transaction.objects.all().delete()
    Category.objects.all().delete()
    rows = []
    for owner in (alice, bob):
        categories = {name: CategoryFactory.create(owner=owner, name=name) for name in ("Food", "Fun")}
        for number, (days, (currency, amount), is_income, category, description) in enumerate(drawn):
            row = Transaction(owner=owner, type="INCOME" if is_income else "EXPENSE", currency=currency)
            row.date = datetime.date(2026, 1, 30) + datetime.timedelta(days=days)
            row.amount = amount if is_income else amount.copy_negate()
            row.description, row.category = description, categories.get(category)
            row.external_id = str(number)
            rows.append(row)
    Transaction.objects.bulk_create(rows)
    wanted = [row for row in rows if row.owner == alice and _matches(row, path, query)]

    pages = list(walk(Browser(alice), f"{path}?{query}&page_size={size}&ordering={ordering}"))

    by_currency: dict[str, list[Transaction]] = defaultdict(list)
    by_day: dict[str, dict[str, list[Transaction]]] = defaultdict(lambda: defaultdict(list))
    for row in wanted:
        by_currency[row.currency].append(row)
        by_day[day(row.date)][row.currency].append(row)
    if not wanted:
        assert [page.main.all("table") for page in pages] == [[]]
        return
    for page in pages:
        count, sums = totals(page)
        assert count == f"{len(wanted)} transaction{'' if len(wanted) == 1 else 's'}"
        shown = {text.split()[-1]: text for text in sums}
        assert shown.keys() == by_currency.keys()
        for currency, text in shown.items():
            net = _sum(by_currency[currency])
            assert text.split()[-2:] == [told(net, currency), currency]
            incomes = [row for row in by_currency[currency] if row.type == "INCOME"]
            expenses = [row for row in by_currency[currency] if row.type == "EXPENSE"]
            if incomes and expenses:
                parts = [told(_sum(some), currency) for some in (incomes, expenses)]
                assert text.startswith(f"In {parts[0]} · Out {parts[1]} · Net ")
        for cell in page.main.one("tbody").all("th"):
            date = cell.text.partition(" Sum")[0]
            of_day = by_day[date]
            number = sum(map(len, of_day.values()))
            sums_told = [f"{told(_sum(some), currency)} {currency}" for currency, some in sorted(of_day.items())]
            assert cell.text == (f"{date} Sum of the day: {' '.join(sums_told)}" if number > 1 else date)
            if number > int(cell["rowspan"]):
                reached("cut")
    if len(by_currency) > 1:
        reached("several_currencies")
    if len(by_day) > 1:
        reached("days")
    assert sum(len(names(page)) for page in pages) == len(wanted)


def told(amount: Decimal, currency: str) -> str:
    return f"{'+' if amount > 0 else ''}{readable_amount(amount, currency)}"


def _matches(row: Transaction, path: str, query: str) -> bool:
    name, _equals, value = query.partition("=")
    return (path == "/transactions" or path.startswith(f"/{row.type.lower()}")) and {
        "": True,
        "search": row.description == value,
        "category": row.category is not None and row.category.name == value,
        "uncategorized": row.category is None,
        "date_after": row.date.isoformat() >= value,
    }[name]


def _sum(rows: list[Transaction]) -> Decimal:
    total = Decimal(0)
    for row in rows:
        total = EXACT.add(total, row.amount)
    return total


def walk(browser: Browser, url: str) -> Iterator[Page]:
    following = [url]
    while following:
        page = browser.get(following[0])
        yield page
        following = [link["href"] for link in page.main.all("a", rel="next")]


def test_a_type_that_the_list_cannot_have_has_no_sum(browser: Browser) -> None:
    assert browser.get("/incomes?type=EXPENSE").main.all("div", class_="totals") == []
    assert totals(browser.get("/incomes?type=INCOME")) == totals(browser.get("/incomes"))


def test_the_currencies_of_most_rows_are_summed_up(alice: User, outsider: User) -> None:
    for number, currency in enumerate(("USD", "EUR", "JPY", "GBP", "CHF", "SEK", "NOK")):
        ExpenseFactory.create_batch(8 - number, owner=alice, currency=currency, amount=Decimal(1))

    count, sums = totals(Browser(alice).get("/expenses"))

    assert MOST_CURRENCIES == 5
    assert count == "35 transactions"
    assert [text.split()[-1] for text in sums[:5]] == ["USD", "EUR", "JPY", "GBP", "CHF"]
    assert sums[5:] == ["and 2 more currencies"]
    assert not Browser(outsider).get("/expenses").main.all("div", class_="totals")


def test_a_page_sums_up_a_bounded_number_of_transactions(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    assert summary.MOST_SUMMED == 50_000
    for most, searched in ((8, "8 transactions"), (7, "More than 7 transactions")):
        monkeypatch.setattr(summary, "MOST_SUMMED", most)
        monkeypatch.setattr(list_page, "MOST_SUMMED", most)

        assert totals(browser.get("/transactions?search=note"))[0] == searched
        assert totals(browser.get("/transactions"))[0] == "8 transactions"  # which month totals know
    assert totals(browser.get("/transactions?search=note"))[1] == []


@pytest.mark.parametrize("query", ["", "&search=note"])
def test_a_page_sums_up_a_bounded_number_of_transactions_of_its_days(
    query: str, browser: Browser, outsider: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sums(path: str) -> int:
        days = browser.get(path).main.one("tbody").all("th")
        return sum("Sum of the day" in day.text for day in days)

    whole, part = f"/transactions?{query}", f"/transactions?page_size=4{query}"
    usual = sums(whole), sums(part)
    monkeypatch.setattr(summary, "MOST_SUMMED", 7)
    assert (sums(whole), sums(part)) == (0, usual[1])
    monkeypatch.setattr(summary, "MOST_SUMMED", 8)
    assert (sums(whole), sums(part)) == usual
    assert 0 < usual[1] <= usual[0]
    assert not Browser(outsider).get(whole).main.all("table")


# -- Dates ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("label", "first", "last"),
    [
        ("This month", "2026-03-01", "2026-03-31"),
        ("Last month", "2026-02-01", "2026-02-28"),
        ("This year", "2026-01-01", "2026-12-31"),
        ("Last year", "2025-01-01", "2025-12-31"),
    ],
)
def test_presets_follow_the_users_own_day(
    label: str, first: str, last: str, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(User, "today", lambda _user: datetime.date(2026, 3, 1))
    page = browser.get("/transactions?category=Food&date=2026-01-05&ordering=amount&page_size=1")

    link = preset(page, label)

    kept = [("category", "Food"), ("ordering", "amount"), ("page_size", "1")]
    assert query_of(link) == [*kept, ("date_after", first), ("date_before", last)]
    shown = browser.get(link["href"])
    [current] = shown.main.one("nav", class_="spans").all("a", aria_current="true")
    assert current.text == label
    assert query_of(preset(shown, "All")) == kept
    assert "aria-current" not in preset(page, "All").attributes
    assert "aria-current" in preset(browser.get("/transactions?category=Food"), "All").attributes


@pytest.mark.parametrize(
    ("dates", "name", "before", "after"),
    [
        ("2026-10-01 2026-10-31", "October 2026", "September 2026", "November 2026"),
        ("2026-01-01 2026-01-31", "January 2026", "December 2025", "February 2026"),
        ("2024-02-01 2024-02-29", "February 2024", "January 2024", "March 2024"),
        ("2026-01-01 2026-12-31", "2026", "2025", "2027"),
        ("1900-01-01 1900-01-31", "January 1900", None, "February 1900"),
        ("2200-12-01 2200-12-31", "December 2200", "November 2200", None),
        ("2200-01-01 2200-12-31", "2200", "2199", None),
    ],
)
def test_arrows_lead_to_the_month_or_the_year_before_and_after(
    dates: str, name: str, before: str | None, after: str | None, browser: Browser
) -> None:
    first, last = dates.split()
    page = browser.get(f"/transactions?date_after={first}&date_before={last}&search=i")

    steps = page.main.one("span", class_="steps")
    arrows = {link["aria-label"]: link for link in steps.all("a", class_="button")}
    assert list(arrows) == [label for label in (before, after) if label]
    assert list(chips(page)) == [name, "Search: i"]
    for label, link in arrows.items():
        assert list(chips(browser.get(link["href"]))) == [label, "Search: i"]


@pytest.mark.parametrize(
    "query", ["date_after=2026-10-02&date_before=2026-10-31", "date_after=2026-10-01", "date=2026-10-01"]
)
def test_other_dates_have_no_arrows(query: str, browser: Browser) -> None:
    page = browser.get(f"/transactions?{query}")

    assert not page.main.all("span", class_="steps")
    assert len(chips(page)) == query.count("=")


def test_spans_of_dates() -> None:
    assert month_of(2024, 2).shifted(12) == month_of(2025, 2)
    assert year_of(1900).shifted(-1) is None
    assert year_of(1900).shifted(300) == year_of(2200)


# -- Filters ----------------------------------------------------------------------------------

CHIPS = {
    "date=2026-11-01": ["On: 1 Nov 2026"],
    "date_after=2026-11-01": ["From: 1 Nov 2026"],
    "date_before=2026-10-30": ["To: 30 Oct 2026"],
    "amount_min=1.50&amount_max=100": ["Amount from: 1.50", "Amount to: 100"],
    "category=Food&category=Work": ["Category: Food", "Category: Work"],
    "exclude_category=Food&exclude_category=Work": ["Not in the category: Food", "Not in the category: Work"],
    "uncategorized=true": ["Without a category"],
    "uncategorized=false": ["With a category"],
    "currency=USD&type=INCOME": ["Currency: USD", "Type: Income"],
    "external_id=bank-1": ["External id: bank-1"],
    "updated_after=2026-11-01T08:20:00Z": ["Changed since: 2026-11-01T08:20:00Z"],
    "search=i": ["Search: i"],
}


@pytest.mark.parametrize("query", CHIPS)
def test_each_filter_is_a_chip_that_removes_it(query: str, browser: Browser) -> None:
    page = browser.get(f"/transactions?{query}&ordering=amount&page_size=2")
    given = parse_qsl(query)

    assert list(chips(page)) == CHIPS[query]
    for position, link in enumerate(chips(page).values()):
        rest = [*given[:position], *given[position + 1 :], ("ordering", "amount"), ("page_size", "2")]
        assert sorted(query_of(link)) == sorted(rest)
        browser.get(link["href"])


def test_a_chip_is_kept_where_nothing_matches_and_none_is_there_without_filters(browser: Browser) -> None:
    page = browser.get("/transactions?search=nothing&category=Food")

    assert list(chips(page)) == ["Search: nothing", "Category: Food"]
    assert names(browser.get(chips(page)["Search: nothing"]["href"])) == ["sushi", "refund", "pizza"]
    assert chips(browser.get("/transactions")) == {}
    assert chips(browser.get("/transactions?search=&category=")) == {}


def test_a_page_of_hundreds_of_filters_stays_small(browser: Browser, alice: User) -> None:
    for number in range(300):
        CategoryFactory.create(owner=alice, name=f"A rather long name {number}")
    query = "&".join(f"category={quote(f'A rather long name {number}')}" for number in range(300))

    page = browser.client.get(f"/transactions?{query}")

    assert len(chips(Page(page))) == MOST_CHIPS
    assert len(page.content) < 40 * len(query)


def test_a_new_row_begins_with_what_is_filtered(browser: Browser) -> None:
    form = add_form(browser.get("/transactions?category=fOOD&type=INCOME&currency=JPY&search=i"))

    assert form.one("input", name="type", checked="")["value"] == "INCOME"
    assert fields(form)["currency"] == "JPY"
    page = browser.follow(browser.send(form, description="interest", amount="7"))
    assert (names(page), page.rows()[0][2]) == (["interest"], "Food")
    several = add_form(browser.get("/transactions?category=Food&category=Work"))
    assert "Food" not in [option.text for option in several.all("option", selected="")]


def test_the_files_have_the_rows_of_the_list(browser: Browser) -> None:
    first = browser.get("/transactions?category=Food&page_size=1&ordering=amount")
    page = browser.get(first.main.one("a", rel="next")["href"])

    links = {link.text: link for link in page.main.one("div", class_="downloads").all("a")}

    assert path_of(links["CSV"]) == "/transactions.csv?category=Food&ordering=amount"
    content = b"".join(browser.client.get(links["CSV"]["href"])).decode()
    assert re.findall("a note of ([a-z]+)", content) == ["sushi", "pizza", "refund"]
    assert path_of(links["Excel"]) == "/transactions.xlsx?category=Food&ordering=amount"
    assert b"".join(browser.client.get(links["Excel"]["href"])).startswith(b"PK")
    for label, ending in (("OFX", "ofx"), ("hledger", "journal"), ("Beancount", "beancount")):  # in their own order
        assert path_of(links[label]) == f"/transactions.{ending}?category=Food"
        assert b"sushi" in b"".join(browser.client.get(links[label]["href"]))
    assert not browser.get("/transactions?search=nothing").main.all("div", class_="downloads")


def test_the_summary_of_the_list_has_its_filters(browser: Browser) -> None:
    page = browser.get("/expenses?category=Food&currency=JPY&page_size=1&ordering=amount")

    [link] = [link for link in page.main.one("div", class_="totals").all("a") if link.text == "Sum up"]

    assert path_of(link) == "/summary?category=Food&currency=JPY&type=EXPENSE&group_by=month"
    assert "2,000" in browser.get(link["href"]).main.text


def test_each_row_has_one_link_and_one_for_each_tag(browser: Browser, alice: User, outsider: User) -> None:
    IncomeFactory.create(owner=alice, description="<b>&")
    for ordering in ("date", "amount"):
        for row in browser.get(f"/transactions?ordering={ordering}").main.one("tbody").all("tr"):
            tags = [link["href"] for span in row.all("span", class_="tags") for link in span.all("a")]
            assert len(row.all("a")) == 1 + len(tags)
            wanted = {"pizza": ["trip", "home"], "concert": ["trip"]}.get(row.all("a")[0].text, [])
            assert tags == [f"/transactions?tag={tag}" for tag in wanted]
    assert names(Browser(outsider).get("/transactions")) == []
