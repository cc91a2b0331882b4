"""The rows of a chart as a table of a page."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from cashman_project.api.types import JSONObject
from cashman_project.locales import current_formats
from transactions.choices import TransactionType

from .charts.formats import Period
from .pictures import FORMATS, account_label, category_label

HEADS = {
    "period": gettext_lazy("Period"),
    "type": gettext_lazy("Type"),
    "category": gettext_lazy("Category"),
    "from": pgettext_lazy("transfer", "From"),
    "to": pgettext_lazy("transfer", "To"),
    "assets": gettext_lazy("Assets"),
    "debts": gettext_lazy("Debts"),
    "net_worth": gettext_lazy("Net worth"),
    "income": gettext_lazy("Income"),
    "expense": gettext_lazy("Expense"),
    "net": gettext_lazy("Net"),
    "amount": gettext_lazy("Amount"),
    "previous": gettext_lazy("The year before"),
    "balance": gettext_lazy("Balance"),
    "share": gettext_lazy("Share"),
    "count": gettext_lazy("Count"),
}
ENDS = ("from", "to")  # of transfers; in rows of a period they are dates
SUMMED = ("income", "expense", "net", "amount", "previous")  # the columns that have a total, and hold amounts
WORDS = {"period": "date", "type": "", "category": "", "from": "", "to": ""}  # the columns that are no numbers: styles
BALANCES = {"balance", "assets", "debts", "net_worth"}  # the columns of amounts that have no total
MOST_ACCOUNTS = 6  # that have a column each

MOST_ROWS = 1_000  # that a page has room for: 10,000 categories would take seconds


@dataclass(frozen=True)
class Cell:
    text: str
    style: str = ""  # a class of the page: "number" or "date"
    url: str = ""


@dataclass(frozen=True)
class Table:
    head: list[Cell]
    rows: list[list[Cell]]
    total: list[Cell]  # of all rows, also of those that are left out
    left_out: int = 0  # rows


def table_of(data: JSONObject, filters: Mapping[str, list[str]]) -> Table:
    """Return the table of a chart's JSON, whose links keep the filters: to records, or to the chart of a category."""
    rows: Sequence[JSONObject] = data["rows"]
    if not rows:
        return Table([], [], [])
    names = [name for name in rows[0] if name in HEADS and (name not in ENDS or "period" not in rows[0])]
    accounts = [held["account"] for held in rows[0].get("accounts", ())]
    accounts = accounts if 1 < len(accounts) <= MOST_ACCOUNTS else []
    currency = data["currency"]
    whole = sum((Decimal(row["amount"]) for row in rows), Decimal(0)) if "share" in names else Decimal(1)
    body = [
        [
            *(
                Cell(_text(name, row, currency, whole), WORDS.get(name, "number"), _url(name, row, filters))
                for name in names
            ),
            *(
                Cell(FORMATS.amount(Decimal(held["balance"]), currency), "number")
                for held in (row["accounts"] if accounts else ())
            ),
        ]
        for row in rows[:MOST_ROWS]
    ]
    typed = "type" in names  # incomes and expenses have no sum that says anything
    total = [] if typed or BALANCES.intersection(names) else [_total(name, rows, currency) for name in names]
    head = [Cell(str(HEADS[name]), WORDS.get(name, "number")) for name in names]
    head += [Cell(name, "number") for name in accounts]
    return Table(head, body, total, len(rows) - len(body))


def _total(name: str, rows: Sequence[JSONObject], currency: str) -> Cell:
    if name in SUMMED:
        return Cell(FORMATS.amount(sum((Decimal(row[name]) for row in rows), Decimal(0)), currency), "number")
    if name == "count":
        return Cell(FORMATS.count(sum(row[name] for row in rows)), "number")
    return Cell(_("Total") if name in WORDS and name != "to" else "", WORDS.get(name, "number"))


def _text(name: str, row: JSONObject, currency: str, whole: Decimal) -> str:
    value = row[name]
    if name in SUMMED or name in BALANCES:
        return FORMATS.amount(Decimal(value), currency)
    match name:
        case "period":
            if not row["to"].startswith(value):  # no month or year of the calendar
                return current_formats().days(*(datetime.date.fromisoformat(row[name]) for name in ("from", "to")))
            year, _hyphen, month = value.partition("-")
            return FORMATS.short_period(Period(int(year), int(month) if month else None))
        case "category":
            return category_label(value)
        case "from" | "to":
            return account_label(value)
        case "type":
            return str(capfirst(TransactionType(value).label))
        case "count":
            return FORMATS.count(value)
        case "share":
            return FORMATS.percent(Decimal(row["amount"]) / whole)  # rounded once, as in the chart
    return str(value)


def _url(name: str, row: JSONObject, filters: Mapping[str, list[str]]) -> str:
    if name == "period" and "net_worth" in row:
        return f"{reverse('account-list')}?{urlencode({'date': row['to']})}"
    if name in ENDS:
        dates = {key: values for key, values in filters.items() if key in ("date_after", "date_before")}
        return (
            f"{reverse('transfer-list')}?{urlencode({**dates, 'account': row[name]}, doseq=True)}" if row[name] else ""
        )
    if name == "period":
        dates = {"date_after": [row["from"]], "date_before": [row["to"]]}
        return f"{reverse('transaction-list')}?{urlencode({**filters, **dates}, doseq=True)}"
    if name == "category":
        others = {key: values for key, values in filters.items() if key in ("date_after", "date_before", "currency")}
        category = {"uncategorized": "true"} if row[name] is None else {"category": row[name]}
        return f"{reverse('category-chart')}?{urlencode({**others, **category}, doseq=True)}"
    return ""
