"""How pages write amounts."""

from decimal import Decimal

from django import template

register = template.Library()


@register.filter
def money(amount: Decimal | str, currency: str) -> str:
    """Return an amount as people write it, with a real minus sign."""
    return f"{Decimal(amount):,f}".replace("-", "\u2212")
