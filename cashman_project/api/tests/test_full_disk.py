"""A disk that is full is a 503, wherever in a temporary file the room ends."""

import random
import resource
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from cashman_project.api.errors import Unavailable
from transactions.tests.factories import IncomeFactory
from users.models import User

from ..slow_clients import READERS, REFUSAL, SENDERS, SMALL, _readers, _senders, receive

# Bytes that no file has room for: more than a write holds back until the file is read, and fewer.
LACKING = [1, 10_000]


@contextmanager
def room(size: int) -> Iterator[None]:
    """Let no file grow beyond that many bytes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.parametrize("lacking", LACKING)
def test_a_body_that_there_is_no_room_for_is_refused(lacking: int) -> None:
    length = SMALL + 20_001
    environ: dict[str, Any] = {"CONTENT_LENGTH": str(length), "wsgi.input": BytesIO(b"x" * length)}
    with room(length - lacking):
        receive(environ)
    assert isinstance(environ[REFUSAL], Unavailable)
    assert len(_senders) == SENDERS


@pytest.mark.parametrize("lacking", LACKING)
def test_an_export_that_there_is_no_room_for_is_a_problem(lacking: int, as_alice: APIClient, alice: User) -> None:
    IncomeFactory.create_batch(45, owner=alice, notes=2_000 * "x")
    whole: Any = as_alice.get("/incomes.csv")
    length = len(b"".join(whole.streaming_content))
    with room(length - lacking):
        response = as_alice.get("/incomes.csv")
    assert response.status_code == 503
    assert len(_readers) == READERS


@pytest.mark.parametrize("size", [20_000, 60_000, 100_000])
def test_a_spreadsheet_that_there_is_no_room_for_is_a_problem(
    size: int, as_alice: APIClient, alice: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the room ends in the rows or in the file that is put together of them, nothing is left behind."""
    noise = random.Random(1)
    for _number in range(45):
        IncomeFactory.create(owner=alice, notes="".join(chr(noise.randrange(0x4E00, 0x9FA5)) for _sign in range(1_000)))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with room(size):
        response = as_alice.get("/incomes.xlsx")
    assert response.status_code == 503
    assert len(_readers) == READERS
    assert list(tmp_path.iterdir()) == []
