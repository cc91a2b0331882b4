"""What the admin's front page shows of everybody's transactions."""

import datetime
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Sum

from cashman_project.locales import current_formats
from users.models import User

from ..models import MonthTotal, Transaction

MONTHS = 12
NEWEST = 10


@dataclass(frozen=True)
class Month:
    """The first day of a month, its number of transactions, and this number as a share of the highest one, in %."""

    date: datetime.date
    count: int
    width: Decimal

    @property
    def name(self) -> str:
        """Return the month in the reader's language: "November 2026"."""
        return current_formats().month(self.date)


def number_of_users() -> int:
    """Return how many users there are."""
    return User.objects.count()


def months_until(today: datetime.date) -> list[Month]:
    """Return the last twelve months with their numbers of transactions, the present month first."""
    present = 12 * today.year + today.month - 1
    dates = [datetime.date(number // 12, number % 12 + 1, 1) for number in range(present, present - MONTHS, -1)]
    rows = MonthTotal.objects.filter(date__range=(dates[-1], dates[0])).order_by().values_list("date")
    counts: dict[datetime.date, int] = dict(rows.annotate(number=Sum("count")))
    most = max(counts.values(), default=0) or 1
    return [Month(date, counts.get(date, 0), Decimal(100 * counts.get(date, 0)) / most) for date in dates]


def newest_transactions() -> list[Transaction]:
    """Return the transactions that were entered last. Their ids are in the order of their creation."""
    return list(Transaction.objects.select_related("owner").order_by("-id")[:NEWEST])
