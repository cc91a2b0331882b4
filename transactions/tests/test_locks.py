"""What a locked check keeps: each line of the table in docs/bookkeeping.md, at each door."""

import datetime
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.test import Client

from cashman_project.api.tests.pages import Browser
from conftest import client_of
from transactions.errors import Locked
from transactions.models import Account, BalanceCheck, Category, Transaction, Transfer
from transactions.services.splits import join_split, parts_of, rows_for, save_split
from transactions.tests.factories import AccountFactory, CategoryFactory, ExpenseFactory
from transactions.tests.pages import change
from users.erasure import erase_users
from users.models import User

PAGE = (Path(settings.BASE_DIR) / "docs/bookkeeping.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("\n## Locks\n")[2].partition("\n## ")[0]
TABLE = dict(re.findall(r"^\| ([^|]+) \| ((?:409|open)[^|]*) \|$", SECTION, re.MULTILINE))
DAY = datetime.date(2026, 2, 28)
OLD = datetime.date(2026, 2, 1)
NEW = datetime.date(2026, 3, 1)


class Books(NamedTuple):
    """An account that is locked up to DAY, and rows before that day and after it."""

    owner: User
    client: Any
    browser: Browser
    staff: Client
    account: Account
    wallet: Account
    check: BalanceCheck
    old: Transaction
    new: Transaction
    part: Transaction  # the first one of a split
    other: Transaction
    transfer: Transfer
    category: Category
    revisions: dict[str, str]


@pytest.fixture
def books(alice: User, as_staff: Client) -> Books:
    client = client_of(alice)
    account, wallet = (AccountFactory.create(owner=alice, name=name) for name in ("Bank", "Wallet"))
    category = CategoryFactory.create(owner=alice, name="Food")
    CategoryFactory.create(owner=alice, name="Meals")
    old, new, receipt = (
        ExpenseFactory.create(owner=alice, account=account, date=day, amount=10, category=category)
        for day in (OLD, NEW, OLD)
    )
    revisions: dict[str, str] = {}

    def note(name: str, answer: Any) -> Any:
        assert answer.status_code < 300, answer.content
        revisions[name] = answer["Ledger-Revision"]
        return answer.json() if answer.content else None

    body = {"from": "Bank", "to": "Wallet", "amount": 5, "date": str(OLD)}
    transfer = note("transferred", client.post("/transfers", body))["id"]
    parts = {"parts": [{"amount": 6}, {"amount": 4}]}
    other = note("split", client.put(f"/transactions/{receipt.pk}/split", parts))["parts"][1]["id"]
    note("moved", client.patch(f"/transactions/{old.pk}", {"date": "2026-02-02"}))
    check = BalanceCheck.objects.create(owner=alice, account=account, date=DAY, balance=-25, locked=True)
    return Books(
        *(alice, client, Browser(alice), as_staff, account, wallet, check, old, new),
        Transaction.objects.get(pk=receipt.pk),
        Transaction.objects.get(pk=other),
        Transfer.objects.get(pk=transfer),
        category,
        revisions,
    )


def stored() -> list[Any]:
    return [list(model.objects.order_by("pk").values()) for model in (Transaction, Transfer, Account, BalanceCheck)]


Way = Callable[[Books], Any]


def api(method: str, path: str, body: Any = None) -> Way:
    """Return a request of a client; <name> stands for the id of a row of the books."""

    def send(books: Books) -> Any:
        ids = {name: str(getattr(value, "pk", "")) for name, value in books._asdict().items()} | books.revisions

        def filled(text: str) -> str:
            return re.sub(r"<(\w+)>", lambda match: ids[match[1]], text)

        text = "" if body is None else filled(json.dumps(body))
        return books.client.generic(method, filled(path), text, content_type="application/json")

    return send


def page(method: str, path: str, **values: str) -> Way:
    """Return a form of a page."""

    def send(books: Books) -> Any:
        row = path.replace("<old>", str(books.old.pk)).replace("<part>", str(books.part.pk))
        books.browser.get("/accounts")
        token = books.browser.client.cookies["csrftoken"].value
        sent = urlencode({"csrfmiddlewaretoken": token, "_method": method, **values})
        return books.browser.client.post(row, sent, "application/x-www-form-urlencoded")

    return send


def admin(**changes: str) -> Way:
    return lambda books: change(books.staff, Transaction.objects.get(pk=books.old.pk), **changes)


def delete_in_admin(books: Books) -> Any:
    return books.staff.post(f"/admin/transactions/transaction/{books.old.pk}/delete/", {"post": "yes"})


def model(work: Callable[[Books], object]) -> Way:
    return work


def split_by_service(books: Books) -> None:
    stored = parts_of(books.part)
    save_split(stored, rows_for(stored, 2), [{"amount": books.part.amount}, {"amount": books.other.amount}])
    join_split(books.other)


def rows(books: Books) -> Any:
    return Transaction.objects.filter(owner=books.owner)


SPLIT = {"parts": [{"amount": 7}, {"amount": 3}]}
FORM = {"parts.0.amount": "7", "parts.1.amount": "3"}
NEW_ROW = {"description": "x", "amount": 1, "account": "Bank", "date": "2026-02-28"}
BOTH = [{"id": "<part>", "date": "2026-03-05"}, {"id": "<other>", "date": "2026-03-05"}]
WAYS: dict[str, list[Way]] = {
    "add one, also by a transfer": [
        api("POST", "/expenses", NEW_ROW),
        api("POST", "/expenses", [NEW_ROW, NEW_ROW]),
        api("POST", "/transfers", {"from": "Bank", "to": "Wallet", "amount": 1, "date": "2026-02-28"}),
        page("", "/expenses", **{name: str(value) for name, value in NEW_ROW.items()}),
        model(lambda books: ExpenseFactory.create(owner=books.owner, account=books.account, date=OLD)),
        model(
            lambda books: Transaction.objects.bulk_create(
                [ExpenseFactory.build(owner=books.owner, account=books.account, date=OLD)]
            )
        ),
    ],
    "change its type, amount, date or account, one or many": [
        api("PATCH", "/transactions/<old>", {"type": "INCOME"}),
        *[
            api("PATCH", "/transactions/<old>", body)
            for body in ({"amount": 2}, {"date": "2026-03-05"}, {"account": None})
        ],
        api("PATCH", "/transactions", [{"id": "<new>", "amount": 5}, {"id": "<old>", "amount": 5}]),
        page("PATCH", "/transactions/<old>", amount="3"),
        admin(amount="3"),
        admin(date="2026-03-05"),
        model(lambda books: rows(books).filter(pk=books.old.pk).update(amount=-3)),
    ],
    "move another one there, by its date or its account": [
        api("PATCH", "/transactions/<new>", {"date": "2026-02-28"}),
        api("PATCH", "/transactions", [{"id": "<new>", "date": "2026-02-28"}]),
        model(lambda books: rows(books).filter(pk=books.new.pk).update(date=OLD)),
    ],
    "delete it, one or many": [
        api("DELETE", "/transactions/<old>"),
        api("POST", "/transactions/delete", {"ids": ["<new>", "<old>"]}),
        page("DELETE", "/transactions/<old>"),
        delete_in_admin,
        model(lambda books: rows(books).filter(pk=books.old.pk).delete()),
    ],
    "create, change or delete a transfer with such a leg": [
        api("PATCH", "/transfers/<transfer>", {"amount": 6}),
        api("PATCH", "/transfers/<transfer>", {"date": "2026-03-05"}),
        api("DELETE", "/transfers/<transfer>"),
    ],
    "an undo that would do one of these": [
        api("POST", "/revisions/<moved>/undo", {"force": True}),
        api("POST", "/revisions/<transferred>/undo", {"force": True}),
    ],
    "delete the account by `force`": [api("DELETE", "/accounts/<account>?force=true")],
    "change its category, description, notes or external id": [
        api("PATCH", "/transactions/<old>", {"category": None, "description": "y", "notes": "n", "external_id": "e"}),
        api("PATCH", "/transactions", [{"id": "<old>", "tags": [], "notes": "n"}]),
        page("PATCH", "/transactions/<old>", notes="seen"),
        admin(notes="seen"),
        api("PATCH", "/transactions/<part>", {"category": None, "notes": "n"}),
    ],
    "rename, merge (`into`) or delete its category": [
        api("DELETE", "/categories/<category>?into=Meals"),
        api("PATCH", "/categories/<category>", {"name": "Dishes"}),
        api("DELETE", "/categories/<category>?force=true"),
        model(lambda books: rows(books).update(category=CategoryFactory.create(owner=books.owner))),
    ],
    "split it, split it anew or join its parts": [
        api("PUT", "/transactions/<old>/split", SPLIT),
        api("PUT", "/transactions/<part>/split", SPLIT),
        api("DELETE", "/transactions/<other>/split"),
        page("PUT", "/transactions/<old>/split", **FORM),
        page("DELETE", "/transactions/<part>/split"),
        model(split_by_service),
    ],
    "undo a split or a join": [api("POST", "/revisions/<split>/undo")],
    "move or delete a split as a whole": [
        api("PATCH", "/transactions", BOTH),
        api("POST", "/transactions/delete", {"ids": ["<part>", "<other>"]}),
        model(lambda books: rows(books).filter(split=books.part.pk).update(account=books.wallet)),
        model(lambda books: rows(books).filter(split=books.part.pk).delete()),
    ],
    "link two transactions as a transfer, or unlink them": [
        api("POST", "/transfers/<transfer>/unlink", {}),
        lambda books: linked(books),
    ],
    "change the opening": [
        api("PATCH", "/accounts/<account>", {"opening": {"date": "2026-01-31", "balance": "7"}}),
        api("PATCH", "/accounts/<account>", {"opening": {"date": "2026-02-15", "balance": "7"}}),
    ],
    "rename or archive the account": [api("PATCH", "/accounts/<account>", {"name": "Old bank", "archived": True})],
    "unlock or delete the check": [
        api("PUT", f"/accounts/<account>/checks/{DAY}", {"balance": -25, "locked": False}),
        api("DELETE", f"/accounts/<account>/checks/{DAY}"),
    ],
    "erase the user": [lambda books: erase_users(users=[books.owner])],
}


def linked(books: Books) -> Any:
    body = {"description": "x", "amount": 10, "account": "Wallet", "date": str(OLD)}
    into = books.client.post("/incomes", body).json()["id"]
    return books.client.post("/transfers/link", {"expense": str(books.old.pk), "income": into})


def ways() -> Iterator[Any]:
    for line, found in WAYS.items():
        for number, way in enumerate(found):
            yield pytest.param(line, way, id=f"{line} {number}")


def test_every_line_of_the_table_is_tried() -> None:
    assert WAYS.keys() == TABLE.keys()
    assert {meaning.split()[0].rstrip(":,") for meaning in TABLE.values()} == {"409", "open"}


@pytest.mark.parametrize(("line", "way"), [*ways()])
def test_a_lock_keeps_what_the_table_says(books: Books, line: str, way: Way) -> None:
    before = stored()
    refused = TABLE[line].startswith("409")
    try:
        answer = way(books)
    except Locked:
        assert refused
        assert stored() == before
        return
    told = getattr(answer, "status_code", 200)
    if not refused:
        assert told < 400, answer.content
        assert stored() != before
        return
    assert stored() == before
    if told == 302:  # the admin shows the page again, with the reason
        assert "locked check" in " ".join(
            str(message) for message in books.staff.get(answer["Location"]).context["messages"]
        )
    else:
        assert told == 409
        assert b"locked" in answer.content


def test_locks_of_one_owner_are_not_those_of_another(books: Books, as_bob: Any) -> None:
    as_bob.post("/accounts", {"name": "Bank"})
    assert as_bob.post("/expenses", NEW_ROW).status_code == 201
