"""What the scripts of this directory share: a person's client, databases of their own, and a server that comes back."""

import http.client
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import django
import psycopg2
from django.db import OperationalError, connection

from cashman_project.db.postgresql.citus import has_citus
from tests.pooled import pooler
from transactions.tests.live import PATIENCE, LiveServer

PERSON = {"username": "racer", "password": "correct horse battery"}

# With DEBUG, Django keeps a log of queries, which grows, and explains each 404.
PRODUCTION = {
    "DEBUG": "",
    "HTTPS": "off",
    "ALLOWED_HOSTS": "127.0.0.1",
    "SECRET_KEY": secrets.token_urlsafe(48),
    "JWT_SIGNING_KEY": secrets.token_urlsafe(48),
}

signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # who is ended clears up: servers, databases, disks


class Answer(NamedTuple):
    """What came back: the headers' names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Client:
    """A person's client with its own connection; it signs in unless it has a `token`."""

    def __init__(self, server: LiveServer, token: str = "") -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
        self.token = token
        if not token:
            self.log_in()

    def log_in(self) -> None:
        """Get an access token."""
        self.token = ""
        self.token = json.loads(self.send("POST", "/auth/token", PERSON).body)["access"]

    def send(self, method: str, path: str, data: Any = None, **headers: str) -> Answer:
        """Send one request, and send it again with a new token if the old one has expired; return the response."""
        answer = self._send(method, path, data, headers)
        if answer.status == 401 and b'"token_expired"' in answer.body:
            self.log_in()
            answer = self._send(method, path, data, headers)
        return answer

    def _send(self, method: str, path: str, data: Any, headers: Mapping[str, str]) -> Answer:
        sent = {"Accept": "application/json", "Content-Type": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        self.connection.request(method, path, None if data is None else json.dumps(data), sent)
        response = self.connection.getresponse()
        received = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, received, response.read())

    def rows(self, path: str) -> Iterator[dict[str, Any]]:
        """Yield all rows of the list."""
        following = f"{path}?page_size=500"
        while following:
            page = json.loads(self.send("GET", following).body)
            yield from page["results"]
            target = urlsplit(page["next"] or "")
            following = f"{target.path}?{target.query}" if page["next"] else ""


def clients_of(server: LiveServer, count: int) -> list[Client]:
    """Return that many clients of a person who has signed in once, because each login is slow by design."""
    first = Client(server)
    return [first, *(Client(server, first.token) for _client in range(count - 1))]


@contextmanager
def a_database() -> Iterator[dict[str, str]]:
    """Yield the environment of a server with an empty database, which is dropped at the end."""
    if connection.vendor != "postgresql":
        yield {}
        return
    django.setup()
    name = f"races_{secrets.token_hex(4)}"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
        try:
            yield {"DATABASE_URL": urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()}
        finally:
            _drop(cursor, name)


def _drop(cursor: Any, name: str) -> None:  # Any: of Django
    """Drop the database. Sessions of Citus' own come back while it ends the others."""
    for _time in range(10):
        try:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
        except OperationalError as error:
            print(error, file=sys.stderr)
            time.sleep(1)
        else:
            return


def migrate(server: LiveServer) -> None:
    """Make the tables of the server's database. If that is a Citus, distribute them."""
    server.manage("migrate", "--verbosity=0")
    if has_citus(connection):
        server.manage("shard")


class Cluster:
    """A PostgreSQL server of its own on a free port, which syncs to the disk what it commits."""

    def __init__(self, options: str = "") -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self.directory = Path(tempfile.mkdtemp(prefix="cashman-faults-", dir="/tmp"))
        self.url = f"postgres://cashman@127.0.0.1:{self.port}/postgres"
        self.bin = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        self._prefix = []
        if os.geteuid() == 0:  # as whom PostgreSQL refuses to run
            shutil.chown(self.directory, "postgres")
            self._prefix = ["runuser", "-u", "postgres", "--"]
        settings = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=on {options}"
        self._start = ("start", "--wait", f"--options={settings}", f"--log={self.log}")

    def create(self) -> None:
        self._run("initdb", "--username=cashman", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8")

    def copy(self, primary: "Cluster") -> None:
        """Become a standby of the primary, instead of a server of its own."""
        source = f"--dbname=host=127.0.0.1 port={primary.port} user=cashman"
        self._run("pg_basebackup", source, "--checkpoint=fast", "--write-recovery-conf")

    def start(self) -> None:
        self._run("pg_ctl", *self._start)

    def promote(self) -> None:
        """Make a primary of a standby."""
        self._run("pg_ctl", "promote", "--wait")

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """Run SQL as the superuser, outside of a transaction; return the rows."""
        with closing(psycopg2.connect(self.url)) as session, session.cursor() as cursor:
            session.autocommit = True
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []

    @property
    def log(self) -> Path:
        return self.directory / "log"

    def stop(self, mode: str) -> None:
        """End all of its processes: "fast" is in order, "immediate" is at once, as a crash would."""
        self._run("pg_ctl", "stop", f"--mode={mode}")

    def remove(self) -> None:
        self._run("pg_ctl", "stop", "--mode=immediate", check=False)
        shutil.rmtree(self.directory)

    def _run(self, program: str, *arguments: str, check: bool = True) -> None:
        command = [*self._prefix, str(self.bin / program), *arguments, f"--pgdata={self.directory}/data"]
        quiet = subprocess.DEVNULL  # not a pipe: the server would keep it open
        subprocess.run(command, cwd=self.directory, check=check, stdin=quiet, stdout=quiet, stderr=quiet)


@contextmanager
def a_cluster(options: str = "") -> Iterator[Cluster]:
    """Yield a running PostgreSQL server with those command line options, which is removed at the end."""
    cluster = Cluster(options)
    try:
        cluster.create()
        cluster.start()
        yield cluster
    finally:
        cluster.remove()


@contextmanager
def a_standby(primary: Cluster) -> Iterator[Cluster]:
    """Yield a running standby of the server, by streaming replication. It is removed at the end."""
    cluster = Cluster()
    try:
        cluster.copy(primary)
        cluster.start()
        yield cluster
    finally:
        cluster.remove()


@contextmanager
def a_place_on(cluster: Cluster) -> Iterator[dict[str, str]]:
    """Yield the environment of a service with that server: behind a PgBouncer of its own if `make pooled` runs this."""
    if connection.settings_dict.get("POOLED"):
        with pooler(cluster.url) as environment:
            yield environment
    else:
        yield {"DATABASE_URL": cluster.url}


class Supervised:
    """Starts the server again whenever it has ended, as systemd or Docker would; `restarts` counts that."""

    def __init__(self, server: LiveServer) -> None:
        self.server = server
        self.restarts = 0
        self._over = threading.Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run the server, which is supervised until the block ends."""
        watch = threading.Thread(target=self._watch)
        try:
            self.server.start()
            watch.start()
            yield
        finally:
            self._over.set()
            if watch.ident:
                watch.join()
            self.server.stop(signal.SIGKILL)  # a worker that is starting hears no other

    def _watch(self) -> None:
        while not self._over.wait(0.2):
            if self.server.process.poll() is not None:
                self.server.stop()
                self.server.start()
                self.restarts += 1


def workers(server: LiveServer) -> list[int]:
    """Return the ids of the server's worker processes, the one that has lived longest first."""
    parent = server.process.pid
    found = []
    try:
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    except FileNotFoundError:
        return []
    for pid in map(int, children):
        try:
            if "resource_tracker" not in Path(f"/proc/{pid}/cmdline").read_text():  # a helper of multiprocessing
                born = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
                found.append((int(born), pid))
        except FileNotFoundError:  # it has just ended
            continue
    return [pid for _born, pid in sorted(found)]


def all_of(*tasks: Callable[[], Any]) -> list[Any]:
    """Run the tasks side by side; return what they return. Nobody waits for the others once one has failed."""

    def run(task: Callable[[], Any], future: Future[Any]) -> None:
        try:
            future.set_result(task())
        except BaseException as error:
            future.set_exception(error)

    futures: list[Future[Any]] = [Future() for _task in tasks]
    for arguments in zip(tasks, futures, strict=True):
        threading.Thread(target=run, args=arguments, daemon=True).start()
    for future in wait(futures, return_when=FIRST_EXCEPTION).done:
        future.result()
    return [future.result() for future in futures]


def length(default: int) -> int:
    """Return how long the run is to be, in the unit of the script: LENGTH, or the default."""
    return int(os.environ.get("LENGTH") or default)


def verdict(passed: bool, **figures: Any) -> int:
    """Print the figures as the run's last line; return its exit status."""
    print(json.dumps({"passed": passed, **figures}), flush=True)
    return 0 if passed else 1


def eventually(answer: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Return whether the answer becomes true within the time."""
    deadline = time.monotonic() + seconds
    while not (done := answer()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return done
