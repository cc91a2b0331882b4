"""Broken files of bank statements, LENGTH (100,000) of them: samples with changes, words in any order, and hypothesis.

`python -m tests.faults.fuzz_statements` takes the samples of the directory SAMPLES, or else the project's own. No file
may cost over a second of CPU, or make anything but a clear error; all of them together may not make the process grow by
100 MB. The last line has the figures; the exit status is 1 where there was a finding.
"""

import os
import resource
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random

import django
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from statements.formats.results import Line
from statements.tests.broken import WORDS, changed, soup, try_out
from statements.tests.compared import OWN, samples
from tests.faults.common import length, verdict

LARGEST = 100_000_000  # bytes that the process may grow by
SHOWN = 5  # findings


def memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> int:
    files = [path.read_bytes() for path in samples(Path(os.environ.get("SAMPLES") or OWN))]
    seed = int(time.time())
    random, began, idle = Random(seed), time.monotonic(), memory()
    counts: Counter[str] = Counter()

    def tried(data: bytes) -> None:
        counts["cases"] += 1
        try:
            items = try_out(data)
        except Exception as error:  # whatever it is, it is a finding
            counts["findings"] += 1
            if counts["findings"] <= SHOWN:
                print(f"{type(error).__name__}: {error}\n{data[:2_000]!r}", flush=True)
        else:
            counts["with_lines"] += any(isinstance(item, Line) for item in items)

    by_hypothesis = length(100_000) // 20

    @settings(max_examples=by_hypothesis, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.sampled_from(WORDS) | st.binary(max_size=100), max_size=60))
    def words_in_any_order(words: list[bytes]) -> None:
        tried(b"".join(words))

    words_in_any_order()
    while counts["cases"] < length(100_000):
        tried(soup(random) if counts["cases"] % 4 == 0 else changed(random.choice(files), random))
    grown = memory() - idle
    figures = {**counts, "seed": seed, "grown_mb": grown // 1_000_000, "seconds": round(time.monotonic() - began)}
    return verdict(not counts["findings"] and grown < LARGEST, **figures)


if __name__ == "__main__":
    django.setup()
    sys.exit(main())
