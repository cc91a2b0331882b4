"""What the rows of an export keep, beside the forms of their values. The database keeps the rest, such as unique names.

Each rule raises ValidationError.
"""

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

import orjson
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from cashman_project.db.types import Values
from ledgers.models import Change, Operation, OwnedForeignKey, OwnedModel, Revision
from ledgers.resources import RESOURCES
from statements.models import Import, ImportProfile, ImportRow
from transactions.choices import TransactionType
from transactions.models import Account, BalanceCheck, Rule, Tag, Transaction
from transactions.names import NO_TAGS, tag_names
from transactions.rule_querysets import MOST_RULES

from .columns import WRONG, column_of, columns_of, read_values, stored_values
from .import_rules import check_import, check_import_row, check_profile

ModelT = TypeVar("ModelT", bound=OwnedModel)

NO_SUCH_ROW = _("There is no such row in this export.")


class Rules:
    """The rules of one export, whose ledger has that last revision. Rows come after those that they refer to."""

    def __init__(self, last: int) -> None:
        self.last = last
        self.latest = last  # of the revisions that are there
        self.ids: dict[object, set[UUID]] = {}  # by model, of those that others refer to
        self.accounts: dict[UUID, Account] = {}
        self.tags: set[str] = set()
        self.tag_name = column_of(Tag._meta.get_field("name"))
        self.row = Transaction()  # which all transactions are, one after another
        self.columns = {resource.name: columns_of(resource.model) for resource in RESOURCES.values()}
        self.of: dict[type[Model], Callable[[Values], None]] = {
            Revision: self.check_revision,
            Change: self.check_change,
            Transaction: self.check_transaction,
            BalanceCheck: self.check_check,
            Rule: self.check_rule,
            Import: check_import,
            ImportProfile: check_profile,
            ImportRow: check_import_row,
        }

    def check(self, model: type[Model], values: Values) -> None:
        """Check a row, and remember what other rows need to know of it."""
        if issubclass(model, OwnedModel):
            self._check_owned(model, values)
        elif "revision" in values:
            self._check_revision("revision", values["revision"] or 0)
        if rule := self.of.get(model):
            rule(values)
        elif issubclass(model, OwnedModel):
            row_of(model, values).clean()
        if model is Account:
            self.accounts[values["id"]] = row_of(Account, values)
        if model is Tag:
            self.tags.add(values["name"])

    def _check_owned(self, model: type[OwnedModel], values: Values) -> None:
        self._check_revision("revision", values["revision"])
        if values["created_revision"] > values["revision"]:
            raise ValidationError({"created_revision": WRONG})
        for field in model._meta.concrete_fields:
            if isinstance(field, OwnedForeignKey):
                key = values[field.attname]
                if key is not None and key not in self.ids.get(field.related_model, ()):
                    raise ValidationError({field.attname: NO_SUCH_ROW})
        if "tags" in values:
            self._check_tags(values)
        if model is not Transaction:
            self.ids.setdefault(model, set()).add(values["id"])

    def _check_revision(self, name: str, number: int) -> None:
        if number > self.last:
            raise ValidationError({name: WRONG})

    def check_transaction(self, values: Values) -> None:
        self.check_amount(values)
        account = self.accounts.get(values["account_id"])
        if account is not None and account.currency != values["currency"]:
            raise ValidationError({"currency": WRONG})

    def _check_tags(self, values: Values) -> None:
        names = tag_names(values["tags"])
        if len(set(names)) < len(names):
            raise ValidationError({"tags": WRONG})
        if not self.tags.issuperset(names):
            raise ValidationError({"tags": NO_SUCH_ROW})

    def check_amount(self, values: Values) -> None:
        """Check a transaction's amount and texts by its own rules. Its sign follows its type."""
        if (values["amount"] < 0) != (values["type"] == TransactionType.EXPENSE):
            raise ValidationError({"amount": WRONG})
        row = self.row  # a new one for each would take longer than all the rest
        row.type, row.amount = values["type"], values["amount"]
        row.description, row.currency = values["description"], values["currency"]
        row.clean()

    def check_rule(self, values: Values) -> None:
        if len(self.ids[Rule]) > MOST_RULES:
            raise ValidationError(_("You have %(most)d rules, and can't have more.") % {"most": MOST_RULES})
        row_of(Rule, values).clean()

    def check_check(self, values: Values) -> None:
        row = row_of(BalanceCheck, values)
        row.account = self.accounts[values["account_id"]]
        row.clean()

    def check_revision(self, values: Values) -> None:
        self._check_revision("number", values["number"])
        self.latest = values["number"]
        counts = values["counts"]
        if type(counts) is not dict or not counts.keys() <= RESOURCES.keys():
            raise ValidationError({"counts": WRONG})
        for numbers in counts.values():
            if type(numbers) is not dict or not numbers.keys() <= {*Operation.values}:
                raise ValidationError({"counts": WRONG})
            if any(type(number) is not int or number < 0 for number in numbers.values()):
                raise ValidationError({"counts": WRONG})

    def _check_alone(self, model: type[OwnedModel], values: Values) -> None:
        """Check a row without those that it refers to. Columns that are missing have their defaults."""
        for name in tag_names(values.get("tags", NO_TAGS)):
            if name not in self.tags:  # an undo makes those that are gone
                self._check_tag(name)
        if model is Transaction:
            self.check_amount(values)
        elif model is not BalanceCheck:
            row_of(model, values).clean()

    def _check_tag(self, name: str) -> None:
        try:
            Tag(name=self.tag_name.read(name)).clean()
        except ValidationError:
            raise ValidationError({"tags": WRONG}) from None

    def check_change(self, values: Values) -> None:
        """Check what a row was. An undo makes it that again, so it is checked as rows are. What it refers to may be
        gone, which the undo sees."""
        resource, before = RESOURCES.get(values["resource"]), values["before"]
        if resource is None:
            raise ValidationError({"resource": WRONG})
        if (before is None) != (values["operation"] == Operation.CREATED):
            raise ValidationError({"before": WRONG})
        if before is None:
            values["before"] = ""
            return
        columns = [column for column in self.columns[resource.name] if column.is_required or column.name in before]
        was = read_values(columns, before)
        if was.get("id") != values["row_id"]:
            raise ValidationError({"before": WRONG})
        self._check_alone(resource.model, was)
        names = [column.name for column in columns]
        values["before"] = orjson.dumps(dict(zip(names, stored_values(columns, was), strict=True))).decode()


def row_of(model: type[ModelT], values: Values) -> ModelT:
    """Return the row, not saved, with rows in place of those that it refers to."""
    row = model(**values)
    for field in model._meta.concrete_fields:
        if isinstance(field, OwnedForeignKey) and values.get(field.attname):
            setattr(row, field.name, field.remote_field.model(pk=values[field.attname]))
    return row
