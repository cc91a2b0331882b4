"""How pages write counts: with the reader's marks between groups of digits."""

from decimal import Decimal

from django import template

from cashman_project.locales import current_formats

register = template.Library()


@register.filter
def count(number: int) -> str:
    """Return a whole number as people write it: "1,401"."""
    return current_formats().number(Decimal(number))
