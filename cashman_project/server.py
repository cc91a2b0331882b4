"""The server: granian, in which a worker that dies is replaced, however many do.

`python -m cashman_project.server HOST PORT WORKERS THREADS` is what `manage.py serve` becomes. Granian ends if a worker
dies within seconds of its own start, whoever killed it. Here only a worker that ends by itself before it has loaded the
application counts, and only FAILURES of them in a row end the server: docs/adr/0023-worker-supervision.md.
"""

import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.server import MPServer

logger = logging.getLogger("granian")

FAILURES = 5  # in a row, after which the next would fail as well
# Seconds that a worker has to end its requests in.
PATIENCE = 30
START = 10  # seconds that a worker needs at most until it serves
SECOND_TIME = 2  # seconds after which it is told to end again
KILLED = (-signal.SIGKILL, -signal.SIGTERM)  # exit statuses of a worker that somebody else ended


class Server(MPServer):
    """Serves the application on a port, with that many processes of at most that many threads."""

    def __init__(self, host: str, port: int, workers: int, threads: int) -> None:
        super().__init__(
            "cashman_project.wsgi:application",
            address=host,
            port=port,
            interface=Interfaces.WSGI,
            http=HTTPModes.http1,  # HTTP/2 lets a body come without its length, which WSGI shows as none at all
            websockets=False,
            workers=workers,
            blocking_threads=threads,
            workers_kill_timeout=PATIENCE,
        )
        self._reports, self._report = Pipe(duplex=False)
        self._loaded: set[int] = set()  # process ids
        self._failures = 0

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT. Raises SystemExit (1) if no worker can start."""
        # Past MPServer.serve, which does the same but warns of many threads first: most of ours wait for clients.
        super(MPServer, self).serve(target_loader=partial(load_application, self._report), wrap_loader=False)

    def signal_handler_interrupt(self, *args: Any, **kwargs: Any) -> None:
        """End, on SIGTERM or SIGINT. A worker has this of the server until it serves, and has nothing to finish."""
        if os.getpid() != self.pid:
            os._exit(0)
        super().signal_handler_interrupt()  # type: ignore[no-untyped-call]  # granian's

    def _serve_loop(self, spawn_target: Callable[..., None], target_loader: Callable[..., Any]) -> None:
        """Replace workers that have died, until the server is told to end or a start is hopeless."""
        while True:
            self.main_loop_interrupt.wait()
            self.main_loop_interrupt.clear()  # before anything is looked at, so that nothing is missed
            if self.interrupt_signal:
                self.interrupt_children.clear()  # they are no reason to end with an error
                return
            while self.interrupt_children and not self.interrupt_signal:
                index = self.interrupt_children[0]
                self._count(self.wrks[index].inner)
                if self._failures >= FAILURES:
                    logger.error("No worker can start: %d have failed in a row, see above. Exiting.", self._failures)
                    return
                del self.interrupt_children[0]
                self._respawn_workers([index], spawn_target, target_loader)

    def _stop_workers(self) -> None:
        """End the workers, as granian does. Those that started lately are told twice.

        A worker that is about to serve may not hear it the first time.
        """
        lately = time.monotonic() - START
        for index, started in self.respawned_wrks.items():
            if started > lately:
                self.wrks[index].terminate()
                self.wrks[index].join(SECOND_TIME)
        super()._stop_workers()  # type: ignore[no-untyped-call]  # granian's

    def _count(self, dead: Any) -> None:
        """Count the dead worker's process if its start failed; start anew if one has been a success."""
        while self._reports.poll():
            self._loaded.add(int(self._reports.recv_bytes()))
            self._failures = 0
        if dead.pid in self._loaded:
            self._loaded.remove(dead.pid)
        elif dead.exitcode not in KILLED:
            self._failures += 1


def load_application(report: Connection) -> Any:
    """Return the WSGI application, in a worker, and start the housekeeping beside it; tell the server so."""
    from cashman_project.wsgi import application  # first, since it sets Django up
    from users import housekeeping

    housekeeping.start()
    report.send_bytes(str(os.getpid()).encode())  # one write, which no death can cut in two
    return application


if __name__ == "__main__":
    Server(sys.argv[1], *map(int, sys.argv[2:])).run()
