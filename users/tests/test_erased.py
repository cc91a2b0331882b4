"""After an erasure no row in any table holds who somebody was, or what they wrote.

Every model is filled through the service's own doors, and every table is read: a new model fails this test until it is
filled here too, or named as one that holds nobody's.
"""

import json
import re
from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.sessions.backends.base import UpdateError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from cashman_project.api.dates import LAST_DATE
from cashman_project.api.tests.forms import fields_of
from conftest import client_of
from transactions.models import Account, BalanceCheck, Category, Expense, RejectedTransfer, Rule, Tag, Transfer
from users.browser_sessions import SessionStore
from users.models import BrowserSession, User
from users.tests.tokens import PASSWORD

from ..login_throttle import account_key

MARK = "tuberose"  # in every text that she writes
# Tables that hold nobody's data: what Django itself keeps, and the work that is claimed.
NOBODYS = {
    "api_claim",
    "auth_group",
    "auth_group_permissions",
    "auth_permission",
    "django_content_type",
    "django_migrations",
    "django_session",  # empty: browser sessions are in a table of our own
    "sqlite_sequence",
    "users_attempts",  # held by the hash of a name: looked for by itself
}


def tables() -> dict[str, list[str]]:
    """Return the rows of every table of the database, each as text; a session as what it means."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608  # quoted
            found[table] = [repr(row) for row in cursor.fetchall()]
    sessions = BrowserSession.objects.all()
    found["users_browsersession"] += [json.dumps(SessionStore().decode(row.session_data)) for row in sessions]
    return found


def trace_of(user: User) -> re.Pattern[str]:
    """Return the pattern of all that tells of the user: id, name, e-mail, texts, and what they are counted by."""
    traces = [str(user.pk), user.pk.hex, user.username, user.email, MARK, account_key(user.username)]
    return re.compile("|".join(map(re.escape, traces)), re.IGNORECASE)


def live_a_life(user: User, staff: Client) -> None:
    """Let the user, and the staff beside, do all that leaves a row somewhere."""
    name = user.username
    nobody, as_user = APIClient(), client_of(user)
    nobody.post("/auth/token", {"username": name, "password": "a wrong one"})
    pair = nobody.post("/auth/token", {"username": name, "password": PASSWORD}).json()
    nobody.post("/auth/token/refresh", {"refresh": pair["refresh"]})
    nobody.post("/auth/token", {"username": name, "password": "another wrong one"})
    assert as_user.post("/tokens", {"name": MARK, "scope": "read", "password": PASSWORD}).status_code == 201
    as_user.patch("/me", {"email": f"{name}@{MARK}.example"})
    as_user.post("/categories", {"name": f"{MARK} seeds"})
    body = {"description": f"{MARK} bulbs", "amount": 5, "notes": MARK, "category": f"{MARK} seeds"}
    for number in range(3):
        key = {"Idempotency-Key": f"{MARK}-{number}"}
        assert as_user.post("/expenses", body | {"external_id": f"{MARK} {number}"}, headers=key).status_code == 201
    account = Account.objects.create(owner=user, name=f"{MARK} bank", currency="USD")
    BalanceCheck.objects.create(owner=user, account=account, date=LAST_DATE, balance=1)
    Transfer.objects.create(owner=user, date=LAST_DATE)
    RejectedTransfer.objects.create(owner=user, expense_id=user.pk, income_id=user.pk)
    Tag.objects.create(owner=user, name=f"{MARK} tag")
    Rule.objects.create(owner=user, position=1, words=json.dumps([MARK]), description=MARK)
    Expense.objects.filter(owner=user).update(account=account, tags=json.dumps([f"{MARK} tag"]))
    lines = f"Date,Description,Amount\n2026-11-01,{MARK} soil,-3.00\n2026-11-02,{MARK} pots,-4.00\n".encode()
    for number in range(2):
        sent: dict[str, object] = {"account": account.name, "file": SimpleUploadedFile(f"{MARK} {number}.csv", lines)}
        sent |= {"encoding": "utf-8", "save_profile": "true"}
        plan = as_user.post("/imports", sent, format="multipart")
        assert plan.status_code == 201
    assert as_user.post(f"/imports/{plan.json()['id']}/commit", {}).status_code == 200
    browser = Client()
    assert browser.post("/api-auth/login/", {"username": name, "password": PASSWORD}).status_code == 302
    # What the staff do to the user's rows, and what the user does as one of them.
    first, second = Expense.objects.filter(owner=user).order_by("pk")[:2]
    page = f"/admin/transactions/transaction/{first.pk}/change/"
    assert staff.post(page, fields_of(staff.get(page), "transaction_form") | {"notes": f"{MARK}!"}).status_code == 302
    staff.post(f"/admin/transactions/transaction/{second.pk}/delete/", {"post": "yes"})
    page = f"/admin/users/user/{user.pk}/change/"
    assert staff.post(page, fields_of(staff.get(page), "user_form") | {"language": "de"}).status_code == 302
    group = Group.objects.get_or_create(name="Books")[0]
    user.groups.add(group)
    user.user_permissions.add(*Permission.objects.filter(codename__in=["add_category", "view_user"]))
    User.objects.filter(pk=user.pk).update(is_staff=True)
    adding = "/admin/transactions/category/add/"
    sent = fields_of(browser.get(adding), "category_form") | {"owner": str(user.pk), "name": f"{MARK} pots"}
    assert browser.post(adding, sent).status_code == 302
    user.refresh_from_db()


@pytest.mark.parametrize("how", ["api", "admin", "admin, many"])
def test_nothing_is_left_of_who_is_erased(how: str, known: User, bob: User, as_staff: Client, staff: User) -> None:
    bob.set_password(PASSWORD)
    bob.save()
    live_a_life(known, as_staff)
    trace = trace_of(known)
    before = tables()
    owned = {model._meta.db_table for model in apps.get_models(include_auto_created=True)} - NOBODYS
    assert {table for table, rows in before.items() if any(map(trace.search, rows))} == owned | {"users_attempts"}
    assert before.keys() == owned | NOBODYS & before.keys()

    if how == "api":
        response: Any = client_of(known).post("/me/erase", {"password": PASSWORD})
    elif how == "admin":
        response = as_staff.post(f"/admin/users/user/{known.pk}/delete/", {"post": "yes"})
    else:
        sent = {"action": "delete_selected", "_selected_action": str(known.pk), "post": "yes"}
        response = as_staff.post("/admin/users/user/", sent)

    assert response.status_code in (204, 302)
    left = {table: [row for row in rows if trace.search(row)] for table, rows in tables().items()}
    assert {table: rows for table, rows in left.items() if rows} == {}


def test_what_others_did_is_left(known: User, bob: User, as_staff: Client, staff: User) -> None:
    bob.set_password(PASSWORD)
    bob.save()
    live_a_life(bob, as_staff)
    trace = trace_of(bob)
    before = {table: sum(map(bool, map(trace.search, rows))) for table, rows in tables().items()}
    live_a_life(known, as_staff)

    client_of(known).post("/me/erase", {"password": PASSWORD})

    assert {table: sum(map(bool, map(trace.search, rows))) for table, rows in tables().items()} == before


def test_the_log_says_that_somebody_was_deleted_but_not_who(known: User, as_staff: Client, staff: User) -> None:
    as_staff.post(f"/admin/users/user/{known.pk}/delete/", {"post": "yes"})

    entry: Any = LogEntry.objects.get()
    assert (entry.user, entry.is_deletion(), entry.object_id, entry.object_repr) == (staff, True, None, "")
    assert entry.content_type.model == "user"
    assert as_staff.get("/admin/").status_code == 200


def test_the_log_names_the_rows_of_who_is_there(alice: User, as_staff: Client) -> None:
    category = Category.objects.create(owner=alice, name="Food")
    as_staff.post(f"/admin/transactions/category/{category.pk}/delete/", {"post": "yes"})

    assert "Food" in as_staff.get("/admin/").content.decode()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_new", [True, False])
def test_a_browser_that_is_signing_in_leaves_no_session(is_new: bool, known: User, bob: User) -> None:
    """The user is erased between the check of the password and the row of the session."""
    session = SessionStore()
    if not is_new:
        session.create()
    session["_auth_user_id"] = str(known.pk)
    known.delete()

    with pytest.raises(UpdateError):
        session.save()

    assert not BrowserSession.objects.exclude(user=None).exists()
