"""Serve the application with granian, for production and for `make run` alike."""

import os
import socket
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from cashman_project.api.clients import READERS, SENDERS
from cashman_project.api.connections import CONNECTIONS


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
        numbers = (settings.PORT, settings.WORKERS, CONNECTIONS + SENDERS + READERS)
        sys.stdout.flush()  # the new program knows nothing of what is buffered
        os.execv(sys.executable, [sys.executable, "-m", "cashman_project.server", host, *map(str, numbers)])
