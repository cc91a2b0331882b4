"""Creation of transactions in the usual notation, without a serializer (docs/adr/0036-fast-creation.md).

Everything else (a rare notation, an error, an unknown category) is left to the serializers, which read every notation
and report errors. So there is only one judge of errors.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from uuid_utils.compat import uuid7

from cashman_project.api.dates import format_timestamp, parse_date
from cashman_project.money.amounts import STORED_DIGITS, UNITS
from cashman_project.money.currencies import DIGITS

from ..category_names import category_key
from ..choices import TransactionType
from ..models import Category, Transaction

if TYPE_CHECKING:
    from users.models import User

NAMES = {"type", "description", "amount", "currency", "date", "category", "notes", "external_id"}
AMOUNT = re.compile(r"(-?)(0|[1-9][0-9]{0,10})(?:\.([0-9]{1,4}))?")
KINDS = frozenset(TransactionType.values)
COLUMNS = (
    *("id", "version", "created_at", "updated_at"),
    *("type", "description", "amount", "currency", "date", "notes", "external_id"),
)


def create_fast(*, owner: "User", kind: str | None, data: Sequence[Any]) -> list[dict[str, Any]] | None:
    """Insert the transactions that `data` describes, all of the type `kind` if it is given; return them as JSON data.

    If any of them is not in the usual notation, insert nothing and return None. Raises IntegrityError.
    """
    dated = all(type(item) is dict and "date" in item for item in data)
    usual = {"currency": owner.currency, "date": "" if dated else owner.today().isoformat()}
    timestamp = timezone.now()
    stamp = format_timestamp(timestamp)
    rows, answers = [], []
    for item in data:
        answer = _read(item, kind, usual) if type(item) is dict else None
        if answer is None:
            return None
        key = uuid7()
        units = answer.pop("units")
        answer |= {"id": str(key), "version": 1, "created_at": stamp, "updated_at": stamp}
        about = (answer["type"], answer["description"], units, answer["currency"], answer["date"])
        rows.append((key, 1, timestamp, timestamp, *about, answer["notes"], answer["external_id"]))
        answers.append(answer)
    return answers if _insert(owner, rows, answers) else None


def _insert(owner: "User", rows: Sequence[Sequence[Any]], answers: Sequence[Any]) -> bool:
    """Insert the rows, and give the answers the stored names of their categories. Return False if a row can't be
    inserted."""
    keys = [answer["category"] and category_key(answer["category"]) for answer in answers]
    if len(rows) == 1 and keys[0]:
        name = Transaction.objects.insert_categorized(COLUMNS, rows[0], owner, keys[0])
        answers[0]["category"] = name
        return name is not None
    categories = _categories(owner, set(keys) - {None})
    if not categories.keys() >= set(keys):
        return False
    if len(rows) > 1 and _has_taken(owner, [answer["external_id"] for answer in answers]):
        return False
    for key, answer in zip(keys, answers, strict=True):
        answer["category"] = categories[key][1]
    linked = [(*row, owner.pk, categories[key][0]) for key, row in zip(keys, rows, strict=True)]
    Transaction.objects.insert((*COLUMNS, "owner_id", "category_id"), linked)
    return True


def _has_taken(owner: "User", external_ids: Sequence[str | None]) -> bool:
    """Return whether an external id is given twice or is taken. The serializers report which one."""
    given = [external_id for external_id in external_ids if external_id is not None]
    if not given:
        return False
    rows = Transaction.objects.for_owner(owner).filter(external_id__in=given)
    return len(set(given)) < len(given) or rows.exists()


def _categories(owner: "User", keys: set[str]) -> dict[str | None, tuple[Any, str | None]]:
    """Return the id and the name of the owner's categories with those keys, and None for no category."""
    rows: Any = Category.objects.for_owner(owner).filter(key__in=keys).values_list("key", "id", "name") if keys else ()
    return {None: (None, None)} | {key: (pk, name) for key, pk, name in rows}


def _read(item: dict[str, Any], kind: str | None, usual: Mapping[str, str]) -> dict[str, Any] | None:
    """Return the row's JSON data with its `units`; None if the item is not in the usual notation."""
    get = item.get
    kind = get("type", kind) if kind is None or get("type", kind) == kind else None
    currency, date, category = get("currency", usual["currency"]), get("date", usual["date"]), get("category")
    description, notes, external_id = get("description"), get("notes", ""), get("external_id")
    if not (
        item.keys() <= NAMES
        and type(kind) is str
        and kind in KINDS
        and _is_plain(description, 200)
        and (notes == "" or _is_plain(notes, 2000))
        and (external_id is None or _is_plain(external_id, 255))
        and (category is None or _is_plain(category, 100))
        and type(currency) is str
        and _is_date(date)
    ):
        return None
    amount = _amount(get("amount"), DIGITS.get(currency, -1), kind)
    if amount is None:
        return None
    return {
        "id": None,
        "type": kind,
        "description": description,
        "amount": amount[1],
        "currency": currency,
        "date": date,
        "category": category,
        "notes": notes,
        "external_id": external_id,
        "units": amount[0],
    }


def _is_plain(text: Any, length: int) -> bool:
    """Return whether this is a text on one line that needs no trimming and is not refused."""
    return type(text) is str and 0 < len(text) <= length and text.isprintable() and text[0] != " " != text[-1]


def _is_date(text: Any) -> bool:
    try:
        return type(text) is str and bool(parse_date(text))
    except ValueError:
        return False


def _amount(value: Any, digits: int, kind: str) -> tuple[int, str] | None:
    """Return an amount in ten-thousandths and as text; None if it is in another notation or has more than `digits`
    decimals."""
    if digits < 0 or type(value) not in (str, int, Decimal):
        return None
    match = AMOUNT.fullmatch(str(value))
    if match is None:
        return None
    sign, whole, fraction = match[1], match[2], match[3] or ""
    if type(value) is Decimal:
        fraction = fraction.rstrip("0")  # a JSON number has a value; its trailing zeros don't count
    units = int(whole) * UNITS + int(fraction.ljust(STORED_DIGITS, "0"))
    if not units or len(fraction) > digits or (sign and kind == TransactionType.INCOME):
        return None
    text = f"{whole}.{fraction.ljust(digits, '0')}" if digits else whole
    return (units, text) if kind == TransactionType.INCOME else (-units, f"-{text}")
