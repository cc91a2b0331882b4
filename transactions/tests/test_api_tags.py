"""Tags: their rows, on transactions, as filters and in sums."""

from decimal import Decimal
from typing import Any

import orjson
import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from rest_framework.test import APIClient

from transactions.filters import TransactionFilterSet
from transactions.models import Tag, Transaction, TransactionTag
from transactions.names import MOST_TAGS, tag_names, tags_text
from transactions.services.summary import summarize
from transactions.tests.factories import ExpenseFactory, TagFactory
from transactions.tests.shares import reached, reaches
from users.models import User


@pytest.fixture
def trip(alice: User, bob: User) -> Tag:
    """A tag of Alice; Bob has one of the same name."""
    TagFactory.create(owner=bob, name="trip")
    return TagFactory.create(owner=alice, name="Trip")


def spend(client: APIClient, *tags: str, **body: Any) -> Any:
    answer = client.post("/expenses", {"description": "x", "amount": 1, "tags": tags, **body})
    assert answer.status_code == 201, answer.json()
    return answer.json()


def stored(owner: User) -> list[tuple[str, str]]:
    rows = TransactionTag.objects.filter(owner=owner).values_list("name", "transaction_id")
    return sorted((str(pk), name) for name, pk in rows)


def check(owner: User) -> None:
    """Compare the table of names with what the transactions have."""
    rows = Transaction.objects.filter(owner=owner).values_list("pk", "tags")
    assert stored(owner) == sorted((str(pk), name) for pk, text in rows for name in tag_names(text))
    names = {name for _pk, text in rows for name in tag_names(text)}
    assert names <= set(Tag.objects.filter(owner=owner).values_list("name", flat=True))


# -- On transactions --------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/expenses", "/incomes", "/transactions"])
@pytest.mark.parametrize("amount", ["1.00", " 1.00"])  # in the usual notation, and in another one
def test_a_new_row_gets_its_tags_as_they_are_written(
    as_alice: APIClient, alice: User, trip: Tag, path: str, amount: str
) -> None:
    TagFactory.create(owner=alice, name='Süß "x" \\ 3')
    kind = {"type": "EXPENSE"} if path == "/transactions" else {}
    body = {
        "description": "x",
        "amount": amount.strip(),
        "tags": [" trip" if amount[0] == " " else "TRIP", 'süß "X" \\ 3'],
        **kind,
    }
    answer = as_alice.post(path, body)
    assert answer.json()["tags"] == ["Trip", 'Süß "x" \\ 3']
    assert as_alice.get(f"{path}/{answer.json()['id']}").json() == answer.json()
    assert as_alice.get(path).json()["results"] == [answer.json()]
    check(alice)


@pytest.mark.parametrize(
    "tags",
    [
        ["home"],
        ["Trip", "trip"],
        "Trip",
        [1],
        [""],
        None,
        ["Trip"] * (MOST_TAGS + 1),
        [["Trip"]],
        {"a": 1},
    ],
)
def test_what_is_refused(as_alice: APIClient, trip: Tag, tags: Any) -> None:
    for path, body in (
        ("/expenses", {"description": "x", "amount": 1, "tags": tags}),
        ("/expenses", [{"description": "x", "amount": 1}, {"description": "x", "amount": 1, "tags": tags}]),
    ):
        answer = as_alice.post(path, body)
        assert answer.status_code == 400
        assert [error["field"].rpartition(".")[2] for error in answer.json()["errors"]] == ["tags"]
    assert not Transaction.objects.exists()


def test_no_row_gets_the_tag_of_another_owner(as_alice: APIClient, bob: User) -> None:
    TagFactory.create(owner=bob, name="bobs")
    assert as_alice.post("/expenses", {"description": "x", "amount": 1, "tags": ["bobs"]}).status_code == 400
    assert as_alice.get("/transactions?tag=bobs").status_code == 400


@pytest.mark.parametrize("name", ["a\0b", "\0", "\n", "\u202e", "x" * 200, "\u0315\u0300" * 40])
@pytest.mark.parametrize(
    ("path", "field"),
    [(path, field) for path in ("/expenses", "/expenses/bulk") for field in ("tags", "account", "category")],
)
def test_what_no_database_can_look_for_is_refused(as_alice: APIClient, path: str, field: str, name: str) -> None:
    row = {"description": "x", "amount": 1, field: [name] if field == "tags" else name}

    response = as_alice.post(path, [row] if path.endswith("bulk") else row)

    assert response.status_code == 400, response.content
    assert all(field in error["field"] for error in response.json()["errors"])


def test_tags_change_like_other_fields(as_alice: APIClient, alice: User, trip: Tag) -> None:
    TagFactory.create(owner=alice, name="home")
    row = spend(as_alice, "trip")
    path = f"/expenses/{row['id']}"
    assert as_alice.patch(path, {"tags": ["home", "trip"]}).json()["tags"] == ["home", "Trip"]
    assert as_alice.patch(path, {"notes": "n"}).json()["tags"] == ["home", "Trip"]
    assert as_alice.put(path, {"description": "x", "amount": 1, "tags": ["home"]}).json()["tags"] == ["home"]
    check(alice)
    [changed] = as_alice.patch("/transactions", [{"id": row["id"], "tags": ["TRIP"]}]).json()
    assert changed["tags"] == ["Trip"]
    assert as_alice.patch(path, {"tags": []}).json()["tags"] == []
    check(alice)
    history = as_alice.get(f"{path}/history").json()["results"]
    assert [one["field"] for one in history[0]["changes"]] == ["tags"]


def test_many_names_are_looked_up_together(
    as_alice: APIClient, alice: User, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        TagFactory.create(owner=alice, name=f"tag {number}")
    rows = [
        {"description": "x", "amount": 1, "tags": [f"Tag {number}", f"tag {(number + 1) % 30}"]} for number in range(30)
    ]
    with django_assert_max_num_queries(9):
        assert as_alice.post("/expenses", rows).status_code == 201
    changes = [{"id": str(pk), "tags": ["TAG 1"]} for pk in Transaction.objects.values_list("pk", flat=True)]
    with django_assert_max_num_queries(16):
        assert as_alice.patch("/transactions", changes).status_code == 200
    check(alice)


def test_a_row_is_refused_if_its_tag_goes_meanwhile(alice: User, trip: Tag) -> None:
    row = ExpenseFactory.create(owner=alice)
    trip.delete()
    row.tags = tags_text(["Trip"])
    with pytest.raises(Exception, match="meanwhile"):
        row.save()


# -- Their own rows ---------------------------------------------------------------------------


def test_names_are_unique_and_have_no_comma(as_alice: APIClient, trip: Tag) -> None:
    assert as_alice.post("/tags", {"name": " TRIP "}).status_code == 409
    answer = as_alice.post("/tags", {"name": "a,b"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "name")
    assert [row["name"] for row in as_alice.get("/tags").json()["results"]] == ["Trip"]


@pytest.mark.parametrize(("old", "new"), [("trip", "Trip"), ('a"b', "\\"), ("[", "]"), ("x", "[x"), ("\\", "ü")])
def test_renaming_writes_the_rows_that_show_it(
    as_alice: APIClient, alice: User, as_bob: APIClient, bob: User, old: str, new: str
) -> None:
    others = [f"{old}-", f"-{old}", f'{old}"', "]["]
    for name in (old, *others):
        TagFactory.create(owner=alice, name=name)
    TagFactory.create(owner=bob, name=old)
    theirs = spend(as_bob, old)
    first, last, only = spend(as_alice, old, *others), spend(as_alice, *others, old), spend(as_alice, old)
    without = spend(as_alice, *others)
    pk = Tag.objects.get(owner=alice, name=old).pk
    assert as_alice.patch(f"/tags/{pk}", {"name": new}).status_code == 200
    found = {row["id"]: row for row in as_alice.get("/expenses").json()["results"]}
    assert found[first["id"]]["tags"] == [new, *others]
    assert found[last["id"]]["tags"] == [*others, new]
    assert found[only["id"]]["tags"] == [new]
    assert found[only["id"]]["version"] == 2
    assert found[without["id"]] == without
    assert as_bob.get("/expenses").json()["results"] == [theirs]
    check(alice)
    number = as_alice.get("/revisions").json()["results"][0]["number"]
    assert as_alice.post(f"/revisions/{number}/undo", {}).status_code in (200, 201)
    assert as_alice.get(f"/expenses/{only['id']}").json()["tags"] == [old]
    check(alice)


def test_several_tags_are_renamed_together(alice: User, as_alice: APIClient) -> None:
    one, two = TagFactory.create(owner=alice, name="one"), TagFactory.create(owner=alice, name="two")
    row = spend(as_alice, "one", "two")
    one.name, two.name = "eins", "zwei"
    Tag.objects.bulk_update([one, two], ["name"])
    assert as_alice.get(f"/expenses/{row['id']}").json()["tags"] == ["eins", "zwei"]
    check(alice)


def test_a_tag_in_use_is_only_deleted_by_force(as_alice: APIClient, alice: User, as_bob: APIClient, trip: Tag) -> None:
    for name in ("a", "z"):
        TagFactory.create(owner=alice, name=name)
    rows = [spend(as_alice, *tags) for tags in (["trip"], ["trip", "a"], ["a", "trip", "z"], ["a", "trip"], ["a"])]
    theirs = spend(as_bob, "trip")
    answer = as_alice.delete(f"/tags/{trip.pk}")
    assert (answer.status_code, answer.json()["transactions"]) == (409, 4)
    assert as_bob.delete(f"/tags/{trip.pk}?force=true").status_code == 404
    assert as_alice.delete(f"/tags/{trip.pk}?force=maybe").status_code == 400
    assert as_alice.delete(f"/tags/{trip.pk}?force=true").status_code == 204
    found = {row["id"]: row["tags"] for row in as_alice.get("/expenses").json()["results"]}
    assert [found[row["id"]] for row in rows] == [[], ["a"], ["a", "z"], ["a"], ["a"]]
    assert as_bob.get("/expenses").json()["results"] == [theirs]
    check(alice)
    number = as_alice.get("/revisions").json()["results"][0]["number"]
    assert as_alice.post(f"/revisions/{number}/undo", {}).status_code in (200, 201)
    found = {row["id"]: row["tags"] for row in as_alice.get("/expenses").json()["results"]}
    assert [found[row["id"]] for row in rows] == [row["tags"] for row in rows]
    check(alice)


def test_an_undo_makes_a_tag_again_that_is_gone(as_alice: APIClient, alice: User, trip: Tag) -> None:
    row = spend(as_alice, "trip")
    assert as_alice.delete(f"/expenses/{row['id']}").status_code == 204
    number = as_alice.get("/revisions").json()["results"][0]["number"]
    assert as_alice.delete(f"/tags/{trip.pk}").status_code == 204
    assert as_alice.post(f"/revisions/{number}/undo", {}).status_code in (200, 201)
    assert as_alice.get(f"/expenses/{row['id']}").json()["tags"] == ["Trip"]
    check(alice)


# -- Filters and sums -------------------------------------------------------------------------


def test_filters(as_alice: APIClient, alice: User, trip: Tag) -> None:
    for name in ("food", "none"):
        TagFactory.create(owner=alice, name=name)
    both, one, bare = spend(as_alice, "trip", "food"), spend(as_alice, "trip"), spend(as_alice)

    def found(query: str) -> list[str]:
        return [row["id"] for row in as_alice.get(f"/transactions?ordering=created_at&{query}").json()["results"]]

    assert found("tag=TRIP") == [both["id"], one["id"]]
    assert found("tag=trip&tag=food") == [both["id"]]
    assert found("tag=none") == []
    assert found("exclude_tag=food") == [one["id"], bare["id"]]
    assert found("exclude_tag=food&exclude_tag=none") == [one["id"], bare["id"]]
    assert found("exclude_tag=trip&exclude_tag=food") == [bare["id"]]
    assert found("tag=trip&exclude_tag=food") == [one["id"]]
    for name in ("tag", "exclude_tag"):
        answer = as_alice.get(f"/transactions?{name}=nothing")
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, name)


def test_exports_have_them(as_alice: APIClient, trip: Tag) -> None:
    spend(as_alice, "trip")
    lines = b"".join(as_alice.get("/expenses.csv")).decode().splitlines()
    assert lines[0].split(",")[8] == "tags"
    assert '"[""Trip""]"' in lines[1]
    assert orjson.loads(b"".join(as_alice.get("/expenses.ndjson")))["tags"] == ["Trip"]


def test_sums_by_tag_count_a_row_once_per_tag_and_in_total_once(
    as_alice: APIClient, alice: User, as_bob: APIClient, trip: Tag
) -> None:
    TagFactory.create(owner=alice, name="food")
    spend(as_bob, "trip", amount=64)
    spend(as_alice, "trip", "food", amount=1)
    spend(as_alice, "trip", amount=2)
    spend(as_alice, amount=4)
    answer = as_alice.get("/summary?group_by=tag").json()
    sums = {row["tag"]: (row["net"], row["count"]) for row in answer["results"]}
    assert sums == {"food": ("-1.00", 1), "Trip": ("-3.00", 2), None: ("-4.00", 1)}
    assert [(row["net"], row["count"]) for row in answer["total"]] == [("-7.00", 3)]
    answer = as_alice.get("/summary?group_by=tag&tag=trip").json()
    assert [(row["net"], row["count"]) for row in answer["total"]] == [("-3.00", 2)]
    today = Transaction.objects.filter(owner=alice).latest("date").date
    answer = as_alice.get(f"/summary?group_by=day,tag&compare=year&date_after={today}&date_before={today}").json()
    assert [(row["net"], row["previous"]["net"]) for row in answer["total"]] == [("-7.00", "0.00")]


def test_what_does_not_add_up_is_no_pivot_table(as_alice: APIClient, trip: Tag) -> None:
    spend(as_alice, "trip")
    answer = as_alice.get("/summary.csv?group_by=tag,month&pivot=true")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "not_by_tag")
    assert "trip" in b"".join(as_alice.get("/summary.csv?group_by=tag,month")).decode().casefold()
    browser = Client()
    browser.force_login(User.objects.get(username="alice"))
    page = browser.get("/summary?group_by=tag,month", headers={"Accept": "text/html"}).content.decode()
    assert "tag=Trip&amp;currency=USD" in page


class TestAnyTags(TestCase):
    @reaches(shared=20, bare=10)
    @given(st.lists(st.tuples(st.integers(1, 99), st.frozensets(st.sampled_from("abc"))), max_size=6))
    def test_sums_by_tag_equal_plain_sums(self, rows: list[tuple[int, frozenset[str]]]) -> None:
        alice, bob = User.objects.create(username="alice"), User.objects.create(username="bob")
        for owner in (alice, bob):
            for name in "abc":
                TagFactory.create(owner=owner, name=name)
            for amount, tags in rows:
                ExpenseFactory.create(owner=owner, amount=Decimal(amount), tags=tags_text(sorted(tags)))
        expected: dict[str | None, int] = {}
        for amount, tags in rows:
            keys: list[str | None] = [*tags] or [None]
            for tag in keys:
                expected[tag] = expected.get(tag, 0) - amount * 10_000
        found = summarize(owner=alice, filters=TransactionFilterSet, values={}, group_by=("tag",))
        assert {total.keys["tag"]: total.net for total in found} == expected
        check(alice)
        if any(len(tags) > 1 for _amount, tags in rows):
            reached("shared")
        if any(not tags for _amount, tags in rows):
            reached("bare")


# -- Pages ------------------------------------------------------------------------------------


def test_a_form_makes_new_tags(as_alice: APIClient, alice: User) -> None:
    browser = Client()
    browser.force_login(alice)
    headers = {"Accept": "text/html"}
    form = {"description": "x", "amount": "1", "type": "EXPENSE", "tags": "Rome, food ,"}
    assert browser.post("/transactions", form, headers=headers).status_code == 303
    row = Transaction.objects.get(owner=alice)
    assert tag_names(row.tags) == ["Rome", "food"]
    check(alice)
    page = browser.get("/transactions", headers=headers).content.decode()
    assert 'href="/transactions?tag=Rome"' in page
    page = browser.get(f"/transactions/{row.pk}", headers=headers).content.decode()
    assert 'value="Rome, food"' in page
    form = {"_method": "PATCH", "tags": "ROME, home"}
    assert browser.post(f"/transactions/{row.pk}", form, headers=headers).status_code == 303
    row.refresh_from_db()
    assert tag_names(row.tags) == ["Rome", "home"]
    assert browser.post(f"/transactions/{row.pk}", {"_method": "PATCH", "tags": ""}, headers=headers).status_code == 303
    row.refresh_from_db()
    assert tag_names(row.tags) == []
    assert browser.get(f"/transactions/{row.pk}", headers=headers).content.decode().count('name="tags"') > 0
    for path in ("/tags", f"/tags/{Tag.objects.filter(owner=alice).first().pk}"):  # type: ignore[union-attr]
        assert browser.get(path, headers=headers).status_code == 200
