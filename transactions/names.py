"""When two names of categories, of accounts or of tags are the same."""

from cashman_project.texts import text_key

LONGEST_NAME = 100  # characters


def name_key(name: str) -> str:
    """Return the key that all spellings of a name share. A name that is too long gets "", which no row has."""
    return text_key(name, LONGEST_NAME)
