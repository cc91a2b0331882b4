"""Who sent a request: bearer tokens (RFC 6750), with an error code for each way to be wrong, and browser sessions."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication

from .models import TOKEN_PREFIX, User
from .oidc import outside_user
from .personal_tokens import personal_token
from .refusals import malformed
from .sessions import header_of, own_user

CHALLENGE = 'Bearer realm="cashman"'

# Who finds the user of a token, by the algorithm that its header names; each allows that one alone.
BACKENDS: dict[str, Callable[[str], User]] = {"HS256": own_user, "RS256": outside_user}


class BearerAuthentication(JWTAuthentication):
    """simplejwt's authentication with the API's own error codes.

    A scheme other than Bearer (in any case) is refused, not overlooked. `request.auth` is the
    PersonalToken where one was sent, else None.
    """

    def __init__(self) -> None:
        """Leave out what simplejwt looks up for ways to find a user that are not gone here."""

    def authenticate_header(self, request: Request) -> str:
        parts = (self.get_header(request) or b"").split()
        return f'{CHALLENGE}, error="invalid_token"' if _is_bearer(parts) else CHALLENGE

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        raw = self.get_raw_token(self.get_header(request) or b"")
        if raw is None:
            return None
        text = raw.decode("latin-1")
        if text.startswith(TOKEN_PREFIX):
            token = personal_token(text)
            return token.owner, token
        backend = BACKENDS.get(str(header_of(text).get("alg")))
        if backend is None:
            raise malformed()
        return backend(text), None

    def get_raw_token(self, header: bytes) -> bytes | None:
        parts = header.split()
        if not parts:
            return None
        if not _is_bearer(parts):
            raise AuthenticationFailed(_("Send the header as: Authorization: Bearer TOKEN."), code="invalid_header")
        return parts[1]


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
