"""Creation of transactions in the usual notation, without a serializer (docs/adr/0036-fast-creation.md).

Everything else (a rare notation, an error, an unknown category) is left to the serializers, which read every notation
and report errors. So there is only one judge of errors.
"""

from collections.abc import Sequence
from decimal import Decimal
from operator import itemgetter
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from rest_framework.exceptions import ValidationError as Refused
from uuid_utils import uuid7  # the standard library's UUID takes three times as long to make and to write

from cashman_project.api.dates import format_timestamp
from cashman_project.api.origin import Origin
from cashman_project.api.serializers import StrictModelSerializer
from cashman_project.api.types import JSONObject, Validated
from cashman_project.db.types import DatabaseRow
from cashman_project.money.amounts import format_units, units_of
from ledgers.at_once import Link, insert_at_once
from ledgers.writer import Write, writing

from ..choices import TransactionType
from ..models import Account, Category, Tag, Transaction
from ..names import LONGEST_NAME, MOST_TAGS, name_key, tags_text
from .rules import Facts, left_out, rules_of
from .usual_notation import Notation, notation_of

if TYPE_CHECKING:
    from users.models import User


EXPENSE = TransactionType.EXPENSE.value
NOTHING: JSONObject = {}
FIND_NONE = "SELECT NULL::uuid AS id, NULL::text AS name"
FIND_CATEGORY = "SELECT id, name FROM transactions_category WHERE owner_id = %s AND key = %s"


NO_CATEGORY = Link("category_id", FIND_NONE, ())
CategoryFound = tuple[UUID | None, str | None]  # its id and its name
NewRows = tuple[list[DatabaseRow], list[JSONObject]]


class UnusualError(ValueError):
    """The model's rules ask for something that fast creation does not know of a row."""


class Candidate:
    """Stands for a row while the model's rules are checked. It has the values of the fields that a body may have."""

    def __getattr__(self, name: str) -> object:
        raise UnusualError(name)


def create_fast(
    *,
    owner: "User",
    serializer: type[StrictModelSerializer[Transaction]],
    data: Sequence[object],
    is_array: bool = False,
    is_new: bool = False,
    runs_rules: bool = True,
) -> list[JSONObject] | None:
    """Insert the transactions that `data` describes, as the serializer would; return them as JSON data.

    With `is_array`, what is wrong with a row is told with its index, also if there is only one. With `is_new`, the
    caller has locked the ledger and found that no external id is given twice or taken. With `runs_rules`, the owner's
    rules give the rows what they leave out.

    If any of them is not in the usual notation, or something about the serializer is not known to fast creation, insert
    nothing and return None. Raises IntegrityError.
    """
    notation = notation_of(serializer)
    accounts, tags = Accounts(owner, data), Tags(owner, data)
    new = notation and _new_rows(owner, notation, data, accounts, tags)
    if not (notation and new):
        return None
    rows, answers = new
    names = [answer["category"] for answer in answers]
    key_of = {name: name and name_key(name) for name in set(names)}
    keys = [key_of[name] for name in names]
    with writing(owner.pk) as write:
        categories = _categories(write, {*key_of.values()} - {None})
        if not categories.keys() >= set(key_of.values()):
            return None
        is_checked = is_new or (len(rows) == 1 and not is_array)
        if not is_checked and any(_has_taken(owner, name, answers) for name in notation.unique):
            return None
        chosen = [categories[key] for key in keys]
        if runs_rules and write.has_rules:
            chosen = _ruled(write, data, answers, accounts, chosen)
        for (_id, name), answer in zip(chosen, answers, strict=True):
            answer["category"] = name
        linked = [(*row, category) for row, (category, _name) in zip(rows, chosen, strict=True)]
        columns = (*notation.columns, "category_id")
        if accounts.are_named:
            columns = (*columns, "account_id")
            linked = [(*row, accounts.ids.get(answer["account"])) for row, answer in zip(linked, answers, strict=True)]
        if tags.are_named or any(answer["tags"] for answer in answers):
            columns = (*columns, "tags")
            linked = [(*row, tags_text(answer["tags"])) for row, answer in zip(linked, answers, strict=True)]
        Transaction.objects.insert(owner.pk, columns, linked)
    return answers


def create_one(
    *, owner: "User", origin: Origin, serializer: type[StrictModelSerializer[Transaction]], data: object
) -> tuple[JSONObject, int] | None:
    """Insert one transaction as `create_fast` does, but by `insert_at_once`. Return it as JSON data, and the number of
    its revision; None if nothing was inserted, as for a row with an account, which a lock may refuse, or
    with tags. Raises IntegrityError."""
    notation = notation_of(serializer)
    accounts, tags = Accounts(owner, [data], read=False), Tags(owner, [data], read=False)
    is_alone = not accounts.are_named and not tags.are_named
    new = notation and is_alone and _new_rows(owner, notation, [data], accounts, tags)
    if not (notation and new):
        return None
    [row], [answer] = new
    name = answer["category"]
    link = Link("category_id", FIND_CATEGORY, (owner.pk, name_key(name))) if name else NO_CATEGORY
    found = insert_at_once(owner.pk, origin, Transaction, notation.columns, row, link)
    if found is None:
        return None
    revision, _ledger, _category, answer["category"] = found
    return answer, revision


def _new_rows(
    owner: "User", notation: Notation, data: Sequence[object], accounts: "Accounts", tags: "Tags"
) -> NewRows | None:
    """Return the columns of the rows that `data` describes, and the JSON data of each; None if one of them is not in
    the usual notation."""
    timestamp = timezone.now()
    stamp = format_timestamp(timestamp)
    defaults, json = {**notation.defaults}, {**notation.json}
    values_of = itemgetter(*notation.inserted)
    others = tuple(notation.others.values())
    candidate = Candidate()
    rows: list[DatabaseRow] = []
    answers: list[JSONObject] = []
    for item in data:
        if type(item) is not dict:
            return None
        given = set(item)
        if not notation.required <= given <= notation.known:
            return None
        for name in notation.owners - given:
            if name not in defaults:
                defaults[name] = notation.owner_defaults[name](owner)
                json[name] = notation.representations[name](defaults[name])
        try:
            account, of_account = None, NOTHING
            if accounts.are_named or "account" in item:
                account = accounts.of(item)
                if account is not None and "currency" not in item:
                    of_account = {"currency": account.currency}
            units = _read(item, notation, {**defaults, **of_account}, candidate, account)
            names = tags.of(item["tags"]) if tags.are_named and item.get("tags") else ()
        except (Refused, ValidationError, ValueError):
            return None
        key = uuid7()
        answer = {**json, **of_account, **item, "amount": units, "account": account and account.name}
        if names:
            answer["tags"] = names
        rows.append((key.hex, 1, timestamp, timestamp, *values_of(answer), *others))
        answer["amount"] = format_units(units, answer["currency"])
        answer["id"] = str(key)
        answer["version"] = 1
        answer["created_at"] = answer["updated_at"] = stamp
        answers.append(answer)
    return rows, answers


class Accounts:
    """The accounts that the items name, and that of rows which name none. They are read only if there are any.

    The database refuses a row whose account is deleted between this and the insertion.
    """

    def __init__(self, owner: "User", data: Sequence[object], *, read: bool = True) -> None:
        self.owner = owner
        names = {
            item["account"]
            for item in data
            if type(item) is dict and "account" in item and type(item["account"]) is str
        }
        keys = {name_key(name) for name in names if _may_be_name(name)}
        self.are_named = bool(keys or (owner.account and data))
        self.found: dict[str, Account] = {}
        if self.are_named and read:
            wanted = Q(key__in=keys) | Q(pk=owner.account)
            self.found = {row.key: row for row in Account.objects.for_owner(owner).filter(wanted)}
        self.default = next((row for row in self.found.values() if row.pk == owner.account), None)
        self.ids = {row.name: row.pk for row in self.found.values()}

    def of(self, item: JSONObject) -> Account | None:
        """Return the account of a new row. Raises UnusualError if it names one that is not there."""
        if "account" not in item:
            default = self.default
            is_right = default is not None and default.currency == item.get("currency", self.owner.currency)
            return default if is_right else None
        name = item["account"]
        if name is None:
            return None
        account = self.found.get(name_key(name)) if type(name) is str and _may_be_name(name) else None
        if account is None:
            raise UnusualError("account")
        return account


class Tags:
    """The tags that the items name. They are read only if there are any.

    `insert` refuses a row whose tag is renamed or deleted between this and the insertion.
    """

    def __init__(self, owner: "User", data: Sequence[object], *, read: bool = True) -> None:
        given = [names for item in data if type(item) is dict and type(names := item.get("tags")) is list]
        self.are_named = any(given)
        self.found: dict[str, str] = {}
        if self.are_named and read:
            named = {name for names in given for name in names[:MOST_TAGS] if type(name) is str}
            keys = {name_key(name) for name in named if _may_be_name(name)}
            rows = Tag.objects.for_owner(owner).filter(key__in=keys)
            self.found = dict(rows.values_list("key", "name"))

    def of(self, names: Sequence[str]) -> list[str]:
        """Return the names as the tags have them. Raises UnusualError if one is not there, or is given twice."""
        keys = [name_key(name) for name in names if _may_be_name(name)]
        if len(keys) < len(names) or len(set(keys)) < len(keys) or not self.found.keys() >= set(keys):
            raise UnusualError("tags")
        return [self.found[key] for key in keys]


def _ruled(
    write: Write,
    data: Sequence[Any],  # Any: objects of JSON, which were read
    answers: Sequence[JSONObject],
    accounts: Accounts,
    chosen: Sequence[CategoryFound],
) -> list[CategoryFound]:
    """Give the answers the tags that the owner's rules have for what the items leave out. Return the id and the name of
    each row's category, given or chosen."""
    rules, categories = rules_of(write.owner), []
    for item, answer, category in zip(data, answers, chosen, strict=True):
        units = abs(units_of(Decimal(answer["amount"])))
        account = accounts.ids.get(answer["account"])
        facts = Facts(answer["description"], answer["notes"], account, answer["type"], answer["currency"], units)
        given = rules.give(facts, left_out(item))
        categories.append(given.category or category)
        if given.tags:
            answer["tags"] = given.tags
    return categories


def _may_be_name(name: str) -> bool:
    """Return whether the database can look for the name. A name that it can't look for is read by the serializer."""
    return 0 < len(name) <= LONGEST_NAME and name.isprintable()


def _read(
    item: JSONObject,
    notation: Notation,
    values: Validated,
    candidate: Candidate,
    account: Account | None,
) -> int:
    """Add the values of the item's fields; return the amount in ten-thousandths. Raises an error if the item is not in
    the usual notation, or breaks a rule."""
    readers = notation.readers
    for name, value in item.items():
        values[name] = readers[name](value)
    if values["category"] is not None:
        del values["category"]  # which one it is, is not known yet
    values["account"] = account
    candidate.__dict__ = values
    read = {**values}
    notation.clean(candidate)
    if values != read:
        raise UnusualError("a rule that changes the row")
    units = units_of(values["amount"])
    return -units if values["type"] == EXPENSE and units > 0 else units


def _has_taken(owner: "User", name: str, answers: Sequence[JSONObject]) -> bool:
    """Return whether a value of the field, which is unique, is given twice or is taken. The serializers report which
    one."""
    given = [answer[name] for answer in answers if answer[name] is not None]
    if not given:
        return False
    rows = Transaction.objects.for_owner(owner).filter(**{f"{name}__in": given})
    return len(set(given)) < len(given) or rows.exists()


def _categories(write: Write, keys: set[str]) -> dict[str | None, CategoryFound]:
    """Lock the ledger, and return the id and the name of its categories with those keys, and None for no category."""
    none: dict[str | None, CategoryFound] = {None: (None, None)}
    if len(keys) == 1:
        [key] = keys
        pk, name = write.lock_and_read(FIND_CATEGORY, [write.owner, key])
        return none | {key: (pk, name)} if pk else none
    write.lock()
    rows = Category.objects.filter(owner=write.owner, key__in=keys).values_list("key", "id", "name") if keys else ()
    return none | {key: (pk, name) for key, pk, name in rows}
