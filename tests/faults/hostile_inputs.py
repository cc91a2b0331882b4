"""What hostile.py sends: every text input of the service, and texts that have stopped one service or another."""

import json
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

# Bytes that are sent of a text, in each place nearly as many as are taken.
QUERY, HEADER, COOKIE, PATH = 20_000, 30_000, 8_000, 6_000
CREDENTIALS, ROW, ROWS = 15_000, 60_000, 4_900_000
FORM = "application/x-www-form-urlencoded"

# A harmless character of as many bytes in UTF-8.
HARMLESS = {1: "x", 2: "é", 3: "中", 4: "😀"}


@dataclass(frozen=True)
class Request:
    """A request as it is sent."""

    method: str
    path: str
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Input:
    """A place for a text: `request` puts one there, of at most `size` bytes; None where the place can't hold it."""

    name: str
    size: int
    request: Callable[[str], Request | None]
    longest: int | None = None  # characters, as the schema says


# A text of that many characters, by kind.
TEXTS: dict[str, Callable[[int], str]] = {
    "combining marks": lambda n: "a" + repeated("\u0315\u0300", n - 1),
    "combining marks in order": lambda n: "a" + "\u0300" * (n - 1),
    "Hangul in pieces": lambda n: repeated("\u1100\u1161\u11a8", n),
    "a letter of eighteen": lambda n: "\ufdfa" * n,
    "letters that grow without case": lambda n: repeated("\u0130\u1e9e\u0149", n),
    "emoji": lambda n: "\U0001f600" * n,
    "right to left": lambda n: repeated("\u202e\u202d", n),
    "lone surrogates": lambda n: "\ud800" * n,
    "NULs": lambda n: "\0" * n,
    "line breaks": lambda n: repeated("\r\n", n),
    "digits": lambda n: "9" * n,
    "zeros and a one": lambda n: "0" * (n - 1) + "1",
    "a huge exponent": lambda n: "1e" + "9" * (n - 2),
    "a long fraction": lambda n: "0." + "0" * (n - 3) + "1",
    "digits in groups": lambda n: repeated("1_", n),
    "brackets": lambda n: "[" * n,
    "objects": lambda n: repeated('{"a":', n),
    "a and a b": lambda n: "a" * (n - 1) + "b",
    "spaces between letters": lambda n: "x" + " " * (n - 2) + "x",
    "words of a letter": lambda n: repeated("a ", n),
    "dots": lambda n: "." * n,
    "commas": lambda n: "," * n,
    "semicolons": lambda n: repeated("; ", n),
    "quotes": lambda n: '"' * n,
    "backslashes": lambda n: "\\" * n,
    "percents": lambda n: "%" * n,
    "parameters": lambda n: repeated("a=1&", n),
    "cookies": lambda n: repeated("a=1; ", n),
    "cookies in quotes": lambda n: 'a="' + "\\" * (n - 3),
    "an e-mail address": lambda n: "a@" + repeated("a.", n - 2),
    "at signs": lambda n: "@" * n,
    "tags": lambda n: repeated('W/"a",', n),
    "media types": lambda n: repeated("a/b;q=0.1,", n),
    "languages": lambda n: repeated("a-b;q=0.1,", n),
    "moments": lambda n: repeated("2026-11-30T", n),
    "parts of a path": lambda n: repeated("../", n),
    "markup": lambda n: repeated("<a href=", n),
    "a token": lambda n: "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9." + "A" * max(0, n - 37),
    "wildcards": lambda n: repeated("%_", n),
}

Paths = Callable[[str, str], str]  # from a method and a path of the document to a path that is there

# A body of about that many bytes, by kind.
BODIES: dict[str, Callable[[int], bytes]] = {
    "deep arrays": lambda n: b"[" * n,
    "deep arrays that end": lambda n: b"[" * (n // 2) + b"]" * (n // 2),
    "deep objects": lambda n: b'{"a":' * (n // 5),
    "empty arrays": lambda n: listed(b"[]", n),
    "empty objects": lambda n: listed(b"{}", n),
    "small numbers": lambda n: listed(b"1", n),
    "small fractions": lambda n: listed(b"1.5", n),
    "huge exponents": lambda n: listed(b"1e999999999", n),
    "long numbers": lambda n: listed(b"9" * 4_000, n),
    "one number": lambda n: b"9" * n,
    "nulls": lambda n: listed(b"null", n),
    "small texts": lambda n: listed(b'"a"', n),
    "many keys": lambda n: b"{%s}" % b",".join([b'"k%07d":1' % number for number in range(n // 13)]),
    "one key many times": lambda n: b"{%s}" % b",".join([b'"k":1'] * (n // 6)),
    "rows of one wrong field": lambda n: listed(b'{"a":1}', n),
    "rows of many keys": lambda n: listed(b"{%s}" % b",".join([b'"k%03d":1' % k for k in range(200)]), n),
    "escapes": lambda n: b'{"a":"%s"}' % (b"\\u0041" * (n // 6)),
    "a text without an end": lambda n: b'"' + b"a" * n,
    "white space": lambda n: b" " * n,
    "NULs": lambda n: b"\0" * n,
    "no UTF-8": lambda n: b"\xff" * n,
    "byte order marks": lambda n: b"\xef\xbb\xbf" * (n // 3),
}


def repeated(pattern: str, length: int) -> str:
    """Return that many characters of the pattern, again and again."""
    return (pattern * (length // len(pattern) + 1))[: max(0, length)]


def listed(item: bytes, size: int) -> bytes:
    """Return a JSON array of items that are all the same."""
    return b"[%s]" % b",".join([item] * (size // (len(item) + 1)))


def harmless(text: str) -> str:
    """Return a harmless text of as many characters and bytes."""
    if text.isascii():
        return "x" * len(text)
    return "".join([HARMLESS[len(char.encode("utf-8", "surrogatepass"))] for char in text])


def fitting(make: Callable[[int], str], size: int, longest: int | None) -> Iterator[str]:
    """Yield the text as long as the schema lets it be, and as long as the size lets it be, in UTF-8."""
    width = len(make(100).encode("utf-8", "surrogatepass")) / 100
    for length in {longest or 0, int(size / width)} - {0}:
        yield make(length)


def inputs_of(document: dict[str, Any], paths: Paths) -> list[Input]:
    """Return every text input of the OpenAPI document: parameters, bodies, their fields."""
    found = []
    for template, operations in document["paths"].items():
        for method, operation in operations.items():
            path = paths(method, template)
            parameters = operation.get("parameters", ())
            found += [_parameter(method.upper(), template, path, one, operation) for one in parameters]
            if schema := _json_schema(operation):
                found += _fields(document, method.upper(), path, schema)
    return found


def _json_schema(operation: dict[str, Any]) -> dict[str, Any] | None:
    """Return the schema of the JSON body; None if the operation takes none."""
    content = operation.get("requestBody", {}).get("content", {})
    schema: dict[str, Any] | None = content.get("application/json", {}).get("schema")
    return schema


def _parameter(method: str, template: str, path: str, one: dict[str, Any], operation: dict[str, Any]) -> Input:
    name, place = one["name"], one["in"]
    schema = one["schema"].get("items", one["schema"])
    body = b"{}" if "requestBody" in operation else None
    title = f"{method} {template} {place} {name}"
    if place == "query":
        return Input(title, QUERY, lambda text: _with_query(method, path, name, text, body), schema.get("maxLength"))
    if place == "header":
        return Input(title, HEADER, lambda text: _with_header(Request(method, path, body), name, text))
    place_in_path = template.split("/").index(f"{{{name}}}")
    return Input(title, PATH, lambda text: _with_path(method, path, place_in_path, text, body))


def _with_query(method: str, path: str, name: str, text: str, body: bytes | None) -> Request | None:
    value = _quoted(text)
    return Request(method, f"{path}?{name}={value}", body) if len(value) <= 60_000 else None


def _with_path(method: str, path: str, place: int, text: str, body: bytes | None) -> Request | None:
    parts = path.split("/")
    parts[place] = _quoted(text)
    return Request(method, "/".join(parts), body)


def _with_header(request: Request, name: str, text: str) -> Request | None:
    value = text.encode("utf-8", "surrogatepass").decode("latin-1")
    if any(char in value for char in "\r\n\0"):  # which the server refuses unread
        return None
    return Request(request.method, request.path, request.body, {**request.headers, name: value})


def _quoted(text: str) -> str:
    """Return the text in percents: all of it, so that a harmless one of as many bytes is as long."""
    return "".join([f"%{byte:02X}" for byte in text.encode("utf-8", "surrogatepass")])


def _fields(document: Any, method: str, path: str, schema: dict[str, Any]) -> Iterator[Input]:
    one, many = _resolved(document, schema)
    size = CREDENTIALS if path.startswith(("/auth", "/me", "/tokens")) else ROW
    rest = {name: _example(document, one["properties"][name]) for name in one.get("required", ())}
    for name, about in one["properties"].items():
        about = _merged(document, about)
        longest = about.get("items", about).get("maxLength")

        def request(text: str, name: str = name, listed: bool = about.get("type") == "array") -> Request:
            row = rest | {name: [text] if listed else text}
            return Request(method, path, _json([row] if many else row))

        yield Input(f"{method} {path} body {name}", size, request, longest)


def _resolved(document: Any, schema: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """Return the schema of one row, and whether the body is an array of them alone."""
    schema = _merged(document, schema["oneOf"][0] if "oneOf" in schema else schema)
    return (_merged(document, schema["items"]), True) if schema.get("type") == "array" else (schema, False)


def _merged(document: Any, schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    merged: dict[str, Any] = dict(schema)
    for part in schema.get("allOf", ()):
        other = _merged(document, part)
        merged |= {name: value for name, value in other.items() if name != "properties"}
        merged["properties"] = {**merged.get("properties", {}), **other.get("properties", {})}
    return merged


def _example(document: Any, schema: dict[str, Any]) -> Any:
    schema = _merged(document, schema)
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "array":
        return []
    return {"integer": 1, "boolean": True}.get(schema.get("type", ""), "1")


def _json(data: Any) -> bytes:
    """Return JSON with what it may hold as it is, and lone surrogates escaped."""
    try:
        return json.dumps(data, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(data).encode()


HEADERS = [
    *("Accept", "Accept-Language", "Authorization", "Content-Type", "Content-Encoding", "Host", "Origin", "Referer"),
    *("User-Agent", "X-CSRFToken", "X-Forwarded-For", "X-Forwarded-Proto", "X-Request-ID", "If-Modified-Since"),
    *("Range", "Cache-Control", "Access-Control-Request-Headers"),
]
TOKENS = ["Bearer ", "Bearer cashman_", "Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."]
LOGINS = ["/api-auth/login/", "/admin/login/"]
FIELDS = ["username", "password", "next", "csrfmiddlewaretoken"]
PAGE = {"Accept": "text/html"}


def further_inputs() -> list[Input]:
    """Return the inputs that the document doesn't name: headers that every request may have, cookies, and forms."""
    return [
        *[_header_input(Request("GET", "/incomes?page_size=1"), name) for name in HEADERS],
        *[_header_input(Request("GET", "/secured/ping"), "Authorization", start) for start in TOKENS],
        *[
            _header_input(Request("GET", path, headers=PAGE | {"Authorization": ""}), "Cookie", start, COOKIE)
            for path in ("/incomes", *LOGINS)
            for start in ("", "sessionid=", "csrftoken=", "messages=")
        ],
        *[_form_input(path, name) for path in LOGINS for name in FIELDS],
        *[Input(f"POST {path} form", CREDENTIALS, partial(_raw_form, path)) for path in LOGINS],
        *[_page_input(name) for name in ("search", "category", "cursor", "ordering")],
        Input("GET any path", PATH, lambda text: Request("GET", f"/{_quoted(text)}")),
        Input("GET /incomes any parameter", QUERY, lambda text: Request("GET", f"/incomes?{_quoted(text)}")),
        Input(
            "GET /incomes any query",
            QUERY,
            lambda text: Request("GET", f"/incomes?{'&'.join(map(_quoted, text.split('&')))}".replace("%3D", "=")),
        ),
    ]


def _header_input(request: Request, name: str, start: str = "", size: int = HEADER) -> Input:
    title = f"{request.method} {request.path} header {name} {start[:20]}"
    return Input(title, size - len(start), lambda text: _with_header(request, name, start + text))


def _page_input(name: str) -> Input:
    path = "/incomes"
    longest = 200 if name == "search" else None
    return Input(
        f"page {path} query {name}",
        QUERY,
        lambda text: Request("GET", f"{path}?{name}={_quoted(text)}", headers=PAGE),
        longest,
    )


def _form_input(path: str, name: str) -> Input:
    return Input(f"POST {path} form {name}", CREDENTIALS // 3, partial(_form, path, name))


def _form(path: str, name: str, text: str) -> Request:
    fields = {"username": "x", "password": "x", name: text}
    body = "&".join([f"{key}={_quoted(value)}" for key, value in fields.items()])
    return Request("POST", path, body.encode(), {"Content-Type": FORM})


def _raw_form(path: str, text: str) -> Request:
    return Request("POST", path, text.encode("utf-8", "surrogatepass"), {"Content-Type": FORM})


def bodies_of(document: dict[str, Any], paths: Paths) -> dict[str, tuple[str, str, int]]:
    """Return each operation that takes a body, by name: its method, its path and how many bytes it takes."""
    found = {}
    for template, operations in document["paths"].items():
        for method, operation in operations.items():
            if "requestBody" in operation:
                schema = _json_schema(operation) or {}
                is_small = template.startswith(("/auth", "/me", "/tokens"))
                many = (
                    "oneOf" in schema
                    or schema.get("type") == "array"
                    or template in ("/transactions/delete", "/imports")
                )
                size = CREDENTIALS if is_small else ROWS if many else ROW
                found[f"{method.upper()} {template}"] = (method.upper(), paths(method, template), size)
    return found


def harmless_body(method: str, path: str, size: int) -> bytes:
    """Return an ordinary body of about that many bytes; where many rows are taken, these are new ones."""
    if size < ROWS:
        return b'{"description":"%s"}' % (b"x" * (size - 18))
    if path == "/imports":
        line = b"2026-11-28,ordinary %s,1.50\n"
        count = size // 2_000
        return b"date,text,amount\n" + b"".join([line % (b"x" * 1_970)] * count)
    if path.endswith("/delete"):
        ids = [str(random.Random(number).randbytes(16).hex()) for number in range(10_000)]
        texts = [f"{one[:8]}-{one[8:12]}-7{one[13:16]}-8{one[17:20]}-{one[20:]}" for one in ids]
        return json.dumps({"ids": texts}).encode().ljust(size)
    notes = "x" * (size // 10_000 - 80)
    row = {"description": "ordinary", "amount": "1.50", "notes": notes}
    if path == "/transactions":
        row |= {"type": "INCOME"} if method == "POST" else {"id": "0"}
    return json.dumps([row] * 10_000).encode().ljust(size)
