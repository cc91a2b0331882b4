"""Names for types that Django and the databases' drivers leave open."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from django.contrib.contenttypes.fields import GenericForeignKey
    from django.db.models import Field, ForeignKey, ForeignObjectRel

# A model's field of any kind. Code that works with every field does not know the types of its values.
AnyField: TypeAlias = "Field[Any, Any]"
# A foreign key to any model, required or not.
AnyForeignKey: TypeAlias = "ForeignKey[Any, Any]"
# What a model's `_meta.get_field` returns.
FieldOrRelation: TypeAlias = "AnyField | ForeignObjectRel | GenericForeignKey"
# The values of a row as a driver takes or returns them. Their types are those of the row's columns.
DatabaseRow: TypeAlias = Sequence[Any]
# The values of a row by the names of its columns, each of its column's type.
Values: TypeAlias = dict[str, Any]
# SQL and its parameters. Django passes the parameters on without reading them.
SQL: TypeAlias = tuple[str, list[Any] | tuple[Any, ...]]
