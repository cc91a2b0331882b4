"""Tokens made by hand, wrong ones above all (JSON Web Signature, RFC 7515, compact form)."""

import base64
import hmac
import json
import time
from typing import Any

from django.conf import settings

from users.models import User
from users.sessions import start_session

PASSWORD = "correct horse battery"
HEADER = {"alg": "HS256", "typ": "JWT"}


def claims_of(user: User, kind: str = "access") -> dict[str, Any]:
    """Return the claims of a good token of a new login of `user`; `kind` is "access" or "refresh"."""
    now = int(time.time())
    session = start_session(user)
    return {
        "token_type": kind,
        "exp": now + 60,
        "iat": now,
        "jti": session["jti"],
        "sub": user.subject,
        "aud": "cashman",
        "iss": "cashman",
        "sid": session["sid"],
    }


def signed(claims: object, header: object = HEADER, key: str = "", digest: str = "sha256") -> str:
    """Return a token of `claims` (an object, or raw JSON), signed by HMAC with `key` or else the service's own."""
    parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, claims)]
    message = b".".join(_base64(part) for part in parts)
    signature = hmac.digest((key or settings.JWT_SIGNING_KEY).encode(), message, digest)
    return b".".join((message, _base64(signature))).decode()


def _base64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
