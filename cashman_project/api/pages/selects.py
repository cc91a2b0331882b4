"""Selects with many options, such as currencies, whose own ones come first."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

    from users.models import User

Options = Mapping[str, Mapping[str, str]]  # by the label of their group: the label of each value


def no_values(owner: "User") -> Iterable[str]:
    """Return no values that would come first."""
    return ()


@dataclass(frozen=True)
class Select:
    """The options of a field, in the present language. A serializer's field names it in its style: {"select": ...}.

    `own` returns the owner's usual values, which come first. `none` says what it means to choose nothing, if that is
    always possible.
    """

    options: Callable[[], Options]
    own: Callable[["User"], Iterable[str]] = no_values
    none: "str | StrPromise" = ""

    def first(self, owner: "User", value: str) -> list[tuple[str, str]]:
        """Return the options that come first: the owner's own ones, and the present value."""
        labels = _labels(self, get_language())
        values = dict.fromkeys([*self.own(owner), *([value] if value else [])])
        return [(one, labels.get(one, one)) for one in values]

    def html(self) -> SafeString:
        """Return all options. They are written once for each language."""
        return _html(self, get_language())


def option(value: str, label: str, selected: bool = False, data: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return an option. Its value is its text if it names none, without white space at its ends and doubled inside;
    it ends where the next one begins."""
    start = "" if value == label == " ".join(value.split()) else format_html(' value="{}"', value)
    rest = "".join(format_html(' data-{}="{}"', name, text) for name, text in data.items())
    return f"<option{start}{rest}{' selected' if selected else ''}>{escape(label)}"


@cache  # as below
def _labels(select: Select, language: str | None) -> dict[str, str]:
    return {value: label for group in select.options().values() for value, label in group.items()}


@cache  # a few selects in each language
def _html(select: Select, language: str | None) -> SafeString:
    groups = [
        (label, mark_safe("".join(option(value, text) for value, text in group.items())))  # noqa: S308  # escaped
        for label, group in select.options().items()
    ]
    return format_html_join("", '<optgroup label="{}">{}</optgroup>', groups)
