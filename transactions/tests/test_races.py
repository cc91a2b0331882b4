"""Real races, between real connections: everybody gets an answer that names what is in the way."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from cashman_project.api.tests.pages import Browser
from cashman_project.api.tests.test_pages_forms import add_form
from conftest import client_of
from transactions.models import Category, Transaction
from transactions.tests.factories import CategoryFactory, IncomeFactory
from users.models import User

ROUNDS = 10
PASSWORD = "correct horse battery"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(7) as executor:
        yield executor


def at_once(pool: ThreadPoolExecutor, *requests: Callable[[], Any]) -> list[Any]:
    """Send the requests at the same time, each over its own connection; return the responses in their order."""
    barrier = threading.Barrier(len(requests))

    def send(request: Callable[[], Any]) -> Any:
        barrier.wait()
        try:
            return request()
        finally:
            connection.close()

    return list(pool.map(send, requests))


def faults(answer: Any) -> tuple[int, str | None]:
    """Return the status of a response, and the field of its first error."""
    named = answer.json()["errors"] if answer.status_code >= 400 else []
    return answer.status_code, named[0]["field"] if named else None


def test_registering_one_name_at_once(pool: ThreadPoolExecutor, settings: Any, db: None) -> None:
    settings.ALLOW_SIGNUP = True
    for number in range(3):
        user = {"username": f"zoe{number}", "password": PASSWORD}
        answers = at_once(pool, *[partial(APIClient().post, "/auth/register", user) for _client in range(4)])

        assert Counter(map(faults, answers)) == {(201, None): 1, (409, "username"): 3}


def test_linking_to_a_category_while_it_is_deleted(pool: ThreadPoolExecutor, alice: User, bob: User) -> None:
    clients = [client_of(alice) for _client in range(7)]
    for number in range(ROUNDS):
        category = CategoryFactory.create(owner=alice, name=f"Race {number}")
        income = {"description": "x", "amount": 1, "category": category.name}

        deleted, *created = at_once(
            pool,
            partial(clients[0].delete, f"/categories/{category.id}"),
            *[partial(client.post, "/incomes", income) for client in clients[1:]],
        )

        assert set(map(faults, created)) <= {(201, None), (400, "category")}
        assert (deleted.status_code == 204) == ((400, "category") in map(faults, created) or not created)
    assert not Transaction.objects.for_owner(bob).exists()


def test_changing_rows_while_their_category_is_unlinked(
    pool: ThreadPoolExecutor, alice: User, bob: User, outsider: User
) -> None:
    clients = [client_of(alice) for _client in range(7)]
    for number in range(ROUNDS):
        leaving = CategoryFactory.create(owner=alice, name=f"Leaving {number}")
        staying = CategoryFactory.create(owner=alice, name=f"Staying {number}")
        rows = IncomeFactory.create_batch(6, owner=alice, category=leaving)

        deleted, *changed = at_once(
            pool,
            partial(clients[0].delete, f"/categories/{leaving.id}?force=true"),
            *[
                partial(client.patch, f"/incomes/{row.id}", {"category": category.name})
                for client, row, category in zip(clients[1:], rows, [leaving, staying] * 3, strict=True)
            ],
        )

        assert deleted.status_code in (204, 409)
        assert set(map(faults, changed)) <= {(200, None), (400, "category")}


@pytest.mark.parametrize("force", [False, True], ids=["unasked", "forced"])
def test_deleting_a_category_while_rows_are_created_in_it(
    force: bool, pool: ThreadPoolExecutor, alice: User, bob: User
) -> None:
    """Forced, it is deleted, whoever creates rows meanwhile; unasked, a 409 says how many there are."""
    clients = [client_of(alice) for _client in range(5)]
    theirs = CategoryFactory.create(owner=bob, name="Theirs")
    outcomes: Counter[tuple[int, str | None]] = Counter()
    for number in range(ROUNDS):
        category = CategoryFactory.create(owner=alice, name=f"Busy {number}")
        if number % 2:
            IncomeFactory.create(owner=alice, category=category)
        gone = threading.Event()

        def create(client: APIClient, name: str = category.name, gone: threading.Event = gone) -> list[Any]:
            answers: list[Any] = []
            while not gone.is_set():
                date = f"2026-{len(answers) % 12 + 1:02}-01"
                income = {"description": "x", "amount": 1, "category": name, "date": date}
                answers.append(faults(client.post("/incomes", income)))
            return answers

        def delete(path: str = f"/categories/{category.pk}", gone: threading.Event = gone) -> Any:
            time.sleep(0.05)  # until there are creations in flight
            try:
                return clients[0].delete(f"{path}?force=true" if force else path)
            finally:
                gone.set()

        deleted, *created = at_once(pool, delete, *[partial(create, client) for client in clients[1:]])

        outcomes.update(answer for answers in created for answer in answers)
        if force:
            assert deleted.status_code == 204, deleted.content
            assert not Transaction.objects.for_owner(alice).exclude(category=None).exists()
        elif deleted.status_code != 204:
            assert (deleted.status_code, deleted.json()["transactions"] > 0) == (409, True)
    assert outcomes.keys() <= {(201, None), (400, "category")}
    assert outcomes[201, None] > ROUNDS
    assert list(Category.objects.for_owner(bob)) == [theirs]


def test_naming_one_new_category_in_several_forms_at_once(pool: ThreadPoolExecutor, alice: User) -> None:
    browsers = [Browser(alice) for _window in range(4)]
    forms = [add_form(browser.get("/expenses")) for browser in browsers]

    responses = at_once(
        pool,
        *(
            partial(browser.send, form, description="cake", amount="5", category=name)
            for browser, form, name in zip(browsers, forms, ["Treats", "treats", "TREATS", " Treats "], strict=True)
        ),
    )

    assert [response.status_code for response in responses] == 4 * [303]
    category = Category.objects.get()
    assert [row.category for row in Transaction.objects.select_related("category")] == 4 * [category]
    told = [browser.get("/expenses").main.one("p", role="status").text for browser in browsers]
    assert sum(f"New category: {category}." in text for text in told) == 1
