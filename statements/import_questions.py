"""How a page asks what a file leaves open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from cashman_project.api.pages.inputs import Input
from cashman_project.api.pages.selects import Select
from cashman_project.api.problems import FieldError
from cashman_project.api.templatetags.days import day
from cashman_project.api.types import JSONObject
from cashman_project.locales import current_formats
from cashman_project.money.amounts import parse_amount
from cashman_project.money.formats import currency_options
from transactions.services.currencies import own_currencies

from .formats.results import NO_READING
from .import_forms import ANSWER, NEW_NAME, OWN, suggested_name

if TYPE_CHECKING:
    from users.models import User

CURRENCY = Select(currency_options, own_currencies)
ASKED_EACH_TIME = ("account", "accounts", "currency", "other_files")  # which no profile keeps


@dataclass(frozen=True)
class Answer:
    """A possible answer: the value of its input, what the file then means, and a note."""

    value: str
    label: str
    is_text: bool = False  # of the file
    note: str = ""


@dataclass(frozen=True)
class ShownQuestion:
    """A question with an input for each answer, and the answer that was sent. `new_name` is the input of the name of a
    new account, if it may be one, `suggested` what it holds, and `error` what is wrong with it."""

    name: str
    content: JSONObject
    answers: list[Answer]
    new_name: str = ""
    suggested: str = ""
    sent: str = ""
    error: str = ""

    @property
    def is_only_new(self) -> bool:
        return bool(self.new_name) and not self.answers


def questions_of(content: JSONObject, sent: Mapping[str, object], errors: Sequence[FieldError]) -> list[ShownQuestion]:
    """Return the questions of a plan, with what was sent if the form was refused."""
    told = {error["field"]: error["detail"] for error in errors}
    found = [_question(number, one) for number, one in enumerate(content["questions"])]
    return [
        replace(
            one,
            sent=str(sent.get(one.name, "")),
            suggested=str(sent.get(one.new_name, one.suggested)),
            error=told.get(one.new_name, ""),
        )
        for one in found
    ]


def _question(number: int, content: JSONObject) -> ShownQuestion:
    name, option = f"{ANSWER}.{number}", content["option"]
    if option in ("account", "accounts"):
        answers = [Answer(OWN + one["value"], one["reading"]) for one in content["choices"]]
        return ShownQuestion(name, content, answers, f"{NEW_NAME}.{number}", suggested_name(content))
    return ShownQuestion(name, content, [_answer(option, one["value"], one["reading"]) for one in content["choices"]])


def _answer(option: str, value: str, reading: str) -> Answer:
    if option == "date_format":
        return Answer(value, reading if reading == NO_READING else day(reading))
    if option in ("unsigned", "negative_debit"):
        return Answer(value, _("It came in") if value == "in" else _("It went out"))
    if option == "other_files":
        return Answer(value, _("The same lines") if value == "same" else _("Different lines"), note=reading)
    if option in ("decimal", "direction", "fee"):
        try:
            return Answer(value, current_formats().number(parse_amount(reading)))
        except ValueError:  # it can't be read so
            return Answer(value, reading)
    return Answer(value, reading, is_text=option != "currency")


def currency_input(owner: "User") -> Input:
    """Return the input of the currency of a new account."""
    first = CURRENCY.first(owner, owner.currency)
    label = _("Currency, if the file does not say it")
    return Input("currency", label, "select", [owner.currency], first, all_options=CURRENCY.html())
