"""From amounts to pixels. Amounts are Decimals up to here, and only pixels are floats."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

STEPS = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))
LITTLE = Decimal("0.04")  # of the distance of two numbers on an axis
ROUND = (1, 2, 3, 6, 12, 24, 60, 120)  # months or years that make a natural group

T = TypeVar("T")


@dataclass(frozen=True)
class Scale:
    """Maps the amounts from `low` to `high` to the pixels from `start` to `end`."""

    low: Decimal
    high: Decimal
    start: float
    end: float

    def __call__(self, amount: Decimal) -> float:
        return self.start + (self.end - self.start) * float((amount - self.low) / (self.high - self.low))


def ticks(low: Decimal, high: Decimal, number: int = 5) -> list[Decimal]:
    """Return about `number` round numbers at equal distances, from `low` to `high` or beyond.

    They may end short of these by as little as is hardly seen.
    """
    if low == high:
        low, high = (low, low + 1) if low == 0 else (low - abs(low) / 2, low + abs(low) / 2)
    rough = (high - low) / number
    unit = Decimal(1).scaleb(rough.adjusted())
    step = next(unit * step for step in STEPS if unit * step >= rough)
    first = (low / step + LITTLE).to_integral_value("ROUND_FLOOR")
    last = (high / step - LITTLE).to_integral_value("ROUND_CEILING")
    return [step * index for index in range(int(first), int(last) + 1)]


def with_zero(amounts: Iterable[Decimal]) -> tuple[Decimal, Decimal]:
    """Return the lowest and the highest amount, and zero between them."""
    values = [Decimal(0), *amounts]
    return min(values), max(values)


def chunks(items: Sequence[T], most: int) -> list[Sequence[T]]:
    """Return the items in at most `most` runs of neighbours, all of the same length but for the last."""
    needed = -(-len(items) // most)
    length = next((length for length in ROUND if length >= needed), needed)
    return [items[start : start + length] for start in range(0, len(items), length)]


def label_step(room: float, needed: float) -> int:
    """Return every how many groups have a label, if each group has so much `room` and a label needs so much."""
    return next((step for step in ROUND if step * room >= needed), ROUND[-1])
