"""Plans and their rows as JSON shows them."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from cashman_project.api.dates import format_timestamp
from cashman_project.api.types import JSONObject
from cashman_project.money.amounts import format_amount
from cashman_project.money.currencies import DIGITS
from transactions.models import Account, Category
from transactions.models.named import NamedModel
from transactions.names import tag_names

from ..choices import Status, Verdict, option_name
from ..formats.results import Message
from ..formats.shapes import format_of
from ..models import Import, ImportProfile, ImportRow
from .rows import message_of

if TYPE_CHECKING:
    from users.models import User

STATEMENT = ("currency", "opening", "closing", "adds_up", "difference")


def plans_json(owner: "User", plans: Sequence[Import]) -> list[JSONObject]:
    """Return the plans in JSON, with one query for the names of all their accounts."""
    keys = {one["account_id"] for plan in plans for one in plan.statements}
    names = _names(owner, Account, map(UUID, keys))
    return [_plan_json(plan, names) for plan in plans]


def _plan_json(plan: Import, names: dict[UUID, str]) -> JSONObject:
    made = {UUID(one["id"]): one["name"] for one in plan.makes.get("accounts", [])}
    statements = [
        {"account": _name(one["account_id"], names, made)} | {name: one[name] for name in STATEMENT}
        for one in plan.statements
    ]
    only = statements[0] if len(statements) == 1 else None
    left_out = plan.makes.get("left_out", {})
    return {
        "id": str(plan.pk),
        "status": plan.status,
        "file": plan.name,
        "format": plan.format,
        "account": only and only["account"],
        "statement": only,
        "statements": statements,
        "counts": {verdict.value: plan.counts.get(verdict.value, 0) for verdict in Verdict},
        "questions": [_question_json(question) for question in plan.questions],
        "makes": {
            "accounts": [
                {name: one.get(name) for name in ("name", "currency", "identifier", "opening")}
                for one in plan.makes.get("accounts", [])
            ],
            "categories": [one["name"] for one in plan.makes.get("categories", [])],
            "tags": plan.makes.get("tags", []),
        },
        "left_out": {"categories": left_out.get("categories", []), "tags": left_out.get("tags", [])},
        "options": options_json(plan.options),
        "profile": plan.profile and options_json(plan.profile),
        "progress": {"read": plan.read, "of": plan.size} if plan.status == Status.READING else None,
        "revision": plan.revision,
        "version": plan.version,
        "created_at": format_timestamp(plan.created_at),
    }


def profiles_json(owner: "User", profiles: Sequence[ImportProfile]) -> list[JSONObject]:
    """Return the profiles in JSON, but for those whose accounts are gone."""
    names = _names(owner, Account, (profile.account_id for profile in profiles))
    return [
        {
            "id": str(profile.pk),
            "account": names[profile.account_id],
            "format": format_of(profile.shape),
            "options": options_json(profile.options),
            "version": profile.version,
            "created_at": format_timestamp(profile.created_at),
        }
        for profile in profiles
        if profile.account_id in names
    ]


def options_json(options: JSONObject) -> JSONObject:
    """Return stored options by the names that the API has for them."""
    return {option_name(name): value for name, value in options.items()}


def _question_json(question: JSONObject) -> JSONObject:
    text, values = question["message"]
    return {
        "option": question["option"],
        "message": str(Message(text, values)),
        "line": question["line"],
        "example": question["example"],
        "choices": [{"value": one["value"], "reading": one["reading"]} for one in question["choices"]],
        "lines": [
            line | {"amount": amount_text(Decimal(line["amount"]), line["currency"] or "")}
            for line in question.get("lines", [])
        ],
    }


def rows_json(owner: "User", plan: Import, rows: Sequence[ImportRow]) -> list[JSONObject]:
    """Return rows of the plan in JSON, with one query for the names of their accounts and one for their categories."""
    made = {UUID(one["id"]): one["name"] for kind in ("accounts", "categories") for one in plan.makes.get(kind, [])}
    accounts = _names(owner, Account, (row.account_id for row in rows))
    categories = _names(owner, Category, (row.category_id for row in rows))
    return [
        {
            "number": row.number,
            "line": row.line,
            "verdict": row.verdict,
            "message": message_of(row.message),
            "account": _name(row.account_id, accounts, made),
            "date": row.date and row.date.isoformat(),
            "amount": None if row.amount is None else amount_text(row.amount, row.currency),
            "currency": row.currency or None,
            "description": row.description,
            "notes": row.notes,
            "category": _name(row.category_id, categories, made),
            "tags": tag_names(row.tags),
            "bank_id": row.bank_id or None,
            "transaction": row.transaction_id and str(row.transaction_id),
            "transfer_with": row.transfer_with and str(row.transfer_with),
            "rule": row.rule_id and str(row.rule_id),
            "reimport": row.reimport,
        }
        for row in rows
    ]


def amount_text(amount: Decimal, currency: str) -> str:
    """Return an amount of a file as text. The file may name a currency that does not exist, or have more decimals than
    amounts."""
    if currency in DIGITS:
        with suppress(ValueError):
            return format_amount(amount, currency)
    return f"{amount:f}"


def _names(owner: "User", model: type[NamedModel], keys: Iterable[UUID | None]) -> dict[UUID, str]:
    wanted = {key for key in keys if key}
    rows = model.objects.for_owner(owner).filter(pk__in=wanted) if wanted else None
    return {} if rows is None else dict(rows.values_list("pk", "name"))


def _name(key: UUID | str | None, names: dict[UUID, str], made: dict[UUID, str]) -> str | None:
    if key is None:
        return None
    pk = UUID(str(key))
    return names.get(pk) or made.get(pk)
