"""How the charts write numbers and dates. Another language is another `Formats`."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import NamedTuple

from cashman_project.money.amounts import EXACT
from cashman_project.money.currencies import DIGITS

MINUS = "\u2212"
SHORT_FROM = 10_000  # numbers on an axis are written in full below it


ROUGHLY = Context(prec=3, rounding=ROUND_HALF_UP)


class Period(NamedTuple):
    """A month, or a whole year if `month` is None."""

    year: int
    month: int | None = None


@dataclass(frozen=True)
class Formats:
    """The marks of numbers, the names of months, and the powers of a thousand; in English if nothing else is given."""

    decimal_mark: str = "."
    group_mark: str = ","
    months: tuple[str, ...] = (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    )
    short_months: tuple[str, ...] = (
        *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
        *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    )
    thousands: tuple[str, ...] = ("", "k", "M", "B", "T")
    month_of_year: str = "{month} {year}"
    day_of_month: str = "{day} {month} {year}"
    percentage: str = "{number}%"

    def amount(self, amount: Decimal, currency: str) -> str:
        """Return an amount with its currency's decimals and a real minus sign."""
        digits = DIGITS[currency]
        exponent = min(int(amount.normalize(EXACT).as_tuple().exponent), -digits)
        return self._number(amount.quantize(Decimal(1).scaleb(exponent), context=EXACT))

    def rounded(self, amount: Decimal, currency: str) -> str:
        """Return an amount that a division made, rounded to its currency's decimals."""
        return self._number(amount.quantize(Decimal(1).scaleb(-DIGITS[currency]), ROUND_HALF_UP, EXACT))

    def axis(self, amounts: Sequence[Decimal]) -> list[str]:
        """Return the numbers of an axis, all in the same power of a thousand: "0", "2.5k", "5k"."""
        largest, power = max(abs(amount) for amount in amounts), 0
        while largest >= (1000 if power else SHORT_FROM) and power < len(self.thousands) - 1:
            largest, power = largest / 1000, power + 1
        return [self._axis_number(amount.scaleb(-3 * power), self.thousands[power]) for amount in amounts]

    def short(self, amount: Decimal) -> str:
        """Return about an amount, in three digits: "12.3k"."""
        return self.axis([ROUGHLY.plus(amount)])[0]

    def _axis_number(self, amount: Decimal, thousands: str) -> str:
        return self._number(_plain(amount)) + (thousands if amount else "")

    def percent(self, share: Decimal) -> str:
        """Return a share of one in percent, with one decimal below ten: "24%", "3.1%", "<0.1%"."""
        percent = share * 100
        if 0 < percent < Decimal("0.05"):
            return "<" + self.percentage.format(number=self._number(Decimal("0.1")))
        number = percent.quantize(Decimal("0.1") if percent < 10 else Decimal(1), ROUND_HALF_UP)
        return self.percentage.format(number=self._number(number))

    def period(self, period: Period) -> str:
        """Return "November 2026", or "2026"."""
        year = f"{period.year:04}"
        return year if period.month is None else self._of_year(self.months[period.month - 1], year)

    def short_period(self, period: Period) -> str:
        """Return "Nov 2026", or "2026"."""
        year = f"{period.year:04}"
        return year if period.month is None else self._of_year(self.short_months[period.month - 1], year)

    def span(self, first: Period, last: Period) -> str:
        """Return the name of a period, or of several from the first to the last."""
        return self.period(first) if first == last else f"{self.period(first)} \u2013 {self.period(last)}"

    def day(self, date: datetime.date) -> str:
        """Return "30 Nov 2026"."""
        return self.day_of_month.format(day=date.day, month=self.short_months[date.month - 1], year=f"{date.year:04}")

    def _of_year(self, month: str, year: str) -> str:
        return self.month_of_year.format(month=month, year=year)

    def _number(self, number: Decimal) -> str:
        sign, (whole, point, fraction) = MINUS if number < 0 else "", f"{number.copy_abs():f}".partition(".")
        return f"{sign}{int(whole):,}".replace(",", self.group_mark) + (self.decimal_mark if point else "") + fraction


def _plain(number: Decimal) -> Decimal:
    """Return the number without zeros at the end of its decimals."""
    return number.quantize(Decimal(1)) if number == number.to_integral_value() else number.normalize()
