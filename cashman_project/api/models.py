"""The tables of the API itself: idempotency keys, the admin's log, and claims of the daily work."""

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class IdempotencyKey(models.Model):
    """A request with an idempotency key: its fingerprint and its response.

    `status` is None only inside the database transaction that makes the response. `body` is the response's data in
    JSON. `location` is the response's Location header, or "".
    """

    pk = models.CompositePrimaryKey("owner_id", "key")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=32)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.TextField()
    location = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["owner", "created_at"], name="idempotency_key_created")]

    def __str__(self) -> str:
        return self.key


class AdminLogEntry(LogEntry):
    """An entry of the admin's log. `about` is the owner of the row, or None; the entry is deleted with that user."""

    about = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", null=True)

    class Meta:
        verbose_name = _("log entry")
        verbose_name_plural = _("log entries")


class Claim(models.Model):
    """Work that only one process does. The process that claims it has it for itself `until` that timestamp."""

    work = models.CharField(max_length=32, primary_key=True)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.work} until {self.until}"
