"""Are our own tokens as fast as ever while the identity provider hangs and eight clients send its tokens?

Two servers take turns: the issuer of one hangs, that of the other refuses the connection at once, so that the same
eight clients get the same 503 from both and all that differs is the hanging. Fails where the median of own requests
beside the hanging is over 25 % above the other. TURNS says how many turns each has; one takes some three seconds.

    make issuer-hangs
"""

import os
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import django

django.setup()

from transactions.tests.live import LiveServer, serve  # noqa: E402
from users.tests.issuer import AUDIENCE, DISCOVERY, hang, local_issuer  # noqa: E402

CLIENTS = 8
TURNS = int(os.environ.get("TURNS", "15"))
REQUESTS = 200  # of each turn
WARM = 50  # more, not measured, since a server that slept is slower
PAUSE = 0.2  # seconds between two requests of a client
MOST = 1.25


class Outside:
    """Clients that send tokens of the identity provider while `sending` is set."""

    def __init__(self, server: LiveServer, token: str) -> None:
        self.server = server
        self.token = token
        self.sending = threading.Event()
        self.ended = False
        self.busy: set[int] = set()  # which of them wait for an answer
        self.answers: Counter[str] = Counter()
        self.threads = [threading.Thread(target=self._run, args=[client]) for client in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def silence(self) -> None:
        """Return once none sends any more, nor waits."""
        self.sending.clear()
        time.sleep(PAUSE)
        while self.busy:
            time.sleep(PAUSE)

    def end(self) -> None:
        self.ended = True
        self.sending.set()
        for thread in self.threads:
            thread.join()

    def _run(self, client: int) -> None:
        while self.sending.wait() and not self.ended:
            self.busy.add(client)
            answer = self.server.request("GET", "/secured/ping", token=self.token)
            self.answers[f"{answer.status} after {answer.headers.get('retry-after')}"] += 1
            self.busy.remove(client)
            time.sleep(PAUSE)


def turn(connection: HTTPConnection, token: str, requests: int) -> list[float]:
    """Return how many seconds each of these requests with this own token took, once the server is awake."""
    seconds = []
    for _request in range(WARM + requests):
        start = time.perf_counter()
        connection.request("GET", "/secured/ping", headers={"Authorization": f"Bearer {token}"})
        response = connection.getresponse()
        response.read()
        seconds.append(time.perf_counter() - start)
        if response.status != 200:
            sys.exit(f"An own token was answered with {response.status}")
    return seconds[WARM:]


def own_token(server: LiveServer) -> str:
    """Return a new access token of our own."""
    answer = server.request("POST", "/auth/token", {"username": "alice", "password": "correct horse battery"})
    return str(answer.json()["access"])


@contextmanager
def server_of(issuer: str) -> Iterator[LiveServer]:
    """Serve a database of its own, with one user, and this identity provider."""
    with (
        tempfile.TemporaryDirectory() as directory,
        serve(Path(directory), ALLOW_SIGNUP="on", OIDC_ISSUER=issuer, OIDC_AUDIENCE=AUDIENCE) as server,
    ):
        server.request("POST", "/auth/register", {"username": "alice", "password": "correct horse battery"})
        yield server


def main() -> int:
    """Return 0 if our own tokens are as fast as ever, else 1."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        refusing_url = f"http://127.0.0.1:{listener.getsockname()[1]}/"  # closed below
    seconds: dict[str, list[float]] = {"refusing": [], "hanging": []}
    with local_issuer() as issuer, server_of(refusing_url) as refusing, server_of(issuer.url) as hanging:
        issuer.answers[DISCOVERY] = hang
        token = issuer.token(exp=2**32)
        sides = [
            (name, server, Outside(server, token)) for name, server in zip(seconds, (refusing, hanging), strict=True)
        ]
        try:
            for _turn in range(TURNS):
                for name, server, outside in sides:
                    connection = HTTPConnection("127.0.0.1", server.port)
                    own = own_token(server)
                    outside.sending.set()
                    if name == "hanging":
                        issuer.arrived.acquire()  # from here on it holds one of them, for two seconds
                    seconds[name] += turn(connection, own, REQUESTS)
                    outside.silence()
                    connection.close()
        finally:
            for _name, _server, outside in sides:
                outside.end()
        fetches = len(issuer.asked)
    usual, median = (statistics.median(times) for times in seconds.values())
    answers = {name: dict(outside.answers) for name, _server, outside in sides}
    print(f"{CLIENTS} clients with outside tokens: {answers}; the hanging issuer was asked {fetches} times")
    figures = f"usual {1000 * usual:.2f} ms, issuer hanging {1000 * median:.2f} ms"
    print(f"median of {TURNS * REQUESTS} own requests each: {figures}, {100 * (median / usual - 1):+.1f} %")
    return (
        0
        if median <= MOST * usual and not any(key.startswith("200") for counts in answers.values() for key in counts)
        else 1
    )


if __name__ == "__main__":
    sys.exit(main())
