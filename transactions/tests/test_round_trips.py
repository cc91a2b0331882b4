"""How often a creation waits for PostgreSQL, counted on the wire between the service and the server."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO

import pytest
from django.db import connection
from rest_framework.test import APIClient

from conftest import client_of
from transactions.models import Transaction
from transactions.tests.factories import CategoryFactory
from transactions.tests.server import need_one_server
from users.models import User

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no round trips"),
]

BODY = {"description": "coffee", "amount": "3.50"}


class Wire(threading.Thread):
    """Passes on what a client and the server send each other. `queries` has each query that the client has sent."""

    def __init__(self, server: tuple[str, int]) -> None:
        super().__init__(daemon=True)
        self.server = server
        self.queries: list[str] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]

    def run(self) -> None:
        client, _address = self.listener.accept()
        with client, socket.create_connection(self.server) as server, client.makefile("rb") as messages:
            answers = threading.Thread(target=self._pass_on, args=(server, client), daemon=True)
            answers.start()
            while message := self._next(messages):
                if message[:1] == b"Q":
                    self.queries.append(message[5:-1].decode())
                server.sendall(message)
            server.shutdown(socket.SHUT_WR)
            answers.join()

    def _next(self, messages: BinaryIO) -> bytes:
        """Return the client's next message: its type, the length of the rest, and the rest. The first has no type."""
        kind = messages.read(1)
        if kind == b"\0":
            length = kind + messages.read(3)
            return length + messages.read(int.from_bytes(length, "big") - 4)
        length = messages.read(4)
        return kind + length + messages.read(int.from_bytes(length, "big") - 4) if kind else b""

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                target.sendall(data)


@contextmanager
def watched() -> Iterator[list[str]]:
    """Connect to the server by a wire; yield the list of what is asked over it. Clear it after the warm-up."""
    settings = connection.settings_dict
    before: Any = {name: settings[name] for name in ("HOST", "PORT", "OPTIONS")}
    wire = Wire((settings["HOST"], int(settings["PORT"])))
    wire.start()
    connection.close()
    settings.update(HOST="127.0.0.1", PORT=wire.port, OPTIONS={**before["OPTIONS"], "sslmode": "disable"})
    try:
        yield wire.queries
    finally:
        connection.close()
        settings.update(before)
        wire.listener.close()
        wire.join()


def warm_up(client: APIClient) -> None:
    """Prepare the statements of creations."""
    for _time in range(2):
        for category in (None, "food"):
            row = BODY | {"category": category}
            for body in (row, [row]):
                assert client.post("/expenses", body).status_code == 201


CASES = pytest.mark.parametrize("more", [{}, {"category": "food"}, {"external_id": "a"}], ids=["bare", "food", "bank"])


@CASES
def test_a_creation_takes_one_round_trip_after_the_token(more: dict[str, str], alice: User, bob: User) -> None:
    need_one_server()
    for owner in (alice, bob):
        CategoryFactory.create(owner=owner, name="Food")
    client = client_of(alice)
    with watched() as queries:
        warm_up(client)
        queries.clear()

        answer = client.post("/expenses", BODY | more)

        sent = [query.split("; ") for query in queries]
    assert answer.status_code == 201, answer.content
    assert [[statement.split()[0] for statement in query] for query in sent] == [["EXECUTE"], ["EXECUTE", "EXECUTE"]]
    assert Transaction.objects.for_owner(alice).count() == 9
    assert not Transaction.objects.for_owner(bob).exists()


@CASES
def test_a_list_of_one_row_takes_two_round_trips_after_the_token(more: dict[str, str], alice: User) -> None:
    CategoryFactory.create(owner=alice, name="Food")
    client = client_of(alice)
    with watched() as queries:
        warm_up(client)
        queries.clear()

        answer = client.post("/expenses", [BODY | more])

        # But for the query whether an external id is taken.
        sent = [query.split("; ") for query in queries if "INSERT" in query or "external_id" not in query]
    assert answer.status_code == 201, answer.content
    token, lock, store = sent
    assert len(token) == 1
    assert (lock[0], len(lock)) == ("BEGIN", 3 if "category" in more else 2)
    assert (store[-1], len(store)) == ("COMMIT", 3)
    assert Transaction.objects.for_owner(alice).count() == 9
