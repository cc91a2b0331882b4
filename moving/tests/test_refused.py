"""What is no export, or not one that can be taken in, is refused with a reason, and changes nothing."""

import hashlib
import json
import struct
from collections.abc import Callable
from io import BytesIO
from typing import Any
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cashman_project.api.tests.problems import problem_of
from conftest import client_of
from ledgers.models import Ledger
from moving.files import FILES
from moving.services import archive
from moving.services.reading import BYTES, Read
from moving.tests.books import contents, everything, exported, fill, ok, packed, restored
from statements.services.lines import LONGEST_NOTES
from transactions.models.rule import LAST_POSITION, LONGEST_TEXT, MOST_TEXTS
from transactions.rule_querysets import MOST_RULES
from transactions.tests.shares import cases, reached, reaches
from users.models import User

Files = dict[str, bytes]
CODES = {"invalid_export", "damaged", "changed", "unknown_format", "too_large"}


@pytest.fixture
def content(alice: User) -> bytes:
    """A zip of everything of alice, who is erased."""
    fill(alice)
    found = exported(alice)
    alice.delete()
    return found


def sealed(files: Files) -> bytes:
    """Return a zip of these files with a manifest that is right, as who knows how can make one."""
    manifest = json.loads(files["manifest.json"])
    for one in manifest["files"]:
        text = files[one["name"]]
        one |= {"bytes": len(text), "sha256": hashlib.sha256(text).hexdigest()}
        if "rows" in one:
            one["rows"] = text.count(b"\n")
    return packed({**files, "manifest.json": json.dumps(manifest).encode()})


def edited(content: bytes, name: str, change: Callable[[list[dict[str, Any]]], object]) -> bytes:
    """Return the zip with other rows in one of its files, and a manifest that is right."""
    files = contents(content)
    rows = [json.loads(line) for line in files[name].splitlines()]
    change(rows)
    files[name] = b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)
    return sealed(files)


def refused(owner: User, content: bytes, code: str, *words: str) -> None:
    """Assert that the zip is refused with this code and words, and that the owner has nothing."""
    errors = restored(owner, content, 400).json()["errors"]
    assert [(one["field"], one["code"]) for one in errors] == [("file", code)], errors
    assert all(word in errors[0]["detail"] for word in words), errors
    assert has_nothing(owner)


def has_nothing(owner: User) -> bool:
    return not any(file.all_rows(owner.pk).exists() for file in FILES)


def test_only_an_empty_ledger_takes_an_export(content: bytes, bob: User, outsider: User) -> None:
    row = ok(client_of(bob).post("/expenses", {"description": "x", "amount": 1}))
    assert client_of(bob).delete(f"/expenses/{row['id']}").status_code == 204

    problem_of(restored(bob, content, 409), 409, "not_empty")

    restored(outsider, content)
    problem_of(restored(outsider, content, 409), 409, "not_empty")


def test_the_same_request_gets_the_same_answer(content: bytes, bob: User) -> None:
    key: Any = {"Idempotency-Key": "once"}

    first, second = (restored(bob, content, **key) for _number in range(2))

    assert second.json() == first.json()
    assert second["Idempotency-Replayed"] == "true"
    files = contents(content)
    del files["README.txt"]
    assert restored(bob, packed(files), 422, **key).json()["code"] == "idempotency_key_reused"


def test_a_zip_that_was_packed_anew_is_taken(content: bytes, bob: User) -> None:
    files = contents(content)

    restored(bob, packed({**files, "notes.txt": b"mine", "../../evil": b"x"}))


def test_a_file_that_came_later_has_no_rows(content: bytes, bob: User) -> None:
    files = contents(content)
    manifest = json.loads(files["manifest.json"])
    manifest["files"] = [one for one in manifest["files"] if one["name"] != "import_profiles.jsonl"]

    restored(bob, packed({**files, "manifest.json": json.dumps(manifest).encode()}))

    assert everything(bob)["ImportProfile"] == []


def test_a_column_that_came_later_gets_its_default(content: bytes, bob: User) -> None:
    restored(bob, edited(content, "categories.jsonl", lambda rows: [row.pop("excluded") for row in rows]))

    assert not any(row["excluded"] for row in ok(client_of(bob).get("/categories"))["results"])


def _twice(rows: list[dict[str, Any]]) -> None:
    rows.append({**rows[0], "id": "ffffffff-ffff-7fff-8fff-ffffffffffff"})


def _rule(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what a rule was."""
    return next(row["before"] for row in rows if row["resource"] == "rules" and row["before"])


# A file, what is changed in its rows, and a word of the error.
WRONG: list[tuple[str, Callable[[list[dict[str, Any]]], object], str]] = [
    ("transactions.jsonl", lambda rows: rows[0].update(amount=1.5), "amount"),
    ("transactions.jsonl", lambda rows: rows[0].update(amount="1.23456"), "amount"),
    ("transactions.jsonl", lambda rows: rows[0].update(amount="-0.001"), "amount"),
    ("transactions.jsonl", lambda rows: rows[0].update(amount="0"), "amount"),
    ("transactions.jsonl", lambda rows: rows[0].update(amount="1e5"), "amount"),
    ("transactions.jsonl", lambda rows: rows[0].update(amount="99999999999999"), "amount"),
    ("transactions.jsonl", lambda rows: rows[0].update(type="GIFT"), "type"),
    ("transactions.jsonl", lambda rows: rows[0].update(type="INCOME"), "amount"),
    ("transactions.jsonl", lambda rows: rows[0].update(currency="XXX"), "currency"),
    ("transactions.jsonl", lambda rows: rows[0].update(description=""), "description"),
    ("transactions.jsonl", lambda rows: rows[0].update(description="a\nb"), "description"),
    ("transactions.jsonl", lambda rows: rows[0].update(description="a\0b"), "description"),
    ("transactions.jsonl", lambda rows: rows[0].update(description="x" * 201), "description"),
    ("transactions.jsonl", lambda rows: rows[0].update(notes="x" * 2001), "notes"),
    ("transactions.jsonl", lambda rows: rows[0].update(date="2026-02-30"), "date"),
    ("transactions.jsonl", lambda rows: rows[0].update(created_at="yesterday"), "created_at"),
    ("transactions.jsonl", lambda rows: rows[0].update(version=True), "version"),
    ("transactions.jsonl", lambda rows: rows[0].update(version=2**63), "version"),
    ("transactions.jsonl", lambda rows: rows[0].update(version=-1), "version"),
    ("transactions.jsonl", lambda rows: rows[0].update(revision=10**6), "revision"),
    ("transactions.jsonl", lambda rows: rows[0].update(created_revision=10**6), "created_revision"),
    ("transactions.jsonl", lambda rows: rows[0].update(id="1"), "id"),
    ("transactions.jsonl", lambda rows: rows[0].update(category_id=rows[0]["id"]), "category_id"),
    ("transactions.jsonl", lambda rows: rows[0].update(account_id=rows[0]["id"]), "account_id"),
    ("transactions.jsonl", lambda rows: rows[0].update(tags=["nonesuch"]), "tags"),
    ("transactions.jsonl", lambda rows: rows[0].update(tags="trip"), "tags"),
    ("transactions.jsonl", lambda rows: rows[0].update(owner_id=rows[0]["id"]), "owner_id"),
    ("transactions.jsonl", lambda rows: rows[0].pop("amount"), "amount"),
    ("transactions.jsonl", lambda rows: rows.append(rows[0]), "id"),
    ("transactions.jsonl", lambda rows: rows.reverse(), "id"),
    ("transactions.jsonl", lambda rows: [row.update(external_id="x") for row in rows[:2]], "external id"),
    ("categories.jsonl", lambda rows: [row.update(name="Same") for row in rows], "category with this name"),
    ("categories.jsonl", lambda rows: rows[0].update(name=" Food"), "name"),
    ("categories.jsonl", lambda rows: rows[0].update(excluded=1), "excluded"),
    ("tags.jsonl", lambda rows: rows[0].update(name="a,b"), "name"),
    ("rules.jsonl", lambda rows: rows[0].update(words='"x"'), "words"),
    ("rules.jsonl", lambda rows: rows[0].update(words="[1]"), "words"),
    ("rules.jsonl", lambda rows: rows[0].update(tags=["nonesuch"]), "tags"),
    ("rules.jsonl", lambda rows: rows[0].update(position=0), "position"),
    ("accounts.jsonl", lambda rows: rows[0].update(currency="JPY"), "JPY"),
    ("accounts.jsonl", lambda rows: rows[0].update(opening_date=None), "opening"),
    ("accounts.jsonl", lambda rows: rows[0].update(kind="piggy"), "kind"),
    ("checks.jsonl", lambda rows: rows[0].update(account_id=rows[0]["id"]), "account_id"),
    ("checks.jsonl", lambda rows: rows[0].update(balance="0.001"), "balance"),
    ("rules.jsonl", lambda rows: rows[0].update(words=["a,b"]), "words"),
    ("rules.jsonl", lambda rows: rows[0].update(amount_min="9"), "amount_min"),
    ("rules.jsonl", lambda rows: rows[0].update(category_id=rows[0]["id"]), "category_id"),
    ("rules.jsonl", lambda rows: rows[0].update(position=0), "position"),
    ("rules.jsonl", lambda rows: rows[0].update(tags=["nonesuch"]), "tags"),
    ("transfers.jsonl", lambda rows: rows.pop(), "transfer_id"),
    ("revisions.jsonl", lambda rows: rows[0].update(counts={"lies": {}}), "counts"),
    ("revisions.jsonl", lambda rows: rows[0].update(counts={"tags": {"created": "1"}}), "counts"),
    ("revisions.jsonl", lambda rows: rows[0].update(via="x" * 11), "via"),
    ("revisions.jsonl", lambda rows: rows[-1].update(number=10**6), "number"),
    ("changes.jsonl", lambda rows: rows[0].update(resource="lies"), "resource"),
    ("changes.jsonl", lambda rows: rows[0].update(before=None), "before"),
    ("changes.jsonl", lambda rows: rows[0].update(before="x"), "before"),
    ("changes.jsonl", lambda rows: rows[0]["before"].update(amount="x"), "amount"),
    ("changes.jsonl", lambda rows: rows[0]["before"].update(amount="5"), "amount"),
    ("changes.jsonl", lambda rows: rows[0]["before"].update(id=rows[0]["before"]["account_id"]), "before"),
    ("changes.jsonl", lambda rows: rows[0]["before"].pop("currency"), "currency"),
    ("changes.jsonl", lambda rows: rows[0]["before"].update(colour="red"), "colour"),
    ("imports.jsonl", lambda rows: rows[0].update(statements=[{}]), "statements"),
    ("imports.jsonl", lambda rows: rows[0].update(makes=[]), "makes"),
    ("imports.jsonl", lambda rows: rows[0].update(makes={"tags": 5}), "makes"),
    ("imports.jsonl", lambda rows: rows[0].update(makes={"tags": ["x" * 101]}), "makes"),
    ("imports.jsonl", lambda rows: rows[0].update(makes={"tags": ["x"] * 1_001}), "makes"),
    ("imports.jsonl", lambda rows: rows[0].update(makes={"categories": [{"id": "1", "name": "x"}]}), "makes"),
    ("imports.jsonl", lambda rows: rows[0].update(makes={"lies": []}), "makes"),
    ("imports.jsonl", lambda rows: rows[0]["statements"][0].update(checks={"lies": "1"}), "statements"),
    ("imports.jsonl", lambda rows: rows[0]["statements"][0].update(currency="XXX"), "statements"),
    ("imports.jsonl", lambda rows: rows[0]["statements"][0].pop("adds_up"), "statements"),
    ("imports.jsonl", lambda rows: rows[0]["statements"][0].update(notes="x" * 900_000), "statements"),
    ("imports.jsonl", lambda rows: rows[0].update(counts={"new": [1]}), "counts"),
    ("imports.jsonl", lambda rows: rows[0].update(counts={"lies": 1}), "counts"),
    ("imports.jsonl", lambda rows: rows[0].update(questions=[{}]), "questions"),
    ("imports.jsonl", lambda rows: rows[0].update(options={"colour": "red"}), "options"),
    ("imports.jsonl", lambda rows: rows[0].update(profile={"colour": "red"}), "profile"),
    ("imports.jsonl", lambda rows: rows[0].update(profile=5), "profile"),
    ("imports.jsonl", lambda rows: rows[0].update(status="preview"), "status"),
    ("imports.jsonl", lambda rows: rows[0].update(status="reading"), "status"),
    ("imports.jsonl", lambda rows: rows[0].update(options={"a": {"b\0": 1}}), "options"),
    ("imports.jsonl", lambda rows: rows[0].update(status="lost"), "status"),
    ("import_profiles.jsonl", lambda rows: rows[0].update(options={"colour": "red"}), "options"),
    ("import_profiles.jsonl", lambda rows: rows[0].update(options=[]), "options"),
    ("import_profiles.jsonl", _twice, "fit together"),
    ("transactions.jsonl", lambda rows: rows[0].update(tags=["trip", "trip"]), "tags"),
    ("import_rows.jsonl", lambda rows: rows[0].update(message="x"), "message"),
    ("import_rows.jsonl", lambda rows: rows[0].update(tags=[1]), "tags"),
    ("import_rows.jsonl", lambda rows: rows[0].update(tags=["x" * 101]), "tags"),
    ("import_rows.jsonl", lambda rows: rows[0].update(notes="x" * 2_001), "notes"),
    ("import_rows.jsonl", lambda rows: rows[0].update(message='["", {"a": "' + "x" * 20_000 + '"}]'), "message"),
    ("import_rows.jsonl", lambda rows: rows[0].update(message='["%(a)999999s", {"a": "x"}]'), "message"),
    ("import_rows.jsonl", lambda rows: rows[0].update(message='["x", {"a": []}]'), "message"),
    ("rules.jsonl", lambda rows: rows[0].update(words=["x"] * (MOST_TEXTS + 1)), "words"),
    ("rules.jsonl", lambda rows: rows[0].update(words=["x" * (LONGEST_TEXT + 1)]), "words"),
    ("rules.jsonl", lambda rows: rows[0].update(starts_with=["x" * (LONGEST_TEXT + 1)]), "starts_with"),
    ("changes.jsonl", lambda rows: _rule(rows).update(words=["x"] * (MOST_TEXTS + 1)), "words"),
    ("changes.jsonl", lambda rows: _rule(rows).update(starts_with=["x" * (LONGEST_TEXT + 1)]), "starts_with"),
    ("changes.jsonl", lambda rows: _rule(rows).update(position=LAST_POSITION + 1), "1000000"),
    ("changes.jsonl", lambda rows: _rule(rows).update(tags=["a,b"]), "tags"),
    ("changes.jsonl", lambda rows: _rule(rows).update(tags=["a\nb"]), "tags"),
]


def test_wrong_rows_are_refused(content: bytes, bob: User) -> None:
    for name, change, word in WRONG:
        refused(bob, edited(content, name, change), "invalid_export", word)


def test_transfers_and_splits_are_whole(content: bytes, bob: User) -> None:
    def lose(field: str) -> Callable[[list[dict[str, Any]]], object]:
        return lambda rows: rows[next(n for n, row in enumerate(rows) if row[field])].update({field: None})

    for field in ("split", "transfer_id"):
        refused(bob, edited(content, "transactions.jsonl", lose(field)), "invalid_export", "fit together")


def test_no_more_rules_than_an_owner_may_have(content: bytes, bob: User) -> None:
    def more(rows: list[dict[str, Any]]) -> None:
        [*_others, last] = rows
        first, number = UUID(last["id"]).int, MOST_RULES + 1 - len(rows)
        rows += [{**last, "id": str(UUID(int=first + n)), "position": 100 + n} for n in range(1, number + 1)]

    refused(bob, edited(content, "rules.jsonl", more), "invalid_export", "rules.jsonl, line 1001", "1000 rules")


def test_rows_with_long_texts_are_not_kept_in_memory_together(content: bytes) -> None:
    def long(rows: list[dict[str, Any]]) -> None:
        last = rows[-1] | {"message": "", "notes": "é" * LONGEST_NOTES}
        rows += [last | {"number": last["number"] + n} for n in range(1, 3_001)]

    read = Read(BytesIO(edited(content, "import_rows.jsonl", long)))
    sizes = [len(orjson.dumps(chunk.values)) for chunk in read.chunks()]
    read.close()

    assert sum(sizes) > 3 * BYTES
    assert max(sizes) < 2.2 * BYTES  # notes are there twice: as they are, and folded for search


def test_sums_are_those_of_the_manifest(content: bytes, bob: User) -> None:
    def dearer(rows: list[dict[str, Any]]) -> None:
        rows[0]["amount"] = "-77.00"

    refused(bob, edited(content, "transactions.jsonl", dearer), "changed", "manifest.json")


def test_what_is_no_export_says_so(content: bytes, bob: User) -> None:
    files = contents(content)
    manifest = json.loads(files["manifest.json"])

    def with_manifest(**changes: Any) -> bytes:
        return packed({**files, "manifest.json": json.dumps({**manifest, **changes}).encode()})

    for wrong in (b"", b"x", b"PK", content[:-30], packed({}), packed({"manifest.json": b"["})):
        assert restored(bob, wrong, 400).json()["errors"][0]["code"] in {"invalid_export", "damaged", "empty"}
    refused(bob, with_manifest(format=2), "unknown_format", "2")
    refused(bob, with_manifest(format="1"), "invalid_export")
    refused(bob, with_manifest(files=[]), "changed", "manifest.json")
    refused(bob, with_manifest(files={}), "changed", "manifest.json")
    refused(bob, with_manifest(ledger={"revision": -1, "kept_from": 0}), "invalid_export")
    refused(bob, with_manifest(ledger={"revision": 2**64, "kept_from": 0}), "invalid_export")
    later = {"revision": manifest["ledger"]["revision"] + 1, "kept_from": 0}
    refused(bob, with_manifest(ledger=later), "changed", "manifest.json")
    refused(bob, with_manifest(user=[]), "invalid_export")
    refused(bob, with_manifest(user={**manifest["user"], "currency": "XXX"}), "invalid_export", "currency")
    refused(bob, with_manifest(user={**manifest["user"], "month_start": 31}), "invalid_export", "month_start")
    refused(bob, with_manifest(user={**manifest["user"], "time_zone": "Mars"}), "invalid_export", "time_zone")
    huge = [one | ({"rows": archive.ROWS + 1} if "rows" in one else {}) for one in manifest["files"]]
    refused(bob, with_manifest(files=huge), "too_large")
    refused(
        bob, packed({**files, "tags.jsonl": files["tags.jsonl"].replace(b"trip", b"trap")}), "changed", "tags.jsonl"
    )
    refused(bob, packed({name: text for name, text in files.items() if name != "tags.jsonl"}), "invalid_export")
    client: Any = client_of(bob)
    assert client.post("/me/import", {"file": "x"}).status_code == 400
    assert client.generic("POST", "/me/import?x=1", content, content_type="application/zip").status_code == 400


def test_a_zip_that_lies_about_its_size_costs_little(content: bytes, bob: User) -> None:
    files = contents(content)
    bomb = {**files, "notes.txt": b"\0" * 50_000_000, "tags.jsonl": b"\0" * 50_000_000}
    refused(bob, packed(bomb), "changed", "tags.jsonl")
    many = {**files, **{f"{number}.txt": b"" for number in range(60)}}
    refused(bob, packed(many), "invalid_export")
    twice = BytesIO()
    with ZipFile(twice, "w", ZIP_DEFLATED) as into:
        for name, text in files.items():
            into.writestr(name, text)
        with pytest.warns(UserWarning, match="Duplicate"):
            into.writestr("tags.jsonl", files["tags.jsonl"])
    refused(bob, twice.getvalue(), "invalid_export")
    whole = packed(files)
    long_list = whole[:-10] + struct.pack("<L", 10**9) + whole[-6:]
    refused(bob, long_list, "invalid_export")


@reaches(refused=60, taken=1)
@settings(max_examples=cases(150))
@given(data=st.data())
def test_a_zip_that_was_broken_gives_a_clear_error_or_is_taken(data: st.DataObject, broken: tuple[User, bytes]) -> None:
    """Bytes of the zip, lines of its files or values of its rows are others; the manifest is right, or not."""
    owner, content = broken
    if data.draw(st.booleans()):
        changed = bytearray(content)
        for _number in range(data.draw(st.integers(1, 5))):
            changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
        sent = bytes(changed)
    else:
        name = data.draw(st.sampled_from([file.path for file in FILES]))
        values = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just("9" * 400)
        other = st.recursive(values, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner))

        def change(rows: list[dict[str, Any]]) -> None:
            row = rows[data.draw(st.integers(0, len(rows) - 1))]
            inner = row["before"] if row.get("before") and data.draw(st.booleans()) else row
            inner[data.draw(st.sampled_from(sorted(inner)))] = data.draw(other)

        sent = edited(content, name, change)
    client: Any = client_of(owner)
    response = client.generic("POST", "/me/import", sent, content_type="application/zip")
    if response.status_code == 200:
        reached("taken")
        assert ok(client.get("/changes"))
        for row in ok(client.get("/imports"))["results"]:
            ok(client.get(f"/imports/{row['id']}/rows"))
        ok(client.get("/revisions"))
        for file in reversed(FILES):
            rows: Any = file.all_rows(owner.pk)
            rows._raw_delete(rows.db)
        Ledger.objects.filter(pk=owner.pk).update(revision=0)
    else:
        reached("refused")
        assert response.status_code == 400, response.content
        assert {one["code"] for one in response.json()["errors"]} <= CODES
        assert has_nothing(owner)


@pytest.fixture
def broken(bob: User, content: bytes) -> tuple[User, bytes]:
    return bob, content
