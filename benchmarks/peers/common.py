"""What all frameworks share: the database, the key of their tokens, and the page size."""

import os

import jwt

DATABASE_URL = os.environ["DATABASE_URL"]  # postgres://user@host:port/name
KEY = os.environ["PEERS_KEY"]  # at least 32 bytes that sign the peers' tokens, by HS256
PAGE_SIZE = 50


def subject_of(token: str) -> str | None:
    """Return the `sub` of a JSON Web Token, None if it isn't valid (RFC 7519)."""
    try:
        subject: str = jwt.decode(token, KEY, algorithms=["HS256"])["sub"]
    except (jwt.InvalidTokenError, KeyError):
        return None
    return subject


def bearer_of(header: str | None) -> str | None:
    """Return the subject of the token in an Authorization header, None if there is no valid token."""
    scheme, _, token = (header or "").partition(" ")
    return subject_of(token) if scheme == "Bearer" else None
