"""What the pages of categories show beside their names: sums, a line of the last months, and transactions."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING
from uuid import UUID

from django.utils.translation import gettext as _

from cashman_project.api.types import JSONObject

from .filters import TransactionFilterSet
from .models import Category, Transaction
from .names import name_key
from .services.categories import CategoryYear, category_years
from .services.summary import summarize

if TYPE_CHECKING:
    from users.models import User

WIDTH, HEIGHT = 120, 28  # of a line, in pixels
SHOWN = 20  # transactions on the page of a category


def list_context(owner: "User", results: Sequence[JSONObject], by_group: bool) -> dict[str, object]:
    """Return the rows of the list, each with its year and its line; and their groups, if they are in that order."""
    years = category_years(owner, [UUID(str(row["id"])) for row in results])
    empty = CategoryYear(owner.currency)
    rows = []
    for row in results:
        year = years.get(UUID(str(row["id"])), empty)
        rows.append({**row, "year": year, "line": line(year.months)})
    groups = [("", rows)]
    if by_group and any(row["group"] for row in results):
        found = groupby(rows, key=lambda row: name_key(row["group"] or ""))
        groups = [(str(in_group[0]["group"] or _("Without a group")), in_group) for in_group in map(_rows, found)]
    return {"groups": groups, "this_year": owner.today().year, "currency": owner.currency}


def _rows(group: tuple[str, Iterator[JSONObject]]) -> list[JSONObject]:
    return list(group[1])


def page_context(owner: "User", category: Category) -> dict[str, object]:
    """Return the sums of the category and its latest transactions."""
    totals = summarize(owner=owner, filters=TransactionFilterSet, values={"category": category.pk}, group_by=())
    latest = Transaction.objects.for_owner(owner).filter(category=category.pk)[:SHOWN]
    return {
        "totals": [{"currency": total.currency, "net": total.amounts()["net"]} for total in totals],
        "transaction_count": sum(total.count for total in totals),
        "latest": latest,
        "currency": owner.currency,
    }


def line(months: Sequence[int]) -> str:
    """Return the points of a line over the sums of some months. Upwards is what was spent, or what came in if that is
    more. It is "" if all are zero."""
    sign = -1 if sum(months) <= 0 else 1
    sums = [units * sign for units in months]
    return line_between(sums, min(0, *sums), max(0, *sums))


def line_between(sums: Sequence[int], low: int, high: int) -> str:
    """Return the points of a line over the sums, from the lowest to the highest place; "" if these are the same."""
    if low == high:
        return ""
    points = []
    for number, units in enumerate(sums):  # in tenths of a pixel
        x = 20 + 10 * (WIDTH - 4) * number // (len(sums) - 1)
        y = 20 + 10 * (HEIGHT - 4) * (high - units) // (high - low)
        points.append(f"{x // 10}.{x % 10},{y // 10}.{y % 10}")
    return " ".join(points)
