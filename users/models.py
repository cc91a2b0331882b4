"""Who you are."""

import datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.contrib.auth.models import AbstractUser, UserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from transactions.money import validate_currency

HOST_DEPENDENT = {"Factory", "localtime"}  # names of no place


def default_currency() -> str:
    """Return the currency of a user who has chosen none."""
    return settings.DEFAULT_CURRENCY


def default_time_zone() -> str:
    """Return the time zone of a user who has chosen none."""
    return settings.TIME_ZONE


def default_language() -> str:
    """Return the language of a user who has chosen none."""
    return settings.LANGUAGE_CODE


def validate_time_zone(name: str) -> None:
    """Raise ValidationError unless `name` is in the IANA time zone database."""
    if name not in available_timezones() - HOST_DEPENDENT:
        raise ValidationError(_("Not a time zone: give an IANA name, such as Europe/Berlin."), code="invalid_time_zone")


def validate_language(code: str) -> None:
    """Raise ValidationError unless `code` is a language that messages can be in."""
    if code not in dict(settings.LANGUAGES):
        raise ValidationError(_("Not a language: give a code such as en, de or pt-br."), code="invalid_language")


class Attempts(models.Model):
    """How often something was tried within a window of time that ends at `until`.

    `account` is the key of a user's name, `address` whence it was tried; empty is any of them, so the
    row of an address alone counts registrations.
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


class User(AbstractUser):
    """A person who keeps books here.

    `subject` is what tokens know a user by: an own user's id, or an outside issuer and its `sub`.
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
    language = models.CharField(_("language"), max_length=16, default=default_language, validators=[validate_language])

    objects: ClassVar["UserManager[User]"] = UserManager()  # type: ignore[assignment]  # the stub says Self

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.subject = self.subject or str(self.id)
        super().save(*args, **kwargs)

    def today(self) -> datetime.date:
        """Return the date that it is for this user now."""
        return timezone.localdate(timezone=ZoneInfo(self.time_zone))
