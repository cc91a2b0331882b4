"""What spans a category and its transactions: its year, and its deletion."""

import datetime
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Sum
from django.utils.translation import gettext as _

from cashman_project.money.amounts import HALF, format_units

from ..errors import InUse
from ..models import Category, MonthTotal, Rule, Transaction

if TYPE_CHECKING:
    from users.models import User

MOST_NAMED = 5  # categories
MONTHS = 12  # of the line beside a category


@dataclass
class CategoryYear:
    """A category in the present year: the number of its transactions in all currencies, and their sum in one.

    `months` has the sum of each of the last months in ten-thousandths, the present one last.
    """

    currency: str
    count: int = 0
    units: int = 0
    months: list[int] = field(default_factory=lambda: [0] * MONTHS)

    @property
    def net(self) -> str:
        return format_units(self.units, self.currency)


def category_years(owner: "User", ids: Collection[UUID]) -> Mapping[UUID, CategoryYear]:
    """Return the present year of each of the owner's categories, in the owner's currency, from month totals."""
    today = owner.today()
    present = today.year * 12 + today.month - 1
    first_year, first_month = divmod(present - MONTHS + 1, 12)
    found = (
        MonthTotal.objects.for_owner(owner)
        .without_transfers()
        .filter(
            category_id__in=ids,
            date__gte=datetime.date(first_year, first_month + 1, 1),
            date__lte=datetime.date(today.year, 12, 31),
        )
        .values_list("category_id", "date", "currency")
        .annotate(Sum("high"), Sum("low"), Sum("count"))
        .order_by()
    )
    years: dict[UUID, CategoryYear] = defaultdict(lambda: CategoryYear(owner.currency))
    for pk, date, currency, high, low, count in found:
        year, units = years[pk], int(high) * HALF + int(low)
        month = MONTHS - 1 - (present - date.year * 12 - date.month + 1)
        if currency == owner.currency and month < MONTHS:
            year.months[month] += units
        if date.year == today.year:
            year.count += int(count)
            year.units += units if currency == owner.currency else 0
    return years


def group_names(owner: "User") -> dict[str, str]:
    """Return the names of the owner's groups of categories by their keys, in the order of letters."""
    return Category.objects.for_owner(owner).groups()


def excluded_names(owner: "User") -> str:
    """Return the names of the owner's categories that sums leave out, as a page names them; "" if there are none."""
    found = Category.objects.for_owner(owner).filter(excluded=True).values_list("name", flat=True)
    names = list(found[: MOST_NAMED + 1])
    return ", ".join([*names[:MOST_NAMED], *("…" for _more in names[MOST_NAMED:])])


def delete_category(*, category: Category, into: Category | None = None, force: bool) -> None:
    """Delete `category`. Its transactions and the rules that give it get the category `into`, or with `force` none;
    rules that have nothing left to give are deleted.

    Raises Conflict with the number of its `transactions` and `rules` if there are any, and neither is given.
    """
    with Category.objects.writing(category.owner_id) as write:
        write.lock()
        in_use = Transaction.objects.filter(owner=category.owner_id, category=category)
        rules = Rule.objects.filter(owner=category.owner_id, category=category) if write.has_rules else None
        if into or force:
            in_use.update(category=into)
        elif (count := in_use.count()) or (rules is not None and rules.exists()):
            message = _("This category is in use: ?into=NAME moves its transactions, and ?force=true unlinks them.")
            raise InUse(message, count, 0 if rules is None else rules.count())
        if rules is not None:
            rules.update(category=into)
            Rule.objects.filter(owner=category.owner_id).idle().delete()
        category.delete()
