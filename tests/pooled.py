"""Run a command behind PgBouncer in transaction mode: `make pooled`.

`python -m tests.pooled COMMAND ...` puts a PgBouncer of its own in front of the PostgreSQL server of DATABASE_URL, and
runs the command with the settings of a service behind it. The limits are set as docs/scale.md says: for the user.
PAST_POOLER is the server's own URL, for pg_dump and the like.
"""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
from psycopg2 import errors, extensions

CONFIGURATION = """
[databases]
* = host={host} port={port} user={user} password={password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = any
pool_mode = transaction
max_client_conn = 2000
; Seconds. PostgreSQL waits for five before it refuses to drop a database that is in use.
server_idle_timeout = 2
query_wait_timeout = 5
server_login_retry = 1
"""


@contextmanager
def pooler(url: str, more: str = "") -> Iterator[dict[str, str]]:
    """Yield the settings of a service behind a PgBouncer of its own, which is in front of that server. `more` is one
    more line of its configuration."""
    server = urlsplit(url)
    with socket.create_server(("127.0.0.1", 0)) as free:
        listen = free.getsockname()[1]
    with a_user(url) as (user, password), tempfile.TemporaryDirectory(dir="/tmp") as directory:
        file = Path(directory) / "pgbouncer.ini"
        values = {"user": user, "password": password, "host": server.hostname, "port": server.port or 5432}
        file.write_text(CONFIGURATION.format(listen=listen, **values) + more, "utf-8")
        account = None
        if os.geteuid() == 0:  # as whom PgBouncer refuses to run
            account = "postgres"
            shutil.chown(directory, account)
            shutil.chown(file, account)
        program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin") or sys.exit(
            "PgBouncer is missing; on Debian: apt install pgbouncer"
        )
        process = subprocess.Popen([program, "--quiet", str(file)], user=account, group=account, extra_groups=[])
        try:
            _wait_for(listen, process)
            pooled = server._replace(netloc=f"{user}@127.0.0.1:{listen}").geturl()
            yield {"DATABASE_URL": pooled, "DISABLE_SERVER_SIDE_CURSORS": "on", "PAST_POOLER": url}
        finally:
            process.kill()
            process.wait()


@contextmanager
def a_user(url: str) -> Iterator[tuple[str, str]]:
    """Yield the name and the password of a user with limits. The user and its databases are dropped at the end."""
    name, password = f"pooled_{secrets.token_hex(4)}", secrets.token_hex(16)
    with _cursor(url) as cursor:
        cursor.execute(f"CREATE ROLE {name} SUPERUSER LOGIN PASSWORD '{password}'")
        cursor.execute(f"ALTER ROLE {name} SET statement_timeout = '30s'")
        cursor.execute(f"ALTER ROLE {name} SET lock_timeout = '5s'")
    try:
        yield name, password
    finally:
        with _cursor(url) as cursor:
            cursor.execute("SELECT datname FROM pg_database WHERE datdba = %s::regrole", [name])
            for (database,) in cursor.fetchall():
                cursor.execute(f'DROP DATABASE "{database}" WITH (FORCE)')
            try:
                cursor.execute(f"DROP ROLE {name}")
            except errors.DependentObjectsStillExist:  # asked for only then, because it ends the server of a Citus
                cursor.execute(f"REASSIGN OWNED BY {name} TO CURRENT_USER")
                cursor.execute(f"DROP ROLE {name}")


@contextmanager
def _cursor(url: str) -> Iterator[extensions.cursor]:
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        yield cursor


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _time in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
            if process.poll() is not None:
                break
        else:
            return
    raise SystemExit("PgBouncer does not start")


def main() -> int:
    url = os.environ.get("DATABASE_URL", "")
    if not url.startswith("postgres"):
        raise SystemExit(f"DATABASE_URL has to name a PostgreSQL server, not {url!r}")
    with pooler(url) as environment:
        return subprocess.run(sys.argv[1:], env=os.environ | environment).returncode


if __name__ == "__main__":
    sys.exit(main())
