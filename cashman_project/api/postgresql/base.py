"""Django's PostgreSQL backend, whose health check costs no round trip."""

import select
from typing import Any

from django.db.backends.postgresql import base
from psycopg2 import Error


class DatabaseWrapper(base.DatabaseWrapper):
    connection: Any

    def is_usable(self) -> bool:
        """Return whether the connection, on which nothing is under way, is open on the server's side, too.

        The server is silent until it is asked. What it says uncalled is that it ends the connection
        (or something else that a new connection does well without), and then there is something to
        read. Django would ask it "SELECT 1" before the first query of every request.
        """
        try:
            poll = select.poll()
            poll.register(self.connection, select.POLLIN)
            return not poll.poll(0)
        except Error:  # closed on this side
            return False
