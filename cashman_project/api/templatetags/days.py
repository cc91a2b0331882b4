"""How pages write days and timestamps."""

import datetime

from django import template
from django.utils import timezone

register = template.Library()


@register.filter
def day(value: datetime.date | str) -> str:
    """Return a date, or its ISO 8601 text, as people write it: "30 Nov 2026"."""
    date = datetime.date.fromisoformat(value) if isinstance(value, str) else value
    return f"{date.day} {date:%b} {date.year:04}"


@register.filter
def timestamp(value: datetime.datetime | str) -> str:
    """Return a timestamp, or its ISO 8601 text, in the present time zone: "30 Nov 2026, 08:15"."""
    moment = datetime.datetime.fromisoformat(value) if isinstance(value, str) else value
    local = timezone.localtime(moment)
    return f"{day(local.date())}, {local:%H:%M}"
