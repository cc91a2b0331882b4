"""What a bank has, what is known of it, and what stands between: the model of the state machine of imports."""

from collections.abc import Iterable
from typing import Any, NamedTuple

NAMES = ("Bank", "Savings")
DAYS = range(1, 10)
ENTERS = ("new", "transfer", "match")
CREATES = ("new", "transfer")


class BankLine(NamedTuple):
    """A line that the bank has. Equal ones are twins, which `twin` numbers."""

    account: str
    day: int
    text: str
    amount: int
    twin: int


class Plan(NamedTuple):
    """A plan, the lines of its file, and once it is committed, its rows."""

    pk: str
    lines: tuple[BankLine, ...]
    rows: tuple[dict[str, Any], ...] = ()

    @property
    def entered(self) -> dict[BankLine, dict[str, Any]]:
        """Return the rows that came in, by their lines."""
        return {line: row for line, row in zip(self.lines, self.rows, strict=True) if row["verdict"] in ENTERS}

    @property
    def created(self) -> list[str]:
        """Return the ids of the transactions that the commit has made."""
        return [row["transaction"] for row in self.rows if row["verdict"] in CREATES]


def book_of(lines: Iterable[tuple[str, int, str, int]]) -> list[BankLine]:
    """Return the lines of a bank in their order, twins numbered."""
    ordered = sorted(lines)
    return [BankLine(*line, ordered[:place].count(line)) for place, line in enumerate(ordered)]


class Claims:
    """Which lines have come in, and by which imports. A line is known as long as one import that brought it stands."""

    def __init__(self) -> None:
        self.of: dict[str, set[BankLine]] = {}  # by import
        self.effects: dict[int, list[tuple[str, set[BankLine], bool]]] = {}  # by revision; whether they came in
        self.back: dict[str, int] = {}  # imports that an undo of their undo has brought back, and the last time

    @property
    def known(self) -> set[BankLine]:
        return set().union(*self.of.values())

    def change(self, plan: str, lines: Iterable[BankLine], revision: int | None, *, enter: bool) -> None:
        """Let lines of an import come in, or go. Without a revision, that can't be undone."""
        own = self.of.setdefault(plan, set())
        changed = {*lines} - own if enter else {*lines} & own
        self.of[plan] = own | changed if enter else own - changed
        if revision is not None:
            self.effects.setdefault(revision, []).append((plan, changed, enter))

    def undo(self, number: int, revision: int) -> None:
        """Take back what a revision has done."""
        for plan, lines, entered in self.effects.get(number, ()):
            self.change(plan, lines, revision, enter=not entered)
            if not entered:
                self.back[plan] = revision

    def is_outdated(self, number: int) -> bool:
        """Return whether the revision has written an import that was undone and brought back since. To undo that one
        takes the revision that has brought it back."""
        return any(number < self.back.get(plan, 0) for plan, _lines, _entered in self.effects.get(number, ()))
