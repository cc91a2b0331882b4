"""Owned rows are written within a write of their owner's ledger, whichever door the write comes through.

An erasure is the exception: it locks the ledgers, and leaves no history that could say what it has deleted.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, models
from django.test import Client

from cashman_project.api.tests.pages import Browser, fields, form_of
from cashman_project.db.postgresql import base, pipeline
from cashman_project.db.tests.sql import text_of
from conftest import client_of
from ledgers.models import Ledger
from ledgers.services.undo import owned_models
from ledgers.writer import _open
from transactions.models import Account, BalanceCheck, Category, Rule, Tag, Transaction, Transfer
from transactions.tests.factories import (
    AccountFactory,
    CategoryFactory,
    CheckedAccountFactory,
    ExpenseFactory,
    RuleFactory,
    TransferFactory,
)
from transactions.tests.pages import ADMIN, LISTS, add, change
from transactions.tests.test_pages_accounts import form_to, post
from transactions.tests.test_permissions import BODIES, EXPECTED, METHODS
from transactions.tests.test_queries import OTHERS, captured, fill, statements
from users.erasure import erase_users
from users.models import User

TABLES = {model._meta.db_table for model in owned_models()}
WRITE = re.compile(r'\b(INSERT INTO|UPDATE|DELETE FROM|COPY) "?(\w+)')
ROW_BY_ROW = {(verb, table) for verb in ("INSERT INTO", "UPDATE", "DELETE FROM") for table in TABLES}
AT_ONCE = {("COPY", Transaction._meta.db_table)} if connection.vendor == "postgresql" else set()


class Watch:
    """Notes what writes owned rows: all of it in `seen`, and in `outside` what no write has locked a ledger for."""

    def __init__(self) -> None:
        self.seen: set[tuple[str, str]] = set()
        self.outside: list[str] = []

    def note(self, sql: str) -> None:
        written = {found for found in WRITE.findall(text_of(sql)) if found[1] in TABLES}
        self.seen |= written
        if written and not any(write.revision for write in _open.writes.values()):
            self.outside.append(sql)


@pytest.fixture
def watch(alice: User, bob: User, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    """What is written once there are rows of alice's and bob's, noted when it is said, not when it is sent."""
    fill(alice, range(1, 4))
    fill(bob, range(1, 4))
    watch = Watch()

    def noting(method: Callable[..., Any]) -> Callable[..., Any]:
        def noted(self: Any, sql: str, *rest: Any) -> Any:
            watch.note(sql)
            return method(self, sql, *rest)

        return noted

    def execute(run: Callable[..., Any], sql: str, *rest: Any) -> Any:
        watch.note(sql)
        return run(sql, *rest)

    monkeypatch.setattr(base.DatabaseWrapper, "execute_later", noting(base.DatabaseWrapper.execute_later))
    monkeypatch.setattr(pipeline.Cursor, "copy_expert", noting(pipeline.Cursor.copy_expert))
    with connection.execute_wrapper(execute):
        yield watch


def test_a_write_outside_of_them_is_noticed(watch: Watch, alice: User, bob: User) -> None:
    """So the other tests can fail."""
    rows: Any = models.QuerySet(Transaction)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE transactions_category SET name = name")
    rows.filter(owner=bob).update(notes="x")
    rows.filter(owner=alice)._raw_delete(using=rows.db)
    with Transaction.objects.writing(alice.pk):  # which has not locked the ledger
        rows.filter(owner=alice).update(notes="x")
    assert len(watch.outside) == 4


def test_every_route_writes_within_one(watch: Watch, alice: User, settings: Any) -> None:
    settings.ALLOW_SIGNUP = True
    AccountFactory.create(owner=alice, name="Purse")
    alice.set_password(BODIES["/auth/token"]["password"])
    alice.save()
    client = client_of(alice)
    writing = [method for method in METHODS if method not in ("GET", "HEAD", "OPTIONS")]
    for (path, role), expected in EXPECTED.items():
        for method in writing:
            if role == "owner" and expected[method] < 300 and path != "/me/erase":
                statements(client, alice, method, path)
                assert not watch.outside, (method, path)
    statements(client, alice, "DELETE", "/categories/<pk>?force=true")
    for path, body, headers in OTHERS.values():
        captured(client, "POST", path, body, headers)
    assert not watch.outside
    assert watch.seen == ROW_BY_ROW | AT_ONCE


def test_every_form_of_the_pages_writes_within_one(watch: Watch, alice: User) -> None:
    browser = Browser(alice)
    forms: dict[str, tuple[type[Any], dict[str, str], dict[str, str]]] = {  # a new row, and a change
        "/expenses": (
            Transaction,
            {"description": "x", "amount": "1", "category": "Kind 1", "tags": "Tag 1, new"},
            {"description": "y"},
        ),
        "/categories": (Category, {"name": "x"}, {"name": "y"}),
        "/tags": (Tag, {"name": "x"}, {"name": "y"}),
        "/accounts": (Account, {"name": "x"}, {"name": "y"}),
        "/rules": (Rule, {"words": "shop", "category": "Kind 1"}, {"words": "market"}),
        "/transfers": (Transfer, {"from": "Account 1", "to": "Account 2", "amount": "1"}, {"date": "2026-11-01"}),
    }
    for path, (model, values, changes) in forms.items():
        form = browser.get(path).main.one("details", class_="add").one("form")
        browser.follow(browser.send(form, **values))
        row = model.objects.for_owner(alice).latest("created_at")
        for method, sent in {"PATCH": changes, "DELETE": {}}.items():
            browser.follow(browser.send(form_of(browser.get(f"{path}/{row.pk}"), method), **sent))
    split = f"/transactions/{ExpenseFactory.create(owner=alice, amount=50).pk}/split"
    parts = {"parts.0.amount": "20", "parts.1.amount": "30", "parts.1.category": "newer", "parts.1.tags": "newer"}
    browser.follow(browser.send(form_of(browser.get(split), "PUT"), **parts))
    browser.follow(browser.send(form_of(browser.get(split), "DELETE")))
    checks = f"/accounts/{AccountFactory.create(owner=alice).pk}/checks"
    check = f"{checks}/2026-11-30"
    for path, text in ((f"{checks}?date=2026-11-30&balance=0", "Lock"), (check, "Unlock"), (check, "Delete it")):
        form = form_to(browser.get(path), check, text)
        put = {} if text == "Delete it" else {"_method": "PUT"}
        browser.follow(post(browser, check, {**fields(form), **put}))
    assert not watch.outside
    assert watch.seen == ROW_BY_ROW


def test_an_undo_writes_within_one(watch: Watch, alice: User) -> None:
    client = client_of(alice)
    CheckedAccountFactory.create(owner=alice)
    transfer = TransferFactory.create(owner=alice)
    assert client.delete(f"/transfers/{transfer.pk}").status_code == 204
    RuleFactory.create(owner=alice)
    models = [Rule, BalanceCheck, Transaction, Account, Category, Tag]
    for model in models:
        model.objects.for_owner(alice).delete()
    for _undo in range(2):  # all come back, and go again
        last = Ledger.objects.get(pk=alice.pk).revision
        for number in range(last, last - len(models) - 1, -1):
            assert client.post(f"/revisions/{number}/undo", {"force": True}).status_code == 201
    assert not watch.outside
    assert {table for verb, table in watch.seen if verb == "DELETE FROM"} == TABLES
    assert {table for verb, table in watch.seen if verb in ("INSERT INTO", "COPY")} == TABLES


def test_every_action_of_the_admin_writes_within_one(watch: Watch, as_staff: Client, alice: User, bob: User) -> None:
    """Checks, transfers and rules can only be deleted there."""
    add(as_staff, "expense", owner=alice.pk, description="x", amount="1", currency="USD", date="2026-11-01")
    named: list[Any] = [Category, Tag, Account]
    for model in named:
        add(
            as_staff,
            model._meta.model_name,
            owner=alice.pk,
            name="x",
            **({"currency": "USD"} if model is Account else {}),
        )
    rows = [ExpenseFactory.create(owner=alice), *(model.objects.get(name="x") for model in named)]
    for row in rows:
        assert change(as_staff, row, **{"description" if row is rows[0] else "name": "y"}).status_code == 302
    checked = CheckedAccountFactory.create(owner=alice)
    deleted = [BalanceCheck.objects.get(account=checked), TransferFactory.create(owner=alice)]
    deleted.append(RuleFactory.create(owner=alice))
    for row in (*deleted, *rows):
        path = f"{ADMIN}/{row._meta.model_name}/{row.pk}/delete/"
        assert as_staff.post(path, {"post": "yes"}).status_code == 302
    empty = [CategoryFactory.create(owner=owner) for owner in (alice, bob)]
    for path, chosen in ((LISTS[0], Transaction.objects.all()), (LISTS[3], empty)):
        sent = {"action": "delete_selected", "post": "yes", "_selected_action": [row.pk for row in chosen]}
        assert as_staff.post(path, sent).status_code == 302
    assert not Transaction.objects.exists()
    assert not watch.outside
    assert watch.seen == ROW_BY_ROW - {("UPDATE", Transfer._meta.db_table)}


def test_every_command_writes_within_one(watch: Watch, settings: Any) -> None:
    settings.DEBUG = True
    erase_users(users=User.objects.all())
    watch.outside.clear()
    call_command("demo", verbosity=0)
    for command in ("recount", "sweep"):
        call_command(command, verbosity=0)
    assert Transaction.objects.count() > 1_000
    assert not watch.outside
    assert watch.seen >= {("INSERT INTO", table) for table in TABLES - {Rule._meta.db_table}}  # the demo has no rules
