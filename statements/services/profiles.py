"""Options that are kept for the next file of an account (docs/adr/0049-profiles-and-reading.md)."""

from typing import TYPE_CHECKING
from uuid import UUID

from cashman_project.api.types import JSONObject
from transactions.models import Account
from transactions.names import name_key

from ..choices import Status
from ..models import Import, ImportProfile

if TYPE_CHECKING:
    from users.models import User

MOST_SEEN = 100  # earlier imports among which the last one of a shape is looked for
MOST_PROFILES = 200  # of an owner; the oldest ones go
# What says how files of a shape are to be read. Which account it is and how a file overlaps others is said each time.
OPTIONS = (
    *("format", "encoding", "date_order", "decimal", "delimiter", "header", "columns", "amount_column", "unsigned"),
    *("negative_debit", "direction", "fee", "create_categories"),
)


def profiles_of(owner: "User", shape: str) -> dict[UUID, JSONObject]:
    """Return the options that are kept for files of this shape, by account."""
    found = ImportProfile.objects.filter(owner=owner, shape=shape)
    return dict(found.values_list("account_id", "options"))


def last_accounts(plan: Import) -> dict[str, str]:
    """Return the accounts that the last imported files of the plan's shape were of, by what these call them, where they
    all were of the same one."""
    rows = Import.objects.filter(owner=plan.owner_id).order_by("-created_at", "-id")
    found: dict[str, set[str]] = {}
    for shape, status, statements in rows.values_list("shape", "status", "statements")[:MOST_SEEN]:
        if shape == plan.shape and status == Status.COMMITTED:
            for one in statements:
                found.setdefault(one.get("called", ""), set()).add(one["account_id"])
    return {name: next(iter(accounts)) for name, accounts in found.items() if len(accounts) == 1}


def account_named(owner: "User", name: str | None) -> UUID | None:
    """Return the account that the user has named."""
    named = Account.objects.for_owner(owner).filter(key=name_key(name)) if name else Account.objects.none()
    return named.values_list("pk", flat=True).first()


def kept(options: JSONObject) -> JSONObject:
    """Return those of the options that a profile keeps."""
    return {name: options[name] for name in OPTIONS if options.get(name) is not None}


def save_profile(plan: Import) -> None:
    """Keep the options of the plan for the next file of its account, if it has one account only. The ledger is
    locked."""
    accounts = {one["account_id"] for one in plan.statements}
    options = kept({**(plan.profile or {}), **plan.options})
    if len(accounts) != 1 or not plan.shape or not options:
        return
    own = ImportProfile.objects.filter(owner=plan.owner_id)
    key = {"account_id": UUID(accounts.pop()), "shape": plan.shape}
    if not change_profile(own.filter(**key).first(), options):
        ImportProfile.objects.bulk_create([ImportProfile(owner_id=plan.owner_id, **key, options=options)])
        old = own.order_by("-created_at", "-pk").values_list("pk", flat=True)[MOST_PROFILES:]
        own.filter(pk__in=list(old)).delete()


def change_profile(profile: ImportProfile | None, options: JSONObject) -> bool:
    """Let the profile have these options. Return whether it is there."""
    if profile is None:
        return False
    if profile.options != options:
        profile.options, profile.version = options, profile.version + 1
        own = ImportProfile.objects.filter(owner=profile.owner_id, pk=profile.pk)
        own.update(options=profile.options, version=profile.version)
    return True
