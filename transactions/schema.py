"""Amounts in the API's schema."""

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent

from cashman_project.money.amounts import LIMIT

from .models import Income

# Either with a whole part, or with a fraction that is not all zeros.
ABOVE_ZERO = (
    rf"[1-9][0-9]{{0,{len(str(int(LIMIT))) - 2}}}(\.[0-9]{{1,4}})?"
    r"|0\.([1-9][0-9]{0,3}|0[1-9][0-9]{0,2}|00[1-9][0-9]?|000[1-9])"
)


class AmountExtension(OpenApiSerializerFieldExtension):
    """In a response, an amount is text. In a request, it is text or a number, and not zero. Its absolute amount is
    below the limit, and an income is above zero.

    The schema doesn't say how many decimals a number may have, because `multipleOf` fails on binary fractions.
    """

    target_class = "cashman_project.money.serializer_field.AmountField"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> dict[str, object]:
        if direction == "response":
            return {"type": "string", "pattern": r"^-?(0|[1-9][0-9]*)(\.[0-9]{1,4})?$"}
        income = self.target.parent.Meta.model is Income
        limit = int(LIMIT)
        text = {"type": "string", "pattern": rf"^{'' if income else '-?'}({ABOVE_ZERO})$"}
        number = {
            "type": "number",
            "format": "double",  # exact for the fifteen digits of an amount; clients may read a plain number as float
            "minimum": 0 if income else -limit,
            "exclusiveMinimum": True,
            "maximum": limit,
            "exclusiveMaximum": True,
            **({} if income else {"not": {"enum": [0]}}),
        }
        component = ResolvedComponent(
            "IncomeAmountRequest" if income else "AmountRequest",
            ResolvedComponent.SCHEMA,
            {"oneOf": [text, number], "description": "Best as text, which is exact in every language."},
            self.target,
        )
        auto_schema.registry.register_on_missing(component)
        reference: dict[str, object] = component.ref
        return reference
