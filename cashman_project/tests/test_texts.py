"""When two texts are the same, how they sort, and which words a search looks for: by letters, and in linear time."""

import time
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transactions.tests.shares import reached, reaches

from ..db.search import MOST_WORDS, search_words
from ..texts import compose, fold, text_key

TEXTS = st.text(
    st.one_of(st.characters(codec="utf-8"), st.sampled_from("aeEÅåøØßẞςΣΐİıŁ\u0301\u0308\u0323\u0345\u3099がé한 \t\1")),
    max_size=20,
)
HOSTILE = "a" + "\u0315\u0300" * 40_000


@pytest.mark.parametrize(
    "forms",
    [
        ["Café", "CAFÉ", "Cafe\u0301", "cafe"],
        ["Élève", "ELEVE", "e\u0301le\u0300ve"],
        ["straße", "STRASSE", "Straẞe"],
        ["Łódź", "lodz", "ŁÓDŹ"],
        ["Smørrebrød", "SMORREBROD"],
        ["Œuvre", "oeuvre"],
        ["ΣΊΣΥΦΟΣ", "σίσυφος", "σισυφοσ"],
        ["ЁЛКА", "елка"],
        ["Ἀθῆναι", "αθηναι"],
        ["ガス", "カ\u3099ス"],
        ["한국", unicodedata.normalize("NFD", "한국")],
        ["ﬁn", "FIN"],
        ["\u212bngström", "angstrom"],
    ],
)
def test_texts_that_differ_in_case_or_accents_fold_alike(forms: list[str]) -> None:
    assert len({fold(form) for form in forms}) == 1


def test_letters_stay_letters() -> None:
    assert len({fold(text) for text in ("a", "b", "ä1", "日", "本", "ı", "i", "д", "ب")}) == 9
    assert fold("\u0301") == "\u0301"  # found by itself, not by everything


def test_folding_ascii_puts_it_in_lower_case() -> None:
    ascii_text = "".join(map(chr, range(128)))
    for text in [ascii_text, *ascii_text]:
        assert fold(text) == text.lower()
        assert fold(text + "é") == text.lower() + "e"  # é makes it go the slow way, of which this is a shortcut


@reaches(compared=40)
@given(TEXTS)
def test_folding_is_of_the_text_whatever_its_form(text: str) -> None:
    folded = fold(text)
    assert fold(folded) == folded
    composed = unicodedata.normalize("NFC", text)
    if fold(composed) != composed or composed.isascii():  # else it is of accents alone
        reached("compared")
        assert fold(unicodedata.normalize("NFD", text)) == fold(composed)


@st.composite
def two_texts(draw: st.DrawFn) -> tuple[str, str]:
    """Draw two texts, of which the second is often the first in another spelling."""
    text = draw(TEXTS)
    spellings = [text.swapcase(), unicodedata.normalize("NFD", text).upper(), f" {text.casefold()}\t", draw(TEXTS)]
    return text, draw(st.sampled_from(spellings))


@reaches(same=20, different=8)
@given(two_texts())
def test_keys_are_the_same_for_the_same_texts_alone(texts: tuple[str, str]) -> None:
    keys = {text: text_key(text, 100) for text in texts}
    assert all(text_key(unicodedata.normalize("NFD", text), 100) == key for text, key in keys.items())
    caseless = [unicodedata.normalize("NFC", unicodedata.normalize("NFC", text.strip()).casefold()) for text in keys]
    assert (len(set(keys.values())) == 1) == (len(set(caseless)) == 1)
    if len(keys) == 2:
        reached("same" if len(set(caseless)) == 1 else "different")


def test_the_order_is_of_letters_then_accents() -> None:
    names = ["2", "apple", "Ärzte", "Bank", "Élève", "resume", "résumé", "resume!", "Résumés", "Zoo", "Ωmega", "日本"]
    assert sorted(set(names), key=lambda name: text_key(name, 100).encode()) == names


def test_no_text_has_the_key_of_one_that_is_too_long() -> None:
    assert text_key("é" * 201, 100) == ""
    assert text_key("é" * 200, 100) != ""
    assert text_key(" Food\t", 100) == "food"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("coffee", ["coffee"]),
        ("  A  Café\tin Paris ", ["paris", "cafe", "in", "a"]),
        ("the The THE", ["the"]),
        (" ".join("abcdefghij"), list("abcdefghij")),
        (" B  C D E F G H I J K l", ["b  c d e f g h i j k l"]),
    ],
)
def test_a_search_is_of_words(text: str, words: list[str]) -> None:
    assert search_words(text) == words
    assert len(words) <= MOST_WORDS


def seconds(function: Callable[[], object]) -> float:
    """Return the least CPU time of three runs."""
    times = []
    for _run in range(3):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return min(times)


@pytest.mark.parametrize(
    "function",
    [fold, lambda text: compose(text, 150), lambda text: text_key(text, 150)],
    ids=["fold", "compose", "text_key"],
)
def test_a_long_run_of_accents_takes_no_longer_than_a_long_text(function: Callable[[str], str]) -> None:
    harmless = "aé" * 40_000
    assert seconds(lambda: function(HOSTILE)) < 3 * seconds(lambda: function(harmless)) + 0.001
