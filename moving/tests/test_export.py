"""What an export holds, who gets it, and what it costs."""

import csv
import hashlib
import json
from decimal import Decimal
from io import StringIO
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from rest_framework.test import APIClient

from cashman_project.api.tests.pages import BROWSER
from cashman_project.api.tests.problems import problem_of
from cashman_project.db.snapshot import snapshot
from conftest import client_of
from moving.files import FILES
from moving.tests.books import contents, everything, exported, fill, ok
from transactions.models import Transaction
from transactions.tests.factories import ExpenseFactory
from users.models import PersonalToken, User


def test_the_csv_is_that_of_the_list_and_the_sums_are_right(alice: User) -> None:
    fill(alice)
    listed: Any = client_of(alice).get("/transactions", headers={"Accept": "text/csv"})
    files = contents(exported(alice))

    assert files["transactions.csv"] == b"".join(listed)
    rows = list(csv.DictReader(StringIO(files["transactions.csv"].decode())))
    lines = [json.loads(line) for line in files["transactions.jsonl"].splitlines()]
    assert {row["id"]: Decimal(row["amount"]) for row in rows} == {row["id"]: Decimal(row["amount"]) for row in lines}
    manifest = json.loads(files["manifest.json"])
    for sums in manifest["totals"]:
        own = [Decimal(row["amount"]) for row in rows if row["currency"] == sums["currency"]]
        assert sums["count"] == len(own)
        assert Decimal(sums["income"]) == sum(amount for amount in own if amount > 0)
        assert Decimal(sums["expense"]) == sum(amount for amount in own if amount < 0)
    assert {one["name"] for one in manifest["files"]} == files.keys() - {"manifest.json"}
    for one in manifest["files"]:
        assert (one["bytes"], one["sha256"]) == (
            len(files[one["name"]]),
            hashlib.sha256(files[one["name"]]).hexdigest(),
        )
    assert all(file.path in files["README.txt"].decode() for file in FILES)


def test_nothing_of_others_and_no_secret_goes_out(alice: User, bob: User) -> None:
    fill(bob)
    ExpenseFactory.create(owner=bob, description="secret")
    PersonalToken.objects.create(owner=alice, name="my script", scope="read")
    alice.set_password("correct horse battery")
    alice.save()

    files = contents(exported(alice))

    text = b"".join(files.values()).decode()
    assert "secret" not in text
    assert str(bob.pk) not in text
    assert "my script" not in text
    assert alice.password not in text
    assert [name for name, content in files.items() if name.endswith(".jsonl") and content] == []


def test_a_token_that_may_only_read_takes_out_and_brings_nothing_in(alice: User, bob: User) -> None:
    ExpenseFactory.create(owner=alice)
    content = exported(alice)
    token = PersonalToken.objects.create(owner=bob, name="backup", scope="read")
    client: Any = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token.secret}")

    response: Any = client.get("/me/export")
    assert list(contents(b"".join(response)))
    sent: Any = client.generic("POST", "/me/import", content, content_type="application/zip")
    problem_of(sent, 403, "permission_denied")


def test_the_number_of_queries_does_not_grow_with_the_rows(alice: User, bob: User) -> None:
    counts = []
    for owner, number in ((alice, 3), (bob, 60)):
        for _row in range(number):
            ExpenseFactory.create(owner=owner)
        with CaptureQueriesContext(connection) as queries:
            exported(owner)
        counts.append(len(queries))
    assert counts[0] == counts[1] < 25


@pytest.mark.django_db(transaction=True)
def test_all_files_show_one_state(alice: User) -> None:
    """A row that is written between two queries is in none of the files."""
    ExpenseFactory.create(owner=alice)

    def write() -> None:
        ExpenseFactory.create(owner=alice)
        connection.close()

    with snapshot("default"):
        first = Transaction.objects.for_owner(alice).count()
        thread = Thread(target=write)
        thread.start()
        thread.join()
        second = Transaction.objects.for_owner(alice).count()

    assert (first, second) == (1, 1)
    assert Transaction.objects.for_owner(alice).count() == 2


def test_the_page_offers_both_while_nothing_was_written(alice: User, bob: User, outsider: User) -> None:
    browser = Client()
    browser.force_login(alice)
    empty = browser.get("/me", headers={"Accept": BROWSER}).content.decode()
    assert 'href="/me/export"' in empty
    assert 'action="/me/import"' in empty
    ExpenseFactory.create(owner=bob)
    zipped = SimpleUploadedFile("x.zip", exported(bob), "application/zip")
    bob.delete()

    response = browser.post("/me/import", {"file": zipped}, headers={"Accept": BROWSER})

    assert (response.status_code, response["Location"]) == (303, "http://testserver/me")
    assert Transaction.objects.for_owner(alice).count() == 1
    assert 'action="/me/import"' not in browser.get("/me", headers={"Accept": BROWSER}).content.decode()
    wrong = SimpleUploadedFile("x.zip", b"x", "application/zip")
    refused = browser.post("/me/import", {"file": wrong}, headers={"Accept": BROWSER})
    assert refused.status_code == 409
    assert b"empty ledger" in refused.content
    browser.force_login(outsider)
    refused = browser.post("/me/import", {"file": SimpleUploadedFile("x.zip", b"x")}, headers={"Accept": BROWSER})
    assert refused.status_code == 400
    assert b'action="/me/import"' in refused.content


def run(*arguments: Any, **options: Any) -> None:
    """Run a command in English, whatever the language of the last request was."""
    with translation.override("en"):
        call_command(*arguments, **options)


def test_commands_write_a_zip_and_bring_it_in(alice: User, bob: User, tmp_path: Path) -> None:
    fill(alice)
    before, path, output = everything(alice), tmp_path / "alice.zip", StringIO()

    run("export", path, user="Alice", stdout=output)
    with pytest.raises(CommandError, match="exists"):
        run("export", path, user="alice")
    alice.delete()
    run("import", path, user="bob", stdout=output)

    assert everything(bob) == before or everything(bob)["Transaction"] == before["Transaction"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert output.getvalue().count("rows") == 2
    with pytest.raises(CommandError, match="empty ledger"):
        run("import", path, user="bob")
    path.write_bytes(b"x")
    for name, file in (("nobody", path), ("bob", tmp_path / "none")):
        with pytest.raises(CommandError):
            run("import", file, user=name)
    assert ok(client_of(bob).get("/me"))["account"] == "Bank"
