"""What an upgrade makes of sessions and of the admin's log that are there already."""

import importlib
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.contrib.admin.models import CHANGE, DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session as OldSession
from django.utils import timezone

from cashman_project.api.models import AdminLogEntry
from transactions.models import Expense, Transaction
from transactions.tests.factories import CategoryFactory, ExpenseFactory
from users.erasure import erase_users
from users.models import User


def test_old_browser_sessions_are_gone(db: None) -> None:
    OldSession.objects.create(session_key="x", session_data="x", expire_date=timezone.now() + timedelta(days=1))

    importlib.import_module("users.migrations.0005_empty_old_browser_sessions").empty(apps, None)

    assert not OldSession.objects.exists()


def test_old_entries_of_the_log_know_whose_row_they_are_about(alice: User, bob: User, staff: User) -> None:
    rows: list[Any] = [alice, CategoryFactory.create(owner=alice), ExpenseFactory.create(owner=bob)]
    rows.append(Expense.objects.get(pk=rows[2].pk))
    user_gone = ExpenseFactory.create(owner=alice, description="tuberose bulbs")
    for row in (*rows, user_gone):
        kind = ContentType.objects.get_for_model(row, for_concrete_model=False)
        flag = DELETION if row is user_gone else CHANGE
        LogEntry.objects.create(
            user=staff, content_type=kind, object_id=str(row.pk), object_repr=str(row), action_flag=flag
        )
    LogEntry.objects.create(user=staff, content_type=None, object_id="x", object_repr="kept", action_flag=CHANGE)
    Transaction.objects.filter(pk=user_gone.pk).delete()
    before = list(LogEntry.objects.order_by("pk").values("user", "action_flag", "action_time", "content_type"))

    importlib.import_module("cashman_project.api.migrations.0003_admin_log_owners").say_whose(apps, None)

    entries = LogEntry.objects.order_by("pk")
    assert list(entries.values("user", "action_flag", "action_time", "content_type")) == before
    log: Any = AdminLogEntry.objects
    whose = list(log.order_by("pk").values_list("object_id", "object_repr", "about"))
    owners = [alice, alice, bob, bob]
    assert whose == [(str(row.pk), str(row), owner.pk) for row, owner in zip(rows, owners, strict=True)]
    assert [entry.object_repr for entry in entries[4:]] == ["", "kept"]
    erase_users(users=[alice])
    assert [entry.object_repr for entry in entries] == [str(rows[2]), str(rows[3]), "", "kept"]
