"""When two names of categories are the same."""

from cashman_project.texts import text_key

LONGEST_NAME = 100  # characters of a category's name


def category_key(name: str) -> str:
    """Return the key that all spellings of a category's name share. A name that is too long gets "", which no category
    has."""
    return text_key(name, LONGEST_NAME)
