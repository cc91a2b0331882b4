"""Finds the user of a name and a password: at the API, on the pages and in the admin."""

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from .login_throttle import throttled_login
from .models import User, username_key


class ThrottledBackend(ModelBackend):
    """Django's own backend, but names and passwords may be typed in any Unicode form, and attempts are throttled."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: object
    ) -> User | None:
        """Return the active user with this name and password, or None.

        Raises Throttled (429) after too many failures.
        """
        if username is None or password is None:
            return None
        return throttled_login(request, username, lambda: self._user(username, password))

    def _user(self, username: str, password: str) -> User | None:
        user = User.objects.filter(username_key=username_key(username)).first()
        # If there is no such user, a password is hashed too, so that the time doesn't tell whether there is one.
        is_right = (user or User()).check_password(password)
        return user if user and is_right and self.user_can_authenticate(user) else None
