"""Files, plans, commits and undos in any order, while people write, split and lock: a commit does what its plan shows
or nothing, and each line of the bank comes in once."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule, run_state_machine_as_test

from conftest import client_of
from statements.tests.bank import DAYS, NAMES, Plan
from statements.tests.import_machine import Plans, days, flags, names, picks
from statements.tests.plans import HEADER
from transactions.models import Transaction
from transactions.tests.shares import cases, reached, reaches
from users.models import User

REFUSED = {  # why people can't write, or can't undo
    *("locked", "part_of_transfer", "part_of_split"),
    *("changed_since", "nothing_to_undo", "reference_gone", "in_use", "taken"),
}
WRITES = st.sampled_from(["split", "notes", "split", "amount", "account", "split", "delete"])
SOME_WRITES: st.SearchStrategy[list[tuple[int, str]]] = st.lists(st.tuples(picks, WRITES), max_size=2)


class Imports(Plans):
    """Plans, undos, and people who write meanwhile."""

    def refused(self, answer: Any) -> bool:
        """Return whether a write was refused for one of the reasons there may be."""
        if answer.status_code < 300:
            return False
        assert answer.status_code == 409, answer.content
        assert answer.json()["code"] in REFUSED, answer.content
        reached(answer.json()["code"])
        return True

    # -- Undo ---------------------------------------------------------------------------------

    @precondition(lambda self: self.done)
    @rule(number=picks, force=flags, writes=SOME_WRITES, again=flags)
    def undo(self, number: int, force: bool, writes: list[tuple[int, str]], again: bool) -> None:
        """Undo an import of which somebody may have changed a transaction, and perhaps that undo."""
        plan = self.pick(number, self.committed())
        if plan is None:
            return
        self.write_some(plan, writes)
        before = self.stored()
        answer = self.client.delete(f"/imports/{plan.pk}{'?force=true' if force else ''}")
        if self.refused(answer):
            assert answer.json()["code"] == "locked"
            assert self.stored() == before
            return
        content, stored = answer.json(), self.stored()
        kept = {*content["kept"]}
        assert not (kept and force)
        freed = [line for line, row in plan.entered.items() if row["transaction"] not in kept]
        self.claims.change(plan.pk, freed, content["revision"], enter=False)
        if kept:
            reached("kept")
        if kept & {pk for pk in before if before[pk]["split"]}:
            reached("split_kept")
        if force and any(before[pk]["split"] for pk in plan.created if pk in before):
            reached("split_taken")
        for pk in plan.created:
            assert (pk in stored) == (pk in kept)
            assert pk in kept or not any(str(row["split"]) == pk for row in stored.values())
        self.check_locks(before)
        self.committed()
        reached("undone")
        if again and content["revision"]:
            self.type_in(number, 0)
            self.undo_number(content["revision"], force)

    @rule(age=st.integers(0, 12), force=flags)
    def undo_a_revision(self, age: int, force: bool) -> None:
        """Undo a write of any kind and age: a commit, an undo, or what somebody has written by hand."""
        self.undo_number(max(self.last_revision() - age, self.first), force)

    @precondition(lambda self: self.claims.effects)
    @rule(number=picks, force=flags, writes=SOME_WRITES)
    def undo_an_import(self, number: int, force: bool, writes: list[tuple[int, str]]) -> None:
        revision = self.pick(number, sorted(self.claims.effects))
        for plan, _lines, _entered in self.claims.effects[revision]:
            self.write_some(self.done[plan], writes)
        self.undo_number(revision, force)

    def undo_number(self, number: int, force: bool) -> None:
        if number <= self.first or self.claims.is_outdated(number):
            return
        last = self.last_revision()
        before, identities = self.stored(), self.identities()
        answer = self.client.post(f"/revisions/{number}/undo", {"force": force})
        if self.refused(answer):
            assert (self.stored(), self.identities()) == (before, identities)
            return
        for plan, lines, entered in self.claims.effects.get(number, ()):
            if lines:
                reached("import_undone" if entered else "undo_undone")
                if number < last:
                    reached("older_import_undone" if entered else "older_undo_undone")
            assert plan in self.done
        self.claims.undo(number, int(answer["Ledger-Revision"]))
        self.check_locks(before)
        self.committed()

    # -- People -------------------------------------------------------------------------------

    def typed(self, number: int, apart: int) -> tuple[str, dict[str, Any]]:
        """Return what somebody writes by hand that the bank brings later, or has brought."""
        known = self.claims.known
        line = self.pick(number, [line for line in self.book if line not in known] or self.book)
        day = f"2026-11-{line.day + apart:02}"
        body = {"description": "typed", "amount": abs(line.amount), "date": day, "account": line.account}
        return "/incomes" if line.amount > 0 else "/expenses", body

    @rule(number=picks, apart=st.sampled_from([0, 1, 3]))
    def type_in(self, number: int, apart: int) -> None:
        path, body = self.typed(number, apart)
        self.refused(self.client.post(path, body))

    @rule(number=picks, apart=st.sampled_from([0, 1, 3]), text=st.sampled_from("xy"))
    def send_again(self, number: int, apart: int, text: str) -> None:
        """Let another program send its rows, of which one is here already."""
        path, body = self.typed(number, apart)
        rows = [{**body, "external_id": text}, {**body, "external_id": f"{text}{number}"}]
        for part in (rows[:1], rows):
            there = {row["external_id"] for row in self.stored().values()}
            answer = self.client.post(f"{path}?existing=skip", part)
            if self.refused(answer):
                return
            found = answer.json()
            assert answer.status_code == 207
            indexes = {index for index, row in enumerate(part) if row["external_id"] in there}
            assert {one["index"] for one in found["existing"]} == indexes
            assert len(found["created"]) + len(found["existing"]) == len(part)
        reached("existing")

    def imported(self, number: int) -> str | None:
        """Return a transaction that was imported, or if there is none, another one."""
        stored = self.stored()
        made = [pk for plan in self.done.values() for pk in plan.created if pk in stored]
        found: str | None = self.pick(number, made or [*stored])
        return found

    def write_some(self, plan: Plan, writes: list[tuple[int, str]]) -> None:
        """Change some transactions that the import has made."""
        for row, how in writes:
            if pk := self.pick(row, [pk for pk in plan.created if pk in self.stored()]):
                self.write_to(pk, how)

    @rule(number=picks, how=WRITES)
    def write(self, number: int, how: str) -> None:
        """Change, split, join or delete a transaction, most often one that was imported."""
        if pk := self.imported(number):
            self.write_to(pk, how)

    def write_to(self, pk: str, how: str) -> None:
        path = f"/transactions/{pk}"
        parts = [part["id"] for part in self.client.get(f"{path}/split").json()["parts"]]
        amount = abs(self.stored()[pk]["amount"])
        if how == "delete":
            answer = self.client.post("/transactions/delete", {"ids": parts})
        elif how == "split" and len(parts) > 1:
            answer = self.client.delete(f"{path}/split")
        elif how == "split":
            answer = self.client.put(f"{path}/split", {"parts": [{"amount": 1}, {"amount": f"{amount - 1:f}"}]})
        else:
            values: dict[str, Any] = {"notes": pk[-4:], "amount": 7, "account": NAMES[0]}
            answer = self.client.patch(path, {how: values[how]})
        if not self.refused(answer):
            reached(how)

    @rule(name=names, day=st.none() | days)
    def lock(self, name: str, day: int | None) -> None:
        """Let a check keep an account as it is up to a day, in place of earlier ones, or no check."""
        checks = f"/accounts/{self.keys[name]}/checks"
        for check in self.client.get(checks).json()["results"]:
            assert self.client.delete(f"{checks}/{check['date']}").status_code == 204
        if day:
            path = f"{checks}/2026-11-{day:02}"
            computed = self.client.put(path, {"balance": 0}).json()["computed"]
            answer = self.client.put(path, {"balance": computed, "locked": True})
            assert answer.status_code in (200, 201), answer.content

    def teardown(self) -> None:
        if hasattr(self, "book"):
            for plan in self.previews:
                self.client.delete(f"/imports/{plan.pk}")
            for account in NAMES:
                if whole := self.sent(account, DAYS[0], DAYS[-1]):
                    self.check_duplicates(whole)
            self.committed()


def seldom(machine: type[Imports]) -> None:
    """Take steps that chance seldom takes in this order."""
    state = machine()
    bank = [(NAMES[0], 3, "A", -50), (NAMES[0], 5, "B", 20), (NAMES[0], 7, "A", -35)]
    state.begin(bank, [(9, 1, False)])
    state.type_in(0, 1)
    state.import_at_once(NAMES[0], DAYS[0], DAYS[-1], has_rival=False, moved=None)  # of which one line matches
    state.send_again(0, 0, "x")
    state.undo(0, force=False, writes=[(0, "split")], again=False)
    state.undo(0, force=True, writes=[], again=True)
    state.import_at_once(NAMES[0], DAYS[0], DAYS[-1], has_rival=False, moved=None)
    imported = state.last_revision()
    state.write(0, "notes")
    state.undo_number(imported, force=False)
    state.teardown()


@reaches(
    new=40,
    duplicate=15,
    match=1,
    transfer=6,
    skipped=2,
    twins=20,
    duplicates=30,
    no_duplicates=20,
    again=20,
    undone=8,
    kept=1,
    delete=5,
    commit_stale=3,
    commit_locked=3,
    reimported=3,
    moved=3,
    split=3,
    split_kept=1,
    split_taken=1,
    existing=1,
    locked=3,
    changed_since=1,
    import_undone=3,
    older_import_undone=2,
    undo_undone=2,
    older_undo_undone=1,
)
def test_each_line_comes_in_once_whatever_happens(alice: User, bob: User) -> None:
    stranger = client_of(bob)
    stranger.post("/accounts", {"name": "Bank", "currency": "EUR"})
    content = HEADER + b"2026-11-01,A,10.00\n2026-11-02,B,-20.00\n"
    plan = stranger.post("/imports?account=Bank", content, content_type="text/csv").json()
    assert stranger.post(f"/imports/{plan['id']}/commit", {}).status_code == 200
    before = list(Transaction.objects.for_owner(bob).values())
    machine = type("Machine", (Imports,), {"users": (alice, bob)})
    seldom(machine)
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=cases(60), stateful_step_count=30, deadline=None),
    )
    assert list(Transaction.objects.for_owner(bob).values()) == before
