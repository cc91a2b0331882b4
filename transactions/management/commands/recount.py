"""Compare the month totals with the transactions, and count them again if they differ."""

from argparse import ArgumentParser

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

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
            self.stdout.write(_("The month totals are right."))
            return
        for owner, date, currency, type_, category, *_others in found[:SHOWN]:
            message = _("Wrong: owner %(owner)s, month %(month)s, %(currency)s, %(type)s, category %(category)s")
            values = {"owner": owner, "month": str(date)[:7], "currency": currency, "type": type_, "category": category}
            self.stdout.write(message % values)
        count = {"count": len(found)}
        if len(found) > SHOWN:
            self.stdout.write(_("... and %(count)d more") % {"count": len(found) - SHOWN})
        if check:
            message = ngettext(
                "%(count)d month total is wrong: manage.py recount counts it again.",
                "%(count)d month totals are wrong: manage.py recount counts them again.",
                len(found),
            )
            raise CommandError(message % count)
        with connection.schema_editor() as editor:
            install(apps, editor)
        message = ngettext(
            "%(count)d month total was wrong: all have been counted again.",
            "%(count)d month totals were wrong: all have been counted again.",
            len(found),
        )
        self.stdout.write(message % count)
