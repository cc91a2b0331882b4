"""Users, logins and tokens over HTTP."""

from http import HTTPStatus
from typing import TYPE_CHECKING

import orjson
from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.exceptions import (
    APIException,
    AuthenticationFailed,
    ErrorDetail,
    PermissionDenied,
    ValidationError,
)
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework_simplejwt.tokens import RefreshToken

from cashman_project.api.errors import Conflict, PreconditionFailed
from cashman_project.api.etags import check_preconditions, etag_of, tagged_response
from cashman_project.api.idempotency import KEY
from cashman_project.api.limits import CREDENTIALS
from cashman_project.api.middleware.language import asked_language
from cashman_project.api.owner import owner_of
from cashman_project.api.pages.merging import decided, merged
from cashman_project.api.pages.requests import is_page_form
from cashman_project.api.pages.submission import FormState
from cashman_project.api.schema import CHANGE_HEADERS, ETAG, LOCATION, READ_HEADERS, problems
from cashman_project.api.types import JSONObject
from cashman_project.api.views import ApiView, PublicView
from cashman_project.api.viewsets import OwnedModelViewSet
from cashman_project.db.retry import in_transaction

from .authentication import CHALLENGE
from .erasure import erase_users
from .login_throttle import count_registration
from .models import PersonalToken, User
from .oidc.tokens import FRESH, ProviderSignIn
from .permissions import NoPersonalToken
from .personal_tokens import token_of_form
from .serializers import (
    CredentialsSerializer,
    ErasureSerializer,
    IssuedPersonalTokenSerializer,
    MeSerializer,
    PasswordSerializer,
    PersonalTokenSerializer,
    RefreshSerializer,
    RegistrationSerializer,
    TokenPairSerializer,
)
from .sessions import end_session, refresh_session, start_session
from .token_errors import user_gone

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise


class CredentialsView(PublicView):
    """The base of a view that reads credentials from its body and answers 401 if they are wrong."""

    body_limit = CREDENTIALS

    def get_authenticate_header(self, request: Request) -> str:
        return CHALLENGE


class BadCredentials(AuthenticationFailed):
    """401: there is no such user, or the password is wrong."""

    default_detail = _("No active user has this name and password.")
    default_code = "bad_credentials"


def check_password(request: Request, username: str, password: str) -> User | None:
    """Return the active user with this name and password, or None. All login attempts of the API are made here."""
    return authenticate(request._request, username=username, password=password)


class RegisterView(PublicView):
    """Create a user for yourself, if registration is open."""

    body_limit = CREDENTIALS

    @extend_schema(
        operation_id="register",
        summary="Register",
        request=RegistrationSerializer,
        responses={201: MeSerializer, **problems(403, 409, 429)},
    )
    def post(self, request: Request) -> Response:
        if not settings.ALLOW_SIGNUP:
            raise PermissionDenied(_("Registration is closed: ask the people who run this service for a user."))
        serializer = RegistrationSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        password = serializer.validated_data.pop("password")
        user = User(**serializer.validated_data, language=asked_language(request._request))
        count_registration(request)
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
        operation_id="sign_in",
        summary="Sign in",
        request=CredentialsSerializer,
        responses={200: TokenPairSerializer, **problems(401, 429)},
    )
    def post(self, request: Request) -> Response:
        serializer = CredentialsSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        user = check_password(request, **serializer.validated_data)
        if user is None:
            raise BadCredentials
        try:
            return Response(_pair(start_session(user)))
        except IntegrityError:  # erased meanwhile
            raise BadCredentials from None


class RefreshView(CredentialsView):
    """Get a new pair of tokens for a refresh token. A refresh token can be used once: a second use ends the login.

    If the response got lost, send the token again within `REFRESH_LEEWAY` (10) seconds to get the same pair.
    """

    @extend_schema(
        operation_id="refresh_tokens",
        summary="Get the next pair of tokens",
        request=RefreshSerializer,
        responses={200: TokenPairSerializer, **problems(401)},
    )
    def post(self, request: Request) -> Response:
        serializer = RefreshSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        return Response(_pair(refresh_session(serializer.validated_data["refresh"])))


class LogoutView(CredentialsView):
    """End the login that a refresh token belongs to, with all of its tokens."""

    bodiless = CredentialsView.bodiless | {"post"}

    @extend_schema(
        operation_id="sign_out",
        summary="Sign out",
        request=RefreshSerializer,
        responses={204: None, **problems(401)},
    )
    def post(self, request: Request) -> Response:
        serializer = RefreshSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        end_session(serializer.validated_data["refresh"])
        return Response(status=204)


class OwnCredentialsView(ApiView):
    """The base of a view that changes its user's credentials. Personal access tokens can't use it."""

    permission_classes = (IsAuthenticated, NoPersonalToken)
    body_limit = CREDENTIALS
    bodiless = ApiView.bodiless | {"post"}
    form_page = "users/form.html"
    heading: "StrPromise"  # of the page that shows the form again, and of its button
    explanation: "StrPromise"


def confirmed_user(request: Request, field: str, password: str | None) -> User:
    """Return the request's user as stored, if the user has proved again who they are.

    A user proves it with the password. A user of an identity provider who has no password must have signed in there a
    moment ago. Raises ValidationError (400) on the field if the password is missing or wrong, and StaleSignIn (401) if
    the sign-in is too long ago.
    """
    owner = owner_of(request)
    if password is None and isinstance(request.auth, ProviderSignIn) and not owner.has_usable_password():
        if not request.auth.is_fresh:
            raise StaleSignIn
        return owner
    if password is None:
        raise ValidationError({field: [ErrorDetail(gettext("Type your password."), "required")]})
    user = check_password(request, owner.get_username(), password)
    if user != owner or user is None:
        raise wrong_password(field)
    return user


class StaleSignIn(APIException):
    """401: the token is valid, but its user signed in too long ago for this request (RFC 9470)."""

    status_code = HTTPStatus.UNAUTHORIZED
    default_detail = _("Sign in again at your identity provider, then repeat this with the new token.")
    default_code = "insufficient_user_authentication"
    auth_header = f'{CHALLENGE}, error="insufficient_user_authentication", max_age="{FRESH}"'


def wrong_password(field: str) -> ValidationError:
    """Return the 400 for a password that is not the user's."""
    return ValidationError({field: [_("This is not your password.")]}, code="wrong_password")


class PasswordView(OwnCredentialsView):
    """Change your password. This ends all your logins, in browsers too.

    If you want, it also deletes your personal access tokens.
    """

    heading = _("Change password")
    explanation = _("A new password signs you out everywhere.")

    @extend_schema(
        operation_id="change_password",
        summary="Change your password",
        request=PasswordSerializer,
        responses={204: None, **problems(429)},
    )
    def post(self, request: Request) -> Response:
        serializer = PasswordSerializer(data=request.data, context={"request": request})
        self.form_state = FormState(serializer)
        serializer.is_valid(raise_exception=True)
        current, new = (serializer.validated_data[name] for name in ("current_password", "new_password"))
        user = confirmed_user(request, "current_password", current)
        hashed = make_password(new)  # slow by design, so before anything is locked
        with transaction.atomic():
            # If somebody else has changed it meanwhile, it stays: perhaps the staff has locked a thief out.
            if not User.objects.filter(pk=user.pk, password=user.password).update(password=hashed):
                raise wrong_password("current_password")
            if serializer.validated_data["revoke_tokens"]:
                PersonalToken.objects.for_owner(user).delete()
        return Response(status=204)


class EraseView(OwnCredentialsView):
    """Delete your user and everything that you have added here. This can't be undone."""

    heading = _("Delete account")
    explanation = _("Delete your user and everything that you have added here? This can't be undone.")

    @extend_schema(
        operation_id="erase_me",
        summary="Erase yourself",
        request=ErasureSerializer,
        responses={204: None, **problems(429)},
    )
    def post(self, request: Request) -> Response:
        serializer = ErasureSerializer(data=request.data)
        self.form_state = FormState(serializer)
        serializer.is_valid(raise_exception=True)
        user = confirmed_user(request, "password", serializer.validated_data.get("password"))
        in_transaction(lambda: erase_users(users=[user]))
        return Response(status=204)


class MeView(ApiView):
    """You and your preferences."""

    body_limit = CREDENTIALS
    serializer_class = MeSerializer  # of its form
    pages = {"get": "users/me.html"}

    @extend_schema(operation_id="get_me", summary="Read yourself", parameters=READ_HEADERS, responses=MeSerializer)
    def get(self, request: Request) -> HttpResponseBase:
        return tagged_response(request, MeSerializer(owner_of(request)).data)

    @extend_schema(
        operation_id="update_me",
        summary="Change your preferences",
        parameters=CHANGE_HEADERS,
        request=MeSerializer,
        responses=MeSerializer,
    )
    def patch(self, request: Request) -> HttpResponseBase:
        data = decided(request.data) if is_page_form(request) else request.data  # read before the row is locked
        with transaction.atomic():
            user = User.objects.select_for_update().filter(pk=owner_of(request).pk).first()
            if user is None:  # erased meanwhile
                raise user_gone()
            stored = MeSerializer(user).data
            serializer = MeSerializer(user, data=data, partial=True)
            self.form_state = FormState(serializer, stored)
            try:
                check_preconditions(request, stored)
            except PreconditionFailed:
                form = merged(serializer, MeSerializer(user)) if is_page_form(request) else None
                if form is None:
                    raise
                serializer = MeSerializer(user, data=form.data, partial=True)
                self.form_state = FormState(serializer, stored, form.conflicts)
                if form.conflicts:
                    raise
            serializer.is_valid(raise_exception=True)
            serializer.save()
        if user.language:
            translation.activate(user.language)  # for the message of the page
        return tagged_response(request, serializer.data)


@extend_schema_view(
    list=extend_schema(responses={200: PersonalTokenSerializer(many=True), **problems(403)}),
    create=extend_schema(parameters=[LOCATION, ETAG], responses={201: IssuedPersonalTokenSerializer, **problems(429)}),
)
class PersonalTokenViewSet(OwnedModelViewSet):
    """Tokens for scripts. Each can read, or read and write, until it expires or is deleted.

    A new token needs your password. So nobody can turn a stolen access token, which lasts five minutes, into a token
    that lasts for years.
    """

    fastpath = True
    permission_classes = OwnCredentialsView.permission_classes
    body_limit = CREDENTIALS
    queryset = PersonalToken.objects.all()
    serializer_class = PersonalTokenSerializer
    orderings = {"created_at": "created_at"}
    default_ordering = "-created_at"
    pages = {"list": "users/token_list.html", "create": "users/token.html"}
    error_pages = {"list": "users/token_list.html"}

    def create(self, request: Request, *args: object, **kwargs: object) -> Response:
        """Return the new token with its secret. It is shown only now, so `Prefer: return=minimal` is ignored."""
        data = request.data
        serializer = self.get_serializer(data=data)
        self.form_state = FormState(serializer)
        serializer.is_valid(raise_exception=True)
        user = confirmed_user(request, "password", serializer.validated_data.pop("password", None))
        key = request.META.get("HTTP_IDEMPOTENCY_KEY", "") if is_page_form(request) else ""
        with transaction.atomic():
            # This waits for a change of the password that revokes tokens, or such a change waits for this token.
            if not User.objects.select_for_update(no_key=True).filter(pk=user.pk, password=user.password):
                raise wrong_password("password")
            token = token_of_form(user, key, serializer) if KEY.fullmatch(key) else serializer.save(owner=user)
        serializer.instance = token
        location = reverse("personal-token-detail", [token.pk], request=request)
        headers = {"Location": location, "ETag": etag_of(orjson.dumps(serializer.data))}
        return Response({**serializer.data, "token": token.secret}, status=201, headers=headers)

    def page_context(self, data: JSONObject) -> dict[str, object]:
        """Return the URL of the example beside a new token."""
        return {"example_url": reverse("me", request=self.request)}

    def perform_destroy(self, instance: PersonalToken) -> None:
        PersonalToken.objects.for_owner(owner_of(self.request)).filter(pk=instance.pk).delete()


def _pair(refresh: RefreshToken) -> dict[str, str]:
    return {"access": str(refresh.access_token), "refresh": str(refresh)}
