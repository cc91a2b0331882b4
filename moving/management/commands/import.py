"""Bring an export into the empty ledger of a user."""

import sys
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException

from cashman_project.api.problems import problem_of
from cashman_project.db.retry import in_transaction
from cashman_project.progress import Bar
from moving.services.reading import Read
from moving.services.restoring import check_empty, restore
from users.management.users import user_of


class Command(BaseCommand):
    help = "Bring an export into the ledger of a user, which must be empty, as POST /me/import does."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--user", required=True, help="the user's name")

    def handle(self, *args: object, file: Path, user: str, **options: object) -> None:
        """Write all rows or none. Raises CommandError."""
        owner = user_of(user)
        try:
            with file.open("rb") as source:
                check_empty(owner)
                read = Read(source)
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from None
        except APIException as error:
            raise CommandError(problem_of(error)["detail"]) from None
        bar = Bar(sys.stderr, sum(read.counts.values()))
        try:
            in_transaction(lambda: restore(owner, read, bar.add))
        except APIException as error:
            raise CommandError(problem_of(error)["detail"]) from None
        finally:
            read.close()
            bar.end()
        message = _("%(rows)d rows are in the ledger of %(user)s.")
        self.stdout.write(message % {"rows": sum(read.counts.values()), "user": owner.username})
