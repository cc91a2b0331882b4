"""How pages write amounts: in the notation of the reader's language."""

from decimal import Decimal

from django import template
from django.utils.translation import get_language_bidi

from cashman_project.money.formats import readable_amount

# In a text that is written from right to left, they keep a sign before its number, and the currency after both.
LEFT_TO_RIGHT, AS_BEFORE = "\u2066", "\u2069"

register = template.Library()


@register.filter
def money(amount: Decimal | str, currency: str) -> str:
    """Return an amount with its currency's decimals and a real minus sign."""
    text = readable_amount(Decimal(amount), currency)
    return f"{LEFT_TO_RIGHT}{text}{AS_BEFORE}" if get_language_bidi() else text
