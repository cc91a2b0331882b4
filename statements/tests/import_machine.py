"""What the state machine of imports does with plans: files, changes of rows, commits."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from rest_framework.test import APIClient

from conftest import client_of
from statements.models import Import, ImportFile, ImportRow, LineIdentity
from statements.tests.bank import CREATES, DAYS, NAMES, BankLine, Claims, Plan, book_of
from statements.tests.plans import HEADER, rows_of
from transactions.models import Account, BalanceCheck, Transaction, Transfer
from transactions.tests.shares import reached
from users.models import User

days, picks, amounts = st.sampled_from(DAYS), st.integers(0, 99), st.sampled_from([-50, -35, -20, -10, 10, 20, 35, 50])
names, flags = st.sampled_from(NAMES), st.booleans()
SHOWN = ("account", "date", "amount", "currency", "description", "notes", "category", "tags")
Rows = dict[str, dict[str, Any]]  # columns of transactions, by their ids


class Plans(RuleBasedStateMachine):
    """One person's plans; another one's must never count."""

    users: tuple[User, User]

    @initialize(
        lines=st.lists(st.tuples(names, days, st.sampled_from("AB"), amounts), min_size=4, max_size=14),
        moved=st.lists(st.tuples(days, st.integers(0, 2), flags), min_size=1, max_size=2),
    )
    def begin(self, lines: list[tuple[str, int, str, int]], moved: list[tuple[int, int, bool]]) -> None:
        """Begin with what a bank has: lines, and both sides of some that went from one account to the other."""
        owner = self.users[0]
        for model in (Transaction.objects.legs().parts(), Transfer.objects, BalanceCheck.objects, Account.objects):
            model.filter(owner=owner).erase()
        for plans in (Import, ImportFile, ImportRow, LineIdentity):
            rows: Any = plans
            rows.objects.filter(owner=owner).delete()
        self.client: APIClient = client_of(owner)
        self.keys = {}
        for name in NAMES:
            self.keys[name] = self.client.post("/accounts", {"name": name, "currency": "EUR"}).json()["id"]
        for amount, (day, apart, is_out) in enumerate(moved, 71):
            amount *= -1 if is_out else 1
            lines = [*lines, (NAMES[0], day, "A", amount), (NAMES[1], min(day + apart, DAYS[-1]), "B", -amount)]
        self.book = book_of(lines)
        self.claims = Claims()
        self.previews: list[Plan] = []
        self.done: dict[str, Plan] = {}  # all that were committed, whatever has become of them
        self.first = self.last_revision()

    # -- What is there ------------------------------------------------------------------------

    def stored(self) -> Rows:
        rows = Transaction.objects.filter(owner=self.users[0]).order_by("pk")
        return {str(row["id"]): {**row} for row in rows.values()}

    def identities(self) -> list[dict[str, Any]]:
        return [{**row} for row in LineIdentity.objects.filter(owner=self.users[0]).order_by("pk").values()]

    def last_revision(self) -> int:
        number: int = self.client.get("/revisions?page_size=1").json()["results"][0]["number"]
        return number

    def locks(self) -> dict[str, str]:
        """Return up to which day checks keep accounts as they are, by the names and the ids of these."""
        checks = BalanceCheck.objects.filter(owner=self.users[0], locked=True).order_by("date")
        found = {str(account): str(day) for account, day in checks.values_list("account", "date")}
        return found | {name: found[key] for name, key in self.keys.items() if key in found}

    def check_locks(self, before: Rows) -> None:
        """Nothing that a check keeps has changed. Parts of a split count together."""
        locks = self.locks()
        sums: list[dict[tuple[str, str], Any]] = [{}, {}]
        for rows, kept in zip((before, self.stored()), sums, strict=True):
            for row in rows.values():
                account, day = str(row["account_id"]), str(row["date"])
                if day <= locks.get(account, ""):
                    kept[account, day] = kept.get((account, day), 0) + row["amount"]
        assert sums[0] == sums[1]

    def pick(self, number: int, found: Any) -> Any:
        return found[number % len(found)] if found else None

    def committed(self) -> list[Plan]:
        """Return the imports that stand, as the API says. Those that are undone know no line."""
        listed = self.client.get("/imports?page_size=500").json()["results"]
        status = {one["id"]: one["status"] for one in listed}
        for pk in self.done:
            assert status[pk] == "committed" or not self.claims.of[pk]
        return [plan for pk, plan in self.done.items() if status[pk] == "committed"]

    # -- Plans --------------------------------------------------------------------------------

    def file(self, account: str, first: int, last: int) -> tuple[bytes, tuple[BankLine, ...]]:
        lines = tuple(line for line in self.book if line.account == account and first <= line.day <= last)
        text = "".join(f"2026-11-{line.day:02},{line.text},{line.amount}.00\n" for line in lines)
        return HEADER + text.encode(), lines

    def sent(self, account: str, first: int, last: int) -> Plan | None:
        content, lines = self.file(account, min(first, last), max(first, last))
        if not lines:
            return None
        answer = self.client.post(f"/imports?account={account}&unsigned=in", content, content_type="text/csv")
        assert answer.status_code == 201, answer.content
        return Plan(answer.json()["id"], lines)

    def check_duplicates(self, plan: Plan) -> None:
        """A line is a duplicate exactly if it was imported."""
        verdicts = [row["verdict"] for row in rows_of(self.client, plan.pk)]
        known = self.claims.known
        assert [verdict == "duplicate" for verdict in verdicts] == [line in known for line in plan.lines]
        reached("duplicates" if "duplicate" in verdicts else "no_duplicates")
        if any(line.twin for line in plan.lines):
            reached("twins")

    def change_row(self, plan: Plan, number: int, **values: Any) -> bool:
        """Change a row of a preview; return whether that was possible."""
        answer = self.client.patch(f"/imports/{plan.pk}/rows/{number % len(plan.lines) + 1}", values)
        assert answer.status_code in (200, 400), answer.content
        return answer.status_code == 200

    @precondition(lambda self: len(self.previews) < 4)
    @rule(account=names, first=days, last=days, out=st.none() | picks)
    def upload(self, account: str, first: int, last: int, out: int | None) -> None:
        if plan := self.sent(account, first, last):
            self.check_duplicates(plan)
            self.previews.append(plan)
            if out is not None:
                assert self.change_row(plan, out, verdict="skipped")

    @precondition(lambda self: self.previews)
    @rule(number=picks, row=st.none() | picks)
    def read_again(self, number: int, row: int | None) -> None:
        """Read a file again, and let a row come into the other account. The line stays one of its own account."""
        plan = self.pick(number, self.previews)
        assert self.client.patch(f"/imports/{plan.pk}", {}).status_code == 200
        self.check_duplicates(plan)
        if row is not None:
            self.move(plan, row)

    def move(self, plan: Plan, row: int) -> None:
        self.change_row(plan, row, account=next(name for name in NAMES if name != plan.lines[0].account))

    @rule(number=picks, row=picks)
    def import_anew(self, number: int, row: int) -> None:
        """Let lines that were imported come in once more, because somebody wants that."""
        if not self.done or not (plan := self.sent(self.pick(number, NAMES), DAYS[0], DAYS[-1])):
            return
        self.previews.append(plan)
        for one in (row, row + 1):
            self.change_row(plan, one, verdict="new", reimport=True)
        self.commit(len(self.previews) - 1)

    @precondition(lambda self: self.previews)
    @rule(number=picks, leaves_out=flags)
    def commit(self, number: int, leaves_out: bool = False) -> None:
        plan = self.previews.pop(number % len(self.previews))
        if leaves_out:
            assert self.change_row(plan, number, verdict="skipped")
        shown, before, identities = rows_of(self.client, plan.pk), self.stored(), self.identities()
        created = [row for row in shown if row["verdict"] in CREATES]
        answer = self.client.post(f"/imports/{plan.pk}/commit", {})
        if answer.status_code == 409:
            code = answer.json()["code"]
            assert code == "stale" or (code == "locked" and self.locked_among(created))
            assert (self.stored(), self.identities()) == (before, identities)
            self.previews.append(plan)
            reached(f"commit_{code}")
            return
        assert answer.status_code == 200, answer.content
        assert not self.locked_among(created)
        assert rows_of(self.client, plan.pk) == shown
        self.compare(shown, before)
        self.check_locks(before)
        known = self.claims.known
        plan = self.done[plan.pk] = plan._replace(rows=tuple(shown))
        if known & plan.entered.keys():
            reached("reimported")
        if any(row["account"] != line.account for line, row in plan.entered.items()):
            reached("moved")
        self.claims.change(plan.pk, plan.entered, answer.json()["revision"], enter=True)

    def locked_among(self, created: list[dict[str, Any]]) -> bool:
        locks = self.locks()
        return any(row["date"] <= locks.get(row["account"], "") for row in created)

    def compare(self, shown: list[dict[str, Any]], before: Rows) -> None:
        """The transactions are what the rows of the plan have shown, and all others are as they were."""
        after = self.stored()
        partners = {row["transfer_with"] for row in shown if row["transfer_with"]}
        assert {pk: row for pk, row in after.items() if pk in before and pk not in partners} == {
            pk: row for pk, row in before.items() if pk not in partners
        }
        made = {row["transaction"]: row for row in shown if row["verdict"] in CREATES}
        assert after.keys() == before.keys() | made.keys()
        assert not before.keys() & made.keys()
        for pk, row in made.items():
            found = self.client.get(f"/transactions/{pk}").json()
            assert {name: found[name] for name in SHOWN} == {name: row[name] for name in SHOWN}
            assert (after[pk]["transfer_id"] is None) == (row["verdict"] == "new")
            if row["verdict"] == "transfer":
                assert after[row["transfer_with"]]["transfer_id"] == after[pk]["transfer_id"]
        for verdict in {row["verdict"] for row in shown}:
            reached(verdict)

    @rule(account=names, first=days, last=days, has_rival=flags, moved=st.none() | picks)
    def import_at_once(self, account: str, first: int, last: int, has_rival: bool, moved: int | None) -> None:
        """Nothing happens between the plan and its commit, and the same file again is all duplicates. A rival has been
        read before, and is committed after."""
        rival = self.sent(account, first, last) if has_rival else None
        plan = self.sent(account, first, last)
        if plan is None:
            return
        self.check_duplicates(plan)
        if moved is not None:
            self.move(plan, moved)
        self.previews.append(plan)
        self.commit(len(self.previews) - 1)
        if plan in self.previews:  # a check keeps the account as it is
            self.previews.remove(plan)
            self.client.delete(f"/imports/{plan.pk}")
        else:
            assert self.claims.known >= {*plan.lines}
            again = self.sent(account, first, last)
            assert again
            self.check_duplicates(again)
            self.client.delete(f"/imports/{again.pk}")
            reached("again")
        if rival:
            self.previews.append(rival)
            self.commit(len(self.previews) - 1)
            for late in [one for one in self.previews if one.pk == rival.pk]:
                self.previews.remove(late)
                self.client.delete(f"/imports/{late.pk}")
