"""Users and their tokens in JSON."""

from typing import Any
from zoneinfo import available_timezones

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as DjangoValidationError
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from cashman_project.api.serializers import StrictCharField, StrictEmailField, StrictModelSerializer, StrictSerializer

from .models import User

MAX_PASSWORD = 1_000  # characters: hashing a longer one would cost more than it protects


class MeSerializer(StrictModelSerializer[User]):
    """A user, and what the user prefers."""

    class Meta:
        model = User
        fields = ["id", "username", "email", "currency", "time_zone", "language"]
        read_only_fields = ["id", "username"]
        extra_kwargs = {
            "currency": {"trim_whitespace": False},
            "time_zone": {"trim_whitespace": False, "style": {"suggestions": available_timezones}},
            "language": {"trim_whitespace": False, "style": {"suggestions": lambda: dict(settings.LANGUAGES)}},
        }


class UsernameField(StrictCharField):
    """A user's name in its normal form (NFKC), which is what is validated and stored."""

    def to_internal_value(self, data: object) -> str:
        return User.normalize_username(super().to_internal_value(data))


class RegistrationSerializer(StrictSerializer):
    """A new user's name and password."""

    username = UsernameField(max_length=150, validators=[User.username_validator])
    password = StrictCharField(max_length=MAX_PASSWORD, write_only=True, trim_whitespace=False)
    email = StrictEmailField(required=False, default="", allow_blank=True, max_length=254)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        candidate = User(username=attrs["username"], email=attrs["email"])
        try:
            validate_password(attrs["password"], candidate)
        except DjangoValidationError as error:
            raise serializers.ValidationError(
                {"password": serializers.as_serializer_error(error)["non_field_errors"]}
            ) from None
        return attrs


@extend_schema_serializer(examples=[OpenApiExample("Demo", {"username": "demo", "password": "demo"})])
class CredentialsSerializer(StrictSerializer):
    """What a pair of tokens is given for."""

    username = UsernameField(trim_whitespace=False)
    password = StrictCharField(max_length=MAX_PASSWORD, write_only=True, trim_whitespace=False)


class RefreshSerializer(StrictSerializer):
    """What a new pair of tokens is given for."""

    refresh = StrictCharField()


@extend_schema_serializer(examples=[OpenApiExample("Tokens", {"access": "eyJhbGciOi...", "refresh": "eyJhbGciOi..."})])
class TokenPairSerializer(serializers.Serializer[Any]):
    """An access token, good for five minutes, and a refresh token, good for fourteen days."""

    access = serializers.CharField()
    refresh = serializers.CharField()
