"""What the pages of accounts show beside their rows: sums, the checks between the rows of a register, and what a
balance is compared with."""

import datetime
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from rest_framework.request import Request

from cashman_project.api.dates import INVALID_DATE, parse_date
from cashman_project.api.owner import owner_of
from cashman_project.api.pages.inputs import Input, form_inputs
from cashman_project.api.pages.layout import laid_out
from cashman_project.api.types import JSONObject
from cashman_project.money.amounts import format_units, units_of
from cashman_project.money.typed import form_amount, typed_amount

from .choices import AccountKind
from .date_links import Link, url_of
from .list_page import EXPORTS
from .models import Account, BalanceCheck, Transaction
from .serializers import ExpenseSerializer
from .services.accounts import balances, holdings, new_transfer, totals_of
from .services.checks import Checked, checks_of
from .services.suggestions import form_suggestions
from .services.transfers import ends_of
from .transfer_serializers import TransferSerializer

if TYPE_CHECKING:
    from users.models import User

QUICK_FIELDS = ("description", "amount", "category", "date")
MOST_CHECKS = 100  # on a page of a register
MOST_COMPARED = 200  # transactions that a comparison shows


# -- The list ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Group:
    """Accounts of one kind, as JSON; or those that are archived."""

    label: str
    rows: list[JSONObject]

    @property
    def sum(self) -> str:
        """The sum of several balances of one currency; "" if there are not several, or of several currencies."""
        currencies = {str(row["currency"]) for row in self.rows}
        if len(self.rows) == 1 or len(currencies) > 1:
            return ""
        return format_units(sum(units_of(Decimal(str(row["balance"]))) for row in self.rows), *currencies)


def groups_of(results: Sequence[JSONObject]) -> list[Group]:
    """Return the accounts of a page by their kinds, then those that are archived."""
    kinds = list(AccountKind)
    active = sorted((row for row in results if not row["archived"]), key=lambda row: kinds.index(row["kind"]))
    found = [
        Group(str(capfirst(AccountKind(kind).label)), list(rows))
        for kind, rows in groupby(active, key=lambda row: row["kind"])
    ]
    archived = [row for row in results if row["archived"]]
    return [*found, Group(_("Archived"), archived)] if archived else found


def list_context(owner: "User", date: datetime.date, results: Sequence[JSONObject]) -> dict[str, object]:
    """Return the accounts of a page by their kinds, and the sums of all accounts at the end of the day."""
    totals = totals_of(holdings(owner, date), owner.currency)
    return {"groups": groups_of(results), "totals": totals, "date": date, "is_today": date == owner.today()}


# -- The register -----------------------------------------------------------------------------


@dataclass(frozen=True)
class RegisterDay:
    """A day of a register. `checks` are those between it and the day that is shown above it."""

    date: str
    rows: list[JSONObject]
    checks: list[JSONObject]


def shown_check(account: Account, checked: Checked) -> dict[str, object]:
    """Return the JSON of a check."""
    currency = account.currency
    return {
        "date": checked.check.date.isoformat(),
        "balance": format_units(checked.stated, currency),
        "computed": format_units(checked.computed, currency),
        "difference": format_units(checked.stated - checked.computed, currency),
        "locked": checked.check.locked,
    }


def register_days(account: Account, owner: "User", data: JSONObject) -> list[RegisterDay]:
    """Return the rows of a page of a register by days, the newest first, with the checks between them."""
    results = sorted(data["results"], key=lambda row: str(row["date"]), reverse=True)
    if not results:
        return []
    is_reversed = data["results"][0]["date"] < data["results"][-1]["date"]
    ends = ends_of(owner, results)
    checks = list(_checks_between(account, data, is_reversed))
    days = []
    for date, rows in groupby(results, key=lambda row: str(row["date"])):
        above = [check for check in checks if str(check["date"]) >= date]
        checks = [check for check in checks if str(check["date"]) < date]
        days.append(RegisterDay(date, [{**row, "ends": ends.get(str(row["transfer"]))} for row in rows], above))
    return days


def _checks_between(account: Account, data: JSONObject, is_reversed: bool) -> Iterator[JSONObject]:
    """Yield the checks from the oldest row of the page to the next newer row, which another page may have."""
    rows = Transaction.objects.filter(owner=account.owner_id, account=account.pk)
    keys = [(str(row["date"]), str(row["id"])) for row in data["results"]]
    (oldest, _id), (newest, pk) = min(keys), max(keys)
    found = BalanceCheck.objects.filter(owner=account.owner_id, account=account.pk, date__gte=oldest)
    if data["next" if is_reversed else "previous"]:
        newer = rows.filter(Q(date__gt=newest) | Q(date=newest, pk__gt=pk)).order_by("date", "pk")
        found = found.filter(date__lt=newer.values_list("date", flat=True)[0])
    for checked in checks_of(account, found.order_by("-date")[:MOST_CHECKS]):
        yield shown_check(account, checked)


def register_context(account: Account, request: Request, data: JSONObject) -> dict[str, object]:
    """Return the days of a page of a register, the balance of today, and forms for new rows."""
    owner = owner_of(request)
    today = balances(owner, owner.today(), [account.pk])[account.pk]
    return {
        "account": account,
        "balance": format_units(today, account.currency),
        "days": register_days(account, owner, data),
        "quick": quick_inputs(request, owner),
        "transfer": transfer_inputs(request, owner, account),
        "exports": _exports(request),
    }


def _exports(request: Request) -> list[Link]:
    """Return links to the whole register as files, in the order of the page."""
    query = request.query_params.copy()
    for name in ("cursor", "page_size"):
        query.pop(name, None)
    return [Link(label, url_of(f"{request.path.rstrip('/')}.{ending}", query)) for label, ending in EXPORTS.items()]


def quick_inputs(request: Request, owner: "User", **values: str) -> list[Input]:
    """Return the inputs of a form for an expense or an income of an account, with these values."""
    serializer = ExpenseSerializer(context={"request": request})
    suggestions = form_suggestions(owner, Transaction.objects.for_owner(owner))
    inputs = {one.name: one for one in form_inputs(serializer, (), values, suggestions)}
    return [inputs[name] for name in QUICK_FIELDS]


def transfer_inputs(request: Request, owner: "User", account: Account) -> list[Input]:
    """Return the inputs of a form for a transfer from an account."""
    serializer = TransferSerializer(context={"request": request})
    return laid_out(form_inputs(serializer, (), new_transfer(owner, account)), serializer, owner)


# -- Reconciling ------------------------------------------------------------------------------


class Comparison:
    """What the bank says at the end of a day beside what the transactions say, and the rows since the last check."""

    def __init__(self, account: Account, date: datetime.date, stated: int, *, stored: BalanceCheck | None) -> None:
        self.account = account
        self.currency = account.currency
        self.date = date
        self.stored = stored
        computed = balances(account.owner, date, [account.pk])[account.pk]
        self.units = stated - computed
        self.balance, self.computed, self.difference = (
            format_units(units, account.currency) for units in (stated, computed, self.units)
        )

    @property
    def is_right(self) -> bool:
        return self.units == 0

    @property
    def form_balance(self) -> str:
        return form_amount(self.balance)

    @property
    def last(self) -> datetime.date | None:
        """The day of the check before."""
        checks = BalanceCheck.objects.filter(owner=self.account.owner_id, account=self.account.pk, date__lt=self.date)
        return checks.order_by("-date").values_list("date", flat=True).first()

    @property
    def rows(self) -> dict[str, object]:
        """The transactions since the check before, the newest first. Those are marked whose amount is the
        difference, or its opposite."""
        last = self.last
        rows = Transaction.objects.filter(owner=self.account.owner_id, account=self.account.pk, date__lte=self.date)
        if last:
            rows = rows.filter(date__gt=last)
        found = list(rows.select_related("category").order_by("-date", "-id")[: MOST_COMPARED + 1])
        shown = [
            {"row": row, "is_difference": self.units and abs(units_of(row.amount)) == abs(self.units)}
            for row in found[:MOST_COMPARED]
        ]
        out, into = (
            sum((row.amount for row in found if (row.amount > 0) == is_income), start=Decimal(0))
            for is_income in (False, True)
        )
        is_whole = len(found) <= MOST_COMPARED
        return {"last": last, "shown": shown, "is_whole": is_whole, "out": out, "into": into}


def reconcile_context(account: Account, request: Request) -> dict[str, object]:
    """Return the form that asks for a balance, and what is compared with it if both are given and valid."""
    owner = owner_of(request)
    texts = {name: request.query_params.get(name, "") for name in ("date", "balance")}
    errors: dict[str, list[str]] = defaultdict(list)
    date, stated = owner.today(), None
    if texts["date"]:
        try:
            date = parse_date(texts["date"])
        except ValueError:
            errors["date"] = [str(INVALID_DATE)]
    if texts["balance"]:
        try:
            stated = units_of(typed_amount(texts["balance"], account.currency))
            format_units(stated, account.currency)
        except ValidationError as error:
            errors["balance"] = error.messages
    inputs = [
        Input("date", _("At the end of"), "date", [texts["date"] or date.isoformat()], errors=errors["date"]),
        Input(
            "balance",
            _("The bank says (%(currency)s)") % {"currency": account.currency},
            values=[texts["balance"]],
            mode="decimal",
            required=True,
            errors=errors["balance"],
        ),
    ]
    is_asked = stated is not None and not any(errors.values())
    stored = BalanceCheck.objects.filter(owner=account.owner_id, account=account.pk, date=date).first()
    comparison = Comparison(account, date, stated, stored=stored) if is_asked and stated is not None else None
    return {"account": account, "inputs": inputs, **_compared(comparison, request)}


def check_context(account: Account, request: Request, date: datetime.date) -> dict[str, object]:
    """Return what a stored check is compared with."""
    [stored] = BalanceCheck.objects.filter(owner=account.owner_id, account=account.pk, date=date)
    return {
        "account": account,
        **_compared(Comparison(account, date, units_of(stored.balance), stored=stored), request),
    }


def _compared(comparison: Comparison | None, request: Request) -> dict[str, object]:
    """Return a comparison, and a form for what is missing if there is a difference."""
    if comparison is None or comparison.is_right:
        return {"comparison": comparison}
    missing = {"date": comparison.date.isoformat(), "amount": comparison.difference.removeprefix("-")}
    return {"comparison": comparison, "quick": quick_inputs(request, owner_of(request), **missing)}
