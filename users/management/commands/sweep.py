"""Delete what has expired, now."""

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from users.housekeeping import sweep


class Command(BaseCommand):
    help = (
        "Delete expired idempotency keys, logins and browser sessions, and history that is no longer kept. "
        "The service does so itself once a day."
    )

    def handle(self, *args: object, **options: object) -> None:
        """Delete what has expired and print the number of rows of each kind."""
        counts = ", ".join(f"{count} {name}" for name, count in sweep().items())
        self.stdout.write(_("Deleted what had expired: %(counts)s.") % {"counts": counts})
