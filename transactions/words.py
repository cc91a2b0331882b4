"""The words of texts, as rules compare them."""

import re

from cashman_project.texts import fold

# Chinese and Japanese are written without spaces, so each of their letters is a word. So are kanji within other words.
LETTERS = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
WORD = re.compile(rf"[{LETTERS}]|[^\W_{LETTERS}]+")
BETWEEN = ", "  # texts of a rule in a form


def words_of(text: str) -> frozenset[str]:
    """Return the words of a text, folded: runs of letters and digits. The time that it takes grows with the length."""
    return frozenset(WORD.findall(fold(text)))
