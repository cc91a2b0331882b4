"""Files that are stored first and read by a request of their own, so that a client can show how far it is."""

from io import BytesIO
from typing import Any

import pytest
from rest_framework.test import APIClient

from statements.models import Import
from statements.services import matching, plans, storage
from statements.services.storage import WatchedFile
from statements.tests.plans import CSV, commit, rows_of, verdicts
from transactions.models import Account
from users.models import User

ASYNC = {"Prefer": "respond-async"}


@pytest.fixture
def bank(alice: User) -> Account:
    return Account.objects.create(owner=alice, name="Bank", currency="EUR")


def send(client: APIClient, content: bytes = CSV, query: str = "?account=Bank", key: str | None = None) -> Any:
    headers = {**ASYNC, "Idempotency-Key": key} if key else ASYNC
    return client.post(f"/imports{query}", content, content_type="text/csv", headers=headers)


def test_a_file_is_stored_first_and_read_later(as_alice: APIClient, bank: Account) -> None:
    sent = send(as_alice)

    plan = sent.json()
    assert (sent.status_code, sent["Preference-Applied"]) == (202, "respond-async")
    assert sent["Location"].endswith(f"/imports/{plan['id']}")
    assert (plan["status"], plan["progress"]) == ("reading", {"read": 0, "of": len(CSV)})
    assert rows_of(as_alice, plan["id"]) == []
    refused = as_alice.post(f"/imports/{plan['id']}/commit", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "not_a_preview")

    path = f"/imports/{plan['id']}/read"
    read = as_alice.post(path, {})
    assert (read.status_code, read.json()["status"], read.json()["progress"]) == (200, "preview", None)
    assert read.json()["counts"]["new"] == 4
    again = as_alice.post(path, {}).json()
    assert again == read.json()
    commit(as_alice, again)
    assert as_alice.post(path, {}).json()["status"] == "committed"


def test_an_answer_may_be_read_later_too(as_alice: APIClient, bank: Account) -> None:
    plan = as_alice.post("/imports", CSV, content_type="text/csv").json()
    assert [one["option"] for one in plan["questions"]] == ["account"]

    answered = as_alice.patch(f"/imports/{plan['id']}", {"account": "Bank"}, headers=ASYNC)

    assert (answered.status_code, answered.json()["status"]) == (202, "reading")
    read = as_alice.post(f"/imports/{plan['id']}/read", {}).json()
    assert (read["questions"], verdicts(as_alice, plan["id"])) == ([], ["new"] * 4)


def test_progress_is_told_while_the_file_is_read(
    as_alice: APIClient, bank: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "TOLD_EACH", 0.0)
    plan = send(as_alice).json()
    seen: list[dict[str, int]] = []
    original = matching.find_transfers

    def look(*given: Any) -> None:
        seen.append(as_alice.get(f"/imports/{plan['id']}").json()["progress"])
        original(*given)

    monkeypatch.setattr(plans, "find_transfers", look)
    as_alice.post(f"/imports/{plan['id']}/read", {})

    assert seen == [{"read": len(CSV), "of": len(CSV)}]


def test_a_reading_that_was_cut_off_is_done_again(
    as_alice: APIClient, bank: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = send(as_alice).json()

    def killed(*given: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(plans, "run_insert", killed)
        with pytest.raises(SystemExit):
            as_alice.post(f"/imports/{plan['id']}/read", {})
    assert as_alice.get(f"/imports/{plan['id']}").json()["status"] == "reading"

    assert as_alice.post(f"/imports/{plan['id']}/read", {}).json()["counts"]["new"] == 4


def test_two_that_read_at_once_make_one_plan(
    as_alice: APIClient, bank: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = send(as_alice).json()
    original, firsts = matching.find_transfers, iter([True])

    def meanwhile(*given: Any) -> None:
        original(*given)
        if next(firsts, False):
            as_alice.post(f"/imports/{plan['id']}/read", {})
            firsts_rows.extend(rows_of(as_alice, plan["id"]))

    firsts_rows: list[Any] = []
    monkeypatch.setattr(plans, "find_transfers", meanwhile)
    assert as_alice.post(f"/imports/{plan['id']}/read", {}).json()["status"] == "preview"

    assert len(firsts_rows) == 4
    assert rows_of(as_alice, plan["id"]) == firsts_rows


def test_a_file_that_cannot_be_read_stays_until_it_is_discarded(as_alice: APIClient, bank: Account) -> None:
    assert send(as_alice, b"%PDF-1.7").status_code == 400  # what is certainly wrong is told at once
    plan = send(as_alice, CSV, "?account=Bank&columns={%22date%22:[%22Day%22]}").json()

    refused = as_alice.post(f"/imports/{plan['id']}/read", {})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, "unreadable")
    assert as_alice.get(f"/imports/{plan['id']}").json()["status"] == "reading"
    assert as_alice.patch(f"/imports/{plan['id']}", {"columns": None}).json()["status"] == "preview"
    assert as_alice.delete(f"/imports/{plan['id']}").status_code == 204


def test_the_same_key_is_one_file(as_alice: APIClient, alice: User, bank: Account) -> None:
    first, second = (send(as_alice, key="x") for _time in range(2))
    assert (first.status_code, second.status_code, second.json()) == (202, 202, first.json())
    assert Import.objects.filter(owner=alice).count() == 1


def test_nobody_else_reads_it(as_alice: APIClient, as_bob: APIClient, bank: Account) -> None:
    plan = send(as_alice).json()
    assert as_bob.post(f"/imports/{plan['id']}/read", {}).status_code == 404


def test_a_watched_file_is_that_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "TOLD_EACH", 0.0)
    told: list[int] = []
    content = bytes(range(256)) * 2_000
    file: Any = WatchedFile(BytesIO(content), told.append)

    assert file.read(10) == content[:10]
    assert file.seek(0, 2) == len(content)
    file.seek(300)
    assert file.read() == content[300:]
    assert told == sorted(told)
    assert told[-1] >= len(content) - 300
