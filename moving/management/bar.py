"""A progress bar on a terminal."""

from typing import TextIO

WIDTH = 40  # characters


class Bar:
    """A bar that fills while rows are written. Where nobody watches, it writes nothing."""

    def __init__(self, stream: TextIO, total: int) -> None:
        self.stream = stream
        self.total = max(total, 1)
        self.done = self.shown = 0

    def add(self, number: int) -> None:
        """Say that so many more rows are done."""
        self.done += number
        filled = min(WIDTH, WIDTH * self.done // self.total)
        if filled > self.shown and self.stream.isatty():
            self.shown = filled
            self.stream.write(f"\r[{'#' * filled:{WIDTH}}]")
            self.stream.flush()

    def end(self) -> None:
        """Leave the line of the bar."""
        if self.shown:
            self.stream.write("\n")
