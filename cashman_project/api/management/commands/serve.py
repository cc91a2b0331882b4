"""Serve the application with granian, for production and for `make run` alike."""

import os
import socket
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

# Per worker. Each keeps a database connection, and a PostgreSQL server has about a hundred for all.
THREADS = min(8, 2 * (os.cpu_count() or 1))
# Seconds that a worker has to end. One that is told to while it is starting never hears it.
PATIENCE = 30


class Command(BaseCommand):
    help = "Serve with granian on PORT, with WORKERS processes. With DEBUG on, this machine alone can reach it."

    def handle(self, *args: Any, **options: Any) -> None:
        """Become the server: the process keeps its id, and ends on SIGTERM or SIGINT.

        Raises CommandError where the port can't be had.
        """
        host = "127.0.0.1" if settings.DEBUG else "0.0.0.0"  # noqa: S104  # a container is reached from outside
        try:  # granian would share a port that is taken by another one, and so their requests
            socket.create_server((host, settings.PORT)).close()
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise CommandError(f"Port {settings.PORT} can't be had: {reason}. Set PORT to another one.") from None
        arguments = {
            "--interface": "wsgi",
            "--http": "1",  # HTTP/2 lets a body come without its length, which WSGI shows as none at all
            "--host": host,
            "--port": str(settings.PORT),
            "--workers": str(settings.WORKERS),
            "--blocking-threads": str(THREADS),
            "--workers-kill-timeout": str(PATIENCE),
        }
        command = [sys.executable, "-m", "granian", "--respawn-failed-workers", "--no-ws"]
        command += [word for argument in arguments.items() for word in argument]
        sys.stdout.flush()  # the new program knows nothing of what is buffered
        os.execv(sys.executable, [*command, "cashman_project.worker:application"])
