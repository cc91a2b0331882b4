"""Compare the month totals with the transactions, and count them again if they differ."""

from argparse import ArgumentParser

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

from transactions.triggers import differences, install

SHOWN = 20  # wrong totals that are listed


class Command(BaseCommand):
    help = (
        "Compare the month totals, which summaries read, with the transactions. If they differ, create the triggers"
        " again and count all transactions. Writes wait meanwhile."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="only compare; exit with 1 if they differ")

    def handle(self, *args: object, check: bool = False, **options: object) -> None:
        """Print the totals that differ and what was done. Raises CommandError with --check if some differ."""
        with transaction.atomic():
            if connection.vendor == "postgresql":  # its time limit is for requests
                connection.cursor().execute("SET LOCAL statement_timeout = 0")
            found = differences(connection)
        if not found:
            self.stdout.write("The month totals are right.")
            return
        for owner, date, currency, type_, category in found[:SHOWN]:
            self.stdout.write(f"Wrong: owner {owner}, month {str(date)[:7]}, {currency}, {type_}, category {category}")
        if len(found) > SHOWN:
            self.stdout.write(f"... and {len(found) - SHOWN} more")
        if check:
            raise CommandError(f"{len(found)} month totals are wrong: manage.py recount counts them again.")
        with connection.schema_editor() as editor:
            install(apps, editor)
        self.stdout.write(f"{len(found)} month totals were wrong: all have been counted again.")
