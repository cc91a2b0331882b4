"""The errors that the API returns for tokens that are not valid."""

import jwt
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import AuthenticationFailed


def token_error(error: BaseException) -> AuthenticationFailed:
    """Return the 401 for an error that PyJWT or its caller raised for a token."""
    causes: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None:
        causes.append(cause)
        cause = cause.__cause__
    if any(isinstance(cause, jwt.ExpiredSignatureError) for cause in causes):
        return AuthenticationFailed(_("This token has expired: get a new one."), code="token_expired")
    if any(isinstance(cause, jwt.InvalidAudienceError | jwt.InvalidIssuerError) for cause in causes):
        return AuthenticationFailed(_("This token was made by or for another service."), code="invalid_claims")
    return malformed_token()


def malformed_token() -> AuthenticationFailed:
    """Return the 401 for a token that is malformed or unknown."""
    return AuthenticationFailed(_("This token is not valid here."), code="invalid_token")


def user_gone() -> AuthenticationFailed:
    """Return the 401 for a user who was deactivated or erased."""
    return AuthenticationFailed(_("The user of this token was deactivated or deleted."), code="invalid_token")
