"""Fetching an identity provider's public keys over HTTP within a time limit, read strictly (JWK Sets, RFC 7517).

The reasons are in docs/adr/0012-identity-provider.md.
"""

import json
import socket
import threading
import time
from collections import Counter
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from cashman_project.environment import secure_url

LARGEST = 200_000  # bytes of a response; a set with its certificates has some 20,000
LEAST_BITS = 2048  # of an RSA key (RFC 7518, section 3.3)


class JWKSError(Exception):
    """A provider has no usable keys; the message says why."""


class JWKSet:
    """The usable keys of a set. If two keys have the same id, that id names neither."""

    def __init__(self, document: object) -> None:
        """Read a parsed JSON document; raises JWKSError if it has no usable key."""
        listed = document.get("keys") if isinstance(document, dict) else None
        if not isinstance(listed, list):
            raise JWKSError("the response is not a key set")
        usable = [(jwk.get("kid"), key) for jwk in listed if (key := _rsa_key(jwk))]
        names = Counter(kid for kid, _key in usable)
        self._keys = {kid: key for kid, key in usable if names[kid] == 1}
        if not self._keys:
            raise JWKSError("no key of the set can be used")

    def find(self, kid: str | None) -> RSAPublicKey | None:
        """Return the key with this id, or None. A token without a key id means the only key."""
        if kid is not None:
            return self._keys.get(kid)
        return next(iter(self._keys.values())) if len(self._keys) == 1 else None


def fetch_jwks(issuer: str, keys_url: str, timeout: float) -> JWKSet:
    """Return the present keys of the provider. If `keys_url` is empty, it is found by OpenID Connect Discovery.

    It takes `timeout` seconds at most, except for looking up the host and connecting to it, which have the limits of
    the operating system. Redirects are not followed. Raises JWKSError.
    """
    deadline = time.monotonic() + timeout
    try:
        return JWKSet(_fetch_json(keys_url or _discovered(issuer, deadline), deadline))
    except (OSError, HTTPException, ValueError, RecursionError) as error:
        raise JWKSError(f"{type(error).__name__}: {error}") from error


def _discovered(issuer: str, deadline: float) -> str:
    """Return the URL of the keys, which must be as safe as the issuer's own (OpenID Connect Discovery, section 4)."""
    found = _fetch_json(f"{issuer.rstrip('/')}/.well-known/openid-configuration", deadline)
    if not isinstance(found, dict) or found.get("issuer") != issuer:
        raise JWKSError("discovery found another issuer: is OIDC_ISSUER exact, to the last slash?")
    keys_url = found.get("jwks_uri")
    if not isinstance(keys_url, str) or (issuer.startswith("https:") and not keys_url.startswith("https:")):
        raise JWKSError("discovery found no https:// URL of the keys")
    return secure_url(keys_url)


def _fetch_json(url: str, deadline: float) -> object:
    parts = urlsplit(url)
    connection_class = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = connection_class(parts.netloc, timeout=_remaining(deadline))
    connection.connect()
    # The connection's timeout is for each read, so a slow response needs a time limit of its own.
    end = threading.Timer(_remaining(deadline), _cut, [connection.sock])
    end.daemon = True
    end.start()
    try:
        path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        connection.request("GET", path, headers={"Accept": "application/json", "User-Agent": "cashman"})
        with connection.getresponse() as response:
            if response.status != 200:
                raise JWKSError(f"{url} answers {response.status}")
            body = response.read(LARGEST + 1)
        if len(body) > LARGEST:
            raise JWKSError(f"{url} answers more than {LARGEST} bytes")
        document: object = json.loads(body)
        return document
    finally:
        end.cancel()
        connection.close()


def _remaining(deadline: float) -> float:
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise TimeoutError("timed out")
    return remaining


def _cut(sock: socket.socket) -> None:
    with suppress(OSError):  # closed already
        sock.shutdown(socket.SHUT_RDWR)


def _rsa_key(jwk: object) -> RSAPublicKey | None:
    """Return the key if it is a public key for RS256; a set may also have others (RFC 7517, section 5)."""
    if not isinstance(jwk, dict) or not isinstance(jwk.get("kid", ""), str):
        return None
    operations = jwk.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        return None
    if (jwk.get("kty"), jwk.get("use", "sig"), jwk.get("alg", "RS256")) != ("RSA", "sig", "RS256"):
        return None
    try:
        key = jwt.PyJWK(jwk, "RS256").key
    except (jwt.PyJWTError, AttributeError, TypeError, ValueError):
        return None
    return key if isinstance(key, RSAPublicKey) and key.key_size >= LEAST_BITS else None
