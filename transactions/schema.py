"""Amounts in the API's description."""

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerFieldExtension

from .money import LIMIT


class AmountExtension(OpenApiSerializerFieldExtension):
    """Out: text. In: text or a number, both below the limit in size."""

    target_class = "transactions.money.AmountField"

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        if direction == "response":
            return {"type": "string", "pattern": r"^-?(0|[1-9][0-9]*)(\.[0-9]{1,4})?$"}
        limit = int(LIMIT)
        text = {"type": "string", "pattern": rf"^-?(0|[1-9][0-9]{{0,{len(str(limit)) - 2}}})(\.[0-9]{{1,4}})?$"}
        number = {
            "type": "number",
            "minimum": -limit,
            "exclusiveMinimum": True,
            "maximum": limit,
            "exclusiveMaximum": True,
        }
        return {"oneOf": [text, number]}
