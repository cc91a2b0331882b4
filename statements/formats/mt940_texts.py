"""The texts of MT940 entries (:86:), which each country writes in another way."""

import re
from dataclasses import dataclass

FULL = 65  # characters of a line, with its tag, after which a text goes on in the next one without a blank
CODED = re.compile(r"[0-9]{3}([?<>~^@])[0-9]{2}")  # "166?00", as in Germany: the code of the business, then subfields
NAMED = frozenset(["EREF", "BENM", "ORDP", "REMI", "ISDT", "TRTP", "CSID", "MARF", "CNTP", "PREF", "RTRN", "TRCD"]) | {
    "IBAN",
    "BIC",
    "NAME",
    "ID",
    "ADDR",
    "CUST",
    "SVCL",
    "ULTC",
    "ULTB",
    "PURP",
}
PURPOSE = frozenset([*(f"{number}" for number in range(20, 30)), "60", "61", "62", "63"])


@dataclass(frozen=True, slots=True)
class Texts:
    """What the text of an entry says."""

    description: str
    counterparty: str = ""
    booking_text: str = ""  # the bank's words for the kind of business


def texts_of(lines: list[str]) -> Texts:
    """Return what the lines of a text say."""
    together = "".join(lines)
    if match := CODED.match(together):
        return coded(together, match[1])
    if together.startswith("/") and together[1:].partition("/")[0] in NAMED:
        return named(together)
    return Texts(joined(lines))


def joined(lines: list[str]) -> str:
    """Return lines as one text. A full line goes on in the next one without a blank."""
    text = ""
    for index, line in enumerate(lines):
        text += line
        if len(line) + (len(":86:") if index == 0 else 0) < FULL:
            text += " "
    return " ".join(text.split())


def coded(text: str, mark: str) -> Texts:
    """Read subfields: a mark, two digits and what they hold. The mark may also be in a text."""
    pieces: dict[str, list[str]] = {}
    code = ""
    for part in text[3:].split(mark)[1:]:
        if part[:2].isdigit() and len(part) > 1:
            code = part[:2]
            pieces.setdefault(code, []).append(part[2:])
        elif code:
            pieces[code].append(mark + part)
    subfields = {number: "".join(parts) for number, parts in pieces.items()}
    purpose = "".join(value for number, value in subfields.items() if number in PURPOSE)
    name = subfields.get("32", "") + subfields.get("33", "")
    booking_text = subfields.get("00", "").strip()
    return Texts(purpose.strip() or booking_text, name.strip(), booking_text)


def named(text: str) -> Texts:
    """Read parts with names, as in the Netherlands: /REMI/what it is for/NAME/who."""
    values: dict[str, list[str]] = {}
    name = ""
    for part in text.split("/"):
        if part in NAMED:
            name = part
            values.setdefault(name, [])
        elif name:
            values[name].append(part)
    read = {key: "/".join(parts).strip("/ ") for key, parts in values.items()}
    return Texts(read.get("REMI") or text, read.get("NAME", ""))
