"""Transactions: the sign that follows the type, and the two kinds that never mix."""

import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import FieldError, ObjectDoesNotExist, ValidationError
from django.db import DatabaseError, IntegrityError, NotSupportedError, connection, transaction

from cashman_project.db.postgresql.citus import has_citus
from transactions.choices import TransactionType
from transactions.models import Expense, Income, Transaction
from transactions.tests.factories import ExpenseFactory, IncomeFactory
from users.models import User

COMMON: dict[str, Any] = {"description": "x", "currency": "USD", "date": datetime.date(2026, 11, 1)}


def stored(row: Transaction) -> Decimal:
    amount: Decimal = Transaction.objects.values_list("amount", flat=True).get(pk=row.pk)
    return amount


# -- The sign ---------------------------------------------------------------------------------


@pytest.mark.parametrize("sent", [Decimal("20.50"), Decimal("-20.50")])
def test_an_expense_is_below_zero_however_it_is_written(sent: Decimal, alice: User) -> None:
    saved = Expense(owner=alice, amount=sent, **COMMON)
    saved.save()
    created = Expense.objects.create(owner=alice, amount=sent, **COMMON)
    plain = Transaction.objects.create(owner=alice, type=TransactionType.EXPENSE, amount=sent, **COMMON)
    [bulk] = Expense.objects.bulk_create([Expense(owner=alice, amount=sent, **COMMON)])
    got, _created = Expense.objects.get_or_create(owner=alice, external_id="a", defaults={"amount": sent, **COMMON})
    rows = [saved, created, plain, bulk, got]
    assert [row.amount for row in rows] == [stored(row) for row in rows] == [Decimal("-20.50")] * 5

    for row in rows:
        row.amount = 2 * sent
    saved.save()
    created.save(update_fields=["amount"])
    Expense.objects.bulk_update([plain, bulk], ["amount"])
    Expense.objects.update_or_create(owner=alice, external_id="a", defaults={"amount": 2 * sent})
    assert [stored(row) for row in rows] == [Decimal("-41.00")] * 5


def test_clean_gives_an_expense_its_sign_and_refuses_an_income_below_zero(alice: User) -> None:
    expense = Expense(owner=alice, amount=Decimal(20), **COMMON)
    expense.full_clean()
    assert expense.amount == -20

    with pytest.raises(ValidationError) as caught:
        Income(owner=alice, amount=Decimal(-20), **COMMON).full_clean()
    assert caught.value.error_dict["amount"][0].code == "negative"


@pytest.mark.parametrize("amount", ["abc", 1.5, None, Decimal("NaN"), Decimal("Infinity"), True, "1_000", 0, "0.00"])
@pytest.mark.parametrize("kind", [Income, Expense])
def test_full_clean_names_the_amount_whatever_it_is(kind: Any, amount: Any, alice: User) -> None:
    with pytest.raises(ValidationError) as caught:
        kind(owner=alice, amount=amount, **COMMON).full_clean()
    assert set(caught.value.error_dict) == {"amount"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", Decimal("1.005")),
        ("amount", Decimal("100000000000")),
        ("amount", Decimal("1E+999999999")),
        ("currency", "usd"),
        ("currency", "XXX"),
        ("date", datetime.date(1899, 12, 31)),
        ("date", datetime.date(2201, 1, 1)),
        ("description", ""),
        ("description", "x" * 201),
        ("type", "GIFT"),
    ],
)
def test_full_clean_names_a_wrong_field(field: str, value: Any, alice: User) -> None:
    values = {"owner": alice, "type": "INCOME", "amount": Decimal(1), **COMMON, field: value}
    with pytest.raises(ValidationError) as caught:
        Transaction(**values).full_clean()
    assert set(caught.value.error_dict) - {"__all__"} == {field}


def test_full_clean_does_not_trip_over_two_faults_at_once(alice: User) -> None:
    with pytest.raises(ValidationError) as caught:
        Income(owner=alice, **COMMON | {"currency": "usd"}, amount=Decimal("1.00005")).full_clean()
    assert set(caught.value.error_dict) == {"amount", "currency"}


@pytest.mark.parametrize("amount", [Decimal(20), Decimal(0)])
def test_an_update_cannot_turn_an_expense_round(amount: Decimal, alice: User) -> None:
    expense = ExpenseFactory.create(owner=alice)
    with pytest.raises(IntegrityError), transaction.atomic():
        Expense.objects.filter(pk=expense.pk).update(amount=amount)
    assert stored(expense) == -50


@pytest.mark.parametrize("write", ["save", "bulk_create", "bulk_update"])
@pytest.mark.parametrize("amount", [Decimal(-20), Decimal(0)])
def test_an_income_not_above_zero_is_refused_by_the_database(write: str, amount: Decimal, alice: User) -> None:
    income = IncomeFactory.create(owner=alice)
    income.amount = amount
    writes: dict[str, Callable[[], object]] = {
        "save": income.save,
        "bulk_create": lambda: Income.objects.bulk_create([IncomeFactory.build(owner=alice, amount=amount)]),
        "bulk_update": lambda: Income.objects.bulk_update([income], ["amount"]),
    }
    with pytest.raises(IntegrityError), transaction.atomic():
        writes[write]()
    assert list(Income.objects.values_list("amount", flat=True)) == [5000]


@pytest.mark.parametrize(
    "change",
    [
        "amount = 0",
        "amount = -amount",
        "amount = 1000000000000000",
        "amount = NULL",
        "type = 'EXPENSE'",
        "type = 'GIFT'",
        "type = 'income'",
        "date = '1899-12-31'",
        "date = '2201-01-01'",
        "owner_id = NULL",
        "external_id = 'taken'",
        "id = (SELECT id FROM transactions_transaction WHERE {owner} AND external_id = 'taken')",
    ],
)
def test_the_database_itself_holds_the_rules(change: str, alice: User) -> None:
    IncomeFactory.create(owner=alice, external_id="taken")
    row = IncomeFactory.create(owner=alice, external_id="free")
    owner = f"owner_id = '{alice.pk if connection.vendor == 'postgresql' else alice.pk.hex}'"
    change = change.format(owner=owner)
    is_citus_own = has_citus(connection) and change.startswith("owner_id")  # it changes no owner, whatever it becomes
    with (
        pytest.raises(NotSupportedError if is_citus_own else IntegrityError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE transactions_transaction SET {change} WHERE {owner} AND external_id = 'free'")  # noqa: S608
    row.refresh_from_db()
    assert (row.type, row.amount, row.date) == ("INCOME", 5000, datetime.date(2026, 11, 1))


def test_an_external_id_is_taken_by_its_owner_alone(alice: User, bob: User) -> None:
    IncomeFactory.create(owner=alice, external_id="bank-1")
    IncomeFactory.create(owner=bob, external_id="bank-1")
    for _without in range(2):
        IncomeFactory.create(owner=alice, external_id=None)

    with pytest.raises(ValidationError, match="external id"):
        ExpenseFactory.build(owner=alice, external_id="bank-1").full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        ExpenseFactory.create(owner=alice, external_id="bank-1")
    assert Transaction.objects.for_owner(alice).count() == 3


# -- Incomes and expenses ---------------------------------------------------------------------


def test_each_kind_sees_its_own_rows_alone(alice: User) -> None:
    income, expense = IncomeFactory.create(owner=alice), ExpenseFactory.create(owner=alice)

    assert list(Income.objects.all()) == [income]
    assert list(Expense.objects.all()) == [expense]
    assert set(Transaction.objects.values_list("pk", flat=True)) == {income.pk, expense.pk}
    with pytest.raises(Income.DoesNotExist):
        Income.objects.get(pk=expense.pk)
    assert Income.objects.update(description="changed") == 1
    assert Expense.objects.get().description == "pizza"


def test_a_new_instance_has_the_type_of_its_class(alice: User) -> None:
    assert Income().type == TransactionType.INCOME
    assert Expense(owner=alice, amount=Decimal(1), **COMMON).type == TransactionType.EXPENSE
    assert Income.objects.create(owner=alice, amount=Decimal(1), **COMMON).type == TransactionType.INCOME
    for kind, other in ((Income, "EXPENSE"), (Expense, "INCOME")):
        with pytest.raises(ValueError, match=f"can't hold a row of type {other}"):
            kind(type=other)


@pytest.mark.parametrize("rows", [Income, Expense])
def test_a_loaded_row_of_the_other_type_raises(rows: Any, alice: User) -> None:
    other = ExpenseFactory if rows is Income else IncomeFactory
    pk = other.create(owner=alice).pk
    with pytest.raises(ValueError, match="can't hold a row of type"):
        rows.objects.raw("SELECT * FROM transactions_transaction")[0]
    held = rows(pk=pk, owner=alice, amount=Decimal(1), **COMMON)
    with pytest.raises(ObjectDoesNotExist):
        held.refresh_from_db()


def test_a_row_without_its_type_loads_it_when_asked(alice: User) -> None:
    IncomeFactory.create(owner=alice)
    income = Income.objects.only("description").get()
    assert "type" not in income.__dict__
    assert income.type == TransactionType.INCOME


@pytest.mark.parametrize("way", ["save_that_field", "update", "bulk_update"])
def test_a_type_is_written_with_the_amount_alone(way: str, alice: User) -> None:
    row = Transaction.objects.get(pk=IncomeFactory.create(owner=alice).pk)
    row.type = TransactionType.EXPENSE
    writes: dict[str, Callable[[], object]] = {
        "save_that_field": lambda: row.save(update_fields=["type"]),
        "update": lambda: Transaction.objects.update(type=TransactionType.EXPENSE),
        "bulk_update": lambda: Transaction.objects.bulk_update([row], ["type"]),
    }
    with pytest.raises(FieldError), transaction.atomic():
        writes[way]()
    assert Transaction.objects.values_list("type", "amount", "version").get() == ("INCOME", 5000, 1)


def test_a_row_of_an_unknown_type_is_refused(alice: User) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        Transaction.objects.create(owner=alice, type="GIFT", amount=Decimal(1), **COMMON)
