"""Count the instructions of one request inside the process with callgrind, for Cashman and each other framework.

Counts differ by about 3 % from run to run, timings by 40 %. README.md explains more. ONLY takes names:
ONLY=cashman,fastapi.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from .cluster import ROOT, database
from .in_process import COUNTED, WARM_UPS
from .run import row
from .servers import CASHMAN, PEERS, Cashman, Peer, environment_for, signed, subjects_of

WORKLOADS = ("W1", "W2", "W3")
UNCOUNTED = {"bolt", "drf_granian"}  # one is no application without its server, the other has naive DRF's code
CANDIDATES = [peer for peer in (CASHMAN, *PEERS) if peer.name not in UNCOUNTED]
TARGETS = {"W1": 1.8, "W2": 1.6, "W3": 1.8}  # Mi of Cashman
SUMMARY = re.compile(r"^(?:summary|totals): (\d+)", re.MULTILINE)


def instructions(peer: Peer, environment: dict[str, str]) -> dict[str, float]:
    """Return the million instructions of a request of each workload."""
    subject = subjects_of(environment["DATABASE_URL"])["user0001"]
    settings = environment_for(peer, environment, subject)
    python = str(ROOT / ".venv/bin/python") if isinstance(peer, Cashman) else sys.executable
    if not isinstance(peer, Cashman):
        settings |= {"TOKEN": signed(subject, environment["PEERS_KEY"])}
    with tempfile.TemporaryDirectory() as directory:
        command = ["valgrind", "--tool=callgrind", "--dump-before=getloadavg", f"--callgrind-out-file={directory}/out"]
        command += [python, "-m", "benchmarks.in_process", peer.interface, peer.target]
        done = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{peer.title}: {done.stderr[-2000:]}")
        # Dumps come in pairs: what was before a mark, and what was counted up to the next.
        counts = []
        for number in range(2, 2 * len(WORKLOADS) + 1, 2):
            found = SUMMARY.search(Path(f"{directory}/out.{number}").read_text())
            assert found
            counts.append(int(found[1]) / COUNTED / 1e6)
    counted = dict(zip(WORKLOADS, counts, strict=True))
    return {workload: mi for workload, mi in counted.items() if workload in peer.workloads}


def main() -> None:
    if not shutil.which("valgrind"):
        raise SystemExit("The counts need valgrind; on Debian: apt install valgrind")
    wanted = (os.environ.get("ONLY") or ",".join(peer.name for peer in CANDIDATES)).split(",")
    os.environ["SCALE"] = "0.02"  # what a page or a row takes does not depend on how many there are
    counted = {}
    with database() as environment:
        for peer in CANDIDATES:
            if peer.name in wanted:
                counted[peer.name] = instructions(peer, environment)
                figures = ", ".join(f"{workload} {mi:.2f}" for workload, mi in counted[peer.name].items())
                print(f"{peer.title}: {figures}", flush=True)
    print(f"\n## Million instructions of a request, after {WARM_UPS} others\n")
    own = counted.get(CASHMAN.name, {})
    row("", *counted)
    row(*["---"] * (len(counted) + 1))
    for workload in WORKLOADS:
        row(workload, *(cell(mi.get(workload), own.get(workload)) for mi in counted.values()))
    for workload, mi in own.items():
        print(f"{workload}: {mi:.2f} Mi, {'OK for' if mi <= TARGETS[workload] else 'SHORT of'} {TARGETS[workload]}")


def cell(mi: float | None, own: float | None) -> str:
    if mi is None:
        return ""
    return f"{mi:.2f} ({mi / own:.2g}x)" if own else f"{mi:.2f}"


if __name__ == "__main__":
    main()
