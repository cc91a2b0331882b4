"""How pages write numbers of things: in the reader's language."""

from decimal import Decimal

from django import template

from cashman_project.locales import current_formats

register = template.Library()


@register.filter
def grouped(number: int) -> str:
    """Return a whole number with its digits in groups: "1,333"."""
    return current_formats().number(Decimal(number))
