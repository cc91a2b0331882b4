"""Content negotiation: the Accept header says which representation a client gets (RFC 9110, section 12.5.1)."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from .problems import PROBLEM_JSON

ANYTHING = "*/*"
MAX_RANGES = 64  # of a header are read, and the rest is ignored; browsers send about eight


class Range(NamedTuple):
    """A media range such as text/*, and its weight: from 0 (never) to 1."""

    type: str
    subtype: str
    weight: float

    def specificity(self, media_type: str) -> int:
        """Return how closely the range names the media type: 2 exactly, 1 by text/*, 0 by */*, and -1 not at all."""
        kind, _slash, subtype = media_type.partition("/")
        if self.type == kind:
            return 2 if self.subtype == subtype else 1 if self.subtype == "*" else -1
        return 0 if self.type == self.subtype == "*" else -1


def preferred(accept: str | None, media_types: Sequence[str]) -> str | None:
    """Return the media type that the Accept header prefers; None if it allows none of them.

    A missing or empty header allows all. A type has the weight of the most specific range that names it. If weights are
    equal, the type that is named more closely is preferred, and then the one that comes first in `media_types`.
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
    """Return the media ranges of a header. Parameters other than the weight are ignored: no type here has any."""
    found = []
    for element in header.lower().split(",", MAX_RANGES)[:MAX_RANGES]:
        name, *parameters = [part.strip() for part in element.split(";", MAX_RANGES)]
        kind, _slash, subtype = (ANYTHING if name == "*" else name).partition("/")  # Java sends a single asterisk
        weights = [_weight(text[2:].strip()) for text in parameters if text[:2] == "q="]
        if name:
            found.append(Range(kind, subtype, weights[0] if weights else 1.0))
    return tuple(found) or _ranges(ANYTHING)


def _weight(text: str) -> float:
    """Return the weight in the text; 1 if it is not a weight."""
    try:
        weight = float(text[:10])
    except ValueError:
        return 1.0
    return weight if 0 <= weight <= 1 else 1.0


class Negotiation(DefaultContentNegotiation):
    """The REST framework's negotiation, with weights. It has a shortcut for clients that accept anything or one type.

    A client that accepts only `application/problem+json` names the type of errors, and gets what the view has. A
    response without a body is acceptable to every client: a view lists the actions (or methods) with such a response in
    `bodiless`.
    """

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        accept = request.META.get("HTTP_ACCEPT", ANYTHING)
        for renderer in () if format_suffix else renderers:
            if accept in (ANYTHING, renderer.media_type):
                return renderer, renderer.media_type
        available = self.filter_renderers(renderers, format_suffix) if format_suffix else list(renderers)
        chosen = preferred(accept, [renderer.media_type for renderer in available])
        if chosen is None and not (_is_bodiless(request) or preferred(accept, [PROBLEM_JSON])):
            raise NotAcceptable(available_renderers=available)
        for renderer in available:
            if renderer.media_type == chosen:
                return renderer, chosen
        return available[0], available[0].media_type

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        same = [parser for parser in parsers if parser.media_type == request.content_type]
        return same[0] if same else super().select_parser(request, parsers)


def _is_bodiless(request: Request) -> bool:
    view = request.parser_context["view"]
    action = getattr(view, "action", None) or (request.method or "").lower()
    return action in getattr(view, "bodiless", ())
