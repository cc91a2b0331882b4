"""Every path that the service answers, found in its URL configuration."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.regex_helper import normalize


def routes(arguments: Mapping[str, str] | None = None) -> list[str]:
    """Return a path for each route, with these arguments in it, or with 1; without the parts that may be left out."""
    return list(dict.fromkeys(_paths(get_resolver().url_patterns, "/", {"format": "csv", **(arguments or {})})))


def _paths(patterns: Iterable[Any], start: str, arguments: Mapping[str, str]) -> Iterator[str]:
    for one in patterns:
        for form, names in _forms(one):
            values = {name: arguments.get(name, "1") for name in names}
            path = start + form % values
            if isinstance(one, URLResolver):
                yield from _paths(one.url_patterns, path, arguments)
            else:
                yield path


def _forms(pattern: URLPattern | URLResolver) -> list[Any]:
    return normalize(pattern.pattern.regex.pattern.replace(r"\Z", "$"))
