"""Headers of resources: entity tags and preconditions, Location, Prefer, and what keeps answers out of caches."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from cashman_project.api.tests.problems import problem_of, stored
from transactions.models import Category, Transaction
from transactions.tests.factories import CategoryFactory, IncomeFactory
from users.models import User


@pytest.fixture
def category(alice: User) -> Category:
    category: Category = CategoryFactory.create(owner=alice, name="food")
    return category


@pytest.fixture
def income(alice: User, category: Category) -> Transaction:
    income: Transaction = IncomeFactory.create(owner=alice, category=category)
    return income


@pytest.fixture(params=["income", "transaction", "category", "me"])
def path(request: pytest.FixtureRequest, income: Transaction, category: Category) -> str:
    """The path of a single resource."""
    return {
        "income": f"/incomes/{income.pk}",
        "transaction": f"/transactions/{income.pk}",
        "category": f"/categories/{category.pk}",
        "me": "/me",
    }[request.param]


def test_a_tag_is_strong_and_the_same_while_nothing_changes(path: str, as_alice: APIClient) -> None:
    first, second = as_alice.get(path), as_alice.get(path + "/")

    assert first["ETag"] == second["ETag"]
    assert first["ETag"].startswith('"')
    assert as_alice.head(path)["ETag"] == first["ETag"]


def test_a_tag_is_that_of_the_json_not_of_the_page(path: str, as_alice: APIClient) -> None:
    tag = as_alice.get(path)["ETag"]

    page = as_alice.get(path, headers={"Accept": "text/html", "If-None-Match": tag})

    assert page.status_code == 200
    assert "ETag" not in page


def test_every_write_answers_with_the_tag_that_a_read_gives(as_alice: APIClient, income: Transaction) -> None:
    created = as_alice.post("/incomes", {"description": "x", "amount": 1})
    patched = as_alice.patch(created["Location"], {"amount": 2})
    put = as_alice.put(f"/incomes/{income.pk}", {"description": "y", "amount": 3})
    me = as_alice.patch("/me", {"currency": "EUR"})

    assert created["ETag"] != patched["ETag"]
    for address, write in ((created["Location"], patched), (f"/incomes/{income.pk}", put), ("/me", me)):
        assert as_alice.get(address)["ETag"] == write["ETag"]


def test_a_renamed_category_changes_the_tags_of_its_transactions(
    as_alice: APIClient, income: Transaction, category: Category
) -> None:
    before = as_alice.get(f"/incomes/{income.pk}")

    assert as_alice.patch(f"/categories/{category.pk}", {"name": "groceries"}).status_code == 200
    after = as_alice.get(f"/incomes/{income.pk}", headers={"If-None-Match": before["ETag"]})

    assert (after.status_code, after.json()["category"]) == (200, "groceries")
    assert after["ETag"] != before["ETag"]
    stale = as_alice.patch(f"/incomes/{income.pk}", {"amount": 1}, headers={"If-Match": before["ETag"]})
    problem_of(stale, 412, "precondition_failed")


@pytest.mark.parametrize("named", ["%s", "W/%s", '"x", %s', '"x",W/%s , "y"', "*"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_read_of_what_the_client_has_is_not_modified(method: str, named: str, path: str, as_alice: APIClient) -> None:
    tag = as_alice.get(path)["ETag"]

    response = as_alice.generic(method, path, headers={"If-None-Match": named.replace("%s", tag)})

    assert (response.status_code, response.content) == (304, b"")
    assert response["ETag"] == tag
    assert response["Cache-Control"] == "no-store"
    assert "Authorization" in response["Vary"]


@pytest.mark.parametrize("header", ['"x"', "x", "", 'W/"x"', '"', "\xff", "{tag without quotes}"])
def test_a_read_of_what_the_client_has_not_is_answered(header: str, path: str, as_alice: APIClient) -> None:
    header = header.replace("{tag without quotes}", as_alice.get(path)["ETag"].strip('"'))

    assert as_alice.get(path, headers={"If-None-Match": header}).status_code == 200


@pytest.mark.parametrize("header", ['"x"', "x", "", 'W/"x"', "{tag without quotes}", '"', "\xff", '"x", "y"'])
def test_a_write_to_what_has_changed_is_refused(header: str, path: str, as_alice: APIClient) -> None:
    tag = as_alice.get(path)["ETag"]
    header = header.replace("{tag without quotes}", tag.strip('"'))
    before = stored()

    for method in ("GET", "PATCH") if path == "/me" else ("GET", "HEAD", "PUT", "PATCH", "DELETE"):
        response = as_alice.generic(method, path, "{}", content_type="application/json", headers={"If-Match": header})
        assert response.status_code == 412
        if method != "HEAD":
            problem_of(response, 412, "precondition_failed")
    assert stored() == before


@pytest.mark.parametrize("named", ["%s", '"x", %s', "*", "W/%s", 'W/"x", W/%s'])
def test_a_write_to_what_was_read_goes_through(named: str, path: str, as_alice: APIClient) -> None:
    body: dict[str, Any] = {"name": "fun"} if "categories" in path else {"currency": "EUR"}
    headers = {"If-Match": named.replace("%s", as_alice.get(path)["ETag"])}

    assert as_alice.patch(path, body, headers=headers).status_code == 200
    if named != "*":
        problem_of(as_alice.patch(path, body, headers=headers), 412, "precondition_failed")


@pytest.mark.parametrize("weak", ["", "W/"])
def test_a_row_is_deleted_as_it_was_read_or_not_at_all(weak: str, as_alice: APIClient, income: Transaction) -> None:
    path = f"/incomes/{income.pk}"
    stale = weak + as_alice.get(path)["ETag"]
    fresh = weak + as_alice.patch(path, {"amount": 1})["ETag"]

    problem_of(as_alice.delete(path, headers={"If-Match": stale}), 412, "precondition_failed")
    assert Transaction.objects.filter(pk=income.pk).exists()
    assert as_alice.delete(path, headers={"If-Match": fresh}).status_code == 204
    problem_of(as_alice.delete(path, headers={"If-Match": fresh}), 404, "not_found")


CREATIONS: dict[str, Any] = {
    "/incomes": {"description": "x", "amount": 1},
    "/expenses": [{"description": "x", "amount": 1}],
    "/transactions": {"type": "INCOME", "description": "x", "amount": 1},
    "/categories": {"name": "x"},
    "/tokens": {"name": "x", "scope": "read"},
}


@pytest.mark.parametrize("path", CREATIONS)
def test_what_is_not_there_yet_has_no_tag(path: str, as_alice: APIClient, income: Transaction) -> None:
    before, body = stored(), CREATIONS[path]
    for tag in (as_alice.get(f"/incomes/{income.pk}")["ETag"], '"x"', "", 'W/"x"'):
        problem_of(as_alice.post(path, body, headers={"If-Match": tag}), 412, "precondition_failed")
    assert stored() == before
    # A token takes a password as well, which this user has none of: so the precondition held.
    expected = 400 if path == "/tokens" else 201
    assert as_alice.post(path, body, headers={"If-Match": "*"}).status_code == expected
    problem_of(as_alice.post(f"/incomes/{income.pk}", {}, headers={"If-Match": '"x"'}), 405, "method_not_allowed")


def test_a_write_unless_it_is_there_is_refused_where_it_is(path: str, as_alice: APIClient) -> None:
    for header in ("*", as_alice.get(path)["ETag"]):
        response = as_alice.patch(path, {}, headers={"If-None-Match": header})
        problem_of(response, 412, "precondition_failed")


def test_a_moment_of_modification_is_no_precondition(path: str, as_alice: APIClient) -> None:
    """RFC 9110 says to ignore such headers if there is no modification date."""
    for name in ("If-Unmodified-Since", "If-Modified-Since"):
        for timestamp in ("Sat, 29 Oct 1994 19:43:31 GMT", "Sat, 29 Oct 2094 19:43:31 GMT", "x"):
            assert as_alice.get(path, headers={name: timestamp}).status_code == 200
            assert as_alice.patch(path, {}, headers={name: timestamp}).status_code == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/incomes", {"description": "x", "amount": 1}),
        ("/expenses/", {"description": "x", "amount": 1}),
        ("/transactions", {"type": "EXPENSE", "description": "x", "amount": 1}),
        ("/categories/", {"name": "x"}),
    ],
)
def test_a_new_resource_says_where_it_is(path: str, body: dict[str, Any], as_alice: APIClient) -> None:
    response = as_alice.post(path, body)

    assert response.status_code == 201
    assert response["Location"] == f"http://testserver{path.rstrip('/')}/{response.json()['id']}"
    assert as_alice.get(response["Location"]).json() == response.json()


@pytest.mark.parametrize(
    "prefer",
    [
        "return=minimal",
        "Return = Minimal",
        "respond-async, return=minimal",
        "return=minimal; wait=1",
        'return="minimal"',
    ],
)
def test_who_prefers_no_answer_gets_none(prefer: str, as_alice: APIClient) -> None:
    response = as_alice.post("/incomes", {"description": "x", "amount": 1}, headers={"Prefer": prefer})

    assert (response.status_code, response.content) == (204, b"")
    assert response["Preference-Applied"] == "return=minimal"
    assert as_alice.get(response["Location"]).json()["description"] == "x"


@pytest.mark.parametrize("prefer", ["return=representation", "return=minimalist", "minimal", "", "\xff"])
def test_any_other_preference_is_ignored(prefer: str, as_alice: APIClient) -> None:
    response = as_alice.post("/incomes", {"description": "x", "amount": 1}, headers={"Prefer": prefer})

    assert response.status_code == 201
    assert "Preference-Applied" not in response


@pytest.mark.parametrize("status", [200, 400, 401, 404, 406])
def test_no_cache_keeps_what_is_owned(status: int, as_alice: APIClient, nobody: APIClient, income: Transaction) -> None:
    paths = ["/incomes", f"/incomes/{income.pk}", "/categories", "/summary", "/me", "/secured/ping"]
    client = nobody if status == 401 else as_alice
    if status == 404:
        paths = ["/incomes/5", "/expenses/5", "/categories/5"]
    for path in paths:
        response = client.get(
            path + ("?zzz=1" if status == 400 else ""), headers={"Accept": "x/y"} if status == 406 else {}
        )
        assert response.status_code == status, path
        assert response["Cache-Control"] == "no-store"
        assert {"Accept", "Authorization", "Cookie"} <= set(response["Vary"].split(", "))
