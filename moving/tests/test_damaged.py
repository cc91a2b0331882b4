"""An export that has not arrived as it was is refused, and changes nothing."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import client_of
from ledgers.models import Ledger
from moving.files import FILES
from moving.tests.books import contents, everything, exported, fill, packed
from moving.tests.test_refused import CODES, has_nothing
from statements.models import Import
from transactions.tests.shares import cases, reached, reaches
from users.models import User

Below = Callable[[int], int]  # returns a number below the given one

PATHS = [file.path for file in FILES]


def one_byte_of_the_zip(content: bytes, below: Below) -> bytes:
    place, change = below(len(content)), below(255) + 1
    return content[:place] + bytes([content[place] ^ change]) + content[place + 1 :]


def one_byte_of_a_file(content: bytes, below: Below) -> bytes:
    files = contents(content)
    name = PATHS[below(len(PATHS))]
    return packed({**files, name: one_byte_of_the_zip(files[name], below)})


def one_line_dropped(content: bytes, below: Below) -> bytes:
    files = contents(content)
    name = PATHS[below(len(PATHS))]
    lines = files[name].splitlines(keepends=True)
    del lines[below(len(lines))]
    return packed({**files, name: b"".join(lines)})


def one_line_twice(content: bytes, below: Below) -> bytes:
    files = contents(content)
    name = PATHS[below(len(PATHS))]
    lines = files[name].splitlines(keepends=True)
    lines.insert(below(len(lines) + 1), lines[below(len(lines))])
    return packed({**files, name: b"".join(lines)})


def cut_off(content: bytes, below: Below) -> bytes:
    return content[: below(len(content))]


def one_number_of_the_manifest(content: bytes, below: Below) -> bytes:
    """Change a number of rows or bytes, a sum, or the number of the last revision."""
    files = contents(content)
    manifest = json.loads(files["manifest.json"])
    places = [(one, name) for one in manifest["files"] if one["name"] in PATHS for name in ("rows", "bytes")]
    places += [(one, name) for one in manifest["totals"] for name in ("count", "income", "expense")]
    places += [(manifest["ledger"], "revision")]
    place, name = places[below(len(places))]
    change = (-3, -2, -1, 1, 2, 3)[below(6)]
    value = place[name]
    place[name] = value + change if isinstance(value, int) else str(change) + value.lstrip("-")
    return packed({**files, "manifest.json": json.dumps(manifest).encode()})


DAMAGES = (
    *(one_byte_of_the_zip, one_byte_of_a_file, one_line_dropped, one_line_twice, cut_off),
    one_number_of_the_manifest,
)


@pytest.fixture
def sent(alice: User, bob: User) -> tuple[User, bytes, dict[str, Any]]:
    """Somebody new, the export of somebody who is erased, and what there was of them."""
    fill(alice)
    for plan in Import.objects.filter(owner=alice, status="preview"):
        assert client_of(alice).delete(f"/imports/{plan.pk}").status_code == 204
    before, content = everything(alice), exported(alice)
    alice.delete()
    return bob, content, before


@reaches(**{damage.__name__: 20 for damage in DAMAGES})
@settings(max_examples=cases(240))
@given(damage=st.sampled_from(DAMAGES), numbers=st.tuples(*[st.integers(0, 10**9)] * 3))
def test_what_is_damaged_is_refused(
    damage: Callable[[bytes, Below], bytes], numbers: tuple[int, ...], sent: tuple[User, bytes, dict[str, Any]]
) -> None:
    owner, content, before = sent
    client: Any = client_of(owner)
    chosen = iter(numbers)
    damaged = damage(content, lambda most: next(chosen) % most)
    response = client.generic("POST", "/me/import", damaged, content_type="application/zip")
    if response.status_code == 200:
        assert damage is one_byte_of_the_zip  # one that says nothing of the files, such as when they were packed
        assert everything(owner) == before
        for file in reversed(FILES):
            rows: Any = file.all_rows(owner.pk)
            rows._raw_delete(rows.db)
        Ledger.objects.filter(pk=owner.pk).update(revision=0, kept_from=0)
        User.objects.filter(pk=owner.pk).update(account=None)
        return
    assert response.status_code == 400, response.content
    errors = response.json()["errors"]
    assert [error["field"] for error in errors] == ["file"]
    assert errors[0]["code"] in CODES | {"empty", "required"}  # nothing at all is left of some
    assert has_nothing(owner)
    reached(damage.__name__)
