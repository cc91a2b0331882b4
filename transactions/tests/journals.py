"""A reader of the journals that Cashman writes, for tests: of hledger's, and of Beancount's."""

import datetime
import re
from collections import defaultdict
from decimal import Decimal
from typing import NamedTuple

ENTRY = re.compile(r"(\d{4}-\d\d-\d\d) \* (.*)")
AMOUNT = r"(-?\d+(?:\.\d+)?) ([A-Z]{3})(?: @@ (\d+(?:\.\d+)?) ([A-Z]{3}))?"
POSTINGS = {
    "journal": re.compile(rf" {{4}}([^\s;].*?) {{2,}}{AMOUNT}(?:  ; (.*))?"),
    "beancount": re.compile(rf"  ([A-Z]\S*)  {AMOUNT}()"),
}


class Posted(NamedTuple):
    account: str
    amount: Decimal
    currency: str
    tags: str


class Posting(NamedTuple):
    date: datetime.date
    description: str
    comments: list[str]
    postings: list[Posted]


def read(text: str, form: str) -> list[Posting]:
    """Return the entries. Each adds up to zero in each currency, at the prices that it has."""
    entries: list[Posting] = []
    for block in re.split(r"\n{2,}", text.strip())[1:]:
        first, *lines = block.split("\n")
        if " open " in first:
            continue
        head = ENTRY.fullmatch(first)
        assert head, first
        entry = Posting(datetime.date.fromisoformat(head[1]), head[2], [], [])
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for line in lines:
            posted = POSTINGS[form].fullmatch(line)
            if posted is None:
                assert re.match(r"    ; |  [a-z]+: \"", line), line
                entry.comments.append(line.strip("; "))
                continue
            account, number, currency, worth, other, tags = posted.groups()
            entry.postings.append(Posted(account, Decimal(number), currency, tags or ""))
            sums[other or currency] += Decimal(worth or number).copy_sign(Decimal(number))
        assert not any(sums.values()), block
        entries.append(entry)
    return entries


def balances(entries: list[Posting], until: datetime.date | None = None) -> dict[tuple[str, str], Decimal]:
    """Return the balance of each account and currency, at the end of the day."""
    found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for entry in entries:
        for posted in entry.postings if until is None or entry.date <= until else ():
            found[posted.account, posted.currency] += posted.amount
    return found
