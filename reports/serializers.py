"""What the charts show, in JSON."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from cashman_project.money.serializer_field import AmountField
from transactions.choices import TransactionType

PERIOD: dict[str, Any] = {"help_text": _("A month such as 2026-11, or a year such as 2026.")}
CATEGORY: dict[str, Any] = {"allow_null": True, "help_text": _("The name of a category, or null for none.")}


class DatedSerializer(serializers.Serializer[Any]):
    """What has its first day and its last."""

    def get_fields(self) -> dict[str, Any]:
        dates = {name: serializers.DateField() for name in ("from", "to")}  # a class can't name an attribute "from"
        return {**dates, **super().get_fields()}


class ChartPeriodSerializer(DatedSerializer):
    """The sums of a month or a year, as far as it is between `from` and `to`."""

    period = serializers.CharField(**PERIOD)
    income = AmountField()
    expense = AmountField()
    net = AmountField()


class ChartCategorySerializer(serializers.Serializer[Any]):
    """The sum of a category. `share` is its part of all of them, in percent."""

    category = serializers.CharField(**CATEGORY)
    amount = AmountField()
    share = serializers.CharField()
    count = serializers.IntegerField()


class ChartMonthSerializer(DatedSerializer):
    """The sums of a month of the year, and of the same month a year before."""

    period = serializers.CharField(**PERIOD)
    amount = AmountField()
    previous = AmountField()


class ChartBalanceSerializer(DatedSerializer):
    """The balance at the end of the day `to`."""

    period = serializers.CharField(**PERIOD)
    balance = AmountField()


class ChartFlowSerializer(serializers.Serializer[Any]):
    """The incomes or the expenses of a category."""

    type = serializers.ChoiceField(TransactionType.choices)
    category = serializers.CharField(**CATEGORY)
    amount = AmountField()


def chart_serializer(name: str, row: type[serializers.Serializer[Any]]) -> type[serializers.Serializer[Any]]:
    """Return the serializer of a chart's JSON, with rows of that kind."""

    class ChartSerializer(DatedSerializer):
        currency = serializers.CharField()
        rows = row(many=True)

    ChartSerializer.__name__ = f"{name}ChartSerializer"
    return ChartSerializer
