"""An undo of an older revision leaves no transfer that is none, and no transaction in another currency than its
account."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from rest_framework.test import APIClient

from cashman_project.api.errors import Conflict
from transactions.models import Account, Transaction
from users.models import User

DATE = "2026-03-01"
pytestmark = pytest.mark.django_db


@pytest.fixture(params=[False, True], ids=["", "force"])
def force(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


class Books:
    """One user's books over HTTP, and another user's, which stay as they are."""

    def __init__(self, client: APIClient, other: APIClient) -> None:
        self.client, self.other = client, other
        self.accounts = {name: self.make("/accounts", name=name)["id"] for name in "ABC"}
        for name in "AB":
            assert other.post("/accounts", {"name": name}).status_code == 201
        body = {"from": "A", "to": "B", "amount": 7, "date": DATE}
        assert other.post("/transfers", body).status_code == 201

    def make(self, path: str, **body: Any) -> Any:
        body = {name.strip("_"): value for name, value in body.items()}
        response = self.client.post(path, body)
        assert response.status_code == 201, response.content
        return response.json()

    def last(self) -> int:
        number: int = self.client.get("/revisions").json()["results"][0]["number"]
        return number

    def change(self, path: str, **body: Any) -> int:
        """Change the row; return the revision."""
        response = self.client.patch(path, {name.strip("_"): value for name, value in body.items()})
        assert response.status_code == 200, response.content
        return self.last()

    def delete(self, path: str) -> int:
        assert self.client.delete(path).status_code == 204
        return self.last()

    def undo(self, number: int, force: bool) -> Any:
        return self.client.post(f"/revisions/{number}/undo", {"force": force})

    def state(self) -> Any:
        return [self.client.get(path).json() for path in ("/accounts", "/transfers", "/transactions")]


@pytest.fixture
def books(as_alice: APIClient, as_bob: APIClient) -> Books:
    return Books(as_alice, as_bob)


def refused(books: Books, number: int, force: bool, *codes: str) -> None:
    before = books.state()
    response = books.undo(number, force)
    assert response.status_code == 409, response.content
    assert response.json()["code"] in codes, response.content
    assert books.state() == before
    assert len(books.other.get("/transfers").json()["results"]) == 1


def test_a_transfer_keeps_a_leg(books: Books, force: bool) -> None:
    path = f"/transfers/{books.make('/transfers', from_='A', to=None, amount=100, date=DATE)['id']}"
    added = books.change(path, to="B")
    books.change(path, from_=None)

    refused(books, added, force, "part_of_transfer", "changed_since")


def test_a_transfer_has_one_leg_of_each_side(books: Books, force: bool) -> None:
    path = f"/transfers/{books.make('/transfers', from_='A', to='B', amount=100, date=DATE)['id']}"
    removed = books.change(path, to=None)
    books.change(path, to="C")

    refused(books, removed, force, "part_of_transfer", "changed_since")


def test_the_leg_of_an_account_that_comes_back_is_not_the_second_one(books: Books, force: bool) -> None:
    path = f"/transfers/{books.make('/transfers', from_='A', to='B', amount=100, date=DATE)['id']}"
    gone = books.delete(f"/accounts/{books.accounts['A']}?force=true")
    books.change(path, from_="C")

    refused(books, gone, force, "part_of_transfer", "changed_since")


def test_the_legs_of_one_currency_are_equal(books: Books, force: bool) -> None:
    path = f"/transfers/{books.make('/transfers', from_='A', to='B', amount=100, date=DATE)['id']}"
    gone = books.delete(f"/accounts/{books.accounts['A']}?force=true")
    books.change(path, amount=300)

    refused(books, gone, force, "part_of_transfer", "changed_since")


def test_a_leg_keeps_its_account(books: Books) -> None:
    books.make("/accounts", name="D")
    made = books.last()
    books.make("/transfers", from_="D", to="B", amount=100, date=DATE)

    refused(books, made, True, "part_of_transfer", "in_use")


def test_rows_that_became_a_transfer_stay_one(books: Books) -> None:
    rows = [
        {"type": kind, "description": "x", "amount": 5, "date": DATE, "account": account}
        for kind, account in (("EXPENSE", "A"), ("INCOME", "B"))
    ]
    response = books.client.post("/transactions", rows)
    assert response.status_code == 201, response.content
    made = books.last()
    expense, income = [row["id"] for row in response.json()]
    books.make("/transfers/link", expense=expense, income=income)

    refused(books, made, True, "part_of_transfer", "in_use")


def test_a_transfer_that_is_whole_is_undone(books: Books, force: bool) -> None:
    path = f"/transfers/{books.make('/transfers', from_='A', to='B', amount=100, date=DATE)['id']}"
    moved = books.change(path, to="C")

    assert books.undo(moved, force).status_code == 201
    assert books.client.get(path).json()["to"] == "B"
    assert {row.amount for row in Transaction.objects.legs().filter(owner__username="alice")} == {
        Decimal(100),
        Decimal(-100),
    }


def test_an_account_keeps_the_currency_of_its_transactions(books: Books, force: bool, alice: User) -> None:
    path = f"/accounts/{books.accounts['C']}"
    changed = books.change(path, currency="EUR")
    books.make("/expenses", description="x", amount=5, account="C")

    refused(books, changed, force, "conflict", "changed_since", "in_use")
    assert not Transaction.objects.filter(owner=alice, account__name="C").exclude(currency="EUR").exists()


def test_a_transaction_comes_back_to_an_account_of_its_currency_only(books: Books, force: bool) -> None:
    expense = books.make("/expenses", description="x", amount=5, account="C")["id"]
    gone = books.delete(f"/expenses/{expense}")
    books.change(f"/accounts/{books.accounts['C']}", currency="JPY")

    refused(books, gone, force, "conflict")


def test_a_rejected_pair_does_not_hide_another_one(books: Books, as_alice: APIClient) -> None:
    expense = books.make("/expenses", description="x", amount=5, account="A")["id"]
    income = books.make("/incomes", description="x", amount=5, account="B")["id"]
    assert as_alice.post("/transfers/rejections", {"expense": expense, "income": income}).status_code == 204
    other = books.make("/incomes", description="x", amount=5, account="C")["id"]

    [pair] = as_alice.get("/transfers/proposals").json()["results"]
    assert (pair["expense"]["id"], pair["income"]["id"]) == (expense, other)


def test_a_row_is_refused_if_its_account_has_another_currency_by_now(books: Books, alice: User) -> None:
    """As when another request changes the account between the reading of a request and the lock of the ledger."""
    stale = Account.objects.get(owner=alice, name="C")
    expense = books.make("/expenses", description="x", amount=5)["id"]
    books.change(f"/accounts/{stale.pk}", currency="EUR")
    new = {"owner": alice, "type": "EXPENSE", "description": "y", "amount": -1, "currency": "USD", "date": DATE}
    row = Transaction.objects.get(pk=expense)
    row.account = stale

    for write in (
        lambda: Transaction.objects.bulk_create([Transaction(account=stale, **new)]),
        lambda: Transaction.objects.filter(owner=alice).bulk_update([row], ["account"]),
    ):
        with pytest.raises(Conflict), transaction.atomic():
            write()
    assert not Transaction.objects.filter(owner=alice, account=stale).exists()


def test_a_transfer_whose_account_is_deleted_is_written_with_the_day_of_its_other_leg(books: Books) -> None:
    body = {"from": "A", "to": "B", "amount": 100, "date": DATE, "received_on": "2026-03-05"}
    path = f"/transfers/{books.client.post('/transfers', body).json()['id']}"
    before = books.client.get(path).json()
    gone = books.delete(f"/accounts/{books.accounts['A']}?force=true")

    after = books.client.get(path).json()
    assert (after["date"], after["from"], after["version"] > before["version"]) == ("2026-03-05", None, True)
    assert [row["id"] for row in books.client.get("/transfers?date_after=2026-03-04").json()["results"]] == [
        after["id"]
    ]
    assert books.client.get("/transfers?date_before=2026-03-02").json()["results"] == []
    assert books.undo(gone, force=False).status_code == 201
    assert books.client.get(path).json()["date"] == DATE
