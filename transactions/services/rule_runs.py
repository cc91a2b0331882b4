"""What a rule does to transactions that are there: tried before it is saved, and applied afterwards."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError

from cashman_project.api.types import JSONObject
from cashman_project.db.search import MOST_WORDS
from cashman_project.money.amounts import units_of

from ..models import Rule, Transaction
from ..models.rule import SET, texts_of
from ..names import MOST_TAGS, NO_TAGS, tag_names, tags_text
from ..transaction_querysets import TransactionQuerySet
from ..words import words_of
from .rules import EVERYTHING, Facts, Given, only

if TYPE_CHECKING:
    from users.models import User

TRIED = 1_000  # transactions, the latest ones, that a rule is tried on
MOST_READ = 100_000  # transactions that are compared when a rule is applied
MOST_CHANGED = 10_000  # that one revision changes
SHOWN = 50  # transactions that a response lists
PART = 5_000  # rows that are read together


@dataclass
class Run:
    """What a rule does: how many transactions were compared, how many `meet` it, and which it changes."""

    compared: int = 0
    meet: int = 0
    changed: list[Transaction] = field(default_factory=list)
    before: list[dict[str, object]] = field(default_factory=list)  # what the first ones had before


def try_rule(owner: "User", rule: Rule, *, overwrite: bool) -> Run:
    """Return what the rule, which may not be saved, would do to the owner's latest transactions."""
    rows = _rows(owner.pk).order_by("-date", "-pk")[:TRIED]
    return _run(rule, rows, overwrite)


def apply_rule(rule: Rule, rows: TransactionQuerySet, *, overwrite: bool) -> Run:
    """Give those of these transactions of the owner that meet the rule what they lack, or with `overwrite` whatever the
    rule gives. The ledger is locked. Raises ValidationError if there are too many."""
    run = plan_rule(rule, rows, overwrite=overwrite)
    if run.changed:
        Transaction.objects.filter(owner=rule.owner_id).bulk_update(run.changed, SET)
    return run


def plan_rule(rule: Rule, rows: TransactionQuerySet, *, overwrite: bool) -> Run:
    """Return what `apply_rule` would do."""
    run = _run(rule, _parts(_narrowed(rule, rows)), overwrite)
    if run.compared > MOST_READ or len(run.changed) > MOST_CHANGED:
        message = _("The rule would change too many transactions at once. Choose fewer of them by a filter.")
        raise ValidationError({"filter": [message]}, code="too_many")
    return run


def _rows(owner: UUID) -> TransactionQuerySet:
    """Return the transactions that rules know: legs of transfers have no category, and are left alone."""
    return Transaction.objects.filter(owner=owner, transfer__isnull=True).select_related("category", "account")


def _run(rule: Rule, rows: Iterable[Transaction], overwrite: bool) -> Run:
    rules, run = only(rule), Run()
    for row in rows:
        run.compared += 1
        if run.compared > MOST_READ or len(run.changed) > MOST_CHANGED:
            break
        facts = facts_of(row)
        if not rules.meets(facts):
            continue
        run.meet += 1
        before = {"category": row.category and row.category.name, "tags": row.tags, "description": row.description}
        if _set(row, rule, rules.give(facts, EVERYTHING if overwrite else _lacks(row))):
            run.changed.append(row)
            if len(run.before) < SHOWN:
                run.before.append(before)
    return run


def facts_of(row: Transaction) -> Facts:
    """Return what rules ask of the transaction."""
    return Facts(row.description, row.notes, row.account_id, row.type, row.currency, abs(units_of(row.amount)))


def _lacks(row: Transaction) -> frozenset[str]:
    """Return what a stored transaction lacks. It has a description."""
    lacks = {"category": row.category_id is None, "tags": row.tags == NO_TAGS}
    return frozenset(name for name, is_missing in lacks.items() if is_missing)


def _set(row: Transaction, rule: Rule, given: Given) -> bool:
    """Give the transaction this of the rule; return whether that changes it. Tags are added to those that it has."""
    before = row.category_id, row.tags, row.description
    if given.category:
        row.category = rule.category
    if given.tags:
        row.tags = tags_text(list(dict.fromkeys([*tag_names(row.tags), *given.tags]))[:MOST_TAGS])
    if given.description:
        row.description = given.description
    return before != (row.category_id, row.tags, row.description)


def _narrowed(rule: Rule, rows: TransactionQuerySet) -> TransactionQuerySet:
    """Leave rows out that the database can tell don't meet the rule. Those that are left are compared."""
    rows = rows.filter(transfer__isnull=True)
    exact = {"type": rule.type, "currency": rule.currency, "account": rule.account_id}
    rows = rows.filter(**{name: value for name, value in exact.items() if value is not None})
    if (least := rule.amount_min) is not None:
        rows = rows.filter(Q(amount__gte=least) | Q(amount__lte=-least))
    if (most := rule.amount_max) is not None:
        rows = rows.filter(amount__gte=-most, amount__lte=most)
    words = [max(words_of(text), key=lambda word: (len(word), word)) for text in texts_of(rule.words)]
    if 0 < len(words) <= MOST_WORDS:
        has = [Q(description_folded__holds=word) | Q(notes_folded__holds=word) for word in words]
        rows = rows.filter(reduce(or_, has))
    return rows


def _parts(rows: TransactionQuerySet) -> Iterator[Transaction]:
    """Yield the rows, some thousands at a time."""
    rows, last = rows.select_related("category", "account").order_by("date", "pk"), None
    while True:
        part = list((rows if last is None else rows.filter(_after(last)))[:PART])
        yield from part
        if len(part) < PART:
            return
        last = part[-1]


def _after(row: Transaction) -> Q:
    return Q(date__gt=row.date) | Q(date=row.date, pk__gt=row.pk)


def changes_of(run: Run) -> list[tuple[Transaction, list[JSONObject]]]:
    """Return the first transactions that the rule changes, with what it changes, as the history tells it."""
    return [
        (row, [change for change in _changes(row, before) if change["old"] != change["new"]])
        for row, before in zip(run.changed, run.before, strict=False)
    ]


def _changes(row: Transaction, before: JSONObject) -> Iterator[JSONObject]:
    yield {"field": "category", "old": before["category"], "new": row.category and row.category.name}
    yield {"field": "tags", "old": tag_names(before["tags"]), "new": tag_names(row.tags)}
    yield {"field": "description", "old": before["description"], "new": row.description}
