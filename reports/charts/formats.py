"""How the charts write numbers and dates, in the reader's language."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import NamedTuple

from cashman_project.locales import Compact, LocaleFormats, current_formats, formats_of
from cashman_project.money.amounts import EXACT
from cashman_project.money.currencies import DIGITS
from cashman_project.money.formats import with_decimals

SHORT_FROM = 10_000  # numbers on an axis are written in full below it
IN_FULL = Compact(Decimal(0), Decimal(1))
ROUGHLY = Context(prec=3, rounding=ROUND_HALF_UP)


class Period(NamedTuple):
    """A month, or a whole year if `month` is None."""

    year: int
    month: int | None = None


@dataclass(frozen=True)
class Formats:
    """The formats of a language, or of the reader's language if none is named."""

    language: str | None = None

    @property
    def locale(self) -> LocaleFormats:
        """The formats of the language, which charts have in common with pages."""
        return formats_of(self.language) if self.language else current_formats()

    @property
    def months(self) -> list[str]:
        """The names of the months."""
        return self.locale.month_names("wide")

    @property
    def short_months(self) -> list[str]:
        """The short names of the months."""
        return self.locale.month_names("abbreviated")

    def count(self, number: int) -> str:
        """Return a whole number with marks between groups of digits: "1,401"."""
        return self.locale.number(Decimal(number))

    def amount(self, amount: Decimal, currency: str) -> str:
        """Return an amount with its currency's decimals and a real minus sign."""
        return self.locale.number(with_decimals(amount, currency))

    def rounded(self, amount: Decimal, currency: str) -> str:
        """Return an amount that a division made, rounded to its currency's decimals."""
        return self.locale.number(amount.quantize(Decimal(1).scaleb(-DIGITS[currency]), ROUND_HALF_UP, EXACT))

    def axis(self, amounts: Sequence[Decimal]) -> list[str]:
        """Return the numbers of an axis, all shortened in the same way: "0", "2.5K", "5K"."""
        locale, largest = self.locale, max(abs(amount) for amount in amounts)
        fitting = [compact for compact in locale.compacts if compact.least <= largest]
        compact = fitting[-1] if fitting and largest >= SHORT_FROM else IN_FULL
        return [self._axis_number(amount / compact.divisor, compact) for amount in amounts]

    def short(self, amount: Decimal) -> str:
        """Return about an amount, in three digits: "12.3K"."""
        return self.axis([ROUGHLY.plus(amount)])[0]

    def _axis_number(self, number: Decimal, compact: Compact) -> str:
        text = self.locale.number(_plain(number))
        return f"{compact.prefix}{text}{compact.suffix}" if number else text

    def percent(self, share: Decimal) -> str:
        """Return a share of one in percent, with one decimal below ten: "24%", "3.1%", "<0.1%"."""
        percent = share * 100
        if 0 < percent < Decimal("0.05"):
            return "<" + self.locale.percent(Decimal("0.1"))
        return self.locale.percent(percent.quantize(Decimal("0.1") if percent < 10 else Decimal(1), ROUND_HALF_UP))

    def period(self, period: Period) -> str:
        """Return "November 2026", or "2026"."""
        year, month = period
        return f"{year:04}" if month is None else self.locale.month(datetime.date(year, month, 1))

    def short_period(self, period: Period) -> str:
        """Return "Nov 2026", or "2026"."""
        year, month = period
        return f"{year:04}" if month is None else self.locale.short_month(datetime.date(year, month, 1))

    def span(self, first: Period, last: Period) -> str:
        """Return the name of a period, or of several from the first to the last."""
        return self.period(first) if first == last else f"{self.period(first)} \u2013 {self.period(last)}"

    def day(self, date: datetime.date) -> str:
        """Return "30 Nov 2026"."""
        return self.locale.day(date)


def _plain(number: Decimal) -> Decimal:
    """Return the number without zeros at the end of its decimals."""
    return number.quantize(Decimal(1)) if number == number.to_integral_value() else number.normalize()
