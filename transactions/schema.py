"""Amounts in the API's schema."""

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent

from cashman_project.money.amounts import LIMIT
from cashman_project.money.serializer_field import AmountField

from .models import Income

# Either with a whole part, or with a fraction that is not all zeros.
ABOVE_ZERO = (
    rf"[1-9][0-9]{{0,{len(str(int(LIMIT))) - 2}}}(\.[0-9]{{1,4}})?"
    r"|0\.([1-9][0-9]{0,3}|0[1-9][0-9]{0,2}|00[1-9][0-9]?|000[1-9])"
)


TEXT: dict[str, object] = {"type": "string", "pattern": r"^-?(0|[1-9][0-9]*)(\.[0-9]{1,4})?$"}  # in a response


def component(auto_schema: AutoSchema, name: str, sign: str) -> dict[str, object]:
    """Return a reference to the component of an amount in a request: text or a number, below the limit.

    `sign` is "+" for one above zero, "-" for one that is not zero, and "0" for any.

    The schema doesn't say how many decimals a number may have, because `multipleOf` fails on binary fractions.
    """
    limit = int(LIMIT)
    digits = rf"(0|[1-9][0-9]{{0,{len(str(limit)) - 2}}})(\.[0-9]{{1,4}})?" if sign == "0" else f"({ABOVE_ZERO})"
    text = {"type": "string", "pattern": f"^{'' if sign == '+' else '-?'}{digits}$"}
    number = {
        "type": "number",
        "format": "double",  # exact for the fifteen digits of an amount; clients may read a plain number as float
        "minimum": 0 if sign == "+" else -limit,
        "exclusiveMinimum": True,
        "maximum": limit,
        "exclusiveMaximum": True,
        **({"not": {"enum": [0]}} if sign == "-" else {}),
    }
    found = ResolvedComponent(
        name,
        ResolvedComponent.SCHEMA,
        {"oneOf": [text, number], "description": "Best as text, which is exact in every language."},
        AmountField,  # whichever kind of it asks first
    )
    auto_schema.registry.register_on_missing(found)
    reference: dict[str, object] = found.ref
    return reference


class AmountExtension(OpenApiSerializerFieldExtension):
    """In a response, an amount is text. In a request, it is text or a number. That of a transaction is not zero, and an
    income is above zero. A balance may be anything."""

    target_class = "cashman_project.money.serializer_field.AmountField"
    match_subclasses = True

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> dict[str, object]:
        if direction == "response":
            return TEXT
        model = getattr(getattr(self.target.parent, "Meta", None), "model", None)
        if model is None:
            return component(auto_schema, "BalanceRequest", "0")
        if model is Income:
            return component(auto_schema, "IncomeAmountRequest", "+")
        return component(auto_schema, "AmountRequest", "-")


class TransferAmountExtension(OpenApiSerializerFieldExtension):
    """The amount of a transfer has no sign."""

    target_class = "transactions.transfer_serializers.TransferAmountField"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> dict[str, object]:
        if direction == "response":
            return TEXT
        return component(auto_schema, "TransferAmountRequest", "+")
