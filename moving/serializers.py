"""What was brought in, in JSON."""

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from cashman_project.api.serializers import StrictSerializer
from cashman_project.api.types import FieldsSerializer

from . import examples


class ExportFileSerializer(StrictSerializer):
    """The zip of an export."""

    file = serializers.FileField()


class CurrencySumsSerializer(FieldsSerializer):
    """The sums of all transactions of a currency, transfers too."""

    currency = serializers.CharField()
    count = serializers.IntegerField()
    income = serializers.CharField()
    expense = serializers.CharField()


@extend_schema_serializer(examples=examples.RESTORED)
class RestoredSerializer(FieldsSerializer):
    """What was brought in: the ledger's last revision, how many rows each file had, and the sums of the
    transactions."""

    revision = serializers.IntegerField()
    counts = serializers.DictField(child=serializers.IntegerField(), help_text="By the names of the files.")
    totals = CurrencySumsSerializer(many=True)
