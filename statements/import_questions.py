"""How a page asks what a file leaves open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from cashman_project.api.pages.inputs import Input
from cashman_project.api.pages.selects import Select
from cashman_project.api.problems import FieldError
from cashman_project.api.templatetags.days import day
from cashman_project.api.types import JSONObject
from cashman_project.locales import current_formats
from cashman_project.money.amounts import parse_amount
from cashman_project.money.currencies import DIGITS
from cashman_project.money.formats import currency_options
from transactions.models import Account
from transactions.services.currencies import own_currencies
from transactions.templatetags.money import money

from .formats.results import NO_READING
from .import_forms import ANSWER, NEW_NAME, OWN, suggested_name
from .models import Import
from .services.accounts import MOST_ACCOUNTS
from .services.profiles import last_accounts

if TYPE_CHECKING:
    from users.models import User

CURRENCY = Select(currency_options, own_currencies)
OF_ACCOUNT = ("account", "accounts")
ASKED_EACH_TIME = ("account", "accounts", "currency", "other_files")  # which no profile keeps


@dataclass(frozen=True)
class Answer:
    """A possible answer: the value of its input, what the file then means, and a note."""

    value: str
    label: str
    is_text: bool = False  # of the file
    note: str = ""


@dataclass(frozen=True)
class ShownLine:
    """A line of the file that a question shows."""

    date: str
    description: str
    amount: str
    currency: str


@dataclass(frozen=True)
class ShownQuestion:
    """A question with an input for each answer, and the answer that was sent. `new_name` is the input of the name of a
    new account, if it may be one, `suggested` what it holds, and `error` what is wrong with it. `select` is an input
    for all answers, `last` the answer that the last file of this kind got, and `currency` the one of the account, if
    the file says it."""

    name: str
    content: JSONObject
    answers: list[Answer]
    new_name: str = ""
    suggested: str = ""
    sent: str = ""
    error: str = ""
    select: Input | None = None
    last: str = ""

    @property
    def is_only_new(self) -> bool:
        return bool(self.new_name) and not self.answers

    @property
    def chosen(self) -> str:
        return self.sent or self.last or ("new" if self.is_only_new else "")

    @property
    def pair(self) -> list[str]:
        """The texts of two lines that may be the same."""
        is_pair = self.content["option"] == "other_files"
        return [one["reading"] for one in self.content["choices"]] if is_pair else []

    @property
    def lines(self) -> list[ShownLine]:
        rows = [(one, one["currency"] or "") for one in self.content["lines"]]
        return [ShownLine(one["date"], one["description"], _shown(one["amount"], code), code) for one, code in rows]

    @property
    def currency(self) -> str:
        codes = {line["currency"] for line in self.content["lines"]}
        return str(codes.pop() or "") if len(codes) == 1 else ""


def questions_of(
    owner: "User", plan: Import, content: JSONObject, sent: Mapping[str, object], errors: Sequence[FieldError]
) -> list[ShownQuestion]:
    """Return the questions of a plan, with what was sent if the form was refused."""
    told = {error["field"]: error["detail"] for error in errors}
    accounts = _accounts(owner) if any(one["option"] in OF_ACCOUNT for one in content["questions"]) else {}
    last = last_accounts(plan) if accounts else {}
    found = [_question(owner, number, one, accounts) for number, one in enumerate(content["questions"])]
    return [
        replace(
            one,
            sent=str(sent.get(one.name, "")),
            suggested=str(sent.get(one.new_name, one.suggested)),
            error=told.get(one.new_name, ""),
            last=_last_answer(one, accounts, last),
        )
        for one in found
    ]


def _accounts(owner: "User") -> dict[str, tuple[str, str]]:
    """Return the ids and the currencies of the accounts, by their names."""
    rows = Account.objects.for_owner(owner).values_list("name", "pk", "currency")
    return {name: (str(pk), currency) for name, pk, currency in rows[:MOST_ACCOUNTS]}


def _last_answer(question: ShownQuestion, accounts: Mapping[str, tuple[str, str]], last: Mapping[str, str]) -> str:
    """Return the answer that names the account of the last file of this kind, or ""."""
    wanted = last.get(question.content["example"]) if question.new_name else None
    offered = {answer.value for answer in question.answers}
    found = [OWN + name for name, (pk, _currency) in accounts.items() if pk == wanted]
    return next((value for value in found if value in offered), "")


def _question(
    owner: "User", number: int, content: JSONObject, accounts: Mapping[str, tuple[str, str]]
) -> ShownQuestion:
    name, option = f"{ANSWER}.{number}", content["option"]
    if option in OF_ACCOUNT:
        answers = [
            Answer(OWN + one["value"], one["reading"], note=accounts.get(one["value"], ("", ""))[1])
            for one in content["choices"]
        ]
        return ShownQuestion(name, content, answers, f"{NEW_NAME}.{number}", suggested_name(content))
    if option == "currency":
        return ShownQuestion(
            name, content, [], select=replace(currency_input(owner), name=name, values=[], required=True)
        )
    return ShownQuestion(name, content, [_answer(option, one["value"], one["reading"]) for one in content["choices"]])


def _shown(amount: str, currency: str) -> str:
    """Return an amount of a file, which may name no currency, or one that does not exist."""
    return money(amount, currency) if currency in DIGITS else current_formats().number(Decimal(amount))


def _answer(option: str, value: str, reading: str) -> Answer:
    if option == "date_format":
        return Answer(value, reading if reading == NO_READING else day(reading))
    if option in ("unsigned", "negative_debit"):
        return Answer(value, _("It came in") if value == "in" else _("It went out"))
    if option == "other_files":
        return Answer(value, _("The same lines") if value == "same" else _("Different lines"))
    if option in ("decimal", "direction", "fee"):
        try:
            return Answer(value, current_formats().number(parse_amount(reading)))
        except ValueError:  # it can't be read so
            return Answer(value, reading)
    return Answer(value, reading, is_text=option != "currency")


def currency_input(owner: "User") -> Input:
    """Return the input of the currency of a new account."""
    first = CURRENCY.first(owner, owner.currency)
    return Input("currency", _("Currency"), "select", [owner.currency], first, all_options=CURRENCY.html())
