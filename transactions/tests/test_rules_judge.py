"""`Rules` finds what the simple way finds, which compares every transaction with every rule."""

import random
import re
import time
from collections.abc import Callable
from itertools import combinations
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cashman_project.money.amounts import units_of
from cashman_project.texts import fold
from transactions.models import Rule
from transactions.models.rule import stored_texts
from transactions.names import MOST_TAGS, tag_names, tags_text
from transactions.services.rules import COLUMNS, EVERYTHING, Facts, Given, Rules, TextIndex
from transactions.tests.shares import reached, reaches

WORDS = ["rewe", "café", "CAFE", "markt", "h&m", "東京", "a1", "ä"]
IDS = [UUID(int=number) for number in range(1, 4)]
TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)
AMOUNTS = st.none() | st.integers(0, 3)


def meets(rule: Rule, facts: Facts) -> bool:
    """Return whether the transaction meets the rule: word by word, as docs/rules.md says it."""
    words = set(re.findall(r"[^\W_]+", fold(f"{facts.description}\n{facts.notes}").replace("東京", " 東 京 ")))
    conditions = [
        not tag_names(rule.words)
        or any(
            set(re.findall(r"[^\W_]+", fold(text).replace("東京", " 東 京 "))) <= words
            for text in tag_names(rule.words)
        ),
        not tag_names(rule.starts_with)
        or any(fold(facts.description).startswith(fold(text)) for text in tag_names(rule.starts_with)),
        rule.account_id in (None, facts.account),
        rule.type in (None, facts.type),
        rule.currency in (None, facts.currency),
        rule.amount_min is None or units_of(rule.amount_min) <= facts.units,
        rule.amount_max is None or facts.units <= units_of(rule.amount_max),
    ]
    return all(conditions)


def simple(rules: list[Rule], facts: Facts, lacks: frozenset[str]) -> Given:
    """Return what the rules give, one after another."""
    found = Given()
    for rule in rules:
        if not meets(rule, facts):
            continue
        tags = [*found.tags, *(tag for tag in tag_names(rule.tags) if tag not in found.tags)][:MOST_TAGS]
        gives = Given(
            rule.pk,
            (rule.category_id, "c") if rule.category_id and "category" in lacks and not found.category else None,
            tags if "tags" in lacks and tag_names(rule.tags) and len(found.tags) < MOST_TAGS else [],
            rule.description if "description" in lacks and not found.description else None,
        )
        if gives.category or gives.tags or gives.description:
            found.rule = found.rule or rule.pk
            found.category = found.category or gives.category
            found.tags = gives.tags or found.tags
            found.description = found.description or gives.description
        if rule.stop:
            break
    return found


@st.composite
def rule(draw: Any) -> Rule:
    return Rule(
        words=stored_texts(draw(st.lists(TEXTS, max_size=2))),
        starts_with=stored_texts(draw(st.lists(st.sampled_from(["re", "caf", "rewe m"]), max_size=1))),
        account_id=draw(st.sampled_from([None, None, *IDS[:1]])),
        type=draw(st.sampled_from([None, None, "EXPENSE"])),
        currency=draw(st.sampled_from([None, None, "USD"])),
        amount_min=draw(AMOUNTS),
        amount_max=draw(AMOUNTS),
        category_id=draw(st.sampled_from([None, *IDS])),
        tags=tags_text(draw(st.lists(st.sampled_from([f"t{number}" for number in range(15)]), unique=True))),
        description=draw(st.none() | st.just("Shop")),
        stop=draw(st.booleans()),
    )


FACTS = st.builds(
    Facts,
    TEXTS,
    st.just("") | TEXTS,
    st.sampled_from([None, *IDS[:2]]),
    st.sampled_from(["EXPENSE", "INCOME"]),
    st.sampled_from(["USD", "EUR"]),
    st.integers(0, 3).map(lambda amount: amount * 10_000),
)


def values_of(rule: Rule) -> list[object]:
    return [rule.category_id and "c" if name == "category__name" else getattr(rule, name) for name in COLUMNS]


@reaches(given=40)
@settings(max_examples=300)
@given(st.lists(rule(), max_size=6), st.lists(FACTS, min_size=1, max_size=4), st.sets(st.sampled_from([*EVERYTHING])))
def test_rules_give_what_the_simple_way_gives(rules: list[Rule], facts: list[Facts], lacks: set[str]) -> None:
    index = Rules(values_of(one) for one in rules)
    found = [index.give(one, frozenset(lacks)) for one in facts]

    assert found == [simple(rules, one, frozenset(lacks)) for one in facts]
    assert [index.meets(one) for one in facts] == [any(meets(one, fact) for one in rules) for fact in facts]
    if any(given.rule for given in found):
        reached("given")


def cost(number: int, texts: list[str], rules: list[Rule]) -> float:
    start = time.process_time()
    index = Rules(values_of(one) for one in rules)
    for place in range(number):
        index.give(Facts(f"{texts[place % len(texts)]} {place}", "", None, "EXPENSE", "USD", 1), EVERYTHING)
    return time.process_time() - start


def ruled(rules: list[Rule], facts: list[Facts]) -> list[Given]:
    index = Rules(values_of(one) for one in rules)
    return [index.give(one, EVERYTHING) for one in facts]


def find_all(index: TextIndex, facts: list[Facts]) -> list[int]:
    return [index.find(one.description, one.notes) for one in facts]


def seconds(work: Callable[[Any, list[Facts]], object], rules: Any, facts: list[Facts]) -> float:
    """Return the least time of some runs: in the others, Python may have collected garbage."""
    times = []
    for _run in range(3):
        start = time.process_time()
        work(rules, facts)
        times.append(time.process_time() - start)
    return min(times)


def test_many_rules_cost_little_more_than_few() -> None:
    """A rule is found by its words: ten times as many rules take less than three times as long."""
    texts = [f"shop{number} market place" for number in range(1_000)]
    rules = [Rule(words=stored_texts([f"shop{number} market"]), category_id=IDS[0]) for number in range(1_000)]

    few, many = cost(5_000, texts, rules[:100]), cost(5_000, texts, rules)

    assert many < 3 * few + 0.2


def test_hostile_texts_take_linear_time() -> None:
    """Long texts of one letter, of accents, and of the words of all rules: twice the length takes no four times."""
    rules = [Rule(words=stored_texts([f"w{number} w{number + 1}"]), tags='["t"]') for number in range(1_000)]
    for piece in ("a", "\u0301", "w1 ", "_", "漢", "w1 w2 w3 w4 "):
        times = []
        for length in (20_000, 40_000):
            text = piece * (length // len(piece))
            facts = Facts("x", text, None, "EXPENSE", "USD", 1)
            times.append(seconds(ruled, rules, [facts]))
        assert times[1] < 3 * times[0] + 0.1, piece


def letters_of(number: int) -> str:
    """Return so many Chinese letters, each of which is a word."""
    return "".join(map(chr, range(0x4E00, 0x4E00 + number)))


def test_texts_that_all_share_their_words_cost_no_more_than_some() -> None:
    """However many texts of rules a transaction has words of: only so many are compared."""
    drawn, letters, times = random.Random(1), letters_of(200), []
    for number in (100, 1_000):
        texts = [["".join(drawn.sample(letters, 10)) for _text in range(20)] for _rule in range(number)]
        index = Rules(values_of(Rule(words=stored_texts(some), category_id=IDS[0])) for some in texts)
        facts = [Facts(f"{letters} {place}", "", None, "EXPENSE", "USD", 1) for place in range(100)]
        times.append(seconds(find_all, index.index, facts))

    assert times[1] < 3 * times[0] + 0.1


def test_the_texts_of_the_first_words_are_compared_first() -> None:
    """Once a thousand were compared, those of later words are not."""
    letters = letters_of(50)
    pairs = [one + other for one, other in combinations(letters, 2)]
    rules = [Rule(words=stored_texts(pairs[place : place + 20]), tags='["t"]') for place in range(0, len(pairs), 20)]
    rules.append(Rule(words='["late"]', category_id=IDS[0]))
    found = Rules(values_of(one) for one in rules)

    def category(text: str) -> object:
        return found.give(Facts(text, "", None, "EXPENSE", "USD", 1), EVERYTHING).category

    assert category("late") == category(f"late {letters}") == category(f"{letters[:20]} late") == (IDS[0], "c")
    assert category(f"{letters} late") is None


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("transactions.services.rules.MOST_REMEMBERED", 10)
    index = Rules(values_of(Rule(words='["shop"]', category_id=IDS[0])) for _number in range(3))

    for place in range(20):
        assert index.meets(Facts(f"shop {place}", "", None, "EXPENSE", "USD", 1))

    assert len(index.remembered) == 2
