"""Journals of hledger, and of the programs that read the same: https://hledger.org/hledger.html#journal."""

import re
from collections.abc import Iterator, Sequence

from .journals import Entry, Journal, Names, Posting

WIDTH = 48  # of the names of accounts, so that most amounts are below each other
NOT_IN_TAGS = re.compile(r"[^\w-]+")
TAG = re.compile(r"(?<=\S):")  # what a comment would have a tag before


def journal_texts(journal: Journal, *, is_whole: bool) -> Iterator[str]:
    """Yield the journal in pieces. A whole one begins with the openings of the accounts."""
    names = Names(_account, " ")
    yield "; Transactions of Cashman.\ndecimal-mark .\n"
    for entries in (journal.openings() if is_whole else (), journal.entries()):
        for entry in entries:
            yield _text(entry, names)


def _text(entry: Entry, names: Names) -> str:
    tags = [f"id:{entry.id}"] if entry.id else []
    if not any(posting.tags for posting in entry.postings):
        tags += _tags(entry.tags)
    lines = [f"\n{entry.date} * {_description(entry.description)}", *(f"    ; {tag}" for tag in tags)]
    lines += [f"    ; {TAG.sub(' :', line)}" for note in entry.notes for line in note.splitlines() if line.strip()]
    lines += [_posting(posting, names) for posting in entry.postings]
    return "\n".join(lines) + "\n"


def _posting(posting: Posting, names: Names) -> str:
    total = " @@ {} {}".format(*posting.total) if posting.total else ""
    tags = ", ".join(_tags(posting.tags))
    amount = f"{posting.amount} {posting.currency}{total}"
    return f"    {names.of(posting.account):{WIDTH}}  {amount:>20}{f'  ; {tags}' if tags else ''}"


def _description(text: str) -> str:
    """Return a description that is read as one: a semicolon would begin a comment, and a bracket a code."""
    text = " ".join(text.replace(";", ",").split())
    return f"() {text}" if text.startswith("(") else text


def _account(name: str) -> str:
    return " ".join(name.replace(";", ",").replace(":", "-").split())


def _tags(tags: Sequence[str]) -> list[str]:
    """Return the tags without what would end them. One that is called `date` would be a date."""
    names = [NOT_IN_TAGS.sub("-", tag) for tag in tags]
    return [f"{name}-:" if name in ("date", "date2") else f"{name}:" for name in names]
