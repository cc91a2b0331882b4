"""Broken files: only clear errors come of them, and soon. `make fuzz-statements` tries more of them."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statements.formats.results import Format, Line, Options
from statements.tests.broken import RECORDS, WORDS, changed, soup, try_out
from statements.tests.compared import OWN, samples
from transactions.tests.shares import reached, reaches

CASES = 2_000
FILES = [path.read_bytes() for path in samples(OWN)]
FORMATS: tuple[Format, ...] = ("ofx", "qif", "camt", "mt940")


def test_changed_samples_and_soups_are_read_or_refused() -> None:
    random = Random(18)
    read = 0
    for case in range(CASES):
        data = soup(random) if case % 4 == 0 else changed(random.choice(FILES), random)
        read += any(isinstance(item, Line) for item in try_out(data))
    assert read > CASES / 5  # so the changes do not merely make all files unreadable


@reaches(lines=20)
@settings(max_examples=150, deadline=None)
@given(st.data(), st.sampled_from(list(RECORDS)))
def test_words_in_any_order_are_read_or_refused(data: st.DataObject, start: bytes) -> None:
    words = st.just(RECORDS[start]) | st.sampled_from(WORDS) | st.binary(max_size=20)
    if any(isinstance(item, Line) for item in try_out(start + b"".join(data.draw(st.lists(words))))):
        reached("lines")


@reaches(tried=100)
@settings(max_examples=100, deadline=None)
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
    "blanks": b" " * 100_000,
    "lines": b"\n" * 100_000,
    "marks": b"\xef\xbb\xbf" * 33_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_cost_little(name: str) -> None:
    try_out(HOSTILE[name])
