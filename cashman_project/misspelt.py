"""Finding the variables of the environment that somebody meant to be ours."""

from collections.abc import Collection, Iterable
from difflib import get_close_matches

ALIKE = 0.88  # of difflib's ratio; DATABASE_USER, which others use, is at 0.87 of DATABASE_URL


def misspelt(given: Iterable[str], ours: Collection[str]) -> dict[str, str]:
    """Return the names in `given` that look like a misspelt one of `ours`, each with that one.

    Capitals and underscores don't count. A name may have one slip: a letter too many, too few, a wrong one, or one
    in another place. A long name may have a few.
    """
    right = {_plain(name): name for name in sorted(ours)}
    shortened = {short: name for plain, name in right.items() for short in _shortened(plain)}
    found = {}
    for name in sorted(set(given) - set(ours)):
        plain = _plain(name)
        meant = [shortened[short] for short in _shortened(plain) if short in shortened]
        meant += [right[other] for other in get_close_matches(plain, right, n=1, cutoff=ALIKE)]
        if meant:
            found[name] = meant[0]
    return found


def _plain(name: str) -> str:
    return name.upper().replace("_", "")


def _shortened(name: str) -> list[str]:
    """Return the name, and each that is left when one of its letters is taken out."""
    return [name, *(name[:place] + name[place + 1 :] for place in range(len(name)))]
