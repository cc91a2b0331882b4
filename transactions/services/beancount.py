"""Journals of Beancount: https://beancount.github.io/docs/beancount_language_syntax.html."""

import re
import unicodedata
from collections.abc import Iterator

from cashman_project.api.dates import FIRST_DATE

from .journals import Entry, Journal, Names, Path

TAG = re.compile(r"[A-Za-z0-9._/-]+")
NOT_CONTROL = {code: " " for code in range(32) if code != 10}


def journal_texts(journal: Journal, *, is_whole: bool) -> Iterator[str]:
    """Yield the journal in pieces. A whole one begins with the openings of the accounts."""
    names = Names(_account, "-")
    opened: set[Path] = set()
    yield '; Transactions of Cashman.\noption "title" "Cashman"\n'
    for entries in (journal.openings() if is_whole else (), journal.entries()):
        for entry in entries:
            for posting in entry.postings:
                if posting.account not in opened:
                    opened.add(posting.account)
                    yield _open(posting.account, names)
            yield _text(entry, names)


def _open(path: Path, names: Names) -> str:
    """Return the text that opens an account. Where it stands in the file does not matter."""
    return f"\n{FIRST_DATE} open {names.of(path)}\n  name: {_quoted(path[-1])}\n"


def _text(entry: Entry, names: Names) -> str:
    tags = [tag.replace(" ", "-") for tag in entry.tags]
    shown = "".join(f" #{tag}" for tag in dict.fromkeys(tags) if TAG.fullmatch(tag))
    lines = [f"\n{entry.date} * {_quoted(entry.description)}{shown}"]
    if entry.id:
        lines.append(f"  id: {_quoted(entry.id)}")
    if others := [tag for tag, name in zip(entry.tags, tags, strict=True) if not TAG.fullmatch(name)]:
        lines.append(f"  tags: {_quoted(', '.join(others))}")
    if entry.notes:
        lines.append(f"  notes: {_quoted(chr(10).join(entry.notes))}")
    for posting in entry.postings:
        total = " @@ {} {}".format(*posting.total) if posting.total else ""
        lines.append(f"  {names.of(posting.account)}  {posting.amount} {posting.currency}{total}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    text = "\n".join(text.splitlines()).translate(NOT_CONTROL)
    return '"{}"'.format(text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n"))


def _account(name: str) -> str:
    """Return a name of letters, digits and dashes that begins with a capital letter or a digit."""
    signs = [sign if unicodedata.category(sign) in ("Lu", "Ll", "Lt", "Lm", "Lo", "Nd") else " " for sign in name]
    text = "-".join("".join(signs).split())
    text = text[:1].upper() + text[1:]
    return text if text and unicodedata.category(text[0]) in ("Lu", "Nd") else f"X-{text}".rstrip("-")
