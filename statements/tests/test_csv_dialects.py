"""A table that is written in any dialect is read back the same, once what is open is answered."""

import csv
import io
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from statements.formats.reading import read
from statements.formats.results import Item, Line, Options, Problem, Question
from transactions.tests.shares import cases, reached, reaches

# Date, text, amount, money out, money in, direction.
NAMES = {
    "en": ("Date", "Description", "Amount", "Withdrawals", "Deposits", "Debit/Credit"),
    "de": ("Buchungstag", "Verwendungszweck", "Betrag (EUR)", "Soll", "Haben", "S/H"),
    "fr": ("Date", "Libellé", "Montant", "Débit", "Crédit", "Sens"),
    "pl": ("Data operacji", "Opis operacji", "Kwota", "Obciążenia", "Uznania", "D/C"),
    "ja": ("取引日", "摘要", "金額", "出金", "入金", "収支"),
}
ENCODINGS = {
    "en": ["utf-8", "ascii"],
    "de": ["utf-8-sig", "cp1252"],
    "fr": ["utf-16", "cp1252"],
    "pl": ["utf-8", "cp1250"],
    "ja": ["utf-8", "cp932"],
}
DAYS = {"DMY": ["{d:02}.{m:02}.{y}", "{d}/{m}/{y}", "{d:02}-{m:02}-{y}", "{d:02}.{m:02}.{s:02}"],
        "MDY": ["{m:02}/{d:02}/{y}", "{m}/{d}/{y}", "{m}/{d}/{s:02}"],
        "YMD": ["{y}-{m:02}-{d:02}", "{y}{m:02}{d:02}", "{y}/{m}/{d} 10:15:00", "{y}年{m}月{d}日"]}  # fmt: skip
GROUPS = {".": ["", ",", "'", " "], ",": ["", ".", "\u00a0"]}


@dataclass(frozen=True)
class Dialect:
    """How a table is written."""

    language: str
    encoding: str
    delimiter: str
    line_end: str
    date_order: Any
    day: str
    mark: Any
    group: str
    style: str  # "signed", "pair" or "direction"
    preamble: int

    def amount(self, value: Decimal) -> str:
        whole, _point, cents = f"{abs(value):,.2f}".partition(".")
        return f"{'-' if value < 0 else ''}{whole.replace(',', self.group)}{self.mark}{cents}"

    def row(self, day: date, text: str, value: Decimal) -> list[str]:
        shown = self.day.format(d=day.day, m=day.month, y=day.year, s=day.year % 100)
        if self.style == "signed":
            return [shown, text, self.amount(value)]
        if self.style == "pair":
            columns = [self.amount(-value), ""] if value < 0 else ["", self.amount(value)]
            return [shown, text, *columns]
        return [shown, text, self.amount(abs(value)), "D" if value < 0 else "C"]

    def names(self) -> list[str]:
        day, text, amount, debit, credit, direction = NAMES[self.language]
        return [day, text, *{"signed": [amount], "pair": [debit, credit], "direction": [amount, direction]}[self.style]]

    def written(self, rows: list[tuple[date, str, Decimal]]) -> bytes:
        text = io.StringIO(newline="")
        # Python's csv does not quote LF if lines end in CR.
        quoting: Literal[0, 1] = csv.QUOTE_ALL if self.line_end == "\r" else csv.QUOTE_MINIMAL
        writer = csv.writer(text, delimiter=self.delimiter, lineterminator=self.line_end, quoting=quoting)
        for _ in range(self.preamble):
            writer.writerow(["A bank", "", "of the world"])
        writer.writerow(self.names())
        writer.writerows(self.row(*row) for row in rows)
        return text.getvalue().encode(self.encoding)


@st.composite
def dialects(draw: st.DrawFn) -> Dialect:
    language = draw(st.sampled_from(list(NAMES)))
    order = draw(st.sampled_from(list(DAYS)))
    mark = draw(st.sampled_from(list(GROUPS)))
    return Dialect(
        language=language,
        encoding=draw(st.sampled_from(ENCODINGS[language])),
        delimiter=draw(st.sampled_from(",;\t|")),
        line_end=draw(st.sampled_from(["\n", "\r\n", "\r"])),
        date_order=order,
        day=draw(st.sampled_from([day for day in DAYS[order] if language == "ja" or day.isascii()])),
        mark=mark,
        group=draw(
            st.sampled_from([group for group in GROUPS[mark] if language not in ("en", "ja") or group.isascii()])
        ),
        style=draw(st.sampled_from(["signed", "pair", "direction"])),
        preamble=draw(st.sampled_from([0, 0, 1, 3])),
    )


WORDS = st.sampled_from(["Tea", "rent, and heat", 'said "yes"', "a;b", "x|y", "1.250", "03/04/2026", "two\nlines", "-"])
ROWS = st.lists(
    st.tuples(
        st.dates(date(2019, 1, 1), date(2031, 12, 31)),
        st.lists(WORDS, min_size=1, max_size=3).map(" ".join).map(lambda text: f"Text {text}"),
        st.decimals(-10_000_000, 10_000_000, places=2).filter(bool),
    ),
    min_size=1,
    max_size=8,
)


def answered(data: bytes, answers: Options) -> tuple[list[Item], set[str]]:
    """Read a file, and once more with the answers to its questions."""
    items = list(read(io.BytesIO(data), Options()))
    asked = {item.option for item in items if isinstance(item, Question)}
    if asked:
        said: dict[str, Any] = {option: getattr(answers, option) for option in asked}
        items = list(read(io.BytesIO(data), replace(Options(), **said)))
    return items, asked


@reaches(decided=40, asked=8, signed=20, pair=20, direction=20)
@settings(max_examples=cases(150), deadline=None)
@given(ROWS, dialects())
def test_a_table_in_any_dialect_is_read_back(rows: list[tuple[date, str, Decimal]], dialect: Dialect) -> None:
    answers = Options(date_order=dialect.date_order, decimal=dialect.mark, unsigned="in")
    items, asked = answered(dialect.written(rows), answers)
    lines = [item for item in items if isinstance(item, Line)]
    assert [(line.date, line.description, line.amount) for line in lines] == [
        (day, " ".join(text.split()), value) for day, text, value in rows
    ]
    assert not [item for item in items if isinstance(item, Problem)]
    assert asked <= {"date_order", "unsigned"}  # two decimals leave no mark open
    reached("asked" if asked else "decided")
    reached(dialect.style)


@reaches(asked=40)
@settings(deadline=None)
@given(ROWS, dialects())
def test_every_choice_of_a_question_is_what_it_says(rows: list[tuple[date, str, Decimal]], dialect: Dialect) -> None:
    early = [(day.replace(day=day.day % 12 + 1), text, value) for day, text, value in rows]
    data = replace(dialect, date_order="DMY", day="{d}/{m}/{y}").written(early)
    for question in read(io.BytesIO(data), Options()):
        if isinstance(question, Question) and question.option == "date_order":
            reached("asked")
            for choice in question.choices:
                said: dict[str, Any] = {"date_order": choice.value, "unsigned": "in"}
                lines = [item for item in read(io.BytesIO(data), replace(Options(), **said)) if isinstance(item, Line)]
                assert next(str(line.date) for line in lines if line.number == question.number) == choice.reading
