"""Django's `changepassword`, which finds a user by any way to write the name, as signing in does."""

from typing import Any

from django.contrib.auth.management.commands import changepassword

from users.management.users import user_of


class Command(changepassword.Command):
    help = "Set a user's new password. The name may be written as for signing in. All logins of the user end."

    def handle(self, *args: object, **options: Any) -> str | None:  # Any: the options of Django's command
        """Ask for the new password twice, and set it. Raises CommandError if there is no such user."""
        if name := options["username"]:
            options["username"] = user_of(name, options["database"]).username
        message: str | None = super().handle(*args, **options)
        return message
