"""Workers die, and the server goes on; one that can't start at all ends it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from transactions.tests.live import LiveServer, serve

pytestmark = pytest.mark.live


def successor_of(server: LiveServer, worker: int) -> int:
    """Return the process id of what replaces a worker that has died, once it has begun to start."""
    return int(server.wait_for(rf"Spawning worker-{worker} with PID: (\d+)")[1])


def test_workers_that_die_soon_after_their_start_are_replaced(tmp_path: Path) -> None:
    with serve(tmp_path) as server:
        [worker] = server.worker_pids
        for _time in range(2):
            os.kill(worker, signal.SIGKILL)
            worker = successor_of(server, 1)
            server.wait_for_worker()
            assert server.request("GET", "/readyz").status == 200
        assert server.stop() == 0


def test_workers_that_die_at_the_same_moment_are_replaced(tmp_path: Path) -> None:
    with serve(tmp_path, WORKERS="2") as server:
        workers = server.worker_pids
        for _time in range(2):
            for worker in workers:
                os.kill(worker, signal.SIGKILL)
            workers = [int(server.wait_for(r"Spawning worker-\d+ with PID: (\d+)")[1]) for _worker in workers]
            for _worker in workers:
                server.wait_for_worker()
        assert server.stop() == 0


def test_workers_that_are_killed_while_they_start_are_replaced(tmp_path: Path) -> None:
    with serve(tmp_path) as server:
        [worker] = server.worker_pids
        for _time in range(10):
            os.kill(worker, signal.SIGKILL)
            worker = successor_of(server, 1)
        server.wait_for_worker()
        assert server.request("GET", "/readyz").status == 200


def test_a_worker_that_is_starting_hears_that_it_is_to_end(tmp_path: Path) -> None:
    logs = []
    for attempt in range(5):  # now and then the successor serves before it is told
        with serve(tmp_path, DATABASE_URL=f"sqlite:///{tmp_path / str(attempt)}.sqlite3") as server:
            [worker] = server.worker_pids
            os.kill(worker, signal.SIGKILL)
            successor_of(server, 1)
            assert server.stop() == 0
            logs.append("".join(server.log()))
        if "Started" not in logs[-1]:
            break
    assert "Started" not in logs[-1]
    assert not [log for log in logs if "Killing" in log]


def test_a_server_whose_workers_can_not_start_ends_and_says_so(tmp_path: Path) -> None:
    """As where a package is missing, which the command that starts it does not need."""
    environment = {name: value for name, value in os.environ.items() if name != "DEBUG"}
    environment |= {"JWT_SIGNING_KEY": "too short", "DATABASE_URL": f"sqlite:///{tmp_path}/none.sqlite3"}
    port = LiveServer({}).port

    done = subprocess.run(
        [sys.executable, "-m", "cashman_project.server", "127.0.0.1", str(port), "1", "4"],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    output = done.stdout + done.stderr
    assert done.returncode == 1
    assert output.count("SystemCheckError") >= 5
    assert "No worker can start: 5 have failed in a row, see above. Exiting." in output
