"""What the summary and the charts show, in JSON."""

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from cashman_project.api.types import FieldOptions, FieldsSerializer, SerializerField
from cashman_project.money.serializer_field import AmountField
from transactions.choices import TransactionType
from transactions.groupings import GROUPINGS, Grouping

from . import examples

PERIOD: FieldOptions = {"help_text": _("A month such as 2026-11, or a year such as 2026.")}
CATEGORY: FieldOptions = {"allow_null": True, "help_text": _("The name of a category, or null for none.")}

OTHERS: FieldOptions = {"allow_null": True, "help_text": _("The name of an account, or null for all others.")}
OUTSIDE: FieldOptions = {"allow_null": True, "help_text": _("The name of an account, or null for outside.")}


class DatedSerializer(FieldsSerializer):
    """What has its first day and its last."""

    def get_fields(self) -> dict[str, SerializerField]:
        dates = {name: serializers.DateField() for name in ("from", "to")}  # a class can't name an attribute "from"
        return {**dates, **super().get_fields()}


class ChartPeriodSerializer(DatedSerializer):
    """The sums of a month or a year, as far as it is between `from` and `to`."""

    period = serializers.CharField(**PERIOD)
    income = AmountField()
    expense = AmountField()
    net = AmountField()


class ChartCategorySerializer(FieldsSerializer):
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


class ChartFlowSerializer(FieldsSerializer):
    """The incomes or the expenses of a category."""

    type = serializers.ChoiceField(TransactionType.choices)
    category = serializers.CharField(**CATEGORY)
    amount = AmountField()


class HeldSerializer(FieldsSerializer):
    """What is in an account."""

    account = serializers.CharField(**OTHERS)
    balance = AmountField()


class ChartWorthSerializer(DatedSerializer):
    """What is in the accounts at the end of the day `to`."""

    period = serializers.CharField(**PERIOD)
    assets = AmountField()
    debts = AmountField()
    net_worth = AmountField()
    accounts = HeldSerializer(many=True)


class ChartMoveSerializer(FieldsSerializer):
    """What was moved from an account to another one."""

    amount = AmountField()

    def get_fields(self) -> dict[str, SerializerField]:
        return {**{name: serializers.CharField(**OUTSIDE) for name in ("from", "to")}, **super().get_fields()}


def chart_serializer(name: str, row: type[FieldsSerializer]) -> type[FieldsSerializer]:
    """Return the serializer of a chart's JSON, with rows of that kind."""

    class ChartSerializer(DatedSerializer):
        currency = serializers.CharField()
        rows = row(many=True)

    ChartSerializer.__name__ = f"{name}ChartSerializer"
    return ChartSerializer


class SumsSerializer(FieldsSerializer):
    """The sums of a currency, and their days. A day is null where no date says where the days begin or end."""

    income = AmountField()
    expense = AmountField()
    net = AmountField()
    count = serializers.IntegerField()

    def get_fields(self) -> dict[str, SerializerField]:
        dates = {name: serializers.DateField(allow_null=True) for name in ("from", "to")}
        return {**dates, **super().get_fields()}


class SummaryPreviousSerializer(SumsSerializer):
    """The sums that a group is compared with. `from` and `to` are null if there are no such days."""


class SummaryTotalSerializer(SumsSerializer):
    """The sums of all groups of a currency."""

    currency = serializers.CharField()
    balance = AmountField(required=False, help_text=_("At the end of the last day; with balance=true."))
    previous = SummaryPreviousSerializer(required=False, help_text=_("With compare."))


class SummarySerializer(SummaryTotalSerializer):
    """A group's sums: `currency`, the group's keys, its days, and the amounts."""

    def get_fields(self) -> dict[str, SerializerField]:
        return {**{name: _key_field(name, GROUPINGS[name]) for name in GROUPINGS}, **super().get_fields()}


def _key_field(name: str, grouping: Grouping) -> SerializerField:
    words = {"name": name, "example": grouping.example}
    help_text = _("Such as %(example)s; with group_by=%(name)s.") if grouping.example else _("With group_by=%(name)s.")
    options: FieldOptions = {"required": False, "allow_null": grouping.nullable, "help_text": help_text % words}
    if grouping.choices:
        return serializers.ChoiceField(grouping.choices, **options)
    return serializers.CharField(**options)


@extend_schema_serializer(examples=examples.SUMMARIES)
class SummaryListSerializer(FieldsSerializer):
    """The groups, ordered by their keys and the currency, and the total of each currency."""

    results = SummarySerializer(many=True)
    total = SummaryTotalSerializer(many=True)
