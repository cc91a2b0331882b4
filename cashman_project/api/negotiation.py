"""Which representation a client gets: what its Accept header says (RFC 9110, section 12.5.1)."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request

from .problems import PROBLEM_JSON

ANYTHING = "*/*"
MAX_RANGES = 64  # that are read of a header; browsers send about eight


class Range(NamedTuple):
    """A media range such as text/*, and its weight from 0, which is never, to 1."""

    type: str
    subtype: str
    weight: float

    def specificity(self, media_type: str) -> int:
        """Return how closely the range names the media type: 2 as it is, 1 by text/*, 0 by */*; -1 not at all."""
        kind, _slash, subtype = media_type.partition("/")
        if self.type == kind:
            return 2 if self.subtype == subtype else 1 if self.subtype == "*" else -1
        return 0 if self.type == self.subtype == "*" else -1


def preferred(accept: str | None, media_types: Sequence[str]) -> str | None:
    """Return which of the media types the Accept header prefers; None where it allows none of them.

    A missing or empty header allows all. The most specific range that names a type says its weight. Of equal
    weights the one that is named more closely is preferred, then the one that comes first in `media_types`.
    """
    ranges = _ranges(accept or ANYTHING)
    best, chosen = (0.0, 0), None
    for media_type in media_types:
        specificity, weight = max([(one.specificity(media_type), one.weight) for one in ranges])
        if specificity >= 0 and weight > 0 and (chosen is None or (weight, specificity) > best):
            best, chosen = (weight, specificity), media_type
    return chosen


@lru_cache
def _ranges(header: str) -> tuple[Range, ...]:
    """Return the media ranges of a header. Parameters other than the weight are left out: no type here has any."""
    found = []
    for element in header.lower().split(",", MAX_RANGES)[:MAX_RANGES]:
        name, *parameters = [part.strip() for part in element.split(";", MAX_RANGES)]
        kind, _slash, subtype = (ANYTHING if name == "*" else name).partition("/")  # Java sends an asterisk alone
        weights = [_weight(text[2:].strip()) for text in parameters if text[:2] == "q="]
        if name:
            found.append(Range(kind, subtype, weights[0] if weights else 1.0))
    return tuple(found) or _ranges(ANYTHING)


def _weight(text: str) -> float:
    """Return the weight that the text holds; 1 where it holds none."""
    try:
        weight = float(text[:10])
    except ValueError:
        return 1.0
    return weight if 0 <= weight <= 1 else 1.0


class Negotiation(DefaultContentNegotiation):
    """The REST framework's negotiation with weights, at once where a program takes anything, or names its one type.

    Who sends `application/problem+json` alone knows how errors look, and gets whatever there is. An answer without
    a body is acceptable to everybody: the view names the actions (or methods) that have one as `bodiless`.
    """

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        accept = request.META.get("HTTP_ACCEPT", ANYTHING)
        for renderer in () if format_suffix else renderers:
            if accept in (ANYTHING, renderer.media_type):
                return renderer, renderer.media_type
        if format_suffix:
            renderers = self.filter_renderers(renderers, format_suffix)
        chosen = preferred(accept, [renderer.media_type for renderer in renderers])
        if chosen is None and not (_is_bodiless(request) or preferred(accept, [PROBLEM_JSON])):
            raise NotAcceptable(available_renderers=renderers)
        for renderer in renderers:
            if renderer.media_type == chosen:
                return renderer, chosen
        return renderers[0], renderers[0].media_type

    def select_parser(self, request: Request, parsers: Any) -> Any:
        same = [parser for parser in parsers if parser.media_type == request.content_type]
        return same[0] if same else super().select_parser(request, parsers)


def _is_bodiless(request: Request) -> bool:
    view: Any = request.parser_context["view"]
    action = getattr(view, "action", None) or (request.method or "").lower()
    return action in getattr(view, "bodiless", ())
