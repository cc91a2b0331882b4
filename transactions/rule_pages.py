"""What the pages of rules show beside their rows: what is above and below each one, and what they would do."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import orjson
from django.utils.translation import gettext as _

from cashman_project.api.types import JSONObject

from .models import Rule
from .rule_serializers import RuleSerializer
from .services.rule_suggestions import rule_suggestions
from .tag_fields import BETWEEN

if TYPE_CHECKING:
    from users.models import User

PREFILLED = ("words", "category")  # what a suggestion fills in
MOST_SUGGESTED = 5  # on the page of the list


def rules_json(rules: Iterable[Rule]) -> str:
    """Return rules as JSON shows them. The pages have each condition by itself."""
    serializer = RuleSerializer()
    return orjson.dumps([serializer.to_representation(rule) for rule in rules], option=orjson.OPT_INDENT_2).decode()


def list_context(owner: "User", results: Sequence[JSONObject], data: JSONObject) -> dict[str, object]:
    """Return the rules of a page of the list, each with the positions above and below it, and what is suggested."""
    places = [None, *(row["position"] for row in results), None]
    rows = [
        {**row, "moves": [(places[place], _("Move up"), "↑"), (places[place + 2], _("Move down"), "↓")]}
        for place, row in enumerate(results)
    ]
    is_first = not data["previous"]
    found = rule_suggestions(owner)[:MOST_SUGGESTED] if is_first else []
    suggestions = [(one, urlencode({"words": one.words, "category": one.category})) for one in found]
    return {"rows": rows, "suggestions": suggestions}


def change_rows(results: Iterable[JSONObject]) -> list[JSONObject]:
    """Return the transactions that a rule changes, with the new values as people read them."""
    return [
        {**one["transaction"], "changed": [{**change, "new": _shown(change["new"])} for change in one["changes"]]}
        for one in results
    ]


def _shown(value: object) -> str:
    return BETWEEN.join(value) if isinstance(value, list) else str(value)
