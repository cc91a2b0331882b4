"""Users and their tokens in JSON."""

from collections.abc import Callable
from typing import ClassVar, Unpack

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as DjangoValidationError
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from cashman_project.api.owner import owner_of
from cashman_project.api.pages.selects import Select
from cashman_project.api.serializers import (
    StrictBooleanField,
    StrictCharField,
    StrictEmailField,
    StrictModelSerializer,
    StrictSerializer,
)
from cashman_project.api.types import FieldOptions, SerializerField, Validated
from cashman_project.money.formats import currency_options

from . import examples
from .hashers import MAX_PASSWORD
from .models import LONGEST_NAME, PersonalToken, User
from .preferences import language_options, month_start_options, time_zone_options

CONFIRMATION = "Your password. Leave it out if you have none, but signed in at your identity provider a moment ago."


@extend_schema_serializer(examples=examples.MES)
class MeSerializer(StrictModelSerializer[User]):
    """A user with their preferences."""

    # The fields that apps above add: what makes each, by its name.
    more: ClassVar[dict[str, Callable[[], SerializerField]]] = {}

    class Meta:
        model = User
        fields = ["id", "username", "email", "currency", "time_zone", "month_start", "language"]
        read_only_fields = ["id", "username"]
        extra_kwargs = {
            "currency": {"trim_whitespace": False, "style": {"select": Select(currency_options)}},
            "time_zone": {"trim_whitespace": False, "style": {"select": Select(time_zone_options)}},
            "month_start": {"style": {"select": Select(month_start_options)}},
            "language": {
                "trim_whitespace": False,
                "allow_blank": False,
                "style": {"select": Select(language_options, none=_("as my browser says"))},
            },
        }

    def get_fields(self) -> dict[str, SerializerField]:
        return super().get_fields() | {name: make() for name, make in self.more.items()}


class PasswordField(StrictCharField):
    """A password, as it was typed."""

    def __init__(self, **options: Unpack[FieldOptions]) -> None:
        style = {"input_type": "password"}
        super().__init__(max_length=MAX_PASSWORD, write_only=True, trim_whitespace=False, style=style, **options)


class UsernameField(StrictCharField):
    """A user's name. It is converted to its normal form (NFKC) before it is validated and stored."""

    def to_internal_value(self, data: object) -> str:
        username: str = User.normalize_username(super().to_internal_value(data))
        return username


@extend_schema_serializer(examples=examples.REGISTRATIONS)
class RegistrationSerializer(StrictSerializer):
    """A new user's name and password."""

    username = UsernameField(max_length=LONGEST_NAME, validators=[User.username_validator])
    password = PasswordField(label=_("Password"))
    email = StrictEmailField(required=False, default="", allow_blank=True, max_length=254)

    def validate(self, attrs: Validated) -> Validated:
        _check_strength("password", attrs["password"], User(username=attrs["username"], email=attrs["email"]))
        return attrs


@extend_schema_serializer(examples=examples.CREDENTIALS)
class CredentialsSerializer(StrictSerializer):
    """A user's name and password, to get a pair of tokens."""

    username = UsernameField()
    password = PasswordField(label=_("Password"))


@extend_schema_serializer(examples=examples.REFRESHES)
class RefreshSerializer(StrictSerializer):
    """A refresh token, to get a new pair of tokens or to end a login."""

    refresh = StrictCharField()


@extend_schema_serializer(examples=examples.TOKEN_PAIRS)
class TokenPairSerializer(serializers.Serializer[object]):
    """An access token, valid for five minutes, and a refresh token, valid for fourteen days."""

    access = serializers.CharField()
    refresh = serializers.CharField()


@extend_schema_serializer(examples=examples.PASSWORDS)
class PasswordSerializer(StrictSerializer):
    """A new password, and the present one."""

    current_password = PasswordField(label=_("Current password"))
    new_password = PasswordField(label=_("New password"))
    revoke_tokens = StrictBooleanField(
        default=False,
        label=_("Revoke my personal access tokens, too"),
        help_text="Also delete all personal access tokens.",
    )

    def validate(self, attrs: Validated) -> Validated:
        _check_strength("new_password", attrs["new_password"], owner_of(self.context["request"]))
        return attrs


@extend_schema_serializer(examples=examples.ERASURES)
class ErasureSerializer(StrictSerializer):
    """Your password, to confirm what can't be undone."""

    password = PasswordField(required=False, label=_("Password"), help_text=CONFIRMATION)


@extend_schema_serializer(examples=examples.PERSONAL_TOKENS)
class PersonalTokenSerializer(StrictModelSerializer[PersonalToken]):
    """A token for scripts. The token itself is shown only once, when it is made."""

    password = PasswordField(required=False, label=_("Password"), help_text=CONFIRMATION)

    class Meta:
        model = PersonalToken
        fields = ["id", "name", "scope", "expires_at", "last_used_at", "created_at", "password"]
        read_only_fields = ["id", "last_used_at", "created_at"]
        extra_kwargs = {"expires_at": {"style": {"input_type": "date"}}}


@extend_schema_serializer(examples=examples.ISSUED_PERSONAL_TOKENS)
class IssuedPersonalTokenSerializer(PersonalTokenSerializer):
    """A token for scripts with `token`, which is not shown again."""

    token = serializers.CharField(source="secret", read_only=True)

    class Meta(PersonalTokenSerializer.Meta):
        fields = [*PersonalTokenSerializer.Meta.fields, "token"]


def _check_strength(field: str, password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except DjangoValidationError as error:
        errors = serializers.as_serializer_error(error)["non_field_errors"]
        raise serializers.ValidationError({field: errors}) from None
