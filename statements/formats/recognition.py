"""Which format a file has, by what is in it. Names and types that a client sends are often wrong."""

import re
from typing import BinaryIO

from django.utils.translation import gettext_noop as _

from .encodings import MARKS
from .limits import HEAD
from .results import Format, UnreadableFile

# What people send by mistake: how it begins, and what to do instead.
MISTAKEN = (
    (b"%PDF", _("This is a PDF. Ask your bank for the statement as CSV, OFX, QIF, CAMT or MT940.")),
    (b"\xd0\xcf\x11\xe0", _("This is an old Excel file. Save it as CSV, and send that.")),
    (b"\x1f\x8b", _("This is a compressed file. Unpack it, and send what is in it.")),
    (b"Rar!", _("This is a compressed file. Unpack it, and send what is in it.")),
    (b"7z\xbc\xaf", _("This is a compressed file. Unpack it, and send what is in it.")),
    (b"\x89PNG", _("This is a picture. Ask your bank for the statement as CSV, OFX, QIF, CAMT or MT940.")),
    (b"\xff\xd8\xff", _("This is a picture. Ask your bank for the statement as CSV, OFX, QIF, CAMT or MT940.")),
)
WEB_PAGE = _("This is a web page, not a statement. Sign in at your bank, and download the statement again.")
OTHER_XML = _("This XML is not a statement. Cashman reads camt.052, camt.053, camt.054 and OFX.")
PAYMENT_ORDER = _("This is a payment order (%(name)s), not a statement. Ask your bank for camt.053.")
NO_TEXT = _("This file is not text. Cashman reads CSV, OFX, QIF, CAMT and MT940.")
EMPTY = _("The file is empty.")

# Each pattern looks at one place, or for one fixed text, so it takes linear time.
OFX = re.compile(r"OFXHEADER:|<\?OFX\s|<OFX>", re.IGNORECASE)
QIF = re.compile(r"!(?:type:|account|option:|clear:)", re.IGNORECASE)
XML = re.compile(r"<\?xml\s|<[A-Za-z][\w.-]{0,40}[\s:>]")
CAMT = re.compile(
    r"urn:iso:std:iso:20022:tech:xsd:camt\.05[234]\.|<(?:\w{1,20}:)?BkToCstmr(?:Stmt|AcctRpt|DbtCdtNtfctn)"
)
PAYMENT = re.compile(r"urn:iso:std:iso:20022:tech:xsd:(pain\.\d{3})")
HTML = re.compile(r"<!doctype html|<html|<head|<body", re.IGNORECASE)
MT940 = re.compile(r"^(?:\{4:)?:20:|^\{1:F01", re.MULTILINE)
MT940_ACCOUNT = re.compile(r"^:25[A-Z]?:", re.MULTILINE)


def recognise(source: BinaryIO) -> Format:
    """Return the format of a file. Raises UnreadableFile if it is none that Cashman reads."""
    source.seek(0)
    return recognise_head(source.read(HEAD))


def recognise_head(head: bytes) -> Format:
    """Return the format of a file by its first bytes."""
    if head.startswith(b"PK\x03\x04"):
        return "camt"  # a zip of them
    for start, message in MISTAKEN:
        if head.startswith(start):
            raise UnreadableFile(message)
    return format_of_text(text_of(head))


def format_of_text(text: str) -> Format:
    """Return the format of a file that begins with this text."""
    start = text.lstrip()
    if not start:
        raise UnreadableFile(EMPTY)
    if "\0" in text:
        raise UnreadableFile(NO_TEXT)
    if HTML.match(start):
        raise UnreadableFile(WEB_PAGE)
    if OFX.match(start) or (start.startswith("<") and OFX.search(start)):
        return "ofx"
    if XML.match(start):
        return format_of_xml(start)
    first = next((line for line in map(str.strip, start.splitlines()) if line and not line.startswith("#")), "")
    if QIF.match(first):
        return "qif"
    if MT940.search(text) and MT940_ACCOUNT.search(text):
        return "mt940"
    return "csv"  # whose reader says what is missing if it is none


def format_of_xml(start: str) -> Format:
    if CAMT.search(start):
        return "camt"
    if payment := PAYMENT.search(start):
        raise UnreadableFile(PAYMENT_ORDER, name=payment[1])
    raise UnreadableFile(WEB_PAGE if HTML.search(start) else OTHER_XML)


def text_of(head: bytes) -> str:
    """Return the beginning of a file as text, in which all that formats are told by is ASCII."""
    for mark, encoding in MARKS:
        if head.startswith(mark):
            return head.decode(encoding, errors="replace")
    return head.decode("latin-1")
