"""The service's settings, but that hashing a password takes no time: neither in the tests nor in what they start."""

from cashman_project.settings import *  # noqa: F403

PASSWORD_HASHERS = ["users.tests.hashers.CheapHasher"]
