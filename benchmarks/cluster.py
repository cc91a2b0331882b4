"""A PostgreSQL of the benchmarks' own, filled, and gone at the end."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
PASSWORD = "the benchmarks' own"  # of every user in the database
SETTINGS = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
max_connections = 200
shared_buffers = 512MB
max_wal_size = 4GB
"""  # the rest is as PostgreSQL ships it: a commit is on the disk (fsync, synchronous_commit)


def free_port() -> int:
    """Return a TCP port of this machine's loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@contextmanager
def database() -> Iterator[dict[str, str]]:
    """Yield the environment in which Cashman and the other frameworks find a filled database."""
    binaries = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), default=None)
    if binaries is None:
        raise SystemExit("The benchmarks need PostgreSQL; on Debian: apt install postgresql")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Ended."))  # by way of what cleans up
    directory = Path(tempfile.mkdtemp(prefix="cashman.", dir="/tmp"))
    port = free_port()
    user = None
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        user = "postgres"
        shutil.chown(directory, user)

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [binaries / program, "-D", directory / "data", *arguments],
            cwd=directory,
            user=user,
            check=True,
            stdout=subprocess.DEVNULL,
        )

    try:
        run("initdb", "-U", "cashman", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
        with (directory / "data/postgresql.conf").open("a") as configuration:
            configuration.write(SETTINGS.format(port=port))
        run("pg_ctl", "start", "-w", "-s", "-l", str(directory / "log"))
        environment = environment_of(f"postgres://cashman@127.0.0.1:{port}/postgres")
        python = ROOT / ".venv/bin/python"
        for command in (["manage.py", "migrate", "--no-input", "--verbosity", "0"], ["-m", "benchmarks.load"]):
            subprocess.run([python, *command], cwd=ROOT, env=environment, check=True)
        yield environment
    finally:
        if (directory / "data/postmaster.pid").exists():
            run("pg_ctl", "stop", "-m", "immediate", "-s")
        shutil.rmtree(directory)


def environment_of(url: str) -> dict[str, str]:
    """Return the environment variables of Cashman (as in production) and of the other frameworks."""
    return {
        **{name: os.environ[name] for name in ("PATH", "SCALE") if name in os.environ},
        "ALLOWED_HOSTS": "127.0.0.1",
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "cashman_project.settings",
        "HTTPS": "off",
        "JWT_SIGNING_KEY": secrets.token_hex(32),
        "PASSWORD": PASSWORD,
        "PEERS_KEY": secrets.token_hex(32),
        "PYTHONHASHSEED": "0",
        "PYTHONWARNINGS": "ignore",
        "SECRET_KEY": secrets.token_hex(32),
    }
