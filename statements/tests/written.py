"""Statements written as banks write them, for tests that read them back."""

import datetime
from collections.abc import Callable
from decimal import Decimal
from html import escape

Row = tuple[datetime.date, Decimal, str]


def ofx(rows: list[Row]) -> str:
    """Write OFX 1, whose values have no end tags."""
    entries = "".join(
        f"<STMTTRN>\n<DTPOSTED>{day:%Y%m%d}235959[-11:X]\n<TRNAMT>{amount:.2f}\n<NAME>{escape(text)}\n</STMTTRN>\n"
        for day, amount, text in rows
    )
    return f"OFXHEADER:100\n\n<OFX><STMTRS><CURDEF>EUR<BANKACCTFROM><ACCTID>1</BANKACCTFROM>{entries}</STMTRS></OFX>"


def ofx2(rows: list[Row]) -> str:
    entries = "".join(
        f"<STMTTRN><DTPOSTED>{day:%Y%m%d}</DTPOSTED><TRNAMT>{amount:.2f}</TRNAMT><NAME>{escape(text)}</NAME></STMTTRN>"
        for day, amount, text in rows
    ).replace(".", ",")
    return f"<?OFX OFXHEADER='200'?><OFX><STMTRS>{entries}</STMTRS></OFX>"


def qif(rows: list[Row]) -> str:
    last = "D12/31/1999\nT0.5\nPlast\n^\n"  # which decides the order of days, and the decimal mark
    return (
        "!Type:Bank\n" + "".join(f"D{day:%m/%d/%Y}\nT{amount:,.2f}\nP{text}\n^\n" for day, amount, text in rows) + last
    )


def mt940(rows: list[Row]) -> str:
    entries = "".join(
        f":61:{day:%y%m%d}{day:%m%d}{'D' if amount < 0 else 'C'}{abs(amount):.2f}NTRFNONREF\n".replace(".", ",")
        + f":86:166?00UEBERWEISUNG?20{text}\n"
        for day, amount, text in rows
    )
    return f":20:A\n:25:1\n:60F:C260101EUR0,\n{entries}:62F:C260101EUR0,\n-\n"


def camt(rows: list[Row]) -> str:
    entries = "".join(
        f'<Ntry><Amt Ccy="EUR">{abs(amount):018.2f}</Amt><CdtDbtInd>{"DBIT" if amount < 0 else "CRDT"}</CdtDbtInd>'
        f"<Sts><Cd>BOOK</Cd></Sts><BookgDt><DtTm>{day}T00:00:00+14:00</DtTm></BookgDt><NtryDtls><TxDtls><RmtInf>"
        f"<Ustrd>{escape(text)}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
        for day, amount, text in rows
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">'
        f"<BkToCstmrStmt><Stmt><Id>1</Id>{entries}</Stmt></BkToCstmrStmt></Document>"
    )


WRITERS: dict[str, Callable[[list[Row]], str]] = {"ofx": ofx, "ofx2": ofx2, "qif": qif, "mt940": mt940, "camt": camt}
