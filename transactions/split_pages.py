"""The page on which a transaction is split."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import QueryDict
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.http import urlencode
from rest_framework.request import Request

from cashman_project.api.etags import etag_of
from cashman_project.api.owner import owner_of
from cashman_project.api.pages.inputs import Input, form_inputs
from cashman_project.api.pages.requests import next_path
from cashman_project.api.parsers import NEXT_FIELD
from cashman_project.api.problems import FieldError
from cashman_project.api.renderers import json_of
from cashman_project.api.serializers import FORM_FIELDS
from cashman_project.api.types import JSONObject
from cashman_project.money.amounts import EXACT, format_amount
from cashman_project.money.currencies import DIGITS
from cashman_project.money.typed import form_amount, typed_amount

from .models import Transaction
from .services.splits import MOST, total_of
from .services.suggestions import form_suggestions
from .split_serializers import PartSerializer

NAME = re.compile(r"parts\.([0-9]{1,3})\.([a-z_]+)")  # of an input, as errors name the field
SPARE = 3  # empty lines, for more parts


def parts_of_form(form: QueryDict | JSONObject) -> JSONObject:
    """Return the form as the JSON of a request has it, with a form in place of each part.

    A line without an amount is left out, and so is what is empty in the line of a new part.
    """
    others = {name: form[name] for name in form if not (NAME.fullmatch(name) or name in FORM_FIELDS)}
    return {**others, "parts": [part for part in _lines(form) if str(part["amount"]).strip()]}


def _lines(form: QueryDict | JSONObject) -> list[QueryDict]:
    """Return a form for each line of the form of a split, in their order."""
    lines: dict[int, QueryDict] = {}
    for name in form:
        if match := NAME.fullmatch(name):
            line = lines.setdefault(int(match[1]), QueryDict("amount=", mutable=True))
            line[match[2]] = str(form[name])
    for line in lines.values():
        if not str(line.get("description", "x")).strip():
            del line["description"]
    return [lines[number] for number in sorted(lines)]


@dataclass(frozen=True)
class Line:
    """One part on the page."""

    place: int  # the first one is 1
    inputs: Mapping[str, Input]

    @property
    def has_more(self) -> bool:
        """Whether it has something in the inputs that are behind "More"."""
        return any(self.inputs[name].value or self.inputs[name].errors for name in ("tags", "notes"))


class SplitPage:
    """The lines of the parts: as they are stored or, if a form was refused, as they were sent."""

    def __init__(
        self,
        request: Request,
        stored: Sequence[Transaction],
        content: JSONObject,  # the JSON of the split
        sent: QueryDict | None = None,
        errors: Sequence[FieldError] = (),
    ) -> None:
        self.request, self.stored, self.content = request, stored, content
        self.first = stored[0]
        self.sent = None if sent is None else parts_of_form(sent)["parts"]
        self.errors = errors
        self.most = MOST
        self.digits = DIGITS[self.first.currency]
        row = reverse("transaction-detail", args=[self.first.pk])
        after = next_path(request)  # of a refused form, the page of the row; otherwise where that page leads back to
        self.back = row if not after else after if sent is not None else f"{row}?{urlencode({NEXT_FIELD: after})}"

    @property
    def is_split(self) -> bool:
        return self.first.split is not None

    @property
    def etag(self) -> str:
        return etag_of(json_of(self.content))

    @property
    def form_errors(self) -> list[str]:
        """What is wrong with the split as a whole."""
        return [error["detail"] for error in self.errors if not NAME.fullmatch(error["field"] or "")]

    @property
    def total(self) -> str:
        return format_amount(EXACT.abs(total_of(self.stored)), self.first.currency)

    @cached_property
    def left(self) -> Decimal | None:
        """What is left to assign, below zero if it is too much; None if an amount can't be read."""
        total = EXACT.abs(total_of(self.stored))
        for line in self.lines:
            if text := line.inputs["amount"].value:
                try:
                    amount = typed_amount(text, self.first.currency)
                except DjangoValidationError:
                    return None
                total = EXACT.subtract(total, EXACT.abs(amount))
        return total

    @property
    def left_text(self) -> str:
        return "" if self.left is None else format_amount(self.left, self.first.currency)

    @property
    def categories(self) -> list[str]:
        """The names that the lines suggest."""
        return [one.text for one in form_suggestions(owner_of(self.request), None)["category"]]

    @cached_property
    def lines(self) -> list[Line]:
        rows: list[Transaction | None] = [*self.stored]
        number = len(rows) if self.sent is None else len(self.sent)
        number = min(MOST, max(number, 1) + SPARE)
        return [self._line(place, rows[place] if place < len(rows) else None) for place in range(number)]

    def _line(self, number: int, row: Transaction | None) -> Line:
        serializer = PartSerializer(row, context={"request": self.request})
        inputs = {one.name: one for one in form_inputs(serializer)}
        if row is not None:
            inputs["amount"] = replace(inputs["amount"], values=[self._absolute(row)])
        if self.sent is not None:
            sent = self.sent[number] if number < len(self.sent) else {}
            inputs = {name: replace(one, values=[str(sent.get(name, ""))]) for name, one in inputs.items()}
        shown = {
            name: replace(one, name=full, errors=self._errors(full), required=False)
            for name, one in inputs.items()
            for full in (f"parts.{number}.{name}",)
        }
        return Line(number + 1, shown)

    def _absolute(self, row: Transaction) -> str:
        return form_amount(format_amount(EXACT.abs(row.amount), row.currency))

    def _errors(self, name: str) -> list[str]:
        return [error["detail"] for error in self.errors if error["field"] == name]
