"""Rules that an owner's own categories suggest: "you put 9 of 9 with 'rewe' in Groceries"."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..models import Transaction
from ..words import WORD
from .rule_runs import facts_of
from .rules import rules_of

if TYPE_CHECKING:
    from users.models import User

READ = 5_000  # transactions, the latest ones that have a category
FIRST = 4  # words of a description that may say what it is about
LEAST = 4  # transactions
SHARE = 95  # percent of them that have the category
SHORTEST = 3  # letters of a word
MOST = 20  # suggestions


@dataclass(frozen=True)
class RuleSuggestion:
    """A word or two that stand with one category: `count` of the `total` transactions with them have it."""

    words: str
    category: str
    count: int
    total: int


def rule_suggestions(owner: "User") -> list[RuleSuggestion]:
    """Return what the owner's latest transactions suggest, what is most frequent first. Transactions that get their
    category by a rule suggest nothing."""
    found = Transaction.objects.filter(owner=owner, category__isnull=False, transfer__isnull=True)
    rows = list(found.select_related("category").order_by("-date", "-pk")[:READ])
    rules = rules_of(owner.pk)
    rows = [row for row in rows if not rules.give(facts_of(row), frozenset({"category"})).category]
    texts: dict[str, list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        for text in _texts(row.description_folded):
            texts[text].append(number)
    return list(_best(rows, texts))[:MOST]


def _texts(folded: str) -> set[str]:
    """Return the words that a description begins with, one by one, and the first two together."""
    words = [word for word in WORD.findall(folded) if len(word) >= SHORTEST and not word.isdigit()][:FIRST]
    return {*words, " ".join(words[:2])} - {""}


def _best(rows: Sequence[Transaction], texts: dict[str, list[int]]) -> Iterator[RuleSuggestion]:
    """Yield the texts that say the category, those of most transactions first, and of as many the shortest. A text of
    which most is said by others already is left out."""
    said: set[int] = set()
    for text in sorted(texts, key=lambda one: (-len(texts[one]), len(one.split()), one)):
        numbers = texts[text]
        if len(numbers) < LEAST:
            return
        [(name, count)] = Counter(str(rows[number].category) for number in numbers).most_common(1)
        new = [number for number in numbers if number not in said]
        if 100 * count >= SHARE * len(numbers) and 2 * len(new) > len(numbers):
            said.update(numbers)
            yield RuleSuggestion(text, name, count, len(numbers))
