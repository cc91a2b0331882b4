"""How many cases a property test tries, and how many of them reach what the test is about.

A run tries a third of them, which takes a third of the time. With CASES=all, as in CI, it tries all.
"""

import os
from collections import Counter
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

P = ParamSpec("P")
_counts: Counter[str] = Counter()
FEWER = 1 if os.environ.get("CASES") == "all" else 3


def cases(number: int) -> int:
    """Return how many cases this run has of a property test that has so many in CI."""
    return max(number // FEWER, 2)


def reached(name: str) -> None:
    """Count this case of a property test among those that reached the point of that name."""
    _counts[name] += 1


def reaches(**least: int) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Make a property test fail if fewer than so many of its cases reached the points of these names.

    A test whose cases nearly all end before its comparison passes whatever the code does. The numbers are those of CI,
    where a test has 60 cases unless its own settings say otherwise. A shorter run, which begins with the same small
    cases, must reach half of its part.
    """
    if FEWER > 1:
        least = {name: max(number // FEWER // 2, 1) for name, number in least.items()}

    def decorated(test: Callable[P, None]) -> Callable[P, None]:
        @wraps(test)
        def counted(*args: P.args, **kwargs: P.kwargs) -> None:
            _counts.clear()
            test(*args, **kwargs)
            missed = {name: _counts[name] for name, number in least.items() if _counts[name] < number}
            assert not missed, f"Too few cases reached these points: {missed} of {least}"

        return counted

    return decorated
