"""Each common kind of field has a form in SQL, which is byte for byte what its serializer field makes."""

import datetime
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
import pytest
from django.db import connection, models
from django.test.utils import isolate_apps
from rest_framework import serializers

from cashman_project.api.fastpath.row_json import VALUES, find_form, row_json
from cashman_project.api.serializers import StrictModelSerializer

ID, OTHER = UUID("01a20000-0000-7000-8000-000000000000"), UUID("01a20000-0000-7000-8000-00000000000a")
STAMP = datetime.datetime(2026, 11, 30, 8, 15, tzinfo=datetime.UTC)
# A field of a model, and values that it may hold.
KINDS: dict[str, tuple[Any, list[Any]]] = {
    "flag": (models.BooleanField(), [True, False]),
    "flag_or_null": (models.BooleanField(null=True), [True, False, None]),
    "number": (models.IntegerField(), [0, -1, 2**31 - 1]),
    "number_or_null": (models.IntegerField(null=True), [7, None]),
    "small": (models.SmallIntegerField(), [-(2**15)]),
    "large": (models.BigIntegerField(), [-(2**63), 2**63 - 1]),
    "positive": (models.PositiveBigIntegerField(), [0, 2**63 - 1]),
    "price": (models.DecimalField(max_digits=10, decimal_places=2), [Decimal("0.1"), Decimal("-99999999.99"), 0]),
    "price_or_null": (models.DecimalField(max_digits=15, decimal_places=4, null=True), [Decimal("-0.0001"), None]),
    "whole": (models.DecimalField(max_digits=15, decimal_places=0), [Decimal(10**15 - 1), -5]),
    "text": (models.TextField(), ["", 'a "quoted" \\ text', "two\nlines\t\u2028é\U0001f600", "\x7f\x01"]),
    "text_or_null": (models.CharField(max_length=9, null=True), ["", "null", None]),
    "mail": (models.EmailField(), ["ada@example.org"]),
    "word": (models.CharField(max_length=9, choices=[("a", "A"), ("b c", "B")]), ["a", "b c"]),
    "word_or_null": (models.CharField(max_length=9, null=True, choices=[("a", "A")]), ["a", None]),
    "day": (models.DateField(), [datetime.date(1900, 1, 1), datetime.date(2200, 12, 31)]),
    "day_or_null": (models.DateField(null=True), [datetime.date(2026, 11, 30), None]),
    "timestamp": (models.DateTimeField(), [STAMP, STAMP.replace(microsecond=5)]),
    "timestamp_or_null": (models.DateTimeField(null=True), [STAMP, None]),
    "uuid": (models.UUIDField(), [ID]),
    "uuid_or_null": (models.UUIDField(null=True), [ID, None]),
    "parent_or_null": (models.ForeignKey("self", models.CASCADE, null=True, db_constraint=False), [OTHER, None]),
    "group": (models.ForeignKey("Numbered", models.CASCADE, db_constraint=False), [12]),
}


@pytest.fixture
def table(transactional_db: None) -> Iterator[Any]:
    """A serializer of a model that has a field of each kind, with its table."""
    with isolate_apps("cashman_project.api"):
        meta = type("Meta", (), {"app_label": "api"})
        type(
            "Numbered",
            (models.Model,),
            {"__module__": __name__, "Meta": meta, "id": models.AutoField(primary_key=True)},
        )
        key: Any = models.UUIDField(primary_key=True)
        fields = {name: field.clone() for name, (field, _values) in KINDS.items()}
        model: Any = type("Sample", (models.Model,), {"__module__": __name__, "Meta": meta, "id": key, **fields})
        with connection.schema_editor() as editor:
            editor.create_model(model)
        try:
            meta = type("Meta", (), {"model": model, "fields": ["id", *KINDS], "read_only_fields": ["id"]})
            yield type("SampleSerializer", (StrictModelSerializer,), {"Meta": meta})
        finally:
            with connection.schema_editor() as editor:
                editor.delete_model(model)


def test_each_kind_has_the_bytes_of_its_serializer_field(table: Any) -> None:
    rows = table.Meta.model.objects
    usual = {rows.model._meta.get_field(name).attname: values[0] for name, (_field, values) in KINDS.items()}
    number = 0
    for name, (_field, values) in KINDS.items():
        for value in values:
            number += 1
            rows.create(id=UUID(int=number), **usual | {rows.model._meta.get_field(name).attname: value})

    written = list(rows.order_by("pk").values_list(row_json(table()), flat=True))

    assert written == [orjson.dumps(table(row).data).decode() for row in rows.order_by("pk")]
    assert len(written) == number > len(KINDS)


def test_every_form_is_tried(table: Any) -> None:
    """All kinds of the list, but for the kinds of a viewset that the other tests have."""
    tried = {kind for field in table().fields.values() for kind in type(field).__mro__}
    assert VALUES.keys() - tried == {serializers.BigIntegerField}  # type: ignore[attr-defined]  # the stubs lack it


@pytest.mark.parametrize(
    "field",
    [
        serializers.DecimalField(max_digits=16, decimal_places=2),  # a float of SQLite has fewer digits
        serializers.DecimalField(max_digits=None, decimal_places=2),
        serializers.DecimalField(max_digits=9, decimal_places=None),
        serializers.DecimalField(max_digits=9, decimal_places=2, normalize_output=True),
        serializers.DecimalField(max_digits=9, decimal_places=2, localize=True),
        serializers.DecimalField(max_digits=9, decimal_places=2, coerce_to_string=False),
        serializers.FloatField(),
        serializers.PrimaryKeyRelatedField(read_only=True, pk_field=serializers.CharField(), source="group"),
        serializers.PrimaryKeyRelatedField(read_only=True, source="number"),
        serializers.PrimaryKeyRelatedField(read_only=True, source="group.owner"),
    ],
)
def test_what_would_look_different_has_no_form(field: Any, table: Any) -> None:
    meta = type("Meta", (), {"model": table.Meta.model, "fields": ["extra"]})
    extended = type("Extended", (table,), {"extra": field, "Meta": meta})

    assert find_form(extended().fields["extra"]) is None
