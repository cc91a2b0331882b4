"""Finds variables of the environment that look like misspelt settings."""

from collections.abc import Collection, Iterable
from difflib import get_close_matches

SIMILAR = 0.88  # difflib's ratio. It is 0.87 for DATABASE_URL and DATABASE_USER, which other programs use


def misspelt(given: Iterable[str], ours: Collection[str]) -> dict[str, str]:
    """Return the names in `given` that look like a misspelt name of `ours`, each with the name that was meant.

    Capitals and underscores don't matter. A name may have one mistake: a letter too many, one missing, a wrong one, or
    one in a wrong position. A long name may have a few.
    """
    right = {_letters(name): name for name in sorted(ours)}
    shortened = {short: name for letters, name in right.items() for short in _shortened(letters)}
    found = {}
    for name in sorted(set(given) - set(ours)):
        letters = _letters(name)
        meant = [shortened[short] for short in _shortened(letters) if short in shortened]
        meant += [right[other] for other in get_close_matches(letters, right, n=1, cutoff=SIMILAR)]
        if meant:
            found[name] = meant[0]
    return found


def _letters(name: str) -> str:
    return name.upper().replace("_", "")


def _shortened(name: str) -> list[str]:
    """Return the name, and the name without each one of its letters."""
    return [name, *(name[:position] + name[position + 1 :] for position in range(len(name)))]
