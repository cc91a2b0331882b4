"""Transfers in JSON."""

from cashman_project.api.serializers import StrictModelSerializer

from .models import Transfer


class StoredTransferSerializer(StrictModelSerializer[Transfer]):
    """A transfer as it is stored, in the history and in /changes. Its legs are transactions, which say the rest."""

    class Meta:
        model = Transfer
        fields = ["id", "date", "version", "created_at", "updated_at"]
        read_only_fields = fields
