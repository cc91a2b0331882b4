"""How a name and a password become a user, wherever they are typed: the API, its pages, the admin."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from .guessing import guarded
from .models import User


class GuardedBackend(ModelBackend):
    """Django's own, which hashes once whoever is asked for, less the guessing."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        """Return the active user of this name and password, or None; raises Throttled (429) after too many failures."""
        if username is None or password is None:
            return None
        ask = super().authenticate
        return guarded(request, username, lambda: ask(request, username, password))
