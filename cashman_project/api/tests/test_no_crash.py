"""Every route with every method, as a browser's session with forms, files and nonsense: refused or taken, no crash."""

import json
from collections import Counter
from collections.abc import Iterable
from copy import deepcopy
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from cashman_project.api.tests.pages import BROWSER
from cashman_project.api.tests.problems import stored
from cashman_project.api.tests.routes import routes
from transactions.tests.factories import CategoryFactory, ExpenseFactory, IncomeFactory
from users.models import PersonalToken, User

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"]
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
FIELDS = {"description": "x", "amount": "1", "name": "x", "username": "x", "password": "x", "_method": "PATCH"}
ADMIN_FIELDS = {"_selected_action": "1", "action": "delete_selected", "post": "yes", "_popup": "1", "_to_field": "id"}


def multipart(**fields: Any) -> bytes:
    return encode_multipart(BOUNDARY, fields)


# A body and its Content-Type.
BODIES: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", FORM),
    "a form": (b"description=x&amount=1&name=x&username=x&password=x", FORM),
    "a form of another method": (b"_method=PATCH&_if_match=x&description=x&amount=1", FORM),
    "a form that deletes": (b"_method=DELETE&_if_match=\x00", FORM),
    "a form of a method that is none": (b"_method=&_method=BREW&_if_match=%ff", FORM),
    "a form of the admin": (b"action=delete_selected&_selected_action=1&_selected_action=%00&post=yes&index=x", FORM),
    "a form that repeats": (b"description=x&description=y&amount=1&amount=&a[]=1&a[0]=2", FORM),
    "bytes in a form": (b"\xff=\xfe&%ff=%fe&description=%00&amount=%ed%a0%80&name=\xed\xa0\x80", FORM),
    "no form": (b"&&=&==&;&%&%zz=%zz&\x00", FORM),
    "many fields": (b"&".join(b"a%d=1" % number for number in range(1_200)), FORM),
    "another charset": (b"description=x", f"{FORM}; charset=utf-7"),
    "fields in parts": (multipart(**FIELDS), MULTIPART_CONTENT),
    "fields of the admin in parts": (multipart(**ADMIN_FIELDS), MULTIPART_CONTENT),
    "a file": (multipart(description=SimpleUploadedFile("x.txt", b"\x00\xff")), MULTIPART_CONTENT),
    "a file of every field": (
        multipart(**{name: SimpleUploadedFile(f"{name}\u202e.txt", b"x") for name in {**FIELDS, **ADMIN_FIELDS}}),
        MULTIPART_CONTENT,
    ),
    "parts cut off": (multipart(**FIELDS)[:-30], MULTIPART_CONTENT),
    "parts without a boundary": (multipart(**FIELDS), "multipart/form-data"),
    "parts of another boundary": (multipart(**FIELDS), "multipart/form-data; boundary=y"),
    "parts of a wrong boundary": (multipart(**FIELDS), 'multipart/form-data; boundary="\xe9\x01"'),
    "parts in base64": (
        b'--B\r\nContent-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
        b"=\xff\r\n--B--\r\n",
        "multipart/form-data; boundary=B",
    ),
    "parts without a name": (
        b"--B\r\nContent-Disposition: form-data\r\n\r\nx\r\n--B--\r\n",
        "multipart/form-data; boundary=B",
    ),
    "JSON": (json.dumps(FIELDS).encode(), JSON),
    "an array": (b'[{"id": 1}, [], null, {"ids": [1]}]', JSON),
    "nonsense as JSON": (b"\x00\xff{", JSON),
    "nonsense": (b"\x00\xff", "\x00; x"),
    "nonsense without a type": (b"\x00\xff", ""),
}


CHANGES = ("nothing", "a form", "nonsense")  # for PUT, PATCH and DELETE, whose bodies are read as POST's are
FEW = (*CHANGES, "a form of the admin", "bytes in a form", "a file of every field")
ADMIN = ("/admin/transactions/expense/", "/admin/login/")  # which gets every body


@pytest.fixture
def paths(alice: User, staff: User) -> list[str]:
    """Every route, with a row of who asks, and with nonsense in its place."""
    income, expense = IncomeFactory.create(owner=alice), ExpenseFactory.create(owner=alice)
    rows = {
        "incomes": income,
        "income": income,
        "expenses": expense,
        "expense": expense,
        "transactions": expense,
        "transaction": expense,
        "user": staff,
        **dict.fromkeys(("categories", "category"), CategoryFactory.create(owner=alice)),
        "tokens": PersonalToken.objects.create(owner=alice, name="x", scope="read"),
    }
    found: dict[str, None] = {}
    for key in ("KEY", "\x00", "\ud7ff_5F"):
        for path in routes(dict.fromkeys(("pk", "id", "object_id"), key)):
            resource = path.rpartition("/KEY")[0].rpartition("/")[2]
            found[path.replace("KEY", str(rows[resource].pk) if resource in rows else "1")] = None
    return list(found)


def a_transaction() -> transaction.Atomic:
    """Return a transaction that the service doesn't take for one of its own, in which it could make no durable one."""
    atomic = transaction.atomic()
    atomic._from_testcase = True  # type: ignore[attr-defined]  # as Django's own tests do it
    return atomic


def requests(path: str, is_staff: bool, every_body: bool = True) -> Iterable[tuple[str, str]]:
    """Yield the methods and the names of the bodies to send to the path.

    Staff send most of them to the admin, and others to the rest. The admin tells POST from all other methods. The admin
    of one model takes a body as that of another does, so most of them get a few. Whoever wants another media type than
    a page sends a few, too: a body is read before the answer's type matters.
    """
    in_admin = path.startswith("/admin")
    for method in ("GET", "POST", "BREW") if in_admin or is_staff else METHODS:
        names: Iterable[str] = ("nothing",)
        if path.isprintable() and in_admin == is_staff:
            if method == "POST":
                is_many = path.startswith(ADMIN) if in_admin else every_body
                names = BODIES if is_many else FEW
            elif method in ("PUT", "PATCH", "DELETE"):
                names = CHANGES
        yield from ((method, name) for name in names)


def walk(client: Any, paths: list[str], accept: str, is_staff: bool) -> tuple[Counter[int], list[Any]]:
    """Send everything everywhere; return how often each status came back, and what crashed."""
    statuses: Counter[int] = Counter()
    crashes = []
    session = deepcopy(client.cookies)
    for path in paths:
        for method, name in requests(path, is_staff, accept == BROWSER):
            body, content_type = BODIES[name]
            client.cookies = deepcopy(session)  # some paths sign out
            with a_transaction():  # each finds what the first found
                response = client.generic(method, path, body, content_type, headers={"Accept": accept})
                if response.streaming:
                    response.getvalue()
                transaction.set_rollback(True)
            statuses[response.status_code] += 1
            if response.status_code >= 500:
                crashes.append((method, path, name, response.status_code))
    return statuses, crashes


@pytest.mark.parametrize(("who", "accept"), [("alice", BROWSER), ("alice", "application/json"), ("staff", BROWSER)])
def test_nothing_crashes(
    who: str, accept: str, request: pytest.FixtureRequest, paths: list[str], few_time_zones: None
) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(request.getfixturevalue(who))
    before = stored()

    statuses, crashes = walk(client, paths, accept, is_staff=who == "staff")

    assert not crashes, f"{len(crashes)}: {crashes[:20]}"
    assert stored() == before
    assert statuses.total() > (900 if who == "staff" else 1_300), statuses
    assert statuses[200] > (300 if who == "staff" else 60), statuses
    assert sum(statuses[status] for status in (201, 204, 302, 303)) > 300, statuses


def test_a_form_without_its_csrf_token_does_not_crash_either(alice: User) -> None:
    client = Client(raise_request_exception=False, enforce_csrf_checks=True)
    client.force_login(alice)

    for path in routes():
        for method, name in requests(path, is_staff=False):
            if method == "POST":
                body, content_type = BODIES[name]
                response = client.generic(method, path, body, content_type, headers={"Accept": BROWSER})
                assert response.status_code < 500, (path, name)
