"""Two files of one account in different formats: each line comes in once, and no twin is lost."""

import pytest
from rest_framework.test import APIClient

from statements.tests.plans import HEADER, commit, rows_of, undo, upload, verdicts
from transactions.models import Account, Transaction
from users.models import User


@pytest.fixture
def bank(alice: User) -> Account:
    return Account.objects.create(owner=alice, name="Bank", currency="EUR")


def csv(*lines: str) -> bytes:
    return HEADER + "".join(f"2026-11-{line}\n" for line in lines).encode()


def ofx(*lines: str) -> bytes:
    """Return OFX of the same kind of lines, each with an id of the bank."""
    found = []
    for number, line in enumerate(lines):
        day, text, amount = line.split(",")
        found.append(f"<STMTTRN><DTPOSTED>202611{day}<TRNAMT>{amount}<FITID>id{number}{text[:3]}<NAME>{text}</STMTTRN>")
    head = "OFXHEADER:100\n\n<OFX><STMTRS><CURDEF>EUR<BANKACCTFROM><ACCTID>1</BANKACCTFROM><BANKTRANLIST>\n"
    return (head + "\n".join(found) + "</BANKTRANLIST></STMTRS></OFX>").encode()


def again(client: APIClient, content: bytes, **options: str) -> list[str]:
    return verdicts(client, upload(client, content, account="Bank", **options).json()["id"])


def test_the_same_lines_of_another_format_are_duplicates(as_alice: APIClient, alice: User, bank: Account) -> None:
    lines = ["02,REWE SAGT DANKE 5432 KOE,-10.00", "02,COFFEE,-3.50", "02,COFFEE,-3.50", "03,Rent,-500.00"]
    first = commit(as_alice, upload(as_alice, ofx(*lines), account="Bank"))
    other = csv("02,Card: Rewe sagt Danke 5432 Koeln,-10.00", "02,Coffee,-3.50", "02,Coffee,-3.50", "02,Coffee,-3.50",
        "03,Rent,-500.00", "03,Rent,-500.01")  # fmt: skip

    plan = upload(as_alice, other, account="Bank").json()

    rows = rows_of(as_alice, plan["id"])
    assert [row["verdict"] for row in rows] == [*["duplicate"] * 3, "new", "duplicate", "new"]
    assert rows[0]["message"] == "Another file has brought this line, as “REWE SAGT DANKE 5432 KOE”."
    of_first = [row["transaction"] for row in rows_of(as_alice, first["id"])]
    assert sorted(row["transaction"] for row in rows if row["verdict"] == "duplicate") == sorted(of_first)
    commit(as_alice, plan)
    assert Transaction.objects.filter(owner=alice).count() == 6
    for content in (other, ofx(*lines)):
        assert set(again(as_alice, content)) == {"duplicate"}

    undo(as_alice, first)  # the lines that only it has brought can be imported again
    assert again(as_alice, other) == ["new", "new", "new", "duplicate", "new", "duplicate"]


def test_other_words_are_asked(as_alice: APIClient, alice: User, bank: Account) -> None:
    commit(as_alice, upload(as_alice, ofx("02,POS 4711,-10.00", "04,Fee,-1.00"), account="Bank"))
    content = csv("02,Lidl,-10.00", "02,Rewe,-10.00", "03,Bakery,-2.00", "04,Fee,-1.00")

    plan = upload(as_alice, content, account="Bank").json()

    [question] = plan["questions"]
    assert (question["option"], question["example"]) == ("other_files", "2026-11-02 -10.00 Lidl")
    assert question["choices"] == [
        {"value": "same", "reading": "POS 4711"},
        {"value": "different", "reading": "Lidl"},
    ]
    assert as_alice.post(f"/imports/{plan['id']}/commit", {}).json()["code"] == "unanswered"
    for answer, expected in (("same", ["duplicate", "new"]), ("different", ["new", "new"])):
        answered = as_alice.patch(f"/imports/{plan['id']}", {"other_files": answer}).json()
        assert answered["questions"] == []
        assert verdicts(as_alice, plan["id"]) == [*expected, "new", "duplicate"]
    commit(as_alice, answered)
    assert Transaction.objects.filter(owner=alice).count() == 5


def test_what_was_deleted_by_hand_stays_out_of_other_files_too(as_alice: APIClient, bank: Account) -> None:
    plan = commit(as_alice, upload(as_alice, ofx("02,Bakery,-3.00"), account="Bank"))
    [row] = rows_of(as_alice, plan["id"])
    as_alice.delete(f"/transactions/{row['transaction']}")

    assert again(as_alice, csv("02,Bakery,-3.00")) == ["duplicate"]


def test_files_of_one_shape_are_told_by_their_lines_only(as_alice: APIClient, bank: Account) -> None:
    """Halves of one file, cut between two lines of one day and amount."""
    commit(as_alice, upload(as_alice, csv("01,Rent,-500.00", "02,Lidl,-10.00"), account="Bank"))

    assert again(as_alice, csv("02,Rewe,-10.00", "03,Tea,-2.00")) == ["new", "new"]


def test_a_line_of_another_file_that_is_undone_meanwhile(as_alice: APIClient, bank: Account) -> None:
    first = commit(as_alice, upload(as_alice, ofx("02,Bakery,-3.00"), account="Bank"))
    plan = upload(as_alice, csv("02,Bakery,-3.00"), account="Bank").json()
    undo(as_alice, first)

    assert as_alice.post(f"/imports/{plan['id']}/commit", {}).json()["code"] == "stale"
    assert as_alice.patch(f"/imports/{plan['id']}", {}).json()["counts"]["new"] == 1


def test_lines_of_others_do_not_count(as_alice: APIClient, as_bob: APIClient, bob: User, bank: Account) -> None:
    Account.objects.create(owner=bob, name="Bank", currency="EUR")
    Account.objects.create(owner=bank.owner, name="Purse", currency="EUR")
    commit(as_bob, upload(as_bob, ofx("02,Bakery,-3.00"), account="Bank"))
    commit(as_alice, upload(as_alice, ofx("02,Bakery,-3.00"), account="Purse"))

    assert again(as_alice, csv("02,Bakery,-3.00")) == ["new"]
