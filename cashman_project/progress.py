"""A progress bar on a terminal."""

from typing import TextIO

WIDTH = 40  # characters


class Bar:
    """A bar that fills while a command works. Where nobody watches, it writes nothing."""

    def __init__(self, stream: TextIO, total: int) -> None:
        self.stream = stream
        self.total = max(total, 1)
        self.done = self.shown = 0

    def add(self, number: int) -> None:
        """Say how much more is done."""
        self.reach(self.done + number)

    def reach(self, done: int) -> None:
        """Say how much is done by now."""
        self.done = done
        filled = min(WIDTH, WIDTH * self.done // self.total)
        if filled > self.shown and self.stream.isatty():
            self.shown = filled
            self.stream.write(f"\r[{'#' * filled:{WIDTH}}]")
            self.stream.flush()

    def end(self) -> None:
        """Leave the line of the bar."""
        if self.shown:
            self.stream.write("\n")
