"""How pages write days and timestamps: in the reader's language, and in the user's time zone."""

import datetime

from django import template

from cashman_project.locales import current_formats

register = template.Library()


@register.filter
def day(value: datetime.date | str) -> str:
    """Return a date, or its ISO 8601 text, as people write it: "30 Nov 2026"."""
    return current_formats().day(datetime.date.fromisoformat(value) if isinstance(value, str) else value)


@register.filter
def timestamp(value: datetime.datetime | str) -> str:
    """Return a timestamp, or its ISO 8601 text, in the present time zone: "30 Nov 2026, 18:05"."""
    return current_formats().timestamp(datetime.datetime.fromisoformat(value) if isinstance(value, str) else value)


@register.filter
def time_of_day(text: str) -> str:
    """Return the time of a timestamp in ISO 8601, in the present time zone: "18:05"."""
    return current_formats().time(datetime.datetime.fromisoformat(text))
