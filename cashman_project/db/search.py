"""Search for words in stored texts, in time that grows with their length alone."""

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Q
from django.db.models.sql.compiler import SQLCompiler

from ..texts import fold

LONGEST = 200  # characters of a search
LETTERS = "zqjxkvbpygfwmucldrhsnioate"  # the rarest first, in English and in much else; other characters are rarer
MOST_WORDS = 10  # of a search, each of which is one more pass over the texts


def search_words(text: str) -> list[str]:
    """Return the folded words of a search, the longest first; of more than MOST_WORDS, the text as one phrase."""
    folded = fold(text)
    words = sorted(set(folded.split()), key=lambda word: (-len(word), word))
    return words if len(words) <= MOST_WORDS else [folded.strip()]


def containing(rows: Any, text: str, lookups: Sequence[str]) -> Any:
    """Return the rows that have every word of the text, each in any of the lookups, such as "notes_folded__holds"."""
    for word in search_words(text):
        rows = rows.filter(reduce(or_, [Q(**{lookup: word}) for lookup in lookups]))
    return rows


class Holds(models.Lookup):  # type: ignore[type-arg]  # not subscriptable at run time
    """Whether a text holds another, byte by byte: neither a pattern nor the database's locale has a say.

    Both databases compare at each place that begins as the sought text does. So that those are few in a text that
    repeats itself, they look first for what the sought text has from its rarest letter on.
    """

    lookup_name = "holds"

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Any:
        column, params = self.process_lhs(compiler, connection)
        sought: list[Any] = _steps(self.rhs)
        template = f"INSTR({column}, %s) > 0"
        if connection.vendor == "postgresql":
            template = f'"position"(TEXTSEND({column}), %s) > 0'  # of bytes: of text, its worst case is no end worse
            sought = [text.encode() for text in sought]
        tests = " AND ".join([template] * len(sought))
        return f"({tests})", [value for text in sought for value in (*params, text)]


def _steps(text: str) -> list[str]:
    """Return the text, and before it its end from its rarest letter on, if that is shorter."""
    rarest = min(text, key=lambda letter: (text.count(letter), LETTERS.find(letter)), default="")
    end = text[text.index(rarest) :]
    return [text] if end == text else [end, text]


class Lowered(models.Transform):
    """A text with A to Z in lower case, and nothing else, for what is not stored folded: references, addresses."""

    lookup_name = "lowered"
    function = "LOWER"

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template='LOWER(%(expressions)s COLLATE "C")', **context)


for field in (models.CharField, models.TextField):
    field.register_lookup(Holds)
    field.register_lookup(Lowered)
