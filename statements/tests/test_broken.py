"""Broken files: only clear errors come of them, and soon. `make fuzz-statements` tries more of them."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statements.formats.results import Format, Line, Options
from statements.tests.broken import RECORDS, WORDS, changed, soup, try_out
from statements.tests.compared import OWN, samples
from transactions.tests.shares import cases, reached, reaches

CASES = cases(2_000)
FILES = [path.read_bytes() for path in samples(OWN)]
FORMATS: tuple[Format, ...] = ("ofx", "qif", "camt", "mt940", "csv")


def test_changed_samples_and_soups_are_read_or_refused() -> None:
    random = Random(18)
    read = 0
    for case in range(CASES):
        data = soup(random) if case % 4 == 0 else changed(random.choice(FILES), random)
        read += any(isinstance(item, Line) for item in try_out(data))
    assert read > CASES / 5  # so the changes do not merely make all files unreadable


@reaches(lines=20)
@settings(max_examples=cases(150), deadline=None)
@given(st.data(), st.sampled_from(list(RECORDS)))
def test_words_in_any_order_are_read_or_refused(data: st.DataObject, start: bytes) -> None:
    words = st.just(RECORDS[start]) | st.sampled_from(WORDS) | st.binary(max_size=20)
    if any(isinstance(item, Line) for item in try_out(start + b"".join(data.draw(st.lists(words))))):
        reached("lines")


@reaches(tried=100)
@settings(max_examples=cases(100), deadline=None)
@given(st.binary(max_size=2_000), st.sampled_from(FORMATS), st.sampled_from([None, "utf-8", "cp1252", "utf-16"]))
def test_any_bytes_are_read_or_refused_in_any_format(data: bytes, form: Format, encoding: str | None) -> None:
    try_out(data, Options(format=form, encoding=encoding))
    reached("tried")


HOSTILE = {
    "ofx with nothing but signs": b"<OFX>" + b"<" * 100_000,
    "ofx with signs in a value": b"<OFX><STMTRS><NAME>" + b"< " * 50_000,
    "ofx deep": b"<OFX>" + b"<STATUS>" * 12_000,
    "ofx with a long value": b"<OFX><NAME>" + b"a" * 100_000,
    "ofx with an endless comment": b"<OFX><!--" + b"<a" * 50_000,
    "ofx with entities": b"<OFX><STMTRS><CURDEF>" + b"&amp;&#1;&lt" * 8_000,
    "ofx of statements": b"<OFX>" + b"<STMTRS>" * 12_000,
    "ofx of ambiguous amounts": b"<OFX><STMTRS>" + b"<STMTTRN><DTPOSTED>20260101<TRNAMT>1.250" * 2_500,
    "qif of blanks": b"!Type:Bank\n" + b"D" + b" " * 100_000,
    "qif with one record": b"!Type:Bank\n" + b"SFood\n$1\n" * 11_000,
    "qif of ambiguous days": b"!Type:Bank\n" + b"D1/2/26\nT1.250\n^\n" * 6_000,
    "qif of headers": b"!Type:Bank\n" * 9_000,
    "mt940 with marks": b":20:A\n:25:1\n:61:260101C5,NTRF\n:86:166?00" + b"?20?" * 2_300,
    "mt940 with slashes": b":20:A\n:25:1\n:61:260101C5,NTRF\n:86:/REMI" + b"/" * 9_000,
    "mt940 with digits": b":20:A\n:25:1\n:61:260101C" + b"9" * 9_000,
    "mt940 of lines": b":20:A\n:25:1\n:86:" + b"\n" * 100_000,
    "mt940 of entries": b":20:A\n:25:1\n" + b":61:260101C5,NTRF" + b" " * 20 + b"//\n" * 2_500,
    "camt deep": b"<Document>camt.053<BkToCstmrStmt>" + b"<a>" * 33_000,
    "camt with names": b"<BkToCstmrStmt>" + b"".join(b"<n%d/>" % number for number in range(12_000)),
    "camt with attributes": b"<BkToCstmrStmt><a " + b" ".join(b"b%d=''" % number for number in range(11_000)) + b">",
    "camt with a long tag": b"<BkToCstmrStmt><" + b"a" * 100_000,
    "camt with a long text": b"<BkToCstmrStmt><Stmt><Id>" + b"a" * 100_000,
    "camt with texts": b"<BkToCstmrStmt><Stmt><Ntry><TxDtls><RmtInf>" + b"<Ustrd>a</Ustrd>" * 6_000,
    "csv of delimiters": (b"," * 199 + b"\n") * 500,
    "csv of quotes": b"Date,Amount\n" + b'"' * 9_000,
    "csv of open quotes": b"Date,Amount\n" + b'"\n' * 50_000,
    "csv of stray quotes": b"Date,Amount\n" + b'"a"b,' * 1_900 + b"\n",
    "csv of names": b"Date,Amount" + b",Amount" * 190 + b"\n" + b"2026-01-02,5.00\n" * 6_000,
    "csv of continued texts": b"Date,Text,Amount\n2026-01-02,a,-5\n" + b",text that goes on,\n" * 5_000,
    "csv of ambiguous cells": b"Date,Text,Amount\n" + b"3/4/2026,a,1.250\n" * 1_500,  # read once for each of 78 answers
    "csv of digits": b"Date,Amount\n2026-01-02," + b"9" * 9_000 + b"\n",
    "csv of almost dates": b"Date,Amount\n" + b"1/2/2026T" * 9_000,
    "csv of almost amounts": b"Date,Amount\n" + b"2026-01-02,1,234,567,890,12\n" * 3_000,
    "csv of labels": b"Account:" * 1_200 + b"\n" + b"Saldo;" * 190 + b"\nDate;Amount\n2026-01-02;5\n",
    "csv of letters": b"Date,Text,Amount\n" + b"2026-01-02," + bytes(range(0xC0, 0x100)) * 140 + b",-5.00\n",
    "csv of accounts": b"Account,Date,Amount\n" + b"".join(b"%d,2026-01-02,-5\n" % number for number in range(5_000)),
    "csv of marks": b"Date,Text,Amount\n2026-01-02," + "e\u0301\u0323".encode() * 1_500 + b",-5.00\n",
    "blanks": b" " * 100_000,
    "lines": b"\n" * 100_000,
    "marks": b"\xef\xbb\xbf" * 33_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_cost_little(name: str) -> None:
    try_out(HOSTILE[name])
