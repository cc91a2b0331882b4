"""Hashing passwords, which takes 100 MiB and every core there is, for a while."""

from threading import BoundedSemaphore
from typing import Any

from django.contrib.auth.hashers import Argon2PasswordHasher

from cashman_project.api.text import compose

# In one process. The others wait their turn: no more can than the process has threads, so nobody waits for long.
AT_ONCE = BoundedSemaphore(2)

MAX_PASSWORD = 1_000  # characters: hashing a longer one would cost more than it protects


def compose_password(password: str) -> str:
    """Return a password in the form that is hashed (NFC), since keyboards differ in how they compose a letter."""
    return compose(password, MAX_PASSWORD)


class FewAtOnceHasher(Argon2PasswordHasher):
    """argon2id, for two passwords at a time. It hashes them composed, and compares them as they are."""

    def encode(self, password: str, salt: str) -> Any:
        with AT_ONCE:
            return super().encode(compose_password(password), salt)

    def verify(self, password: str, encoded: str) -> bool:
        with AT_ONCE:
            return super().verify(password, encoded)
