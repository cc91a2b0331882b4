"""How a name and a password become a user: at the API, on the pages and in the admin."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from .login_throttle import throttled_login
from .models import User, username_key


class ThrottledBackend(ModelBackend):
    """Django's own, with names and passwords in whatever form they are typed, less the guessing."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        """Return the active user of this name and password, or None; raises Throttled (429) after too many failures."""
        if username is None or password is None:
            return None
        return throttled_login(request, username, lambda: self._user(username, password))

    def _user(self, username: str, password: str) -> User | None:
        user = User.objects.filter(username_key=username_key(username)).first()
        # Nobody's password is checked, too, so that it takes as long, whatever is typed, whoever there is.
        is_right = (user or User()).check_password(password)
        return user if user and is_right and self.user_can_authenticate(user) else None
