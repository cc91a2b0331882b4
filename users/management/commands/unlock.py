"""Unlock an account after too many failed login attempts."""

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from users.login_throttle import unlock


class Command(BaseCommand):
    help = "Forget the failed login attempts for a user name, so that the right password is accepted at once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: object, username: str, **options: object) -> None:
        """Unlock the account and print whether it was locked."""
        is_unlocked = unlock(username)
        self.stdout.write(_("Unlocked.") if is_unlocked else _("There were no failed login attempts for this name."))
