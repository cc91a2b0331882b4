"""System checks of the environment: a wrong or missing value stops the start, a misspelt name is a warning, and so are
the limits that a pooler lacks."""

import os
from collections.abc import Sequence

from django.core import checks
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.translation import gettext as _

from ..environment import names, told
from ..misspelt import misspelt


@checks.register(checks.Tags.security)
def check_environment(**kwargs: object) -> list[checks.CheckMessage]:
    """api.E001: each variable of the environment that is wrong or missing."""
    return [checks.Error(fault, id="api.E001") for fault in told()]


@checks.register(checks.Tags.security)
def check_misspelt(**kwargs: object) -> list[checks.CheckMessage]:
    """api.W001: each variable of the environment with nearly the name of a setting. Another program may use it."""
    message = _("%(name)s: not a setting of Cashman; %(right)s is. Is it misspelt?")
    return [
        checks.Warning(message % {"name": name, "right": right}, id="api.W001")
        for name, right in misspelt(os.environ, names).items()
    ]


@checks.register(checks.Tags.database)
def check_pooler(databases: Sequence[str] | None, **kwargs: object) -> list[checks.CheckMessage]:
    """api.E009 and api.W002: a pooler that the settings don't mention, and one whose sessions have no limits.

    Raises OperationalError if the database can't be used.
    """
    used = [connections[alias] for alias in databases or ()]
    return [found for connection in used if connection.vendor == "postgresql" for found in _pooler(connection)]


def _pooler(connection: BaseDatabaseWrapper) -> list[checks.CheckMessage]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT PG_BACKEND_PID(), CURRENT_SETTING('statement_timeout'), CURRENT_SETTING('lock_timeout')")
        process, *limits = cursor.fetchone()
    if not connection.settings_dict.get("POOLED"):
        if process == connection.connection.info.backend_pid:
            return []
        message = _("A pooler is in front of PostgreSQL, but DISABLE_SERVER_SIDE_CURSORS is off. Set it to on.")
        return [checks.Error(message, id="api.E009")]
    if "0" not in limits:
        return []
    message = _(
        "Behind the pooler, statements have no time limit. Set statement_timeout and lock_timeout for the user."
    )
    hint = _("docs/scale.md has the two statements.")
    return [checks.Warning(message, hint=hint, id="api.W002")]
