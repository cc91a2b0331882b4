"""What the pages of imports show beside the JSON of plans and rows."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.http import urlencode
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cashman_project.api.dates import format_timestamp
from cashman_project.api.pages.inputs import Input
from cashman_project.api.parsers import NEXT_FIELD
from cashman_project.api.problems import FieldError
from cashman_project.api.templatetags.days import day
from cashman_project.api.types import JSONObject
from cashman_project.locales import current_formats
from ledgers.models import Revision
from transactions.models import Transaction
from transactions.services.accounts import account_names
from transactions.templatetags.money import money

from .choices import CREATES, ENTERS, Status, Verdict
from .import_questions import ASKED_EACH_TIME, ShownQuestion, questions_of
from .models import Import, ImportRow
from .services.shown import rows_json

if TYPE_CHECKING:
    from users.models import User

TELL_ACCOUNT = ("account", "accounts", "create_account", "currency")
MOST_KEPT = 100  # transactions that a page lists after an undo that kept some
MOST_NAMED = 20  # categories or tags that a sentence names


def shown_number(number: int) -> str:
    return current_formats().number(Decimal(number))


@dataclass(frozen=True)
class Count:
    """How many rows have a verdict, or how many there are; `url` is the list of them."""

    label: str
    number: int
    url: str = ""
    is_current: bool = False


def counts_of(content: JSONObject) -> list[Count]:
    """Return the verdicts that rows of a plan have."""
    counts = content["counts"]
    return [Count(str(capfirst(verdict.label)), counts[verdict]) for verdict in Verdict if counts[verdict]]


# -- The list ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class ListedPlan:
    """A plan in the list. `at` is when it was imported or undone, or else when its file was read."""

    content: JSONObject
    at: str
    counts: list[Count]

    @property
    def status(self) -> str:
        return str(capfirst(Status(self.content["status"]).label))

    @property
    def accounts(self) -> list[str]:
        return [one["account"] for one in self.content["statements"] if one["account"]]


def listed(owner: "User", results: Sequence[JSONObject]) -> list[ListedPlan]:
    """Return the plans of a page of the list, with one query for the times of all commits."""
    numbers = {one["revision"] for one in results if one["revision"]}
    found = Revision.objects.filter(ledger=owner.pk, number__in=numbers) if numbers else Revision.objects.none()
    times = {number: format_timestamp(at) for number, at in found.values_list("number", "at")}
    return [ListedPlan(one, times.get(one["revision"]) or one["created_at"], counts_of(one)) for one in results]


def file_inputs(owner: "User", account: str = "") -> list[Input]:
    """Return the inputs of the form that sends a file, beside the file itself."""
    names = account_names(owner)
    if not names:
        return []
    choices = [(name, name) for name in names]
    return [Input("account", _("Account"), "select", [account], choices, none=_("The one that the file names"))]


# -- A plan -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class ShownStatement:
    """What the file says of an account. `url` is its register, if it is there already or still."""

    content: JSONObject
    url: str
    is_new: bool
    checks: list[str]


@dataclass(frozen=True)
class ShownRow:
    """A row of a plan. `what` says in words what happens with it, and `url` leads to the transaction that it names."""

    content: JSONObject
    what: str
    url: str = ""
    takes_in: str = ""  # the label of the button that lets the commit create a transaction of it
    leaves_out: str = ""  # of the one that leaves it out

    is_undone: bool = False

    @property
    def is_in(self) -> bool:
        return self.content["verdict"] in ENTERS and not self.is_undone

    @property
    def is_readable(self) -> bool:
        """Whether there is something to read or to correct: not so of a total or a heading."""
        return bool(self.content["description"]) or self.content["verdict"] != Verdict.SKIPPED

    @property
    def is_again(self) -> bool:
        return bool(self.content["verdict"] == Verdict.DUPLICATE)


@dataclass
class PlanPage:
    """The page of a plan. `rows` and `data` are those of a page of its rows, if there is one."""

    owner: "User"
    plan: Import
    content: JSONObject
    verdict: str = ""
    results: Sequence[JSONObject] = ()
    data: JSONObject = field(default_factory=dict)  # with the links to the neighbours
    here: str = ""  # the path of the page with its query
    sent: Mapping[str, object] = field(default_factory=dict)  # of a form that was refused
    errors: Sequence[FieldError] = ()

    @property
    def title(self) -> str:
        return self.plan.name or _("Import")

    @property
    def url(self) -> str:
        return reverse("import-detail", args=[self.plan.pk])

    @property
    def back(self) -> str:
        """The query with which links to other pages lead back to this list; none if a row leads there anyway."""
        return f"?{urlencode({NEXT_FIELD: self.here})}" if self.here != self.url else ""

    @property
    def is_reading(self) -> bool:
        return self.plan.status == Status.READING

    @property
    def is_preview(self) -> bool:
        return self.plan.status == Status.PREVIEW

    @property
    def is_committed(self) -> bool:
        return self.plan.status == Status.COMMITTED

    @property
    def is_undone(self) -> bool:
        return self.plan.status == Status.UNDONE

    @cached_property
    def at(self) -> datetime.datetime | None:
        """When the plan was committed or, if it is undone, undone; None if that has written nothing."""
        number = self.plan.undone_by or self.plan.revision
        found = Revision.objects.filter(ledger=self.owner.pk, number=number) if number else Revision.objects.none()
        return found.values_list("at", flat=True).first()

    @cached_property
    def questions(self) -> list[ShownQuestion]:
        if not self.is_preview:
            return []
        return questions_of(self.owner, self.plan, self.content, self.sent, self.errors)

    @property
    def may_keep(self) -> bool:
        """Whether an answer may be kept for the next file."""
        return any(one.content["option"] not in ASKED_EACH_TIME for one in self.questions)

    @property
    def asks_currency(self) -> ShownQuestion | None:
        """The first question of an account whose currency the file does not say."""
        return next((one for one in self.questions if one.new_name and not one.currency), None)

    @property
    def was_told_account(self) -> bool:
        """Whether somebody has said which account the file is of."""
        return any(self.plan.options.get(name) for name in TELL_ACCOUNT)

    @property
    def account_options(self) -> tuple[str, ...]:
        """The options with which that was said."""
        return TELL_ACCOUNT

    @property
    def creates(self) -> int:
        return sum(self.content["counts"][verdict] for verdict in CREATES)

    @property
    def button(self) -> str:
        """What the button of the commit says; "" if there is nothing to commit."""
        matches = self.content["counts"][Verdict.MATCH]
        if not self.is_preview or self.questions or not (self.creates or matches):
            return ""
        if self.creates:
            text = ngettext("Import %(count)s transaction", "Import %(count)s transactions", self.creates)
            return text % {"count": shown_number(self.creates)}
        text = ngettext("Confirm %(count)s match", "Confirm %(count)s matches", matches)
        return text % {"count": shown_number(matches)}

    @cached_property
    def statements(self) -> list[ShownStatement]:
        made = {one["id"] for one in self.plan.makes.get("accounts", [])}
        found = []
        for stored, content in zip(self.plan.statements, self.content["statements"], strict=True):
            is_new = stored["account_id"] in made and not self.is_committed
            url = "" if is_new else reverse("account-register", args=[stored["account_id"]])
            found.append(ShownStatement(content, url, is_new, sorted(stored["checks"])[-1:]))
        return found

    @property
    def tabs(self) -> list[Count]:
        """Lists of the rows by verdict, if they have several."""
        counts = [(str(capfirst(one.label)), self.content["counts"][one], str(one.value)) for one in Verdict]
        counts = [one for one in counts if one[1]]
        total = sum(number for _label, number, _verdict in counts)
        tabs = [Count(_("All"), total, self.url, not self.verdict)]
        for label, number, verdict in counts:
            tabs.append(Count(label, number, f"{self.url}?verdict={verdict}", verdict == self.verdict))
        return tabs if len(counts) > 1 or self.verdict else []

    @property
    def does(self) -> list[str]:
        """What the commit does, in sentences."""
        return [] if self.questions else [*self._of_lines(), *(self._of_names() if self.button else ())]

    def _of_lines(self) -> Iterable[str]:
        counts = self.content["counts"]
        names = [one["account"] for one in self.content["statements"]]
        values = {"count": shown_number(self.creates), "account": names[0] if names else ""}
        if self.creates and len(names) == 1:
            text = ngettext(
                "Creates %(count)s transaction in %(account)s.",
                "Creates %(count)s transactions in %(account)s.",
                self.creates,
            )
            yield text % values
        elif self.creates:
            yield ngettext("Creates %(count)s transaction.", "Creates %(count)s transactions.", self.creates) % values
        texts = {
            Verdict.TRANSFER: ngettext(
                "%(count)s of them becomes part of a transfer between your accounts.",
                "%(count)s of them become parts of transfers between your accounts.",
                counts[Verdict.TRANSFER],
            ),
            Verdict.MATCH: ngettext(
                "Recognises %(count)s transaction that you have typed already, and leaves it as it is.",
                "Recognises %(count)s transactions that you have typed already, and leaves them as they are.",
                counts[Verdict.MATCH],
            ),
            Verdict.DUPLICATE: ngettext(
                "Leaves out %(count)s line that was imported before.",
                "Leaves out %(count)s lines that were imported before.",
                counts[Verdict.DUPLICATE],
            ),
            Verdict.ERROR: ngettext(
                "Leaves out %(count)s line that can't be imported. You can correct it below.",
                "Leaves out %(count)s lines that can't be imported. You can correct them below.",
                counts[Verdict.ERROR],
            ),
            Verdict.SKIPPED: ngettext(
                "Leaves out %(count)s other line.", "Leaves out %(count)s other lines.", counts[Verdict.SKIPPED]
            ),
        }
        for verdict, text in texts.items():
            if counts[verdict]:
                yield text % {"count": shown_number(counts[verdict])}

    def _of_names(self) -> Iterable[str]:
        makes = self.content["makes"]
        for account in makes["accounts"]:
            if account["opening"]:
                balance = money(account["opening"]["balance"], account["currency"])
                text = _("Makes the account %(name)s, in %(currency)s, with an opening balance of %(balance)s.")
                yield text % {**account, "balance": balance}
            else:
                yield _("Makes the account %(name)s, in %(currency)s.") % account
        if makes["categories"]:
            yield _("Makes these categories: %(names)s.") % {"names": _list(makes["categories"])}
        if makes["tags"]:
            yield _("Makes these tags: %(names)s.") % {"names": _list(makes["tags"])}

    @property
    def left_out(self) -> str:
        """The names of the file that nobody has, which a commit leaves out; "" if there are none."""
        return _list([name for names in self.content["left_out"].values() for name in names])

    @cached_property
    def rows(self) -> list[ShownRow]:
        """The rows of the page, with one query for the transactions that they name."""
        keys = {row[name] for row in self.results for name in ("transaction", "transfer_with") if row[name]}
        found = Transaction.objects.filter(owner=self.owner, pk__in=keys).select_related("account") if keys else ()
        there = {str(row.pk): row for row in found}
        sides = {
            row["transfer_with"] for row in self.results if row["transfer_with"] and row["transfer_with"] not in there
        }
        others = self._rows_of(sides) if sides else {}
        return [self._row(row, there, others) for row in self.results]

    def _rows_of(self, keys: Iterable[str]) -> dict[str, JSONObject]:
        """Return the rows of the plan that become these transactions."""
        rows = ImportRow.objects.filter(owner=self.owner, import_id=self.plan.pk, verdict=Verdict.TRANSFER)
        found = list(rows.filter(transaction_id__in=[UUID(key) for key in keys]))
        return {str(row["transaction"]): row for row in rows_json(self.owner, self.plan, found)}

    def _row(self, content: JSONObject, there: dict[str, Transaction], others: dict[str, JSONObject]) -> ShownRow:
        verdict, own = content["verdict"], there.get(str(content["transaction"]))
        side = there.get(str(content["transfer_with"]))
        what, named = _("Left out"), own
        if verdict == Verdict.NEW:
            what = _("New transaction")
        elif verdict == Verdict.DUPLICATE and not content["message"]:
            what = _("Imported before") if own else _("Imported before, and deleted since")
        elif verdict == Verdict.MATCH and own:
            what = _("Is “%(description)s” of %(day)s") % {"description": own.description, "day": day(own.date)}
        elif verdict == Verdict.TRANSFER:
            other = others.get(content["transfer_with"], {"account": None})
            name = side.account.name if side and side.account else other["account"]
            what, named = _("Transfer with %(account)s") % {"account": name or "…"}, own or side
        elif content["message"]:
            what = content["message"]
        url = reverse("transaction-detail", args=[named.pk]) if named else ""
        if verdict in ENTERS and (self.is_undone or (self.plan.undone_by and not own)):
            return ShownRow(content, str(capfirst(Status.UNDONE.label)), is_undone=True)
        if not self.is_preview:
            return ShownRow(content, what, url)
        is_whole = bool(content["date"] and content["amount"] and content["account"])
        takes_in = {
            Verdict.DUPLICATE: _("Import again"),
            Verdict.SKIPPED: _("Take in"),
            Verdict.MATCH: _("Take in as new"),
            Verdict.TRANSFER: _("No transfer"),
        }.get(verdict, "")
        leaves_out = _("Leave out") if verdict in ENTERS else ""
        return ShownRow(content, what, url, takes_in if is_whole else "", leaves_out)

    @cached_property
    def kept(self) -> list[Transaction]:
        """The transactions that an undo has kept because they were edited, at most MOST_KEPT of them."""
        if not (self.is_committed and self.plan.undone_by):
            return []
        rows = ImportRow.objects.filter(owner=self.owner, import_id=self.plan.pk, verdict__in=CREATES)
        found = Transaction.objects.filter(owner=self.owner, pk__in=rows.values("transaction_id"))
        return list(found.order_by("-date", "-pk")[:MOST_KEPT])


def _list(names: Sequence[str]) -> str:
    rest = ", …" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + rest
