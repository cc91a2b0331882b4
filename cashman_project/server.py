"""The server: granian, but each worker that dies is replaced, even if many die.

`manage.py serve` runs `python -m cashman_project.server HOST PORT WORKERS THREADS`. Granian ends if a worker dies
within seconds of its start, even if it was killed. Here only workers count that end by themselves before they have
loaded the application, and only FAILURES of them in a row end the server: docs/adr/0023-worker-supervision.md.
"""

import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from granian.constants import HTTPModes, Interfaces
from granian.server import MPServer

logger = logging.getLogger("granian")

FAILURES = 5  # in a row: after that, the next worker would fail too
STOP_TIMEOUT = 30  # seconds that a worker has to finish its requests
START_TIMEOUT = 10  # seconds that a worker needs at most to start
STOP_AGAIN_AFTER = 2  # seconds after which a worker is told again to end
KILLED = (-signal.SIGKILL, -signal.SIGTERM)  # exit codes of a worker that somebody killed

Application = Callable[..., Iterable[bytes]]  # a WSGI application, as granian takes it


class Server(MPServer):
    """Serves the application on a port, with that many processes of at most that many threads."""

    def __init__(self, host: str, port: int, workers: int, threads: int) -> None:
        super().__init__(
            "cashman_project.wsgi:application",
            address=host,
            port=port,
            interface=Interfaces.WSGI,
            http=HTTPModes.http1,  # HTTP/2 allows a body without a length, which WSGI would show as an empty one
            websockets=False,
            workers=workers,
            blocking_threads=threads,
            workers_kill_timeout=STOP_TIMEOUT,
        )
        self._reports, self._report = Pipe(duplex=False)
        self._loaded: set[int] = set()  # process ids
        self._failures = 0

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT. Raises SystemExit (1) if no worker can start."""
        # This skips MPServer.serve, which first warns of many threads. Most of our threads only wait for clients.
        super(MPServer, self).serve(target_loader=partial(load_application, self._report), wrap_loader=False)

    def signal_handler_interrupt(self, *args: object, **kwargs: object) -> None:
        """End on SIGTERM or SIGINT. A worker that is still starting has the same handler, and has nothing to finish."""
        if os.getpid() != self.pid:
            os._exit(0)
        super().signal_handler_interrupt()  # type: ignore[no-untyped-call]  # granian's

    def _serve_loop(self, spawn_target: Callable[..., None], target_loader: Callable[..., Application]) -> None:
        """Replace workers that have died, until the server is told to end or no worker can start."""
        while True:
            self.main_loop_interrupt.wait()
            self.main_loop_interrupt.clear()  # before anything is read, so that no event is missed
            if self.interrupt_signal:
                self.interrupt_children.clear()  # so that the server doesn't end with an error
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
        """End the workers, as granian does. Tell those that have just started twice.

        A worker that is starting may miss the first signal.
        """
        for index, started in self.respawned_wrks.items():
            if started > time.monotonic() - START_TIMEOUT:
                self.wrks[index].terminate()
                self.wrks[index].join(STOP_AGAIN_AFTER)
        super()._stop_workers()  # type: ignore[no-untyped-call]  # granian's

    def _count(self, dead: BaseProcess) -> None:
        """Count the dead process if its start failed. If a worker has started since the last call, count from zero."""
        while self._reports.poll():
            self._loaded.add(int(self._reports.recv_bytes()))
            self._failures = 0
        if dead.pid in self._loaded:
            self._loaded.remove(dead.pid)
        elif dead.exitcode not in KILLED:
            self._failures += 1


def load_application(report: Connection) -> Application:
    """Return the WSGI application, in a worker. Start the daily sweep, and tell the server that the worker is ready."""
    from cashman_project.wsgi import application  # first, since it sets Django up
    from users import housekeeping

    housekeeping.start()
    report.send_bytes(str(os.getpid()).encode())  # one write, so a worker that dies can't leave half of it
    return application


if __name__ == "__main__":
    Server(sys.argv[1], *map(int, sys.argv[2:])).run()
