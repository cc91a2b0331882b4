"""How pages write amounts: in the notation of the reader's language."""

from decimal import Decimal

from django import template

from cashman_project.money.formats import readable_amount

register = template.Library()


@register.filter
def money(amount: Decimal | str, currency: str) -> str:
    """Return an amount with its currency's decimals and a real minus sign."""
    return readable_amount(Decimal(amount), currency)
