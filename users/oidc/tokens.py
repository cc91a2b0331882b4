"""Tokens of an identity provider (JSON Web Tokens, RFC 7519 and RFC 8725), and their users.

The reasons are in docs/adr/0012-identity-provider.md.
"""

import re
import time
from dataclasses import dataclass

import jwt
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import AuthenticationFailed

from cashman_project.api.types import JSONObject
from cashman_project.environment import IdentityProvider

from ..models import User
from ..token_errors import malformed_token, token_error, user_gone
from .jwks_cache import JWKSCache, UnknownKey

ALGORITHM = "RS256"
TYPES = {"", "jwt", "at+jwt", "application/at+jwt"}  # of an access token (RFC 9068, section 4), in lower case
FORM = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)  # JWS, compact and not detached (RFC 7515, section 7.1)
FRESH = 600  # seconds for which a sign-in counts as recent
LEEWAY = 10  # seconds that the provider's clock may differ
LONGEST_SUBJECT = 255  # characters of issuer and `sub` together, as in User.subject
LAST_TIMESTAMP = 253_402_300_799  # the end of the year 9999, after which Python has no dates

Claims = JSONObject  # of a token, parsed from JSON; some have been checked
caches: dict[tuple[str, str], JWKSCache] = {}


@dataclass(frozen=True)
class ProviderSignIn:
    """When the user of an identity provider's token signed in there: in seconds since 1970, or None if unknown."""

    at: float | None

    @property
    def is_fresh(self) -> bool:
        """Return whether it was so recently that it counts as much as typing the password."""
        return self.at is not None and time.time() - self.at <= FRESH


def identity_provider_user(token: str) -> tuple[User, ProviderSignIn]:
    """Return the active user of an identity provider's token, and when they signed in.

    If the settings say so, a user is created for an unknown person.

    Raises AuthenticationFailed (401) with a code that says what is wrong, and KeysUnavailable (503) if the provider's
    keys can't be fetched.
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
    urls = (issuer.url, issuer.keys_url)
    return caches.get(urls) or caches.setdefault(urls, JWKSCache(*urls))  # if threads race, all use the first one's


def _claims(token: str, issuer: IdentityProvider) -> Claims:
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
    for name in {"exp", "nbf", "iat", "auth_time"} & claims.keys():  # PyJWT would read "1" and true as numbers
        if type(claims[name]) not in (int, float) or not claims[name] <= LAST_TIMESTAMP:
            raise jwt.InvalidTokenError(f"{name} is not a timestamp")
    return claims


def _sign_in(claims: Claims) -> ProviderSignIn:
    """Return when the user signed in: the earlier of `auth_time` (RFC 9068) and `iat`, when the token was issued.

    Many providers issue new tokens for weeks after a sign-in, so a recent `iat` doesn't mean a recent sign-in.
    """
    return ProviderSignIn(min((claims[name] for name in ("auth_time", "iat") if name in claims), default=None))


def is_configured(subject: str) -> bool:
    """Return whether this subject belongs to the identity provider that is accepted here."""
    return settings.OIDC is not None and subject.startswith(f"{settings.OIDC.url} ")


def _user(sub: str, issuer: IdentityProvider) -> User:
    # A URL has no space, and the subject of a user of ours is an id. So nobody else has this subject.
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
