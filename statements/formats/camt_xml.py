"""The XML of CAMT, read one element at a time: only the texts that a statement needs are remembered, and only for the
statement, balance, entry or payment that is being read."""

from collections.abc import Callable
from typing import Protocol
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import XMLParser
from django.utils.translation import gettext_noop as _

from .encodings import TOO_LONG, known_encoding
from .limits import CHUNK, DEPTH, TEXT
from .results import UnreadableFile

STATEMENTS = frozenset(["Stmt", "Rpt", "Ntfctn"])
# Each part of a file that is read by itself, and what it is in.
PARENTS = {name: frozenset([""]) for name in STATEMENTS} | {
    "Bal": STATEMENTS,
    "Ntry": STATEMENTS,
    "TxDtls": frozenset(["Ntry"]),
}
NAMES = 1_000  # of elements and attributes; the standard has some hundred
VALUES = 1_000  # of one element that may be repeated in a part
SPAN = 4 * TEXT + CHUNK  # bytes of a tag and its text
NOT_XML = _("Line %(line)d: this is not well-formed XML. The file may be cut off: download it again.")
FORBIDDEN = _("The XML has a document type or entities of its own. A statement has neither.")
ENCODING = _("The XML names an encoding that it can't have. If you know the right one, say it.")
TOO_DEEP = _("Line %(line)d: too many elements within each other.")
TOO_MANY = _("Line %(line)d: too many different or repeated elements. No statement has so many.")


class Readable(Protocol):
    """What has bytes: a file, or one in a zip."""

    def read(self, size: int, /) -> bytes: ...


class Values:
    """The texts of one part, by their path in it: "Acct/Id/IBAN"."""

    def __init__(self, name: str, depth: int, number: int) -> None:
        self.name = name
        self.depth = depth
        self.number = number  # the line of the file where the part begins
        self.texts: dict[str, list[str]] = {}
        self.parts: list[Values] = []  # the payments of an entry

    def get(self, *paths: str) -> str:
        """Return the text of the first of these paths that is there."""
        return next((self.texts[path][0] for path in paths if path in self.texts), "")

    def all(self, path: str) -> list[str]:
        return self.texts.get(path, [])


class Parts:
    """What the XML parser calls. It gives each part to `ended` once its end is read, with what it is in."""

    def __init__(self, wanted: frozenset[str], ended: Callable[[Values, list[Values]], None]) -> None:
        self.wanted = wanted
        self.ended = ended
        self.line: Callable[[], int] = lambda: 0
        self.path: list[str] = []
        self.text: list[str] = []
        self.length = 0
        self.currency = ""
        self.within: list[Values] = []
        self.names: set[str] = set()

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition("}")[2]
        if tag not in self.names or attributes:
            self.names.update((tag, *attributes))
            if len(self.names) > NAMES:
                raise UnreadableFile(TOO_MANY, line=self.line())
        if len(self.path) == DEPTH:
            raise UnreadableFile(TOO_DEEP, line=self.line())
        self.path.append(name)
        self.text, self.length = [], 0
        if name in PARENTS and (self.within[-1].name if self.within else "") in PARENTS[name]:
            self.within.append(Values(name, len(self.path), self.line()))
        elif name == "Amt":
            self.currency = attributes.get("Ccy", "")

    def data(self, text: str) -> None:
        self.length += len(text)
        if self.length > TEXT:
            raise UnreadableFile(TOO_LONG, line=self.line(), most=TEXT)
        self.text.append(text)

    def end(self, tag: str) -> None:
        if self.within:
            part = self.within[-1]
            if len(self.path) == part.depth:
                self.within.pop()
                self.ended(part, self.within)
            elif self.text:
                self.keep(part, "/".join(self.path[part.depth :]))
        self.path.pop()
        self.text, self.length = [], 0

    def keep(self, part: Values, path: str) -> None:
        text = " ".join("".join(self.text).split())
        if text and path in self.wanted:
            values = part.texts.setdefault(path, [])
            values.append(text)
            if path.endswith("Amt") and self.currency:
                part.texts.setdefault(f"{path}@Ccy", []).append(self.currency)
            if len(values) > VALUES:
                raise UnreadableFile(TOO_MANY, line=self.line())

    def close(self) -> None:
        """Have nothing left to do."""


class Parser:
    """Feeds bytes to the XML parser, which knows no document types, no entities and no external references."""

    def __init__(self, parts: Parts, encoding: str | None) -> None:
        self.parser = XMLParser(target=parts, encoding=known_encoding(encoding), forbid_dtd=True)
        self.span = 0  # bytes since the last tag began
        parts.line = self.line

    def line(self) -> int:
        return int(self.parser.parser.CurrentLineNumber)

    def feed(self, source: Readable) -> bool:
        """Read on, and return whether there was something to read."""
        chunk = source.read(CHUNK)
        first, *others = chunk.split(b"<")
        self.span += len(first)
        if max(self.span, *map(len, others), 0) > SPAN:  # it would be kept as a whole, and looked at again and again
            raise UnreadableFile(TOO_LONG, line=self.line(), most=TEXT)
        if others:
            self.span = len(others[-1])
        try:
            if chunk:
                self.parser.feed(chunk)
            else:
                self.parser.close()
        except ParseError as error:
            raise UnreadableFile(NOT_XML, line=error.position[0]) from error
        except DefusedXmlException as error:
            raise UnreadableFile(FORBIDDEN) from error
        except (LookupError, ValueError) as error:  # which Python raises for the names of encodings only
            raise UnreadableFile(ENCODING) from error
        return bool(chunk)
