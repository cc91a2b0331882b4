"""Each sample comes in once: again, in halves that overlap, after an undo, and after somebody has deleted a row.

With SAMPLES, these are the samples of another directory.
"""

import json
import os
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from statements.formats.results import Options, Question
from statements.models import Import
from statements.tests.compared import OWN, SUFFIX, answers, items_of, samples
from statements.tests.halves import halves, lines_of
from statements.tests.plans import answered, commit, rows_of, undo, upload, verdicts
from transactions.models import Transaction
from users.models import User

SAMPLES = samples(Path(os.environ.get("SAMPLES") or OWN))
EXPECTED: dict[Path, dict[str, Any]] = {
    path: json.loads(path.with_name(path.name + SUFFIX).read_text("utf-8")) for path in SAMPLES
}
STATEMENTS = [path for path in SAMPLES if EXPECTED[path]["accounts"]]
MADE = {"create_account": "true", "create_categories": "true"}
OUT = {"duplicate", "skipped", "error"}  # verdicts of rows that do not come in
each_sample = pytest.mark.parametrize("path", STATEMENTS, ids=lambda path: path.name)
Row = tuple[Any, ...]


def planned(
    client: APIClient, path: Path, options: Mapping[str, str] = MADE, content: bytes | None = None
) -> dict[str, Any]:
    """Return the plan of a file, or of a part of it, without questions."""
    response = upload(client, path.read_bytes() if content is None else content, **options)
    assert response.status_code == 201, response.content
    plan = answered(client, response.json(), EXPECTED[path].get("options") or {})
    assert plan["questions"] == []
    return plan


def said(plan: dict[str, Any]) -> dict[str, str]:
    """Return what was said of a file, so that the next one is read alike."""
    options = plan["options"].items()
    return {name: json.dumps(value) if isinstance(value, dict | bool) else value for name, value in options}


def contents(owner: User) -> "Counter[Row]":
    names = ("account__name", "date", "amount", "currency", "description", "notes", "category__name", "tags")
    return Counter(Transaction.objects.filter(owner=owner).values_list(*names))


@each_sample
def test_it_comes_in_as_the_plan_says(path: Path, as_alice: APIClient, alice: User) -> None:
    expected, plan = EXPECTED[path], planned(as_alice, path)
    rows = rows_of(as_alice, plan["id"])
    came = [row for row in rows if row["verdict"] not in OUT]
    assert len(rows) == sum(plan["counts"].values())

    commit(as_alice, plan)

    stored = {str(row.pk): row for row in Transaction.objects.filter(owner=alice).select_related("account", "category")}
    assert stored.keys() == {row["transaction"] for row in came}
    for row in came:
        one = stored[row["transaction"]]
        assert (str(one.date), one.amount, one.description) == (
            row["date"],
            Decimal(row["amount"]),
            row["description"],
        )
        assert (one.account and one.account.name, one.category and one.category.name) == (
            row["account"],
            row["category"],
        )
    # What must come in is among it, and nothing that must not.
    booked = [one for one in expected.get("transactions", []) if Decimal(one["amount"]) and not one.get("pending")]
    wanted = [(one["date"], Decimal(one["amount"])) for one in booked]
    extra = [(one["date"], Decimal(one["amount"])) for one in expected.get("optional_transactions", [])]
    abroad = [row for row in rows if row["verdict"] == "error" and row["amount"]]  # in another currency
    found = sorted((row["date"], Decimal(row["amount"])) for row in [*came, *abroad])
    assert sorted(wanted) == sorted(one for one in found if one not in extra or one in wanted)


@each_sample
def test_what_was_imported_or_deleted_by_hand_stays_out(path: Path, as_alice: APIClient, alice: User) -> None:
    plan = commit(as_alice, planned(as_alice, path))
    before = contents(alice)

    again = commit(as_alice, planned(as_alice, path, said(plan)))

    first, second = (verdicts(as_alice, one["id"]) for one in (plan, again))
    assert second == [verdict if verdict in OUT else "duplicate" for verdict in first]
    assert contents(alice) == before
    came = [row for row in rows_of(as_alice, plan["id"]) if row["verdict"] not in OUT]
    if not came:
        return
    deleted = came[len(came) // 2]
    delete_by_hand(as_alice, deleted["transaction"])
    left = contents(alice)
    assert left < before
    for _time in range(2):
        commit(as_alice, planned(as_alice, path, said(plan)))
        assert contents(alice) == left


def delete_by_hand(client: APIClient, key: str) -> None:
    transfer = client.get(f"/transactions/{key}").json()["transfer"]
    path = f"/transfers/{transfer}" if transfer else f"/transactions/{key}"
    assert client.delete(path).status_code == 204


@each_sample
def test_after_an_undo_the_same_rows_come_in_again(path: Path, as_alice: APIClient, alice: User) -> None:
    plan = commit(as_alice, planned(as_alice, path))
    before = contents(alice)
    for how in ("import", "revision"):
        if how == "import" or plan["revision"] is None:
            undo(as_alice, plan)
        else:
            assert as_alice.post(f"/revisions/{plan['revision']}/undo", {}).status_code == 201
        assert not contents(alice)

        plan = commit(as_alice, planned(as_alice, path))

        assert contents(alice) == before


def answers_of(path: Path) -> Options:
    """Return what is said of a file and of its parts."""
    options = EXPECTED[path].get("options") or {}
    asked = {item.option for item in items_of(path, Options()) if isinstance(item, Question)}
    return answers(asked | ({"date_order"} if "date" in options else set()), options)


@each_sample
def test_overlapping_halves_are_their_union(path: Path, as_alice: APIClient, alice: User) -> None:
    parts = halves(path.read_bytes(), answers_of(path))
    if parts is None:
        return  # test_nearly_all_samples_are_cut says of how many
    whole = commit(as_alice, planned(as_alice, path))
    before = contents(alice)
    undo(as_alice, whole)
    assert not contents(alice)

    for part in parts:
        commit(as_alice, planned(as_alice, path, said(whole), part))

    assert contents(alice) == before
    assert {*verdicts(as_alice, planned(as_alice, path, said(whole))["id"])} <= OUT


def test_nearly_all_samples_are_cut_and_some_have_twins() -> None:
    found = {path: lines_of(path.read_bytes(), answers_of(path)) for path in STATEMENTS}
    many = [path for path, lines in found.items() if len(lines) > 1]
    cut = [path for path in many if halves(path.read_bytes(), answers_of(path))]

    assert len(cut) > 0.9 * len(many)
    assert any(max(lines.values(), default=0) > 1 for lines in found.values())


@pytest.mark.parametrize("path", [path for path in SAMPLES if path not in STATEMENTS], ids=lambda path: path.name)
def test_what_is_no_statement_leaves_nothing(path: Path, as_alice: APIClient, alice: User) -> None:
    response = upload(as_alice, path.read_bytes(), **MADE)

    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == ["file"]
    assert not Import.objects.filter(owner=alice).exists()
