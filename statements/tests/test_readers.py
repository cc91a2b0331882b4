"""What a bank writes is what is read, in each format; and a large file needs no more memory than a small one."""

import datetime
import io
import tracemalloc
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statements.formats.reading import read
from statements.formats.results import Line, Options
from statements.tests.test_formats import lines_of
from statements.tests.written import WRITERS, Row
from transactions.tests.shares import reached, reaches

MOST = 1_000_000  # bytes that a reader may hold: a few chunks and the line at hand

# Without "?" and "/", which have a meaning in MT940, and "." and ",", which one of the writers changes.
texts = st.text(st.sampled_from("aZ09 &<>\"'éß日🙂;:-_+()%$^!~"), max_size=40)
rows = st.tuples(
    st.dates(datetime.date(2000, 1, 1), datetime.date(2060, 12, 31)),
    st.integers(-(10**13), 10**13).map(lambda cents: Decimal(cents) / 100),
    texts.map(lambda text: " ".join(text.split())),
)


@pytest.mark.parametrize("name", WRITERS)
@reaches(several=10, all_read=30)
@settings(deadline=None)
@given(st.lists(rows, max_size=8))
def test_what_is_written_is_read(name: str, written: list[Row]) -> None:
    read_back = lines_of(WRITERS[name](written).encode()) if written else []
    assert len(read_back) == len(written) + (name == "qif" and bool(written))
    for line, (day, amount, text) in zip(read_back, written, strict=False):
        assert (line.date, line.amount) == (day, amount)
        assert line.description == (text or ("UEBERWEISUNG" if name == "mt940" else ""))
        assert str(line.amount) == (f"{amount:.2f}".rstrip("0").removesuffix(".") if amount else "0")
    reached("all_read")
    if len(written) > 1:
        reached("several")


@pytest.mark.parametrize("name", WRITERS)
def test_memory_does_not_grow_with_the_file(name: str) -> None:
    row = (datetime.date(2026, 1, 31), Decimal("-12.50"), "text " * 20)
    data = io.BytesIO(WRITERS[name]([row] * 3_000).encode())
    assert len(data.getvalue()) > 3_000 * 100
    tracemalloc.start()
    try:
        number = sum(isinstance(item, Line) for item in read(data, Options()))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert number >= 3_000
    assert peak < MOST
