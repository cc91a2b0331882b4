"""The one door to all readers: recognition, encodings, and limits."""

import io
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.utils import translation

from statements.formats import limits, ofx, qif, reading
from statements.formats.encodings import find_encoding, known_encoding, lines
from statements.formats.limits import TEXT
from statements.formats.reading import read
from statements.formats.recognition import recognise
from statements.formats.results import (
    Format,
    Item,
    Line,
    Message,
    Options,
    Problem,
    Question,
    Skipped,
    Statement,
    UnreadableFile,
    shown,
)

CAMT = b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt>'


def items_of(data: bytes, options: Options | None = None) -> list[Item]:
    return list(read(io.BytesIO(data), options or Options()))


def lines_of(data: bytes, options: Options | None = None) -> list[Line]:
    return [item for item in items_of(data, options) if isinstance(item, Line)]


def refusal(data: bytes, options: Options | None = None) -> str:
    with pytest.raises(UnreadableFile) as caught:
        items_of(data, options)
    return str(caught.value)


@pytest.mark.parametrize(
    ("data", "form"),
    [
        (b"\r\n\r\nOFXHEADER:100\r\n", "ofx"),
        (b"<?xml version='1.0'?>\n<?OFX OFXHEADER='200'?><OFX>", "ofx"),
        ("<?xml version='1.0'?><OFX>".encode("utf-16"), "ofx"),
        (b"\xef\xbb\xbf!Type:Bank \n", "qif"),
        (b"# a comment\n\n!account\n", "qif"),
        (CAMT, "camt"),
        (b"<?xml version='1.0'?><a:Document xmlns:a='x'><a:BkToCstmrAcctRpt/>", "camt"),
        (b"PK\x03\x04", "camt"),
        (b"BANK\n940\nBANK\n:20:A\n:25:1\n", "mt940"),
        (b"{1:F01BANK}{2:I940}{4:\r\n:20:A\r\n:25:1\r\n", "mt940"),
        (b"Date;Amount\n2026-01-01;5\n", "csv"),
        (b"date,text\n1,a <OFX> in a text\n", "csv"),
        (b"Date;Text\n1;see :20: and :25:\n", "csv"),
    ],
)
def test_a_format_is_recognised_by_what_is_in_the_file(data: bytes, form: Format) -> None:
    assert recognise(io.BytesIO(data)) == form


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"%PDF-1.7", "PDF"),
        (b"\xd0\xcf\x11\xe0", "old Excel file"),
        (b"\x1f\x8b\x08", "compressed"),
        (b"\x89PNG\r\n", "picture"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"<html><body><OFX>", "web page"),
        (b"<?xml version='1.0'?><html>", "web page"),
        (b"<rss><item/></rss>", "XML is not a statement"),
        (b"<Document xmlns='urn:iso:std:iso:20022:tech:xsd:pain.008.001.02'>", "payment order (pain.008)"),
        (b"a\0b", "not text"),
    ],
)
def test_what_is_sent_by_mistake_is_told(data: bytes, told: str) -> None:
    assert told in refusal(data)


@pytest.mark.parametrize(
    ("data", "declared", "encoding"),
    [
        (b"abc", None, "utf-8"),
        ("é".encode(), "cp1252", "utf-8"),
        (b"\xe9", None, "cp1252"),
        (b"\xb3", "iso-8859-2", "iso8859-2"),
        (b"\x81", "cp1252", "cp1252"),
        (b"\x93\xfa", "shift_jis", "shift_jis"),
        (b"\xe9", "zlib", "cp1252"),
        (b"\xe9", "no\0name", "cp1252"),
        (b"\xef\xbb\xbfabc", None, "utf-8-sig"),
        ("a".encode("utf-16"), None, "utf-16"),
    ],
)
def test_the_encoding_is_found(data: bytes, declared: str | None, encoding: str) -> None:
    assert find_encoding(io.BytesIO(data), declared) == encoding


def test_the_user_may_say_the_encoding() -> None:
    data = b"!Type:Bank\nD31/1/2026\nT5\nP\xb3\n^\n"
    assert [line.description for line in lines_of(data, Options(encoding="Latin-1"))] == ["³"]
    assert [line.description for line in lines_of(data, Options(encoding="Windows-1250"))] == ["ł"]
    assert "Unknown encoding rot13" in refusal(data, Options(encoding="rot13"))
    assert known_encoding(None) is None


TEXTS = {
    "qif": b"!Type:Bank\nD31/1/2026\nT5\nP%b\n^\n",
    "mt940": b":20:A\n:25:1\n:61:260131C5,NTRF\n:86:%b\n",
}


@pytest.mark.parametrize("name", TEXTS)
def test_the_letters_decide_an_encoding_that_nothing_says(name: str) -> None:
    assert [line.description for line in lines_of(TEXTS[name] % "Zapłata za książkę".encode("cp1250"))] == [
        "Zapłata za książkę"
    ]


@pytest.mark.parametrize("name", TEXTS)
def test_an_encoding_is_asked_if_the_letters_do_not_decide_it(name: str) -> None:
    data = TEXTS[name] % b"P\xf0"
    (question,) = items_of(data)
    assert isinstance(question, Question)
    assert question.option == "encoding"
    assert [choice.reading[-1] for choice in question.choices][:3] == ["ð", "đ", "ğ"]
    assert [line.description for line in lines_of(data, Options(encoding=question.choices[1].value))] == ["Pđ"]


@pytest.mark.parametrize(("text", "amount"), [("C5.25", "5.25"), ("C,5", "0.5"), ("D1234", "-1234"), ("C5.250", None)])
def test_an_mt940_amount_has_no_groups(text: str, amount: str | None) -> None:
    found = items_of(f":20:A\n:25:1\n:61:260131{text}NTRF\n".encode())[1]
    assert (str(found.amount) if isinstance(found, Line) else None) == amount


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_in_any_way(end: str) -> None:
    data = f"!Type:Bank{end}D31/1/2026{end}T5{end}^{end}".encode()
    assert [line.number for line in lines_of(data)] == [2]


def test_a_source_is_left_open_and_where_it_was() -> None:
    source = io.BytesIO(b"one\ntwo\n")
    source.seek(3)
    assert list(lines(source, "utf-8")) == [(1, "one"), (2, "two")]
    assert source.tell() == 3


def test_a_format_may_be_said() -> None:
    assert "has no statement" in refusal(b"!Type:Bank\n", Options(format="ofx"))


def test_a_file_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "BYTES", 10)
    assert "larger than 10 bytes" in refusal(b"!Type:Bank\n")


ROWS_OF: dict[str, Callable[[int], bytes]] = {
    "ofx": lambda number: b"<OFX><STMTRS>" + b"<STMTTRN><DTPOSTED>20260101<TRNAMT>1" * number,
    "ofx that waits": lambda number: b"<OFX><STMTRS>" + b"<STMTTRN><DTPOSTED>20260101<TRNAMT>1.250" * number,
    "qif": lambda number: b"!Type:Bank\n" + b"D1/1/26\nT1\n^\n" * number,
    "qif that waits": lambda number: b"!Type:Bank\n" + b"D1/2/26\n^\n" * number,
    "qif with its account": lambda number: b"!Account\nNBank\n^\n!Type:Bank\n" + b"D1/1/26\nT1\n^\n" * number,
    "qif of sections": lambda number: b"!Type:Bank\n" * number,
    "mt940": lambda number: b":20:A\n:25:1\n" + b":61:260101C5,\n" * number,
    "camt": lambda number: CAMT + b"<Stmt>" + b"<Ntry/>" * number,
}


@pytest.mark.parametrize("name", ROWS_OF)
def test_rows_are_bounded(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert limits.ROWS == 100_000
    monkeypatch.setattr(reading, "ROWS", 500)
    monkeypatch.setattr(qif, "ROWS", 500)
    monkeypatch.setattr(ofx, "ROWS", 500)
    if name != "camt":  # whose sample ends in the middle
        items_of(ROWS_OF[name](500))
    assert "more than 500 rows" in refusal(ROWS_OF[name](501))


def test_parts_of_lines_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "ROWS", 100)
    data = b"!Type:Bank\nD1/1/26\nT1\n" + b"SFood\n$1\n" * 99
    assert len(items_of(data)[1].parts) == 99  # type: ignore[union-attr]
    assert "more than 100 rows" in refusal(data + b"SFood\n$1\n")


def test_a_text_is_bounded() -> None:
    fits = b"!Type:Bank\nD1/1/26\nT1\nP" + b"x" * (TEXT - 1)
    assert [len(line.description) for line in lines_of(fits)] == [TEXT - 1]
    assert refusal(fits + b"x").startswith("Line 4 has a text of more than 10000 characters")


def test_a_question_waits_and_an_answer_helps() -> None:
    data = b"!Type:Bank\nD3/4/2026\nT1.250\n^\nD5/6/2026\nT2.500\n^\n"
    items = items_of(data)
    assert [type(item) for item in items] == [Statement, Question]
    items = items_of(data, Options(date_order="MDY"))
    assert [item.option for item in items if isinstance(item, Question)] == ["decimal"]
    read_lines = lines_of(data, Options(date_order="MDY", decimal=","))
    assert [(str(line.date), str(line.amount)) for line in read_lines] == [
        ("2026-03-04", "1250"),
        ("2026-05-06", "2500"),
    ]


def test_an_amount_late_in_a_long_file_decides() -> None:
    """The reader goes through the file a second time while it is in the middle of the first."""
    entry = b"<STMTTRN><DTPOSTED>20260101<TRNAMT>1.250<NAME>" + b"x" * 100
    data = b"<OFX><STMTRS>" + entry * 2_000 + b"<STMTTRN><DTPOSTED>20260101<TRNAMT>1,5"
    assert sum(line.amount for line in lines_of(data)) == Decimal("2500001.5")


def test_a_missing_end_loses_nothing() -> None:
    assert len(lines_of(b"<OFX><STMTRS><STMTTRN><DTPOSTED>20260101<TRNAMT>1<STMTTRN><DTPOSTED>20260101<TRNAMT>1")) == 2
    assert len(lines_of(b"!Type:Bank\nD1/1/26\nT1\n!Type:Cash\nD1/1/26\nT1")) == 2
    assert len(lines_of(b":20:A\n:25:1\n:61:260101C5,\n:61:260101C5,")) == 2


def test_what_is_skipped_is_told() -> None:
    told = [str(item.message) for item in items_of(b"!Type:Cat\nNFood\n^\n!Type:Bank\n") if isinstance(item, Skipped)]
    assert told == ["“!Type:cat” has no movements of money on a bank account, cash or a card."]


def test_a_problem_says_where_and_what_would_be_right() -> None:
    (problem,) = [item for item in items_of(b"!Type:Bank\n^\nD31/1/2026\nTten\n^\n") if isinstance(item, Problem)]
    assert (problem.number, problem.field, problem.value) == (3, "T", "ten")
    assert str(problem.message) == "“ten” is not an amount. It must be a number, such as 12.50."


def test_messages_are_read_in_each_language() -> None:
    message = Message("Not an amount: give a number such as %(example)s.", {"example": "5"})
    english = str(message)
    with translation.override("de"):
        assert str(message) != english
        assert "5" in str(message)


def test_messages_quote_little() -> None:
    assert shown("x" * 60) == "x" * 60
    assert shown("x" * 61) == "x" * 60 + "…"
    assert limits.TEXT > 60
