"""Amounts in the API's description."""

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.plumbing import ResolvedComponent

from cashman_project.money.amounts import LIMIT

from .models import Income

# Two alternatives: with a whole part, or a fraction of four digits that are not all zeros.
ABOVE_ZERO = (
    rf"[1-9][0-9]{{0,{len(str(int(LIMIT))) - 2}}}(\.[0-9]{{1,4}})?"
    r"|0\.([1-9][0-9]{0,3}|0[1-9][0-9]{0,2}|00[1-9][0-9]?|000[1-9])"
)


class AmountExtension(OpenApiSerializerFieldExtension):
    """Out: text. In: text or a number, both below the limit in size, not zero, and of an income above zero.

    That a number has no more decimals than its currency is not said: `multipleOf` fails on binary fractions.
    """

    target_class = "cashman_project.money.serializer_field.AmountField"

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        if direction == "response":
            return {"type": "string", "pattern": r"^-?(0|[1-9][0-9]*)(\.[0-9]{1,4})?$"}
        income = self.target.parent.Meta.model is Income
        limit = int(LIMIT)
        text = {"type": "string", "pattern": rf"^{'' if income else '-?'}({ABOVE_ZERO})$"}
        number = {
            "type": "number",
            "format": "double",  # fifteen digits are exact: as many as an amount has; a plain number would be a float
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
        return component.ref
