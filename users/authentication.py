"""Who sent a request: bearer tokens (RFC 6750), with an error code for each way to be wrong."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication

from cashman_project.api.fastpath.owner_query import owner_query_of

from .models import TOKEN_PREFIX
from .oidc.tokens import identity_provider_user
from .personal_tokens import personal_token
from .sessions import header_of, own_user
from .token_errors import malformed_token

CHALLENGE = 'Bearer realm="cashman"'


class BearerAuthentication(JWTAuthentication):
    """simplejwt's authentication with the API's own error codes.

    A scheme other than Bearer (in any case) is refused, not overlooked. `request.auth` is the
    PersonalToken that was sent, or the OutsideSignIn of an outside issuer's token, else None.
    """

    def __init__(self) -> None:
        """Leave out simplejwt's own setup, which is not used here."""

    def authenticate_header(self, request: Request) -> str:
        parts = (self.get_header(request) or b"").split()
        return f'{CHALLENGE}, error="invalid_token"' if _is_bearer(parts) else CHALLENGE

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        raw = self.get_raw_token(self.get_header(request) or b"")
        if raw is None:
            return None
        text = raw.decode("latin-1")
        if text.startswith(TOKEN_PREFIX):
            token = personal_token(text, owner_query_of(request))
            return token.owner, token
        match header_of(text).get("alg"):  # each accepts only its own algorithm
            case "HS256":
                return own_user(text, owner_query_of(request)), None
            case "RS256":
                return identity_provider_user(text)
        raise malformed_token()

    def get_raw_token(self, header: bytes) -> bytes | None:
        parts = header.split()
        if not parts:
            return None
        if not _is_bearer(parts):
            raise AuthenticationFailed(_("Send the header as: Authorization: Bearer TOKEN."), code="invalid_header")
        return parts[1]


def _is_bearer(parts: list[bytes]) -> bool:
    return len(parts) == 2 and parts[0].lower() == b"bearer"
