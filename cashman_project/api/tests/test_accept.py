"""Accept: what a client prefers is what it gets, and what it never takes it never gets."""

import json

import pytest
from rest_framework.test import APIClient

from cashman_project.api.negotiation import preferred
from cashman_project.api.tests.conftest import Document
from cashman_project.api.tests.pages import BROWSER
from cashman_project.api.tests.problems import problem_of
from transactions.models import Transaction
from transactions.tests.factories import (
    CategoryFactory,
    CheckedAccountFactory,
    ExpenseFactory,
    PairFactory,
    TransferFactory,
)
from users.models import User
from users.sessions import start_session

JSON, HTML, CSV, LINES = "application/json", "text/html", "text/csv", "application/x-ndjson"
PROBLEM = "application/problem+json"
NOTHING = ""

# An Accept header, and the media type that /expenses answers with.
PREFERENCES = [
    ("", JSON),
    ("  ", JSON),
    (",", JSON),
    ("*/*", JSON),
    ("*", JSON),
    ("application/json", JSON),
    ("Application/JSON", JSON),
    ("application/json; charset=utf-8", JSON),
    ("application/json;indent=4;q=0.5", JSON),
    ("application/*", JSON),
    ("text/*", HTML),
    ("text/csv", CSV),
    ("text/csv, text/html;q=0.9", CSV),
    ("text/html;q=0.9, text/csv", CSV),
    ("text/csv;q=0.1, text/html;q=0.9", HTML),
    ("text/csv;q=0.5, */*;q=0.1", CSV),
    ("application/x-ofx", "application/x-ofx"),
    ("text/x-hledger, text/csv;q=0.9", "text/x-hledger"),
    ("text/csv;q=0.1, */*;q=0.5", JSON),
    ("text/html;q=0.5, application/json;q=0.50", JSON),
    ("text/html, */*", HTML),
    ("application/json, text/plain, */*", JSON),
    (BROWSER, HTML),
    ("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", HTML),
    ("*/*, application/json;q=0", HTML),
    ("*/*, application/json;q=0, text/html;q=0.000", CSV),
    ("text/*, text/html;q=0", CSV),
    ("text/html;q=0, text/*;q=0.5, application/json;q=0.1", CSV),
    ("application/json;q=0.2, application/x-ndjson ; Q=0.3", LINES),
    ("application/json;q=nonsense, text/html;q=0.9", JSON),
    ("application/json;q=2, text/html;q=0.9", JSON),
    ("application/json;q=nan, text/html;q=0.9", JSON),
    ("application/json;q=-1, text/html;q=0.9", JSON),
    ("nonsense, /, ;q=1, a/b/c, application/json", JSON),
    ("application/problem+json", JSON),
    ("application/problem+json, text/csv;q=0.1", CSV),
    ("application/problem+json, image/png", JSON),
    ("application/json, application/problem+json", JSON),
    ("image/png", NOTHING),
    ("application/json;q=0", NOTHING),
    ("application/json;q=0.0000", NOTHING),
    ("*/*;q=0", NOTHING),
    ("application/problem+json;q=0", NOTHING),
    ("text/*;q=0, application/pdf", NOTHING),
    ("*/json", NOTHING),
]


@pytest.mark.parametrize(("accept", "media_type"), PREFERENCES)
def test_a_list_comes_as_it_is_preferred(
    accept: str, media_type: str, as_alice: APIClient, alice: User, bob: User
) -> None:
    for owner in (alice, bob):
        ExpenseFactory.create(owner=owner, description=f"of {owner}")

    response = as_alice.get("/expenses", headers={"Accept": accept})

    assert {"Accept", "Authorization", "Cookie"} <= set(response["Vary"].split(", "))
    if media_type == NOTHING:
        problem_of(response, 406, "not_acceptable")
        return
    assert (response.status_code, response["Content-Type"].partition(";")[0]) == (200, media_type)
    content = response.getvalue().decode()
    assert "of alice" in content
    assert "of bob" not in content


@pytest.mark.parametrize(
    ("accept", "page"),
    [
        (BROWSER, True),
        ("text/html", True),
        ("text/html;q=0.5, application/json;q=0.4", True),
        ("text/html;q=0.4, application/json;q=0.5", False),
        ("text/html;q=0", False),
        ("*/*, text/html;q=0", False),
        ("application/problem+json", False),
        ("text/csv", False),
        ("", False),
    ],
)
def test_an_error_comes_as_it_is_preferred(accept: str, page: bool, nobody: APIClient) -> None:
    for path in ("/nope", "/expenses"):
        response = nobody.get(path, headers={"Accept": accept})
        assert response["Content-Type"] == ("text/html; charset=utf-8" if page else PROBLEM), path
        assert "Accept" in response["Vary"].split(", ")


def test_a_header_is_read_up_to_its_first_64_ranges() -> None:
    assert preferred(63 * "a/b," + "text/csv", [JSON, CSV]) == CSV
    assert preferred(64 * "a/b," + "text/csv", [JSON, CSV]) is None
    assert preferred(None, [JSON, CSV]) == JSON


@pytest.mark.parametrize("accept", [PROBLEM, "image/png", "text/csv", "*/*;q=0", "application/octet-stream", ""])
def test_an_answer_without_a_body_is_acceptable_to_everybody(
    accept: str, document: Document, as_alice: APIClient, alice: User, nobody: APIClient
) -> None:
    """As generated clients ask: they accept what the schema publishes, which is nothing but problems here."""
    alice.set_password(password := "correct horse battery")
    alice.save()
    as_alice.credentials(HTTP_AUTHORIZATION=f"Bearer {start_session(alice).access_token}")
    expense, other = ExpenseFactory.create_batch(2, owner=alice)
    token = as_alice.post("/tokens", {"name": "x", "scope": "read", "password": password}).json()["id"]
    refresh = str(start_session(alice))
    account = CheckedAccountFactory.create(owner=alice)
    day = CheckedAccountFactory.DAY
    transfer = TransferFactory.create(owner=alice)
    expense_of_it = Transaction.objects.for_owner(alice).get(transfer=transfer, type="EXPENSE")
    pair = {"expense": str(expense_of_it.pk), "income": PairFactory.INCOME}
    requests = {
        ("/expenses/{id}", "delete"): (f"/expenses/{expense.pk}", None),
        ("/transactions/delete", "post"): ("/transactions/delete", {"ids": [str(other.pk)]}),
        ("/categories/{id}", "delete"): (f"/categories/{CategoryFactory.create(owner=alice).pk}", None),
        ("/accounts/{id}/checks/{date}", "delete"): (f"/accounts/{account.pk}/checks/{day}", None),
        ("/transactions/{id}/split", "delete"): (f"/transactions/{ExpenseFactory.create(owner=alice).pk}/split", None),
        ("/transfers/{id}/unlink", "post"): (f"/transfers/{transfer.pk}/unlink", {}),
        ("/transfers/rejections", "post"): ("/transfers/rejections", pair),
        ("/tokens/{id}", "delete"): (f"/tokens/{token}", None),
        ("/auth/logout", "post"): ("/auth/logout", {"refresh": refresh}),
        ("/auth/password", "post"): ("/auth/password", {"current_password": password, "new_password": password + "!"}),
        ("/me/erase", "post"): ("/me/erase", {"password": password + "!"}),
    }
    without_body = {
        (path, method)
        for path, method, operation in document.operations()
        if not any("content" in operation["responses"][status] for status in operation["responses"] if status < "300")
    }
    rows = {
        (path, method): (path.replace("{id}", "x"), None) for path, method in without_body if path.endswith("/{id}")
    }
    assert without_body == requests.keys() | rows.keys()

    for path, data in (rows | requests).values():
        method = "DELETE" if data is None else "POST"
        body = "" if data is None else json.dumps(data)
        response = as_alice.generic(method, path, body, content_type=JSON, headers={"Accept": accept})
        assert response.status_code == (404 if path.endswith("/x") else 204), (path, response.content)
        if path == "/auth/password":
            as_alice.credentials(HTTP_AUTHORIZATION=f"Bearer {_signed_in(nobody, password + '!')}")


def _signed_in(client: APIClient, password: str) -> str:
    access: str = client.post("/auth/token", {"username": "alice", "password": password}).json()["access"]
    return access


@pytest.mark.parametrize("path", ["/", "/me", "/summary", "/expenses", "/schema", "/livez", "/readyz", "/ping"])
def test_who_takes_problems_alone_gets_what_there_is(path: str, as_alice: APIClient) -> None:
    response = as_alice.get(path, headers={"Accept": PROBLEM})

    assert response.status_code == 200
    assert response["Content-Type"].partition(";")[0] in (JSON, "application/vnd.oai.openapi")
    assert as_alice.options("/expenses", headers={"Accept": "image/png"}).status_code == 204
