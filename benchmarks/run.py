"""Run Cashman and the other frameworks, and print how many times as fast Cashman is. README.md explains more.

ROUNDS, ONLY (such as W1,W2) and SCALE, from the environment, shorten the run.
"""

import os
import shutil
import statistics
from collections import defaultdict
from datetime import UTC, datetime
from functools import partial

from . import workloads
from .cluster import database
from .servers import ALL, CASHMAN, PEERS, Server, serving
from .workloads import HEAVY, PAGE, TITLES

ROUNDS = int(os.environ.get("ROUNDS") or 5)
ONLY = sorted(set((os.environ.get("ONLY") or ",".join(ALL)).split(",")))
SCALE = float(os.environ.get("SCALE") or 1)
HEAVY_ROWS = round(200_000 * SCALE)
BULK_ROWS = round(10_000 * SCALE)
LONG = 5.0  # seconds; what takes longer is measured once
RATES = {"W1", "W2", "W3"}
TARGETS: dict[str, dict[str, float]] = {  # how many times faster Cashman is to be
    "W1": {"fastapi": 3, "ninja": 3, "bolt": 1.5, "drf": 9, "bare": 0.55},
    "W2": {"fastapi": 3, "ninja": 2.5, "bolt": 1.5, "drf": 8, "bare": 0.3},
    "W3": {"fastapi": 2.5, "ninja": 1.7, "bolt": 1.1, "drf": 4.5, "bare": 0.45},
    "W4": {"fastapi": 10, "ninja": 10, "drf": 10},
    "W5": {"fastapi": 100, "ninja": 100, "drf": 100},
    "W6": {"fastapi": 1.5, "ninja": 2, "drf": 30, "bare": 1 / 6},
    "W7": {"fastapi": 9, "ninja": 9, "drf": 9},
}
LAST_TO_FIRST = 1.3  # what Cashman's last page may take of its first
GROWTH = 5  # MiB by which Cashman may grow at an export


def same(servers: dict[str, Server], workload: str) -> list[str]:
    """Return the names of the frameworks that can do the workload; raises SystemExit if two responses differ."""
    names, expected = [], None
    for name, server in servers.items():
        if workload not in server.peer.workloads:
            continue
        try:
            rows = workloads.answers(server, workload, HEAVY_ROWS)
        except AssertionError as error:
            print(f"{workload}: without {name}: {error}", flush=True)
            continue
        expected = expected or rows
        if rows and rows != expected:
            differing = [pair for pair in zip(expected, rows, strict=False) if pair[0] != pair[1]]
            raise SystemExit(f"{workload}: {name} answers otherwise: {len(rows)} rows, {differing[:1]}")
        names.append(name)
    return names


class Results:
    """What was measured: the seconds and the growth (MiB) of each (workload, name), one for a round."""

    def __init__(self) -> None:
        self.seconds: dict[tuple[str, str], list[float]] = defaultdict(list)
        self.growth: dict[str, list[float]] = defaultdict(list)

    def add(self, server: Server, workload: str) -> None:
        """Measure a workload once, but never again what takes long."""
        name = server.peer.name
        seconds = self.seconds[workload, name]
        if seconds and seconds[-1] > LONG:
            return
        match workload:
            case "W1" | "W2" | "W3":
                seconds.append(workloads.measure_rate(server, workload))
            case "W4":
                seconds.append(workloads.measure_time(server, server.peer.request_summary()))
            case "W5":
                seconds.append(workloads.measure_time(server, workloads.last_page(server, HEAVY_ROWS)))
                if server.peer is CASHMAN:
                    self.seconds["first page", name].append(workloads.measure_time(server, PAGE, HEAVY))
            case "W6":
                request = workloads.create_many(server, BULK_ROWS)
                server.token_of(workloads.BULK)
                seconds.append(workloads.timed(partial(server.ask, workloads.BULK, request)))
            case _:
                duration, growth = workloads.measure_export(server, HEAVY_ROWS)
                seconds.append(duration)
                self.growth[name].append(growth)

    def ratios(self, workload: str, name: str) -> list[float]:
        """Return the framework's time divided by Cashman's, for each round."""
        own, others = self.seconds[workload, CASHMAN.name], self.seconds[workload, name]
        if not others or not own:
            return []
        others = others + others[-1:] * (len(own) - len(others))  # what takes long was measured once
        return [other / mine for mine, other in zip(own, others, strict=False)]

    def cell(self, workload: str, name: str) -> str:
        ratios = self.ratios(workload, name)
        if not ratios:
            return ""
        median = statistics.median(ratios)
        text = f"{median:.3g} ({min(ratios):.3g} to {max(ratios):.3g})"
        target = TARGETS[workload].get(name)
        return f"{text}, {verdict(median >= target)} {target:.3g}" if target else text

    def print(self) -> None:
        print("\n## What each takes (median)\n")
        names = [CASHMAN.name, *(peer.name for peer in PEERS)]
        row("", *names)
        row(*["---"] * (len(names) + 1))
        for workload in ONLY:
            row(f"{workload} {TITLES[workload]}", *(self.figure(workload, name) for name in names))
        if self.growth:
            row("W7 growth", *(f"{max(self.growth[name]):.1f} MiB" if self.growth[name] else "" for name in names))
        print("\n## How many times faster Cashman is: median (spread), target\n")
        row("", *names[1:])
        row(*["---"] * len(names))
        for workload in ONLY:
            row(f"{workload} {TITLES[workload]}", *(self.cell(workload, name) for name in names[1:]))
        if first := self.seconds["first page", CASHMAN.name]:
            ratio = statistics.median(self.seconds["W5", CASHMAN.name]) / statistics.median(first)
            print(f"\nW5, last page to own first: {ratio:.2f}, {verdict(ratio <= LAST_TO_FIRST)} {LAST_TO_FIRST}")
        if own := self.growth[CASHMAN.name]:
            print(f"W7, growth: {max(own):.1f} MiB, {verdict(max(own) < GROWTH)} {GROWTH} MiB")

    def figure(self, workload: str, name: str) -> str:
        measured = self.seconds[workload, name]
        if not measured:
            return ""
        median = statistics.median(measured)
        return f"{1 / median:,.0f}/s" if workload in RATES else f"{median * 1000:,.3g} ms"


def verdict(holds: bool) -> str:
    return "OK for" if holds else "SHORT of"


def row(*cells: str) -> None:
    print(f"| {' | '.join(cells)} |")


def main() -> None:
    if not set(ONLY) <= ALL:
        raise SystemExit(f"ONLY takes some of {', '.join(sorted(ALL))}.")
    if not shutil.which("wrk"):
        raise SystemExit("The benchmarks need wrk; on Debian: apt install wrk")
    started = datetime.now(UTC)
    print(f"{started:%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores, scale {SCALE:g}; loading", flush=True)
    results = Results()
    with database() as environment, serving(environment, [CASHMAN, *PEERS]) as servers:
        for server in servers.values():
            server.token_of(workloads.GONE)
        workloads.deactivate(environment["DATABASE_URL"])
        for server in servers.values():
            workloads.refuses(server)
        for workload in ONLY:
            workloads.keep_totals(environment["DATABASE_URL"], True)
            names = same(servers, workload)
            print(f"{workload} {TITLES[workload]}: {', '.join(names)} answer the same; measuring", flush=True)
            for _ in range(ROUNDS):
                for name in list(names):
                    workloads.keep_totals(environment["DATABASE_URL"], servers[name].peer is CASHMAN)
                    try:
                        results.add(servers[name], workload)
                    except (AssertionError, OSError) as error:
                        names.remove(name)
                        print(f"{workload}: no more of {name}: {error!r}", flush=True)
    print(f"{(datetime.now(UTC) - started).total_seconds():.0f} s in all")
    results.print()


if __name__ == "__main__":
    main()
