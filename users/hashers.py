"""Hashing passwords, which takes 100 MiB and every core there is, for a while."""

from threading import BoundedSemaphore
from typing import Any

from django.contrib.auth.hashers import Argon2PasswordHasher

# In one process. The others wait their turn: no more can than the process has threads, so nobody waits for long.
AT_ONCE = BoundedSemaphore(2)


class FewAtOnceHasher(Argon2PasswordHasher):
    """argon2id, for two passwords at a time."""

    def encode(self, password: str, salt: str) -> Any:
        with AT_ONCE:
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        with AT_ONCE:
            return super().verify(password, encoded)
