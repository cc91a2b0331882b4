"""Users, their logins and their tokens."""

import base64
import datetime
import hashlib
import secrets
from collections.abc import Collection
from typing import Any, ClassVar, Self
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.contrib.auth import models as auth_models
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from cashman_project.db.compiled import Parameter
from cashman_project.db.derived_fields import DerivedQuerySet, KeyField, derived_fields
from cashman_project.languages import LANGUAGES
from cashman_project.money.currencies import validate_currency
from cashman_project.texts import check_visible, compose, text_key, validate_one_line

from .erasure import erase_users
from .hashers import compose_password
from .preferences import LATEST_MONTH_START

TOKEN_PREFIX = "cashman_"  # noqa: S105  # not a secret, but the prefix by which scanners recognise one
SECRET_BYTES = 32
LONGEST_NAME = 150  # characters of a user's name
HOST_DEPENDENT = {"Factory", "localtime"}  # names that mean no place


def default_currency() -> str:
    """Return the currency of a user who has not chosen one."""
    return settings.DEFAULT_CURRENCY


def default_time_zone() -> str:
    """Return the time zone of a user who has not chosen one."""
    return settings.TIME_ZONE


def validate_time_zone(name: str) -> None:
    """Raise ValidationError unless `name` is in the IANA time zone database."""
    if name not in available_timezones() - HOST_DEPENDENT:
        raise ValidationError(_("Not a time zone: give an IANA name, such as Europe/Berlin."), code="invalid_time_zone")


def validate_language(code: str) -> None:
    """Raise ValidationError unless there are texts in the language with this code."""
    if code not in LANGUAGES:
        message = _("Not a language: give one of %(codes)s.") % {"codes": ", ".join(LANGUAGES)}
        raise ValidationError(message, code="invalid_language")


class Attempts(models.Model):
    """The number of attempts in a window of time that ends at `until`.

    `account` is the key of a user name, `address` the client's address. A row without an address counts the attempts
    from all addresses. A row without an account counts registrations.
    """

    pk = models.CompositePrimaryKey("account", "address")
    account = models.CharField(max_length=64)
    address = models.CharField(max_length=24)
    number = models.PositiveIntegerField()
    until = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["until"], name="attempts_until")]

    def __str__(self) -> str:
        return f"{self.number} until {self.until}"


def username_key(username: str) -> str:
    """Return the key that all ways to write a user's name share. A name that is too long gets "", which no user has."""
    return text_key(User.normalize_username(username), LONGEST_NAME)


class UsernameKeyField(KeyField):
    """The key of a user's name. User names have another normal form (NFKC) than other names."""

    def derive(self, text: str | None) -> str | None:
        return None if text is None else username_key(text)


class UserQuerySet(DerivedQuerySet["User"]):
    def delete(self) -> tuple[int, dict[str, int]]:
        """Erase the users."""
        return erase_users(users=self)

    delete.alters_data = True  # type: ignore[attr-defined]  # for templates
    delete.queryset_only = True  # type: ignore[attr-defined]  # as Django's: no manager deletes all


class UserManager(auth_models.UserManager["User"]):
    """Finds users by their names, however these are written."""

    use_in_migrations = False

    def get_queryset(self) -> UserQuerySet:
        return UserQuerySet(self.model, using=self._db)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(username_key=username_key(username or ""))


class User(AbstractUser):
    """A user of the service.

    Names are unique by their key, so "Zoë" and "ZOE\u0308" are the same name. `subject` is what tokens know a user by:
    the user's id, or the identity provider's URL and its `sub`.
    """

    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    subject = models.CharField(_("subject"), max_length=255, unique=True, editable=False)
    currency = models.CharField(
        _("default currency"), max_length=3, default=default_currency, validators=[validate_currency]
    )
    time_zone = models.CharField(
        _("time zone"), max_length=64, default=default_time_zone, validators=[validate_time_zone]
    )
    month_start = models.PositiveSmallIntegerField(
        _("first day of the month"),
        default=1,
        db_default=1,
        validators=[MinValueValidator(1), MaxValueValidator(LATEST_MONTH_START)],
    )
    # Null means that of each request. An empty text is no language.
    language = models.CharField(_("language"), max_length=16, null=True, blank=True, validators=[validate_language])  # noqa: DJ001

    # The id of the account that new transactions get. The app that has accounts keeps it right.
    account = models.UUIDField(null=True, editable=False)
    username_key = UsernameKeyField(source="username", max_length=6 * LONGEST_NAME + 1, unique=True)

    objects: ClassVar[UserManager] = UserManager()

    def save(self, *args: Any, **kwargs: Any) -> None:  # Any: the arguments of Django's own
        """Insert or update the user. With `update_fields`, the fields that are derived from them are written too."""
        self.subject = self.subject or str(self.id)
        if names := kwargs.get("update_fields"):
            derived = (field.name for source, field in derived_fields(User).items() if source in names)
            kwargs["update_fields"] = {*names, *derived}
        super().save(*args, **kwargs)

    def delete(self, using: str | None = None, keep_parents: bool = False) -> tuple[int, dict[str, int]]:
        """Erase the user."""
        return erase_users(users=[self])

    @classmethod
    def normalize_username(cls, username: Any) -> Any:  # Any: as Django's own, for None too
        """Return a name as it is stored: trimmed, and composed (NFKC) unless it is too long for a name."""
        return compose(username.strip(), LONGEST_NAME, "NFKC") if isinstance(username, str) else username

    def validate_unique(self, exclude: Collection[str] | None = None) -> None:
        """Raise ValidationError if another user has this name, however it is written."""
        super().validate_unique(exclude)
        if "username" in (exclude or ()):
            return
        if User.objects.filter(username_key=username_key(self.username)).exclude(pk=self.pk).exists():
            raise ValidationError({"username": self.unique_error_message(User, ("username",))})

    def check_password(self, raw_password: str) -> bool:
        """Return whether this is the user's password, however its letters are composed.

        Before passwords were composed, they were hashed as they were typed. When such a password is typed again, its
        hash is replaced.
        """
        password = compose_password(raw_password)
        if super().check_password(password):
            return True
        if password == raw_password or not super().check_password(raw_password):
            return False
        self.set_password(password)
        self.save(update_fields=["password"])
        return True

    def today(self) -> datetime.date:
        """Return today's date in this user's time zone."""
        return timezone.localdate(timezone=ZoneInfo(self.time_zone))


class Session(models.Model):
    """A login at the API. Its tokens name it, and end when its row is deleted or its owner's password changes.

    `jti` is the id of its refresh token, `issued_at` when that was issued, and `previous_jti` the id of the refresh
    token before it. `auth_hash` is Django's session hash of the password at login. A browser session holds the same
    hash, so a new password ends both, whether it is set by the API, the admin or a command.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = models.ForeignKey(User, models.CASCADE, verbose_name=_("owner"), related_name="+", db_index=False)
    jti = models.CharField(max_length=32)
    previous_jti = models.CharField(max_length=32, default="")
    auth_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    issued_at = models.DateTimeField(_("last refreshed at"), default=timezone.now)
    expires_at = models.DateTimeField(_("expires at"))

    class Meta:
        verbose_name = _("login")
        verbose_name_plural = _("logins")
        indexes = [models.Index(fields=["owner", "expires_at"], name="session_expires")]

    def __str__(self) -> str:
        return str(self.id)


class BrowserSession(models.Model):
    """A session of a browser. Only the browser has its key. `digest` is the key's hash.

    `user` is the user who is signed in, or None.
    """

    digest = models.CharField(max_length=64, primary_key=True)
    user = models.ForeignKey(User, models.CASCADE, verbose_name=_("user"), related_name="+", null=True)
    session_data = models.TextField()
    expire_date = models.DateTimeField(_("expires at"), db_index=True)

    class Meta:
        verbose_name = _("browser session")
        verbose_name_plural = _("browser sessions")

    def __str__(self) -> str:
        return self.digest[:8]


class TokenScope(models.TextChoices):
    READ = "read", _("read")
    READ_WRITE = "read_write", _("read and write")


class PersonalTokenQuerySet(models.QuerySet["PersonalToken"]):
    def for_owner(self, owner: User | Parameter) -> Self:
        """Return only the tokens of `owner`."""
        return self.filter(owner=owner)

    def create(self, *, secret: str = "", **values: object) -> "PersonalToken":
        """Store a new token and return it with its `secret`, which is not stored."""
        owner = values["owner"]
        assert isinstance(owner, User)
        text = secret or secret_of(owner, secrets.token_bytes(SECRET_BYTES))
        token = super().create(**values, digest=digest_of(text))
        token.secret = text
        return token


class PersonalToken(models.Model):
    """A token for scripts, which is valid until it expires or is deleted. The secret begins with its owner's id."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = models.ForeignKey(User, models.CASCADE, verbose_name=_("owner"), related_name="+", db_index=False)
    name = models.CharField(_("name"), max_length=100)
    scope = models.CharField(_("scope"), max_length=10, choices=TokenScope)
    digest = models.CharField(max_length=64, editable=False)
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used at"), null=True, editable=False)
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)

    objects = PersonalTokenQuerySet.as_manager()
    secret: str

    class Meta:
        verbose_name = _("personal access token")
        verbose_name_plural = _("personal access tokens")
        constraints = [models.UniqueConstraint(fields=["owner", "digest"], name="personaltoken_digest_unique")]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Raise ValidationError if the name has no visible character, or if the expiry is in the past."""
        check_visible(self, "name")
        try:
            validate_one_line(self.name)
        except ValidationError as error:
            raise ValidationError({"name": error}) from None
        if self.expires_at and self.expires_at <= timezone.now():
            raise ValidationError({"expires_at": ValidationError(_("This timestamp is in the past."), code="past")})


def secret_of(owner: User, secret_bytes: bytes) -> str:
    """Return the text of a personal access token of the owner with these SECRET_BYTES bytes."""
    return TOKEN_PREFIX + base64.urlsafe_b64encode(owner.pk.bytes + secret_bytes).decode()


def digest_of(secret: str) -> str:
    """Return the digest of a personal access token, which is stored.

    A password needs a slow hash because it can be guessed. 256 random bits can't be guessed, so a fast hash is enough.
    """
    return hashlib.sha256(secret.encode()).hexdigest()
