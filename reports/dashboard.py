"""What the start page shows to who is signed in: this month, the last twelve, and what was entered last."""

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from transactions.category_pages import line_between
from transactions.filters import TransactionFilterSet
from transactions.models import Transaction
from transactions.services.accounts import Holding, holdings, totals_of
from transactions.services.categories import excluded_names
from transactions.services.summary import summarize
from transactions.totals import Total

from . import pictures
from .charts.frame import PHONE, WIDE, Canvas
from .periods import Window, last_month, month_of, parts, window_of, year_of, year_window
from .services.accounts import balances_at
from .services.sums import BalanceAt, PeriodSums, Query, Report, Sums, amount_of, period_sums

if TYPE_CHECKING:
    from uuid import UUID

    from users.models import User

MOST_CATEGORIES = 7
MOST_RECENT = 7
MOST_ACCOUNTS = 8
HALF = 480  # pixels: the width of a chart beside the accounts
DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Figure:
    """A sum of this month up to today, and of the same days of last month."""

    label: str | Promise
    amount: Decimal
    before: Decimal
    url: str

    @property
    def change(self) -> Decimal:
        return self.amount - self.before

    @property
    def difference(self) -> Decimal:
        return abs(self.change)


@dataclass(frozen=True)
class Share:
    """What went out for a category, above zero: this month up to today, and in all of last month."""

    label: str
    amount: Decimal
    percent: str  # of everything that went out this month
    width: str  # of its bar: 100 is the largest
    url: str
    last_amount: Decimal
    last_url: str


class Dashboard:
    """The sums of an owner in the owner's currency. Its days are those of the owner's time zone."""

    def __init__(self, owner: "User") -> None:
        self.owner = owner
        self.currency = owner.currency
        self.today = owner.today()
        self.month = month_of(self.today, owner.month_start)
        self.last_month, self.same_days = last_month(self.month)

    @property
    def month_name(self) -> str:
        return pictures.window_name(self.month)

    @property
    def same_days_name(self) -> str:
        return pictures.window_name(self.same_days)

    @cached_property
    def is_new(self) -> bool:
        """Whether there is no transaction yet."""
        return not (self.recent or Transaction.objects.for_owner(self.owner).exists())

    # -- This month ---------------------------------------------------------------------------

    @cached_property
    def figures(self) -> list[Figure]:
        """Income, expense and what is left. The expense is above zero, so that more of it is more."""
        now, before = _whole(self._this_month, self.currency), _whole(self._sums(self.same_days), self.currency)
        return [
            Figure(_("Income"), now.income, before.income, self._records("income-list", self.month)),
            Figure(_("Expense"), -now.expense, -before.expense, self._records("expense-list", self.month)),
            Figure(_("Left over"), now.net, before.net, self._records("transaction-list", self.month)),
        ]

    @property
    def other_currencies(self) -> Iterator[dict[str, object]]:
        """The same in each other currency that has transactions this month."""
        for code in sorted({total.currency for total in self._this_month} - {self.currency}):
            yield {
                "currency": code,
                "sums": _whole(self._this_month, code),
                "url": self._records("transaction-list", self.month, currency=code),
            }

    @property
    def later(self) -> dict[str, object] | None:
        """What is entered already for the rest of this month, if anything."""
        month, now = self.year.rows[-1], _whole(self._this_month, self.currency)
        sums = Sums(month.income - now.income, month.expense - now.expense)
        days = Window(self.today + DAY, self.year.window.last)
        return {"sums": sums, "url": self._records("transaction-list", days)} if sums.income or sums.expense else None

    @cached_property
    def shares(self) -> list[Share]:
        """The categories on which most was spent this month, or last month if nothing was spent on them this month."""
        now = _expenses(self._this_month, self.currency)
        last = _expenses(self._sums(self.last_month, "category"), self.currency)
        whole, largest = sum(now.values()), max(now.values(), default=Decimal(0))
        names = sorted({**now, **last}, key=lambda name: (-now.get(name, 0), -last.get(name, 0)))
        found = []
        for name in names[:MOST_CATEGORIES]:
            category = {"uncategorized": "true"} if name is None else {"category": name}
            amount = now.get(name, Decimal(0))
            found.append(
                Share(
                    pictures.category_label(name),
                    amount,
                    pictures.FORMATS.percent(amount / whole) if amount else "",
                    f"{amount / largest * 100:.1f}" if amount else "0",
                    self._records("expense-list", self.month, **category),
                    last.get(name, Decimal(0)),
                    self._records("expense-list", self.last_month, **category),
                )
            )
        return found

    @cached_property
    def excluded(self) -> str:
        """The names of the categories that the sums leave out."""
        return excluded_names(self.owner)

    # -- Accounts -----------------------------------------------------------------------------

    @cached_property
    def holdings(self) -> list[Holding]:
        """All accounts with their balances of today."""
        return holdings(self.owner, self.today)

    @property
    def accounts(self) -> "list[tuple[Holding, str]]":
        """Those that are shown, each with the points of its line of the last twelve months."""
        shown = [holding for holding in self.holdings if not holding.account.archived][:MOST_ACCOUNTS]
        ends = self._units_at_ends
        return [(one, line_between(ends[one.account.pk], *_range(ends[one.account.pk]))) for one in shown]

    @property
    def accounts_left_out(self) -> int:
        return max(sum(not holding.account.archived for holding in self.holdings) - MOST_ACCOUNTS, 0)

    @property
    def worth(self) -> list[dict[str, str]]:
        """What is in all accounts, by currency."""
        return totals_of(self.holdings, self.currency)

    @cached_property
    def _units_at_ends(self) -> "dict[UUID, list[int]]":
        """What each account held at the end of each of the last eleven months, and holds today."""
        ends = [min(part.window.last, self.today) for part in parts(self.year.window)]
        now = {holding.account.pk: holding.units for holding in self.holdings}
        return balances_at(self.owner, now, ends, now)

    @property
    def worth_drawings(self) -> list[SafeString]:
        """The chart of what was in all accounts of a currency over the last twelve months, for a wide page and for a
        telephone: of the owner's currency, if an account has it."""
        currency, window = self.worth[0]["currency"], self.year.window
        held = [self._units_at_ends[one.account.pk] for one in self.holdings if one.account.currency == currency]
        rows = [
            BalanceAt(part, amount_of(sum(units)))
            for part, units in zip(parts(window), zip(*held, strict=True), strict=True)
        ]
        report, subtitle = Report(currency, window, rows), [pictures.window_name(window), currency]
        canvases = Canvas(HALF, "worth"), Canvas(PHONE, "narrow-worth")
        drawn = [pictures.draw_worth(report, subtitle, canvas) for canvas in canvases]
        return [mark_safe(drawing) for drawing in drawn]  # noqa: S308  # escaped

    # -- The months before, and what was entered last -----------------------------------------

    @cached_property
    def year(self) -> Report[PeriodSums]:
        """Income and expense of the last twelve months, this one with all of its days."""
        window = window_of(None, None, self.today, self.owner.month_start)
        return period_sums(Query(self.owner, window, self.currency, {}))

    @property
    def drawings(self) -> list[SafeString]:
        """The chart of these months, for a wide page and for a telephone."""
        subtitle = [pictures.window_name(self.year.window), self.currency]
        canvases = Canvas(WIDE, "wide"), Canvas(PHONE, "narrow")
        drawn = [pictures.draw_income_and_expense(self.year, subtitle, canvas) for canvas in canvases]
        return [mark_safe(drawing) for drawing in drawn]  # noqa: S308  # escaped

    @cached_property
    def recent(self) -> "list[Transaction]":
        """The newest transactions up to today."""
        rows: QuerySet[Transaction] = Transaction.objects.for_owner(self.owner).filter(date__lte=self.today)
        return list(rows.select_related("category")[:MOST_RECENT])

    # -- Links --------------------------------------------------------------------------------

    @property
    def this_year_url(self) -> str:
        start = self.owner.month_start
        return _url("summary", year_window(year_of(self.today, start), start), group_by="category")

    @property
    def last_month_url(self) -> str:
        return _url("summary", self.last_month, group_by="category")

    def _records(self, view: str, window: Window, **filters: str) -> str:
        return _url(view, window, **{"currency": self.currency, **filters})

    # -- Sums ---------------------------------------------------------------------------------

    @cached_property
    def _this_month(self) -> list[Total]:
        return self._sums(self.month, "category")

    def _sums(self, window: Window, *group_by: str) -> list[Total]:
        dates = {"date_after": window.first, "date_before": window.last}
        return summarize(owner=self.owner, filters=TransactionFilterSet, values=dates, group_by=group_by)


def _range(units: list[int]) -> tuple[int, int]:
    """Return the lowest and the highest place of an account's line. One that never changes is in the middle."""
    low, high = min(units), max(units)
    return (low, high) if low != high else (low - 1, high + 1)


def _whole(totals: Iterable[Total], currency: str) -> Sums:
    """Return the sums of all the totals of a currency."""
    own = [total for total in totals if total.currency == currency]
    return Sums(amount_of(sum(total.income for total in own)), amount_of(sum(total.expense for total in own)))


def _expenses(totals: Iterable[Total], currency: str) -> dict[str | None, Decimal]:
    """Return what went out for each category, above zero."""
    return {
        total.keys["category"]: amount_of(-total.expense)
        for total in totals
        if total.currency == currency and total.expense
    }


def _url(view: str, window: Window, **parameters: str) -> str:
    dates = {"date_after": window.first.isoformat(), "date_before": window.last.isoformat()}
    return f"{reverse(view)}?{urlencode({**dates, **parameters})}"
