"""The groups of a summary as rows: of JSON, of a table, and of a pivot table."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError

from cashman_project.api.spreadsheet import Column, Kind
from cashman_project.api.types import JSON, JSONObject
from cashman_project.money.amounts import format_units
from transactions.groupings import DAY, GROUPINGS
from transactions.totals import Total

from .pictures import key_or_none
from .services.summary import Group, Summary, SummaryQuery

VALUES = ("net", "income", "expense", "count")  # that the cells of a pivot table can have
MOST_COLUMNS, MOST_CELLS = 16_000, 1_000_000  # of a pivot table; a sheet of Excel has room for 16,384 columns
KINDS = {"from": Kind.DATE, "to": Kind.DATE, "count": Kind.INTEGER, "currency": Kind.WORD}

Block = dict[str | None, dict[str | None, Total]]  # the totals of a currency by their first and their second key


class Table(NamedTuple):
    columns: list[Column]
    rows: Iterable[Sequence[JSON]]  # the values of each column's kind


def row_of(query: SummaryQuery, group: Group) -> JSONObject:
    """Return the JSON of a group, or of a total."""
    total = group.total
    row: JSONObject = {
        "currency": total.currency,
        **total.keys,
        "from": group.span.first,
        "to": group.span.last,
        **total.amounts(),
        "count": total.count,
    }
    if query.balance:
        row["balance"] = format_units(group.balance, total.currency)
    if group.previous:
        earlier, window = group.previous
        first, last = (window.first, window.last) if window else (None, None)
        row["previous"] = {"from": first, "to": last, **earlier.amounts(), "count": earlier.count}
    return row


def table_of(query: SummaryQuery, summary: Summary) -> Table:
    """Return a row for each group, with the columns that the groups have in JSON."""
    sums = ["from", "to", "income", "expense", "net", "count"]
    names = ["currency", *query.group_by, *sums, *(["balance"] if query.balance else [])]
    columns = [Column(name, _kind(name)) for name in names]
    if query.compare:
        columns += [Column(f"previous_{name}", _kind(name)) for name in sums]
    return Table(columns, (_flat(row_of(query, group)) for group in summary.groups))


def _kind(name: str) -> Kind:
    if name in GROUPINGS:
        return Kind.DATE if GROUPINGS[name].period is DAY else Kind.TEXT
    return KINDS.get(name, Kind.DECIMAL)


def _flat(row: JSONObject) -> list[JSON]:
    previous = row.pop("previous", {})
    return [*row.values(), *previous.values()]


def check_pivot(query: SummaryQuery) -> None:
    """Raise ValidationError (400) if the pivot table would have too many cells. It is asked before the sums are made,
    because these take far longer."""
    first, second = query.group_by
    _check_size(query.number_of_keys("currency", first), query.number_of_keys(second))


def _check_size(rows: int, columns: int) -> None:
    if columns > MOST_COLUMNS or columns * rows > MOST_CELLS:
        message = _("This table would have more than %(columns)d columns or %(cells)d cells: filter further.")
        raise ValidationError({"pivot": [message % {"columns": MOST_COLUMNS, "cells": MOST_CELLS}]}, code="too_many")


def pivot_of(query: SummaryQuery, summary: Summary, value: str) -> Table:
    """Return a row for each currency and first key, and a column for each second key; and the sum of each.

    A cell is empty if its group is not there. Raises ValidationError (400) if there are too many cells, with those
    that `fill` has added.
    """
    first, second = query.group_by
    totals = [group.total for group in summary.groups]
    by_second = sorted(totals, key=lambda total: Total("", {second: total.keys[second]}).order())
    seconds = list(dict.fromkeys(total.keys[second] for total in by_second))
    currencies: dict[str, Block] = {}
    for total in sorted(totals, key=lambda total: total.currency):  # stable: the keys stay in their order
        currencies.setdefault(total.currency, {}).setdefault(total.keys[first], {})[total.keys[second]] = total
    _check_size(sum(map(len, currencies.values())), len(seconds))
    kind = Kind.INTEGER if value == "count" else Kind.DECIMAL
    names = [*(key_or_none(second, key) for key in seconds), _("Total")]
    columns = [Column("currency", Kind.WORD), Column(first, Kind.TEXT), *(Column(name, kind) for name in names)]
    rows = (
        row for currency, block in currencies.items() for row in _pivot_rows(currency, block, first, seconds, value)
    )
    return Table(columns, rows)


def _pivot_rows(
    currency: str, block: Block, grouping: str, seconds: Sequence[str | None], value: str
) -> Iterator[list[JSON]]:
    sums = {second: Total(currency, {}) for second in seconds}
    for first, totals in block.items():
        row_sum = Total(currency, {})
        for second, total in totals.items():
            row_sum.add(total)
            sums[second].add(total)
        cells = [_cell(totals.get(second), value) for second in seconds]
        yield [currency, key_or_none(grouping, first), *cells, _cell(row_sum, value)]
    whole = Total(currency, {})
    for total in sums.values():
        whole.add(total)
    yield [currency, _("Total"), *(_cell(total, value) for total in sums.values()), _cell(whole, value)]


def _cell(total: Total | None, value: str) -> str | int | None:
    if total is None:
        return None
    return total.count if value == "count" else format_units(getattr(total, value), total.currency)
