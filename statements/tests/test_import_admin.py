"""Imports in the admin: they can be seen, and nothing else."""

import pytest
from django.test import Client
from rest_framework.test import APIClient

from statements import admin
from statements.models import Import
from statements.tests.plans import CSV, commit, upload
from transactions.models import Account
from users.models import User


@pytest.fixture
def plan(as_alice: APIClient, alice: User) -> Import:
    Account.objects.create(owner=alice, name="Bank", currency="EUR")
    committed = commit(as_alice, upload(as_alice, CSV, account="Bank"))
    return Import.objects.get(owner=alice, pk=committed["id"])


def test_staff_see_imports_and_their_first_rows(
    admin_client: Client, plan: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = admin_client.get("/admin/statements/import/").content.decode()
    assert "november.csv" in page
    assert "alice" in page
    assert admin_client.get("/admin/statements/import/?status__exact=preview").content.count(b"november.csv") == 0
    monkeypatch.setattr(admin, "SHOWN", 2)

    page = admin_client.get(f"/admin/statements/import/{plan.pk}/change/").content.decode()

    for text in ("november.csv", "new: 4", "1 Nov 2026", "500.00 EUR", "Rent", "Coffee"):
        assert text in page, text
    assert "Salary" not in page


@pytest.mark.parametrize("path", ["add/", "{}/change/", "{}/delete/"])
def test_nothing_can_be_changed(path: str, admin_client: Client, plan: Import) -> None:
    before = Import.objects.values().get(pk=plan.pk)

    answer = admin_client.post(f"/admin/statements/import/{path.format(plan.pk)}", {"name": "x", "post": "yes"})

    assert answer.status_code == 403
    assert Import.objects.values().get(pk=plan.pk) == before


def test_who_is_no_staff_sees_nothing(plan: Import) -> None:
    assert Client().get(f"/admin/statements/import/{plan.pk}/change/").status_code == 302
