"""The user that a command is about."""

from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from users.models import User


def user_of(name: str) -> User:
    """Return the user with this name, however it is written. Raises CommandError."""
    try:
        return User.objects.get_by_natural_key(name)
    except User.DoesNotExist:
        raise CommandError(_("There is no user with the name %(name)r.") % {"name": name}) from None
