"""Who you are, over HTTP."""

from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate
from django.db import IntegrityError, transaction
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework_simplejwt.tokens import RefreshToken

from cashman_project.api.conditional import check_preconditions, tagged_response
from cashman_project.api.errors import Conflict
from cashman_project.api.owner import owner_of
from cashman_project.api.schema import CHANGE_HEADERS, READ_HEADERS, problems
from cashman_project.api.views import ApiView, PublicView

from .authentication import CHALLENGE, user_of, validated
from .models import User
from .serializers import (
    CredentialsSerializer,
    MeSerializer,
    RefreshSerializer,
    RegistrationSerializer,
    TokenPairSerializer,
)


class CredentialsView(PublicView):
    """The base of a view that takes credentials in its body, and answers 401 to wrong ones."""

    def get_authenticate_header(self, request: Request) -> str:
        return CHALLENGE


class BadCredentials(AuthenticationFailed):
    """401: no such user, or another password."""

    default_detail = _("No active user has this name and password.")
    default_code = "bad_credentials"


class RegisterView(PublicView):
    """Make a user of your own, where sign-up is open."""

    @extend_schema(
        operation_id="register",
        request=RegistrationSerializer,
        responses={201: MeSerializer, **problems(403, 409)},
    )
    def post(self, request: Request) -> Response:
        if not settings.ALLOW_SIGNUP:
            raise PermissionDenied(_("Sign-up is closed here: ask whoever runs this service for a user."))
        serializer = RegistrationSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        password = serializer.validated_data.pop("password")
        user = User(**serializer.validated_data)
        user.set_password(password)  # slow by design, so before anything is locked
        try:
            with transaction.atomic():
                user.save()
        except IntegrityError:
            raise Conflict(_("This name is taken."), fields=["username"]) from None
        return Response(MeSerializer(user).data, status=201)


class TokenView(CredentialsView):
    """Get a pair of tokens for a name and a password."""

    @extend_schema(
        operation_id="token", request=CredentialsSerializer, responses={200: TokenPairSerializer, **problems(401)}
    )
    def post(self, request: Request) -> Response:
        serializer = CredentialsSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        user = authenticate(request._request, **serializer.validated_data)
        if user is None:
            raise BadCredentials
        return Response(_pair(RefreshToken.for_user(user)))


class RefreshView(CredentialsView):
    """Get a new pair of tokens for a refresh token."""

    @extend_schema(
        operation_id="token_refresh", request=RefreshSerializer, responses={200: TokenPairSerializer, **problems(401)}
    )
    def post(self, request: Request) -> Response:
        serializer = RefreshSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        user = user_of(validated(RefreshToken, serializer.validated_data["refresh"]))
        return Response(_pair(RefreshToken.for_user(user)))


class MeView(ApiView):
    """You, and what you prefer."""

    pages = {"get": "users/me.html"}

    @extend_schema(operation_id="me", parameters=READ_HEADERS, responses=MeSerializer)
    def get(self, request: Request) -> HttpResponseBase:
        return tagged_response(request, MeSerializer(owner_of(request)).data)

    @extend_schema(operation_id="me_update", parameters=CHANGE_HEADERS, request=MeSerializer, responses=MeSerializer)
    def patch(self, request: Request) -> HttpResponseBase:
        data = request.data  # read before the row is locked
        with transaction.atomic():
            user = User.objects.select_for_update().get(pk=owner_of(request).pk)
            self.present = MeSerializer(user).data
            self.submitted = serializer = MeSerializer(user, data=data, partial=True)
            check_preconditions(request, self.present)
            serializer.is_valid(raise_exception=True)
            serializer.save()
        return tagged_response(request, serializer.data)


def _pair(refresh: Any) -> dict[str, str]:
    return {"access": str(refresh.access_token), "refresh": str(refresh)}
