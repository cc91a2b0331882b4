"""What the pages of the history show, in words: what was changed, by whom and how."""

import datetime
from collections.abc import Iterable, Mapping
from contextlib import suppress
from decimal import Decimal
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.urls import NoReverseMatch, reverse
from django.utils.text import Truncator, capfirst
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _
from rest_framework import serializers

from cashman_project.api.origin import ADMIN, API, COMMAND, IMPORT, PAGE, RULE, UNDO
from cashman_project.api.types import JSONObject, SerializerField
from cashman_project.locales import current_formats

from .models import Operation, OwnedModel
from .resources import RESOURCES, Resource
from .serializers import revision_json
from .services.revisions import RowChange, Version, deletion_of, names_in

if TYPE_CHECKING:
    from users.models import User

SHOWN = 10  # versions on the page of a row
LONGEST_TEXT = 100  # characters of a value that are shown
NOTHING = "—"
EMPTY: tuple[object, ...] = (None, "", [])  # values that say nothing
Row = JSONObject  # what a template reads

DONE = {
    Operation.CREATED.value: gettext_lazy("Added: %(what)s"),
    Operation.DELETED.value: gettext_lazy("Deleted: %(what)s"),
    Operation.UPDATED.value: gettext_lazy("Changed: %(what)s"),
}
VERSIONS = {
    Operation.CREATED.value: gettext_lazy("Added"),
    Operation.UPDATED.value: pgettext_lazy("a version", "Changed"),
    Operation.DELETED.value: gettext_lazy("Deleted"),
}
BY_READER = {
    API: gettext_lazy("by you through the API"),
    PAGE: gettext_lazy("by you on the web"),
    IMPORT: gettext_lazy("by you with an import"),
    RULE: gettext_lazy("by you with a rule"),
    UNDO: gettext_lazy("by you with Undo"),
    ADMIN: gettext_lazy("in the admin"),  # by you, or by a user who is erased
    COMMAND: gettext_lazy("by a command"),
}
BY_NAME = {
    API: gettext_lazy("by %(name)s through the API"),
    PAGE: gettext_lazy("by %(name)s on the web"),
    IMPORT: gettext_lazy("by %(name)s with an import"),
    RULE: gettext_lazy("by %(name)s with a rule"),
    UNDO: gettext_lazy("by %(name)s with Undo"),
    ADMIN: gettext_lazy("by %(name)s in the admin"),
}


class FieldWords(NamedTuple):
    """A field that was changed, as people read it."""

    label: str
    old: str
    new: str
    is_number: bool


def by_whom(origin: JSONObject, owner_name: str = "") -> str:
    """Return who wrote something and how; "" if that is not kept. The reader is its owner, unless the owner is named.

    `origin` is the JSON of a revision or of a version.
    """
    via, token = origin["via"], origin["token"]
    name = origin["by"] or (owner_name if via not in (ADMIN, COMMAND) else "")
    if via is None:
        return ""
    if token and via == API:
        words = _("by the token “%(token)s” of %(name)s") if name else _("by your token “%(token)s”")
    else:
        words = str((BY_NAME if name else BY_READER).get(via, ""))
    return words % {"name": name, "token": token}


@lru_cache
def _fields(resource: Resource, language: str | None) -> Mapping[str, SerializerField]:
    """Return the fields of the resource's JSON. Their labels are in the language, which is the present one."""
    return resource.serializer_class().fields


def field_words(resource: Resource, change: JSONObject) -> FieldWords:
    """Return the words for a field in the JSON of a change."""
    field = _fields(resource, get_language()).get(change["field"])  # None if the serializer has lost it since
    label = capfirst(str(field.label)) if field else change["field"]
    old, new = _value(field, change["old"]), _value(field, change["new"])
    return FieldWords(label, old, new, getattr(field, "is_decimal", False))


def _value(field: object, value: object) -> str:
    """Return a value of JSON as people of the reader's language write it."""
    if value in EMPTY:
        return NOTHING
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list):
        return Truncator(", ".join(value)).chars(LONGEST_TEXT)
    if getattr(field, "is_decimal", False):
        return current_formats().number(Decimal(str(value)))
    if isinstance(field, serializers.DateField):
        return current_formats().day(datetime.date.fromisoformat(str(value)))
    if isinstance(field, serializers.UUIDField | serializers.PrimaryKeyRelatedField):
        return _("Yes")  # it has one: an id tells people nothing
    if isinstance(field, serializers.ChoiceField):
        return capfirst(str(field.choices.get(value, value)))
    return Truncator(str(value)).chars(LONGEST_TEXT)


def version_rows(resource: Resource, versions: Iterable[JSONObject], owner_name: str = "") -> list[Row]:
    """Return the versions of a row, of which each is JSON, in words."""
    return [
        {
            **version,
            "fields": [field_words(resource, change) for change in version["changes"]],
            "words": VERSIONS[version["operation"]],
            "by_whom": by_whom(version, owner_name),
        }
        for version in versions
    ]


def revision_words(revision: JSONObject, names: Mapping[int, tuple[Resource, str]]) -> list[str]:
    """Return what a revision, in JSON, has done. `names` has the only row that it wrote, by its number."""
    if revision["undoes"]:
        return [_("Undid revision %(number)s") % {"number": revision["undoes"]}]
    words = []
    for operation, done in DONE.items():
        numbers = {name: counts[operation] for name, counts in revision["counts"].items() if operation in counts}
        if not numbers:
            continue
        if revision["number"] in names:
            what = _named(*names[revision["number"]])
        else:
            what = ", ".join(_counted(name, number) for name, number in numbers.items())
        words.append(str(done) % {"what": what})
    return words


def _named(resource: Resource, name: str) -> str:
    """Return what a row is and its name: transaction “2 Nov 2026 pizza”."""
    kind = resource.model._meta.verbose_name
    return _("%(kind)s “%(name)s”") % {"kind": kind, "name": Truncator(name).chars(LONGEST_TEXT)}


def _counted(name: str, number: int) -> str:
    """Return how many rows of the resource there are; the resource may be one that is not there any more."""
    count = current_formats().number(Decimal(number))
    if name not in RESOURCES:
        return f"{count} {name}"
    return str(RESOURCES[name].counted % {"rows": number, "count": count})


def rows_written(revision: JSONObject) -> int:
    """Return how many rows a revision, in JSON, has written."""
    return sum(sum(counts.values()) for counts in revision["counts"].values())


def revision_rows(owner: "User", revisions: list[JSONObject]) -> list[Row]:
    """Return the revisions, of which each is JSON, in words. `undone` says which of them a later one here undoes."""
    single = [row["number"] for row in revisions if not row["undoes"] and rows_written(row) == 1]
    names = names_in(owner.pk, single) if single else {}
    undone: set[object] = set()
    rows = []
    for row in sorted(revisions, key=lambda row: -row["number"]):  # so an undo that is undone comes first
        is_undone = row["number"] in undone
        if row["undoes"] and not is_undone:
            undone.add(row["undoes"])
        rows.append({**row, "words": revision_words(row, names), "by_whom": by_whom(row), "undone": is_undone})
    return rows


def revision_days(owner: "User", revisions: list[JSONObject]) -> list[Row]:
    """Return the revisions in words, by the days on which they were made, in the order in which they are given."""
    zone = ZoneInfo(owner.time_zone)
    words = {row["number"]: row for row in revision_rows(owner, revisions)}
    rows = [words[revision["number"]] for revision in revisions]

    def day_of(row: Row) -> datetime.date:
        return datetime.datetime.fromisoformat(row["at"]).astimezone(zone).date()

    return [{"date": date, "rows": list(group)} for date, group in groupby(rows, day_of)]


def change_rows(changes: Iterable[RowChange]) -> list[Row]:
    """Return what a revision has done to rows, in words: of a deleted row, all that it had."""
    rows = []
    for change in changes:
        resource = RESOURCES[change.resource]
        fields = change.fields
        if change.operation == Operation.DELETED and change.data:
            names = [name for name, value in change.data.items() if value not in EMPTY]
            fields = [
                {"field": name, "old": change.data[name], "new": None} for name in names if is_told(resource, name)
            ]
        what = _named(resource, change.name)
        rows.append(
            {
                "what": what,
                "words": str(DONE[change.operation]) % {"what": what},
                "url": _url_of(resource, change.id),
                "operation": change.operation,
                "fields": [field_words(resource, field) for field in fields],
            }
        )
    return rows


def _url_of(resource: Resource, pk: UUID) -> str:
    """Return the path of the row; "" if rows of this kind have no page by their id, as checks of accounts."""
    with suppress(NoReverseMatch):
        return reverse(f"{resource.model._meta.model_name}-detail", args=[pk])
    return ""


def is_told(resource: Resource, name: str) -> bool:
    """Return whether people set the field, so that its value is worth telling."""
    return not resource.serializer.fields[name].read_only


def deletion_context(owner: UUID, model: type[OwnedModel], pk: UUID) -> Row:
    """Return the name of a deleted row, and who deleted it and when, if that is kept.

    `can_restore` says whether to undo the revision brings back this row and no other. Raises LookupError if the owner
    has no such deleted row.
    """
    name, revision = deletion_of(owner, model, pk)
    if revision is None:
        return {"name": name}
    origin = revision_json(revision)
    return {"name": name, **origin, "by_whom": by_whom(origin), "can_restore": deletes_one(origin)}


def changes_one(version: Version) -> bool:
    """Return whether the revision of this version has updated this row and written no other."""
    is_update = version.operation == Operation.UPDATED
    return is_update and version.origin is not None and rows_written(revision_json(version.origin)) == 1


def deletes_one(revision: JSONObject) -> bool:
    """Return whether a revision, in JSON, has deleted one row and created none."""
    operations = revision["counts"].values()
    deleted = sum(counts.get(Operation.DELETED.value, 0) for counts in operations)
    return deleted == 1 and not any(Operation.CREATED.value in counts for counts in operations)
