"""Ledgers, their revisions, and what rows were before each change (docs/adr/0042-one-writer.md)."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .. import writer

LONGEST_REQUEST_ID = 128
LONGEST_RESOURCE = 32


class Ledger(models.Model):
    """All rows of one owner. `revision` is the number of its last revision.

    The history of the revisions before `kept_from` is deleted. `has_rules` says whether rules run on new rows.
    """

    owner = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, db_column="id", related_name="+"
    )
    revision = models.BigIntegerField(default=0, db_default=0)
    kept_from = models.BigIntegerField(default=0, db_default=0)
    has_rules = models.BooleanField(default=False, db_default=False)

    def __str__(self) -> str:
        return f"{self.owner_id} at {self.revision}"


class Revision(models.Model):
    """One write of a ledger: who made it, when, through which door, and how many rows it wrote.

    `by` is the user who made it if that is not the ledger's owner. `undoes` is the number of the revision that it takes
    back. `counts` has numbers of rows: {resource: {"created" | "updated" | "deleted": number}}.
    """

    pk = models.CompositePrimaryKey("ledger_id", "number")
    ledger = models.ForeignKey(Ledger, models.CASCADE, related_name="+", db_index=False)
    number = models.BigIntegerField()
    at = models.DateTimeField(_("at"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, related_name="+", null=True, db_index=False)
    via = models.CharField(max_length=10)
    token = models.CharField(max_length=100)
    request_id = models.CharField(max_length=LONGEST_REQUEST_ID)
    undoes = models.BigIntegerField(null=True)
    counts = models.JSONField()

    class Meta:
        indexes = [models.Index(fields=["by"], name="revision_by", condition=Q(by__isnull=False))]

    def __str__(self) -> str:
        return f"{self.ledger_id} {self.number}"


class Operation(models.TextChoices):
    CREATED = writer.CREATED, _("created")
    UPDATED = writer.UPDATED, _("updated")
    DELETED = writer.DELETED, _("deleted")


class Change(models.Model):
    """What a row was before a revision updated or deleted it: `before` has its columns in JSON.

    A row that is created needs no Change, unless an undo creates it again. A revision has one at most for each row.
    """

    pk = models.CompositePrimaryKey("ledger_id", "revision", "row_id")
    ledger = models.ForeignKey(Ledger, models.CASCADE, related_name="+", db_index=False)
    revision = models.BigIntegerField()
    row_id = models.UUIDField()
    resource = models.CharField(max_length=LONGEST_RESOURCE)
    operation = models.CharField(max_length=7, choices=Operation)
    before = models.TextField()

    class Meta:
        indexes = [models.Index(fields=["ledger", "row_id", "revision"], name="change_row")]

    def __str__(self) -> str:
        return f"{self.operation} {self.resource} {self.row_id}"
