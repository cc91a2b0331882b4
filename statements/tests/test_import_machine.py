"""Files, plans, commits and undos in any order, while people write: a commit does what its plan shows or nothing, and
each line of the bank comes in once."""

from typing import Any, NamedTuple

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from rest_framework.test import APIClient

from conftest import client_of
from statements.models import Import, ImportFile, ImportRow, LineIdentity
from statements.tests.plans import HEADER, rows_of
from transactions.models import Account, BalanceCheck, Transaction, Transfer
from transactions.tests.shares import cases, reached, reaches
from users.models import User

NAMES = ("Bank", "Savings")
DAYS = range(1, 10)
ENTERS = ("new", "transfer", "match")
days, picks, amounts = st.sampled_from(DAYS), st.integers(0, 99), st.sampled_from([-50, -35, -20, -10, 10, 20, 35, 50])
names, flags = st.sampled_from(NAMES), st.booleans()


class BankLine(NamedTuple):
    """A line that the bank has. Equal ones are twins, which `twin` numbers."""

    account: str
    day: int
    text: str
    amount: int
    twin: int


class Plan(NamedTuple):
    """A plan, the lines of its file, and which lines were imported before its commit."""

    pk: str
    lines: tuple[BankLine, ...]
    rows: tuple[dict[str, Any], ...] = ()


class Imports(RuleBasedStateMachine):
    """One person's imports; another one's must never count."""

    users: tuple[User, User]

    @initialize(lines=st.lists(st.tuples(names, days, st.sampled_from("AB"), amounts), min_size=6, max_size=16))
    def begin(self, lines: list[tuple[str, int, str, int]]) -> None:
        owner = self.users[0]
        for model in (Transaction.objects.legs().parts(), Transfer.objects, BalanceCheck.objects, Account.objects):
            model.filter(owner=owner).erase()
        for plans in (Import, ImportFile, ImportRow, LineIdentity):
            rows: Any = plans
            rows.objects.filter(owner=owner).delete()
        self.client: APIClient = client_of(owner)
        for name in NAMES:
            self.client.post("/accounts", {"name": name, "currency": "EUR"})
        ordered = sorted(lines)
        self.book = [BankLine(*line, ordered[:place].count(line)) for place, line in enumerate(ordered)]
        self.known: set[BankLine] = set()
        self.previews: list[Plan] = []
        self.commits: list[Plan] = []
        self.last: tuple[int, set[BankLine], set[BankLine]] | None = None  # a revision, the lines before and after it

    # -- What is there ------------------------------------------------------------------------

    def stored(self) -> dict[str, dict[str, Any]]:
        rows = Transaction.objects.filter(owner=self.users[0]).order_by("pk")
        return {str(row["id"]): {**row} for row in rows.values()}

    def file(self, account: str, first: int, last: int) -> tuple[bytes, tuple[BankLine, ...]]:
        lines = tuple(line for line in self.book if line.account == account and first <= line.day <= last)
        text = "".join(f"2026-11-{line.day:02},{line.text},{line.amount}.00\n" for line in lines)
        return HEADER + text.encode(), lines

    def pick(self, number: int, found: Any) -> Any:
        return found[number % len(found)] if found else None

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
        assert [verdict == "duplicate" for verdict in verdicts] == [line in self.known for line in plan.lines]
        reached("duplicates" if "duplicate" in verdicts else "no_duplicates")
        if any(line.twin for line in plan.lines):
            reached("twins")

    # -- Plans --------------------------------------------------------------------------------

    @precondition(lambda self: len(self.previews) < 4)
    @rule(account=names, first=days, last=days, out=st.none() | picks)
    def upload(self, account: str, first: int, last: int, out: int | None) -> None:
        if plan := self.sent(account, first, last):
            self.check_duplicates(plan)
            self.previews.append(plan)
            if out is not None:
                path = f"/imports/{plan.pk}/rows/{out % len(plan.lines) + 1}"
                assert self.client.patch(path, {"verdict": "skipped"}).status_code == 200

    @precondition(lambda self: self.previews)
    @rule(number=picks)
    def read_again(self, number: int) -> None:
        plan = self.pick(number, self.previews)
        assert self.client.patch(f"/imports/{plan.pk}", {}).status_code == 200
        self.check_duplicates(plan)

    @precondition(lambda self: self.previews)
    @rule(number=picks, leaves_out=flags)
    def commit(self, number: int, leaves_out: bool = False) -> None:
        plan = self.previews.pop(number % len(self.previews))
        if leaves_out:
            path = f"/imports/{plan.pk}/rows/{number % len(plan.lines) + 1}"
            assert self.client.patch(path, {"verdict": "skipped"}).status_code == 200
        shown, before = rows_of(self.client, plan.pk), self.stored()
        identities = list(LineIdentity.objects.filter(owner=self.users[0]).order_by("pk").values())
        answer = self.client.post(f"/imports/{plan.pk}/commit", {})
        if answer.status_code == 409:
            assert answer.json()["code"] == "stale"
            assert self.stored() == before
            assert list(LineIdentity.objects.filter(owner=self.users[0]).order_by("pk").values()) == identities
            self.previews.append(plan)
            reached("stale")
            return
        assert answer.status_code == 200, answer.content
        assert rows_of(self.client, plan.pk) == shown
        self.compare(shown, before)
        known = self.known | {line for line, row in zip(plan.lines, shown, strict=True) if row["verdict"] in ENTERS}
        self.last = (answer.json()["revision"], self.known, known) if answer.json()["revision"] else None
        self.known = known
        self.commits.append(plan._replace(rows=tuple(shown)))

    def compare(self, shown: list[dict[str, Any]], before: dict[str, dict[str, Any]]) -> None:
        """The transactions are what the rows of the plan have shown, and all others are as they were."""
        after = self.stored()
        partners = {row["transfer_with"] for row in shown if row["transfer_with"]}
        assert {pk: row for pk, row in after.items() if pk in before and pk not in partners} == {
            pk: row for pk, row in before.items() if pk not in partners
        }
        made = {row["transaction"]: row for row in shown if row["verdict"] in ("new", "transfer")}
        assert after.keys() == before.keys() | made.keys()
        assert not before.keys() & made.keys()
        for pk, row in made.items():
            found = self.client.get(f"/transactions/{pk}").json()
            for name in ("account", "date", "amount", "currency", "description", "notes", "category", "tags"):
                assert found[name] == row[name], name
            assert (after[pk]["transfer_id"] is None) == (row["verdict"] == "new")
            if row["verdict"] == "transfer":
                assert after[row["transfer_with"]]["transfer_id"] == after[pk]["transfer_id"]
        for verdict in {row["verdict"] for row in shown}:
            reached(verdict)

    @rule(account=names, first=days, last=days, has_rival=flags)
    def import_at_once(self, account: str, first: int, last: int, has_rival: bool) -> None:
        """Nothing happens between the plan and its commit, and the same file again is all duplicates. A rival has been
        read before, and is committed after."""
        rival = self.sent(account, first, last) if has_rival else None
        plan = self.sent(account, first, last)
        if plan is None:
            return
        self.check_duplicates(plan)
        self.previews.append(plan)
        self.commit(len(self.previews) - 1)
        assert plan not in self.previews
        assert self.known >= {*plan.lines}
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

    # -- Undo ---------------------------------------------------------------------------------

    @precondition(lambda self: self.commits)
    @rule(number=picks, force=flags)
    def undo(self, number: int, force: bool) -> None:
        plan = self.pick(number, self.commits)
        answer = self.client.delete(f"/imports/{plan.pk}{'?force=true' if force else ''}")
        assert answer.status_code == 200, answer.content
        content = answer.json()
        kept = {*content["kept"]}
        assert not (kept and force)
        entered = {line: row for line, row in zip(plan.lines, plan.rows, strict=True) if row["verdict"] in ENTERS}
        freed = {line for line, row in entered.items() if row["transaction"] not in kept}
        after = self.known - freed
        self.last = (content["revision"], self.known, after) if content["revision"] else None
        self.known = after
        if kept:
            reached("kept")
        else:
            self.commits.remove(plan)
        stored = self.stored()
        for row in entered.values():
            if row["verdict"] != "match":
                assert (row["transaction"] in stored) == (row["transaction"] in kept)
        reached("undone")

    @precondition(lambda self: self.last)
    @rule()
    def undo_the_last(self) -> None:
        """Undo the revision of a commit or of an undo, if nothing was written since."""
        assert self.last
        number, before, after = self.last
        if self.client.get("/revisions?page_size=1").json()["results"][0]["number"] != number:
            return
        answer = self.client.post(f"/revisions/{number}/undo", {})
        assert answer.status_code == 201, answer.content
        self.known, self.last = before, (int(answer["Ledger-Revision"]), after, before)
        self.commits = [plan for plan in (*self.commits, *self.undone()) if self.status(plan) == "committed"]
        reached("undone_again")

    def undone(self) -> list[Plan]:
        """Return the plans that an undo of an undo has brought back."""
        listed = {plan.pk for plan in self.commits}
        found = Import.objects.filter(owner=self.users[0], status="committed")
        back = [str(pk) for pk in found.values_list("pk", flat=True) if str(pk) not in listed]
        return [plan for plan in map(self.read, back) if plan]

    def read(self, pk: str) -> Plan | None:
        rows = rows_of(self.client, pk)
        seen: list[tuple[Any, ...]] = []
        lines = []
        for row in rows:
            key = (row["account"], int(row["date"][-2:]), row["description"], int(float(row["amount"])))
            lines.append(BankLine(*key, seen.count(key)))
            seen.append(key)
        return Plan(pk, tuple(lines), tuple(rows))

    def status(self, plan: Plan) -> str:
        return str(self.client.get(f"/imports/{plan.pk}").json()["status"])

    # -- People -------------------------------------------------------------------------------

    @rule(number=picks, apart=st.sampled_from([0, 1, 3]))
    def type_in(self, number: int, apart: int) -> None:
        """Write by hand what the bank brings later, or has brought."""
        line = self.pick(number, [line for line in self.book if line not in self.known] or self.book)
        path = "/incomes" if line.amount > 0 else "/expenses"
        day = f"2026-11-{line.day + apart:02}"
        body = {"description": "typed", "amount": abs(line.amount), "date": day, "account": line.account}
        assert self.client.post(path, body).status_code == 201

    @rule(number=picks, name=st.sampled_from(["notes", "amount"]))
    def edit(self, number: int, name: str) -> None:
        stored = self.stored()
        made = [row["transaction"] for plan in self.commits for row in plan.rows if row["transaction"] in stored]
        if pk := self.pick(number, made or [*stored]):
            value: Any = "seen" if name == "notes" else 7
            answer = self.client.patch(f"/transactions/{pk}", {name: value})
            assert answer.status_code == 200 or answer.json()["code"] == "part_of_transfer"

    @rule(number=picks)
    def delete(self, number: int) -> None:
        if pk := self.pick(number, [*self.stored()]):
            answer = self.client.delete(f"/transactions/{pk}")
            if answer.status_code == 204:
                reached("deleted")

    def teardown(self) -> None:
        if hasattr(self, "book"):
            for plan in self.previews:
                self.client.delete(f"/imports/{plan.pk}")
            for account in NAMES:
                if whole := self.sent(account, DAYS[0], DAYS[-1]):
                    self.check_duplicates(whole)


@reaches(
    new=40,
    duplicate=15,
    match=4,
    transfer=6,
    skipped=2,
    stale=3,
    twins=20,
    duplicates=30,
    no_duplicates=20,
    again=20,
    undone=8,
    kept=1,
    undone_again=3,
    deleted=5,
)
def test_each_line_comes_in_once_whatever_happens(alice: User, bob: User) -> None:
    stranger = client_of(bob)
    stranger.post("/accounts", {"name": "Bank", "currency": "EUR"})
    content = HEADER + b"2026-11-01,A,10.00\n2026-11-02,B,-20.00\n"
    plan = stranger.post("/imports?account=Bank", content, content_type="text/csv").json()
    assert stranger.post(f"/imports/{plan['id']}/commit", {}).status_code == 200
    before = list(Transaction.objects.for_owner(bob).values())
    run_state_machine_as_test(
        type("Machine", (Imports,), {"users": (alice, bob)}),
        settings=settings(max_examples=cases(60), stateful_step_count=30, deadline=None),
    )
    assert list(Transaction.objects.for_owner(bob).values()) == before
