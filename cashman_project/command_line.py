"""The command line. If the database or a file can't be used, it says so in one line, without a traceback."""

import sqlite3
import sys
from collections.abc import Sequence

from django.conf import settings
from django.core.management import execute_from_command_line
from django.db import InterfaceError, OperationalError, ProgrammingError
from django.utils.translation import gettext as _

UNDEFINED_TABLE = "42P01"  # PostgreSQL's code


def run(arguments: Sequence[str]) -> None:
    """Run the management command that is named by `arguments`, which are those of the process.

    Raises SystemExit with one line if the database can't be used, or if a file can't be read or written. With the
    option --traceback, it raises the error itself.
    """
    try:
        execute_from_command_line(list(arguments))
    except (OperationalError, InterfaceError, ProgrammingError, OSError) as error:
        message = _message(error)
        if not message or "--traceback" in arguments:
            raise
        sys.exit(message)


def _message(error: Exception) -> str:
    """Return one line that says what is wrong, or "" if the error is probably a bug."""
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}" if error.filename else ""
    reason = " ".join(str(error).split())
    if "no such table" in reason or getattr(error.__cause__, "pgcode", None) == UNDEFINED_TABLE:
        message = _("Database %(database)s lacks tables: run python manage.py migrate (%(reason)s)")
        return message % {"database": database_name(), "reason": reason}
    is_sql = getattr(error.__cause__, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR
    if is_sql or isinstance(error, ProgrammingError):
        return ""
    message = _("Database %(database)s can't be used: %(reason)s") % {"database": database_name(), "reason": reason}
    if "unsupported startup parameter" in reason:
        message += ". " + _("If this is a pooler, set DISABLE_SERVER_SIDE_CURSORS to on.")
    return message


def database_name() -> str:
    """Return the database as DATABASE_URL would name it, without the password."""
    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite"):
        return f"sqlite:///{database['NAME']}"
    user = f"{database['USER']}@" if database["USER"] else ""
    port = f":{database['PORT']}" if database["PORT"] else ""
    return f"postgres://{user}{database['HOST']}{port}/{database['NAME']}"
