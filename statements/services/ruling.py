"""What the owner's rules give the rows of a plan."""

from collections.abc import Iterable
from uuid import UUID

from cashman_project.money.amounts import units_of
from ledgers.models import Ledger
from transactions.choices import TransactionType
from transactions.names import NO_TAGS, tags_text
from transactions.services.rules import Facts, rules_of

from ..choices import Verdict
from .rows import Row


def run_rules(owner: UUID, rows: Iterable[Row]) -> None:
    """Give the new rows what the file does not say, by the owner's rules. A description of a rule replaces the bank's,
    which moves to the notes if these are empty."""
    if not Ledger.objects.filter(pk=owner, has_rules=True).exists():
        return
    rules = rules_of(owner)
    for row in rows:
        if row.verdict != Verdict.NEW or row.amount is None:
            continue
        kind = TransactionType.EXPENSE if row.amount < 0 else TransactionType.INCOME
        facts = Facts(row.description, row.notes, row.account_id, kind.value, row.currency, abs(units_of(row.amount)))
        lacks = {"category": row.category_id is None, "tags": row.tags == NO_TAGS, "description": True}
        given = rules.give(facts, frozenset(name for name, is_missing in lacks.items() if is_missing))
        row.rule_id = given.rule
        if given.category:
            row.category_id, _name = given.category
        if given.tags:
            row.tags = tags_text(given.tags)
        if given.description:
            row.notes = row.notes or row.description
            row.description = given.description
