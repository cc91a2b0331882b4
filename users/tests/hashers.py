"""The service's own hashers with less work, which count what they do.

HASHES names a file that grows by a byte with each hash, in whatever process.
"""

import os
import threading
from typing import Any

from django.contrib.auth.hashers import Argon2PasswordHasher

from transactions.tests.live import PATIENCE
from users.hashers import BoundedArgon2Hasher

HERE = "users.tests.hashers"


class _Cheap(Argon2PasswordHasher):
    time_cost = 1
    memory_cost = 1024  # KiB
    parallelism = 1


class CheapHasher(BoundedArgon2Hasher, _Cheap):
    """Takes no time."""


class _Counting(_Cheap):
    def encode(self, password: str, salt: str) -> Any:
        _note()
        return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        _note()
        return super().verify(password, encoded)


class CountingHasher(BoundedArgon2Hasher, _Counting):
    """Counts each hash."""


class _Meeting(_Cheap):
    lock = threading.Lock()
    two = threading.Event()
    inside = most = 0

    def encode(self, password: str, salt: str) -> Any:
        with self.lock:
            _Meeting.inside += 1
            _Meeting.most = max(self.most, self.inside)
            if self.inside == 2:
                self.two.set()
        assert self.two.wait(PATIENCE)
        try:
            return super().encode(password, salt)
        finally:
            with self.lock:
                _Meeting.inside -= 1


class MeetingHasher(BoundedArgon2Hasher, _Meeting):
    """`most` is how many were hashing at the same time. The first one waits for a second."""


def _note() -> None:
    with open(os.environ["HASHES"], "ab", buffering=0) as file:
        file.write(b".")
