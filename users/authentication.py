"""Finds the user of a request by its bearer token (RFC 6750). Each problem has its own error code."""

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication

from cashman_project.api.fastpath.owner_query import owner_query_of

from .models import TOKEN_PREFIX, PersonalToken, User
from .oidc.tokens import ProviderSignIn, identity_provider_user
from .personal_tokens import personal_token
from .sessions import header_of, own_user
from .token_errors import malformed_token

CHALLENGE = 'Bearer realm="cashman"'


class BearerAuthentication(JWTAuthentication):
    """simplejwt's authentication with the API's own error codes.

    A scheme other than Bearer (in any case) is refused, not ignored. `request.auth` is the PersonalToken that was sent,
    or the ProviderSignIn of an identity provider's token, or None for a token of our own.
    """

    def __init__(self) -> None:
        """Skip the setup of simplejwt, which is not used here."""

    def authenticate_header(self, request: Request) -> str:
        parts = (self.get_header(request) or b"").split()
        return f'{CHALLENGE}, error="invalid_token"' if _is_bearer(parts) else CHALLENGE

    # In the stub, all users and tokens are those of simplejwt.
    def authenticate(self, request: Request) -> tuple[User, PersonalToken | ProviderSignIn | None] | None:  # type: ignore[override]
        raw = self.get_raw_token(self.get_header(request) or b"")
        if raw is None:
            return None
        text = raw.decode("latin-1")
        if text.startswith(TOKEN_PREFIX):
            token = personal_token(text, owner_query_of(request))
            return token.owner, token
        match header_of(text).get("alg"):  # each of the two accepts only its own algorithm
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
