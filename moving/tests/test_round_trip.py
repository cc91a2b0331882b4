"""An export that is brought into an empty ledger makes the same ledger."""

import json
import re
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.test import Client

from cashman_project.db.owned_tables import owned_models
from conftest import client_of
from moving.files import FILES, LEFT_OUT
from moving.tests.books import contents, everything, exported, fill, ok, restored
from statements.models import Import
from statements.tests.compared import OWN, SUFFIX, samples
from statements.tests.plans import CSV, HEADER, answered, commit, upload, verdicts
from users.models import User


def test_every_owned_table_goes_out_or_has_a_reason_to_stay() -> None:
    found = {model._meta.label for model in owned_models()}

    assert {file.model._meta.label for file in FILES} | LEFT_OUT.keys() == found
    assert not {file.model._meta.label for file in FILES} & LEFT_OUT.keys()
    assert all(apps.get_model(label) for label in LEFT_OUT)


def test_every_file_is_documented() -> None:
    page = (Path(settings.BASE_DIR) / "docs/moving.md").read_text(encoding="utf-8")
    assert {*re.findall(r"`(\w+)\.jsonl`", page)} == {file.name for file in FILES}


def test_a_round_trip_is_the_identity(alice: User, bob: User, outsider: User) -> None:
    fill(alice)
    fill(outsider)
    preview = Import.objects.get(owner=alice, status="preview")
    assert client_of(alice).delete(f"/imports/{preview.pk}").status_code == 204
    before, others = everything(alice), everything(outsider)
    assert all(before[file.model.__name__] for file in FILES)
    content = exported(alice)
    alice.delete()

    answer = restored(bob, content).json()

    assert everything(bob) == before
    assert everything(outsider) == others
    assert answer["revision"] == before["ledger"][0][0]
    assert answer["counts"] == {file.name: len(before[file.model.__name__]) for file in FILES}
    again = contents(exported(bob))
    for name, text in contents(content).items():
        if name != "manifest.json":
            assert again[name] == text, name


def test_two_owners_may_have_the_same_rows_where_keys_have_the_owner(alice: User, bob: User) -> None:
    fill(alice)
    before, content = everything(alice), exported(alice)

    if connection.vendor == "sqlite":
        assert restored(bob, content, 409).json()["code"] == "ids_taken"
        assert not any(file.all_rows(bob.pk).exists() for file in FILES)
    else:
        restored(bob, content)
        after = everything(bob)
        for name in ("changes", "Change", "Transaction", "history"):
            assert after[name] == before[name]
    assert everything(alice) == before


def test_numbers_go_on_and_what_was_imported_stays_a_duplicate(alice: User, bob: User) -> None:
    fill(alice)
    content = exported(alice)
    alice.delete()
    last = restored(bob, content).json()["revision"]
    client = client_of(bob)

    made = client.post("/expenses", {"description": "next", "amount": 1})
    plan = upload(client, CSV, account="Bank").json()

    assert made["Ledger-Revision"] == str(last + 1)
    assert verdicts(client, plan["id"]) == ["duplicate"] * 4
    assert ok(client.post(f"/revisions/{last + 1}/undo", {}))["number"] == last + 2
    deletion = next(
        one["number"]
        for one in ok(client.get("/revisions?page_size=100"))["results"]
        if one["counts"] == {"transactions": {"deleted": 1}} and one["undoes"] is None
    )
    ok(client.post(f"/revisions/{deletion}/undo", {}))
    found = ok(client.get("/expenses?search=gone"))["results"]
    assert [(row["amount"], row["account"]) for row in found] == [("-3.00", "Bank")]


def test_rules_run_in_the_new_ledger(alice: User, bob: User) -> None:
    fill(alice)
    content = exported(alice)
    alice.delete()
    restored(bob, content)
    client = client_of(bob)

    made = ok(client.post("/expenses", {"description": "Tram", "amount": 1, "account": "Bank"}))

    assert (made["category"], made["tags"]) == ("Meals", ["trip"])


def test_pages_of_imports_show_what_came_in(alice: User, bob: User) -> None:
    fill(alice)
    content = exported(alice)
    alice.delete()
    restored(bob, content)
    browser = Client()
    browser.force_login(bob)

    for plan in Import.objects.filter(owner=bob):
        assert browser.get(f"/imports/{plan.pk}", headers={"Accept": "text/html"}).status_code == 200
        if plan.status == "committed":
            ok(client_of(bob).delete(f"/imports/{plan.pk}?force=true"))


def test_whatever_a_statement_was_it_comes_in_again(alice: User, bob: User) -> None:
    client = client_of(alice)
    for path in samples(OWN):
        read = upload(client, path.read_bytes(), create_account="true", create_categories="true")
        if read.status_code == 201:
            expected = json.loads(path.with_name(path.name + SUFFIX).read_text("utf-8"))
            commit(client, answered(client, read.json(), expected.get("options") or {}))
    before, content = everything(alice), exported(alice)
    alice.delete()

    restored(bob, content)

    assert len(before["Import"]) > 30
    assert everything(bob) == before


def test_an_older_import_comes_in(alice: User, bob: User) -> None:
    """What is stored of an import has changed since. Those that were committed before are as they were."""
    plan = commit(client_of(alice), upload(client_of(alice), CSV, account="New", create_account="true", currency="EUR"))
    row = Import.objects.get(owner=alice)
    for statement in row.statements:
        del statement["called"], statement["begins"]
        statement["opening_date"] = "2026-10-31"
    for account in row.makes["accounts"]:
        del account["opening"]
    Import.objects.filter(owner=alice).update(statements=row.statements, makes=row.makes)
    content = exported(alice)
    alice.delete()

    restored(bob, content)

    assert client_of(bob).get(f"/imports/{plan['id']}").json()["makes"]["accounts"][0]["opening"] is None
    assert client_of(bob).get(f"/imports/{plan['id']}", headers={"accept": "text/html"}).status_code == 200
    assert client_of(bob).delete(f"/imports/{plan['id']}").json()["deleted"] == 4


def test_previews_stay_behind(alice: User, bob: User) -> None:
    fill(alice)
    content = exported(alice)

    names = [json.loads(line)["status"] for line in contents(content)["imports.jsonl"].splitlines()]

    assert sorted(names) == [*["committed"] * 3, "undone"]
    assert b"Draft" not in contents(content)["import_rows.jsonl"]


def test_an_empty_ledger_goes_out_and_in(alice: User, bob: User) -> None:
    before = everything(alice)
    content = exported(alice)

    restored(bob, content)
    restored(bob, content)

    assert everything(bob) == before


def test_lines_that_only_matched_come_in(alice: User, bob: User) -> None:
    client = client_of(alice)
    ok(client.post("/accounts", {"name": "Bank"}))
    typed = {"description": "typed", "amount": 3, "date": "2026-11-05", "account": "Bank"}
    ok(client.post("/expenses", typed))
    matched = commit(client, upload(client, HEADER + b"2026-11-05,BAKERY,-3.00\n", account="Bank"))
    assert matched["revision"] is None
    before, content = everything(alice), exported(alice)
    alice.delete()

    restored(bob, content)

    assert everything(bob) == before
