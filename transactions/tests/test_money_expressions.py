"""What SQL may do with money: sums, extremes, sizes and comparisons. All else raises."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import FieldError
from django.db import transaction
from django.db.models import (
    Avg,
    Case,
    Count,
    ExpressionWrapper,
    F,
    Func,
    Max,
    Min,
    OuterRef,
    StdDev,
    Subquery,
    Sum,
    Value,
    Variance,
    When,
    Window,
)
from django.db.models.functions import (
    Abs,
    Cast,
    Ceil,
    Coalesce,
    Concat,
    Floor,
    Greatest,
    Lag,
    Least,
    NullIf,
    Round,
    Sign,
)

from cashman_project.money.amounts import LIMIT
from cashman_project.money.model_field import MoneyField
from cashman_project.money.sums import MoneySum
from transactions.models import Expense, Income, Transaction
from transactions.tests.factories import ExpenseFactory, IncomeFactory
from users.models import User

MONEY = MoneyField()
EXPRESSIONS: list[Any] = [
    F("amount") + 1,
    F("amount") - Decimal(1),
    F("amount") * 2,
    F("amount") / 2,
    F("amount") % 2,
    F("amount") ** 2,
    F("amount").bitand(1),
    -F("amount"),
    F("amount") + F("amount"),
    F("amount") + F("version"),
    Abs("amount") + 1,
    ExpressionWrapper(F("amount") + 1, output_field=MONEY),
    Abs(ExpressionWrapper(F("amount") + 1, output_field=MONEY)),
    Func(F("amount"), function="ABS"),
    Case(When(type="INCOME", then="amount")),
    Case(When(type="INCOME", then="amount"), default=Value(0)),
    Case(When(type="INCOME", then="amount"), default=Value(0), output_field=MONEY),
    Cast("amount", MONEY),
    Ceil("amount"),
    Coalesce("amount", Decimal(0)),
    Coalesce("amount", Value(Decimal(0), output_field=MONEY)),
    Concat("amount", Value("x")),
    Floor("amount"),
    Greatest("amount", "amount"),
    Greatest("amount", Value(5)),
    Least("amount", "amount"),
    NullIf("amount", Value(5)),
    Round("amount"),
    Round("amount", 2),
    Sign("amount"),
    Subquery(Transaction.objects.values("amount")[:1]),
    Value(Decimal(5), output_field=MONEY),
    Window(Sum("amount")),
    Window(Min("amount")),
    Window(Lag("amount"), order_by="id"),
]
AGGREGATES: list[Any] = [
    Avg("amount"),
    Avg("amount", output_field=MONEY),
    Max("amount", default=Decimal(0)),
    Max(F("amount") + 1),
    Max(Round("amount")),
    Min(ExpressionWrapper(F("amount") + 1, output_field=MONEY)),
    MoneySum("amount", default=Decimal(0)),
    MoneySum("version"),
    MoneySum(F("amount") * 2),
    MoneySum(Case(When(type="INCOME", then="amount"))),
    StdDev("amount"),
    Sum("amount"),
    Sum("amount", default=Decimal(0)),
    Sum("amount", output_field=MONEY),
    Variance("amount"),
]


@pytest.fixture(autouse=True)
def rows(alice: User) -> None:
    for size in ("12.3456", "20", "0.0001"):
        IncomeFactory.create(owner=alice, amount=Decimal(size), currency="CLF")
        ExpenseFactory.create(owner=alice, amount=Decimal(size), currency="CLF")


# -- What is exact ----------------------------------------------------------------------------


def test_sums_extremes_and_sizes_are_exact() -> None:
    sums = Income.objects.aggregate(
        sum=MoneySum("amount"), low=Min("amount"), high=Max("amount"), count=Count("amount")
    )
    assert sums == {"sum": Decimal("32.3457"), "low": Decimal("0.0001"), "high": Decimal(20), "count": 3}

    sizes = Expense.objects.annotate(size=Abs("amount")).order_by("size")
    assert list(sizes.values_list("size", flat=True)) == [Decimal("0.0001"), Decimal("12.3456"), Decimal(20)]
    assert list(sizes.filter(size__gt=Decimal("12.34559")).values_list("amount", flat=True)) == [
        Decimal("-12.3456"),
        Decimal(-20),
    ]
    assert Transaction.objects.aggregate(sum=MoneySum(Abs("amount")), most=Max(Abs("amount"))) == {
        "sum": Decimal("64.6914"),
        "most": Decimal(20),
    }
    assert Transaction.objects.filter(amount=1).aggregate(sum=MoneySum("amount")) == {"sum": None}


def test_a_sum_passes_what_the_databases_own_integers_hold(alice: User) -> None:
    almost = LIMIT - Decimal("0.0001")
    rows = [ExpenseFactory.build(owner=alice, amount=almost, currency="CLF") for _row in range(9_300)]
    Expense.objects.bulk_create(rows, batch_size=1_000)

    assert Expense.objects.aggregate(sum=MoneySum("amount")) == {"sum": -9_300 * almost - Decimal("32.3457")}
    with pytest.raises(TypeError, match="does not allow distinct"):
        MoneySum("amount", distinct=True)


def test_groups_can_be_filtered_by_their_extremes() -> None:
    groups = Transaction.objects.order_by().values("type").annotate(least=Min("amount"), most=Max("amount"))

    assert list(groups.filter(least__lt=Decimal("-19.99999"))) == [
        {"type": "EXPENSE", "least": Decimal(-20), "most": Decimal("-0.0001")}
    ]
    assert list(groups.filter(most__gte=Decimal("1E+30"))) == []


# -- What raises ------------------------------------------------------------------------------


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_no_other_expression_is_read(expression: Any) -> None:
    with pytest.raises(FieldError):
        list(Transaction.objects.annotate(result=expression).values_list("result"))


@pytest.mark.parametrize("expression", EXPRESSIONS)
@pytest.mark.parametrize("lookup", ["exact", "gt", "lte", "in"])
def test_no_other_expression_is_compared(expression: Any, lookup: str) -> None:
    if isinstance(expression, Value):
        return_value = Transaction.objects.alias(result=expression).filter(result__gt=Decimal("4.99999"))
        assert return_value.count() == 6  # a constraint is validated in this way
    else:
        number = [Decimal(5)] if lookup == "in" else Decimal(5)
        with pytest.raises(FieldError):
            list(Transaction.objects.alias(result=expression).filter(**{f"result__{lookup}": number}))


@pytest.mark.parametrize("aggregate", AGGREGATES)
def test_no_other_aggregate_is_read(aggregate: Any) -> None:
    with pytest.raises(FieldError):
        Transaction.objects.aggregate(result=aggregate)
    with pytest.raises(FieldError):
        list(Transaction.objects.values("type").annotate(result=aggregate))


@pytest.mark.parametrize("aggregate", [*AGGREGATES, MoneySum("amount")])
def test_groups_are_filtered_by_no_sum_and_no_other_aggregate(aggregate: Any) -> None:
    with pytest.raises(FieldError):
        list(Transaction.objects.values("type").alias(result=aggregate).filter(result__gt=Decimal(5)).values("type"))


@pytest.mark.parametrize(
    "lookup", ["contains", "icontains", "startswith", "endswith", "iexact", "regex", "iregex", "range", "year", "abs"]
)
def test_no_other_lookup_is_compared(lookup: str) -> None:
    value = (Decimal(1), Decimal(2)) if lookup == "range" else "2"
    with pytest.raises(FieldError, match="Unsupported lookup"):
        Transaction.objects.filter(**{f"amount__{lookup}": value})


@pytest.mark.parametrize("lookup", ["exact", "gt", "gte", "lt", "lte", "in"])
@pytest.mark.parametrize(
    "expression",
    [
        F("version"),
        F("amount"),
        F("amount") + 1,
        Abs("amount"),
        OuterRef("amount"),
        Value(5),
        Value(Decimal(5), output_field=MONEY),
        Transaction.objects.values("amount")[:1],
    ],
)
def test_money_is_compared_with_no_expression(lookup: str, expression: Any) -> None:
    with pytest.raises(FieldError):
        Transaction.objects.filter(**{f"amount__{lookup}": expression})


@pytest.mark.parametrize(
    "expression",
    [
        F("amount"),
        F("amount") + 1,
        F("version"),
        Abs("amount"),
        Round("amount"),
        Value(5),
        Value(Decimal(5)),
        Cast(Value(5), MONEY),
        Case(When(type="INCOME", then=Value(5))),
        Case(When(type="INCOME", then=Value(Decimal(5), output_field=MONEY)), default=F("amount") + 1),
        Subquery(Transaction.objects.values("version")[:1]),
    ],
)
def test_no_expression_is_written(expression: Any) -> None:
    before = list(Transaction.objects.order_by("id").values_list("amount", "version"))
    kept = Income.objects.earliest("id")
    kept.amount = expression

    for write in (
        lambda: Income.objects.update(amount=expression),
        kept.save,
        lambda: Transaction.objects.bulk_update([kept], ["amount"]),
    ):
        with pytest.raises(FieldError), transaction.atomic():
            write()

    assert list(Transaction.objects.order_by("id").values_list("amount", "version")) == before


@pytest.mark.parametrize("expression", [Value(5), Value(Decimal(5)), Cast(Value(5), MONEY), Round(Value(5))])
def test_no_expression_is_inserted(expression: Any, alice: User) -> None:
    with pytest.raises(FieldError), transaction.atomic():
        IncomeFactory.create(owner=alice, amount=expression)
    with pytest.raises(FieldError), transaction.atomic():
        Income.objects.bulk_create([IncomeFactory.build(owner=alice, amount=expression)])
    assert Income.objects.count() == 3
