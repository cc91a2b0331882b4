"""What the page of a list of transactions shows beside its rows: sums, days, filters and links that change them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.request import Request

from cashman_project.api.filters import flag_of
from cashman_project.api.owner import owner_of
from cashman_project.api.templatetags.days import day
from cashman_project.api.types import JSONObject, Validated

from .choices import TransactionType
from .date_links import DATES, Chip, DateLinks, Link, url_of
from .filters import NAME_FILTERS, TransactionFilterSet
from .services.summary import MOST_SUMMED, DaySum, counts_excluded, few_day_sums, summarize_few
from .services.transfers import Ends, ends_of
from .totals import Total
from .transaction_querysets import TransactionQuerySet

MOST_CHIPS = 12  # each has a link with all the others, so the page would grow with the square of their number
MOST_CURRENCIES = 5
LABELS: dict[str, str | Promise] = {
    "search": gettext_lazy("Search"),
    "category": gettext_lazy("Category"),
    "exclude_category": gettext_lazy("Not in the category"),
    "group": gettext_lazy("Group"),
    "account": gettext_lazy("Account"),
    "exclude_account": gettext_lazy("Not in the account"),
    "tag": gettext_lazy("Tag"),
    "exclude_tag": gettext_lazy("Without the tag"),
    "type": gettext_lazy("Type"),
    "date": gettext_lazy("On"),
    "date_after": gettext_lazy("From"),
    "date_before": gettext_lazy("To"),
    "amount_min": gettext_lazy("Amount from"),
    "amount_max": gettext_lazy("Amount to"),
    "currency": gettext_lazy("Currency"),
    "updated_after": gettext_lazy("Changed since"),
    "external_id": gettext_lazy("External id"),
}


@dataclass(frozen=True)
class Day:
    """Rows of the page that share a day, and the sums of all rows of that day that match the filters.

    There are none if the day has one row, or if the days of the page have too many rows to read all of them.
    """

    date: str
    rows: list[JSONObject]
    sums: Sequence[DaySum] = ()


class ListPage(DateLinks):
    """The page of a list. `rows` are all that the list may show to the owner, and `data` is the response."""

    def __init__(
        self, request: Request, rows: TransactionQuerySet, kind: TransactionType | None, data: JSONObject
    ) -> None:
        super().__init__(request, TransactionFilterSet.values_of(request))
        self.rows = rows
        self.kind = kind
        self.data = data
        self.ordering = request.query_params.get("ordering") or "-date"

    # -- Sums ---------------------------------------------------------------------------------

    @cached_property
    def totals(self) -> list[Total] | None:
        """The sums of all rows that match the filters, by currency; those with the most rows come first. None if there
        are too many rows to read all of them for a page."""
        values: Validated = {**self.values}
        if self.kind and values.setdefault("type", self.kind) != self.kind:
            return []
        owner, excluded = owner_of(self.request), self.counts_excluded
        totals = summarize_few(owner=owner, filters=TransactionFilterSet, values=values, excluded=excluded)
        return totals and sorted(totals, key=lambda total: -total.count)

    @property
    def counts_excluded(self) -> bool:
        """Whether the sums count categories that are excluded."""
        return counts_excluded(self.values, flag_of(self.request, "excluded"))

    @property
    def sums(self) -> list[Mapping[str, object]]:
        """The totals as text. `has_both` says whether money came in and went out."""
        shown = (self.totals or [])[:MOST_CURRENCIES]
        return [
            {"currency": total.currency, "has_both": total.income and total.expense, **total.amounts()}
            for total in shown
        ]

    @property
    def currencies_left_out(self) -> int:
        return max(0, len(self.totals or []) - MOST_CURRENCIES)

    @property
    def count(self) -> int:
        return sum(total.count for total in self.totals or [])

    @property
    def more_than(self) -> int | None:
        """What the number of rows exceeds, if they are too many to be summed up."""
        return MOST_SUMMED if self.totals is None else None

    @cached_property
    def ends(self) -> dict[str, Ends]:
        return ends_of(owner_of(self.request), self.data["results"])

    @property
    def has_accounts(self) -> bool:
        """Whether the rows of the page tell anything by their accounts."""
        names = {row["account"] for row in self.data["results"] if not row["transfer"]}
        return bool(names - {None}) and len(self.request.query_params.getlist("account")) != 1

    @property
    def days(self) -> Iterator[Day]:
        """The rows of the page, by days if they are in that order."""
        results = [{**row, "ends": self.ends.get(str(row["transfer"]))} for row in self.data["results"]]
        if self.ordering.removeprefix("-") != "date":
            return (Day(row["date"], [row]) for row in results)
        first, last = (results[index]["date"] for index in (0, -1))
        rows = TransactionFilterSet.applied(self.rows, self.values)
        if not self.counts_excluded:
            rows = rows.without_excluded(owner_of(self.request))
        number = None if self.totals is None else self.count
        sums = few_day_sums(rows, min(first, last), max(first, last), number)
        grouped = ((date, list(rows)) for date, rows in groupby(results, key=lambda row: row["date"]))
        return (Day(date, rows, sums.get(date, ())) for date, rows in grouped)

    # -- Links --------------------------------------------------------------------------------

    @cached_property
    def chips(self) -> list[Chip]:
        """The other filters that are set."""
        return [Chip(*chip) for chip in self._chips()][:MOST_CHIPS]

    def _chips(self) -> Iterator[tuple[str, str, str]]:
        given = {name: texts for name, texts in self.request.query_params.lists() if name in self.values}
        for name, texts in given.items():
            if name in NAME_FILTERS:
                names = list(dict.fromkeys(text for text in texts if text))[: MOST_CHIPS + 1]
                for text in names:
                    yield str(LABELS[name]), text, self._url_without_name(name, text)
            elif not (self.span and name in DATES):
                yield (*self._chip(name, texts[-1]), self.url(name))

    def _chip(self, name: str, text: str) -> tuple[str, str]:
        if name == "uncategorized":
            return "", _("Without a category") if self.values[name] else _("With a category")
        if name == "transfer":
            return "", _("Transfers only") if self.values[name] else _("Without transfers")
        if name == "split":
            return "", _("The parts of a split")
        if name == "type":
            return str(LABELS[name]), str(capfirst(TransactionType(text).label))
        return str(LABELS.get(name, name)), day(text) if name in DATES else text

    def _url_without_name(self, parameter: str, removed: str) -> str:
        query = self.request.query_params.copy()
        query.pop("cursor", None)
        query.setlist(parameter, [name for name in query.getlist(parameter) if name not in ("", removed)])
        return url_of(self.request.path, query)

    @property
    def exports(self) -> list[Link]:
        """The same rows in the same order as files."""
        return self._files(EXPORTS, ("cursor", "page_size", "excluded"))

    @property
    def books(self) -> list[Link]:
        """The same rows as files for other programs, which have an order of their own."""
        return self._files(BOOKS, ("cursor", "page_size", "excluded", "ordering"))

    def _files(self, endings: Mapping[str, str], without: Sequence[str]) -> list[Link]:
        query = self.request.query_params.copy()
        for name in without:
            query.pop(name, None)
        path = self.request.path.rstrip("/")
        return [Link(label, url_of(f"{path}.{ending}", query)) for label, ending in endings.items()]

    @property
    def summary(self) -> str:
        """The URL of the summary with the same filters."""
        query = self.request.query_params.copy()
        for name in ("cursor", "page_size", "ordering"):
            query.pop(name, None)
        if self.kind:
            query["type"] = self.kind.value
        query["group_by"] = "month"
        return url_of(reverse("summary"), query)


EXPORTS = {"CSV": "csv", "Excel": "xlsx"}
BOOKS = {"OFX": "ofx", "hledger": "journal", "Beancount": "beancount"}
