"""What people may want to type again."""

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from cashman_project.api.pages.inputs import Suggestion

from ..models import Category
from ..transaction_querysets import TransactionQuerySet

if TYPE_CHECKING:
    from users.models import User

MOST_NAMES = 500  # categories that a form suggests

READ = 1_000  # rows, the latest ones: an index has them in this order, so it costs as much however many there are
SUGGESTED = 40


def form_suggestions(owner: "User", rows: TransactionQuerySet | None) -> dict[str, list[Suggestion]]:
    """Return what a form suggests: the owner's categories, and the usual descriptions of the rows, if there are any."""
    names = Category.objects.for_owner(owner).values_list("name", flat=True)[:MOST_NAMES]
    suggestions = {"category": [Suggestion(name) for name in names]}
    if rows is not None:
        suggestions["description"] = [
            Suggestion(text, {"category": category} if category else {}) for text, category in usual_descriptions(rows)
        ]
    return suggestions


def usual_descriptions(rows: TransactionQuerySet) -> list[tuple[str, str | None]]:
    """Return the descriptions that are most frequent among the latest rows, each with its most frequent category.

    Of descriptions that differ only by case, the latest one stands for all.
    """
    latest = rows.order_by("-date", "-pk").values_list("description", "category__name")[:READ]
    spelling: dict[str, str] = {}
    categories: dict[str, Counter[str | None]] = defaultdict(Counter)
    for description, category in latest:
        key = description.casefold()
        spelling.setdefault(key, description)
        categories[key][category] += 1
    frequent = sorted(categories, key=lambda key: -categories[key].total())[:SUGGESTED]
    return [(spelling[key], categories[key].most_common(1)[0][0]) for key in frequent]
