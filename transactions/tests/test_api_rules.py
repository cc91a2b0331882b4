"""Rules at the API: what they hold, their order, what they give new transactions, and what becomes of them."""

from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from cashman_project.api.tests.problems import problem_of
from conftest import client_of
from ledgers.models import Ledger
from transactions.models import Rule, Transaction
from transactions.models.rule import LAST_POSITION, MOST_TEXTS
from transactions.tests.factories import AccountFactory, CategoryFactory, RuleFactory, TagFactory
from users.models import User

FOOD = {"category": "Food"}
REWE: dict[str, Any] = {"when": {"words": ["rewe"]}, "set": FOOD}
EMPTY: dict[str, Any] = {"words": [], "starts_with": [], "account": None, "type": None, "currency": None}


@pytest.fixture(autouse=True)
def names(alice: User) -> None:
    CategoryFactory.create(owner=alice, name="Food")
    TagFactory.create(owner=alice, name="trip")
    AccountFactory.create(owner=alice, name="Bank")


def add(client: APIClient, **rule: Any) -> dict[str, Any]:
    answer = client.post("/rules", rule)
    assert answer.status_code == 201, answer.content
    found: dict[str, Any] = answer.json()
    return found


def spend(client: APIClient, description: str, query: str = "", **values: Any) -> dict[str, Any]:
    answer = client.post(f"/expenses{query}", {"description": description, "amount": 5, **values})
    assert answer.status_code == 201, answer.content
    found: dict[str, Any] = answer.json()
    return found


# -- What a rule holds ------------------------------------------------------------------------


def test_a_rule_is_told_with_all_its_members(as_alice: APIClient) -> None:
    when = {"words": [" Rewe  City ", "Aldi"], "account": "bank", "amount_max": 12.5}
    row = add(as_alice, when=when, set={"category": "FOOD", "tags": ["Trip"], "description": "Shop"}, stop=True)

    assert row["when"] == EMPTY | {
        "words": ["Rewe City", "Aldi"],
        "account": "Bank",
        "amount_min": None,
        "amount_max": "12.50",
    }
    assert row["set"] == {"category": "Food", "tags": ["trip"], "description": "Shop"}
    assert (row["position"], row["name"], row["stop"], row["version"]) == (1, "", True, 1)
    assert as_alice.get(f"/rules/{row['id']}").json() == row
    changes = [change["data"] for change in as_alice.get("/changes").json()["changes"]]
    assert row in changes  # whose JSON the database has written


@pytest.mark.parametrize(
    ("rule", "field", "code"),
    [
        ({}, "when", "required"),
        ({"when": {}, "set": FOOD}, "when", "empty"),
        ({"when": None, "set": FOOD}, "when", "null"),
        ({"when": {"words": []}, "set": FOOD}, "when", "empty"),
        ({"when": {"words": ["rewe"]}}, "set", "empty"),
        ({"when": {"words": ["rewe"]}, "set": {}}, "set", "empty"),
        ({"when": {"words": ["!?"]}, "set": FOOD}, "when.words", "no_words"),
        ({"when": {"words": ["a,b"]}, "set": FOOD}, "when.words", "comma"),
        ({"when": {"words": ["a b c d e f g h i j k"]}, "set": FOOD}, "when.words", "max_words"),
        ({"when": {"words": "rewe"}, "set": FOOD}, "when.words", "not_a_list"),
        ({"when": {"words": ["x"] * (MOST_TEXTS + 1)}, "set": FOOD}, "when.words", "max_length"),
        ({"when": {"words": [5]}, "set": FOOD}, "when.words", "invalid"),
        ({"when": {"starts_with": ["x" * 101]}, "set": FOOD}, "when.starts_with", "max_length"),
        ({"when": {"amount_min": -1}, "set": FOOD}, "when.amount_min", "invalid"),
        ({"when": {"amount_min": "1.23456"}, "set": FOOD}, "when.amount_min", "too_many_decimals"),
        ({"when": {"amount_min": 2, "amount_max": 1}, "set": FOOD}, "when.amount_min", "invalid"),
        ({"when": {"account": "None"}, "set": FOOD}, "when.account", "does_not_exist"),
        ({"when": {"currency": "usd"}, "set": FOOD}, "when.currency", "invalid_currency"),
        ({"when": {"type": "OTHER"}, "set": FOOD}, "when.type", "invalid_choice"),
        ({"when": {"regex": ".*"}, "set": FOOD}, "when.regex", "unknown_field"),
        (REWE | {"set": {"category": "None"}}, "set.category", "does_not_exist"),
        (REWE | {"set": {"tags": ["None"]}}, "set.tags", "does_not_exist"),
        (REWE | {"set": {"description": "a\nb"}}, "set.description", "not_one_line"),
        (REWE | {"position": 0}, "position", "min_value"),
        (REWE | {"position": 10**9}, "position", "max_value"),
        (REWE | {"stop": "yes"}, "stop", "invalid"),
    ],
)
def test_what_is_no_rule_is_refused(rule: dict[str, Any], field: str, code: str, as_alice: APIClient) -> None:
    problem_of(as_alice.post("/rules", rule), 400, "invalid" if code != "unknown_field" else code, (field, code))
    assert not Rule.objects.exists()


def test_a_rule_that_stops_may_give_nothing(as_alice: APIClient) -> None:
    add(as_alice, when={"words": ["rewe"]}, stop=True, position=1)
    add(as_alice, **REWE)

    assert spend(as_alice, "rewe")["category"] is None


def test_when_and_set_are_replaced_as_wholes(as_alice: APIClient) -> None:
    row = add(as_alice, when={"words": ["rewe"], "type": "EXPENSE"}, set={"category": "Food", "tags": ["trip"]})

    changed = as_alice.patch(f"/rules/{row['id']}", {"when": {"type": "INCOME"}, "set": {"tags": ["trip"]}}).json()

    assert changed["when"] == EMPTY | {"type": "INCOME", "amount_min": None, "amount_max": None}
    assert changed["set"] == {"category": None, "tags": ["trip"], "description": None}
    assert changed["version"] == 2
    problem_of(as_alice.patch(f"/rules/{row['id']}", {"when": {}}), 400, "invalid", ("when", "empty"))


def test_a_change_needs_the_entity_tag_that_it_names(as_alice: APIClient) -> None:
    row = add(as_alice, **REWE)
    tag = as_alice.get(f"/rules/{row['id']}").headers["ETag"]

    assert as_alice.patch(f"/rules/{row['id']}", {"name": "a"}, headers={"If-Match": tag}).status_code == 200
    assert as_alice.patch(f"/rules/{row['id']}", {"name": "b"}, headers={"If-Match": tag}).status_code == 412


def test_there_are_not_endless_rules(alice: User, as_alice: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("transactions.rule_querysets.MOST_RULES", 2)
    RuleFactory.create_batch(2, owner=alice)

    problem_of(as_alice.post("/rules", REWE), 409, "conflict")


# -- Their order ------------------------------------------------------------------------------


def order(client: APIClient) -> str:
    return " ".join(f"{row['name']}{row['position']}" for row in client.get("/rules").json()["results"])


def test_rules_make_room_for_one_that_moves(as_alice: APIClient) -> None:
    a, b, c, d = (add(as_alice, **REWE, name=name) for name in "abcd")
    assert order(as_alice) == "a1 b2 c3 d4"

    as_alice.patch(f"/rules/{d['id']}", {"position": 2})
    assert order(as_alice) == "a1 d2 b3 c4"
    as_alice.patch(f"/rules/{a['id']}", {"position": 3})
    assert order(as_alice) == "d1 b2 a3 c4"
    as_alice.patch(f"/rules/{b['id']}", {"position": 99})
    assert order(as_alice) == "d1 a2 c3 b4"
    add(as_alice, **REWE, name="e", position=2)
    assert order(as_alice) == "d1 e2 a3 c4 b5"
    as_alice.delete(f"/rules/{a['id']}")
    add(as_alice, **REWE, name="f", position=2)
    assert order(as_alice) == "d1 f2 e3 c4 b5"  # into the gap
    as_alice.patch(f"/rules/{c['id']}", {"position": 4, "name": "C"})
    assert order(as_alice) == "d1 f2 e3 C4 b5"


def test_an_undo_brings_a_rule_back_between_others(as_alice: APIClient) -> None:
    a, _b, c = (add(as_alice, **REWE, name=name) for name in "abc")
    number = int(as_alice.delete(f"/rules/{a['id']}").headers["Ledger-Revision"])
    as_alice.patch(f"/rules/{c['id']}", {"position": 1})

    assert as_alice.post(f"/revisions/{number}/undo", {}).status_code == 201

    assert order(as_alice) == "a1 c2 b3"


def test_at_the_last_position_rules_make_room_below(as_alice: APIClient) -> None:
    a = add(as_alice, **REWE, name="a", position=LAST_POSITION)
    add(as_alice, **REWE, name="b")
    assert order(as_alice) == "a999999 b1000000"
    add(as_alice, **REWE, name="c", position=LAST_POSITION)
    assert order(as_alice) == "a999998 b999999 c1000000"
    add(as_alice, **REWE, name="d", position=999_999)
    assert order(as_alice) == "a999997 b999998 d999999 c1000000"
    as_alice.patch(f"/rules/{a['id']}", {"position": LAST_POSITION})
    assert order(as_alice) == "b999997 d999998 c999999 a1000000"


def test_an_undo_at_the_last_position_makes_room_below(as_alice: APIClient) -> None:
    a, b = (add(as_alice, **REWE, name=name) for name in "ab")
    last = add(as_alice, **REWE, name="c", position=LAST_POSITION)
    number = int(as_alice.delete(f"/rules/{last['id']}").headers["Ledger-Revision"])
    for row in (a, b):
        as_alice.delete(f"/rules/{row['id']}")
    for name in "de":
        add(as_alice, **REWE, name=name, position=LAST_POSITION)

    assert as_alice.post(f"/revisions/{number}/undo", {}).status_code == 201

    assert sorted(row["position"] for row in as_alice.get("/rules").json()["results"]) == [999_998, 999_999, 1_000_000]


# -- What they give ---------------------------------------------------------------------------


def test_a_rule_gives_what_a_request_leaves_out(as_alice: APIClient) -> None:
    add(as_alice, when={"words": ["rewe"]}, set={"category": "Food", "tags": ["trip"], "description": "Shop"})

    row = spend(as_alice, "REWE Markt")
    assert (row["category"], row["tags"], row["description"]) == ("Food", ["trip"], "REWE Markt")
    named = spend(as_alice, "REWE Markt", category=None, tags=[])
    assert (named["category"], named["tags"]) == (None, [])
    assert spend(as_alice, "REWE Markt", query="?apply_rules=false")["category"] is None
    assert spend(as_alice, "REWE Markt", query="?apply_rules=true")["category"] == "Food"
    assert spend(as_alice, "brewery")["category"] is None
    assert as_alice.get(f"/expenses/{row['id']}").json() == row


@pytest.mark.parametrize("path", ["/expenses", "/expenses/bulk", "/transactions"])
@pytest.mark.parametrize("description", ["Rewe", " Rewe"])  # the second one is not in the usual notation
def test_many_rows_get_it_too(path: str, description: str, as_alice: APIClient) -> None:
    add(as_alice, when={"words": ["rewe"]}, set={"category": "Food", "tags": ["trip"]})
    rows = [
        {"type": "EXPENSE", "description": description, "amount": 1},
        {"type": "EXPENSE", "description": description, "amount": 1, "category": None},
        {"type": "EXPENSE", "description": "x", "amount": 1},
    ]

    answer = as_alice.post(path, rows).json()

    assert [(row["category"], row["tags"]) for row in answer] == [("Food", ["trip"]), (None, ["trip"]), (None, [])]
    assert [row["category"] for row in as_alice.post(f"{path}?apply_rules=false", rows).json()] == [None] * 3


def test_a_change_runs_no_rule(as_alice: APIClient) -> None:
    row = spend(as_alice, "x")
    add(as_alice, **REWE)

    assert as_alice.patch(f"/expenses/{row['id']}", {"description": "rewe"}).json()["category"] is None


@pytest.mark.parametrize(
    ("when", "met"),
    [
        ({"words": ["MARKT rewe"]}, True),
        ({"words": ["rewe nord", "café"]}, True),
        ({"words": ["rew"]}, False),
        ({"words": ["rewe nord"]}, False),
        ({"words": ["lunch"]}, True),  # in the notes
        ({"starts_with": ["rewe m"]}, True),
        ({"starts_with": ["markt"]}, False),
        ({"starts_with": ["rewe"], "words": ["nord"]}, False),
        ({"account": "Bank"}, True),
        ({"account": "Bank", "type": "INCOME"}, False),
        ({"type": "EXPENSE", "currency": "USD"}, True),
        ({"currency": "EUR"}, False),
        ({"amount_min": 5, "amount_max": 5}, True),
        ({"amount_min": "5.01"}, False),
        ({"amount_max": "4.99"}, False),
    ],
)
@pytest.mark.parametrize("query", ["", "?apply_rules=true"])
def test_what_meets_a_rule(when: dict[str, Any], met: bool, query: str, as_alice: APIClient) -> None:
    add(as_alice, when=when, set=FOOD)

    row = spend(as_alice, "REWE Markt", query, notes="Cafe\u0301, lunch", account="Bank")

    assert row["category"] == ("Food" if met else None)


def test_the_first_category_counts_and_tags_add_up(alice: User, as_alice: APIClient) -> None:
    CategoryFactory.create(owner=alice, name="Other")
    TagFactory.create(owner=alice, name="shop")
    add(as_alice, when={"words": ["rewe"]}, set={"tags": ["trip"]})
    add(as_alice, when={"words": ["markt"]}, set={"category": "Food", "tags": ["shop", "trip"]})
    add(as_alice, when={"words": ["rewe"]}, set={"category": "Other"}, stop=True)
    add(as_alice, when={"words": ["rewe"]}, set={"tags": ["shop"]})

    assert [spend(as_alice, "rewe markt")[name] for name in ("category", "tags")] == ["Food", ["trip", "shop"]]
    assert [spend(as_alice, "rewe")[name] for name in ("category", "tags")] == ["Other", ["trip"]]


def test_rules_of_others_never_run(alice: User, as_alice: APIClient, bob: User) -> None:
    CategoryFactory.create(owner=bob, name="Food")
    add(client_of(bob), **REWE)

    assert spend(as_alice, "rewe")["category"] is None
    assert as_alice.get("/rules").json()["results"] == []
    assert not Ledger.objects.get(pk=alice.pk).has_rules


def test_a_form_of_a_page_and_the_admin_run_them(alice: User, as_alice: APIClient, as_staff: Client) -> None:
    add(as_alice, when={"words": ["rewe"]}, set={"category": "Food", "tags": ["trip"]})
    browser = Client()
    browser.force_login(alice)
    form = {"description": "rewe", "amount": "5", "category": "", "tags": ""}

    assert browser.post("/expenses", form, headers={"Accept": "text/html"}).status_code == 303
    page = browser.get("/expenses", headers={"Accept": "text/html"})
    admin = {"owner": str(alice.pk), "type": "EXPENSE", "description": "rewe", "amount": "6"}
    assert as_staff.post("/admin/transactions/transaction/add/", admin).status_code == 302

    found = Transaction.objects.filter(owner=alice).select_related("category")
    assert [(str(row.category), row.tags) for row in found] == [("Food", '["trip"]')] * 2
    assert "A rule has added: Food, trip." in page.content.decode()


# -- What becomes of them ---------------------------------------------------------------------


def test_rules_follow_names(alice: User, as_alice: APIClient) -> None:
    row = add(as_alice, when={"account": "Bank"}, set={"category": "Food", "tags": ["trip"]})
    for path in ("/categories", "/tags", "/accounts"):
        [named] = as_alice.get(path).json()["results"]
        assert as_alice.patch(f"{path}/{named['id']}", {"name": f"New {named['name']}"}).status_code == 200

    found = as_alice.get(f"/rules/{row['id']}").json()

    assert (found["when"]["account"], found["set"]["category"], found["set"]["tags"]) == (
        *("New Bank", "New Food", ["New trip"]),
    )
    assert found["version"] == 4
    assert spend(as_alice, "x", account="New Bank")["tags"] == ["New trip"]


@pytest.mark.parametrize(("path", "set_"), [("/categories", FOOD), ("/tags", {"tags": ["trip"]})])
def test_what_a_rule_gives_is_in_use(path: str, set_: dict[str, Any], alice: User, as_alice: APIClient) -> None:
    (CategoryFactory if path == "/categories" else TagFactory).create(owner=alice, name="Other")
    add(as_alice, when={"words": ["rewe"]}, set=set_)
    own = {row["name"]: f"{path}/{row['id']}" for row in as_alice.get(path).json()["results"]}
    first, other = (own[name] for name in (*(own.keys() - {"Other"}), "Other"))

    assert problem_of(as_alice.delete(first), 409, "conflict")["rules"] == 1
    assert as_alice.delete(f"{first}?into=Other").status_code == 204
    [row] = as_alice.get("/rules").json()["results"]
    assert "Other" in (row["set"]["category"], *row["set"]["tags"])
    assert as_alice.delete(other).status_code == 409
    deleted = as_alice.delete(f"{other}?force=true")
    assert deleted.status_code == 204
    assert as_alice.get("/rules").json()["results"] == []  # it had nothing left to give
    assert not Ledger.objects.get(pk=alice.pk).has_rules
    assert as_alice.post(f"/revisions/{deleted.headers['Ledger-Revision']}/undo", {}).status_code == 201
    assert [one["id"] for one in as_alice.get("/rules").json()["results"]] == [row["id"]]
    assert Ledger.objects.get(pk=alice.pk).has_rules


def test_an_account_takes_its_rules_along(as_alice: APIClient) -> None:
    add(as_alice, when={"account": "Bank"}, set=FOOD)
    [account] = as_alice.get("/accounts").json()["results"]

    assert problem_of(as_alice.delete(f"/accounts/{account['id']}"), 409, "conflict")["rules"] == 1
    assert as_alice.delete(f"/accounts/{account['id']}?force=true").status_code == 204
    assert not Rule.objects.exists()


def test_the_ledger_says_whether_there_are_rules(alice: User, as_alice: APIClient) -> None:
    def has_rules() -> bool:
        return Ledger.objects.get(pk=alice.pk).has_rules

    first, second = add(as_alice, **REWE), add(as_alice, **REWE)
    assert has_rules()
    as_alice.delete(f"/rules/{first['id']}")
    assert has_rules()
    as_alice.delete(f"/rules/{second['id']}")
    assert not has_rules()
    last = as_alice.get("/revisions").json()["results"][0]["number"]
    as_alice.post(f"/revisions/{last}/undo", {})
    assert has_rules()
    Rule.objects.filter(owner=alice).delete()
    assert not has_rules()
    Rule.objects.bulk_create([Rule(owner=alice, position=1, words='["x"]', stop=True)])
    assert has_rules()
