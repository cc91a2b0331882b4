"""Accounts, tags and transfers in Django's admin: what staff see of them, and what of a leg stays as it is."""

import datetime
import re

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from transactions.models import Transaction, Transfer
from transactions.tests.factories import AccountFactory, ExpenseFactory, TagFactory
from transactions.tests.pages import ADMIN
from users.models import User


def cells(client: Client, path: str) -> list[list[str]]:
    """Return the texts of the cells of each row of a list, but for the box to choose it by."""
    content = client.get(path).content.decode()
    body = content.partition('id="result_list"')[2].partition("</table>")[0].partition("<tbody")[2]
    rows = re.findall(r"<tr\b.*?</tr>", body, re.DOTALL)
    return [
        [re.sub(r"<[^>]*>", "", cell).strip() for cell in re.findall(r"<t[dh] class=\"field.*?</t[dh]>", row)]
        for row in rows
    ]


@pytest.fixture
def transfers(alice: User, bob: User, as_alice: APIClient, as_bob: APIClient) -> None:
    for owner, client in ((alice, as_alice), (bob, as_bob)):
        for name, currency in (("Bank", "USD"), ("Yen", "JPY")):
            AccountFactory.create(owner=owner, name=name, currency=currency)
        body = {"from": "Bank", "date": "2026-02-01", "amount": "10", "description": f"of {owner.username}"}
        assert client.post("/transfers", {**body, "to": "Yen", "received": "1500"}).status_code == 201
        assert client.post("/transfers", {**body, "to": None, "date": "2026-01-31"}).status_code == 201


def test_a_transfer_is_shown_with_its_accounts_and_amounts(
    as_staff: Client, transfers: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    assert sorted(cells(as_staff, f"{ADMIN}/transfer/")) == [
        ["1 Feb 2026", "of alice", "Bank", "Yen", "10.00 USD \u2192 1,500 JPY", "alice"],
        ["1 Feb 2026", "of bob", "Bank", "Yen", "10.00 USD \u2192 1,500 JPY", "bob"],
        ["31 Jan 2026", "of alice", "Bank", "outside", "10.00 USD", "alice"],
        ["31 Jan 2026", "of bob", "Bank", "outside", "10.00 USD", "bob"],
    ]
    page = as_staff.get(f"{ADMIN}/transfer/{Transfer.objects.all()[0].pk}/change/").content.decode()
    assert "1,500 JPY" in page
    with django_assert_num_queries(8):
        as_staff.get(f"{ADMIN}/transfer/")


def test_what_changes_with_its_transfer_only_is_not_asked_for(as_staff: Client, alice: User, transfers: None) -> None:
    leg = Transaction.objects.filter(owner=alice, type="EXPENSE")[0]
    path = f"{ADMIN}/transaction/{leg.pk}/change/"

    page = as_staff.get(path).content.decode()

    asked = set(re.findall(r'name="(\w+)"', page))
    assert asked & {"type", "amount", "currency", "date", "account", "description", "notes"} == {"description", "notes"}
    form = {
        "description": "moved",
        "notes": "",
        "external_id": "",
        "category": "",
        "amount": "99",
        "version": leg.version,
    }
    response = as_staff.post(path, form)
    assert response.status_code == 302, response.content
    leg.refresh_from_db()
    assert (leg.description, leg.amount) == ("moved", -10)


def test_transactions_are_found_by_tag_and_by_being_of_a_transfer(
    as_staff: Client, alice: User, bob: User, transfers: None
) -> None:
    for owner, name in ((alice, "Trip"), (bob, "trip"), (bob, "other")):
        TagFactory.create(owner=owner, name=name)
        ExpenseFactory.create(owner=owner, tags=f'["{name}"]', description=f"{name} of {owner.username}")

    def found(query: str) -> set[str]:
        return {row[1] for row in cells(as_staff, f"{ADMIN}/transaction/?{query}")}

    assert found("tag=TRIP") == {"Trip of alice", "trip of bob"}
    assert found("tag=nothing") == set()
    assert found("leg=1") == {"of alice", "of bob"}
    assert found("leg=0") == {"Trip of alice", "trip of bob", "other of bob"}
    assert "Trip" in {cell for row in cells(as_staff, f"{ADMIN}/expense/?tag=trip") for cell in row}


def test_the_default_account_of_new_transactions_is_marked(as_staff: Client, alice: User) -> None:
    for name in ("Bank", "Card"):
        account = AccountFactory.create(
            owner=alice, name=name, opening_date=datetime.date(2026, 1, 1), opening_balance=1
        )
    User.objects.filter(pk=alice.pk).update(account=account.pk)

    content = as_staff.get(f"{ADMIN}/account/").content.decode()

    marks = re.findall(r'field-is_default"><img[^>]*alt="(\w+)"', content)
    assert marks == ["False", "True"]
