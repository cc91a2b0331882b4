"""Tokens of an identity provider (JSON Web Tokens, RFC 7519 and RFC 8725), and their users.

The reasons are in docs/adr/0012-identity-provider.md.
"""

import re
import time
from dataclasses import dataclass
from typing import Any

import jwt
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import AuthenticationFailed

from cashman_project.environment import IdentityProvider

from ..models import User
from ..token_errors import malformed_token, token_error, user_gone
from .jwks_cache import JWKSCache, UnknownKey

ALGORITHM = "RS256"
TYPES = {"", "jwt", "at+jwt", "application/at+jwt"}  # of an access token (RFC 9068, section 4), in lower case
FORM = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)  # JWS, compact and not detached (RFC 7515, section 7.1)
FRESH = 600  # seconds that a sign-in counts as one of a moment ago
LEEWAY = 10  # seconds that the provider's clock may differ
LONGEST_SUBJECT = 255  # characters of issuer and `sub`, as of User.subject
LAST_MOMENT = 253_402_300_799  # the end of the year 9999, after which Python has no dates

caches: dict[tuple[str, str], JWKSCache] = {}


@dataclass(frozen=True)
class OutsideSignIn:
    """What an outside issuer's token says of how its user signed in: when, in seconds since 1970, None if unknown."""

    at: float | None

    @property
    def is_fresh(self) -> bool:
        """Return whether it was a moment ago, so that it counts as much as a password that is typed now."""
        return self.at is not None and time.time() - self.at <= FRESH


def identity_provider_user(token: str) -> tuple[User, OutsideSignIn]:
    """Return the active user whom the outside issuer's token is about, and how that user signed in.

    A user seen first is made where settings say so.

    Raises AuthenticationFailed (401) with the code of what is wrong, KeysUnavailable (503) if the provider's keys can't
    be fetched.
    """
    issuer = settings.OIDC
    if issuer is None or not FORM.fullmatch(token):
        raise malformed_token()
    try:
        claims = _claims(token, issuer)
    except (jwt.PyJWTError, UnknownKey, ArithmeticError, TypeError, ValueError) as error:
        raise token_error(error) from None
    return _user(claims["sub"], issuer), _sign_in(claims)


def jwks_cache_of(issuer: IdentityProvider) -> JWKSCache:
    """Return this process's cache of a provider's keys."""
    place = (issuer.url, issuer.keys_url)
    return caches.get(place) or caches.setdefault(place, JWKSCache(*place))  # one of several threads sets it


def _claims(token: str, issuer: IdentityProvider) -> dict[str, Any]:
    header = jwt.get_unverified_header(token)
    if {"crit", "b64"} & header.keys() or str(header.get("typ", "")).lower() not in TYPES:
        raise jwt.InvalidTokenError("the header is not that of an access token")
    claims = jwt.decode(
        token,
        jwks_cache_of(issuer).find(header.get("kid")),
        algorithms=[ALGORITHM],
        issuer=issuer.url,
        audience=issuer.audience,
        leeway=LEEWAY,
        options={"require": ["iss", "aud", "exp", "sub"]},
    )
    for name in {"exp", "nbf", "iat", "auth_time"} & claims.keys():  # PyJWT reads "1" and true as numbers, too
        if type(claims[name]) not in (int, float) or not claims[name] <= LAST_MOMENT:
            raise jwt.InvalidTokenError(f"{name} is not a timestamp")
    return claims


def _sign_in(claims: dict[str, Any]) -> OutsideSignIn:
    """Return when the user signed in: at `auth_time` (RFC 9068), else when the token was issued, the earlier of both.

    Many issuers give new tokens for weeks to who has once signed in, so `iat` alone proves little where both are told.
    """
    return OutsideSignIn(min((claims[name] for name in ("auth_time", "iat") if name in claims), default=None))


def is_configured(subject: str) -> bool:
    """Return whether the issuer of an outside user is the one whose tokens are taken here."""
    return settings.OIDC is not None and subject.startswith(f"{settings.OIDC.url} ")


def _user(sub: str, issuer: IdentityProvider) -> User:
    # No URL has a space in it, so no other provider and no user of ours, whose subject is an id, has this subject.
    subject = f"{issuer.url} {sub}"
    if not sub or not sub.isprintable() or len(subject) > LONGEST_SUBJECT:
        raise malformed_token()
    user = User.objects.filter(subject=subject).first()
    if user is None and issuer.provision:
        user = _new_user(subject)
    if user is None:
        raise AuthenticationFailed(_("No user here belongs to this token."), code="invalid_token")
    if not user.is_active:
        raise user_gone()
    return user


def _new_user(subject: str) -> User | None:
    """Return a new user, or the one that another request has just created."""
    user = User(subject=subject)
    user.username = str(user.id)  # a name that people choose at the provider could look like another user's
    user.set_unusable_password()
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError:
        return User.objects.filter(subject=subject).first()
    return user
