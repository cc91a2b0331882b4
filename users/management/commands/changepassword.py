"""Django's `changepassword`, which finds a user by any way to write the name, as signing in does."""

from django.contrib.auth.management.commands import changepassword

from users.management.users import user_of


class Command(changepassword.Command):
    help = "Set a user's new password. The name may be written as for signing in. All logins of the user end."

    def handle(self, *args: object, username: str | None, database: str, **options: object) -> str | None:
        """Ask for the new password twice, and set it. Raises CommandError if there is no such user."""
        if username:
            username = user_of(username, database).username
        message: str | None = super().handle(*args, username=username, database=database, **options)
        return message
