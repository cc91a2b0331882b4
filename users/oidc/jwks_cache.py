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
TIMEOUT = 2  # of a fetch, and so of the longest wait
FRESH = 300  # a set is fetched anew, beside the requests, when it is older
KEPT = 3600  # what the last good set is used for while no other can be had
SEARCH = 30  # between two fetches for the sake of an unknown key
PAUSE = 5  # after a fetch that failed

logger = logging.getLogger(__name__)


class KeysUnavailable(Unavailable):
    """503: the issuer's keys can't be had, so none of its tokens can be told from a wrong one."""

    default_detail = _("The keys of this token's issuer can't be reached. Try again in a moment.")

    def __init__(self, wait: int) -> None:
        super().__init__()
        self.wait = wait


class UnknownKey(Exception):
    """The issuer has no key of this name."""


class JWKSCache:
    """The keys of one issuer, fetched when asked for, by one thread at a time."""

    def __init__(
        self, issuer: str, keys_url: str, *, timeout: float = TIMEOUT, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.issuer = issuer
        self.keys_url = keys_url
        self.timeout = timeout
        self._clock = clock
        self._state = threading.Lock()  # held for a few instructions, never while the network is waited for
        self._fetching = False
        self._set: JWKSet | None = None  # the last good one
        self._fetched = self._failed = self._searched = -math.inf

    def find(self, kid: str | None) -> RSAPublicKey:
        """Return the key `kid`, or the only one for None.

        Raises UnknownKey where the issuer has none of this name, KeysUnavailable (503) where that can't be found out.
        """
        with self._state:
            fetcher = self._start_fetcher(kid)
        if fetcher is not None:
            fetcher.join(self.timeout)
        with self._state:
            return self._answer(kid)

    def _start_fetcher(self, kid: str | None) -> threading.Thread | None:
        """Start a fetch where one is due; return its thread if there is no answer without it."""
        now = self._clock()
        held = self._held(now)
        found = held is not None and held.find(kid) is not None
        due = self._failed + PAUSE
        if found:
            due = max(due, self._fetched + FRESH)
        elif held is not None:
            due = max(due, self._searched + SEARCH)
        if self._fetching or now < due:
            return None
        if held is not None and not found:
            self._searched = now
        # A thread of its own, since nothing else bounds how long a name is looked up.
        fetcher = threading.Thread(target=self._fetch, name=f"keys of {self.issuer}", daemon=True)
        fetcher.start()
        self._fetching = True  # until it has the state, which is held here
        return None if found else fetcher

    def _answer(self, kid: str | None) -> RSAPublicKey:
        held = self._held(self._clock())
        key = held.find(kid) if held is not None else None
        if key is not None:
            return key
        if self._fetching:
            raise KeysUnavailable(TIMEOUT)
        if held is None or self._failed >= self._fetched:
            raise KeysUnavailable(PAUSE)
        raise UnknownKey(kid)

    def _held(self, now: float) -> JWKSet | None:
        return self._set if now < self._fetched + KEPT else None

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
