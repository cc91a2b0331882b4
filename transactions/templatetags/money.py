"""How pages write amounts: in the notation of the reader's language."""

from decimal import Decimal

from django import template
from django.utils.translation import get_language_bidi

from cashman_project.money.formats import readable_amount

LEFT_TO_RIGHT = "\u200e"  # keeps a sign before its number in a text that is written from right to left

register = template.Library()


@register.filter
def money(amount: Decimal | str, currency: str) -> str:
    """Return an amount with its currency's decimals and a real minus sign."""
    text = readable_amount(Decimal(amount), currency)
    return LEFT_TO_RIGHT + text if get_language_bidi() else text
