"""A person's books in plain Python: what they should hold, and how that is compared with what the API says."""

import datetime
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from django.db import connection
from rest_framework.test import APIClient

from transactions.tests.shares import reached
from transactions.triggers import differences

NAMES = ["Bank", "Savings"]
# At the edges of months and years, with several rows on a day.
DAYS = [datetime.date(*day) for day in ((2025, 12, 30), (2025, 12, 31), (2026, 1, 1), (2026, 1, 31), (2026, 2, 1))]
LAST = datetime.date(2026, 3, 15)


@dataclass(frozen=True)
class Entry:
    """What a transaction should hold: a leg has the id of its transfer, and a part that of its split."""

    account: str | None
    amount: Decimal
    date: datetime.date
    transfer: str | None = None
    split: str | None = None


@dataclass(frozen=True)
class World:
    """All that one person has: rows by their ids, transfers with their versions, openings and checks."""

    rows: dict[str, Entry] = field(default_factory=dict)
    transfers: dict[str, int] = field(default_factory=dict)
    openings: dict[str, tuple[datetime.date, Decimal]] = field(default_factory=dict)
    checks: dict[tuple[str, datetime.date], tuple[Decimal, bool]] = field(default_factory=dict)

    def with_(self, **parts: Any) -> "World":
        return replace(self, **{name: {**getattr(self, name), **values} for name, values in parts.items()})

    def without(self, part: str, *keys: Any) -> "World":
        return replace(self, **{part: {key: one for key, one in getattr(self, part).items() if key not in keys}})

    def parts(self, split: str) -> list[str]:
        return sorted(pk for pk, entry in self.rows.items() if entry.split == split)

    def legs(self, transfer: str) -> list[str]:
        return [pk for pk, entry in self.rows.items() if entry.transfer == transfer]

    def locks(self, account: str | None, date: datetime.date) -> bool:
        """Return whether a locked check keeps the account on that day."""
        return any(
            name == account and date <= day and locked for (name, day), (_balance, locked) in self.checks.items()
        )

    def change(self, name: str, first: datetime.date, last: datetime.date) -> Decimal:
        """Return the sum of an account's rows after the first day and up to the last one."""
        own = (entry for entry in self.rows.values() if entry.account == name)
        return sum((entry.amount for entry in own if first < entry.date <= last), Decimal(0))

    def balance(self, name: str, date: datetime.date) -> Decimal:
        start, balance = self.openings.get(name, (datetime.date.min, Decimal(0)))
        return balance + self.change(name, start, date) - self.change(name, date, start)


def reverted(before: World, after: World, now: World) -> World:
    """Return what is left of `now` if what was written between `before` and `after` is taken back."""
    parts = {}
    for name in ("rows", "transfers", "openings", "checks"):
        old, new, present = (getattr(world, name) for world in (before, after, now))
        own = {key for key in {*old, *new} if old.get(key) != new.get(key)}
        kept = {key: value for key, value in present.items() if key not in own}
        parts[name] = kept | {key: old[key] for key in own if key in old}
    rows = parts["rows"].items()
    alive = parts["transfers"]
    return World(**parts | {"rows": {pk: e if e.transfer in alive else replace(e, transfer=None) for pk, e in rows}})


class Comparisons:
    """Compares the API's answers with a world."""

    client: APIClient
    keys: dict[str, str]  # of the accounts, by their names
    world: Any  # a World, which the machine derives from what it has written

    def get(self, path: str) -> Any:
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.content
        return answer.json()

    def compare_all(self) -> None:
        """Read everything, and compare it with plain arithmetic."""
        world = self.world
        for date in (*DAYS, datetime.date(2025, 11, 30), LAST):
            found = {row["name"]: Decimal(row["balance"]) for row in self.get(f"/accounts?date={date}")["results"]}
            assert found == {name: world.balance(name, date) for name in NAMES}
        rows = {row["id"]: row for row in self.get("/transactions?page_size=500")["results"]}
        assert {
            pk: Entry(
                row["account"],
                Decimal(row["amount"]),
                datetime.date.fromisoformat(row["date"]),
                row["transfer"],
                row["split"],
            )
            for pk, row in rows.items()
        } == world.rows
        for split in {entry.split for entry in world.rows.values() if entry.split}:
            own = [entry for entry in world.rows.values() if entry.split == split]
            assert split in world.rows
            assert len(own) > 1
            assert len({(entry.account, entry.date, entry.amount > 0, entry.transfer) for entry in own}) == 1
        counted = [entry.amount for entry in world.rows.values() if entry.transfer is None]
        for query in ("", "?group_by=month", "?group_by=account"):
            sums = self.get(f"/summary{query}")["results"]
            assert sum((Decimal(one["net"]) for one in sums), Decimal(0)) == sum(counted, Decimal(0))
            assert sum(one["count"] for one in sums) == len(counted)
        for name in NAMES:
            self.compare_register(name)
            self.compare_checks(name)
        assert differences(connection) == []
        reached("compared")

    def compare_register(self, name: str) -> None:
        url, found = f"/accounts/{self.keys[name]}/register?page_size=3", []
        while url:
            page = self.get(url)
            found += [(row["id"], Decimal(row["balance"])) for row in page["results"]]
            url = page["next"]
        own = {pk: entry for pk, entry in self.world.rows.items() if entry.account == name}
        expected, balance = [], self.world.balance(name, LAST)
        for pk in sorted(own, key=lambda pk: (own[pk].date, pk), reverse=True):
            expected.append((pk, balance))
            balance -= own[pk].amount
        assert found == expected
        if len(found) > 3:
            reached("registers")

    def compare_checks(self, name: str) -> None:
        found = self.get(f"/accounts/{self.keys[name]}/checks")["results"]
        assert {
            datetime.date.fromisoformat(row["date"]): (
                Decimal(row["balance"]),
                Decimal(row["computed"]),
                Decimal(row["difference"]),
                row["locked"],
            )
            for row in found
        } == {
            day: (balance, computed, balance - computed, locked)
            for (account, day), (balance, locked) in self.world.checks.items()
            if account == name
            for computed in (self.world.balance(name, day),)
        }
        if found:
            reached("checks")
