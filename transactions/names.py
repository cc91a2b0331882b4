"""When two names of categories, of accounts or of tags are the same."""

from collections.abc import Sequence

import orjson

from cashman_project.texts import text_key

LONGEST_NAME = 100  # characters
MOST_TAGS = 20  # of a transaction
NO_TAGS = "[]"


def tags_text(names: Sequence[str]) -> str:
    """Return the names of tags as a transaction stores them."""
    return orjson.dumps(names).decode()


def tag_names(text: str) -> list[str]:
    """Return the names of tags that a transaction stores."""
    names: list[str] = [] if text == NO_TAGS else orjson.loads(text)
    return names


def name_key(name: str) -> str:
    """Return the key that all spellings of a name share. A name that is too long gets "", which no row has."""
    return text_key(name, LONGEST_NAME)
