"""What was imported is not imported again, and what was undone is."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from statements.models import Import, ImportFile, ImportRow, LineIdentity
from statements.tests.plans import CSV, commit, rows_of, undo, upload, verdicts
from transactions.models import Account, BalanceCheck, Transaction
from users.models import User

HEAD, *LINES = CSV.splitlines(keepends=True)
FIRST, SECOND = (HEAD + b"".join(part) for part in (LINES[:3], LINES[1:]))


def contents(owner: User) -> list[tuple[str, str, str]]:
    rows = Transaction.objects.filter(owner=owner)
    return sorted((str(row.date), f"{row.amount:.2f}", row.description) for row in rows)


@pytest.fixture
def bank(alice: User) -> Account:
    return Account.objects.create(owner=alice, name="Bank", currency="EUR")


def test_the_second_import_is_all_duplicates(as_alice: APIClient, alice: User, bank: Account) -> None:
    first = commit(as_alice, upload(as_alice, CSV, account="Bank"))
    before = contents(alice)

    again = upload(as_alice, CSV, account="Bank").json()
    commit(as_alice, again)

    assert verdicts(as_alice, again["id"]) == ["duplicate"] * 4
    kept = [row["transaction"] for row in rows_of(as_alice, first["id"])]
    assert [row["transaction"] for row in rows_of(as_alice, again["id"])] == kept
    assert contents(alice) == before
    assert len(before) == 4  # with the twins


def test_overlapping_halves_are_their_union(as_alice: APIClient, alice: User, bank: Account) -> None:
    for part in (FIRST, SECOND):
        commit(as_alice, upload(as_alice, part, account="Bank"))

    halves = contents(alice)
    Transaction.objects.filter(owner=alice).delete()
    LineIdentity.objects.filter(owner=alice).delete()
    commit(as_alice, upload(as_alice, CSV, account="Bank"))
    assert halves == contents(alice)


def test_a_row_that_was_deleted_by_hand_stays_out(as_alice: APIClient, alice: User, bank: Account) -> None:
    plan = commit(as_alice, upload(as_alice, CSV, account="Bank"))
    rent = rows_of(as_alice, plan["id"])[0]["transaction"]
    assert as_alice.delete(f"/transactions/{rent}").status_code == 204

    again = upload(as_alice, CSV, account="Bank").json()
    assert verdicts(as_alice, again["id"]) == ["duplicate"] * 4

    path = f"/imports/{again['id']}/rows/1"
    refused = as_alice.patch(path, {"verdict": "new"})
    assert [(error["field"], error["code"]) for error in refused.json()["errors"]] == [("reimport", "invalid")]
    changed = as_alice.patch(path, {"verdict": "new", "reimport": True})
    assert changed.status_code == 200
    assert changed.json()["transaction"] != rent
    commit(as_alice, again)
    assert len(contents(alice)) == 4

    undo(as_alice, again)  # the line is as it was: imported once, and deleted by hand
    assert len(contents(alice)) == 3
    assert verdicts(as_alice, upload(as_alice, CSV, account="Bank").json()["id"]) == ["duplicate"] * 4


@pytest.mark.parametrize("how", ["import", "revision"])
def test_after_an_undo_the_same_rows_come_in_again(how: str, as_alice: APIClient, alice: User, bank: Account) -> None:
    plan = commit(as_alice, upload(as_alice, CSV, account="Bank"))
    before = contents(alice)

    if how == "import":
        undone = undo(as_alice, plan)
        assert undone == {"deleted": 4, "kept": [], "kept_count": 0, "revision": plan["revision"] + 1}
    else:
        assert as_alice.post(f"/revisions/{plan['revision']}/undo", {}).status_code == 201
    assert contents(alice) == []
    assert not BalanceCheck.objects.filter(owner=alice).exists()
    assert as_alice.get(f"/imports/{plan['id']}").json()["status"] == "undone"

    again = upload(as_alice, CSV, account="Bank").json()
    assert verdicts(as_alice, again["id"]) == ["new"] * 4
    commit(as_alice, again)
    assert contents(alice) == before


@pytest.mark.parametrize("how", ["import", "revision"])
def test_an_undo_that_is_undone_remembers_the_lines_again(
    how: str, as_alice: APIClient, alice: User, bank: Account
) -> None:
    plan = commit(as_alice, upload(as_alice, CSV, account="Bank"))
    if how == "import":
        undo(as_alice, plan)
    else:
        as_alice.post(f"/revisions/{plan['revision']}/undo", {})
    for status, count in (("committed", 4), ("undone", 0), ("committed", 4)):
        last = as_alice.get("/revisions").json()["results"][0]["number"]
        assert as_alice.post(f"/revisions/{last}/undo", {}).status_code == 201
        assert len(contents(alice)) == count
        assert as_alice.get(f"/imports/{plan['id']}").json()["status"] == status
        found = verdicts(as_alice, upload(as_alice, CSV, account="Bank").json()["id"])
        assert found == ["duplicate" if count else "new"] * 4

    assert undo(as_alice, plan)["deleted"] == 4
    assert contents(alice) == []
    assert not BalanceCheck.objects.filter(owner=alice).exists()


def undo_in(client: APIClient, plan: dict[str, Any], how: str) -> None:
    """Undo an import in one of the two ways."""
    if how == "import":
        undo(client, plan)
    else:
        assert client.post(f"/revisions/{plan['revision']}/undo", {}).status_code == 201


@pytest.mark.parametrize("last", ["import", "revision"])
@pytest.mark.parametrize("first", ["import", "revision"])
@pytest.mark.parametrize("is_reversed", [False, True])
def test_a_line_that_was_imported_twice_is_known_until_both_are_undone(
    is_reversed: bool, first: str, last: str, as_alice: APIClient, alice: User, bank: Account
) -> None:
    once = commit(as_alice, upload(as_alice, CSV, account="Bank"))
    anew = upload(as_alice, CSV, account="Bank").json()
    changed = as_alice.patch(f"/imports/{anew['id']}/rows/1", {"verdict": "new", "reimport": True})
    assert changed.status_code == 200
    pair = [once, commit(as_alice, anew)]
    assert len(contents(alice)) == 5

    undo_in(as_alice, pair[is_reversed], first)
    found = verdicts(as_alice, upload(as_alice, CSV, account="Bank").json()["id"])
    assert found == ["duplicate", *3 * ["duplicate" if is_reversed else "new"]]

    undo_in(as_alice, pair[not is_reversed], last)
    assert contents(alice) == []
    assert verdicts(as_alice, upload(as_alice, CSV, account="Bank").json()["id"]) == ["new"] * 4


@pytest.mark.parametrize("how", ["import", "revision"])
def test_an_import_that_is_back_counts_when_the_next_one_is_undone(
    how: str, as_alice: APIClient, alice: User, bank: Account
) -> None:
    plain = b"".join(line.rpartition(b",")[0] + b"\n" for line in CSV.splitlines())  # without balances, so no checks
    undone = undo(as_alice, commit(as_alice, upload(as_alice, plain, account="Bank")))
    before = commit(as_alice, upload(as_alice, plain, account="Bank"))
    assert as_alice.post(f"/revisions/{undone['revision']}/undo", {}).status_code == 201
    assert len(contents(alice)) == 8

    undo_in(as_alice, before, how)

    assert len(contents(alice)) == 4
    assert verdicts(as_alice, upload(as_alice, plain, account="Bank").json()["id"]) == ["duplicate"] * 4


def test_an_undo_frees_no_line_of_another_import(as_alice: APIClient, alice: User, bank: Account) -> None:
    """Two imports have matched the same transaction, because the first one was undone and has come back."""
    body = {"description": "Rent", "amount": "500", "date": "2026-11-01", "account": "Bank"}
    assert as_alice.post("/expenses", body).status_code == 201
    content = b"Date,Description,Amount\n2026-11-01,Rent,-500.00\n2026-11-02,Tea,-3.50\n"
    undone = undo(as_alice, commit(as_alice, upload(as_alice, content, account="Bank")))
    second = commit(as_alice, upload(as_alice, content, account="Bank"))
    assert second["counts"]["match"] == 1
    assert as_alice.post(f"/revisions/{undone['revision']}/undo", {}).status_code == 201

    undone = undo(as_alice, second)

    assert upload(as_alice, content, account="Bank").json()["counts"]["duplicate"] == 2
    assert as_alice.post(f"/revisions/{undone['revision']}/undo", {}).status_code == 201
    assert Transaction.objects.filter(owner=alice).count() == 3


def test_an_undo_of_a_change_by_hand_frees_nothing(as_alice: APIClient, alice: User, bank: Account) -> None:
    plan = commit(as_alice, upload(as_alice, CSV, account="Bank"))
    rent = rows_of(as_alice, plan["id"])[0]["transaction"]
    as_alice.delete(f"/transactions/{rent}")
    for _time in range(2):  # the deletion is undone, and this undo too
        last = as_alice.get("/revisions").json()["results"][0]["number"]
        as_alice.post(f"/revisions/{last}/undo", {})

    assert len(contents(alice)) == 3
    assert verdicts(as_alice, upload(as_alice, CSV, account="Bank").json()["id"]) == ["duplicate"] * 4


def test_what_was_edited_since_is_kept_and_listed(as_alice: APIClient, alice: User, bank: Account) -> None:
    as_alice.post("/categories", {"name": "Home"})
    plan = commit(as_alice, upload(as_alice, CSV, account="Bank"))
    rent, coffee, *_others = (row["transaction"] for row in rows_of(as_alice, plan["id"]))
    as_alice.patch(f"/transactions/{rent}", {"category": "Home"})
    as_alice.patch(f"/transactions/{coffee}", {"notes": "x"})
    as_alice.patch(f"/transactions/{coffee}", {"notes": ""})  # as it was
    as_alice.patch(f"/accounts/{bank.pk}", {"name": "My bank"})  # which all rows show

    undone = undo(as_alice, plan)

    assert (undone["deleted"], undone["kept"], undone["kept_count"]) == (3, [rent], 1)
    assert as_alice.get(f"/imports/{plan['id']}").json()["status"] == "committed"
    found = verdicts(as_alice, upload(as_alice, CSV, account="My bank").json()["id"])
    assert found == ["duplicate", "new", "new", "new"]

    assert undo(as_alice, plan, force=True)["deleted"] == 1
    assert contents(alice) == []
    assert as_alice.get(f"/imports/{plan['id']}").json()["status"] == "undone"


def test_a_plan_that_is_not_committed_is_discarded(as_alice: APIClient, alice: User, bank: Account) -> None:
    plan = upload(as_alice, CSV, account="Bank").json()
    assert ImportFile.objects.filter(owner=alice).exists()

    assert as_alice.delete(f"/imports/{plan['id']}").status_code == 204

    for model in (Import, ImportFile, ImportRow, LineIdentity):
        rows: Any = model
        assert not rows.objects.filter(owner=alice).exists()
    assert as_alice.get(f"/imports/{plan['id']}").status_code == 404


QIF = b"""!Account
NA
TBank
^
!Type:Bank
D11/25/2026
T-3.00
PFEE
^
!Account
NB
TBank
^
!Type:Bank
D11/25/2026
T-3.00
PFEE
^
"""
MT940 = b"".join(
    b":20:X\n:25:%s\n:28C:1\n:60F:C261101EUR100,00\n:61:2611051105D3,00NMSCNONREF\n:86:FEE\n:62F:C261105EUR97,00\n-\n"
    % iban
    for iban in (b"DE12 3456", b"DE123456")
)


@pytest.mark.parametrize("content", [QIF, MT940])
def test_twins_in_two_statements_of_one_account(
    content: bytes, as_alice: APIClient, alice: User, bank: Account
) -> None:
    Account.objects.filter(owner=alice).update(identifier="DE123456")
    said = {"accounts": '{"A": "Bank", "B": "Bank"}'} if content == QIF else {}

    commit(as_alice, upload(as_alice, content, **said))

    assert [amount for _date, amount, _text in contents(alice)] == ["-3.00", "-3.00"]
    assert verdicts(as_alice, upload(as_alice, content, **said).json()["id"]) == ["duplicate"] * 2


def test_an_account_of_two_currencies_is_two_accounts_each_time(as_alice: APIClient, alice: User) -> None:
    content = b"Date,Description,Amount,Currency\n2026-11-01,Tea,-3.00,EUR\n2026-11-02,Bus,-2.00,USD\n"
    said = {"account": "Giro", "create_account": "true"}
    commit(as_alice, upload(as_alice, content, **said))
    for line, found in ((b"", []), (b"2026-11-03,Zoo,-9.00,USD\n2026-11-03,Zoo,-9.00,EUR\n", ["new", "new"])):
        plan = commit(as_alice, upload(as_alice, content + line, **said))
        assert verdicts(as_alice, plan["id"]) == ["duplicate", "duplicate", *found]
    accounts = Transaction.objects.filter(owner=alice).order_by("date", "account__name")
    assert [row.account.name for row in accounts if row.account] == ["Giro", "Giro USD", "Giro", "Giro USD"]

    more = upload(as_alice, content + b"2026-11-04,Pub,-9.00,CHF\n", account="Giro").json()
    assert verdicts(as_alice, more["id"]) == ["duplicate", "duplicate", "error"]


@pytest.fixture
def cash(alice: User) -> Account:
    return Account.objects.create(owner=alice, name="Cash", currency="EUR")


def test_a_row_may_move_to_the_account_of_its_twin(
    as_alice: APIClient, alice: User, bank: Account, cash: Account
) -> None:
    said = {"accounts": '{"A": "Bank", "B": "Cash"}'}
    plan = upload(as_alice, QIF, **said).json()
    assert as_alice.patch(f"/imports/{plan['id']}/rows/2", {"account": "Bank"}).status_code == 200

    commit(as_alice, plan)

    assert Transaction.objects.filter(owner=alice, account=bank).count() == 2
    assert verdicts(as_alice, upload(as_alice, QIF, **said).json()["id"]) == ["duplicate"] * 2


@pytest.mark.parametrize("again", [CSV, CSV.replace(b"Balance", b"Saldo")])
def test_a_row_that_was_moved_is_known_where_the_file_has_it(
    again: bytes, as_alice: APIClient, alice: User, bank: Account, cash: Account
) -> None:
    plan = upload(as_alice, CSV, account="Bank").json()
    late = upload(as_alice, CSV, account="Bank").json()
    for account in ("Cash", "Bank", "Cash"):
        assert as_alice.patch(f"/imports/{plan['id']}/rows/1", {"account": account}).status_code == 200

    commit(as_alice, plan)

    assert Transaction.objects.filter(owner=alice, account=cash).count() == 1
    assert verdicts(as_alice, upload(as_alice, again, account="Bank").json()["id"]) == ["duplicate"] * 4
    assert as_alice.post(f"/imports/{late['id']}/commit", {}).json()["code"] == "stale"
    undo(as_alice, plan)
    assert verdicts(as_alice, upload(as_alice, CSV, account="Bank").json()["id"]) == ["new"] * 4
