"""The menu of languages."""

from collections.abc import Iterable

from django import template

from cashman_project.languages import LANGUAGES

register = template.Library()


@register.simple_tag
def languages() -> Iterable[tuple[str, str]]:
    """Return each language's code, and its name in itself. Django's own tag translates the names."""
    return LANGUAGES.items()
