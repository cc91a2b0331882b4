"""Splits: one transaction as several parts, and the parts as one again."""

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from uuid_utils.compat import uuid7

from cashman_project.api.types import Validated
from cashman_project.db.types import Values
from cashman_project.money.amounts import EXACT, format_amount

from ..errors import PartOfTransfer
from ..models import Category, Tag, Transaction
from ..names import NO_TAGS, name_key, tag_names, tags_text

if TYPE_CHECKING:
    from users.models import User

LEAST, MOST = 2, 50  # parts
SHARED = ("type", "currency", "date", "account")  # which all parts have alike


def parts_of(row: Transaction) -> list[Transaction]:
    """Return the parts of the row's split, in their order, or the row alone. The first one is the row that was
    split."""
    if row.split is None:
        return [row]
    parts = Transaction.objects.filter(owner=row.owner_id, split=row.split).select_related("category", "account")
    return sorted(parts, key=lambda part: (part.pk != row.split, part.pk))


def total_of(parts: Sequence[Transaction]) -> Decimal:
    """Return what the parts add up to."""
    total = Decimal(0)
    for part in parts:
        total = EXACT.add(total, part.amount)
    return total


def rows_for(parts: Sequence[Transaction], number: int) -> list[Transaction]:
    """Return the rows of so many parts: first those that are there, then new ones, which are not saved yet. A new one
    has the description of the first part."""
    first = parts[0]
    shared: Values = {name: getattr(first, name) for name in SHARED}
    new = sorted(uuid7() for _number in range(number - len(parts)))
    description = first.description
    return [
        *parts[:number],
        *(Transaction(pk=pk, owner_id=first.owner_id, description=description, **shared) for pk in new),
    ]


def save_split(stored: Sequence[Transaction], rows: Sequence[Transaction], parts: Sequence[Validated]) -> None:
    """Write the parts to the rows, which `rows_for` has made, so that they replace the stored parts. The ledger is
    locked.

    Each part has an amount and may have a category, a description, notes and tags; the row keeps what it lacks. Raises
    PartOfTransfer, and ValidationError if the parts don't add up to what the stored ones add up to.
    """
    first = stored[0]
    if first.transfer_id:
        raise PartOfTransfer
    total = total_of(stored)
    changed: set[str] = set()
    written = []
    for row, values in zip(rows, parts, strict=True):
        amount = EXACT.copy_sign(values["amount"], total)
        wanted = {**values, "amount": amount, "split": first.pk}
        names = {name for name, value in wanted.items() if getattr(row, name) != value}
        for name in names:
            setattr(row, name, wanted[name])
        if names and not row._state.adding:
            changed |= names
            written.append(row)
    rest = EXACT.subtract(EXACT.abs(total), EXACT.abs(total_of(rows)))
    if rest:
        text = format_amount(EXACT.abs(rest), first.currency)
        message = _("%(amount)s is left to assign.") if rest > 0 else _("%(amount)s is assigned too much.")
        raise ValidationError({"parts": [message % {"amount": f"{text} {first.currency}"}]}, code="not_exact")
    own = Transaction.objects.parts().filter(owner=first.owner_id)
    if leaving := [part.pk for part in stored[len(rows) :]]:
        own.filter(pk__in=leaving).delete()
    if written:
        own.bulk_update(written, sorted(changed))
    own.bulk_create([row for row in rows if row._state.adding])


def save_new_names(owner: "User", parts: Sequence[Validated], tags: Sequence[Tag]) -> None:
    """Save the categories and the tags of parts that are new, and give them to the parts as they are stored."""
    new = {name_key(one.name): one for part in parts if (one := part.get("category")) and one._state.adding}
    if new:
        Category.objects.bulk_create(new.values(), ignore_conflicts=True)
        stored = {one.key: one for one in Category.objects.for_owner(owner).filter(key__in=new)}
        for part in parts:
            if (category := part.get("category")) and category._state.adding:
                part["category"] = stored[name_key(category.name)]
    if tags:
        once = {name_key(tag.name): tag for tag in tags}
        Tag.objects.bulk_create(once.values(), ignore_conflicts=True)
        names = dict(Tag.objects.for_owner(owner).filter(key__in=once).values_list("key", "name"))
        for part in parts:
            own = tag_names(part.get("tags", NO_TAGS))
            part["tags"] = tags_text([names.get(name_key(name), name) for name in own])


def join_split(row: Transaction) -> Transaction:
    """Make the parts of the row's split one row again; return it. The ledger is locked.

    It is the first part, with all that it has, and what all of them add up to.
    """
    first, *others = parts = parts_of(row)
    if others:
        own = Transaction.objects.parts().filter(owner=first.owner_id)
        first.amount, first.split = total_of(parts), None
        own.filter(pk__in=[part.pk for part in others]).delete()
        own.bulk_update([first], ["amount", "split"])
    return first
