"""What the rows of an export keep that tell of imported statements: the JSON of theirs is as the plans have stored it.

Each rule raises ValidationError, by the names of the columns.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date

import orjson
from django.core.exceptions import ValidationError
from rest_framework.exceptions import APIException

from cashman_project.api.viewsets import UUID_FORM
from cashman_project.db.types import Values
from cashman_project.money.amounts import parse_amount
from cashman_project.money.currencies import DIGITS
from statements.choices import Verdict
from statements.serializers import options_of
from statements.services import names
from statements.services.accounts import MOST_ACCOUNTS, MOST_MADE
from statements.services.balances import MOST_CHECKS
from statements.services.lines import LONGEST_NOTES
from statements.services.rows import message_of
from transactions.names import LONGEST_NAME

from ..files import CARRIED_OUT
from .columns import LARGEST, WRONG

Fits = Callable[[object], bool]  # whether a value of JSON is as it is stored
UNABLE = (AttributeError, IndexError, KeyError, TypeError, ValueError)  # to show what is not as it is stored
VALUES = re.compile(r"%\(\w+\)[sd]|%%")  # in a message


def check_import(values: Values) -> None:
    """Check a plan that was carried out. A preview is a draft, and its rows are not checked as transactions are."""
    if values["status"] not in CARRIED_OUT:
        raise ValidationError({"status": WRONG})
    for name, fits in IMPORT.items():
        if not fits(values[name]):
            raise ValidationError({name: WRONG})
    check_options("options", values)
    if values["profile"] is not None:
        check_options("profile", values)


def check_profile(values: Values) -> None:
    check_options("options", values)


def check_options(column: str, values: Values) -> None:
    """Check options by the rules of the API, which has other names for some of them."""
    options = values[column]
    try:
        options_of({"date_format" if name == "date_order" else name: value for name, value in options.items()})
    except (APIException, *UNABLE):
        raise ValidationError({column: WRONG}) from None


def check_import_row(values: Values) -> None:
    if len(values["notes"]) > LONGEST_NOTES:
        raise ValidationError({"notes": WRONG})
    if values["message"] and not _is_message(values["message"]):
        raise ValidationError({"message": WRONG})


def _is_message(stored: str) -> bool:
    """Return whether these are words with their values, and nothing else that Python would format."""
    try:
        text, values = orjson.loads(stored)
        if type(values) is not dict or "%" in VALUES.sub("", text):
            return False
        message_of(stored)
    except UNABLE:
        return False
    return all(type(value) in (str, int) for value in values.values())


def _text(longest: int = LONGEST_NAME) -> Fits:
    return lambda value: type(value) is str and len(value) <= longest


def _or_null(fits: Fits) -> Fits:
    return lambda value: value is None or fits(value)


def _parsed(parse: Callable[[str], object]) -> Fits:
    def fits(value: object) -> bool:
        if type(value) is not str:
            return False
        try:
            parse(value)
        except ValueError:
            return False
        return len(value) <= LONGEST_NAME

    return fits


def _one_of(values: Iterable[str]) -> Fits:
    known = frozenset(values)
    return lambda value: type(value) is str and value in known


def _flag(value: object) -> bool:
    return type(value) is bool


def _number(value: object) -> bool:
    return type(value) is int and 0 <= value <= LARGEST


def _id(value: object) -> bool:
    return type(value) is str and UUID_FORM.fullmatch(value) is not None


def _list(inner: Fits, most: int) -> Fits:
    return lambda value: type(value) is list and len(value) <= most and all(map(inner, value))


def _map(key: Fits, inner: Fits, most: int) -> Fits:
    def fits(value: object) -> bool:
        return type(value) is dict and len(value) <= most and all(map(key, value)) and all(map(inner, value.values()))

    return fits


def _object(needed: Mapping[str, Fits], others: Mapping[str, Fits] | None = None) -> Fits:
    """Return what an object fits that has these members: all that are needed, and no unknown ones."""
    known = {**needed, **(others or {})}

    def fits(value: object) -> bool:
        if type(value) is not dict or not needed.keys() <= value.keys() <= known.keys():
            return False
        return all(known[name](inner) for name, inner in value.items())

    return fits


DAY, AMOUNT, CURRENCY = _parsed(date.fromisoformat), _parsed(parse_amount), _one_of(DIGITS)
BALANCE = _object({"balance": _or_null(AMOUNT), "date": _or_null(DAY)})
OPENING = _object({"balance": AMOUNT, "date": DAY})
STATEMENT = _object(
    {
        "account_id": _id,
        "currency": CURRENCY,
        "opening": _or_null(BALANCE),
        "closing": _or_null(BALANCE),
        "adds_up": _or_null(_flag),
        "difference": _or_null(AMOUNT),
        "checks": _map(DAY, AMOUNT, MOST_CHECKS),
    },
    {"called": _text(), "begins": _or_null(OPENING), "opening_date": _or_null(DAY)},  # older imports have the last one
)
ACCOUNT = _object(
    {"id": _id, "name": _text(), "currency": CURRENCY, "identifier": _or_null(_text())},
    {"opening": _or_null(OPENING)},  # older imports lack it
)
LEFT_OUT = _list(_text(), names.MOST_TOLD)
MAKES = _object(
    {},
    {
        "accounts": _list(ACCOUNT, MOST_MADE),
        "categories": _list(_object({"id": _id, "name": _text()}), names.MOST_MADE),
        "tags": _list(_text(), names.MOST_MADE),
        "left_out": _object({}, {"categories": LEFT_OUT, "tags": LEFT_OUT}),
    },
)
# The columns of JSON of an import. Nothing is open any more in one that was carried out.
IMPORT: dict[str, Fits] = {
    "questions": _list(lambda question: False, 0),
    "statements": _list(STATEMENT, MOST_ACCOUNTS + MOST_MADE),
    "makes": MAKES,
    "counts": _map(_one_of(Verdict.values), _number, len(Verdict)),
}
