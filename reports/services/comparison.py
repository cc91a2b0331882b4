"""What the groups of a summary are compared with: the days before, or the same days a year before."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import islice

from transactions.calendar import PeriodLength, Week, starting
from transactions.groupings import DAY, MONTH
from transactions.totals import Total

from ..periods import Window, before, split, year_before
from .summary import MOST_GROUPS, GroupKey, Previous, Span, SummaryQuery, too_many

PeriodKeys = tuple[str, ...]


@dataclass
class Comparison:
    """The sums of the earlier days: by group and by currency."""

    query: SummaryQuery
    window: Window | None  # what the whole is compared with
    windows: dict[PeriodKeys, Window | None]  # what each period is compared with; everything is one without periods
    sums: dict[GroupKey, Total] = field(default_factory=dict)
    totals: dict[str, Total] = field(default_factory=dict)

    def of_group(self, total: Total) -> Previous:
        """Return what a group is compared with."""
        window = self.windows[tuple(str(total.keys[name]) for name in self.query.lengths)]
        key = tuple(total.keys.values()), total.currency
        return Previous(self.sums.get(key) or Total(total.currency, total.keys), window)

    def of_total(self, total: Total) -> Previous:
        """Return what the total of a currency is compared with."""
        return Previous(self.totals.get(total.currency) or Total(total.currency, {}), self.window)

    def add(self, total: Total, periods: PeriodKeys | None, is_in_window: bool) -> None:
        """Add sums of earlier days: to the group of these periods, unless they are None, and to the total."""
        if is_in_window and not self.query.overlaps:
            self.totals.setdefault(total.currency, Total(total.currency, {})).add(total)
        if periods is not None:
            named = total.keys | dict(zip(self.query.lengths, periods, strict=True))
            keys = {name: named[name] for name in self.query.group_by}
            group = tuple(keys.values()), total.currency
            self.sums.setdefault(group, Total(total.currency, keys)).add(total)


def comparison_of(query: SummaryQuery, window: Window) -> Comparison:
    """Return what the days of the window are compared with. Raises ValidationError (400) on too many periods."""
    lengths = query.lengths
    weeks = next((length for length in lengths.values() if isinstance(length, Week)), None)
    parts = list(islice(split(window, lengths), MOST_GROUPS + 1)) if lengths else [({}, window)]
    if len(parts) > MOST_GROUPS:
        raise too_many("compare")

    def earlier(part: Window, length: PeriodLength | None) -> Window | None:
        if part.first > part.last:
            return None
        return year_before(part, length) if query.compare == "year" else before(part, window, length)

    windows = {tuple(keys.values()): earlier(part, weeks) for keys, part in parts}
    comparison = Comparison(query, earlier(window, None), windows)
    covered = [one for one in (comparison.window, *windows.values()) if one]
    if query.overlaps:  # then the groups add up to more than there is
        whole = comparison_of(replace(query, group_by=tuple(query.lengths)), window)
        comparison.totals = whole.totals
    if covered:
        _add_sums(comparison, Span(min(one.first for one in covered), max(one.last for one in covered)), covered)
    return comparison


def _add_sums(comparison: Comparison, span: Span, covered: Iterable[Window]) -> None:
    """Sum up the span, by months or by days, and add each to the group and to the total that it belongs to."""
    query, whole = comparison.query, comparison.window
    others = tuple(name for name in query.group_by if name not in query.lengths)
    if not query.lengths:
        for total in query.sums(span, others):
            comparison.add(total, (), is_in_window=True)
        return
    month = starting(MONTH, query.owner.month_start)
    step, length = ("month", month) if all(window.is_whole_months for window in covered) else ("day", DAY)
    periods = sorted((window, keys) for keys, window in comparison.windows.items() if window)
    firsts = [window.first for window, _keys in periods]
    places: dict[str, tuple[PeriodKeys | None, bool]] = {}
    for total in query.sums(span, (step, *others)):
        key = str(total.keys.pop(step))
        if key not in places:
            date = length.first(key)
            place = bisect_right(firsts, date) - 1
            is_in_period = place >= 0 and date <= periods[place][0].last
            is_in_window = whole is not None and whole.first <= date <= whole.last
            places[key] = periods[place][1] if is_in_period else None, is_in_window
        comparison.add(total, *places[key])
