"""What the rows of a ledger refuse, each with its code."""

from django.utils.translation import gettext_lazy as _

from cashman_project.api.errors import Conflict
from cashman_project.api.types import JSONObject


class Locked(Conflict):
    """409: a locked check keeps transactions up to its day as they are."""

    default_detail = _(
        "A locked check keeps the amounts, dates and accounts of this account's transactions up to its day. Unlock it "
        "first."
    )
    default_code = "locked"


class PartOfTransfer(Conflict):
    """409: the amount, date and account of a leg change only with its transfer."""

    default_detail = _("This is part of a transfer: change or delete the transfer, or unlink it.")
    default_code = "part_of_transfer"


class NoSuchTag(Conflict):
    """409: a tag was renamed or deleted while a transaction got it."""

    default_detail = _("A tag was renamed or deleted meanwhile: try again.")


class PartOfSplit(Conflict):
    """409: the amount and the type of a part change only with its split, and its date, account and currency only
    together with those of all other parts."""

    default_detail = _(
        "This is part of a split: change the split, or join its parts. Only all parts together can be moved or deleted."
    )
    default_code = "part_of_split"


class InUse(Conflict):
    """409: so many transactions and rules name what is to be deleted."""

    def __init__(self, detail: str, transactions: int, rules: int) -> None:
        members: JSONObject = {"rules": rules} if rules else {}
        super().__init__(detail, transactions=transactions, **members)
