"""A form of the admin that adds a row and is sent twice adds one. (A second category of a name is refused anyway.)"""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client

from cashman_project.api.tests.forms import fields_of
from transactions.models import Transaction
from transactions.tests.pages import ADMIN
from users.models import User

ROWS: dict[str, dict[str, Any]] = {
    "transaction": {"type": "INCOME", "description": "salary", "amount": "1"},
    "income": {"description": "salary", "amount": "1"},
    "expense": {"description": "pizza", "amount": "5"},
}


def filled(client: Client, model: str, owner: User) -> dict[str, Any]:
    return fields_of(client.get(f"{ADMIN}/{model}/add/"), f"{model}_form") | {"owner": str(owner.pk)} | ROWS[model]


@pytest.mark.parametrize("model", ROWS)
def test_a_form_that_is_sent_again_adds_one_row(model: str, as_staff: Client, alice: User, bob: User) -> None:
    sent = filled(as_staff, model, alice)
    path = f"{ADMIN}/{model}/add/"

    first, again = as_staff.post(path, sent), as_staff.post(path, sent)

    assert (first.status_code, again.status_code, again["Location"]) == (302, 302, f"{ADMIN}/{model}/")
    assert "This form was saved before: nothing was added again." in as_staff.get(again["Location"]).content.decode()
    assert (Transaction.objects.count(), LogEntry.objects.count()) == (1, 1)
    assert as_staff.post(path, filled(as_staff, model, bob)).status_code == 302
    assert Transaction.objects.count() == 2


def test_a_form_that_was_refused_may_be_sent_again(as_staff: Client, alice: User) -> None:
    path, sent = f"{ADMIN}/expense/add/", filled(as_staff, "expense", alice)
    page = as_staff.post(path, sent | {"amount": "x"})
    assert page.status_code == 200

    assert as_staff.post(path, fields_of(page, "expense_form") | {"amount": "5"}).status_code == 302
    assert as_staff.post(path, {name: value for name, value in sent.items() if name != "_key"}).status_code == 302
    assert Transaction.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_double_click_adds_one_row(as_staff: Client, alice: User) -> None:
    sent, barrier = filled(as_staff, "expense", alice), threading.Barrier(3)

    def send(_click: int) -> int:
        client = Client()
        client.cookies = as_staff.cookies
        barrier.wait()
        try:
            return client.post(f"{ADMIN}/expense/add/", sent).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(send, range(3))) == 3 * [302]
    assert (Transaction.objects.count(), LogEntry.objects.count()) == (1, 1)
