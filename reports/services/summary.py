"""What a summary has: the sums of each group, and what stands beside them."""

import datetime
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ValidationError

from cashman_project.api.types import Validated
from transactions.calendar import PeriodLength
from transactions.filters import TransactionFilterSet
from transactions.groupings import groupings_of
from transactions.services.summary import number_of_keys, summarize
from transactions.totals import Total

from ..periods import Window, split

if TYPE_CHECKING:
    from users.models import User

    from .comparison import Comparison

MOST_GROUPS = 4_000  # that are made where there may be nothing to sum up
TOO_MANY = _("This would make more than %(most)d groups: ask for fewer days, or for longer periods.")

Keys = Mapping[str, str | None]  # the keys of a group, by the names of the groupings
GroupKey = tuple[tuple[str | None, ...], str]  # the keys, and the currency


class Span(NamedTuple):
    """The days from the first to the last. None is as far back, or as far ahead, as there are transactions."""

    first: datetime.date | None
    last: datetime.date | None


@dataclass(frozen=True)
class SummaryQuery:
    """What a summary is about. `filters` has the values of all filters but the dates, by their names."""

    owner: "User"
    group_by: tuple[str, ...]
    span: Span
    filters: Validated
    fill: bool = False
    compare: str = ""  # or "previous", or "year"
    balance: bool = False
    excluded: bool = False  # whether categories that are excluded from sums are counted

    @cached_property
    def lengths(self) -> dict[str, PeriodLength]:
        """The lengths of the periods that it is grouped by, by the names of the groupings."""
        groupings = groupings_of(self.owner.month_start)
        return {name: length for name in self.group_by if (length := groupings[name].period)}

    @property
    def overlaps(self) -> bool:
        """Whether a transaction may be in several groups: those of its tags."""
        return "tag" in self.group_by

    @property
    def window(self) -> Window | None:
        """The days that are asked for, if both the first and the last one are."""
        first, last = self.span
        return Window(first, last, self.owner.month_start) if first and last else None

    def sums(self, span: Span, group_by: tuple[str, ...]) -> list[Total]:
        """Return the sums of other days, by other groupings."""
        values = self._values(span)
        return summarize(
            owner=self.owner,
            filters=TransactionFilterSet,
            values=values,
            group_by=group_by,
            excluded=self.excluded,
        )

    def number_of_keys(self, *group_by: str) -> int:
        """Return how many different keys there are together, by other groupings or "currency"."""
        values = self._values(self.span)
        return number_of_keys(
            owner=self.owner,
            filters=TransactionFilterSet,
            values=values,
            group_by=group_by,
            excluded=self.excluded,
        )

    def _values(self, span: Span) -> Validated:
        dates = {"date_after": span.first, "date_before": span.last}
        return {**{name: date for name, date in dates.items() if date}, **self.filters}


@dataclass(slots=True)
class Group:
    """The sums of a group, and its days. `balance` is in ten-thousandths."""

    total: Total
    span: Span
    previous: "Previous | None" = None
    balance: int = 0


class Previous(NamedTuple):
    """The sums that a group is compared with, and their days; None if there are no such days."""

    total: Total
    window: Window | None


class Summary(NamedTuple):
    groups: list[Group]
    totals: list[Group]  # of all groups, one for each currency


def summary_of(query: SummaryQuery, comparison: "Comparison | None" = None) -> Summary:
    """Return the groups in the order of their keys, and their totals.

    Raises ValidationError (400) if `fill` would make more than MOST_GROUPS.
    """
    found = {_key(total): total for total in query.sums(query.span, query.group_by)}
    for key, total in comparison.sums.items() if comparison else ():
        found.setdefault(key, Total(total.currency, total.keys))
    opening = _opening(query) if query.balance else {}
    spans = _Spans(query)
    if query.fill:
        _fill(query, found, spans, opening)
    in_order = sorted(found.values(), key=Total.order) if query.fill or comparison else found.values()
    groups = [Group(total, spans.of(total)) for total in in_order]
    totals = {currency: Total(currency, {}) for currency in (*opening, *(comparison.totals if comparison else ()))}
    for group in groups:
        currency = group.total.currency
        if currency not in totals:
            totals[currency] = Total(currency, {})
        if not query.overlaps:
            totals[currency].add(group.total)
        if query.balance:
            group.balance = opening.get(currency, 0) + totals[currency].net
    if query.overlaps:  # then the groups add up to more than there is
        totals |= {total.currency: total for total in query.sums(query.span, ())}
    whole = [Group(totals[currency], query.span) for currency in sorted(totals)]
    for group in whole:
        group.balance = opening.get(group.total.currency, 0) + group.total.net
    if comparison:
        for group in groups:
            group.previous = comparison.of_group(group.total)
        for group in whole:
            group.previous = comparison.of_total(group.total)
    return Summary(groups, whole)


def _key(total: Total) -> GroupKey:
    return tuple(total.keys.values()), total.currency


def _opening(query: SummaryQuery) -> dict[str, int]:
    """Return the balance of each currency before the first day."""
    if not query.span.first:
        return {}
    eve = query.span.first - datetime.timedelta(days=1)
    return {total.currency: total.net for total in query.sums(Span(None, eve), ())}


class _Spans:
    """The days of each group: those of its periods, as far as they are asked for."""

    def __init__(self, query: SummaryQuery) -> None:
        self.query = query
        self.lengths = query.lengths
        self.known: dict[tuple[str | None, ...], Span] = {}

    def of(self, total: Total) -> Span:
        if not self.lengths:
            return self.query.span
        keys = tuple(map(total.keys.__getitem__, self.lengths))
        span = self.known.get(keys)
        if span is None:
            span = self.known[keys] = self._find(keys)
        return span

    def _find(self, keys: tuple[str | None, ...]) -> Span:
        first, last = self.query.span
        for length, key in zip(self.lengths.values(), keys, strict=True):
            start = length.first(str(key))
            end = length.last(start)
            first, last = max(first or start, start), min(last or end, end)
        return Span(first, last)


def _fill(query: SummaryQuery, found: dict[GroupKey, Total], spans: _Spans, opening: Mapping[str, int]) -> None:
    """Add the groups without transactions: each period, with each other key that its currency has."""
    others: dict[str, set[tuple[tuple[str, str | None], ...]]] = defaultdict(set)
    for total in found.values():
        others[total.currency].add(tuple(pair for pair in total.keys.items() if pair[0] not in query.lengths))
    if len(query.lengths) == len(query.group_by):
        for currency in {*opening, *filter(None, [query.filters.get("currency")])}:
            others[currency].add(())
    window = _filled_window(query, [spans.of(total) for total in found.values()])
    if window is None:
        return
    parts = list(islice(split(window, query.lengths), MOST_GROUPS + 1))
    if len(parts) * sum(map(len, others.values())) > MOST_GROUPS:
        raise too_many("fill")
    for currency, combinations in others.items():
        for pairs in combinations:
            for periods, _window in parts:
                named: dict[str, str | None] = {**dict(pairs), **periods}
                total = Total(currency, {name: named[name] for name in query.group_by})
                found.setdefault(_key(total), total)


def _filled_window(query: SummaryQuery, spans: list[Span]) -> Window | None:
    """Return the days that are asked for. Where they are open, they end with the first or the last group."""
    first = query.span.first or min((span.first for span in spans if span.first), default=None)
    last = query.span.last or max((span.last for span in spans if span.last), default=None)
    return Window(first, last, query.owner.month_start) if first and last else None


def too_many(parameter: str) -> ValidationError:
    """Return the error (400) for a parameter that asks for too many groups."""
    return ValidationError({parameter: [str(TOO_MANY) % {"most": MOST_GROUPS}]}, code="too_many")
