"""How pages write amounts."""

from decimal import Decimal

from django import template

register = template.Library()


@register.filter
def money(amount: Decimal | str, currency: str) -> str:
    """Return an amount with the separators of people and a real minus sign: "−1,234.50"."""
    return f"{Decimal(amount):,f}".replace("-", "\u2212")
