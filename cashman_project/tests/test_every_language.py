"""In each language, pages and errors hold no English text that has a translation."""

import re
from functools import cache
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from cashman_project.api.tests.pages import BROWSER, Page
from cashman_project.languages import LANGUAGES
from conftest import client_of
from transactions.models import Transaction
from transactions.tests.factories import CategoryFactory, ExpenseFactory, IncomeFactory
from translations import catalogues
from users.models import User

from .test_marked_texts import texts

PUNCTUATION = " \n.,:;()'\u2019\u201c\u201d"
NAME = "\u03bb\u03cc\u03b3\u03bf\u03c2"  # Greek, so that it is none of the texts
PAGES = [
    *("/", "/transactions", "/transactions?date=x", "/categories", "/summary?group_by=month", "/charts/years", "/me"),
    *("/tokens", "/nope", "/admin/", "/admin/transactions/expense/", "/admin/transactions/expense/add/"),
]


@cache
def english(code: str) -> dict[str, str]:
    """Return the parts of English texts that a page in this language must not have, with the texts that they are of."""
    found: dict[str, str] = {}
    catalogue = catalogues.read(code)
    translated = "\n".join(str(message.string) for message in catalogue if message.id)
    for message in catalogue:
        for text in (message.id,) if isinstance(message.id, str) else message.id:
            parts = [part.strip(PUNCTUATION) for part in catalogues.PLACEHOLDER.split(text)]
            found |= {part: text for part in parts if len(part) >= 10 and " " in part and part not in translated}
    return found


def check(told: str, code: str) -> None:
    """Fail if the text has a part of an English one."""
    assert not [text for part, text in english(code).items() if part in told]


@pytest.fixture
def row(staff: User) -> Transaction:
    category = CategoryFactory.create(owner=staff, name=NAME)
    IncomeFactory.create(owner=staff, description=NAME, category=None)
    row: Transaction = ExpenseFactory.create(owner=staff, description=NAME, category=category, external_id="1")
    return row


@pytest.mark.parametrize("code", [code for code in LANGUAGES if code != "en"])
def test_no_page_has_english_texts(code: str, as_staff: Client, staff: User, row: Transaction) -> None:
    staff.language = code
    staff.save()
    assert len(english(code)) > 300

    for path in [*PAGES, f"/expenses/{row.pk}"]:
        response = as_staff.get(path, headers={"Accept": BROWSER, "Accept-Language": "en"})
        assert response["Content-Language"] == code, path
        check("\n".join(texts(Page(response).root, code)), code)
    refused = as_staff.post("/expenses", {"amount": "x"}, headers={"Accept": BROWSER, "Accept-Language": "en"})
    check("\n".join(texts(Page(refused).root, code)), code)
    signing_in = Client().get("/api-auth/login/", headers={"Accept": BROWSER, "Accept-Language": code})
    check("\n".join(texts(Page(signing_in).root, code)), code)


@pytest.mark.parametrize("code", [code for code in LANGUAGES if code != "en"])
def test_no_error_is_in_english(code: str, staff: User, row: Transaction, nobody: APIClient) -> None:
    staff.language = code
    staff.save()
    api = client_of(staff)
    path = f"/expenses/{row.pk}"
    asked = {"Accept-Language": code}
    wrong: dict[str, Any] = {"description": "", "amount": "x", "currency": "usd", "date": "x", "category": "x", "y": 1}
    answers = {
        400: [api.post("/incomes", {}), api.post("/incomes", wrong), api.get("/summary?group_by=x&fill=x")],
        401: [
            nobody.get("/incomes", headers=asked),
            nobody.post("/auth/token", {"username": "a", "password": "b"}, headers=asked),
        ],
        404: [api.get("/nope", headers=asked), api.get("/expenses/01a20000-0000-7000-8000-000000000000")],
        405: [api.put("/me", {})],
        409: [api.post("/expenses", {"description": "x", "amount": 1, "external_id": "1"})],
        412: [api.patch(path, {"notes": "x"}, headers={"If-Match": '"x"'})],
        415: [api.post("/incomes", "x", content_type="text/plain")],
    }

    for status, responses in answers.items():
        for response in responses:
            assert (response.status_code, response["Content-Language"]) == (status, code)
            problem = response.json()
            check("\n".join([problem["detail"], *(error["detail"] for error in problem["errors"])]), code)
    for _attempt in range(30):
        throttled = nobody.post("/auth/token", {"username": "a", "password": "b"}, headers=asked)
        if throttled.status_code == 429:
            break
    assert throttled.status_code == 429
    check(throttled.json()["detail"], code)


def test_english_texts_would_be_found() -> None:
    with pytest.raises(AssertionError):
        check("This category has 3 transactions. They stay, without a category.", "de")
    check(re.sub("[A-Za-z]", "x", "This category has 3 transactions."), "de")
