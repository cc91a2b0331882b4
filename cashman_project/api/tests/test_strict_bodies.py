"""Strict input: bodies that are no strict JSON object, and requests that carry what they should not."""

import tracemalloc
from typing import Any

import pytest
from rest_framework.test import APIClient

from cashman_project.api.tests.problems import problem_of, stored
from transactions.models import Category, Transaction
from transactions.tests.factories import CategoryFactory, IncomeFactory
from users.models import User

GOOD = '{"description": "x", "amount": 1}'
NO_UUID = [
    "5",
    "0",
    "9223372036854775808",
    "x",
    "%00",
    "%FF",
    "{%s}",
    "urn:uuid:%s",
    "%s0",
    "%%20%s",
    "00000000000000000000000000000000",
    "%EF%BC%91" * 32,
]


@pytest.fixture
def income(alice: User) -> Transaction:
    income: Transaction = IncomeFactory.create(owner=alice)
    return income


def refused(client: APIClient, body: bytes, *, pk: object) -> list[Any]:
    """Return the answers to `body` in each write that takes one; each was refused and changed nothing."""
    before = stored()
    writes = [("POST", "/incomes"), ("POST", "/categories"), ("PUT", f"/incomes/{pk}"), ("PATCH", f"/incomes/{pk}")]
    writes += [("PATCH", "/me"), ("POST", "/auth/token"), ("POST", "/auth/token/refresh")]
    send: Any = client.generic  # the stub knows no bytes
    for method, path in writes:
        page = send(method, path, body, content_type="application/json", headers={"Accept": "text/html"})
        assert (page.status_code, page["Content-Type"]) == (400, "text/html; charset=utf-8")
    answers = [send(method, path, body, content_type="application/json") for method, path in writes]
    assert stored() == before
    return answers


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"}",
        b'{"description": "x", "amount": 1',
        b'{"description": "x", "amount": 1}}',
        b'{"description": "x", "amount": 1} {}',
        b'{"description": "x", "amount": 1,}',
        b'{"description": "x", "amount": +1}',
        b'{"description": "x", "amount": 01}',
        b'{"description": "x", "amount": 1.}',
        b'{"description": "x", "amount": .5}',
        b'{"description": "x", "amount": 1_000}',
        b'{"description": "x", "amount": 0x10}',
        b'{"description": "x", "amount": 1, "notes": "\n"}',
        b'{"description": "x", "amount": 1, "notes": "\\x"}',
        b'{"description": "x", "amount": 1, "notes": "\\ud8"}',
        b"{'description': 'x', 'amount': 1}",
        b'{description: "x", amount: 1}',
        b'{"description": "x", "amount": 1} // a comment',
        b"description=x&amount=1",
        b"<income/>",
        b" ",
        b"\0",
        b"nul",
        b"undefined",
    ],
    ids=ascii,
)
def test_what_is_no_json_is_malformed(body: bytes, as_alice: APIClient, income: Transaction) -> None:
    for answer in refused(as_alice, body, pk=income.pk):
        problem_of(answer, 400, "malformed_json")


@pytest.mark.parametrize(
    "body",
    [
        GOOD.encode("utf-16"),
        GOOD.encode("utf-16-le"),
        GOOD.encode("utf-32"),
        '{"description": "é", "amount": 1}'.encode("latin-1"),
        b'{"description": "\xff", "amount": 1}',
        b'{"description": "\xed\xa0\x80", "amount": 1}',
        b'{"description": "\xc0\x80", "amount": 1}',
        b'{"description": "\xf4\x90\x80\x80", "amount": 1}',
    ],
    ids=ascii,
)
def test_json_is_utf_8(body: bytes, as_alice: APIClient, income: Transaction) -> None:
    for answer in refused(as_alice, body, pk=income.pk):
        problem_of(answer, 400, "malformed_json")


@pytest.mark.parametrize("depth", [200, 1_000])
@pytest.mark.parametrize(
    ("start", "end"), [("[", ""), ("[", "]"), ('{"a":', "1}"), ('{"description":', ""), ("[{", "")]
)
def test_deep_nesting_is_refused(start: str, end: str, depth: int, as_alice: APIClient, income: Transaction) -> None:
    for answer in refused(as_alice, (depth * start + depth * end).encode(), pk=income.pk):
        problem_of(answer, 400, "malformed_json")


@pytest.mark.parametrize("start", ["[", '[{"a":', "[{"])
def test_deep_nesting_of_many_rows_is_refused(start: str, as_alice: APIClient) -> None:
    response = as_alice.generic("POST", "/incomes", 100_000 * start, content_type="application/json")

    problem_of(response, 400, "malformed_json")


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b"\xef\xbb\xbf \r\n", b""])
def test_a_byte_order_mark_is_read(mark: bytes, as_alice: APIClient) -> None:
    """.NET and PowerShell write one."""
    for body in (GOOD, f"[{GOOD}]"):
        response: Any = as_alice.post("/incomes", mark + body.encode(), content_type="application/json")
        assert response.status_code == 201, response.content


@pytest.mark.parametrize("body", [b"\xef\xbb\xbf\xef\xbb\xbf{}", b"{}\xef\xbb\xbf", b"\xef\xbb\xbf", b"\xef\xbb{}"])
def test_a_byte_order_mark_anywhere_else_is_none(body: bytes, as_alice: APIClient) -> None:
    response: Any = as_alice.post("/incomes", body, content_type="application/json")

    problem_of(response, 400, "malformed_json")


@pytest.mark.parametrize("item", ["{}", "[]", "1", "1.5", '{"a":1}', '{"a":{}}'])
@pytest.mark.parametrize(
    ("path", "fits", "too_many"), [("/incomes", 490, 1_100), ("/incomes", 24_000, 400_000), ("/categories", 490, 1_100)]
)
def test_a_body_holds_so_many_values(path: str, fits: int, too_many: int, item: str, as_alice: APIClient) -> None:
    """Megabytes of empty objects would take seconds to read, to be refused."""
    for count, padding, code in ((fits, 4_000_000 if fits > 1_000 else 0, "invalid"), (too_many, 0, "malformed_json")):
        body = "[" + ",".join([item] * count) + padding * " " + "]"
        response: Any = as_alice.post(path, body.encode(), content_type="application/json")
        assert (response.status_code, response.json()["code"]) == (400, code)


@pytest.mark.parametrize("count", [10, 501, 10_000])
def test_the_shortest_rows_are_not_too_many_values(count: int, as_alice: APIClient, as_bob: APIClient) -> None:
    body = "[" + ",".join(['{"amount":1,"description":"a"}'] * count) + "]"
    response: Any = as_alice.post("/incomes", body.encode(), content_type="application/json")

    assert (response.status_code, len(response.json())) == (201, count)
    assert as_bob.get("/incomes").json()["results"] == []


def test_a_body_of_one_row_may_not_have_thousands_of_keys(as_alice: APIClient) -> None:
    body = ("{" + ",".join([f'"k{number:07}":1' for number in range(4_600)]) + "}").encode()
    response: Any = as_alice.post("/categories", body, content_type="application/json")

    problem_of(response, 400, "malformed_json")
    assert response.json()["detail"] == "The body holds more than 1000 values."


def test_brackets_in_texts_are_no_values(as_alice: APIClient, as_bob: APIClient) -> None:
    notes = '"[' + 1_900 * "[" + "\\"
    rows = [{"description": "x", "amount": 1, "notes": notes}] * 200
    for some in (rows[:10], rows):
        response = as_alice.post("/incomes", some)
        assert response.status_code == 201, response.content
        assert {row["notes"] for row in response.json()} == {notes}
    assert as_bob.get("/incomes").json()["results"] == []


def test_brackets_after_many_escapes_take_little_memory(as_alice: APIClient) -> None:
    body = ('["' + 450_000 * '\\"' + '",' + 60_000 * "[").encode()
    tracemalloc.start()
    try:
        response: Any = as_alice.post("/incomes", body, content_type="application/json")
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    problem_of(response, 400, "malformed_json")
    assert peak < 15 * len(body)


@pytest.mark.parametrize("depth", [101, 500, 800])
@pytest.mark.parametrize("body", ["%s", '{"description": "x", "amount": %s}', '[1, "]", {"a": [2]}, %s]'])
def test_nesting_past_a_hundred_is_refused(body: str, depth: int, as_alice: APIClient) -> None:
    response = as_alice.generic("POST", "/incomes", body % (depth * "[" + depth * "]"), content_type="application/json")

    problem_of(response, 400, "malformed_json")


@pytest.mark.parametrize("depth", [2, 98])
def test_a_nested_value_is_no_text(depth: int, as_alice: APIClient, income: Transaction) -> None:
    before = stored()
    for name in ("description", "type", "currency", "date", "category", "notes", "external_id", "id", "zzz"):
        for start, end in (("[", "]"), ('{"a":', "}")):
            body = f'{{"description": "x", "amount": 1, "{name}": {depth * start}1{depth * end}}}'
            if name == "description":
                body = body.replace('"description": "x", ', "")
            for headers in ({}, {"Accept": "text/html"}):
                response = as_alice.post("/incomes", body, content_type="application/json", headers=headers)
                assert response.status_code == 400
    assert stored() == before


# Wrong arrays, at paths that accept arrays.
OF_ARRAYS: dict[bytes, list[tuple[str | None, str]]] = {
    b"[]": [(None, "empty")],
    b"[{}]": [("0.description", "required"), ("0.amount", "required")],
}


@pytest.mark.parametrize("body", [b"[]", b'""', b'"x"', b"1", b"1.5", b"true", b"[{}]", b"NaN"])
def test_a_body_is_an_object(body: bytes, as_alice: APIClient, income: Transaction) -> None:
    for answer in refused(as_alice, body, pk=income.pk):
        faults: list[tuple[str | None, str]] = [(None, "invalid")]
        if answer.request["REQUEST_METHOD"] == "POST" and answer.request["PATH_INFO"] == "/incomes":
            faults = OF_ARRAYS.get(body, faults)
        problem_of(answer, 400, "invalid", *faults)


def test_null_is_no_object(as_alice: APIClient, income: Transaction) -> None:
    for answer in refused(as_alice, b"null", pk=income.pk):
        problem_of(answer, 400, "invalid", (None, "null"))


@pytest.mark.parametrize(
    ("body", "key"),
    [
        (b'{"description": "x", "amount": 1, "amount": 1}', "amount"),
        (b'{"description": "x", "amount": 1, "amount": 2}', "amount"),
        (b'{"amount": 1, "description": "x", "\\u0061mount": 1}', "amount"),
        (b'{"description": "x", "amount": 1, "zzz": 1, "zzz": 1}', "zzz"),
        (b'{"description": "x", "amount": 1, "notes": {"a": 1, "a": 1}}', "a"),
        (b'[{"a": 1, "a": 1}]', "a"),
        (b'{"\\ud800": 1, "\\ud800": 1}', "\\ud800"),
        (b'{"a": [{"b": {"c": 1, "c": 1}}]}', "c"),
    ],
)
def test_a_key_is_given_once(body: bytes, key: str, as_alice: APIClient, income: Transaction) -> None:
    for answer in refused(as_alice, body, pk=income.pk):
        problem_of(answer, 400, "duplicate_key", (key, "duplicate_key"))


def test_no_body_is_an_object_without_fields(as_alice: APIClient, income: Transaction) -> None:
    before = stored()

    response = as_alice.post("/incomes", b"", content_type="application/json")

    problem_of(response, 400, "invalid", ("description", "required"), ("amount", "required"))
    assert as_alice.patch(f"/incomes/{income.pk}", b"", content_type="application/json").status_code == 200
    assert stored() == before


@pytest.mark.parametrize(
    "media_type",
    [
        "text/plain",
        "text/json",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        "application/json; charset=latin-1",
        "application/json; charset=utf-16",
        "application/merge-patch+json",
        "application/octet-stream",
        "nonsense",
        "",
    ],
)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_another_media_type_is_not_read(method: str, media_type: str, as_alice: APIClient, income: Transaction) -> None:
    before = stored()
    path = "/incomes" if method == "POST" else f"/incomes/{income.pk}"

    problem_of(as_alice.generic(method, path, GOOD, content_type=media_type), 415, "unsupported_media_type")
    assert stored() == before


@pytest.mark.parametrize(
    "media_type",
    ["application/json", "application/JSON", "application/json; charset=UTF-8", 'application/json;charset="utf-8"'],
)
def test_json_may_say_that_it_is_utf_8(media_type: str, as_alice: APIClient) -> None:
    assert as_alice.generic("POST", "/incomes", GOOD, content_type=media_type).status_code == 201


def test_a_form_with_a_token_is_not_read(as_alice: APIClient, nobody: APIClient) -> None:
    problem_of(as_alice.post("/incomes", {"amount": "1"}, format="multipart"), 415, "unsupported_media_type")
    problem_of(nobody.post("/auth/token", {"username": "x"}, format="multipart"), 415, "unsupported_media_type")


def test_a_form_of_a_session_is_read_as_strictly(client: APIClient, alice: User) -> None:
    client.force_login(alice)
    form = {"csrfmiddlewaretoken": "x", "description": "x", "amount": "1", "currency": "", "category": "", "notes": ""}

    assert client.post("/incomes", form, headers={"Accept": "text/html"}).status_code == 303
    assert Transaction.objects.get().category is None
    for name, value, code in (("zzz", "1", "unknown_field"), ("amount", "1_000", "invalid"), ("date", "x", "invalid")):
        whole = code if code == "unknown_field" else "invalid"
        problem_of(client.post("/incomes", form | {name: value}), 400, whole, (name, code))


@pytest.mark.parametrize(
    "accept", ["application/pdf", "application/xml", "nonsense", "image/*", "application/json;q=0", "*/*;q=0.0"]
)
@pytest.mark.parametrize("path", ["/incomes/%s", "/incomes", "/ping", "/livez", "/readyz", "/schema"])
def test_what_is_accepted_must_be_served(path: str, accept: str, as_alice: APIClient, income: Transaction) -> None:
    response = as_alice.get(path.replace("%s", str(income.pk)), headers={"Accept": accept})

    problem_of(response, 406, "not_acceptable")


def test_a_large_body_is_refused_before_it_is_read(as_alice: APIClient, income: Transaction) -> None:
    large = 6_000_000 * "x"

    for path in ("/incomes", "/nope", "/auth/token", "/admin"):
        problem_of(as_alice.generic("POST", path, large, content_type="application/json"), 413, "too_large")
    fits = GOOD[:-1] + ', "notes": "' + 65_000 * "x" + '"}'
    problem_of(
        as_alice.generic("POST", "/incomes", fits, content_type="application/json"),
        400,
        "invalid",
        ("notes", "max_length"),
    )


@pytest.mark.parametrize("form", NO_UUID)
@pytest.mark.parametrize("resource", ["incomes", "categories"])
def test_an_id_is_a_uuid_in_its_standard_form(
    resource: str, form: str, as_alice: APIClient, alice: User, income: Transaction
) -> None:
    category: Category = CategoryFactory.create(owner=alice)
    pk = str(income.pk if resource == "incomes" else category.pk)
    address = f"/{resource}/" + (form % pk if form.count("%s") else form)

    for method in ("GET", "PUT", "PATCH", "DELETE"):
        problem_of(as_alice.generic(method, address, "{}", content_type="application/json"), 404, "not_found")
    assert as_alice.get(f"/{resource}/{pk.upper()}").status_code == 200
