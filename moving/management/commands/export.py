"""Write everything of a user to a zip."""

import os
import sys
from contextlib import suppress
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS
from django.utils.translation import gettext as _

from cashman_project.db.snapshot import snapshot
from cashman_project.progress import Bar
from moving.files import FILES
from moving.services.export import write_export
from users.management.users import user_of


class Command(BaseCommand):
    help = (
        "Write everything of a user to a zip, as GET /me/export does. POST /me/import, or `import`, takes it in again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--user", required=True, help="the user's name")

    def handle(self, *args: object, file: Path, user: str, **options: object) -> None:
        """Write the file, which only its owner may read. Raises CommandError if it is there already."""
        owner = user_of(user)
        try:
            target = open(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600), "w+b")  # noqa: SIM115  # closed below
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from None
        bar = Bar(sys.stderr, 0)
        try:
            with target, snapshot(DEFAULT_DB_ALIAS):
                bar = Bar(sys.stderr, sum(one.rows(owner.pk).order_by().count() for one in FILES))
                write_export(owner, target, bar.add)
        except BaseException:
            with suppress(OSError):
                file.unlink()
            raise
        finally:
            bar.end()
        message = _("%(rows)d rows of %(user)s are in %(file)s.")
        self.stdout.write(message % {"rows": bar.done, "user": owner.username, "file": file})
