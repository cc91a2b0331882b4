"""Balances, registers, checks and sums against plain Decimal arithmetic, whatever was written before."""

import datetime
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.db import connection
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    multiple,
    rule,
    run_state_machine_as_test,
)
from rest_framework.test import APIClient

from conftest import client_of
from transactions.models import Account, BalanceCheck, MonthTotal, Transaction, Transfer
from transactions.tests.shares import cases, reached, reaches
from transactions.triggers import differences
from users.models import User

NAMES = ["Bank", "Savings"]
# At the edges of months and years, with several rows on a day.
DAYS = [datetime.date(*day) for day in ((2025, 12, 30), (2025, 12, 31), (2026, 1, 1), (2026, 1, 31), (2026, 2, 1))]
LATER = datetime.date(2026, 3, 15)
days = st.sampled_from(DAYS)
names = st.sampled_from(NAMES)
amounts = st.integers(1, 10**13 - 1).map(lambda cents: Decimal(cents) / 100)
signs = st.sampled_from([1, -1])


@dataclass(frozen=True)
class Entry:
    """What a row should hold. A leg has its transfer's id."""

    account: str | None
    amount: Decimal
    date: datetime.date
    transfer: str | None = None


class Ledger(RuleBasedStateMachine):
    """One person's accounts, written to in every way; another one's must never count."""

    users: tuple[User, User]
    rows = Bundle("rows")
    transfers = Bundle("transfers")

    @initialize()
    def empty(self) -> None:
        for model in (Transaction.objects.legs(), Transfer.objects, BalanceCheck.objects, Account.objects):
            model.all().delete()
        self.client: APIClient = client_of(self.users[0])
        self.entries: dict[str, Entry] = {}
        self.openings: dict[str, tuple[datetime.date, Decimal] | None] = dict.fromkeys(NAMES)
        self.keys = {name: self.send("post", "/accounts", 201, {"name": name})["id"] for name in NAMES}
        stranger = client_of(self.users[1])
        stranger.post("/accounts", {"name": "Bank"})
        stranger.post("/incomes", {"description": "x", "amount": 9, "date": "2026-01-01", "account": "Bank"})

    def send(self, method: str, path: str, status: int, body: Any = None) -> Any:
        answer = getattr(self.client, method)(path, *([] if body is None else [body]))
        assert answer.status_code == status, answer.content
        return answer.json() if answer.content else None

    @rule(target=rows, account=st.sampled_from([*NAMES, None]), amount=amounts, sign=signs, date=days)
    def add(self, account: str | None, amount: Decimal, sign: int, date: datetime.date) -> str:
        body = {"description": "x", "amount": f"{amount:f}", "date": str(date), "account": account}
        row = self.send("post", "/incomes" if sign > 0 else "/expenses", 201, body)
        self.entries[row["id"]] = Entry(account, sign * amount, date)
        return str(row["id"])

    @rule(row=rows, date=days, account=st.sampled_from([*NAMES, None]), many=st.booleans())
    def move(self, row: str, date: datetime.date, account: str | None, many: bool) -> None:
        body: Any = {"date": str(date), "account": account}
        if many:
            self.send("patch", "/transactions", 200, [{"id": row, **body}])
        else:
            self.send("patch", f"/transactions/{row}", 200, body)
        self.entries[row] = replace(self.entries[row], date=date, account=account)

    @rule(row=consumes(rows), undone=st.booleans())
    def delete(self, row: str, undone: bool) -> None:
        answer = self.client.delete(f"/transactions/{row}")
        assert answer.status_code == 204
        if undone:
            self.send("post", f"/revisions/{answer['Ledger-Revision']}/undo", 201)
        else:
            del self.entries[row]

    @rule(name=names, date=days, amount=amounts, sign=signs, is_none=st.booleans())
    def open(self, name: str, date: datetime.date, amount: Decimal, sign: int, is_none: bool) -> None:
        self.openings[name] = None if is_none else (date, sign * amount)
        opening = None if is_none else {"date": str(date), "balance": f"{sign * amount:f}"}
        self.send("patch", f"/accounts/{self.keys[name]}", 200, {"opening": opening})

    @rule(target=transfers, source=st.sampled_from([*NAMES, None]), amount=amounts, date=days, on=days)
    def transfer(self, source: str | None, amount: Decimal, date: datetime.date, on: datetime.date) -> str:
        target = "Bank" if source != "Bank" else "Savings"
        body = {"from": source, "to": target, "amount": f"{amount:f}", "date": str(date)}
        row = self.send("post", "/transfers", 201, body | ({"received_on": str(on)} if source else {}))
        self.note(row)
        return str(row["id"])

    @rule(transfer=transfers, amount=amounts, date=days)
    def change_transfer(self, transfer: str, amount: Decimal, date: datetime.date) -> None:
        self.note(self.send("patch", f"/transfers/{transfer}", 200, {"amount": f"{amount:f}", "date": str(date)}))

    @rule(target=rows, transfer=consumes(transfers), way=st.sampled_from(["delete", "unlink", "undo"]))
    def end_transfer(self, transfer: str, way: str) -> Any:
        legs = [row for row, entry in self.entries.items() if entry.transfer == transfer]
        if way == "unlink":
            self.send("post", f"/transfers/{transfer}/unlink", 204, {})
            for row in legs:
                self.entries[row] = replace(self.entries[row], transfer=None)
            return multiple(*legs)
        answer = self.client.delete(f"/transfers/{transfer}")
        assert answer.status_code == 204
        if way == "undo":
            self.send("post", f"/revisions/{answer['Ledger-Revision']}/undo", 201)
        else:
            for row in legs:
                del self.entries[row]
        return multiple()

    def note(self, row: dict[str, Any]) -> None:
        """Expect the legs of a transfer's JSON."""
        amount, date = Decimal(row["amount"]), datetime.date.fromisoformat(row["date"])
        if row["expense"]:
            self.entries[row["expense"]] = Entry(row["from"], -amount, date, row["id"])
        if row["income"]:
            on = datetime.date.fromisoformat(row["received_on"] or row["date"])
            self.entries[row["income"]] = Entry(row["to"], amount, on, row["id"])

    def balance(self, name: str, date: datetime.date) -> Decimal:
        """Return the balance by plain arithmetic."""
        own = [entry for entry in self.entries.values() if entry.account == name]
        if (opening := self.openings[name]) is None:
            return sum((entry.amount for entry in own if entry.date <= date), Decimal(0))
        start, balance = opening
        after = sum((entry.amount for entry in own if start < entry.date <= date), Decimal(0))
        before = sum((entry.amount for entry in own if date < entry.date <= start), Decimal(0))
        return balance + after - before

    @rule(date=st.sampled_from([*DAYS, datetime.date(2025, 11, 30), LATER]))
    def ask(self, date: datetime.date) -> None:
        found = self.send("get", f"/accounts?date={date}", 200)["results"]
        assert {row["name"]: Decimal(row["balance"]) for row in found} == {
            name: self.balance(name, date) for name in NAMES
        }
        reached("asked")

    @rule(name=names, size=st.integers(1, 3))
    def read_register(self, name: str, size: int) -> None:
        url, found = f"/accounts/{self.keys[name]}/register?page_size={size}", []
        while url:
            page = self.send("get", url, 200)
            found += [(row["id"], Decimal(row["balance"])) for row in page["results"]]
            url = page["next"]
        own = {row: entry for row, entry in self.entries.items() if entry.account == name}
        order = sorted(own, key=lambda row: (own[row].date, row))
        expected, sum_ = [], self.balance(name, LATER) - sum((entry.amount for entry in own.values()), Decimal(0))
        for row in order:
            sum_ += own[row].amount
            expected.append((row, sum_))
        assert found == expected[::-1]
        if found:
            reached("registers")

    @rule(name=names, date=days)
    def check(self, name: str, date: datetime.date) -> None:
        path = f"/accounts/{self.keys[name]}/checks/{date}"
        found = self.send("put", path, 200, {"balance": 5})
        assert Decimal(found["computed"]) == self.balance(name, date)
        assert Decimal(found["difference"]) == 5 - self.balance(name, date)
        assert found in self.send("get", f"/accounts/{self.keys[name]}/checks", 200)["results"]

    def teardown(self) -> None:
        if not hasattr(self, "entries"):
            return
        counted = [entry.amount for entry in self.entries.values() if entry.transfer is None]
        sums = self.send("get", "/summary", 200)["results"]
        assert Decimal(sums[0]["net"] if sums else 0) == sum(counted, Decimal(0))
        assert (sums[0]["count"] if sums else 0) == len(counted)
        if any(entry.transfer for entry in self.entries.values()):
            reached("transfers")
        assert differences(connection) == []
        assert MonthTotal.objects.for_owner(self.users[1]).count() <= 1


@reaches(asked=30, registers=10, transfers=5)
def test_balances_are_those_of_plain_decimals(alice: User, bob: User) -> None:
    run_state_machine_as_test(
        type("Accounts", (Ledger,), {"users": (alice, bob)}),
        settings=settings(max_examples=cases(50), stateful_step_count=25),
    )
