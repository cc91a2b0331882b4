"""Paths as people and programs write them: with the name of a format, with a slash or without."""

import pytest
from django.test import Client
from rest_framework.test import APIClient

from transactions.tests.factories import ExpenseFactory
from users.models import User

pytestmark = pytest.mark.django_db

CREATED = {
    "/incomes": {"description": "gift", "amount": 5},
    "/expenses": {"description": "coffee", "amount": 5},
    "/transactions": {"type": "INCOME", "description": "gift", "amount": 5},
    "/categories": {"name": "Food"},
}
LISTS = sorted(CREATED)


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("suffix", ["", "/", ".json", ".json/"])
def test_what_was_made_is_where_location_says(
    as_alice: APIClient, as_outsider: APIClient, path: str, suffix: str
) -> None:
    answer = as_alice.post(f"{path}{suffix}", CREATED[path])

    assert answer.status_code == 201
    assert answer["Location"] == f"http://testserver{path}/{answer.json()['id']}"
    assert as_alice.get(answer["Location"]).json() == answer.json()
    assert as_outsider.get(answer["Location"]).status_code == 404


@pytest.mark.parametrize("path", LISTS)
def test_a_minimal_answer_has_the_location_too(as_alice: APIClient, path: str) -> None:
    answer = as_alice.post(f"{path}.json", CREATED[path], HTTP_PREFER="return=minimal")

    assert answer.status_code == 204
    assert as_alice.get(answer["Location"]).status_code == 200


@pytest.mark.parametrize("path", LISTS)
def test_options_tell_what_a_path_takes(as_alice: APIClient, path: str) -> None:
    methods = "GET, POST, PATCH, HEAD, OPTIONS" if path == "/transactions" else "GET, POST, HEAD, OPTIONS"
    for suffix in ("", "/", ".json", ".json/"):
        answer = as_alice.options(f"{path}{suffix}")
        assert (answer.status_code, answer["Allow"], answer.content) == (204, methods, b"")
    for suffix in (".csv", ".ndjson", ".csv/", ".ndjson/"):
        answer = as_alice.options(f"{path}{suffix}")
        assert (answer.status_code, answer["Allow"], answer.content) == (204, "GET, HEAD, OPTIONS", b"")


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
@pytest.mark.parametrize("suffix", [".csv", ".ndjson"])
def test_an_export_is_read_only(alice: User, as_alice: APIClient, method: str, suffix: str) -> None:
    ExpenseFactory.create(owner=alice)

    answer = getattr(as_alice, method)(f"/expenses{suffix}", CREATED["/expenses"])

    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD, OPTIONS")
    assert answer.json()["code"] == "method_not_allowed"
    assert len(as_alice.get("/expenses").json()["results"]) == 1


@pytest.mark.parametrize("path", ["/incomes.xml", "/incomes.api", "/incomes.", "/summary.ndjson", "/me.json"])
def test_a_format_that_there_is_not_is_no_path(as_alice: APIClient, path: str) -> None:
    assert as_alice.get(path).status_code == 404
    assert as_alice.options(path).status_code == 404


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/admin", "/admin/"),
        ("/admin/users/user", "/admin/users/user/"),
        ("/admin/users/user?q=alice", "/admin/users/user/?q=alice"),
        ("/api-auth/login?next=/me", "/api-auth/login/?next=/me"),
    ],
)
def test_a_page_of_django_is_found_without_its_slash(as_staff: Client, path: str, location: str) -> None:
    answer = as_staff.get(path)

    assert answer.status_code in (301, 302)
    assert answer["Location"] == location


def test_a_page_that_there_is_not_stays_lost(as_staff: Client, client: Client) -> None:
    assert as_staff.get("/admin/nothing").status_code == 404
    assert client.get("/api-auth/nothing").status_code == 404
    assert client.get("/admin")["Location"] == "/admin/"
