"""Accounts, transfers, splits, checks and undos in any order, against plain Decimal arithmetic."""

import datetime
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from rest_framework.test import APIClient

from conftest import client_of
from transactions.models import Account, BalanceCheck, MonthTotal, Transaction, Transfer
from transactions.tests.books_in_python import DAYS, NAMES, Comparisons, Entry, World, reverted
from transactions.tests.shares import cases, reached, reaches
from users.models import User

UNDO_ERRORS = {"changed_since", "reference_gone", "in_use", "nothing_to_undo", "part_of_split", "locked"}
days, names, picks = st.sampled_from(DAYS), st.sampled_from(NAMES), st.integers(0, 99)
amounts = st.integers(1, 10**13 - 1).map(lambda cents: Decimal(cents) / 100)
signs = st.sampled_from([1, -1])
weights = st.lists(st.integers(1, 9), min_size=2, max_size=4)


class Books(Comparisons, RuleBasedStateMachine):
    """One person's books, written in every way; another one's must never count."""

    users: tuple[User, User]

    @initialize()
    def empty(self) -> None:
        for model in (Transaction.objects.legs().parts(), Transfer.objects, BalanceCheck.objects, Account.objects):
            model.filter(owner=self.users[0]).erase()
        self.client: APIClient = client_of(self.users[0])
        made = {name: self.client.post("/accounts", {"name": name}) for name in NAMES}
        self.keys = {name: answer.json()["id"] for name, answer in made.items()}
        self.first = max(int(answer["Ledger-Revision"]) for answer in made.values())
        self.worlds = {self.first: World()}  # by revision
        for name, amount, sign, date in (
            ("Bank", 70, -1, DAYS[1]),
            ("Savings", 50, 1, DAYS[2]),
            (None, 9, -1, DAYS[3]),
        ):
            self.add(name, Decimal(amount), sign, date)
        self.split_row(min(self.world.rows), [3, 2])
        self.check("Bank", DAYS[1], is_right=True, locked=True)
        self.split_row(min(self.world.rows), [4, 2, 1])

    @property
    def world(self) -> World:
        return self.worlds[max(self.worlds)]

    def pick(self, number: int, keys: Any) -> Any:
        found = sorted(keys)
        return found[number % len(found)] if found else None

    def write(
        self, method: str, path: str, body: Any, refused: set[str], expected: Callable[[Any], World]
    ) -> dict[str, Any] | None:
        """Send a write; return its JSON. If it should be refused, it must be, with one of these codes. Otherwise the
        world is as `expected` makes it of the JSON."""
        answer = getattr(self.client, method)(path, *([] if body is None else [body]))
        content = answer.json() if answer.content else {}
        if refused:
            assert answer.status_code == 409, (answer.status_code, refused)
            assert content["code"] in refused
            reached(content["code"])
            return None
        assert answer.status_code < 300, content
        self.written(int(answer["Ledger-Revision"]), expected(content))
        return dict(content) if isinstance(content, dict) else {}

    def written(self, revision: int, world: World) -> None:
        """Note what a write has made of the world. It is one revision, and no lock has moved."""
        before, last = self.world, max(self.worlds)
        assert revision in (last, last + 1)
        for (name, day), (_balance, locked) in before.checks.items():
            if locked and world.checks.get((name, day), (0, False))[1]:
                assert world.change(name, datetime.date.min, day) == before.change(name, datetime.date.min, day)
        self.worlds[revision] = world

    # -- Transactions -------------------------------------------------------------------------

    @rule(account=st.sampled_from([*NAMES, None]), amount=amounts, sign=signs, date=days)
    def add(self, account: str | None, amount: Decimal, sign: int, date: datetime.date) -> None:
        body = {"description": "x", "amount": f"{amount:f}", "date": str(date), "account": account}
        refused = {"locked"} if self.world.locks(account, date) else set()
        entry = Entry(account, sign * amount, date)
        path = "/incomes" if sign > 0 else "/expenses"
        self.write("post", path, body, refused, lambda row: self.world.with_(rows={row["id"]: entry}))

    def refusals(self, *changes: tuple[Entry, Entry | None]) -> set[str]:
        """Return why rows can't become other ones, or can't be deleted."""
        found = set()
        for old, new in changes:
            if old == new:
                continue
            if any(self.world.locks(entry.account, entry.date) for entry in (old, new) if entry):
                found.add("locked")
            if old.transfer:
                found.add("part_of_transfer")
            gone = [entry for entry, after in changes if entry.split == old.split and after != entry]
            if old.split and (len(gone) < len(self.world.parts(old.split)) or (new and new.amount != old.amount)):
                found.add("part_of_split")
        return found

    @rule(
        number=picks, date=days, account=st.sampled_from([*NAMES, None]), amount=st.none() | amounts, many=st.booleans()
    )
    def change(self, number: int, date: datetime.date, account: str | None, amount: Decimal | None, many: bool) -> None:
        if pk := self.pick(number, self.world.rows):
            old = self.world.rows[pk]
            new = replace(old, date=date, account=account)
            body: Any = {"date": str(date), "account": account}
            if amount is not None:
                new = replace(new, amount=amount.copy_sign(old.amount))
                body["amount"] = f"{new.amount:f}"
            refused = self.refusals((old, new))
            path, sent = ("/transactions", [{"id": pk, **body}]) if many else (f"/transactions/{pk}", body)
            self.write("patch", path, sent, refused, lambda _row: self.world.with_(rows={pk: new}))

    @rule(numbers=st.lists(picks, min_size=1, max_size=3))
    def delete(self, numbers: list[int]) -> None:
        if keys := {self.pick(number, self.world.rows) for number in numbers} - {None}:
            self.delete_rows(keys)

    def delete_rows(self, keys: set[str]) -> None:
        refused = self.refusals(*((self.world.rows[pk], None) for pk in sorted(keys)))
        body = {"ids": sorted(keys)}
        self.write("post", "/transactions/delete", body, refused, lambda _none: self.world.without("rows", *keys))

    # -- Splits -------------------------------------------------------------------------------

    def splits(self) -> set[str]:
        """Return the splits that there are; none before the books are begun."""
        rows = self.world.rows.values() if hasattr(self, "worlds") else ()
        return {entry.split for entry in rows if entry.split}

    @rule(number=picks, shares=weights)
    def split(self, number: int, shares: list[int]) -> None:
        if pk := self.pick(number, self.world.rows):
            self.split_row(pk, shares)

    @precondition(lambda self: self.splits())
    @rule(number=picks, shares=weights)
    def split_anew(self, number: int, shares: list[int]) -> None:
        split = self.pick(number, self.splits())
        self.split_row(self.world.parts(split)[-1], shares)
        reached("split_anew")

    def split_row(self, pk: str, shares: list[int]) -> None:
        entry = self.world.rows[pk]
        stored = self.world.parts(entry.split) if entry.split else [pk]
        total = sum(int(abs(self.world.rows[part].amount) * 100) for part in stored)
        cents = [total * share // sum(shares) for share in shares]
        cents[-1] += total - sum(cents)
        if 0 in cents:
            return
        body = {"parts": [{"amount": f"{Decimal(part) / 100:f}"} for part in cents]}
        wrong = {"parts": [*body["parts"][:-1], {"amount": f"{Decimal(cents[-1] + 1) / 100:f}"}]}
        assert self.client.put(f"/transactions/{pk}/split", wrong).status_code in (400, 409)
        refused = {"part_of_transfer"} if entry.transfer else set()

        def after(content: Any) -> World:
            assert content["split"] == (entry.split or pk)
            assert [abs(Decimal(row["amount"])) for row in content["parts"]] == [Decimal(one) / 100 for one in cents]
            parts = {
                row["id"]: replace(entry, amount=Decimal(row["amount"]), split=content["split"])
                for row in content["parts"]
            }
            return self.world.without("rows", *stored).with_(rows=parts)

        if self.write("put", f"/transactions/{pk}/split", body, refused, after):
            reached("split")
            if self.world.locks(entry.account, entry.date):
                reached("split_under_a_lock")

    @precondition(lambda self: self.splits())
    @rule(number=picks, other=picks)
    def join(self, number: int, other: int) -> None:
        split = self.pick(number, self.splits())
        parts = self.world.parts(split)
        whole = replace(
            self.world.rows[split], amount=sum((self.world.rows[pk].amount for pk in parts), Decimal(0)), split=None
        )
        path = f"/transactions/{self.pick(other, parts)}/split"
        self.write("delete", path, None, set(), lambda _: self.world.without("rows", *parts).with_(rows={split: whole}))
        reached("joined")

    @precondition(lambda self: self.splits())
    @rule(number=picks, date=days, account=st.sampled_from([*NAMES, None]))
    def move_split(self, number: int, date: datetime.date, account: str | None) -> None:
        parts = self.world.parts(self.pick(number, self.splits()))
        moved = {pk: replace(self.world.rows[pk], date=date, account=account) for pk in parts}
        refused = self.refusals(*((self.world.rows[pk], moved[pk]) for pk in parts))
        body = [{"id": pk, "date": str(date), "account": account} for pk in parts]
        self.write("patch", "/transactions", body, refused, lambda _rows: self.world.with_(rows=moved))
        if not refused:
            reached("split_moved")

    @precondition(lambda self: self.splits())
    @rule(number=picks)
    def delete_split(self, number: int) -> None:
        self.delete_rows({*self.world.parts(self.pick(number, self.splits()))})

    @precondition(lambda self: self.splits())
    @rule(number=picks, other=picks, date=days, is_deleted=st.booleans())
    def change_one_part(self, number: int, other: int, date: datetime.date, is_deleted: bool) -> None:
        pk = self.pick(other, self.world.parts(self.pick(number, self.splits())))
        if is_deleted:
            self.delete_rows({pk})
            return
        moved = replace(self.world.rows[pk], date=date)
        refused, body = self.refusals((self.world.rows[pk], moved)), {"date": str(date)}
        self.write("patch", f"/transactions/{pk}", body, refused, lambda _row: self.world.with_(rows={pk: moved}))

    # -- Transfers ----------------------------------------------------------------------------

    def transferred(self, row: dict[str, Any]) -> World:
        """Return the world with a transfer, whose JSON this is, and its legs."""
        amount, date = Decimal(row["amount"]), datetime.date.fromisoformat(row["date"])
        legs = {}
        if row["expense"]:
            legs[row["expense"]] = Entry(row["from"], -amount, date, row["id"])
        if row["income"]:
            on = datetime.date.fromisoformat(row["received_on"] or row["date"])
            legs[row["income"]] = Entry(row["to"], amount, on, row["id"])
        world = self.world.without("rows", *self.world.legs(row["id"]))
        return world.with_(rows=legs, transfers={row["id"]: row["version"]})

    @rule(source=st.sampled_from([*NAMES, None]), amount=amounts, date=days, on=days)
    def transfer(self, source: str | None, amount: Decimal, date: datetime.date, on: datetime.date) -> None:
        target = "Bank" if source != "Bank" else "Savings"
        body = {"from": source, "to": target, "amount": f"{amount:f}", "date": str(date)}
        later = on if source else date
        refused = {"locked"} if self.world.locks(source, date) or self.world.locks(target, later) else set()
        sent = body | ({"received_on": str(on)} if source else {})
        self.write("post", "/transfers", sent, refused, self.transferred)

    @rule(number=picks, amount=amounts, date=days)
    def change_transfer(self, number: int, amount: Decimal, date: datetime.date) -> None:
        pk = self.pick(number, {entry.transfer for entry in self.world.rows.values() if entry.transfer})
        if pk is None:
            return
        legs = [self.world.rows[leg] for leg in self.world.legs(pk)]
        first = min(legs, key=lambda leg: leg.amount)
        other = [leg for leg in legs if leg is not first]
        # What has no `received_on` of its own moves with the transfer.
        moved = [replace(leg, date=date) if leg is first or leg.date == first.date else leg for leg in legs]
        changed = [replace(leg, amount=amount.copy_sign(leg.amount)) for leg in moved]
        locks = any(
            self.world.locks(one.account, one.date)
            for old, new in zip(legs, changed, strict=True)
            if old != new
            for one in (old, new)
        )
        body = {"amount": f"{amount:f}", "date": str(date)}
        self.write("patch", f"/transfers/{pk}", body, {"locked"} if locks else set(), self.transferred)
        if other and not locks:
            reached("transfers")

    @rule(number=picks, way=st.sampled_from(["delete", "unlink"]))
    def end_transfer(self, number: int, way: str) -> None:
        pk = self.pick(number, {entry.transfer for entry in self.world.rows.values() if entry.transfer})
        if pk is None:
            return
        legs = self.world.legs(pk)
        world = self.world.without("transfers", pk)
        if way == "unlink":
            rows = {leg: replace(self.world.rows[leg], transfer=None) for leg in legs}
            self.write("post", f"/transfers/{pk}/unlink", {}, set(), lambda _none: world.with_(rows=rows))
            reached("unlinked")
            return
        locks = any(self.world.locks(self.world.rows[leg].account, self.world.rows[leg].date) for leg in legs)
        refused = {"locked"} if locks else set()
        self.write("delete", f"/transfers/{pk}", None, refused, lambda _none: world.without("rows", *legs))

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Yield the expenses and incomes that may be linked."""
        rows = [(pk, entry) for pk, entry in self.world.rows.items() if entry.account and not entry.transfer]
        for out, one in rows:
            for into, other in rows:
                if one.amount == -other.amount < 0 and one.account != other.account:
                    yield out, into

    @rule(number=picks)
    def link(self, number: int) -> None:
        if pair := self.pick(number, self.pairs()):
            out, into = pair
            if any(self.world.rows[pk].split for pk in pair):
                assert self.client.post("/transfers/link", {"expense": out, "income": into}).status_code == 400
                return
            self.write("post", "/transfers/link", {"expense": out, "income": into}, set(), self.transferred)
            reached("linked")

    @rule(amount=amounts, date=days)
    def link_a_new_pair(self, amount: Decimal, date: datetime.date) -> None:
        if not any(self.world.locks(name, date) for name in NAMES):
            for name, sign in zip(NAMES, (-1, 1), strict=True):
                self.add(name, amount, sign, date)
            out, into = sorted(self.world.rows)[-2:]
            self.write("post", "/transfers/link", {"expense": out, "income": into}, set(), self.transferred)
            reached("linked")

    # -- Openings and checks ------------------------------------------------------------------

    @rule(name=names, date=days, amount=amounts, sign=signs, is_none=st.booleans())
    def open(self, name: str, date: datetime.date, amount: Decimal, sign: int, is_none: bool) -> None:
        opening = None if is_none else {"date": str(date), "balance": f"{sign * amount:f}"}
        world = self.world.without("openings", name)
        world = world if is_none else world.with_(openings={name: (date, sign * amount)})
        self.write("patch", f"/accounts/{self.keys[name]}", {"opening": opening}, set(), lambda _row: world)

    @rule(name=names, date=days, is_right=st.booleans(), locked=st.booleans())
    def check(self, name: str, date: datetime.date, is_right: bool, locked: bool) -> None:
        balance = self.world.balance(name, date) if is_right else Decimal(5)
        locked = locked and balance == self.world.balance(name, date)
        if abs(balance) >= 10**11:
            return
        world = self.world.with_(checks={(name, date): (balance, locked)})
        path = f"/accounts/{self.keys[name]}/checks/{date}"
        self.write("put", path, {"balance": f"{balance:f}", "locked": locked}, set(), lambda _check: world)

    # -- Undo ---------------------------------------------------------------------------------

    @rule(age=st.integers(0, 3), force=st.booleans())
    def undo(self, age: int, force: bool) -> None:
        last = max(self.worlds)
        number = last - age
        if number <= self.first:
            return
        answer = self.client.post(f"/revisions/{number}/undo", {"force": force})
        if answer.status_code == 201:
            self.written(last + 1, reverted(self.worlds[number - 1], self.worlds[number], self.world))
            reached("undone")
        else:
            assert answer.status_code == 409
            code = answer.json()["code"]
            assert code in UNDO_ERRORS
            assert age or code in ("locked", "nothing_to_undo")
            reached("undo_refused")

    @rule()
    def compare(self) -> None:
        self.compare_all()

    def teardown(self) -> None:
        if hasattr(self, "worlds"):
            self.compare_all()
            assert MonthTotal.objects.for_owner(self.users[1]).count() == 1


@reaches(
    compared=40,
    registers=10,
    checks=8,
    undone=15,
    undo_refused=1,
    locked=2,
    part_of_split=8,
    part_of_transfer=2,
    linked=1,
    unlinked=1,
    transfers=1,
    split=15,
    split_anew=3,
    split_under_a_lock=1,
    joined=3,
    split_moved=1,
)
def test_the_books_add_up_whatever_is_written(alice: User, bob: User) -> None:
    stranger = client_of(bob)
    stranger.post("/accounts", {"name": "Bank"})
    stranger.post("/incomes", {"description": "x", "amount": 9, "date": "2026-01-01", "account": "Bank"})
    before = list(Transaction.objects.for_owner(bob).values())
    run_state_machine_as_test(
        type("Machine", (Books,), {"users": (alice, bob)}),
        settings=settings(max_examples=cases(30), stateful_step_count=40),
    )
    assert list(Transaction.objects.for_owner(bob).values()) == before
