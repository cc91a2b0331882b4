"""GET /revisions and /revisions/{number}: who wrote what, when and how."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from cashman_project.api.origin import ADMIN, Origin
from cashman_project.api.tests.problems import problem_of
from conftest import client_of
from ledgers.models import Change, Ledger, Revision
from ledgers.services.revisions import MOST_CHANGES
from ledgers.writer import writing
from transactions.models import Transaction
from transactions.tests.factories import CategoryFactory, ExpenseFactory, IncomeFactory
from users.models import User


def revisions(client: APIClient, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"/revisions{query}").json()["results"]
    return found


# -- The list ---------------------------------------------------------------------------------


def test_the_list_has_the_last_revision_first(as_alice: APIClient) -> None:
    row = as_alice.post("/incomes", {"description": "x", "amount": 1}, headers={"X-Request-ID": "r-1"}).json()
    as_alice.patch(f"/incomes/{row['id']}", {"amount": 2})
    as_alice.delete(f"/incomes/{row['id']}")

    found = revisions(as_alice)

    assert [(revision["number"], revision["counts"]) for revision in found] == [
        (3, {"transactions": {"deleted": 1}}),
        (2, {"transactions": {"updated": 1}}),
        (1, {"transactions": {"created": 1}}),
    ]
    assert {key: found[2][key] for key in ("by", "via", "token", "request_id", "undoes")} == {
        "by": None,
        "via": "api",
        "token": "",
        "request_id": "r-1",
        "undoes": None,
    }


def test_it_says_who_wrote_and_how(as_alice: APIClient, alice: User, staff: User) -> None:
    with writing(alice.pk, Origin(ADMIN, staff.pk)):
        IncomeFactory.create(owner=alice)
    with writing(alice.pk, Origin("api", alice.pk, "backup")):
        IncomeFactory.create(owner=alice)
    IncomeFactory.create(owner=alice)

    assert [(revision["by"], revision["via"], revision["token"]) for revision in revisions(as_alice)] == [
        (None, "command", ""),
        (None, "api", "backup"),
        ("staff", "admin", ""),
    ]


def test_it_has_pages_in_both_directions(as_alice: APIClient, alice: User) -> None:
    IncomeFactory.create_batch(5, owner=alice)

    first = as_alice.get("/revisions?page_size=2")
    second = as_alice.get(first.json()["next"]).json()
    last = as_alice.get(second["next"]).json()
    back = as_alice.get(last["previous"]).json()

    assert 'rel="next"' in first.headers["Link"]
    pages = [[revision["number"] for revision in page["results"]] for page in (first.json(), second, last, back)]
    assert pages == [[5, 4], [3, 2], [1], [3, 2]]
    assert last["next"] is None
    assert first.json()["previous"] is None
    assert [revision["number"] for revision in revisions(as_alice, "?ordering=number&page_size=2")] == [1, 2]


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [("ordering", "at", "invalid_choice"), ("page_size", "501", "invalid"), ("cursor", "x", "invalid_cursor")],
)
def test_a_wrong_parameter_is_refused(name: str, value: str, code: str, as_alice: APIClient) -> None:
    problem_of(as_alice.get("/revisions", {name: value}), 400, "invalid", (name, code))


def test_a_cursor_of_another_list_is_refused(as_alice: APIClient, alice: User) -> None:
    IncomeFactory.create_batch(3, owner=alice)
    cursor = as_alice.get("/transactions?page_size=1").json()["next"].partition("cursor=")[2].partition("&")[0]
    problem_of(as_alice.get("/revisions", {"cursor": cursor}), 400, "invalid", ("cursor", "invalid_cursor"))


# -- One revision -----------------------------------------------------------------------------


def test_an_update_has_its_fields_old_and_new(as_alice: APIClient, alice: User) -> None:
    food, _rent = (CategoryFactory.create(owner=alice, name=name) for name in ("Food", "Rent"))
    row = ExpenseFactory.create(owner=alice, category=food, amount=Decimal("4.20"))
    as_alice.patch(f"/expenses/{row.pk}", {"amount": "4.80", "category": "Rent", "date": "2026-11-03"})
    as_alice.patch(f"/expenses/{row.pk}", {"amount": 6, "notes": "late"})

    found = as_alice.get("/revisions/4").json()

    assert found["more"] is False
    assert found["changes"] == [
        {
            "resource": "transactions",
            "id": str(row.pk),
            "operation": "updated",
            "fields": [
                {"field": "amount", "old": "-4.20", "new": "-4.80"},
                {"field": "date", "old": "2026-11-02", "new": "2026-11-03"},
                {"field": "category", "old": "Food", "new": "Rent"},
            ],
            "data": None,
        }
    ]
    fields = as_alice.get("/revisions/5").json()["changes"][0]["fields"]
    assert fields == [
        {"field": "amount", "old": "-4.80", "new": "-6.00"},
        {"field": "notes", "old": "", "new": "late"},
    ]


def test_a_creation_has_the_row_as_it_is_now_and_a_deletion_as_it_was(as_alice: APIClient, alice: User) -> None:
    kept, gone = IncomeFactory.create(owner=alice), IncomeFactory.create(owner=alice, notes="x\ny", external_id="7")
    as_alice.patch(f"/incomes/{kept.pk}", {"amount": 3})
    as_it_was = as_alice.get(f"/incomes/{gone.pk}").json()
    as_alice.delete(f"/incomes/{gone.pk}")

    [created] = as_alice.get("/revisions/1").json()["changes"]
    [deleted] = as_alice.get("/revisions/4").json()["changes"]

    assert (created["operation"], created["data"]) == ("created", as_alice.get(f"/incomes/{kept.pk}").json())
    assert (deleted["operation"], deleted["data"], deleted["fields"]) == ("deleted", as_it_was, [])
    assert as_alice.get("/revisions/2").json()["changes"] == []  # what it created is deleted


def test_a_deleted_category_is_named_from_its_own_change(as_alice: APIClient, alice: User) -> None:
    category = CategoryFactory.create(owner=alice, name="Food")
    row = IncomeFactory.create(owner=alice, category=category)
    as_alice.patch(f"/categories/{category.pk}", {"name": "Meals"})
    as_alice.delete(f"/categories/{category.pk}?force=true")

    [revision] = revisions(as_alice, "?page_size=1")
    found = as_alice.get(f"/revisions/{revision['number']}").json()["changes"]

    assert {change["resource"]: change["operation"] for change in found} == {
        "transactions": "updated",
        "categories": "deleted",
    }
    by_id = {change["id"]: change for change in found}
    assert by_id[str(row.pk)]["fields"] == [{"field": "category", "old": "Meals", "new": None}]
    assert by_id[str(category.pk)]["data"]["name"] == "Meals"


def test_the_first_hundred_rows_are_listed(as_alice: APIClient, alice: User) -> None:
    rows = [{"type": "INCOME", "description": str(number), "amount": 1} for number in range(MOST_CHANGES + 1)]
    ids = [row["id"] for row in as_alice.post("/transactions", rows).json()]
    as_alice.patch("/transactions", [{"id": pk, "amount": 2} for pk in ids])
    as_alice.post("/transactions/delete", {"ids": ids[1:]})

    created, updated, deleted = (as_alice.get(f"/revisions/{number}").json() for number in (1, 2, 3))

    assert [change["id"] for change in updated["changes"]] == ids[:MOST_CHANGES]
    assert (updated["more"], deleted["more"], created["more"]) == (True, False, False)
    assert len(deleted["changes"]) == MOST_CHANGES
    assert [change["id"] for change in created["changes"]] == ids[:1]


@pytest.mark.parametrize("number", ["0", "2", "9223372036854775807", 30 * "9"])
def test_a_revision_that_is_not_there_is_a_404(number: str, as_alice: APIClient, alice: User) -> None:
    IncomeFactory.create(owner=alice)
    problem_of(as_alice.get(f"/revisions/{number}"), 404, "not_found")


def test_nobody_sees_anothers_revisions(as_outsider: APIClient, as_bob: APIClient, alice: User, bob: User) -> None:
    IncomeFactory.create_batch(2, owner=alice)
    own = IncomeFactory.create(owner=bob)

    assert revisions(as_outsider) == []
    assert [revision["number"] for revision in revisions(as_bob)] == [1]
    assert [change["id"] for change in as_bob.get("/revisions/1").json()["changes"]] == [str(own.pk)]
    problem_of(as_bob.get("/revisions/2"), 404, "not_found")
    problem_of(as_outsider.get("/revisions/1"), 404, "not_found")


def test_a_page_of_it_is_readable_in_a_browser(alice: User) -> None:
    IncomeFactory.create(owner=alice)
    browser = Client()
    browser.force_login(alice)
    for path in ("/changes", "/revisions", "/revisions/1"):
        assert browser.get(path, headers={"Accept": "text/html"}).status_code == 200


# -- How long it is kept ----------------------------------------------------------------------


def age(owner: User, numbers: range, days: int) -> None:
    """Let these revisions be that old."""
    Revision.objects.filter(ledger=owner.pk, number__in=numbers).update(at=timezone.now() - timedelta(days=days))


def test_the_history_is_kept_for_ever_by_default(alice: User) -> None:
    row = IncomeFactory.create(owner=alice)
    row.delete()
    age(alice, range(3), 40_000)
    call_command("sweep")
    assert (Revision.objects.count(), Change.objects.count()) == (2, 1)


def test_the_sweep_deletes_what_is_older_than_history_days(
    alice: User, bob: User, outsider: User, settings: Any, capsys: Any
) -> None:
    settings.HISTORY_DAYS = 30
    rows = IncomeFactory.create_batch(3, owner=alice)
    for row in rows:
        row.delete()
    IncomeFactory.create(owner=bob).delete()
    IncomeFactory.create(owner=outsider)
    age(alice, range(5), 31)  # 1 to 4
    age(alice, range(5, 7), 29)
    age(bob, range(3), 31)

    call_command("sweep")

    assert "1 changes" not in capsys.readouterr().out
    assert dict(Ledger.objects.values_list("owner__username", "kept_from")) == {"alice": 5, "bob": 3, "outsider": 1}
    assert [(change.ledger_id, change.revision) for change in Change.objects.order_by("revision")] == [
        (alice.pk, 5),
        (alice.pk, 6),
    ]
    assert Revision.objects.filter(ledger=alice.pk).count() == 2
    call_command("sweep")
    assert "0 changes, 0 revisions" in capsys.readouterr().out


def test_a_sweep_goes_on_where_one_was_cut_off(alice: User, settings: Any) -> None:
    settings.HISTORY_DAYS = 30
    IncomeFactory.create(owner=alice).delete()
    Ledger.objects.filter(pk=alice.pk).update(kept_from=3)

    call_command("sweep")

    assert not Change.objects.exists()
    assert not Revision.objects.exists()


def test_a_swept_history_is_gone_and_a_follower_of_now_goes_on(alice: User, settings: Any) -> None:
    settings.HISTORY_DAYS = 30
    row = IncomeFactory.create(owner=alice)
    client = client_of(alice)
    old = client.get("/changes").json()["cursor"]
    row.delete()
    new = client.get("/changes").json()["cursor"]
    age(alice, range(3), 31)

    call_command("sweep")

    problem_of(client.get("/changes", {"since": old}), 410, "cursor_expired")
    assert client.get("/changes", {"since": new}).json()["changes"] == []
    problem_of(client.get(f"/incomes/{row.pk}/history"), 404, "not_found")
    problem_of(client.get("/revisions/1"), 404, "not_found")
    assert not Transaction.objects.exists()
