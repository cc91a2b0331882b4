"""A cache of an identity provider's public keys. Only the request that starts a fetch waits for it.

The reasons are in docs/adr/0012-identity-provider.md.
"""

import logging
import math
import threading
import time
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from django.utils.translation import gettext_lazy as _

from cashman_project.api.errors import Unavailable

from .jwks_fetch import JWKSError, JWKSet, fetch_jwks

# Seconds.
TIMEOUT = 2  # for a fetch, and so the longest wait
FRESH = 300  # an older set is fetched again in the background
LONGEST_USE = 3600  # how long the last good set is used if no other can be fetched
SEARCH_PAUSE = 30  # between two fetches because of an unknown key
ERROR_PAUSE = 5  # after a fetch that failed

logger = logging.getLogger(__name__)


class KeysUnavailable(Unavailable):
    """503: the provider's keys can't be fetched, so its tokens can't be checked."""

    default_detail = _("The keys of this token's identity provider can't be reached. Try again in a moment.")

    def __init__(self, wait: int) -> None:
        super().__init__()
        self.wait = wait


class UnknownKey(Exception):
    """The provider has no key with this id."""


class JWKSCache:
    """The keys of one provider, fetched when they are needed, by one thread at a time."""

    def __init__(
        self, issuer: str, keys_url: str, *, timeout: float = TIMEOUT, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.issuer = issuer
        self.keys_url = keys_url
        self.timeout = timeout
        self._clock = clock
        self._state = threading.Lock()  # held for a few instructions, never during network access
        self._fetching = False
        self._set: JWKSet | None = None  # the last good one
        self._fetched = self._failed = self._searched = -math.inf

    def find(self, kid: str | None) -> RSAPublicKey:
        """Return the key `kid`, or the only one for None.

        Raises UnknownKey if the provider has no key with this id, KeysUnavailable (503) if the keys can't be fetched.
        """
        with self._state:
            fetcher = self._start_fetcher(kid)
        if fetcher is not None:
            fetcher.join(self.timeout)
        with self._state:
            return self._known_key(kid)

    def _start_fetcher(self, kid: str | None) -> threading.Thread | None:
        """Start a fetch if one is due. Return its thread if the key is not known without it."""
        now = self._clock()
        keys = self._usable_keys(now)
        found = keys is not None and keys.find(kid) is not None
        due = self._failed + ERROR_PAUSE
        if found:
            due = max(due, self._fetched + FRESH)
        elif keys is not None:
            due = max(due, self._searched + SEARCH_PAUSE)
        if self._fetching or now < due:
            return None
        if keys is not None and not found:
            self._searched = now
        # A separate thread, because looking up a host name has no time limit.
        fetcher = threading.Thread(target=self._fetch, name=f"keys of {self.issuer}", daemon=True)
        fetcher.start()
        self._fetching = True  # the thread resets it, for which it waits until the lock is released here
        return None if found else fetcher

    def _known_key(self, kid: str | None) -> RSAPublicKey:
        keys = self._usable_keys(self._clock())
        key = keys.find(kid) if keys is not None else None
        if key is not None:
            return key
        if self._fetching:
            raise KeysUnavailable(TIMEOUT)
        if keys is None or self._failed >= self._fetched:
            raise KeysUnavailable(ERROR_PAUSE)
        raise UnknownKey(kid)

    def _usable_keys(self, now: float) -> JWKSet | None:
        return self._set if now < self._fetched + LONGEST_USE else None

    def _fetch(self) -> None:
        fetched = None
        try:
            fetched = fetch_jwks(self.issuer, self.keys_url, self.timeout)
        except JWKSError as error:
            logger.warning("No keys of %s: %s", self.issuer, error)
        finally:
            with self._state:
                self._fetching = False
                if fetched is None:
                    self._failed = self._clock()
                else:
                    self._set, self._fetched, self._failed = fetched, self._clock(), -math.inf
