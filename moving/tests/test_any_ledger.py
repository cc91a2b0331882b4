"""Whatever a ledger is, its export makes the same ledger of a new user's."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import client_of
from moving.tests.books import contents, everything, exported, fill, ok, restored
from moving.tests.random_ledger import MANY, STEPS, RandomLedger, Step
from transactions.models import Account, Transaction
from transactions.tests.shares import cases, reached, reaches
from users.models import User

LISTS = (
    *("transactions", "incomes", "expenses", "categories", "tags", "accounts", "transfers", "rules", "imports"),
    *("transfers/proposals", "rules/suggestions", "imports/profiles"),
)
SUMS = ("", "?group_by=month,account", "?group_by=category", "?group_by=tag&excluded=true", "?group_by=year,type")
numbers = st.integers(0, 99)
chosen = st.lists(st.tuples(numbers, numbers, numbers), min_size=len(MANY), max_size=len(MANY))
steps = st.builds(lambda names, how: list(map(Step, names, how)), st.permutations(MANY), chosen)


def answers(owner: User) -> dict[str, Any]:
    """Return what the API says of the owner's ledger: each list, each row's history, balances and sums."""
    client, found = client_of(owner), dict[str, Any]()

    def read(path: str) -> list[dict[str, Any]]:
        page = found[path] = ok(client.get(path))
        return page["results"] if isinstance(page, dict) and "results" in page else []

    for name in LISTS:
        read(f"/{name}?page_size=500" if "/" not in name else f"/{name}")
    for query in SUMS:
        read(f"/summary{query}")
    for day in ("2026-10-26", "2026-12-31"):
        read(f"/accounts?date={day}")
    for key in Account.objects.filter(owner=owner).order_by("pk").values_list("pk", flat=True):
        for part in ("", "/register", "/checks", "/history"):
            read(f"/accounts/{key}{part}")
    for key in Transaction.objects.filter(owner=owner).order_by("pk").values_list("pk", flat=True)[:5]:
        read(f"/transactions/{key}/history")
    for one in read("/revisions?page_size=500"):
        read(f"/revisions/{one['number']}")
    for one in found["/imports?page_size=500"]["results"]:
        read(f"/imports/{one['id']}/rows")
    return found


def undone(owner: User, number: int, *, force: bool) -> Any:
    """Undo a revision; return the answer, and what there is then, without the times and the ids of what was new."""
    answer = client_of(owner).post(f"/revisions/{number}/undo", {"force": force})
    assert answer.status_code in (201, 404, 409), answer.content
    found = everything(owner)
    last = found["ledger"][0][0] if answer.status_code == 201 else None
    return answer.status_code, answer.json().get("code"), timeless(found, last)


def timeless(value: Any, last: int | None) -> Any:
    """Return the value without times and new ids of what the last revision has written, rows in a fixed order."""
    if isinstance(value, list):
        return sorted((timeless(one, last) for one in value), key=lambda one: json.dumps(one, default=str))
    if not isinstance(value, dict):
        return str(value)
    is_new = last is not None and last in (value.get("revision"), value.get("number"))
    hidden = {"updated_at", "at", "request_id"} if is_new else set()
    if is_new and value.get("created_revision", last) == last and value.get("operation", "created") == "created":
        hidden |= {"id", "created_at", "row_id", "pk"}
    data = {"data": {"revision": last, **value["data"]}} if is_new and value.get("data") else {}
    return {name: timeless(one, last) for name, one in sorted((value | data).items()) if name not in hidden}


def manifest_of(files: dict[str, bytes]) -> dict[str, Any]:
    """Return the manifest, but for whose it is and when it was made."""
    manifest = json.loads(files.pop("manifest.json"))
    del manifest["exported_at"], manifest["user"]["username"], manifest["user"]["email"]
    return dict(manifest)


@reaches(**dict.fromkeys(STEPS, 1), undone=3)
@settings(max_examples=cases(24))
@given(steps=steps, number=numbers, force=st.booleans())
def test_a_round_trip_of_any_ledger_is_the_identity(
    steps: list[Step], number: int, force: bool, people: tuple[User, dict[str, Any]]
) -> None:
    stranger, others = people
    for user in User.objects.filter(username__in=("original", "copy")):
        user.delete()
    original, copy = (User.objects.create_user(name) for name in ("original", "copy"))
    ledger = RandomLedger(original)
    ledger.write(steps)
    for plan in ok(ledger.client.get("/imports?page_size=500"))["results"]:
        if plan["status"] == "preview":
            assert ledger.client.delete(f"/imports/{plan['id']}").status_code == 204
    before, told, content = everything(original), answers(original), exported(original)
    last = before["ledger"][0][0]
    expected = undone(original, last - number % last, force=force)
    original.delete()

    restored(copy, content)

    assert everything(copy) == before
    assert answers(copy) == told
    first, second = contents(content), contents(exported(copy))
    assert manifest_of(second) == manifest_of(first)
    assert second == first
    assert undone(copy, last - number % last, force=force) == expected
    if expected[0] == 201:
        reached("undone")
    assert everything(stranger) == others


@pytest.fixture
def people(bob: User) -> tuple[User, dict[str, Any]]:
    """Somebody else, and what there is of them."""
    fill(bob)
    return bob, everything(bob)
