"""What makes two names of a category the same."""

from cashman_project.texts import text_key

LONGEST_NAME = 100  # characters of a category's name


def category_key(name: str) -> str:
    """Return what all spellings of one category name share; "", which no category has, of one that is too long."""
    return text_key(name, LONGEST_NAME)
