"""What an erasure of users does to their imports."""

from collections.abc import Sequence
from uuid import UUID

from django.dispatch import receiver

from users import erasure

from ..models import Import, ImportFile, ImportProfile, ImportRow, LineIdentity


@receiver(erasure.delete_rows)
def delete_rows(keys: Sequence[UUID], **kwargs: object) -> None:
    """Delete the imports of these owners, and what was remembered of their lines. The ledgers are locked."""
    for key in keys:
        for model in (ImportFile, ImportRow, Import, ImportProfile, LineIdentity):
            model.objects.filter(owner=key).delete()
