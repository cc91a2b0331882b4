"""Let somebody in again after too many wrong passwords."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from users.login_throttle import unlock


class Command(BaseCommand):
    help = "Forget the wrong passwords that were tried for a user's name, so that the right one is taken at once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        """Unlock the account, and say whether it was necessary."""
        self.stdout.write("Unlocked." if unlock(username) else "Nothing was counted for this name.")
