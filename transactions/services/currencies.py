"""Which currencies an owner uses."""

from typing import TYPE_CHECKING

from ..models import Transaction

if TYPE_CHECKING:
    from users.models import User

RECENT = 100  # transactions that are looked at: the newest ones, which an index finds


def own_currencies(owner: "User") -> list[str]:
    """Return the owner's default currency, and those of the newest transactions, the newest first."""
    rows = Transaction.objects.for_owner(owner).order_by("-created_at", "-id")
    return list(dict.fromkeys([owner.currency, *rows.values_list("currency", flat=True)[:RECENT]]))
