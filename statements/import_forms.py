"""What the forms of the pages of imports say, as the JSON of a request has it."""

from collections.abc import Mapping

from django.core.exceptions import ValidationError as DjangoValidationError
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError

from cashman_project.api.serializers import FORM_FIELDS
from cashman_project.api.types import JSONObject
from cashman_project.money.typed import form_amount, typed_amount

from .choices import Verdict

ANSWER, NEW_NAME = "answer", "new_account"  # inputs of questions: "answer.0" and "new_account.0" of the first one
OWN, NEW = "own:", "new"  # values of an answer: the name of an account, or that the import makes one
BOXES = {"on": True, "off": False}
WHAT = "what"  # the input that says what happens with a row
EDITED = ("date", "amount", "account", "description", "category", "tags", "notes")


def answers_of(form: Mapping[str, object], questions: list[JSONObject], options: JSONObject) -> JSONObject:
    """Return the options that a form of a plan gives. An input that is empty means that nothing is said of it."""
    given: JSONObject = {}
    numbered = {f"{name}.{number}" for number in range(len(questions)) for name in (ANSWER, NEW_NAME)}
    for name in form:
        if name not in FORM_FIELDS and name not in numbered:
            text = str(form[name])
            given[name] = BOXES.get(text, text) if text else None
    for number, question in enumerate(questions):
        answer, new_name = (str(form.get(f"{name}.{number}", "")).strip() for name in (ANSWER, NEW_NAME))
        if not answer and new_name not in ("", suggested_name(question)):
            answer = NEW  # who types a name means a new account
        elif answer not in ("", NEW) and new_name not in ("", suggested_name(question)):
            raise ValidationError({f"{NEW_NAME}.{number}": [_("Choose “A new account”, or clear its name.")]})
        if answer == NEW and not new_name:
            raise ValidationError({f"{NEW_NAME}.{number}": [_("Give the account a name.")]}, code="required")
        if answer:
            _answer(given, question, answer, new_name, options)
    return given


def suggested_name(question: JSONObject) -> str:
    """Return what a new account may be called: as the file calls it, unless that is a number."""
    example = str(question["example"])
    return "" if any(letter.isdigit() for letter in example) else example


def _answer(given: JSONObject, question: JSONObject, answer: str, new_name: str, options: JSONObject) -> None:
    option = question["option"]
    if option not in ("account", "accounts"):
        given[option] = answer
        return
    name = answer.removeprefix(OWN) if answer.startswith(OWN) else new_name
    if answer == NEW:
        given["create_account"] = True
    if option == "account":
        given["account"] = name
    else:
        named = given.get("accounts") or options.get("accounts") or {}
        given["accounts"] = {**named, question["example"]: name}


def texts_of(content: JSONObject) -> dict[str, str]:
    """Return what the form of a row shows, by the names of its inputs."""
    return {
        WHAT: what_of(content),
        "date": content["date"] or "",
        "amount": form_amount(content["amount"] or ""),
        "account": content["account"] or "",
        "description": content["description"],
        "category": content["category"] or "",
        "tags": ", ".join(content["tags"]),
        "notes": content["notes"],
    }


def what_of(content: JSONObject) -> str:
    """Return what happens with a row, as an input has it."""
    verdict = str(content["verdict"])
    other = {Verdict.MATCH: "transaction", Verdict.TRANSFER: "transfer_with"}.get(Verdict(verdict))
    return f"{verdict}:{content[other]}" if other else verdict


def changes_of(form: Mapping[str, object], content: JSONObject) -> JSONObject:
    """Return what the form of a row, or a button in the table, changes of it. Raises ValidationError."""
    present = texts_of(content)
    changed = {name: str(form[name]) for name in form if name not in FORM_FIELDS}
    changed = {name: text for name, text in changed.items() if text != present.get(name)}
    result: JSONObject = {name: BOXES.get(text, text) for name, text in changed.items() if name != WHAT}
    if WHAT in changed:
        verdict, _colon, key = changed[WHAT].partition(":")
        result["verdict"] = verdict
        if key:
            result["transaction" if verdict == Verdict.MATCH else "transfer_with"] = key
        elif verdict == Verdict.NEW and content["verdict"] == Verdict.DUPLICATE:
            result["reimport"] = True
    if "amount" in result:
        result["amount"] = _amount(str(result["amount"]), content["currency"] or "")
    if result.get("category") == "":
        result["category"] = None
    return result


def _amount(text: str, currency: str) -> str:
    try:
        return f"{typed_amount(text, currency):f}"
    except DjangoValidationError as error:
        raise ValidationError({"amount": error.messages}, code="invalid") from None
