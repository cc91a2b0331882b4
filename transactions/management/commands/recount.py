"""Compare the month totals with the transactions, and count them anew where they differ."""

from argparse import ArgumentParser

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

from transactions.triggers import differences, install

TOLD = 20  # totals that are named


class Command(BaseCommand):
    help = (
        "Compare the sums of each month, which summaries read, with the transactions. Where they differ, make the"
        " triggers anew and count all transactions, which holds up writes meanwhile."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="only compare; exit with 1 where they differ")

    def handle(self, *args: object, check: bool = False, **options: object) -> None:
        """Print the totals that differ and what was done; raises CommandError if they differ and are only compared."""
        with transaction.atomic():
            if connection.vendor == "postgresql":  # whose limits are for requests
                connection.cursor().execute("SET LOCAL statement_timeout = 0")
            found = differences(connection)
        if not found:
            self.stdout.write("The month totals are right.")
            return
        for owner, date, currency, kind, category in found[:TOLD]:
            self.stdout.write(f"Wrong: owner {owner}, month {str(date)[:7]}, {currency}, {kind}, category {category}")
        if len(found) > TOLD:
            self.stdout.write(f"... and {len(found) - TOLD} more")
        if check:
            raise CommandError(f"{len(found)} month totals are wrong: manage.py recount counts them anew.")
        with connection.schema_editor() as editor:
            install(apps, editor)
        self.stdout.write(f"{len(found)} month totals were wrong: all are counted anew.")
