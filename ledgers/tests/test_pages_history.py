"""The pages that say what was changed, by whom and how: of a row, of a deleted row, of a revision, and of all."""

import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from cashman_project.api.origin import ADMIN, API, COMMAND, IMPORT, PAGE, Origin
from cashman_project.api.tests.pages import Browser, Node, Page, form_of
from ledgers.history_pages import SHOWN, by_whom
from ledgers.models import Change, Revision
from ledgers.writer import writing
from transactions.models import Transaction
from transactions.tests.factories import CategoryFactory, ExpenseFactory, IncomeFactory, TagFactory
from users.models import User

from .undoing import one_revision, undone


def changes(page: Page) -> list[tuple[str, str]]:
    """Return what each item says was done, and by whom."""
    items = [item for part in page.main.all("ul", class_="changes") for item in part.children if isinstance(item, Node)]
    return [
        (item.all(tag, class_="what")[0].text, item.all("p", class_="muted")[0].text.partition(" · ")[0])
        for item in items
        for tag in ("p", "div")
        if item.all(tag, class_="what")
    ]


@pytest.fixture
def row(alice: User, staff: User) -> Any:
    """An expense of alice's, with a change through each door."""
    CategoryFactory.create(owner=alice, name="Food")
    with writing(alice.pk, Origin(API, alice.pk, "bank")):
        row = ExpenseFactory.create(
            owner=alice,
            description="pizza",
            amount=Decimal("-4.2"),
            currency="EUR",
            date=datetime.date(2026, 11, 2),
            notes="",
        )
    browser = Browser(alice)
    browser.follow(browser.send(form_of(browser.get(f"/expenses/{row.pk}"), "PATCH"), amount="4.80", category="Food"))
    with writing(alice.pk, Origin(ADMIN, staff.pk)):
        Transaction.objects.for_owner(alice).filter(pk=row.pk).update(date=datetime.date(2026, 11, 3))
    Transaction.objects.for_owner(alice).filter(pk=row.pk).update(notes="x" * 300)
    undone(alice, 5)
    return row


VERSIONS = [
    (f"Notes {'x' * 99}… →became —", "by you with Undo"),
    (f"Notes — →became {'x' * 99}…", "by a command"),
    ("Date 2 Nov 2026 →became 3 Nov 2026", "by staff in the admin"),
    ("Amount \u22124.20 →became \u22124.80Category — →became Food", "by you on the web"),
    ("Added", "by your token “bank”"),
]


def test_a_row_shows_its_versions_in_words(row: Any, alice: User, bob: User, outsider: User) -> None:
    browser = Browser(alice)

    for path in (f"/expenses/{row.pk}", f"/transactions/{row.pk}", f"/expenses/{row.pk}/history"):
        page = browser.get(path)
        assert changes(page) == VERSIONS
    links = [link["href"] for link in page.main.all("a") if link["href"].startswith("/revisions/")]
    assert links == [f"/revisions/{number}" for number in (6, 5, 4, 3, 2)]
    for user in (bob, outsider):
        for path in (f"/expenses/{row.pk}", f"/expenses/{row.pk}/history", *links):
            assert "pizza" not in Browser(user).get(path, 404).source


def test_a_row_shows_its_last_versions_and_the_last_one_can_be_undone(alice: User) -> None:
    row = ExpenseFactory.create(owner=alice, notes="")
    for number in range(SHOWN):
        Transaction.objects.for_owner(alice).update(notes=str(number))
    browser = Browser(alice)
    page = browser.get(f"/transactions/{row.pk}")
    assert len(changes(page)) == SHOWN
    every = [link["href"] for link in page.main.all("a") if link.text == "All changes"]
    assert len(changes(browser.get(every[0]))) == SHOWN + 1

    [form] = [form for form in page.main.all("form") if form["action"] == f"/revisions/{SHOWN + 1}/undo"]
    page = browser.follow(browser.send(form))

    assert changes(page)[0] == ("Notes 9 →became 8", "by you with Undo")


def test_a_row_that_was_changed_with_others_is_undone_on_the_page_of_the_revision(alice: User) -> None:
    rows = ExpenseFactory.create_batch(2, owner=alice, notes="")
    Transaction.objects.for_owner(alice).update(notes="x")

    page = Browser(alice).get(f"/transactions/{rows[0].pk}")

    assert not [form for form in page.main.all("form") if form["action"].startswith("/revisions")]
    assert Browser(alice).get("/revisions/3").main.one("form")["action"] == "/revisions/3/undo"


def test_a_row_from_before_there_were_revisions(alice: User) -> None:
    row = ExpenseFactory.create(owner=alice)
    Revision.objects.all().delete()

    page = Browser(alice).get(f"/transactions/{row.pk}")

    assert [words for words, _who in changes(page)] == ["Added"]
    assert not [link for link in page.main.all("a") if link["href"].startswith("/revisions/")]


def test_a_deleted_row_says_who_deleted_it_and_comes_back(alice: User, bob: User, outsider: User, staff: User) -> None:
    row = ExpenseFactory.create(owner=alice, description="pizza", date=datetime.date(2026, 11, 2))
    with writing(alice.pk, Origin(ADMIN, staff.pk)):
        row.delete()
    browser, path = Browser(alice), f"/expenses/{row.pk}?_next=/expenses%3Fsearch%3Dx"

    page = browser.get(path, 404)

    assert page.main.one("h1").text == "“2 Nov 2026 pizza” is deleted"
    assert page.main.one("p", class_="muted").text.startswith("by staff in the admin · ")
    assert page.main.one("p", class_="back").one("a")["href"] == "/expenses?search=x"
    for user in (bob, outsider):
        assert "pizza" not in Browser(user).get(path, 404).source
    assert "pizza" not in browser.get(f"/incomes/{row.pk}", 404).source
    assert (
        browser.client.get(path.partition("?")[0], headers={"Accept": "application/json"}).json()["code"] == "not_found"
    )
    page = browser.follow(browser.send(page.main.one("form")))
    assert page.main.one("p", class_="notice").text == "Undone."
    assert Transaction.objects.get() == row


def test_rows_that_were_deleted_together_come_back_together(alice: User) -> None:
    rows = ExpenseFactory.create_batch(2, owner=alice)
    Transaction.objects.for_owner(alice).delete()

    page = Browser(alice).get(f"/expenses/{rows[0].pk}", 404)

    assert not page.main.all("form")
    assert "/revisions/3" in [link["href"] for link in page.main.all("a")]


def test_a_deletion_of_which_only_the_row_is_kept(alice: User) -> None:
    row = CategoryFactory.create(owner=alice, name="Food")
    row.delete()
    Revision.objects.all().delete()
    page = Browser(alice).get(f"/categories/{row.pk}", 404)
    assert (page.main.one("h1").text, page.main.all("form")) == ("“Food” is deleted", [])

    Change.objects.all().delete()

    assert Browser(alice).get(f"/categories/{row.pk}", 404).main.one("h1").text == "There is nothing here"


def test_recent_changes(row: Any, alice: User, bob: User) -> None:
    with one_revision(alice):
        category = CategoryFactory.create(owner=alice)
        ExpenseFactory.create_batch(2, owner=alice, category=category)
    Transaction.objects.for_owner(alice).filter(pk=row.pk).delete()
    IncomeFactory.create(owner=bob, description="of bob")

    page = Browser(alice).get("/revisions")

    pizza = "transaction “3 Nov 2026 pizza”"
    assert changes(page) == [
        (f"Deleted: {pizza}", "by a command"),
        ("Added: 1 category, 2 transactions", "by a command"),
        ("Undid revision 5", "by you with Undo"),
        (f"Changed: {pizza}", "by a command"),
        ("Changed: transaction “2 Nov 2026 pizza”", "by staff in the admin"),
        ("Changed: transaction “2 Nov 2026 pizza”", "by you on the web"),
        ("Added: 1 transaction", "by your token “bank”"),
        ("Added: category “Food”", "by a command"),
    ]
    undone_by = {button["formaction"] for button in page.main.one("form").all("button")}
    assert undone_by == {f"/revisions/{number}/undo" for number in (8, 7, 6, 4, 3, 2, 1)}
    assert page.main.one("p", class_="undone").text == "Undone"


def test_days_are_those_of_the_time_zone(alice: User) -> None:
    alice.time_zone = "Asia/Tokyo"
    alice.save()
    for hour in (14, 15):
        ExpenseFactory.create(owner=alice)
        at = datetime.datetime(2026, 11, 2, hour, 30, tzinfo=datetime.UTC)
        Revision.objects.filter(number=hour - 13).update(at=at)

    page = Browser(alice).get("/revisions")

    assert [heading.text for heading in page.main.all("h2")] == ["3 Nov 2026", "2 Nov 2026"]
    assert [time.text for time in page.main.all("time")] == ["00:30", "23:30"]


def test_recent_changes_have_pages_and_an_empty_one(alice: User, outsider: User) -> None:
    ExpenseFactory.create_batch(3, owner=alice)
    browser = Browser(alice)

    page = browser.get("/revisions?page_size=2")

    following = page.main.one("a", rel="next")["href"]
    assert len(changes(browser.get(following))) == 1
    assert browser.get("/revisions?ordering=number").main.all("li")[0].one("a")["href"] == "/revisions/1"
    empty = Browser(outsider).get("/revisions")
    assert empty.main.one("p", class_="empty").text.startswith("Nothing was changed yet.")
    browser.get("/revisions?x=1", 400)


def test_a_revision_says_what_it_changed(row: Any, alice: User) -> None:
    browser = Browser(alice)

    page = browser.get("/revisions/3")

    assert page.main.one("h1").text == "Changed: transaction “2 Nov 2026 pizza”"
    assert page.main.one("p", class_="what").one("a")["href"] == f"/transactions/{row.pk}"
    assert [change.text for change in page.main.all("span", class_="change")] == [
        "Amount \u22124.20 →became \u22124.80",
        "Category — →became Food",
    ]
    assert browser.get("/revisions/6").main.all("a")[1]["href"] == "/revisions/5"
    assert browser.get("/revisions/5").main.one("p", class_="notice").text == "This is undone."
    Transaction.objects.for_owner(alice).delete()
    facts = browser.get("/revisions/7").main.one("dl")
    assert [fact.text for fact in facts.all("dt")] == ["Type", "Description", "Amount", "Currency", "Date", "Category"]
    assert facts.all("dd")[2].text == "\u22124.80"
    browser.get("/revisions/99", 404)


def test_tags_are_told_by_their_names(alice: User) -> None:
    for name in ("trip", "home"):
        TagFactory.create(owner=alice, name=name)
    row = ExpenseFactory.create(owner=alice)
    Transaction.objects.filter(owner=alice, pk=row.pk).update(tags='["trip","home"]')

    page = Browser(alice).get("/revisions/4")

    assert [change.text for change in page.main.all("span", class_="change")] == ["Tags — →became trip, home"]


@pytest.mark.parametrize("number", [1, 101])
def test_a_revision_of_many_rows_lists_the_first(number: int, alice: User) -> None:
    with one_revision(alice):
        ExpenseFactory.create_batch(number, owner=alice)

    page = Browser(alice).get("/revisions/1")

    assert len(changes_of_rows := page.main.all("p", class_="what")) == min(number, 100), changes_of_rows
    assert ("Only the first 100 are listed here." in page.main.text) == (number > 100)


def test_texts_of_rows_are_escaped(alice: User) -> None:
    evil = "<script>x</script>"
    category = CategoryFactory.create(owner=alice, name=evil)
    row = ExpenseFactory.create(owner=alice, description=evil, category=category, notes="")
    Transaction.objects.for_owner(alice).update(notes=evil)
    row.delete()
    browser = Browser(alice)

    for path in ("/revisions", "/revisions/3", "/revisions/4", f"/expenses/{row.pk}/history"):
        assert evil not in browser.get(path).source
    assert evil not in browser.get(f"/expenses/{row.pk}", 404).source


def test_fields_have_their_names_in_the_language_of_each_reader(alice: User) -> None:
    row = ExpenseFactory.create(owner=alice, description="old")
    Transaction.objects.for_owner(alice).update(description="new")
    for language, label in (("en", "Description"), ("de", "Beschreibung"), ("en", "Description")):
        page = Browser(alice, language).get(f"/expenses/{row.pk}")
        assert page.main.all("span", class_="change")[0].one("b").text == label


def test_who_it_was() -> None:
    def of(via: str | None, by: str | None = None, token: str = "", owner: str = "") -> str:
        return by_whom({"via": via, "by": by, "token": token}, owner)

    assert of(API) == "by you through the API"
    assert of(API, owner="alice") == "by alice through the API"
    assert of(API, token="bank", owner="alice") == "by the token “bank” of alice"
    assert of(PAGE, owner="alice") == "by alice on the web"
    assert of(ADMIN) == of(ADMIN, owner="alice") == "in the admin"
    assert of(COMMAND, owner="alice") == "by a command"
    assert of(IMPORT, owner="alice") == "by alice with an import"
    assert (of(None), of("bank")) == ("", "")


def test_the_admin_shows_the_versions_of_a_row(row: Any, alice: User, as_staff: Client) -> None:
    response = as_staff.get(f"/admin/transactions/expense/{row.pk}/history/")

    page = Page(response)
    assert page.status == 200
    told = changes(page)
    assert told[0] == (VERSIONS[0][0], "by alice with Undo")
    assert told[-1] == ("Added", "by the token “bank” of alice")
    assert not page.main.all("form")


def test_only_staff_see_the_history_in_the_admin(row: Any, alice: User) -> None:
    browser = Browser(alice)
    assert browser.client.get(f"/admin/transactions/expense/{row.pk}/history/").status_code == 302
