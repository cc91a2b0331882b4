"""?search= finds words in any order, case and alphabet, with accents or without; no character is a wildcard."""

import datetime
import time
from decimal import Decimal
from typing import Any

import pytest
from django.core import serializers
from django.test import Client
from rest_framework.test import APIClient

from transactions.models import Expense, Transaction
from transactions.tests.factories import CategoryFactory, ExpenseFactory
from users.models import User

DESCRIPTION, NOTES = "École 100% a_b \\d (abc)", "first line\nSecond line, Łódź ΣΊΣΥΦΟΣ Vie\u0323\u0302t ЁЛКА"


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("école", True),
        ("ÉCOLE", True),
        ("E\u0301cole", True),
        ("ecole", True),
        ("line école", True),
        ("LINE  second (ABC", True),
        ("col", True),
        ("lodz", True),
        ("σίσυφος", True),
        ("Việt", True),
        ("VIET", True),
        ("елка", True),
        ("100%", True),
        ("1%0", False),
        ("a_b", True),
        ("a_c", False),
        ("\\d", True),
        ("école nothing", False),
        ("\u0301", False),
        ("first line second line a b c d e f g h i", False),
        ("nothing", False),
    ],
)
def test_search(
    search: str, found: bool, as_alice: APIClient, alice: User, as_outsider: APIClient, as_staff: Client
) -> None:
    row = ExpenseFactory.create(owner=alice, description=DESCRIPTION, notes=NOTES)

    for path in ("/transactions", "/expenses"):
        results = as_alice.get(path, {"search": search}).json()["results"]
        assert [result["id"] for result in results] == [str(row.pk)] * found
        assert as_outsider.get(path, {"search": search}).json()["results"] == []
    assert len(as_alice.get("/summary", {"search": search}).json()["results"]) == found
    export = as_alice.get("/expenses", {"search": search}, headers={"Accept": "application/x-ndjson"})
    assert len(export.getvalue().splitlines()) == found
    page = as_staff.get("/admin/transactions/transaction/", {"q": search})
    assert page.context["cl"].result_count == found


def test_a_search_of_many_words_is_of_the_phrase(as_alice: APIClient, alice: User) -> None:
    phrase = "one two three four five six seven eight nine ten eleven"
    row = ExpenseFactory.create(owner=alice, notes=f"Zero {phrase.upper()} twelve")
    ExpenseFactory.create(owner=alice, notes=" ".join(reversed(phrase.split())))
    results = as_alice.get("/transactions", {"search": phrase}).json()["results"]
    assert [result["id"] for result in results] == [str(row.pk)]


WAYS = [
    "save",
    "one field",
    "update",
    "bulk_update",
    "bulk_create",
    "loaddata",
    "api",
    "patch",
    "bulk api",
    "bulk patch",
]


@pytest.mark.parametrize("way", WAYS)
def test_what_is_searched_follows_what_is_written(way: str, as_alice: APIClient, alice: User, bob: User) -> None:
    CategoryFactory.create(owner=alice, name="Food")
    other = ExpenseFactory.create(owner=bob, description="theirs", notes="Theirs")
    texts = {"description": "Café Ω", "notes": "Zoë\nÅngström"}
    new = {"amount": 1, "currency": "USD", "date": "2026-11-01", **texts}
    row: Any = None
    if way not in ("bulk_create", "api", "bulk api"):
        row = ExpenseFactory.create(owner=alice, description="before", notes="before")
        row.description, row.notes = texts["description"], texts["notes"]
    if way == "save":
        row.save()
    elif way == "one field":
        row.save(update_fields=["description"])
        row.save(update_fields=["notes"])
    elif way == "update":
        Transaction.objects.filter(pk=row.pk).update(description=texts["description"])
        Expense.objects.for_owner(alice).update(notes=texts["notes"])
    elif way == "bulk_update":
        Transaction.objects.bulk_update([row], ["notes", "description"])
    elif way == "bulk_create":
        date = datetime.date(2026, 11, 1)
        Expense.objects.bulk_create([Expense(owner=alice, amount=Decimal(1), currency="USD", date=date, **texts)])
    elif way == "loaddata":
        [loaded] = serializers.deserialize("json", serializers.serialize("json", [row]))
        setattr(loaded.object, "description_folded", "what an older dump may hold")  # noqa: B010  # for mypy
        row.delete()
        loaded.save()
    elif way == "api":
        assert as_alice.post("/expenses", new).status_code == 201
        assert as_alice.post("/expenses", new | {"category": "food"}).status_code == 201
        assert as_alice.post("/expenses", new | {"notes": texts["notes"] + " "}).status_code == 201  # by a serializer
    elif way == "bulk api":
        assert as_alice.post("/expenses", [new, new | {"category": "food"}]).status_code == 201
    elif way == "patch":
        assert as_alice.patch(f"/expenses/{row.pk}", texts).status_code == 200
    else:
        assert as_alice.patch("/transactions", [{"id": str(row.pk), **texts}]).status_code == 200

    folded = {"description_folded": "cafe ω", "notes_folded": "zoe\nangstrom"}
    rows = list(Transaction.objects.for_owner(alice).values(*folded))
    assert rows
    assert all({name: text.rstrip() for name, text in row.items()} == folded for row in rows)
    other.refresh_from_db()
    assert (other.description_folded, other.notes_folded) == ("theirs", "theirs")


HARMLESS = "coffee and " + "cake " * 37
HOSTILE = [
    "a" * 199 + "b",
    "b" + "a" * 199,
    "a" * 99 + "b" + "a" * 100,
    "ab" * 100,
    " ".join("a" * n for n in range(1, 19)),
]


def test_a_hostile_search_costs_what_a_harmless_one_does(as_alice: APIClient, alice: User) -> None:
    """In rows that repeat themselves; in CPU time of this process, and of the database where it runs in here."""
    Expense.objects.bulk_create(
        Expense(
            owner=alice, description="x", notes="a" * 2000, amount=1, currency="EUR", date=datetime.date(2026, 1, 1)
        )
        for _number in range(4_600)
    )

    def cost(search: str) -> float:
        times = []
        for _run in range(3):
            start = time.process_time()
            assert as_alice.get("/transactions", {"search": search}).status_code == 200
            times.append(time.process_time() - start)
        return min(times)

    harmless = cost(HARMLESS.strip())
    assert {search: cost(search) / harmless for search in HOSTILE if cost(search) > 3 * harmless} == {}


def test_a_longer_search_is_refused(as_alice: APIClient, as_staff: Client, alice: User) -> None:
    ExpenseFactory.create(owner=alice, notes="x" * 300)
    response = as_alice.get("/transactions", {"search": "x" * 201})
    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "search"
    page = as_staff.get("/admin/transactions/transaction/", {"q": "x" * 201})
    assert page.context["cl"].result_count == 0
    assert "at most 200" in page.content.decode()
