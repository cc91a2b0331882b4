"""Plans of imports, their rows, and the identities of lines that were imported (docs/adr/0048-statement-plans.md)."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from cashman_project.db.derived_fields import DerivedQuerySet, FoldedField
from cashman_project.money.model_field import MoneyField
from ledgers.models.owned import OwnerField

from .choices import Status, Verdict

LONGEST_FILE_NAME = 200
LONGEST_BANK_ID = 255
LONGEST_SHAPE = 40


class Import(models.Model):
    """A file of statements, and the plan of what a commit makes of it. Its rows are ImportRows.

    `options` is what the user has said of the file, `questions` what has to be said. `statements` has the balances of
    the file, by account, and `makes` the accounts, categories and tags that a commit makes. `counts` has the number of
    rows by verdict. `based_on` is the ledger's last revision when the plan was made. `revision` is the one that the
    commit has written, or null if it wrote none; `undone_by` is the one that has undone it.

    Files of one `shape` name their lines alike (statements/formats/shapes.py). `profile` has the options that were kept
    of an earlier file. `first_day` and `last_day` are those of the lines. While the file is read, `read` says how many
    of its `size` bytes have been.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = OwnerField(verbose_name=_("owner"))
    status = models.CharField(_("status"), max_length=9, choices=Status, default=Status.PREVIEW)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    version = models.PositiveBigIntegerField(default=1)
    name = models.CharField(_("file"), max_length=LONGEST_FILE_NAME, blank=True)
    format = models.CharField(_("format"), max_length=5)
    options = models.JSONField(default=dict)
    questions = models.JSONField(default=list)
    statements = models.JSONField(default=list)
    makes = models.JSONField(default=dict)
    counts = models.JSONField(default=dict)
    based_on = models.BigIntegerField(default=0)
    revision = models.BigIntegerField(null=True)
    undone_by = models.BigIntegerField(null=True)
    shape = models.CharField(max_length=LONGEST_SHAPE, default="", db_default="")
    profile = models.JSONField(null=True)
    first_day = models.DateField(null=True)
    last_day = models.DateField(null=True)
    size = models.PositiveIntegerField(default=0, db_default=0)
    read = models.PositiveIntegerField(default=0, db_default=0)

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["owner", "created_at", "id"], name="import_created"),
            models.Index(fields=["owner", "revision"], name="import_revision", condition=Q(revision__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.name or str(self.pk)


class ImportFile(models.Model):
    """A part of the file of a preview, compressed. It is deleted when the plan is committed."""

    pk = models.CompositePrimaryKey("owner_id", "import_id", "part")
    owner = OwnerField()
    import_id = models.UUIDField()
    part = models.PositiveIntegerField()
    content = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.import_id} {self.part}"


class ImportRow(models.Model):
    """A line of the file, or what is told of it, and what a commit does with it.

    `key` is the line's identity. It is that of a line of `line_account_id`, or if that is null, of `account_id`:
    somebody may have moved the row to another account, but the next file has the line in the same one. `transaction_id`
    is the transaction that the line becomes, or the one that it already is. For a transfer, `transfer_with` is the
    transaction of the other account, and `transfer_id` the transfer. `seen_revision` is the revision of the matched or
    linked transaction when somebody chose it, if that was after the plan was made. `rule_id` is the first rule that has
    given the row something. `message` has words for people: their text and its values.
    """

    pk = models.CompositePrimaryKey("owner_id", "import_id", "number")
    owner = OwnerField()
    import_id = models.UUIDField()
    number = models.PositiveIntegerField()
    line = models.PositiveIntegerField()
    verdict = models.CharField(max_length=9, choices=Verdict)
    message = models.TextField(default="")
    account_id = models.UUIDField(null=True)
    line_account_id = models.UUIDField(null=True)
    date = models.DateField(null=True)
    amount = MoneyField(null=True)
    currency = models.CharField(max_length=3, default="")
    description = models.CharField(max_length=200, default="")
    notes = models.TextField(default="")
    category_id = models.UUIDField(null=True)
    tags = models.TextField(default="[]")
    bank_id = models.CharField(max_length=LONGEST_BANK_ID, default="")
    key = models.UUIDField(null=True)
    transaction_id = models.UUIDField(null=True)
    transfer_with = models.UUIDField(null=True)
    transfer_id = models.UUIDField(null=True)
    rule_id = models.UUIDField(null=True)
    seen_revision = models.BigIntegerField(null=True)
    reimport = models.BooleanField(default=False)
    # What its transaction has for search, made before the commit, which holds the ledger.
    description_folded = FoldedField(source="description", default="", db_default="")
    notes_folded = FoldedField(source="notes", default="", db_default="")

    objects = DerivedQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["owner", "import_id", "verdict", "number"], name="importrow_verdict")]

    def __str__(self) -> str:
        return f"{self.import_id} {self.number}"


class LineIdentity(models.Model):
    """A line of an account that was imported, so that it is not imported again.

    It stays if its transaction is deleted. `revision` is the one that has stored it last, and `freed_by` the one that
    has undone that. A line can be imported again if all its identities are freed. It has several if somebody wanted it
    once more. A commit that has written no revision has a number of its own below zero here.
    """

    pk = models.CompositePrimaryKey("owner_id", "account_id", "key", "revision")
    owner = OwnerField()
    account_id = models.UUIDField()
    key = models.UUIDField()
    revision = models.BigIntegerField()
    transaction_id = models.UUIDField()
    freed_by = models.BigIntegerField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["owner", "transaction_id"], name="lineidentity_transaction"),
            models.Index(fields=["owner", "revision"], name="lineidentity_revision"),
            models.Index(fields=["owner", "freed_by"], name="lineidentity_freed", condition=Q(freed_by__isnull=False)),
        ]

    def __str__(self) -> str:
        return str(self.key)


class ImportProfile(models.Model):
    """The options that were given for a file, kept for the next file of this account that has the same shape."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = OwnerField(verbose_name=_("owner"))
    account_id = models.UUIDField()
    shape = models.CharField(max_length=LONGEST_SHAPE)
    options = models.JSONField(default=dict)
    version = models.PositiveBigIntegerField(default=1)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "account_id", "shape"], name="importprofile_unique")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.shape}"
