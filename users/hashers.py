"""Password hashing. Each password takes 100 MiB and all cores for a while."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from threading import BoundedSemaphore

from django.contrib.auth.hashers import Argon2PasswordHasher
from django.db import connection
from django.utils.translation import gettext_lazy as _

from cashman_project.api.errors import Unavailable
from cashman_project.db.connection_pool import POOL
from cashman_project.texts import compose

# How many passwords one process hashes at the same time, and how many requests may wait for that. The second number is
# small, so that nobody waits for long, and most threads stay free for requests without a password. There need not be a
# user: anybody can make the service hash passwords.
HASHING = BoundedSemaphore(2)
WAITING = BoundedSemaphore(16)

MAX_PASSWORD = 1_000  # characters: hashing a longer one would cost more than it protects


def compose_password(password: str) -> str:
    """Return a password in the form that is hashed (NFC), because keyboards differ in how they compose a letter."""
    return compose(password, MAX_PASSWORD)


class BoundedArgon2Hasher(Argon2PasswordHasher):
    """argon2id, for two passwords at a time. It composes passwords before it hashes them, but not to compare them."""

    def encode(self, password: str, salt: str) -> str:
        with _turn():
            encoded: str = super().encode(compose_password(password), salt)
        return encoded

    def verify(self, password: str, encoded: str) -> bool:
        with _turn():
            return super().verify(password, encoded)


@contextmanager
def _turn() -> Iterator[None]:
    """Wait until a password may be hashed. Meanwhile others may use the thread's database connection.

    Raises Unavailable (503) if too many wait.
    """
    if not HASHING.acquire(blocking=False):
        if not WAITING.acquire(blocking=False):
            raise Unavailable(_("Too many passwords are being checked. Try again in a moment."))
        try:
            with nullcontext() if connection.in_atomic_block else POOL.set_aside():
                HASHING.acquire()
        finally:
            WAITING.release()
    try:
        yield
    finally:
        HASHING.release()
