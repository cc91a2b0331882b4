"""Deleting a category or a tag into another one: DELETE with `into`, on the page, and in the admin."""

import datetime

import pytest
from django.test import Client
from rest_framework.test import APIClient

from cashman_project.api.tests.pages import Browser, Page, form_of
from cashman_project.api.tests.problems import problem_of
from ledgers.models import Revision
from transactions.models import BalanceCheck, Category, Tag, Transaction
from transactions.names import tags_text
from transactions.tests.factories import AccountFactory, CategoryFactory, ExpenseFactory, TagFactory, TransferFactory
from users.models import User


@pytest.fixture
def food(alice: User, bob: User) -> Category:
    """A category with two expenses; and one of the same name, with one, of bob."""
    for owner, number in ((bob, 1), (alice, 2)):
        category = CategoryFactory.create(owner=owner, name="Food")
        CategoryFactory.create(owner=owner, name="Household")
        ExpenseFactory.create_batch(number, owner=owner, category=category)
    return category


def test_its_transactions_are_moved_in_one_revision_that_can_be_undone(
    food: Category, as_alice: APIClient, as_bob: APIClient
) -> None:
    pk = str(Transaction.objects.filter(owner=food.owner).first().pk)  # type: ignore[union-attr]
    tag, others = as_alice.get(f"/transactions/{pk}")["ETag"], as_bob.get("/transactions").content
    number = Revision.objects.count()

    answer = as_alice.delete(f"/categories/{food.pk}?into=HOUSEHOLD")

    assert answer.status_code == 204
    assert Revision.objects.count() == number + 1
    rows = as_alice.get("/transactions").json()["results"]
    assert [(row["category"], row["version"]) for row in rows] == 2 * [("Household", 2)]
    assert as_alice.get(f"/transactions/{pk}")["ETag"] != tag
    assert as_alice.get(f"/categories/{food.pk}").status_code == 404
    assert as_bob.get("/transactions").content == others
    assert as_alice.get("/summary?group_by=category").json()["results"][0]["category"] == "Household"

    assert as_alice.post(f"/revisions/{answer['Ledger-Revision']}/undo", {}).status_code == 201
    assert {row["category"] for row in as_alice.get("/transactions").json()["results"]} == {"Food"}
    assert len(as_alice.get("/transactions?category=food").json()["results"]) == 2


def test_one_that_is_not_in_use_is_deleted_all_the_same(food: Category, as_alice: APIClient, alice: User) -> None:
    empty = CategoryFactory.create(owner=alice, name="Empty")
    assert as_alice.delete(f"/categories/{empty.pk}?into=Food").status_code == 204
    assert set(Category.objects.filter(owner=alice).values_list("name", flat=True)) == {"Food", "Household"}


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("into=food", ("into", "invalid")),
        ("into=nonesuch", ("into", "does_not_exist")),
        ("into=secret", ("into", "does_not_exist")),
        ("into=%00", ("into", "does_not_exist")),
        (f"into={1000 * 'x'}", ("into", "does_not_exist")),
        ("into=Household&force=true", ("into", "not_with_force")),
        ("into=Household&into=Household", ("into", "repeated_parameter")),
        ("into=Household&force=1", ("force", "invalid")),
    ],
)
def test_what_is_no_other_category_is_refused(
    query: str, error: tuple[str, str], food: Category, as_alice: APIClient, bob: User
) -> None:
    CategoryFactory.create(owner=bob, name="secret")
    [found] = as_alice.delete(f"/categories/{food.pk}?{query}").json()["errors"]
    assert (found["field"], found["code"]) == error
    assert Transaction.objects.filter(category=food).count() == 2


def test_anothers_category_is_neither_deleted_nor_a_place_to_move_to(
    food: Category, as_alice: APIClient, as_bob: APIClient, as_outsider: APIClient, bob: User
) -> None:
    CategoryFactory.create(owner=bob, name="secret")
    answers = [as_alice.delete(f"/categories/{food.pk}?into={name}") for name in ("secret", "nonesuch")]
    problem_of(answers[0], 400, "invalid", ("into", "does_not_exist"))
    assert answers[0].content == answers[1].content
    for client in (as_bob, as_outsider):
        assert client.delete(f"/categories/{food.pk}?into=Household").status_code == 404
    for method in ("get", "patch", "put"):
        answer = getattr(as_alice, method)(f"/categories/{food.pk}?into=Household")
        assert answer.json()["code"] == "unknown_parameter"
    assert Category.objects.count() == 5


def test_locks_and_transfers_are_no_hindrance(as_alice: APIClient, alice: User) -> None:
    food, other = (CategoryFactory.create(owner=alice, name=name) for name in ("Food", "Other"))
    transfer = TransferFactory.create(alice)
    Transaction.objects.filter(transfer=transfer).update(category=food)
    account = AccountFactory.create(owner=alice)
    ExpenseFactory.create(owner=alice, account=account, category=food, date=datetime.date(2026, 1, 1))
    BalanceCheck.objects.create(owner=alice, account=account, date="2026-01-31", balance=-50, locked=True)

    answer = as_alice.delete(f"/categories/{food.pk}?into=other")
    assert answer.status_code == 204
    assert Transaction.objects.filter(category=other).count() == 3
    assert as_alice.post(f"/revisions/{answer['Ledger-Revision']}/undo", {}).status_code == 201
    assert Transaction.objects.filter(category=food).count() == 3


def test_a_tag_is_exchanged_and_never_there_twice(as_alice: APIClient, alice: User, bob: User) -> None:
    for owner in (bob, alice):
        for name in ("trip", "Rome", "home"):
            tag = TagFactory.create(owner=owner, name=name)
        for names in (["trip"], ["home", "trip"], ["Rome", "trip", "home"], ["trip", "Rome"], ["home"]):
            ExpenseFactory.create(owner=owner, tags=tags_text(names), description=" ".join(names))
    tag = Tag.objects.get(owner=alice, name="trip")
    before = as_alice.get("/transactions").json()["results"]

    answer = as_alice.delete(f"/tags/{tag.pk}?into=rome")

    assert answer.status_code == 204
    rows = as_alice.get("/transactions").json()["results"]
    assert {row["description"]: row["tags"] for row in rows} == {
        "trip": ["Rome"],
        "home trip": ["home", "Rome"],
        "Rome trip home": ["Rome", "home"],
        "trip Rome": ["Rome"],
        "home": ["home"],
    }
    assert len(as_alice.get("/transactions?tag=rome").json()["results"]) == 4
    assert Transaction.objects.filter(owner=bob, tags__contains="trip").count() == 4
    assert as_alice.post(f"/revisions/{answer['Ledger-Revision']}/undo", {}).status_code == 201
    assert [row["tags"] for row in as_alice.get("/transactions").json()["results"]] == [row["tags"] for row in before]


# -- The pages and the admin ------------------------------------------------------------------


def send_deletion(browser: Browser, category: Category) -> Page:
    """Send the form of the category's page that deletes it; return the page that says why it is refused."""
    page = browser.get(f"/categories/{category.pk}")
    refused = Page(browser.send(form_of(page, "DELETE")))
    assert refused.status == 409
    return refused


def test_the_page_offers_to_move_the_transactions(food: Category, alice: User) -> None:
    browser = Browser(alice)
    move, unlink = send_deletion(browser, food).main.all("form")
    assert [option["value"] for option in move.all("option") if option["value"]] == ["Household"]
    assert "Move its 2 transactions to another category." in move.text

    page = browser.follow(browser.send(move, into="Household"))

    assert "Deleted: Food" in page.source
    assert set(Transaction.objects.filter(owner=alice).values_list("category__name", flat=True)) == {"Household"}
    assert unlink["action"].endswith("?force=true")


def test_without_another_category_there_is_nothing_to_move_to(alice: User) -> None:
    food = CategoryFactory.create(owner=alice, name="Food")
    ExpenseFactory.create(owner=alice, category=food)
    assert len(send_deletion(Browser(alice), food).main.all("form")) == 1


@pytest.fixture
def as_staff(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


def test_the_admin_merges_those_that_are_selected(food: Category, as_staff: Client, alice: User, bob: User) -> None:
    url = "/admin/transactions/category/"
    stays = Category.objects.get(owner=alice, name="Household")
    sent = {"action": "merge", "_selected_action": [str(food.pk), str(stays.pk)]}

    asked = as_staff.post(url, sent)
    assert asked.status_code == 200
    assert b"Which one stays?" in asked.content
    assert Category.objects.filter(owner=alice).count() == 2
    assert as_staff.post(url, sent | {"into": str(stays.pk)}).status_code == 302
    assert list(Category.objects.filter(owner=alice)) == [stays]
    assert Transaction.objects.filter(category=stays).count() == 2
    assert Revision.objects.filter(ledger=alice.pk).order_by("number").last().via == "admin"  # type: ignore[union-attr]

    for keys in ([stays.pk], [stays.pk, Category.objects.filter(owner=bob)[0].pk]):
        refused = as_staff.post(url, {"action": "merge", "_selected_action": keys, "into": str(stays.pk)}, follow=True)
        assert b"Select at least two of one owner." in refused.content
    assert Category.objects.count() == 3


def test_the_admin_merges_tags(as_staff: Client, alice: User) -> None:
    old, new = (TagFactory.create(owner=alice, name=name) for name in ("trip", "Rome"))
    row = ExpenseFactory.create(owner=alice, tags=tags_text(["trip"]))
    sent = {"action": "merge", "_selected_action": [str(old.pk), str(new.pk)], "into": str(new.pk)}
    assert as_staff.post("/admin/transactions/tag/", sent).status_code == 302
    row.refresh_from_db()
    assert (row.tags, list(Tag.objects.all())) == ('["Rome"]', [new])
