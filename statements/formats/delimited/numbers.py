"""Amounts as statements write them: signs, currencies, groups of digits, and which mark is the decimal one."""

import re
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache

from cashman_project.money.currencies import DIGITS

from ..amounts import exact, readings
from ..results import DecimalMark

LONGEST = 40

# Signs of money that mean but one currency. Others, such as $ and kr, mean several.
SYMBOLS = {
    "€": "EUR", "£": "GBP", "R$": "BRL", "₹": "INR", "zł": "PLN", "Kč": "CZK", "₽": "RUB", "руб": "RUB", "円": "JPY",
    "元": "CNY", "₩": "KRW", "₺": "TRY", "₴": "UAH", "₪": "ILS", "฿": "THB", "₫": "VND", "Ft": "HUF", "S$": "SGD",
    "A$": "AUD", "C$": "CAD", "US$": "USD", "HK$": "HKD", "NZ$": "NZD", "RUR": "RUB", "лв": "BGN", "₱": "PHP",
    "RM": "MYR", "Rp": "IDR", "NT$": "TWD",
}  # fmt: skip
SHARED_SYMBOLS = frozenset(["$", "¥", "¥", "kr", "Kr", "Rs", "Fr", "SFr", "Lei", "lei", "din"])
OUT_MARKS = frozenset(["DR", "D", "DB", "DBT", "S"])
IN_MARKS = frozenset(["CR", "C", "CRE", "CDT", "H"])

_SIGN = r"[+\-\u2212\u2013]"
_MONEY = r"(?:[A-Z]{1,3}\$|[$€£¥¥₹₽₩₺₴₪฿₫₱円元]|[^\W\d_]{1,4}\.?)"
_NUMBER = re.compile(
    rf"(?P<open>\()?\s*(?P<before>{_SIGN})?\s*(?P<money>{_MONEY})?\s*(?P<within>{_SIGN})?\s*"
    rf"(?P<digits>[0-9](?:[0-9.,'’\s]*[0-9])?[.,]?|[.,][0-9]+)(?:(?<=[.,])-{{1,2}})?\s*(?P<after>{_SIGN})?\s*"
    rf"(?P<unit>{_MONEY})?\s*(?P<mark>[A-Za-z]{{1,3}}\.?)?\s*(?P<close>\))?"
)
_PLAIN = re.compile(r"[+-]?[0-9]{1,15}(?:[.,][0-9]{1,8})?")


@dataclass(frozen=True, slots=True)
class Number:
    """A number as a cell has it, with its digits not yet read."""

    sign: str  # "-", "+" or ""
    digits: str
    is_out: bool | None = None  # what a mark behind it says, such as CR or DR
    currency: str | None = None


def currency_of(word: str) -> str | None:
    """Return the currency that a code or a sign means, if it means but one."""
    word = word.strip().removeprefix("CURRENCY::").rstrip(".")  # as GnuCash writes it
    if word in SYMBOLS:
        return SYMBOLS[word]
    code = word.upper()
    return code if len(code) == 3 and code in DIGITS else SYMBOLS.get(code)


@lru_cache(maxsize=64)  # which is asked for each row
def currency_in(name: str) -> str | None:
    """Return the currency in the name of a column, such as "Amount (EUR)"."""
    for word in name.replace("(", " ").replace(")", " ").replace("[", " ").replace("]", " ").split():
        # A word such as "Out" or "All" is no currency: codes of names are written in capitals.
        if (word.isupper() or not word.isalpha() or len(word) < 3) and (currency := currency_of(word)):
            return currency
    return None


@lru_cache(maxsize=64)  # a cell is taken apart several times
def number(text: str) -> Number | None:
    """Take a cell apart. None if it is no amount."""
    text = text.strip()
    if not text or len(text) > LONGEST:
        return None
    if _PLAIN.fullmatch(text):
        return Number(text[0], text[1:]) if text[0] in "+-" else Number("", text)
    match = _NUMBER.fullmatch(text)
    if match is None or bool(match["open"]) != bool(match["close"]):
        return None
    signs = [sign for sign in (match["before"], match["within"], match["after"]) if sign]
    if len(signs) > 1 or (signs and match["open"]):
        return None
    currency, is_out = None, None
    for word in (match["money"], match["unit"], match["mark"]):
        if not word:
            continue
        bare = word.rstrip(".")
        if currency_of(bare) and currency is None:
            currency = currency_of(bare)
        elif bare.upper() in OUT_MARKS | IN_MARKS and is_out is None and word != match["money"]:
            is_out = bare.upper() in OUT_MARKS
        elif bare not in SHARED_SYMBOLS:
            return None
    sign = "-" if match["open"] else ("+" if signs[0] == "+" else "-") if signs else ""
    return Number(sign, match["digits"], is_out, currency)


def decimal_of(digits: str, mark: DecimalMark) -> Decimal | None:
    """Read digits, exactly, without trailing zeros. None if they are not written in this way."""
    whole, _mark, decimals = digits.partition(mark)
    if whole.isdigit() and len(decimals) < 3 and (decimals.isdigit() or not _mark):  # as nearly all are
        return exact(1, whole, decimals)
    return readings(digits).get(mark)


@dataclass(slots=True)
class Marks:
    """What the numbers of a file say about their decimal mark."""

    proved: dict[DecimalMark, tuple[int, str]] = field(default_factory=dict)  # with the first cell that proves it
    open_cell: tuple[int, str] | None = None  # the first that can be read in two ways, with its line

    def add(self, line: int, cell: str) -> None:
        found = number(cell)
        if found is None or found.digits.isdigit():
            return
        if found.digits[-3:-2] in (".", ",") and found.digits[:-3].isdigit():  # as nearly all have
            self.proved.setdefault("." if found.digits[-3] == "." else ",", (line, cell))
            return
        values = readings(found.digits)
        if len(values) == 1:
            self.proved.setdefault(next(iter(values)), (line, cell))
        elif self.open_cell is None and len(set(values.values())) > 1:
            self.open_cell = (line, cell)
