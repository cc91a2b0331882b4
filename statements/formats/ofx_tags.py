"""The tags of OFX files, of both kinds: the SGML of OFX 1, whose values have no end tag, and the XML of OFX 2.

Banks write neither as the standard says, so one lenient reader takes both. It follows no entity and no reference, and
remembers one value at a time.
"""

import re
from collections.abc import Iterable, Iterator

from .encodings import TOO_LONG
from .limits import TEXT
from .results import UnreadableFile

# An element: its name with a slash before it at its end, and the text up to the next one.
Tag = tuple[int, str, str]
LONGEST = 2 * TEXT  # characters of a tag and its text, and of a comment
NAME = re.compile(r"(/?)([A-Z][A-Z0-9_.]{0,40})(?:\s[^>]*)?")
ENTITY = re.compile(r"&(#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6}|amp|lt|gt|quot|apos|nbsp);")
ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'", "nbsp": " "}
# What is no element, by how it starts: where it ends, and whether what it encloses is text.
ENCLOSED = (("![CDATA[", "]]>", True), ("!--", "-->", False), ("?", "?>", False), ("!", ">", False))


def tags(chunks: Iterable[str]) -> Iterator[Tag]:
    """Yield each tag with its line and the text that follows it, as a person would read it."""
    line, name, text = 1, "", ""
    current = 1  # the line that `name` is on
    ending, is_text = "", False  # of what is enclosed, while in it
    for piece in pieces(chunks):
        start = line
        line += piece.count("\n")
        if ending:
            inside, found, after = piece.partition(ending)
            if is_text:
                text += f"<{inside}"
            if found:
                ending = ""
                text += after
        elif ">" in piece and (match := NAME.fullmatch(piece.partition(">")[0].removesuffix("/"))):
            inside, _end, after = piece.partition(">")
            if match[2] == "BR":  # a line break within a value, as in HTML
                text += f" {after}"
            else:
                yield current, name, text
                name, text, current = match[1] + match[2], after, start
                if inside.endswith("/"):
                    yield current, name, ""
                    name = f"/{name}"
        else:
            for start_mark, end_mark, encloses_text in ENCLOSED:
                if piece.startswith(start_mark):
                    inside, found, after = piece.removeprefix(start_mark).partition(end_mark)
                    text += (inside if encloses_text else "") + after
                    ending, is_text = ("" if found else end_mark), encloses_text
                    break
            else:
                text += f"<{piece}"  # a bare sign in a text
        if len(text) > TEXT or len(piece) > LONGEST:
            raise UnreadableFile(TOO_LONG, line=line, most=TEXT)
    yield current, name, text


def pieces(chunks: Iterable[str]) -> Iterator[str]:
    """Yield what is between each "<" and the next one."""
    rest = ""
    is_first = True
    for chunk in chunks:
        parts = (rest + chunk).split("<")
        rest = parts.pop()
        yield from parts[is_first:]
        is_first = is_first and not parts
        if len(rest) > LONGEST:
            break
    yield rest


def unescaped(text: str) -> str:
    """Return a text with its entities resolved, once, and with each run of blanks made one."""
    if "&" in text:
        text = ENTITY.sub(lambda match: character(match[1]), text)
    return " ".join(text.split())


def character(entity: str) -> str:
    if not entity.startswith("#"):
        return ENTITIES[entity]
    code = int(entity[2:], 16) if entity.startswith("#x") else int(entity[1:])
    return chr(code) if 0x20 <= code < 0x110000 and not 0xD800 <= code < 0xE000 else " "
