"""What the charts look like: the SVG of fixed data is that of the files in golden/, to the letter.

If a chart is to look different, `GOLDEN=1 make test ARGS="-k golden"` writes the files anew. Before you commit one that
changed, open it in a browser, in light and dark: a person's look is the test here.
"""

import os
from pathlib import Path

import pytest

from ..charts.frame import PHONE, WIDE, Canvas
from .drawings import GOLDEN

FOLDER = Path(__file__).parent / "golden"
FILES = {f"{name}-{size}": (name, width) for name in GOLDEN for size, width in (("wide", WIDE), ("narrow", PHONE))}


@pytest.mark.parametrize("file", FILES)
def test_a_chart_looks_as_a_person_has_seen_it(file: str) -> None:
    name, width = FILES[file]
    path = FOLDER / f"{file}.svg"
    drawn = GOLDEN[name](Canvas(width)) + "\n"
    if os.environ.get("GOLDEN"):
        path.write_text(drawn, encoding="utf-8")
    assert drawn == path.read_text(encoding="utf-8"), "It looks different: the head of this file says what to do."


def test_there_is_no_other_golden_file() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(FILES)
