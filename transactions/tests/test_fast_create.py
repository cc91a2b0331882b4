"""Fast creation makes the row and the JSON data that the serializer makes, or steps aside."""

from collections.abc import Sequence
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cashman_project.api.dates import FIRST_DATE, LAST_DATE
from cashman_project.money.amounts import LIMIT
from transactions.models import Category, Transaction
from transactions.serializers import ExpenseSerializer, IncomeSerializer, TransactionSerializer
from transactions.tests.shares import cases, reached, reaches
from transactions.tests.strategies import CURRENCIES, sizes
from users.models import User

from ..services.fast_create import create_fast

SERIALIZERS: dict[str | None, Any] = {
    None: TransactionSerializer,
    "INCOME": IncomeSerializer,
    "EXPENSE": ExpenseSerializer,
}
KINDS = ["INCOME", "EXPENSE"]
CHANGING = {"id", "created_at", "updated_at"}
REVISIONS = {"revision", "created_revision"}  # which the JSON has not
MISSING = object()


def lines(longest: int) -> st.SearchStrategy[str]:
    """Texts of one line without anything that is trimmed or refused; some hold what COPY and JSON escape."""
    letters = st.characters(exclude_categories=["Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"])
    inner = st.text(letters | st.sampled_from(" \\\"'/"), max_size=20)
    return st.builds("{}{}{}".format, letters, inner, letters).filter(lambda text: len(text) <= longest)


@st.composite
def bodies(draw: st.DrawFn) -> tuple[str | None, dict[str, Any]]:
    """Draw the type that a path has, if it has one, and a body that fast creation takes."""
    path_type, currency = draw(st.sampled_from([None, *KINDS])), draw(st.sampled_from(CURRENCIES))
    type_ = path_type or draw(st.sampled_from(KINDS))
    size = draw(sizes(currency))
    signed = -size if type_ == "EXPENSE" and draw(st.booleans()) else size
    body = {
        "description": draw(lines(200)),
        "amount": draw(st.sampled_from([f"{signed:f}", signed, int(signed) or 1])),
        "currency": currency,
    }
    optional = {
        "type": st.just(type_),
        "date": st.dates(FIRST_DATE, LAST_DATE).map(str),
        "category": st.sampled_from([None, "Food", "fOOD"]),
        "notes": st.just("") | lines(2000),
        "external_id": st.none() | lines(255),
    }
    for name, values in optional.items():
        if draw(st.booleans()) or (name == "type" and path_type is None):
            body[name] = draw(values)
    return path_type, body


# Values of one field of a body that is otherwise taken. Whether an amount is taken depends on the currency.
TAKEN: dict[str, Sequence[Any]] = {
    "description": ["x", "É", "x y", 200 * "x", "a\\tb\\N", "\\N", '"', "日本"],
    "amount": [
        "1",
        "1.5",
        "1.50",
        Decimal("1.50"),
        Decimal("1.500"),
        Decimal("1E+2"),
        1,
        "99999999999",
        Decimal("0.01"),
    ],
    "currency": [*CURRENCIES, "EUR", MISSING],
    "date": ["2026-11-30", str(FIRST_DATE), str(LAST_DATE), MISSING],
    "category": [None, "Food", "FOOD", MISSING],
    "notes": ["", "x", 2000 * "x", MISSING],
    "external_id": [None, "x", 255 * "x", MISSING],
}
TEXTS = [" x", "x ", "x\t", "a\nb", "a\rb", "\u200b", "e\u0301\n", "x\u2028", "\x00", "\ud800", " ", 1, True, [], {}]
LEFT: dict[str, Sequence[Any]] = {
    "description": [*TEXTS, "", None, 201 * "x", MISSING],
    "amount": [
        *("0", "-0", "0.00", "1.500", "01", "+1", "1e2", "1_0", " 1", "1 ", "1\n", ".5", "5.", "", "\u0661", "1.50000"),
        *(0, True, 1.5, None, [], {}, MISSING, str(LIMIT), int(LIMIT), Decimal("0.001"), Decimal("NaN")),
        *(Decimal("-0"), Decimal("Infinity"), "NaN"),
    ],
    "currency": ["usd", "XXX", "", None, 1, [], "US", "USD "],
    "date": ["2026-02-30", "1899-12-31", "2201-01-01", "2026-1-1", "", None, 20260101, [], "2026-11-30 ", "20261130"],
    "category": [*TEXTS, "", "Fun", "food ", 101 * "x"],
    "notes": [*TEXTS, None, 2001 * "x"],
    "external_id": [*TEXTS, "", 256 * "x"],
    "type": ["income", None, 1, [], ""],
    "id": [None, "01a20000-0000-7000-8000-000000000000"],
    "version": [1],
    "colour": ["red"],
}


@pytest.fixture
def owner(alice: User, bob: User) -> User:
    """alice, whose currency is the euro and who has a category; bob has another."""
    User.objects.filter(pk=alice.pk).update(currency="EUR")
    Category.objects.create(owner=alice, name="Food")
    Category.objects.create(owner=bob, name="Fun")
    alice.refresh_from_db()
    return alice


def changed(body: dict[str, Any], field: str, value: Any) -> dict[str, Any]:
    rest = {name: given for name, given in body.items() if name != field}
    return rest if value is MISSING else rest | {field: value}


def stored(row_id: str) -> dict[str, Any]:
    values: Any = Transaction.objects.values().get(pk=row_id)
    return {name: value for name, value in values.items() if name not in CHANGING | REVISIONS}


def check_taken(owner: User, path_type: str | None, body: dict[str, Any]) -> None:
    """Check that fast creation takes the body, and that the serializer makes the same row and JSON data of it."""
    Transaction.objects.all().delete()
    rows = create_fast(owner=owner, serializer=SERIALIZERS[path_type], data=[body])
    assert rows is not None, body
    [answer] = rows
    written = stored(answer["id"])
    Transaction.objects.for_owner(owner).delete()  # the external id is free again

    request: Any = SimpleNamespace(user=owner)
    serializer = SERIALIZERS[path_type](data=body, context={"request": request})
    serializer.is_valid(raise_exception=True)
    serializer.save(owner=owner)

    assert {**serializer.data, **{name: answer[name] for name in CHANGING}} == answer
    assert list(serializer.data) == list(answer)
    assert stored(serializer.data["id"]) == written
    reached("compared")


@reaches(compared=60)
@given(drawn=bodies())
def test_a_body_in_the_usual_notation_makes_the_row_that_the_serializer_makes(
    drawn: tuple[str | None, dict[str, Any]], owner: User
) -> None:
    check_taken(owner, *drawn)


@pytest.mark.parametrize("field", TAKEN)
@reaches(compared=15)
@settings(max_examples=cases(5))
@given(drawn=bodies())
def test_so_does_one_with_another_usual_value(
    field: str, drawn: tuple[str | None, dict[str, Any]], owner: User
) -> None:
    path_type, body = drawn
    others: dict[str, dict[str, Any]] = {"amount": {"currency": "USD"}, "currency": {"amount": 7}}
    fixed = others.get(field, {})
    for value in TAKEN[field]:
        check_taken(owner, path_type, changed(body | fixed, field, value))


@pytest.mark.parametrize("field", LEFT)
@reaches(left=5)
@settings(max_examples=cases(5))
@given(drawn=bodies())
def test_one_value_in_another_notation_is_left_to_the_serializer(
    field: str, drawn: tuple[str | None, dict[str, Any]], owner: User
) -> None:
    Transaction.objects.all().delete()
    path_type, body = drawn
    fixed = {"currency": "USD"} if field == "amount" else {}
    for value in LEFT[field]:
        assert (
            create_fast(owner=owner, serializer=SERIALIZERS[path_type], data=[changed(body | fixed, field, value)])
            is None
        ), value
        reached("left")
    assert not Transaction.objects.exists()


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
        rows = create_fast(owner=alice, serializer=SERIALIZERS[kind], data=[{**body, "external_id": f"{kind} 1"}])
        assert rows is not None
        assert Transaction.objects.get(pk=rows[0]["id"]).owner == alice
    assert not Transaction.objects.for_owner(outsider).exists()
    assert not Transaction.objects.for_owner(bob).exists()


def test_a_column_that_no_body_has_is_inserted_with_its_default(alice: User) -> None:
    meta = type("Meta", (IncomeSerializer.Meta,), {"fields": [n for n in IncomeSerializer.Meta.fields if n != "notes"]})
    serializer: Any = type("Derived", (IncomeSerializer,), {"Meta": meta})

    for rows in (1, 2):
        data = rows * [{"description": "salary", "amount": 5000}]
        assert create_fast(owner=alice, serializer=serializer, data=data) is not None

    assert set(Transaction.objects.values_list("owner", "notes", "notes_folded")) == {(alice.pk, "", "")}


def test_of_several_that_are_not_all_plain_none_is_written(alice: User) -> None:
    good = {"description": "salary", "amount": 5000}

    assert create_fast(owner=alice, serializer=IncomeSerializer, data=[good, {**good, "category": "Unknown"}]) is None
    assert create_fast(owner=alice, serializer=IncomeSerializer, data=[good, good | {"amount": 0}]) is None
    assert (
        create_fast(
            owner=alice, serializer=IncomeSerializer, data=[{**good, "external_id": "1"}, {**good, "external_id": "1"}]
        )
        is None
    )
    assert not Transaction.objects.exists()
