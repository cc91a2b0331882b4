"""Arrays that can be sent again: `existing=skip` creates what is new, and says what is there."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from cashman_project.api.tests.problems import problem_of, stored
from conftest import client_of
from ledgers.models import Ledger
from transactions.models import Transaction
from transactions.tests.factories import AccountFactory, CategoryFactory, ExpenseFactory, IncomeFactory, TagFactory
from transactions.tests.live import running, unchecked
from transactions.tests.shares import reached, reaches
from transactions.tests.test_bulk_changes_live import PASSWORD, database_url
from transactions.tests.test_bulk_create import MAX_ROWS, PATHS, row, without_id
from users.models import User

SKIP = "?existing=skip"


def sent(client: APIClient, rows: list[Any], path: str = "/transactions", **headers: str) -> Any:
    """Send the rows; return the response's JSON, with the ids of the rows that were there by their indexes."""
    response = client.post(f"{path}{SKIP}", rows, headers=headers)
    assert response.status_code == 207, response.content
    assert "ETag" not in response
    assert "Location" not in response
    answer = response.json()
    assert answer.keys() == {"created", "existing"}
    return answer["created"], {one["index"]: one["id"] for one in answer["existing"]}


@pytest.mark.parametrize("path", [*PATHS, *(f"{path}/bulk" for path in PATHS)])
def test_what_is_new_is_created_and_what_is_there_is_told(path: str, alice: User, bob: User) -> None:
    clients = [client_of(alice), client_of(bob)]
    kind = path.removesuffix("/bulk")
    first, second, third = (row(kind, external_id=f"bank-{number}") for number in (1, 2, 3))

    for client in clients:
        [one, other], there = sent(client, [first, second], path)
        assert there == {}
        [new, without], there = sent(client, [second, third, row(kind), first], path)
        assert there == {0: other["id"], 3: one["id"]}
        assert (new["external_id"], without["external_id"]) == ("bank-3", None)
        assert sent(client, [third, first], path) == ([], {0: new["id"], 1: one["id"]})
        assert client.get(f"{kind}/{new['id']}").json() == new
    for user in (alice, bob):
        assert Transaction.objects.for_owner(user).count() == 4


def test_the_created_rows_are_those_that_are_created_without_it(as_alice: APIClient, alice: User, bob: User) -> None:
    for user in (alice, bob):
        CategoryFactory.create(owner=user, name="Food")
        AccountFactory.create(owner=user, name="Bank", currency="EUR")
        TagFactory.create(owner=user, name="trip")
    rows = [
        row(external_id="a-1", category="food", amount="12.50", currency="EUR"),
        row(external_id="a-2", account="Bank", tags=["trip"], notes="with Ada"),
        row(type="INCOME", description=" trimmed "),  # which takes the way of the serializers
    ]

    created, there = sent(as_alice, rows)

    plain = client_of(bob).post("/transactions", rows).json()
    assert [without_id(one) for one in created] == [without_id(one) for one in plain]
    assert there == {}


def test_only_the_external_id_of_a_row_that_is_there_is_read(as_alice: APIClient, alice: User) -> None:
    """It may have been changed, its category may be gone, and an expense may be an income now."""
    there = IncomeFactory.create(owner=alice, external_id="bank-1", description="salary")

    created, existing = sent(as_alice, [{"external_id": "bank-1", "category": "gone"}, row("")], "/expenses")

    assert (len(created), existing) == (1, {0: str(there.pk)})
    assert Transaction.objects.get(pk=there.pk).description == "salary"


def test_a_deleted_row_is_created_again(as_alice: APIClient) -> None:
    [one], _there = sent(as_alice, [row(external_id="bank-1")])
    assert as_alice.delete(f"/transactions/{one['id']}").status_code == 204

    [again], there = sent(as_alice, [row(external_id="bank-1")])

    assert (again["id"] != one["id"], there) == (True, {})


def test_another_owners_external_ids_are_in_nobodys_way(
    as_alice: APIClient, as_bob: APIClient, as_outsider: APIClient, bob: User
) -> None:
    theirs = ExpenseFactory.create(owner=bob, external_id="bank-1")
    assert sent(as_bob, [row(external_id="bank-1")]) == ([], {0: str(theirs.pk)})
    for client in (as_alice, as_outsider):
        created, there = sent(client, [row(external_id="bank-1")])
        assert (len(created), there) == (1, {})


# -- What is refused --------------------------------------------------------------------------


def test_an_error_names_the_row_by_its_index_in_the_array(as_alice: APIClient, alice: User) -> None:
    ExpenseFactory.create(owner=alice, external_id="bank-1")
    before = stored()

    for bad, code in (({"amount": 0}, "zero"), ({"amount": 1, "external_id": 5}, "invalid")):
        field = "external_id" if "external_id" in bad else "amount"
        rows = [row(external_id="bank-1"), row(), row() | bad, 5]
        answer = as_alice.post(f"/transactions{SKIP}", rows)
        problem_of(answer, 400, "invalid", (f"2.{field}", code), ("3", "invalid"))
    assert stored() == before


@pytest.mark.parametrize("external_id", ["", 256 * "x", "\0", "a\nb", True, ["x"], {}])
def test_what_is_no_external_id_is_refused(external_id: Any, as_alice: APIClient) -> None:
    answer = as_alice.post(f"/transactions{SKIP}", [row(), row(external_id=external_id)])
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "1.external_id")
    half = '[{"type": "EXPENSE", "description": "x", "amount": 1, "external_id": "\\ud800"}]'
    answer = as_alice.post(f"/transactions{SKIP}", half, content_type="application/json")
    problem_of(answer, 400, "invalid", ("0.external_id", "surrogate_characters_not_allowed"))


def test_an_external_id_is_given_once(as_alice: APIClient, alice: User) -> None:
    """Nothing says which of the two is meant, whether the row is there or not."""
    ExpenseFactory.create(owner=alice, external_id="there")
    for external_id in ("new", "there"):
        rows = [row(), row(external_id=external_id), row(external_id="other"), row(external_id=external_id)]
        answer = as_alice.post(f"/transactions{SKIP}", rows)
        problem_of(answer, 409, "conflict", ("3.external_id", "conflict"))
    assert Transaction.objects.for_owner(alice).count() == 1


def test_it_is_for_arrays_of_new_rows(as_alice: APIClient, alice: User) -> None:
    path = f"/transactions{SKIP}"
    problem_of(as_alice.post(path, row()), 400, "invalid", ("existing", "needs_array"))
    problem_of(as_alice.post(path, []), 400, "invalid", (None, "empty"))
    problem_of(as_alice.post(path, (MAX_ROWS + 1) * [row()]), 400, "invalid", (None, "max_length"))
    for body in ([row()], row()):
        answer = as_alice.post("/transactions?existing=keep", body)
        problem_of(answer, 400, "invalid", ("existing", "invalid_choice"))
    for method, url in (("get", path), ("patch", path), ("post", f"/transactions/delete{SKIP}")):
        answer = getattr(as_alice, method)(url, **({} if method == "get" else {"data": [row()]}))
        problem_of(answer, 400, "unknown_parameter", ("existing", "unknown_parameter"))
    assert not Transaction.objects.for_owner(alice).exists()
    assert as_alice.post("/transactions?existing=", [row()]).status_code == 201
    assert as_alice.post("/transactions?existing=", row()).status_code == 201


# -- Together with other headers --------------------------------------------------------------


def test_with_a_key_the_first_response_comes_again(as_alice: APIClient, as_bob: APIClient) -> None:
    rows = [row(external_id="bank-1"), row()]
    key = {"Idempotency-Key": "once"}

    first = as_alice.post(f"/transactions{SKIP}", rows, headers=key)
    again = as_alice.post(f"/transactions{SKIP}", rows, headers=key)

    assert (again.status_code, again.json()) == (207, first.json())
    assert again["Idempotency-Replayed"] == "true"
    problem_of(as_alice.post("/transactions", rows, headers=key), 422, "idempotency_key_reused")
    assert len(as_bob.post(f"/transactions{SKIP}", rows, headers=key).json()["created"]) == 2


def test_who_prefers_no_answer_gets_none(as_alice: APIClient, alice: User, as_outsider: APIClient) -> None:
    for client in (as_alice, as_alice, as_outsider):
        minimal = {"Prefer": "return=minimal"}
        response = client.post(f"/transactions{SKIP}", [row(external_id="bank-1")], headers=minimal)
        assert (response.status_code, response.content) == (204, b"")
    assert Transaction.objects.for_owner(alice).count() == 1


def test_a_browser_gets_a_page(as_alice: APIClient) -> None:
    response = as_alice.post(f"/incomes{SKIP}", [row("")], headers={"Accept": "text/html"})
    assert (response.status_code, response["Content-Type"]) == (207, "text/html; charset=utf-8")


def test_it_is_one_revision_or_none(as_alice: APIClient, alice: User, as_outsider: APIClient) -> None:
    rows = [row(external_id=f"bank-{number}") for number in range(3)]
    for expected in (1, 1):
        response = as_alice.post(f"/transactions{SKIP}", rows)
        assert response["Ledger-Revision"] == str(expected)
        assert Ledger.objects.get(pk=alice.pk).revision == expected
    assert as_outsider.get("/revisions").json()["results"] == []


# -- The same as one by one -------------------------------------------------------------------


@reaches(mixed=20, all_there=5)
@given(
    there=st.lists(st.integers(0, 3), unique=True, min_size=2),
    numbers=st.one_of(
        st.lists(st.sampled_from([None, 0, 1, 2, 3, 4]), min_size=3, max_size=8),
        st.lists(st.integers(0, 3), min_size=1, max_size=2),
    ),
)
def test_each_row_is_created_unless_it_is_there(
    there: list[int], numbers: list[int | None], alice: User, bob: User
) -> None:
    Transaction.objects.all().delete()
    ids = {n: str(ExpenseFactory.create(owner=alice, external_id=f"e-{n}").pk) for n in there}
    ExpenseFactory.create(owner=bob, external_id="e-4")
    numbers = [n for index, n in enumerate(numbers) if n is None or n not in numbers[:index]]
    rows = [row(description=f"row {i}", external_id=None if n is None else f"e-{n}") for i, n in enumerate(numbers)]

    created, existing = sent(client_of(alice), rows)

    assert existing == {index: ids[n] for index, n in enumerate(numbers) if n in ids}
    assert [one["description"] for one in created] == [f"row {i}" for i, n in enumerate(numbers) if n not in ids]
    assert Transaction.objects.for_owner(alice).count() == len(there) + len(created)
    if created and existing:
        reached("mixed")
    if not created:
        reached("all_there")


# -- At once, and what it costs ---------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_equal_requests_at_once_make_each_row_once(alice: User, bob: User) -> None:
    with ThreadPoolExecutor(4) as pool:
        for number in range(5):
            rows = [row(external_id=f"race-{number}-{index}") for index in range(20)]
            barrier = threading.Barrier(4)

            def send(rows: list[Any] = rows, barrier: threading.Barrier = barrier) -> Any:
                barrier.wait()
                try:
                    return sent(client_of(alice), rows)
                finally:
                    connection.close()

            answers = [one.result() for one in [pool.submit(send) for _client in range(4)]]

            assert Counter(len(created) for created, _there in answers) == {20: 1, 0: 3}
            assert len({tuple(there.values()) for created, there in answers if not created}) == 1
    assert Transaction.objects.for_owner(alice).count() == 100
    assert not Transaction.objects.for_owner(bob).exists()


@pytest.mark.live
@pytest.mark.django_db(transaction=True)
def test_equal_requests_to_two_processes_make_each_row_once(alice: User, bob: User) -> None:
    alice.set_password(PASSWORD)
    alice.save()
    server = unchecked({"DATABASE_URL": database_url(), "WORKERS": "2"})
    with running(server):
        token = server.request("POST", "/auth/token", {"username": "alice", "password": PASSWORD}).json()["access"]
        for number in range(10):
            rows = [row(external_id=f"race-{number}-{index}") for index in range(50)]

            def send(_client: int, rows: list[Any] = rows) -> tuple[int, int]:
                answer = server.request("POST", f"/transactions{SKIP}", rows, token=token)
                return answer.status, len(answer.json().get("created", ()))

            with ThreadPoolExecutor(6) as pool:
                answers = Counter(pool.map(send, range(6)))

            assert answers == {(207, 50): 1, (207, 0): 5}
    assert Transaction.objects.for_owner(alice).count() == 500
    assert not Transaction.objects.for_owner(bob).exists()


def test_it_takes_no_more_queries_than_without_it(as_alice: APIClient, as_bob: APIClient) -> None:
    counts = []
    for client, path in ((as_bob, "/transactions"), (as_alice, f"/transactions{SKIP}")):
        client.post("/transactions", row())  # which makes the ledger
        for size in (2, 600):
            rows = [row(external_id=f"e-{size}-{n}") for n in range(size)]
            with CaptureQueriesContext(connection) as queries:
                assert client.post(path, rows).status_code < 300
            counts.append(len(queries))
    assert len(set(counts)) == 1
