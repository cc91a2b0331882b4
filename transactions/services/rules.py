"""Rules: which of them a new transaction meets, and what they give it (docs/adr/0050-rules.md).

`Rules` finds that for many transactions. It has an index from words to rules, so that it need not look at every rule
for every transaction. `transactions/tests/test_rules_judge.py` has the simple way, which is the judge of it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple, TypeVar
from uuid import UUID

from cashman_project.api.types import Validated
from cashman_project.db.types import DatabaseRow
from cashman_project.money.amounts import units_of
from cashman_project.texts import fold
from ledgers.writer import Write

from ..models import Category, Rule
from ..models.rule import SET, texts_of
from ..names import MOST_TAGS, NO_TAGS, tag_names, tags_text
from ..words import WORD, words_of

KeyT = TypeVar("KeyT")

MOST_REMEMBERED = 100_000  # rules, of the texts of rows, that are remembered while rows are filled
MOST_COMPARED = 1_000  # texts of rules that are compared with the words of a transaction
COLUMNS = (
    *("id", "words", "starts_with", "account_id", "type", "currency", "amount_min", "amount_max"),
    *("category_id", "category__name", "tags", "description", "stop"),
)
NO_LIMIT = 10**20  # of an absolute amount in ten-thousandths: above all of them
EVERYTHING = frozenset(SET)


class Facts(NamedTuple):
    """What rules ask of a transaction. `units` is its absolute amount in ten-thousandths."""

    description: str
    notes: str
    account: UUID | None
    type: str
    currency: str
    units: int


@dataclass
class Given:
    """What rules give a transaction: None for what they don't give. `rule` is the first one that gives something."""

    rule: UUID | None = None
    category: tuple[UUID, str] | None = None
    tags: list[str] = field(default_factory=list)
    description: str | None = None

    def names(self) -> list[str]:
        """Return the names of the category and the tags."""
        return [*([self.category[1]] if self.category else []), *self.tags]


class OneRule:
    """A rule, made ready to be compared."""

    def __init__(self, place: int, values: DatabaseRow) -> None:
        self.place = place
        self.id, words, starts, self.account, self.type, self.currency, least, most, *gives, self.stop = values
        category, category_name, tags, self.description = gives
        self.words = [words_of(text) for text in texts_of(words)]
        self.starts = [fold(text) for text in texts_of(starts)]
        self.least = 0 if least is None else units_of(least)
        self.most = NO_LIMIT if most is None else units_of(most)
        self.category = (category, category_name) if category else None
        self.tags = tag_names(tags)
        named = {"category": self.category, "tags": self.tags, "description": self.description}
        self.gives = frozenset(name for name, value in named.items() if value)

    def meets_rest(self, facts: Facts) -> bool:
        """Return whether the transaction meets all conditions but those of texts and amounts."""
        return (
            (self.account is None or self.account == facts.account)
            and (self.type is None or self.type == facts.type)
            and (self.currency is None or self.currency == facts.currency)
        )


class TextIndex:
    """Finds the rules whose texts a transaction has. Each text of a rule is found by that of its words which the fewest
    texts have. Sets of rules are integers: the bit of a rule's place is set."""

    def __init__(self, rules: Sequence[OneRule]) -> None:
        self.any_text = sum(1 << rule.place for rule in rules if not rule.words and not rule.starts)
        self.needs_both = sum(1 << rule.place for rule in rules if rule.words and rule.starts)
        numbers = Counter(word for rule in rules for words in rule.words for word in words)
        self.by_word: dict[str, dict[frozenset[str], int]] = {}
        self.by_start: dict[str, int] = {}
        for rule in rules:
            for words in rule.words:
                rarest = min(words, key=lambda word: (numbers[word], word))
                _add(self.by_word.setdefault(rarest, {}), words, rule.place)
            for start in rule.starts:
                _add(self.by_start, start, rule.place)
        self.lengths = sorted({len(start) for start in self.by_start})

    def find(self, description: str, notes: str) -> int:
        """Return the rules that have no texts, or one that the description or the notes have. Both are folded."""
        by_start = 0
        for length in self.lengths:
            if length > len(description):
                break
            by_start |= self.by_start.get(description[:length], 0)
        by_words = self._with_words(f"{description}\n{notes}") if self.by_word else 0
        return self.any_text | ((by_words | by_start) & ~self.needs_both) | (by_words & by_start)

    def _with_words(self, text: str) -> int:
        """Return the rules that have a text whose words are all in this one. The texts that are found by its first
        words are compared first, and `MOST_COMPARED` at most."""
        in_order = dict.fromkeys(WORD.findall(text))
        words, met, room = frozenset(in_order), 0, MOST_COMPARED
        for word in in_order:
            texts = self.by_word.get(word)
            if texts is None:
                continue
            for needed, places in islice(texts.items(), room):
                if needed <= words:
                    met |= places
            room -= len(texts)
            if room <= 0:
                break
        return met


def _add(index: dict[KeyT, int], key: KeyT, place: int) -> None:
    index[key] = index.get(key, 0) | 1 << place


class Rules:
    """The rules of an owner, or one rule that is tried, in their order."""

    def __init__(self, values: Iterable[DatabaseRow]) -> None:
        self.rules = [OneRule(place, one) for place, one in enumerate(values)]
        self.index = TextIndex(self.rules)
        self.gives = frozenset(name for rule in self.rules for name in rule.gives)
        self.remembered: dict[tuple[str, str], list[OneRule]] = {}
        self.room = MOST_REMEMBERED

    def give(self, facts: Facts, lacks: frozenset[str]) -> Given:
        """Return what the rules give the transaction of what it `lacks`: the names of members of `set`."""
        given, lacks = Given(), lacks & self.gives
        for rule in self._met(facts) if lacks else ():
            if gives := rule.gives & lacks:
                lacks = _take(given, rule, gives, lacks)
            if rule.stop or not lacks:
                break
        return given

    def meets(self, facts: Facts) -> bool:
        """Return whether the transaction meets one of the rules."""
        return any(True for _rule in self._met(facts))

    def _met(self, facts: Facts) -> Iterator[OneRule]:
        """Yield the rules that the transaction meets, in their order."""
        units = facts.units
        for rule in self._with_texts(facts):
            if rule.least <= units <= rule.most and rule.meets_rest(facts):
                yield rule

    def _with_texts(self, facts: Facts) -> list[OneRule]:
        """Return the rules whose texts the transaction has. Many rows of a statement have the same texts."""
        key = facts.description, facts.notes
        found = self.remembered.get(key)
        if found is None:
            places = self.index.find(fold(facts.description), fold(facts.notes))
            found = [self.rules[place] for place in _places(places)]
            self.room -= 1 + len(found)
            if self.room > 0:
                self.remembered[key] = found
        return found


def _places(rules: int) -> Iterator[int]:
    """Yield the places whose bits are set."""
    while rules:
        place = (rules & -rules).bit_length() - 1
        yield place
        rules ^= 1 << place


def _take(given: Given, rule: OneRule, gives: frozenset[str], lacks: frozenset[str]) -> frozenset[str]:
    """Take from the rule what it gives; return what is still lacking. Tags of several rules add up."""
    given.rule = given.rule or rule.id
    if "category" in gives:
        given.category = rule.category
    if "description" in gives:
        given.description = rule.description
    if "tags" in gives:
        given.tags = list(dict.fromkeys([*given.tags, *rule.tags]))[:MOST_TAGS]
        if len(given.tags) < MOST_TAGS:
            gives -= {"tags"}
    return lacks - gives


def rules_of(owner: UUID) -> Rules:
    """Return the owner's rules, with one query."""
    rows = Rule.objects.filter(owner=owner).order_by("position", "id")
    return Rules(rows.values_list(*COLUMNS))


def only(rule: Rule) -> Rules:
    """Return the rule alone, which may not be saved."""
    values: Validated = {"category__name": rule.category and rule.category.name}
    return Rules([[values[name] if name in values else getattr(rule, name) for name in COLUMNS]])


# -- New transactions -------------------------------------------------------------------------


def fill_left_out(write: Write, rows: Sequence[Validated], is_form: bool = False) -> list[Given]:
    """Give new transactions of the owner what the rules have for them; return that, or nothing if there are no rules.

    `rows` are the values of their fields. A field that is named is left as it is, also if it is null; one that a form
    leaves empty counts as left out. It locks the ledger.
    """
    write.lock()
    if not write.has_rules:
        return []
    rules, categories = rules_of(write.owner), set()
    found = [rules.give(_facts(values), left_out(values, is_form)) for values in rows]
    for values, given in zip(rows, found, strict=True):
        if given.category:
            values["category"], _name = given.category
            categories.add(values["category"])
        if given.tags:
            values["tags"] = tags_text(given.tags)
    if categories:
        own = Category.objects.filter(owner=write.owner).in_bulk(categories)
        for values in rows:
            if isinstance(key := values.get("category"), UUID):
                values["category"] = own[key]
    return found


def left_out(values: Validated, is_form: bool = False) -> frozenset[str]:
    """Return which of these fields of a new transaction rules may give. A form names them all."""
    lacks = {name for name in ("category", "tags") if name not in values}
    if is_form:
        lacks |= {name for name, nothing in (("category", None), ("tags", NO_TAGS)) if values.get(name) == nothing}
    return frozenset(lacks)


def _facts(values: Validated) -> Facts:
    account = values.get("account")
    return Facts(
        values["description"],
        values.get("notes", ""),
        account and account.pk,
        str(values["type"]),
        values["currency"],
        abs(units_of(values["amount"])),
    )
