"""Serve the application with granian, for production and for `make run` alike."""

import errno
import os
import socket
import sys

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS, connection
from django.utils.translation import gettext as _

from cashman_project.api.slow_clients import READERS, SENDERS
from cashman_project.db.connection_pool import CONNECTIONS


class Command(BaseCommand):
    help = "Serve with granian on HOST and PORT, with WORKERS processes."

    def handle(self, *args: object, **options: object) -> None:
        """Replace this process with the server. It keeps its process id and ends on SIGTERM or SIGINT.

        Raises CommandError if HOST and PORT can't be used or a check of the database fails, and OperationalError if the
        database can't be reached.
        """
        connection.ensure_connection()
        self.check(
            databases=[DEFAULT_DB_ALIAS]
        )  # once, and not in each worker, because the check of the users' passwords takes time
        connection.close()
        check_free(settings.HOST, settings.PORT)
        numbers = (settings.PORT, settings.WORKERS, CONNECTIONS + SENDERS + READERS)
        sys.stdout.flush()  # what is still buffered would be lost
        os.execv(sys.executable, [sys.executable, "-m", "cashman_project.server", settings.HOST, *map(str, numbers)])


def check_free(host: str, port: int) -> None:
    """Raise CommandError if the port can't be used. If it is taken, granian would share it and its requests."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        name = "HOST" if error.errno == errno.EADDRNOTAVAIL else "PORT"
        message = _("Port %(port)s of %(host)s can't be used: %(reason)s. Set %(name)s to another one.")
        values = {"port": port, "host": host, "reason": os.strerror(error.errno or 0), "name": name}
        raise CommandError(message % values) from None
