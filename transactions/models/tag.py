"""Tags, by which transactions are found across categories."""

from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from ledgers.models.owned import OwnedManager, OwnerField

from ..names import LONGEST_NAME
from ..querysets import TagQuerySet
from .named import NamedModel

TagManager = OwnedManager.from_queryset(TagQuerySet)


class Tag(NamedModel):
    """A name that any number of transactions may have, beside their category. A transaction holds the names itself."""

    resource = "tags"

    objects: "ClassVar[TagManager[Tag]]" = TagManager()

    class Meta(NamedModel.Meta):
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        indexes = [models.Index(fields=["owner", "revision", "id"], name="tag_revision")]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "key"],
                name="tag_name_unique",
                violation_error_message=_("You already have a tag with this name."),
            )
        ]

    def clean(self) -> None:
        """Raise ValidationError if the name has a comma, which stands between tags on pages."""
        super().clean()
        if "," in self.name:
            raise ValidationError({"name": ValidationError(_("A tag has no comma."), code="comma")})


class Join(models.ForeignObject):  # type: ignore[type-arg]  # not subscriptable at run time
    """A relation to join two tables by. It has no column, and is no part of migrations."""

    def contribute_to_class(
        self, cls: type[models.Model], name: str, private_only: bool = False, **options: object
    ) -> None:
        super().contribute_to_class(cls, name, private_only=True, **options)


class TransactionTag(models.Model):
    """One name of a transaction's `tags`, exactly as it stands there. Only the database's triggers write it."""

    pk = models.CompositePrimaryKey("owner_id", "name", "transaction_id")
    owner = OwnerField()
    name = models.CharField(max_length=LONGEST_NAME)
    transaction_id = models.UUIDField()
    transaction = Join(
        "Transaction",
        models.DO_NOTHING,
        from_fields=["owner", "transaction_id"],
        to_fields=["owner", "id"],
        related_name="tag_names",
    )

    class Meta:
        indexes = [models.Index(fields=["owner", "transaction_id"], name="transactiontag_transaction")]

    def __str__(self) -> str:
        return str(self.name)

    def _save_table(self, *args: object, **kwargs: object) -> bool:
        """Do nothing: Django's own hook for the INSERT or UPDATE of `save`. `loaddata` loads the transactions too."""
        return False
