"""Search for words in stored texts. The time that it takes grows only with the length of the texts."""

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import TypeVar

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Q
from django.db.models.sql.compiler import SQLCompiler

from ..texts import fold
from .types import SQL

RowsT = TypeVar("RowsT", bound="models.QuerySet[models.Model, object]")

LONGEST = 200  # characters of a search
LETTERS = "zqjxkvbpygfwmucldrhsnioate"  # the rarest first, in English and in much else; other characters are rarer
MOST_WORDS = 10  # of a search; each word is one more pass over the texts


def search_words(text: str) -> list[str]:
    """Return the folded words of a search, the longest first. If there are more than MOST_WORDS, return the whole text
    as one phrase."""
    folded = fold(text)
    words = sorted(set(folded.split()), key=lambda word: (-len(word), word))
    return words if len(words) <= MOST_WORDS else [folded.strip()]


def containing(rows: RowsT, text: str, lookups: Sequence[str]) -> RowsT:
    """Return the rows that contain all words of the text. A word may be found by any of the lookups, such as
    "notes_folded__holds"."""
    for word in search_words(text):
        rows = rows.filter(reduce(or_, [Q(**{lookup: word}) for lookup in lookups]))
    return rows


class Holds(models.Lookup):  # type: ignore[type-arg]  # not subscriptable at run time
    """Whether a text contains another one, byte by byte. There are no patterns, and the locale has no influence.

    Both databases compare the whole sought text at each place where its first letters are found. A text that repeats
    itself could have many such places. So they first look for only a part of the sought text: from its rarest letter to
    its end.
    """

    lookup_name = "holds"

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> SQL:
        column, params = self.process_lhs(compiler, connection)
        steps = _steps(self.rhs)
        sought: Sequence[str | bytes] = steps
        template = f"INSTR({column}, %s) > 0"
        if connection.vendor == "postgresql":  # on bytes, because the worst case on text is far slower
            template = f'"position"(TEXTSEND({column}), %s) > 0'
            sought = [text.encode() for text in steps]
        tests = " AND ".join([template] * len(sought))
        return f"({tests})", [value for text in sought for value in (*params, text)]


def _steps(text: str) -> list[str]:
    """Return the end of the text from its rarest letter on, then the whole text; or only the text if both are equal."""
    rarest = min(text, key=lambda letter: (text.count(letter), LETTERS.find(letter)), default="")
    end = text[text.index(rarest) :]
    return [text] if end == text else [end, text]


class Lowered(models.Transform):
    """A text with A to Z in lower case. It is for texts that are not stored folded, such as ids and addresses."""

    lookup_name = "lowered"
    function = "LOWER"

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> SQL:
        return self.as_sql(compiler, connection, template='LOWER(%(expressions)s COLLATE "C")')


for field in (models.CharField, models.TextField):
    field.register_lookup(Holds)
    field.register_lookup(Lowered)
