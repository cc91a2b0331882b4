"""Names for the types that Django and its REST framework leave open.

What such a value holds is known only when the service runs. These names say what it is.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict

from rest_framework import serializers

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# A JSON value, as a body has it before a serializer has checked it.
JSON: TypeAlias = dict[str, "JSON"] | list["JSON"] | str | int | float | Decimal | None
# A JSON object whose members are known: a row as its serializer writes it, or a part of the OpenAPI document.
JSONObject: TypeAlias = dict[str, Any]
# What a serializer or a filter form has validated: by field, a value of the field's own type.
Validated: TypeAlias = dict[str, Any]
# What the REST framework hands to its hooks: the `view`, its `request`, its `response`, and others.
RequestContext: TypeAlias = Mapping[str, Any]


class FieldOptions(TypedDict, total=False):
    """Those options of a serializer's field that every kind of field of ours takes."""

    required: bool
    allow_null: bool
    label: "StrOrPromise"
    help_text: "StrOrPromise"


# A field of a serializer, of any type of value.
SerializerField: TypeAlias = serializers.Field[Any, Any, Any, Any]
# A serializer of any type of row, or of many rows.
AnySerializer: TypeAlias = serializers.BaseSerializer[Any]
# A serializer that has fields, of any type of row.
FieldsSerializer: TypeAlias = serializers.Serializer[Any]
# An OwnedQuerySet of `ledgers`, which is above this package: it has `for_owner`. Its rows are an OwnedModel's.
OwnedRows: TypeAlias = Any
# An HttpResponseBase. The stubs of the REST framework promise a Response, which not all of our responses are.
AnyResponse: TypeAlias = Any
