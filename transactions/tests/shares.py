"""How many cases of a property test reach what the test is about."""

from collections import Counter
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

P = ParamSpec("P")
_counts: Counter[str] = Counter()


def reached(name: str) -> None:
    """Count this case of a property test among those that reached the point of that name."""
    _counts[name] += 1


def reaches(**least: int) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Make a property test fail if fewer than so many of its cases reached the points of these names.

    A test whose cases nearly all end before its comparison passes whatever the code does. A test has 60 cases unless
    its own settings say otherwise.
    """

    def decorated(test: Callable[P, None]) -> Callable[P, None]:
        @wraps(test)
        def counted(*args: P.args, **kwargs: P.kwargs) -> None:
            _counts.clear()
            test(*args, **kwargs)
            missed = {name: _counts[name] for name, number in least.items() if _counts[name] < number}
            assert not missed, f"Too few cases reached these points: {missed} of {least}"

        return counted

    return decorated
