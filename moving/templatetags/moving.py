"""What the page of a user shows of their data."""

from django import template
from django.template import Context

from ledgers.models import Ledger

register = template.Library()


@register.inclusion_tag("moving/your_data.html", takes_context=True)
def your_data(context: Context) -> dict[str, object]:
    """Show how everything goes out and, while nothing was written, how it comes in."""
    owner = context["data"]["id"]
    has_written = Ledger.objects.filter(pk=owner, revision__gt=0).exists()
    return {"is_empty": not has_written, "csrf_token": context.get("csrf_token")}
