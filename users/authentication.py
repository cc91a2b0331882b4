"""Bearer tokens (RFC 6750), with an error code for each way in which one can be wrong."""

from typing import Any, TypeVar

import jwt
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import AccessToken, Token

from .models import User
from .oidc import outside_user
from .refusals import refusal

TokenT = TypeVar("TokenT", bound=Token)

CHALLENGE = 'Bearer realm="cashman"'


class BearerAuthentication(JWTAuthentication):
    """simplejwt's authentication with the API's own error codes.

    A scheme other than Bearer (in any case) is refused, not overlooked. A token of the outside issuer has no claims
    that a view could ask for, so `request.auth` is None.
    """

    def authenticate(self, request: Request) -> Any:
        token = (self.get_raw_token(self.get_header(request) or b"") or b"").decode("latin-1")
        return (outside_user(token), None) if _algorithm(token) == "RS256" else super().authenticate(request)

    def authenticate_header(self, request: Request) -> str:
        parts = (self.get_header(request) or b"").split()
        return f'{CHALLENGE}, error="invalid_token"' if _is_bearer(parts) else CHALLENGE

    def get_raw_token(self, header: bytes) -> bytes | None:
        parts = header.split()
        if not parts:
            return None
        if not _is_bearer(parts):
            raise AuthenticationFailed(_("Send the header as: Authorization: Bearer TOKEN."), code="invalid_header")
        return parts[1]

    def get_validated_token(self, raw_token: bytes) -> Token:
        return validated(AccessToken, raw_token.decode("latin-1"))

    def get_user(self, validated_token: Token) -> Any:
        return user_of(validated_token)


class BrowserAuthentication(SessionAuthentication):
    """A browser's session. Its CSRF token is looked for before a parser is asked, which wants to know who sent this."""

    def enforce_csrf(self, request: Any) -> None:
        try:
            super().enforce_csrf(request._request)
        except PermissionDenied as error:
            message = _("A browser's session writes with its CSRF token alone, in X-CSRFToken or the form. %(reason)s")
            raise PermissionDenied(message % {"reason": error.detail}) from None


def _is_bearer(parts: list[bytes]) -> bool:
    return len(parts) == 2 and parts[0].lower() == b"bearer"


def _algorithm(token: str) -> object:
    """Return the algorithm that the header names, which says whose token it is, and no more."""
    try:
        return jwt.get_unverified_header(token).get("alg")
    except (jwt.PyJWTError, RecursionError, TypeError, ValueError):
        return None


def validated(kind: type[TokenT], text: Any) -> TokenT:
    """Return the token that `text` holds; raises AuthenticationFailed (401) with the code of what is wrong with it."""
    try:
        return kind(text)
    except TokenError as error:
        raise refusal(error) from None
    except (ArithmeticError, OSError, TypeError, ValueError):  # claims of a wrong type or size
        raise AuthenticationFailed(_("This token is malformed."), code="invalid_token") from None


def user_of(token: Token) -> User:
    """Return the active user whom the token is about; raises AuthenticationFailed (401) where there is none."""
    subject = token.get("sub")
    user = None
    if isinstance(subject, str) and subject.isprintable():  # a database can't be asked for NUL or half a character
        user = User.objects.filter(subject=subject, is_active=True).first()
    if user is None:
        raise AuthenticationFailed(_("The user of this token is gone."), code="invalid_token")
    return user
