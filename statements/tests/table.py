"""The table of `make statements`: what was read from each sample of a directory, and whether it is right."""

import os
import sys
from pathlib import Path

import django

from .compared import OWN, outcome, samples


def main() -> int:
    directory = Path(os.environ.get("SAMPLES") or OWN)
    found = [outcome(path) for path in samples(directory)]
    for one in found:
        verdict = "WRONG" if one.wrong else "refused" if one.refused else "right"
        print(f"{verdict:8} {one.lines:4} {one.questions:2}  {one.name}  {one.refused}")
        for reason in one.wrong:
            print(f"         {reason}")
    wrong = sum(bool(one.wrong) for one in found)
    refused = sum(bool(one.refused) and not one.wrong for one in found)
    print(f"{len(found)} samples: {len(found) - wrong - refused} right, {refused} refused rightly, {wrong} wrong")
    return 1 if wrong or not found else 0


if __name__ == "__main__":
    django.setup()
    sys.exit(main())
