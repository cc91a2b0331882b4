"""Transfers in JSON."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers
from rest_framework.utils.html import is_html_input

from cashman_project.api.dates import format_timestamp
from cashman_project.api.owner import owner_of
from cashman_project.api.pages.selects import Select
from cashman_project.api.serializers import (
    StrictCharField,
    StrictDateField,
    StrictListSerializer,
    StrictModelSerializer,
    StrictSerializer,
    StrictTimestampField,
)
from cashman_project.api.types import FieldsSerializer, JSONObject, SerializerField, Validated
from cashman_project.api.viewsets import UUID_FORM
from cashman_project.money.amounts import EXACT, exact_decimal, format_amount, parse_amount
from cashman_project.money.typed import form_amount, typed_amount
from cashman_project.texts import validate_one_line
from users.models import User

from . import transfer_examples as examples
from .models import Transaction, Transfer
from .name_fields import AccountField
from .serializers import TransactionSerializer
from .services.accounts import account_names
from .services.transfers import NOTHING, Legs, legs_of, save_transfer, values_of

END = Select(dict, account_names, none=_("outside my accounts"))


class StoredTransferSerializer(StrictModelSerializer[Transfer]):
    """A transfer as it is stored, in the history and in /changes. Its legs are transactions, which say the rest."""

    class Meta:
        model = Transfer
        fields = ["id", "date", "version", "created_at", "updated_at"]
        read_only_fields = fields


class TransferAmountField(serializers.Field[Decimal, object, str, Transfer]):
    """An absolute amount, in the currency of an account that the transfer names."""

    default_error_messages = {
        "invalid": _("Not an amount: give a plain number such as 12.50, with a point and no other sign or space.")
    }

    def to_internal_value(self, data: object) -> Decimal:
        if isinstance(data, str) and is_html_input(getattr(self.parent, "initial_data", None)):
            return typed_amount(data, owner_of(self.context["request"]).currency)
        try:
            return parse_amount(data) if isinstance(data, str) else EXACT.normalize(exact_decimal(data))
        except (TypeError, ValueError):
            self.fail("invalid")

    def run_validation(self, data: object = serializers.empty) -> object:
        if data == "" and is_html_input(getattr(self.parent, "initial_data", None)) and self.allow_null:
            return None
        return super().run_validation(data)

    def form_value(self, text: str) -> str:
        """Return an amount of JSON as a form shows it."""
        return form_amount(text)

    def to_representation(self, value: object) -> str:
        return str(value)


class IdField(serializers.UUIDField):
    """The id of a row, in its usual form."""

    def to_internal_value(self, data: object) -> UUID:
        if not (isinstance(data, str) and UUID_FORM.fullmatch(data)):
            self.fail("invalid", value=str(data)[:100])
        return UUID(data)


class TransferListSerializer(StrictListSerializer[Transfer]):
    """Many transfers, whose legs are read together."""

    def to_representation(self, data: Any) -> list[JSONObject]:  # Any: transfers
        transfers = list(data)
        attach_legs(owner_of(self.context["request"]), transfers)
        return super().to_representation(transfers)


@extend_schema_serializer(examples=examples.TRANSFERS)
class TransferSerializer(StrictSerializer):
    """Money that moved between two accounts. If `from` or `to` is null, it came from outside or went there.

    `received` is given exactly where the accounts have different currencies. `expense` and `income` are the ids of its
    legs in /transactions.
    """

    id = serializers.UUIDField(read_only=True)
    amount = TransferAmountField(label=_("Amount"), style={"mode": "decimal"})
    currency = serializers.CharField(read_only=True)
    received = TransferAmountField(
        required=False,
        allow_null=True,
        label=_("Received, in another currency"),
        style={"mode": "decimal", "more": True},
    )
    received_currency = serializers.CharField(read_only=True, allow_null=True)
    date = StrictDateField(required=False, label=_("Date"))
    received_on = StrictDateField(required=False, allow_null=True, label=_("Received on"), style={"more": True})
    description = StrictCharField(
        required=False, max_length=200, validators=[validate_one_line], label=_("Description")
    )
    notes = StrictCharField(
        required=False,
        max_length=2000,
        allow_blank=True,
        trim_whitespace=False,
        label=_("Notes"),
        style={"base_template": "textarea.html", "more": True},
    )
    expense = serializers.UUIDField(read_only=True, allow_null=True)
    income = serializers.UUIDField(read_only=True, allow_null=True)
    version = serializers.IntegerField(read_only=True)
    created_at = StrictTimestampField(read_only=True)
    updated_at = StrictTimestampField(read_only=True)

    class Meta:
        list_serializer_class = TransferListSerializer
        form_order = ("from", "to", "amount", "date", "description")

    def get_fields(self) -> dict[str, SerializerField]:
        fields = super().get_fields()
        options = {"allow_null": True, "required": False, "style": {"select": END}}
        ends = {
            "from": AccountField(source="source", label=pgettext_lazy("transfer", "From"), **options),
            "to": AccountField(source="target", label=pgettext_lazy("transfer", "To"), **options),
        }
        return {"id": fields.pop("id"), **ends, **fields}

    def create(self, validated_data: Validated) -> Transfer:
        owner = validated_data.pop("owner")
        values = {**NOTHING, "date": owner.today(), **validated_data}
        return self._saved(owner, Legs(Transfer(owner=owner)), values)

    def update(self, instance: Transfer, validated_data: Validated) -> Transfer:
        owner = owner_of(self.context["request"])
        attach_legs(owner, [instance])
        base = values_of(instance.legs)  # type: ignore[attr-defined]  # attached
        replaced = base if self.partial else {**NOTHING, "date": base["date"]}
        return self._saved(owner, instance.legs, {**replaced, **validated_data})  # type: ignore[attr-defined]

    def _saved(self, owner: "User", legs: Legs, values: Validated) -> Transfer:
        saved = save_transfer(owner, legs, values)
        saved.transfer.legs = saved  # type: ignore[attr-defined]  # as attach_legs does
        return saved.transfer

    def to_representation(self, instance: Transfer) -> JSONObject:
        attach_legs(owner_of(self.context["request"]), [instance])
        legs: Legs = instance.legs  # type: ignore[attr-defined]  # attached
        out, into, first = legs.expense, legs.income, legs.first
        other = into if out else None  # the second leg
        crosses = other is not None and other.currency != first.currency
        is_later = other is not None and other.date != first.date
        return {
            "id": str(instance.pk),
            "from": _name(out),
            "to": _name(into),
            "amount": format_amount(EXACT.abs(first.amount), first.currency),
            "currency": first.currency,
            "received": format_amount(other.amount, other.currency) if other and crosses else None,
            "received_currency": other.currency if other and crosses else None,
            "date": first.date.isoformat(),
            "received_on": other.date.isoformat() if other and is_later else None,
            "description": first.description,
            "notes": first.notes,
            "expense": str(out.pk) if out else None,
            "income": str(into.pk) if into else None,
            "version": instance.version,
            "created_at": format_timestamp(instance.created_at),
            "updated_at": format_timestamp(instance.updated_at),
        }

    def _is_stored_value(self, field: SerializerField, value: object) -> bool:
        name = str(field.field_name)
        return self.instance is not None and bool(self.to_representation(self.instance)[name] == value)


@extend_schema_serializer(examples=examples.PAIRS)
class PairSerializer(StrictSerializer):
    """An expense and an income, by their ids."""

    expense = IdField()
    income = IdField()


@extend_schema_serializer(examples=examples.EMPTY)
class EmptySerializer(StrictSerializer):
    """Nothing: the path says it all."""


class ProposalSerializer(FieldsSerializer):
    """An expense and an income that look like a transfer."""

    expense = TransactionSerializer()
    income = TransactionSerializer()


@extend_schema_serializer(examples=examples.PROPOSALS)
class ProposalsSerializer(FieldsSerializer):
    """The pairs that look like transfers, the newest first."""

    results = ProposalSerializer(many=True)


def attach_legs(owner: "User", transfers: Sequence[Transfer]) -> None:
    """Give each transfer its `legs`, with one query for those that have none yet."""
    missing = [transfer for transfer in transfers if not hasattr(transfer, "legs")]
    for legs in legs_of(owner, missing) if missing else ():
        legs.transfer.legs = legs  # type: ignore[attr-defined]  # for the serializer alone


def _name(leg: Transaction | None) -> str | None:
    return str(leg.account.name) if leg and leg.account else None
