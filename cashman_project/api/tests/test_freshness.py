"""Min-Revision and Ledger-Revision: how new the response to a read has to be, and how new it is."""

import pytest
from rest_framework.test import APIClient

from cashman_project.api.tests.conftest import Document
from cashman_project.api.tests.problems import problem_of
from transactions.tests.factories import CategoryFactory, ExpenseFactory, IncomeFactory
from users.models import User

LISTS = ["/transactions", "/incomes", "/expenses", "/categories"]
REPORTS = ["/summary", "/charts/balance", "/charts/flow.svg"]
HISTORY = ["/changes", "/revisions", "/revisions/1"]
PLANS = {"/imports", "/imports/{id}", "/imports/{id}/rows", "/imports/{id}/rows/{row}"}
PROFILES = {"/imports/profiles", "/imports/profiles/{id}"}
NO_LEDGERS = PLANS | PROFILES | {"/", "/me/export", "/livez", "/me", "/ping", "/readyz", "/secured/ping", "/tokens"}
OTHERS = ["/incomes?search=a", "/expenses.csv", "/categories.ndjson", "/summary.xlsx"]


@pytest.fixture(autouse=True)
def rows(alice: User, bob: User) -> None:
    """Alice has three revisions, and bob has four."""
    IncomeFactory.create(owner=alice, category=CategoryFactory.create(owner=alice, name="Food"))
    ExpenseFactory.create(owner=alice)
    for _row in range(4):
        ExpenseFactory.create(owner=bob)


@pytest.fixture
def paths(as_alice: APIClient) -> list[str]:
    row = as_alice.get("/incomes").json()["results"][0]["id"]
    return [*LISTS, *REPORTS, *HISTORY, *OTHERS, f"/incomes/{row}", f"/transactions/{row}/history"]


def test_a_response_is_of_the_revision_that_was_asked_for(as_alice: APIClient, paths: list[str]) -> None:
    for path in paths:
        for number in ("0", "2", "3", "0003", ""):
            response = as_alice.get(path, headers={"Min-Revision": number, "Accept": "*/*"})
            list(response)  # an export is a file, which has to be read
            assert (response.status_code, response.headers.get("Ledger-Revision")) == (200, "3"), (path, number)


def test_pages_know_min_revision_too(as_alice: APIClient) -> None:
    for path in (*LISTS, "/summary", "/charts/balance", "/revisions"):
        page = as_alice.get(path, headers={"Min-Revision": "3", "Accept": "text/html"})
        assert (page.status_code, page.headers["Ledger-Revision"]) == (200, "3"), path
        assert as_alice.get(path, headers={"Min-Revision": "4", "Accept": "text/html"}).status_code == 412


def test_a_revision_that_is_not_there_is_a_412(as_alice: APIClient, as_outsider: APIClient, paths: list[str]) -> None:
    for path in paths:
        problem = problem_of(as_alice.get(path, headers={"Min-Revision": "4"}), 412, "revision_not_reached")
        assert problem["detail"] == "There is no revision 4 yet: the last one is 3."
    problem_of(as_outsider.get("/incomes", headers={"Min-Revision": "1"}), 412, "revision_not_reached")
    assert as_outsider.get("/incomes", headers={"Min-Revision": "0"}).headers["Ledger-Revision"] == "0"


def test_another_owners_revisions_count_for_nobody_else(as_alice: APIClient, as_bob: APIClient) -> None:
    assert as_bob.get("/incomes", headers={"Min-Revision": "4"}).headers["Ledger-Revision"] == "4"
    problem_of(as_alice.get("/incomes", headers={"Min-Revision": "4"}), 412, "revision_not_reached")


@pytest.mark.parametrize("text", ["x", "-1", "+1", "1.0", "1e3", " 1", "1,2", "0x1", "٣", "1" * 19, "3;q=1"])
def test_a_malformed_revision_is_a_400(as_alice: APIClient, text: str) -> None:
    for path in (*LISTS, *REPORTS, *HISTORY):
        response = as_alice.get(path, headers={"Min-Revision": text})
        problem_of(response, 400, "invalid", ("Min-Revision", "invalid"))


def test_who_asks_comes_first(nobody: APIClient, as_alice: APIClient) -> None:
    problem_of(nobody.get("/incomes", headers={"Min-Revision": "x"}), 401, "authorization_header_missing")
    assert nobody.get("/", headers={"Min-Revision": "x"}).status_code == 400
    assert nobody.get("/", headers={"Min-Revision": "9"}).status_code == 200
    assert as_alice.get("/incomes/bulk", headers={"Min-Revision": "x"}).status_code in (404, 405)


def test_what_is_no_read_of_a_ledger_has_no_revision(as_alice: APIClient) -> None:
    for path in ("/me", "/tokens", "/ping", "/secured/ping"):
        response = as_alice.get(path, headers={"Min-Revision": "x"})
        assert (response.status_code, "Ledger-Revision" in response.headers) == (200, False)
    body = {"description": "tea", "amount": 1}
    assert as_alice.post("/expenses", body, headers={"Min-Revision": "99"}).headers["Ledger-Revision"] == "4"


def test_a_copy_that_is_current_is_still_a_304(as_alice: APIClient) -> None:
    path = f"/incomes/{as_alice.get('/incomes').json()['results'][0]['id']}"
    tag = as_alice.get(path).headers["ETag"]

    response = as_alice.get(path, headers={"Min-Revision": "3", "If-None-Match": tag})

    assert (response.status_code, response.headers["Ledger-Revision"]) == (304, "3")


def test_the_schema_has_both_headers_at_every_read_of_a_ledger(document: Document, as_alice: APIClient) -> None:
    """A view that reads a ledger and is none of LedgerReads would never read from the replica."""
    reads = [one for one in document.operations() if one.method == "get"]
    with_header = {
        one.path
        for one in document.operations()
        if any(parameter["name"] == "Min-Revision" for parameter in one.content.get("parameters", []))
    }
    assert with_header >= {*LISTS, *REPORTS, *HISTORY[:2]}
    assert {one.path for one in reads} - with_header == NO_LEDGERS
    for path in sorted(with_header & {*LISTS, *REPORTS, *HISTORY}):
        document.check(as_alice.get(path, headers={"Min-Revision": "99", "Accept": "*/*"}), 412)
        document.check(as_alice.get(path, headers={"Min-Revision": "x", "Accept": "*/*"}), 400)
