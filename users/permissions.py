"""What a personal access token may not do. Every other credential may do everything that its user may."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from .authentication import CHALLENGE
from .models import PersonalToken, TokenScope

if TYPE_CHECKING:
    from rest_framework.views import APIView  # which imports this module


class InsufficientScope(PermissionDenied):
    """403: the token is valid, but not for this (RFC 6750, section 3.1)."""

    auth_header = f'{CHALLENGE}, error="insufficient_scope"'


class WithinScope(BasePermission):
    """A personal access token with the scope `read` may only read."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        token = request.auth
        if isinstance(token, PersonalToken) and token.scope == TokenScope.READ and request.method not in SAFE_METHODS:
            raise InsufficientScope(_("This personal access token may only read."))
        return True


class NoPersonalToken(BasePermission):
    """A personal access token can't create tokens or change its user's password, so a thief can't gain more with it."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if isinstance(request.auth, PersonalToken):
            raise InsufficientScope(_("A personal access token may not do this: sign in with your name and password."))
        return True
