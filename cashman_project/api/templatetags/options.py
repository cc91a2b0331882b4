"""The options of selects, and those that an input suggests."""

from django import template
from django.utils.safestring import SafeString, mark_safe

from ..pages.inputs import Input
from ..pages.selects import option

register = template.Library()


@register.filter
def options(one: Input) -> SafeString:
    """Return the options of a select. Those that all owners have in common come last."""
    chosen = "".join(option(value, str(label), value in one.values) for value, label in one.choices)
    return mark_safe(f"{chosen}{one.all_options or ''}")  # noqa: S308  # escaped


@register.filter
def suggested(one: Input) -> SafeString:
    """Return the options of the list that an input suggests."""
    return mark_safe("".join(option(each.text, each.text, data=each.fills) for each in one.suggestions))  # noqa: S308
