"""Options that are kept for the next file of an account."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from statements.models import ImportProfile
from statements.services import profiles
from statements.tests.plans import commit, rows_of, upload
from transactions.models import Account
from users.models import User

HEAD = b"Date,Description,Amount\n"
AMBIGUOUS = HEAD + b"01/02/2026,BAKERY,-3.00\n02/03/2026,SHOES,-9.00\n"
NEXT = HEAD + b"04/05/2026,BAKERY,-4.00\n"
OTHER_COLUMNS = b"Date,Text,Amount\n04/05/2026,BAKERY,-4.00\n"
OFX = b"""OFXHEADER:100

<OFX><STMTRS><CURDEF>EUR<BANKACCTFROM><ACCTID>4711</BANKACCTFROM><BANKTRANLIST>
<STMTTRN><DTPOSTED>20261101<TRNAMT>%s<FITID>%s<NAME>TEA</STMTTRN></BANKTRANLIST></STMTRS></OFX>"""


@pytest.fixture
def bank(alice: User) -> Account:
    return Account.objects.create(owner=alice, name="Bank", currency="EUR", identifier="4711")


def keep(client: APIClient, content: bytes = AMBIGUOUS, account: str = "Bank", **said: str) -> dict[str, Any]:
    """Import a file, and keep what is said of it; return the profile."""
    plan = upload(client, content, account=account).json()
    assert plan["questions"]
    answered = client.patch(f"/imports/{plan['id']}", {**said, "save_profile": True})
    assert answered.json()["options"]["save_profile"] is True
    commit(client, answered)
    found: dict[str, Any] = client.get("/imports/profiles").json()["results"][0]
    return found


def test_the_next_file_of_the_account_is_read_with_what_was_kept(
    as_alice: APIClient, alice: User, bank: Account
) -> None:
    Account.objects.create(owner=alice, name="Card", currency="EUR")
    profile = keep(as_alice, date_format="DMY")
    assert (profile["account"], profile["format"], profile["options"]) == ("Bank", "csv", {"date_format": "DMY"})

    plan = upload(as_alice, NEXT, account="Bank").json()
    assert (plan["questions"], plan["profile"], plan["options"]) == ([], {"date_format": "DMY"}, {"account": "Bank"})
    assert [row["date"] for row in rows_of(as_alice, plan["id"])] == ["2026-05-04"]
    said = as_alice.patch(f"/imports/{plan['id']}", {"date_format": "MDY"}).json()
    assert said["profile"] == {"date_format": "DMY"}
    assert [row["date"] for row in rows_of(as_alice, plan["id"])] == ["2026-04-05"]

    for content, account in ((NEXT, "Card"), (OTHER_COLUMNS, "Bank")):
        other = upload(as_alice, content, account=account).json()
        assert [one["option"] for one in other["questions"]] == ["date_format"]
        assert other["profile"] is None
    unused = upload(as_alice, NEXT, account="Bank", profile="false").json()
    assert [one["option"] for one in unused["questions"]] == ["date_format"]


def test_the_file_may_name_the_account(as_alice: APIClient, bank: Account) -> None:
    plan = upload(as_alice, OFX % (b"-1.250", b"a")).json()
    assert [one["option"] for one in plan["questions"]] == ["decimal"]
    answered = as_alice.patch(f"/imports/{plan['id']}", {"decimal": ",", "save_profile": True}).json()
    commit(as_alice, answered)

    plan = upload(as_alice, OFX % (b"-2.500", b"b")).json()

    assert (plan["account"], plan["questions"], plan["profile"]) == ("Bank", [], {"decimal": ","})
    assert rows_of(as_alice, plan["id"])[0]["amount"] == "-2500.00"


def test_a_profile_is_changed_and_deleted(as_alice: APIClient, bank: Account) -> None:
    profile = keep(as_alice, date_format="DMY")
    path = f"/imports/profiles/{profile['id']}"
    tag = as_alice.get(path)["ETag"]

    changed = as_alice.patch(path, {"date_format": "MDY", "encoding": "latin-1"}, headers={"If-Match": tag})
    assert changed.json()["options"] == {"date_format": "MDY", "encoding": "latin-1"}
    assert as_alice.patch(path, {"encoding": None}).json()["options"] == {"date_format": "MDY"}
    assert as_alice.patch(path, {}, headers={"If-Match": tag}).status_code == 412
    assert as_alice.patch(path, {"account": "Bank"}).json()["errors"][0]["code"] == "unknown_field"
    plan = upload(as_alice, NEXT, account="Bank").json()
    assert [row["date"] for row in rows_of(as_alice, plan["id"])] == ["2026-04-05"]

    assert as_alice.delete(path).status_code == 204
    assert as_alice.get("/imports/profiles").json() == {"results": []}
    assert upload(as_alice, NEXT, account="Bank").json()["questions"]


def test_a_file_that_is_imported_later_replaces_what_was_kept(as_alice: APIClient, bank: Account) -> None:
    first = keep(as_alice, date_format="DMY")
    plan = upload(as_alice, NEXT, account="Bank", date_format="MDY", save_profile="true")
    commit(as_alice, plan)

    [second] = as_alice.get("/imports/profiles").json()["results"]

    assert (second["id"], second["options"], second["version"]) == (first["id"], {"date_format": "MDY"}, 2)


def test_a_profile_is_bound_to_its_account_and_its_owner(
    as_alice: APIClient, as_bob: APIClient, bob: User, bank: Account
) -> None:
    profile = keep(as_alice, date_format="DMY")
    path = f"/imports/profiles/{profile['id']}"
    Account.objects.create(owner=bob, name="Bank", currency="EUR", identifier="4711")

    assert upload(as_bob, NEXT, account="Bank").json()["questions"]
    for answer in (as_bob.get(path), as_bob.patch(path, {}), as_bob.delete(path)):
        assert answer.status_code == 404
    as_alice.patch(f"/accounts/{bank.pk}", {"name": "Giro"})
    assert as_alice.get(path).json()["account"] == "Giro"
    as_alice.delete(f"/accounts/{bank.pk}?force=true")
    assert as_alice.get(path).status_code == 404


def test_the_oldest_profiles_go(as_alice: APIClient, bank: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "MOST_PROFILES", 1)
    keep(as_alice, date_format="DMY")
    keep(as_alice, OTHER_COLUMNS, date_format="MDY")

    assert [one.options for one in ImportProfile.objects.filter(owner=bank.owner)] == [{"date_order": "MDY"}]
