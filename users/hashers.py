"""Password hashing, which takes 100 MiB and all cores for a while."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from threading import BoundedSemaphore
from typing import Any

from django.contrib.auth.hashers import Argon2PasswordHasher
from django.db import connection
from django.utils.translation import gettext_lazy as _

from cashman_project.api.errors import Unavailable
from cashman_project.db.connection_pool import POOL
from cashman_project.texts import compose

# In one process. Of the others a few wait their turn, so nobody waits for long, and most threads are left to those who
# sign in by nothing. Anybody can have passwords hashed: there need not be a user.
AT_ONCE = BoundedSemaphore(2)
WAITING = BoundedSemaphore(16)

MAX_PASSWORD = 1_000  # characters: hashing a longer one would cost more than it protects


def compose_password(password: str) -> str:
    """Return a password in the form that is hashed (NFC), since keyboards differ in how they compose a letter."""
    return compose(password, MAX_PASSWORD)


class BoundedArgon2Hasher(Argon2PasswordHasher):
    """argon2id, for two passwords at a time. It hashes them composed, and compares them as they are."""

    def encode(self, password: str, salt: str) -> Any:
        with _turn():
            return super().encode(compose_password(password), salt)

    def verify(self, password: str, encoded: str) -> bool:
        with _turn():
            return super().verify(password, encoded)


@contextmanager
def _turn() -> Iterator[None]:
    """Wait until a password may be hashed, without a database connection: others need it meanwhile.

    Raises Unavailable (503) if too many wait.
    """
    if not AT_ONCE.acquire(blocking=False):
        if not WAITING.acquire(blocking=False):
            raise Unavailable(_("Too many passwords are being checked. Try again in a moment."))
        try:
            with nullcontext() if connection.in_atomic_block else POOL.set_aside():
                AT_ONCE.acquire()
        finally:
            WAITING.release()
    try:
        yield
    finally:
        AT_ONCE.release()
