"""What is plain is read without a serializer, to the same row and the same answer."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from transactions.models import Category, Transaction
from transactions.serializers import ExpenseSerializer, IncomeSerializer, TransactionSerializer
from users.models import User

from ..services.fast_create import NAMES, create_fast

SERIALIZERS: dict[str | None, Any] = {
    None: TransactionSerializer,
    "INCOME": IncomeSerializer,
    "EXPENSE": ExpenseSerializer,
}
WORDS = st.sampled_from(
    ["pizza", " pizza", "pizza ", "a\nb", "", "É", "e\u0301", "x" * 200, "x" * 201, "\u200b", "a\\tb\\N"]
)
NUMBERS = st.sampled_from(
    ["0", "-0", "1", "-1", "1.5", "1.50", "1.500", "1.5000", "1.50000", "01", "+1", "1e2", "99999999999"]
)
AMOUNTS: st.SearchStrategy[Any] = st.one_of(
    NUMBERS,
    NUMBERS.map(Decimal),
    st.integers(-(10**12), 10**12),
    st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**6), max_value=10**6),
    st.sampled_from([None, True, 1.5, [], "", "١", Decimal("1E+2"), Decimal("NaN")]),
)
BODIES = st.fixed_dictionaries(
    {"description": WORDS | st.text(max_size=20), "amount": AMOUNTS},
    optional={
        "type": st.sampled_from(["INCOME", "EXPENSE", "income", None]),
        "currency": st.sampled_from(["USD", "JPY", "KWD", "CLF", "usd", "XXX", "", None, 1]),
        "date": st.sampled_from(
            ["2026-11-30", "2026-02-30", "1899-12-31", "2200-12-31", "2026-1-1", "", None, 20260101]
        ),
        "category": st.sampled_from([None, "Food", "FOOD", "food ", "Fun", "", 1]),
        "notes": WORDS | st.none(),
        "external_id": WORDS | st.none(),
        "id": st.none(),
    },
)
CHANGING = {"id", "created_at", "updated_at"}


def users() -> tuple[User, User]:
    """Return alice, who has a category, and bob, who has another."""
    alice, bob = (User.objects.create(username=name, currency="EUR") for name in ("alice", "bob"))
    Category.objects.create(owner=alice, name="Food")
    Category.objects.create(owner=bob, name="Fun")
    return alice, bob


def stored(row_id: str) -> dict[str, Any]:
    values: Any = Transaction.objects.values().get(pk=row_id)
    return {name: value for name, value in values.items() if name not in CHANGING}


class TestAnyBody(TestCase):
    @given(st.sampled_from(list(SERIALIZERS)), BODIES)
    def test_makes_the_row_that_the_serializer_makes(self, kind: str | None, body: dict[str, Any]) -> None:
        alice, _bob = users()
        rows = create_fast(owner=alice, kind=kind, data=[body])
        if rows is None:
            assert not Transaction.objects.exists()
            return

        [answer] = rows
        written = stored(answer["id"])
        Transaction.objects.for_owner(alice).delete()  # the external id is free again
        request: Any = SimpleNamespace(user=alice)
        serializer = SERIALIZERS[kind](data=body, context={"request": request})
        serializer.is_valid(raise_exception=True)
        serializer.save(owner=alice)

        assert {**serializer.data, **{name: answer[name] for name in CHANGING}} == answer
        assert list(serializer.data) == list(answer)
        assert stored(serializer.data["id"]) == written


@pytest.mark.parametrize(
    "body",
    [
        {"description": "salary", "amount": 5000},
        {"description": "Rock Concert", "amount": "100.00", "currency": "USD", "date": "2026-11-30"},
        {"description": "Água", "amount": Decimal("3.5"), "category": "food", "notes": "cold", "external_id": "bank 1"},
    ],
)
def test_the_usual_bodies_are_plain(body: dict[str, Any], alice: User, bob: User, outsider: User) -> None:
    for owner in (alice, bob):
        Category.objects.create(owner=owner, name="Food")

    for kind in ("INCOME", "EXPENSE"):
        rows = create_fast(owner=alice, kind=kind, data=[{**body, "external_id": f"{kind} 1"}])
        assert rows is not None
        assert Transaction.objects.get(pk=rows[0]["id"]).owner == alice
    assert not Transaction.objects.for_owner(outsider).exists()
    assert not Transaction.objects.for_owner(bob).exists()


def test_of_several_that_are_not_all_plain_none_is_written(alice: User) -> None:
    good = {"description": "salary", "amount": 5000}

    assert create_fast(owner=alice, kind="INCOME", data=[good, {**good, "category": "Unknown"}]) is None
    assert create_fast(owner=alice, kind="INCOME", data=[good, good | {"amount": 0}]) is None
    assert (
        create_fast(owner=alice, kind="INCOME", data=[{**good, "external_id": "1"}, {**good, "external_id": "1"}])
        is None
    )
    assert not Transaction.objects.exists()


def test_an_answer_has_the_fields_of_the_serializer() -> None:
    assert set(TransactionSerializer().fields) >= NAMES
