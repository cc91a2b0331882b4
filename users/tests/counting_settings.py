"""The service's settings, but for a hasher that counts."""

from cashman_project.settings import *  # noqa: F403

PASSWORD_HASHERS = ["users.tests.hashers.CountingHasher"]
