from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Status(TextChoices):
    """What has become of a plan."""

    READING = "reading", _("being read")
    PREVIEW = "preview", _("preview")
    COMMITTED = "committed", _("imported")
    UNDONE = "undone", _("undone")


class Verdict(TextChoices):
    """What a commit does with a line."""

    NEW = "new", _("new")
    DUPLICATE = "duplicate", _("here already")
    MATCH = "match", _("matches a transaction")
    TRANSFER = "transfer", _("transfer")
    ERROR = "error", _("can't be read")
    SKIPPED = "skipped", _("left out")


CREATES = (Verdict.NEW, Verdict.TRANSFER)  # lines of which a commit makes transactions
ENTERS = (*CREATES, Verdict.MATCH)  # lines whose identities a commit stores


def option_name(name: str) -> str:
    """Return what clients call an option of the readers."""
    return "date_format" if name == "date_order" else name
