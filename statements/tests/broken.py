"""Files of statements that are broken on purpose: samples with changes, and words of formats in any order."""

import io
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random
from typing import Any

from statements.formats.amounts import LONGEST as DIGITS
from statements.formats.limits import ROWS, TEXT
from statements.formats.reading import read
from statements.formats.results import Item, Line, Options, Problem, Question, Skipped, Statement, UnreadableFile

SLOWEST = 1.0  # seconds of CPU for one case
LARGEST = 100_000  # bytes of one
ENTRY = (
    b'<Ntry><Amt Ccy="EUR">1</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>'
    b"<BookgDt><Dt>2026-01-02</Dt></BookgDt></Ntry>"
)
RECORDS = {  # how a file of each format starts, and a line of it
    b"<OFX><STMTRS><BANKACCTFROM><ACCTID>1</BANKACCTFROM>": b"<STMTTRN><DTPOSTED>20260102<TRNAMT>-5</STMTTRN>",
    b"!Type:Bank\n": b"D13/1/26\nT5.5\n^\n",
    b":20:A\n:25:DE1\n": b":61:260101C5,NTRF\n",
    b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><Stmt>': ENTRY,
    b"Date,Text,Amount\n": b"2026-01-02,Tea,-1.50\n",
    b"Buchungstag;Text;Soll;Haben;Saldo\n": b"13.01.2026;Tee;1.234,50;;99,00\n",
}
WORDS = [
    *(b"<OFX>", b"<STMTRS>", b"</STMTRS>", b"<STMTTRN>", b"</STMTTRN>", b"<TRNAMT>-1,250", b"<DTPOSTED>20260230"),
    *(b"<CURDEF>EUR", b"<BANKACCTFROM>", b"<ACCTID>1", b"<LEDGERBAL><BALAMT>1.5", b"<BR/>", b"<![CDATA[", b"]]>"),
    *(b"<!--", b"-->", b"<NAME>&amp;&#99999999;&lt", b"OFXHEADER:100\nCHARSET:1252\n\n", b"<STATUS><SEVERITY>ERROR"),
    *(b"!Type:Bank\n", b"!Account\nNx\n^\n", b"!Type:Invst\n", b"D3/4'26\n", b"D13/13/2026\n", b"T1.250\n", b"T,\n"),
    *(b"^\n", b"SFood\n$-5\n", b"POpening Balance\nL[x]\n", b"!Clear:AutoSwitch\n", b"\n", b"\r", b" ", b"\0"),
    *(b":20:A\n:25:DE1\n", b":60F:C260101EUR5,\n", b":61:2601010102RD5,5NTRFNONREF//1\n", b":62F:D2602\n", b"\n-\n"),
    *(b":86:166?00A?20B?21", b"?32", b":86:/REMI/a/NAME/b/", b"-}{5:}{4:\n", b":61:260101", b"C5", b"/", b"?"),
    *(
        b"Date,Text,Amount\n",
        b"3/4/2026,a,1.250\n",
        b"13/4/2026,b,-5\n",
        b"Datum;Betrag;S/H\n",
        b"1.2.26;5,00;S\n",
        b";;\n",
    ),
    *(
        b"Date,Payee,Outflow,Inflow,Account,Category,Memo,Cleared\n",
        b'2026-01-02,a,1,250,,"',
        b"\t",
        b"sep=;\n",
        b",",
        b";",
    ),
    *(b'<?xml version="1.0"?>', b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">', b"</Document>"),
    *(b"<BkToCstmrStmt>", b"<Stmt>", b"</Stmt>", b"<Ntry>", b"</Ntry>", b"<NtryDtls><TxDtls>", b"</TxDtls></NtryDtls>"),
    *(b'<Amt Ccy="EUR">1.5</Amt>', b"<CdtDbtInd>DBIT</CdtDbtInd>", b"<BookgDt><Dt>2026-01-01+02:00</Dt></BookgDt>"),
    *(
        b"<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp>",
        b"</Bal>",
        b"<a ",
        b"='",
        b'"',
        b"&",
        b"<!DOCTYPE a [",
        b"]>",
    ),
    *(
        b"PK\x03\x04",
        b"PK\x05\x06",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\x80\x81",
        "\u0130\u00ad\u2212".encode(),
        b"9" * 50,
    ),
]


def soup(random: Random) -> bytes:
    """Return words of all formats, or of one, in any order."""
    start = random.choice((*RECORDS, b""))
    return start + b"".join(random.choices(WORDS, k=random.randrange(1, 60)))


def changed(sample: bytes, random: Random) -> bytes:
    """Return a sample with some changes of any kind."""
    data = sample
    for _ in range(random.randrange(1, 4)):
        data = random.choice(CHANGES)(data, random)[:LARGEST]
    return data


def span(data: bytes, random: Random) -> tuple[int, int]:
    start = random.randrange(len(data) + 1)
    return start, min(start + int(random.expovariate(1 / 30)), len(data))


def cut_out(data: bytes, random: Random) -> bytes:
    start, end = span(data, random)
    return data[:start] + data[end:]


def cut_off(data: bytes, random: Random) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def replaced(data: bytes, random: Random) -> bytes:
    start, end = span(data, random)
    return data[:start] + random.randbytes(end - start) + data[end:]


def with_word(data: bytes, random: Random) -> bytes:
    start, end = span(data, random)
    return data[:start] + random.choice(WORDS) + data[end:]


def repeated(data: bytes, random: Random) -> bytes:
    start, end = span(data, random)
    times = LARGEST // max(end - start, 1) if random.random() < 0.02 else random.choice((2, 5, 50))
    return data[:start] + data[start:end] * times + data[end:]


def moved(data: bytes, random: Random) -> bytes:
    start, end = span(data, random)
    place = random.randrange(len(data) + 1)
    return data[:place] + data[start:end] + data[place:]


def digits_changed(data: bytes, random: Random) -> bytes:
    """Change a digit, a sign or a mark, which a reader may not notice as easily as other bytes."""
    places = [place for place, byte in enumerate(data[:5_000]) if byte in b"0123456789.,-+'/"]
    if not places:
        return data
    place = random.choice(places)
    return data[:place] + random.choice((b"0", b"9", b".", b",", b"-", b"'", b" ", b"", b"\xb2")) + data[place + 1 :]


def encoded(data: bytes, random: Random) -> bytes:
    text = data.decode("latin-1")
    return text.encode(random.choice(("utf-8", "utf-16", "utf-16-le", "utf-7")), errors="replace")


CHANGES: tuple[Callable[[bytes, Random], bytes], ...] = (
    *(cut_out, cut_off, replaced, with_word, repeated, moved, digits_changed, digits_changed, encoded),
)


def answered(question: Question, options: Options) -> Iterator[Options]:
    said: Any = {question.option: None}  # whose type only the field knows
    for choice in question.choices:
        said[question.option] = choice.value
        yield replace(options, **said)


def try_out(data: bytes, options: Options | None = None) -> list[Item]:
    """Read a file, with each answer to what is asked too. Only a clear error may come of it, and soon.

    Returns what was read before any question was answered.
    """
    options = options or Options()
    began = time.process_time()
    items: list[Item] = []
    told = "read"
    try:
        items.extend(read(io.BytesIO(data), options))
    except UnreadableFile as error:
        told = str(error)
    assert 0 < len(told) < 400
    assert time.process_time() - began < SLOWEST, f"took {time.process_time() - began:.2f} s"
    check(items)
    questions = {item.option: item for item in items if isinstance(item, Question)}
    for question in questions.values():
        assert getattr(options, question.option) is None, "asked again"
        assert len(question.choices) > 1
        for more in answered(question, options):
            try_out(data, more)
    return items


def check(items: list[Item]) -> None:
    """Check what a consumer relies on."""
    statements: set[Statement] = set()
    assert len(items) <= ROWS
    for item in items:
        if isinstance(item, Statement):
            statements.add(item)
        elif isinstance(item, Line):
            assert item.statement in statements
            assert item.number > 0
            assert item.amount.is_finite()
            assert len(str(item.amount)) <= DIGITS + 2
            assert str(item.amount) != "-0"
            assert max(len(item.description), len(item.counterparty), len(item.bank_id or "")) <= 10 * TEXT
        elif isinstance(item, Problem | Skipped | Question):
            assert item.number > 0
            assert 0 < len(str(item.message)) < 400
