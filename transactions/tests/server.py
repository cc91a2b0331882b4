"""What tests ask about the database's server."""

import pytest
from django.db import connection

from cashman_project.db.postgresql.citus import has_citus

WAITING = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid)))"
WAITING_ON_CITUS = "SELECT EXISTS (SELECT FROM citus_lock_waits WHERE blocking_gpid = citus_backend_gpid())"


def holds_others_up() -> bool:
    """Return whether another session waits for a lock of this transaction. On Citus, it waits at a worker."""
    query = WAITING_ON_CITUS if has_citus(connection) else WAITING
    with connection.cursor() as cursor:
        cursor.execute(query)
        [waits] = cursor.fetchone()
    return bool(waits)


def need_one_server() -> None:
    """Skip the test behind a pooler and on Citus."""
    if connection.vendor == "postgresql":
        connection.ensure_connection()
        if not connection.is_one_server:  # type: ignore[attr-defined]  # of our own backend
            pytest.skip("a row is created in one round trip only without a pooler and without Citus")
