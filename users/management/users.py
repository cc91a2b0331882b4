"""The user that a command is about."""

from django.core.management.base import CommandError
from django.db import DEFAULT_DB_ALIAS
from django.utils.translation import gettext as _

from users.models import User


def user_of(name: str, database: str = DEFAULT_DB_ALIAS) -> User:
    """Return the user with this name, however it is written. Raises CommandError."""
    try:
        return User.objects.db_manager(database).get_by_natural_key(name)
    except User.DoesNotExist:
        raise CommandError(_("There is no user with the name %(name)r.") % {"name": name}) from None
