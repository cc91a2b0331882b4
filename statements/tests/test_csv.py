"""The parts of the reader of CSV, and what it asks and says."""

import io
import tracemalloc
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from statements.formats.delimited.dates import DateColumn, read_date, readings
from statements.formats.delimited.detection import detect
from statements.formats.delimited.numbers import decimal_of, number
from statements.formats.delimited.words import WORDS, meaning
from statements.formats.reading import read
from statements.formats.results import Item, Line, Options, Problem, Question, Skipped, Statement, UnreadableFile


def items(text: str | bytes, **options: Any) -> list[Item]:
    data = text.encode() if isinstance(text, str) else text
    return list(read(io.BytesIO(data), Options(**options)))


def lines(text: str | bytes, **options: Any) -> list[Line]:
    return [item for item in items(text, **options) if isinstance(item, Line)]


def asked(text: str | bytes, **options: Any) -> list[Question]:
    return [item for item in items(text, **options) if isinstance(item, Question)]


def test_no_name_of_a_column_has_two_meanings() -> None:
    names = [name for section, names in WORDS.items() if section.islower() for name in names]
    assert sorted({name for name in names if names.count(name) > 1}) == []


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Amount (EUR)", "amount"),
        ("  AMOUNT_EUR", "amount"),
        ("Zaúčtovaná částka", "amount"),
        ("Mededelingen", "description"),
        ("Omschrijving-3", "description"),
        ("Crédito (R$)", "credit"),
        ("Дата операции", "date"),
        ("残高(円)", "balance"),
        ("Nothing of this", None),
    ],
)
def test_names_of_columns_are_known_without_case_accents_and_brackets(name: str, meant: str | None) -> None:
    assert meaning(name) == meant


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        ("1,234.50", "1234.5"),
        ("1.234,50", "1234.5"),
        ("1'234.50", "1234.5"),
        ("1 234,50 €", "1234.5"),
        ("1,23,45,678.90", "12345678.9"),
        ("-£12.00", "-12"),
        ("£-12.00", "-12"),
        ("12.00-", "-12"),
        ("(12.00)", "-12"),
        ("\u221212,00", "-12"),
        ("+ £1,100.00", "1100"),
        ("R$ 10,00", "10"),
        (".50", "0.5"),
        ("12.", "12"),
        ("kr 30,00", "30"),
        ("12345678901234567890.12", "12345678901234567890.12"),
    ],
)
def test_amounts_are_read_exactly(cell: str, amount: str) -> None:
    found = number(cell)
    assert found is not None
    value = decimal_of(found.digits, "," if found.digits.rfind(",") > found.digits.rfind(".") else ".")
    assert value is not None
    assert str(-value if found.sign == "-" else value) == amount


@pytest.mark.parametrize("cell", ["", "-", "abc", "1.2.3.4", "12abc34", "1e5", "12 XYZQ", "--5", "-(5)", "٣", "9" * 41])
def test_what_is_no_amount_is_none(cell: str) -> None:
    found = number(cell)
    assert found is None or decimal_of(found.digits, ".") is None


@pytest.mark.parametrize(
    "cell",
    ["2026-02-03", "20260203", "3 Feb 2026", "03-FEB-26", "Feb 3, 2026", "3. Februar 2026", "2026年2月3日",
     "3 févr. 2026", "2026-02-03T10:00:00+01:00", "2026/2/3 23:59", "3 февраля 2026", "Tue, 03 Feb 2026",
     "2026. 02. 03."],
)  # fmt: skip
def test_a_day_that_has_one_reading_is_read(cell: str) -> None:
    assert read_date(cell, None) == date(2026, 2, 3)


@pytest.mark.parametrize(
    "cell", ["", "31/02/2026", "2026-13-01", "Pending", "1,234.50", "12", "10:15", "99999999", "1/2"]
)
def test_what_is_no_day_is_none(cell: str) -> None:
    assert readings(cell) == {}


@pytest.mark.parametrize(
    ("cells", "orders"),
    [
        (["03/04/2026", "05/04/2026"], ["DMY", "MDY"]),
        (["03/04/2026", "13/04/2026"], ["DMY"]),
        (["03/04/2026", "04/13/2026"], ["MDY"]),
        (["13/04/2026", "04/13/2026"], ["DMY", "MDY"]),  # mixed, so each reads some
        (["03.04.2026"], ["DMY"]),  # nobody writes the month first with points
        (["05-01-26", "06-01-26", "07-01-26"], ["DMY", "MDY"]),
        (["26-01-05", "26-01-06", "26-01-07"], ["YMD"]),
        (["01/02/03"], ["DMY", "MDY", "YMD"]),
        (["03/03/2026"], ["DMY"]),  # the same day in each order
    ],
)
def test_the_order_of_dates_is_decided_by_the_whole_column(cells: list[str], orders: list[str]) -> None:
    column = DateColumn()
    for cell in cells:
        column.add(cell)
    assert column.orders() == orders


TEXTS = {
    "cp1252": "Prénom; Größe; Übermut; coração; español",
    "cp1250": "Zażółć gęślą jaźń; příliš žluťoučký kůň",
    "cp1251": "Оплата услуг связи; Зарплата за январь",
    "koi8-r": "Оплата услуг связи; Зарплата за январь",
    "cp1253": "Πληρωμή λογαριασμού; Μισθοδοσία",
    "cp1254": "Maaş ödemesi; Işık faturası; Güneş",
    "cp1255": "תשלום חשבון; משכורת",
    "cp1257": "Mokėjimas už paslaugas; šilumą; žąsis",
    "cp874": "เงินเดือน; ค่าน้ำ",
    "cp866": "Оплата услуг связи; Зарплата за январь",
    "iso-8859-1": "1\u00a0000,00; 2\u00a0500,00",
    "windows-1252": "12,00 €; 1’000.00",
    "cp850": "Größe; Übermut; Jänner; Fußball",
    "cp932": "給与　カ）レイショウジ; コンビニのお支払い; 家賃",
    "gb18030": "工资收入; 超市购物; 转账给朋友; 交易金额; 日期",
    "cp949": "월급 입금; 전기요금; 거래금액; 편의점",
    "big5": "薪資轉帳; 水電費用; 超商購物; 帳戶餘額",
}


@pytest.mark.parametrize("encoding", TEXTS)
def test_an_encoding_is_judged_by_the_letters_that_it_gives(encoding: str) -> None:
    data = "".join(f"2026-01-02;{text};-1,50\n" for text in TEXTS[encoding].split("; ")).encode(encoding)
    found = detect(io.BytesIO(data))
    texts = [data.decode(name) for name in found.encodings]
    assert texts[0] == data.decode(encoding) or (not found.is_sure and data.decode(encoding) in texts)


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r"])
def test_no_word_goes_on_with_a_capital_so_the_encoding_of_russian_is_sure(encoding: str) -> None:
    data = "".join(f"2026-01-02;{text};-1,50\n" for text in TEXTS[encoding].split("; ")).encode(encoding)
    assert detect(io.BytesIO(data)).encodings[0] == encoding
    assert detect(io.BytesIO(data)).is_sure


def test_an_encoding_that_stays_open_is_asked_with_what_each_gives() -> None:
    data = b"Date,Text,Amount\n2026-01-02,\xfe\xfd,-5.00\n"
    [question] = asked(data)
    assert question.option == "encoding"
    readings = {choice.value: choice.reading for choice in question.choices}
    assert readings["cp1254"] == "2026-01-02,şı,-5.00"
    [line] = lines(data, encoding="cp1254")
    assert line.description == "şı"


def test_an_open_decimal_mark_is_asked_with_what_each_gives() -> None:
    text = "Date,Text,Amount\n2026-01-02,a,-5\n2026-01-03,b,1.250\n"
    [question] = asked(text)
    assert (question.option, question.number, question.example) == ("decimal", 3, "1.250")
    assert {choice.value: choice.reading for choice in question.choices} == {",": "1250", ".": "1.25"}
    for choice in question.choices:
        assert lines(text, decimal=choice.value)[1].amount == Decimal(choice.reading)


def test_marks_that_contradict_each_other_are_asked_and_what_remains_is_a_problem() -> None:
    text = 'Date,Text,Amount\n2026-01-02,a,-5.10\n2026-01-03,b,"-1.234,50"\n'
    assert [question.option for question in asked(text)] == ["decimal"]
    found = items(text, decimal=",")
    assert [str(item.amount) for item in found if isinstance(item, Line)] == ["-1234.5"]
    assert [(item.field, item.value) for item in found if isinstance(item, Problem)] == [("Amount", "-5.10")]


def test_the_sign_of_amounts_without_any_is_asked_unless_balances_tell() -> None:
    text = "Date,Text,Amount\n2026-01-02,a,5.00\n2026-01-03,b,7.50\n"
    assert [question.option for question in asked(text)] == ["unsigned"]
    assert [line.amount for line in lines(text, unsigned="out")] == [Decimal("-5"), Decimal("-7.5")]
    assert [line.amount for line in lines(text, unsigned="in")] == [Decimal("5"), Decimal("7.5")]
    told = "Date,Text,Amount,Balance\n2026-01-02,a,5.00,95.00\n2026-01-03,b,7.50,87.50\n"
    assert [line.amount for line in lines(told)] == [Decimal("-5"), Decimal("-7.5")]


def test_a_word_and_a_sign_that_disagree_are_asked() -> None:
    text = "Date,Text,Amount,D/C\n2026-01-02,a,5.00,D\n2026-01-03,b,-7.50,D\n"
    [question] = asked(text)
    assert {choice.value: choice.reading for choice in question.choices} == {"word": "-5", "sign": "5"}
    assert [line.amount for line in lines(text, direction="word")] == [Decimal("-5"), Decimal("7.5")]
    assert [line.amount for line in lines(text, direction="sign")] == [Decimal("5"), Decimal("-7.5")]


def test_a_negative_debit_among_others_is_asked() -> None:
    text = "Date,Text,Debit,Credit\n2026-01-02,a,5.00,\n2026-01-03,b,-7.50,\n2026-01-03,c,,1.00\n"
    assert [question.option for question in asked(text)] == ["negative_debit"]
    assert [line.amount for line in lines(text, negative_debit="in")] == [Decimal("-5"), Decimal("7.5"), Decimal("1")]
    assert [line.amount for line in lines(text, negative_debit="out")] == [Decimal("-5"), Decimal("-7.5"), Decimal("1")]


def test_a_fee_of_its_own_is_asked() -> None:
    text = "Date,Text,Amount,Fee\n2026-01-02,a,-5.00,0.50\n2026-01-03,b,7.50,0.00\n"
    assert [question.option for question in asked(text)] == ["fee"]
    assert [line.amount for line in lines(text, fee="extra")] == [Decimal("-5.5"), Decimal("7.5")]
    assert [line.amount for line in lines(text, fee="included")] == [Decimal("-5"), Decimal("7.5")]


def test_two_columns_that_may_be_the_amount_are_asked() -> None:
    text = "02.01.2026;Tee;-1,50;2,00\n03.01.2026;Saft;-2,50;7,00\n"
    [question] = asked(text)
    assert (question.option, [choice.value for choice in question.choices]) == ("amount_column", ["3", "4"])
    assert [line.amount for line in lines(text, amount_column="3")] == [Decimal("-1.5"), Decimal("-2.5")]


def test_columns_can_be_mapped_by_name_or_number() -> None:
    text = "A;B;C;D\n2026-01-02;x;-1,50;y\n2026-01-03;z;2,50;w\n"
    by_name = lines(text, columns={"date": ("A",), "amount": ("C",), "description": ("D", "B")})
    by_number = lines(text, columns={"date": ("1",), "amount": ("3",), "description": ("4", "2")})
    assert [(line.date, line.amount, line.description) for line in by_name] == [
        (date(2026, 1, 2), Decimal("-1.5"), "y x"),
        (date(2026, 1, 3), Decimal("2.5"), "w z"),
    ]
    assert [line.description for line in by_number] == ["y x", "w z"]


def test_the_header_can_be_named_or_denied() -> None:
    text = "2025-12-31,Carry,-9.00\nDay,What,How much\n2026-01-02,Tea,-1.50\n"
    assert [line.number for line in lines(text, header=2)] == [3]
    assert [line.number for line in lines(text, header=0)] == [1, 3]


@pytest.mark.parametrize(
    ("data", "options", "told"),
    [
        ("", {}, "The file is empty."),
        (" \n\n", {}, "The file is empty."),
        ("<!DOCTYPE html><html></html>", {}, "This is a web page"),
        (b"Date,Amount\n2026-01-02,\0", {}, "This file is not text"),
        (b"Date,Amount\n" + b"2026-01-02,-5.00\n" * 5_000 + b"\0\n", {}, "Line 5002 has a NUL character"),
        ("just a line\n", {}, "No line has more than one cell"),
        ("Date,Amount\n", {}, "Line 1 has the names of the columns, but below it no row"),
        ('Date,Amount\n2026-01-02,"5\n2026-01-03,6\n', {}, "on line 2 is never closed"),
        ("Date,Amount\n" + "x," * 200 + "\n", {}, "Line 2 has more than 200 cells"),
        ('Date,Amount\n2026-01-02,"' + ("a" * 5_000 + "\n") * 3 + '"\n', {}, "A cell of line 2 has more than"),
        ("Date,Amount\n2026-01-02,-5\n", {"columns": {"amount": ("Betrag",)}}, "The file has no column “Betrag”"),
        (
            "Date,Amount\n2026-01-02,-5\n",
            {"columns": {"money": ("1",)}},
            "“money” is not a meaning that a column can have",
        ),
        ("Date,Amount\n2026-01-02,-5\n", {"header": 9}, "Line 9, which should have the names of the columns"),
        ("Date,Amount\n2026-01-02,-5\n", {"encoding": "rot13"}, "Unknown encoding rot13"),
    ],
)
def test_what_can_not_be_read_is_refused_in_plain_words(data: str | bytes, options: dict[str, Any], told: str) -> None:
    with pytest.raises(UnreadableFile) as refused:
        items(data, **options)
    assert told in str(refused.value)


def test_nothing_is_dropped_silently() -> None:
    text = "Date,Text,Amount\n2026-01-02,a,-5.00\n,Total,-5.00\n2026-01-03,note,\n2026-01-04,zero,0.00\n"
    found = items(text)
    assert [(item.number, str(item.message)) for item in found if isinstance(item, Skipped)] == [
        (3, "Not imported: it has no date."),
        (4, "Not imported: it has no amount."),
        (5, "Not imported: the amount is zero."),
    ]


def test_an_amount_without_a_day_is_a_problem() -> None:
    text = "Date,Text,Amount\n2026-01-02,a,-5.00\n,the same day,-6.00\n,Total,-11.00\n"
    found = items(text)
    assert [(item.number, item.field) for item in found if isinstance(item, Problem)] == [(3, "Date")]
    assert [item.number for item in found if isinstance(item, Skipped)] == [4]


def test_blank_lines_come_anywhere() -> None:
    assert [line.number for line in lines("\n\nDate,Amount\n\n2026-01-02,-5.00\n\n")] == [5]
    assert [line.number for line in lines("\n2026-01-02,Tea,-5.00\n")] == [2]


def test_balances_are_taken_from_rows_that_follow_each_other() -> None:
    newest_first = "Date,Text,Amount,Balance\n2026-01-03,b,7.50,102.50\n2026-01-02,a,-5.00,95.00\n"
    [statement] = [item for item in items(newest_first) if isinstance(item, Statement)]
    assert statement.opening is not None
    assert statement.closing is not None
    assert (statement.opening.amount, statement.closing.amount) == (Decimal("100"), Decimal("102.5"))
    broken = newest_first.replace("95.00", "94.00")
    [statement] = [item for item in items(broken) if isinstance(item, Statement)]
    assert statement.opening is None


def rows(count: int) -> Iterator[bytes]:
    yield b"Buchungstag;Text;Betrag;Saldo\n"
    for row in range(count):
        yield f"13.01.2026;Rechnung {row} Bücher und Äpfel, gebraucht;-{row % 999 + 1},50;{row},00\n".encode()


def test_a_large_file_takes_little_memory() -> None:
    source = io.BytesIO(b"".join(rows(20_000)))
    tracemalloc.start()
    found = sum(isinstance(item, Line) for item in read(source, Options()))
    _size, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == 20_000
    assert peak < 10_000_000
