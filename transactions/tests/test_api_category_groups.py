"""Groups of categories, and categories that sums leave out."""

import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from cashman_project.api.tests.pages import Browser, fields, form_of
from cashman_project.api.tests.problems import problem_of
from conftest import client_of
from transactions.models import Category
from transactions.names import name_key
from transactions.tests.factories import CategoryFactory, ExpenseFactory, IncomeFactory
from transactions.tests.shares import cases, reached, reaches
from users.models import User

PATHS = [
    "/transactions",
    "/incomes",
    "/expenses",
    "/summary",
    "/charts/flow",
    "/charts/categories.svg",
    "/charts/years",
]


def csv_of(client: APIClient, path: str) -> list[str]:
    """Return the lines of an export."""
    response: Any = client.get(path)
    text: str = b"".join(response.streaming_content).decode()
    return text.splitlines()


def test_a_group_is_written_read_and_removed(as_alice: APIClient) -> None:
    created = as_alice.post("/categories", {"name": "Rent", "group": " Home ", "excluded": True})
    assert created.status_code == 201
    assert (created.json()["group"], created.json()["excluded"]) == ("Home", True)
    path = f"/categories/{created.json()['id']}"
    assert as_alice.get(path).json() == created.json()

    for body, group, excluded in (
        ({"name": "Rent"}, "Home", True),
        ({"group": "HOME", "excluded": False}, "HOME", False),
        ({"group": None}, None, False),
    ):
        assert as_alice.patch(path, body).json() == as_alice.get(path).json()
        assert (as_alice.get(path).json()["group"], as_alice.get(path).json()["excluded"]) == (group, excluded)
    assert as_alice.post("/categories", {"name": "Food"}).json()["group"] is None


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"group": ""}, ("group", "blank")),
        ({"group": "  "}, ("group", "blank")),
        ({"group": "\u200b"}, ("group", "blank")),
        ({"group": 1}, ("group", "invalid")),
        ({"group": ["Home"]}, ("group", "invalid")),
        ({"group": 101 * "x"}, ("group", "max_length")),
        ({"group": 90 * "\ufb2c"}, ("group", "max_length")),
        ({"group": "a\nb"}, ("group", "not_one_line")),
        ({"excluded": "true"}, ("excluded", "invalid")),
        ({"excluded": None}, ("excluded", "null")),
        ({"group_key": "home"}, ("group_key", "unknown_field")),
    ],
)
def test_what_is_no_group_is_refused(body: Any, error: tuple[str, str], as_alice: APIClient) -> None:
    problem_of(
        as_alice.post("/categories", {"name": "Rent", **body}),
        400,
        "unknown_field" if error[1] == "unknown_field" else "invalid",
        error,
    )
    assert not Category.objects.exists()


def test_groups_are_compared_as_names_are(as_alice: APIClient, alice: User, bob: User) -> None:
    for name, group in (("Rent", "\u00c9nergie"), ("Power", "E\u0301NERGIE"), ("Fun", "Play"), ("Else", None)):
        category = CategoryFactory.create(owner=alice, name=name, group=group)
        ExpenseFactory.create(owner=alice, category=category, description=name, amount=1)
    ExpenseFactory.create(owner=alice, description="none", amount=1)
    CategoryFactory.create(owner=bob, name="Rent", group="secret")

    rows = as_alice.get("/transactions?group=\u00e9nergie").json()["results"]
    assert {row["description"] for row in rows} == {"Rent", "Power"}
    results = as_alice.get("/summary?group_by=group").json()["results"]
    spelled = min("\u00c9nergie", "\u00c9NERGIE")
    assert [(row["group"], row["count"]) for row in results] == [(spelled, 2), ("Play", 1), (None, 2)]
    twice = as_alice.get("/summary?group_by=group,category").json()["results"]
    assert [(row["group"], row["category"]) for row in twice][:3] == [
        (spelled, "Power"),
        (spelled, "Rent"),
        ("Play", "Fun"),
    ]


def test_the_key_of_a_group_follows_however_it_is_written(alice: User) -> None:
    category = CategoryFactory.create(owner=alice, name="Rent", group="Home")

    def key() -> str | None:
        return Category.objects.get(pk=category.pk).group_key

    assert key() == "home"
    Category.objects.filter(pk=category.pk).update(group="Work")
    assert key() == "work"
    category.group = None
    Category.objects.bulk_update([category], ["group"])
    assert key() is None
    category.group = " Play "
    category.save()
    assert key() == "play"
    Category.objects.filter(pk=category.pk).update(group=None)
    assert key() is None


def test_a_change_of_the_group_is_in_the_history_and_can_be_undone(as_alice: APIClient, alice: User) -> None:
    category = CategoryFactory.create(owner=alice, name="Rent", group="Home")
    ExpenseFactory.create(owner=alice, category=category)
    path = f"/categories/{category.pk}"
    cursor = as_alice.get("/changes").json()["cursor"]

    number = as_alice.patch(path, {"group": None, "excluded": True})["Ledger-Revision"]
    [change] = as_alice.get(f"/changes?since={cursor}").json()["changes"]
    assert (change["data"]["group"], change["data"]["excluded"]) == (None, True)
    [version] = [one for one in as_alice.get(f"{path}/history").json()["results"] if one["revision"] == int(number)]
    assert {field["field"] for field in version["changes"]} == {"group", "excluded"}

    assert as_alice.post(f"/revisions/{number}/undo", {}).status_code == 201
    assert (as_alice.get(path).json()["group"], as_alice.get(path).json()["excluded"]) == ("Home", False)
    assert len(as_alice.get("/transactions?group=home").json()["results"]) == 1
    as_alice.delete(f"{path}?force=true")
    deleted = as_alice.get("/revisions").json()["results"][0]["number"]
    assert as_alice.post(f"/revisions/{deleted}/undo", {}).status_code == 201
    assert len(as_alice.get("/transactions?group=home").json()["results"]) == 1


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("parameter", ["group", "account", "exclude_account", "tag", "exclude_tag"])
def test_anothers_name_is_no_filter(path: str, parameter: str, as_alice: APIClient, as_bob: APIClient) -> None:
    as_bob.post("/categories", {"name": "x", "group": "secret"})
    as_bob.post("/accounts", {"name": "secret"})
    as_bob.post("/tags", {"name": "secret"})

    answers = [as_alice.get(f"{path}?{parameter}={name}") for name in ("secret", "nonesuch")]

    problem_of(answers[0], 400, "invalid", (parameter, "does_not_exist"))
    assert answers[0].content == answers[1].content
    assert as_bob.get(f"{path}?{parameter}=SECRET").status_code == 200


# -- Excluded ---------------------------------------------------------------------------------


@pytest.fixture
def saved(alice: User, bob: User) -> Category:
    """A category that sums leave out, with an expense of 40; and of 7 and 3 in another category and without one."""
    category = CategoryFactory.create(owner=alice, name="Savings", group="Later", excluded=True)
    food = CategoryFactory.create(owner=alice, name="Food", group="Later")
    for amount, of in ((40, category), (7, food), (3, None)):
        ExpenseFactory.create(owner=alice, category=of, amount=amount, description=f"of {amount}")
    CategoryFactory.create(owner=bob, name="Savings", excluded=False)
    return category


@pytest.mark.parametrize(
    ("query", "net"),
    [
        ("", "-10.00"),
        ("excluded=false", "-10.00"),
        ("excluded=", "-10.00"),
        ("excluded=true", "-50.00"),
        ("category=Savings", "-40.00"),
        ("category=Savings&excluded=false", "-40.00"),
        ("category=Savings&category=Food", "-47.00"),
        ("group=later", "-7.00"),
        ("group=later&excluded=true", "-47.00"),
        ("exclude_category=Food&excluded=true", "-43.00"),
        ("uncategorized=false", "-7.00"),
        ("search=of", "-10.00"),  # which the transactions answer
        ("search=of&excluded=true", "-50.00"),
    ],
)
def test_sums_leave_an_excluded_category_out(query: str, net: str, saved: Category, as_alice: APIClient) -> None:
    for extra in ("", "date_after=2026-11-01&date_before=2026-11-29"):
        [total] = as_alice.get(f"/summary?{query}&{extra}").json()["total"]
        assert total["net"] == net
    assert csv_of(as_alice, f"/summary.csv?{query}")[1].split(",")[-2] == net
    if "search" not in query:
        for chart in ("income-and-expense", "balance") if "exclude" not in query else ("flow",):
            rows = as_alice.get(f"/charts/{chart}?{query}&date_after=2026-11-01&date_before=2026-11-30").json()["rows"]
            name = {"income-and-expense": "net", "balance": "balance", "flow": "amount"}[chart]
            assert sum(Decimal(row[name]) for row in rows) == Decimal(net)


def test_lists_and_exports_have_the_transactions_of_an_excluded_category(saved: Category, as_alice: APIClient) -> None:
    assert len(as_alice.get("/transactions").json()["results"]) == 3
    assert len(csv_of(as_alice, "/expenses.csv")) == 1 + 3
    problem_of(as_alice.get("/transactions?excluded=true"), 400, "unknown_parameter", ("excluded", "unknown_parameter"))
    for path in ("/summary", "/charts/flow", "/charts/years.svg"):
        problem_of(as_alice.get(f"{path}?excluded=1"), 400, "invalid", ("excluded", "invalid"))


def test_the_page_of_a_list_says_what_its_sums_leave_out(saved: Category, alice: User, bob: User) -> None:
    browser = Browser(alice)
    page = browser.get("/transactions")
    assert len(page.rows()) == 3
    assert "\u221210.00" in page.main.one("div", class_="totals").text
    assert "\u221210.00" in page.main.one("tbody").text  # the sum of the day
    note = page.main.one("p", class_="excluded")
    assert note.text == "Sums leave out these categories: Savings. Count them"
    counted = browser.get(note.one("a")["href"])
    assert "\u221250.00" in counted.main.one("div", class_="totals").text
    assert counted.main.one("p", class_="excluded").text == "Sums count these categories, too: Savings. Leave them out"
    [form] = [form for form in counted.main.all("form") if form["method"] == "get"]
    assert fields(form)["excluded"] == "true"
    for link in counted.main.all("a"):
        if link["href"].startswith("/transactions.csv"):
            assert "excluded" not in link["href"]

    assert not browser.get("/transactions?category=Savings").main.all("p", class_="excluded")
    browser.get("/transactions?excluded=1", 400)
    ExpenseFactory.create(owner=bob)
    assert not Browser(bob).get("/transactions").main.all("p", class_="excluded")


@pytest.mark.parametrize("path", ["/summary?group_by=group", "/charts/categories?date_after=2026-11-01"])
def test_the_pages_of_sums_say_so_too(path: str, saved: Category, alice: User) -> None:
    browser = Browser(alice)
    note = browser.get(path).main.one("p", class_="excluded")
    assert "Savings" in note.text
    assert "Savings" in browser.get(note.one("a")["href"]).main.one("p", class_="excluded").text


def test_a_category_shows_its_own_sums_though_it_is_excluded(saved: Category, alice: User) -> None:
    browser = Browser(alice)
    page = browser.get(f"/categories/{saved.pk}")
    assert "\u221240.00" in page.main.one("div", class_="totals").text
    assert "Summaries, charts and the start page leave it out." in page.main.text
    assert browser.client.get(page.main.one("img")["src"]).status_code == 200


# -- The list of categories -------------------------------------------------------------------


def test_the_page_lists_categories_by_their_groups(alice: User) -> None:
    for name, group in (("Rent", "Home"), ("Fun", "Free time"), ("Food", "home"), ("Else", None)):
        CategoryFactory.create(owner=alice, name=name, group=group)
    browser = Browser(alice)

    page = browser.get("/categories")

    assert [cell.text for cell in page.main.one("tbody").all("th")] == ["Free time", "home", "Without a group"]
    names = [row.one("a").text for row in page.main.one("tbody").all("tr") if row.all("a")]
    assert names == ["Fun", "Food", "Rent", "Else"]
    [form] = [form for form in page.main.all("form") if form["method"] == "post"]
    assert [option["value"] for option in form.all("option")] == ["Free time", "Home"]
    after = browser.follow(browser.send(form, name="Games", group="free time", excluded="on"))
    assert "Games" in after.main.text
    games = Category.objects.get(name="Games", group="free time", excluded=True)
    change = form_of(browser.get(f"/categories/{games.pk}"), "PATCH")
    assert fields(change)["excluded"] == "on"
    sent = fields(change) | {"group": "", "excluded": "off"}  # which a box sends that is not checked
    browser.follow(browser.client.post(change["action"], sent))
    assert Category.objects.filter(name="Games", group=None, group_key=None, excluded=False).exists()


groups = st.sampled_from([None, "a", "A", "a b", "ab", "\u00e4", "\u00e4b", "z"])
names = st.lists(st.tuples(st.sampled_from(["b", "\u00e9", "e", "z", "x y"]), groups), min_size=3, max_size=9)


@reaches(grouped=20)
def test_the_order_by_group_is_that_of_letters_page_by_page(alice: User) -> None:
    client = client_of(alice)

    @settings(max_examples=cases(40))
    @given(names)
    def check(found: list[tuple[str, str | None]]) -> None:
        Category.objects.all().delete()
        for number, (name, group) in enumerate(found):
            CategoryFactory.create(owner=alice, name=f"{name}{number}", group=group)
        in_order = [
            name
            for _none, _group, _key, name in sorted(
                (group is None, name_key(group or ""), name_key(f"{name}{number}"), f"{name}{number}")
                for number, (name, group) in enumerate(found)
            )
        ]
        for sign, wanted in (("", in_order), ("-", in_order[::-1])):
            url, seen = f"/categories?ordering={sign}group&page_size=2", []
            while url:
                page = client.get(url).json()
                seen += [row["name"] for row in page["results"]]
                url = page["next"]
            assert seen == wanted
        if len({group for _name, group in found}) > 2:
            reached("grouped")

    check()


def test_months_and_groups_come_from_month_totals(saved: Category, alice: User, as_alice: APIClient) -> None:
    IncomeFactory.create(owner=alice, category=saved, amount=5, date=datetime.date(2026, 10, 1))
    query = "group_by=group,month&excluded=true"
    by_totals, by_rows = (as_alice.get(f"/summary?{query}{extra}").json() for extra in ("", "&amount_min=0"))
    assert by_totals == by_rows
    assert [(row["group"], row["month"], row["net"]) for row in by_totals["results"]] == [
        ("Later", "2026-10", "5.00"),
        ("Later", "2026-11", "-47.00"),
        (None, "2026-11", "-3.00"),
    ]
    pivot = csv_of(as_alice, f"/summary.csv?{query}&pivot=true")
    assert pivot[0] == "currency,group,2026-10,2026-11,Total"
    assert pivot[2] == "USD,Without a group,,-3.00,-3.00"
