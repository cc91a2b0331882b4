"""Break the code in small ways, one at a time, and list the breakages that the nearest tests do not notice.

Each mutant runs in a fork of one process that has imported everything and made the test database, and ends at the first
test that fails. Only what functions do, and the values of a module's constants, are changed. `mutants_excused.txt`
names the survivors that no test can or should notice, with the reason for each.
"""

import ast
import gc
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from functools import _lru_cache_wrapper, partial
from importlib import import_module
from mmap import mmap
from multiprocessing import get_context
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, NamedTuple

import pytest
from django.conf import settings
from django.db import connections

LEAST = 90  # percent of the mutants that must be killed
EXCUSED = Path(__file__).with_name("mutants_excused.txt")
MONEY = ["transactions/tests/test_money.py", "transactions/tests/test_money_expressions.py"]
CREATION = ["transactions/tests/test_fast_create.py", "transactions/tests/test_bulk_create.py"]
LISTS = ["transactions/tests/test_pages.py", "transactions/tests/test_fastpath.py"]
SUMS = ["transactions/tests/test_totals.py", "transactions/tests/test_api_summary.py"]
FILTERS = ["cashman_project/api/tests/test_strict_parameters.py", "transactions/tests/test_api_transactions.py"]
# The tests that are nearest to each module.
TESTS = {
    "cashman_project/money/amounts.py": MONEY,
    "cashman_project/money/currencies.py": ["transactions/tests/test_money.py"],
    "cashman_project/money/model_field.py": [*MONEY, "transactions/tests/test_models_transaction.py"],
    "cashman_project/money/serializer_field.py": [
        "transactions/tests/test_money.py",
        "cashman_project/api/tests/test_strict_fields.py",
    ],
    "cashman_project/money/form_field.py": ["transactions/tests/test_money_forms.py"],
    "cashman_project/money/sums.py": ["transactions/tests/test_money_expressions.py", *SUMS],
    "ledgers/querysets.py": ["ledgers/tests", *CREATION, "transactions/tests/test_bulk_change.py"],
    "transactions/querysets.py": [
        *CREATION,
        *SUMS,
        "transactions/tests/test_bulk_change.py",
        "transactions/tests/test_models_category.py",
        "transactions/tests/test_api_summary.py",
        "transactions/tests/test_api_expenses.py",
        "transactions/tests/test_api_categories.py",
        "transactions/tests/test_api_transactions.py",
    ],
    "transactions/totals.py": SUMS,
    "transactions/services/fast_create.py": CREATION,
    "transactions/services/summary.py": SUMS,
    "transactions/services/categories.py": ["transactions/tests/test_api_categories.py"],
    "transactions/services/erasure.py": ["transactions/tests/test_erasure.py", "users/tests/test_api_erase.py"],
    "cashman_project/api/etags.py": ["cashman_project/api/tests/test_etags.py"],
    "cashman_project/api/idempotency.py": [
        "transactions/tests/test_idempotency.py",
        "transactions/tests/test_admin_sent_twice.py",
        "cashman_project/api/tests/test_pages_sent_twice.py",
    ],
    "cashman_project/api/pagination.py": [
        *LISTS,
        "cashman_project/api/tests/test_strict_parameters.py",
        "cashman_project/api/tests/test_schema.py",
    ],
    "cashman_project/api/filters.py": [*FILTERS, "cashman_project/api/tests/test_dates.py"],
    "transactions/filters.py": [*FILTERS, "transactions/tests/test_fastpath.py", "transactions/tests/test_search.py"],
    "cashman_project/api/fastpath/responses.py": LISTS,
    "cashman_project/api/fastpath/row_json.py": LISTS,
    "cashman_project/api/fastpath/owner_query.py": LISTS,
    "cashman_project/api/fastpath/checks.py": ["cashman_project/api/tests/test_fastpath_checks.py"],
    "transactions/services/usual_notation.py": [*CREATION, "transactions/tests/test_usual_notation.py"],
}
OTHER: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult,
}  # fmt: skip
NEVER_CHANGED = ("annotation", "returns", "decorator_list", "defaults", "kw_defaults")  # made when it is imported


def altered(node: Any, **fields: Any) -> Any:
    """Return a copy of the node with these fields."""
    copy = deepcopy(node)
    for name, value in fields.items():
        setattr(copy, name, value)
    return copy


def changes(node: Any) -> Iterator[tuple[str, Any]]:
    """Yield what may stand in the place of the node, and a description of each."""
    match node:
        case ast.Compare(ops=[operator]) if type(operator) in OTHER:
            other = OTHER[type(operator)]
            yield f"{type(operator).__name__} becomes {other.__name__}", altered(node, ops=[other()])
        case ast.BoolOp(op=operator) | ast.BinOp(op=operator) if type(operator) in OTHER:
            other = OTHER[type(operator)]
            yield f"{type(operator).__name__} becomes {other.__name__}", altered(node, op=other())
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield "not is left out", operand
        case ast.Constant(value=bool() as value):
            yield f"{value} becomes {not value}", ast.Constant(not value)
        case ast.Constant(value=int() as value):
            yield f"{value} becomes {value + 1}", ast.Constant(value + 1)
        case ast.Constant(value=str() as value) if value:
            yield f"{value[:20]!r} becomes longer", ast.Constant(value + "x")
        case ast.If(test=test) | ast.IfExp(test=test):
            yield "the condition is turned", altered(node, test=ast.UnaryOp(ast.Not(), test))
        case ast.Raise() | ast.Expr(value=ast.Call()):
            yield "the statement is left out", ast.Pass()
        case ast.Call(func=ast.Attribute(value=receiver, attr=name)) if not isinstance(receiver, ast.Name):
            yield f"the call of {name} is left out", receiver
        case ast.Return(value=ast.expr() as value) if ast.unparse(value) != "None":
            yield "None is returned", ast.Return(ast.Constant(None))
    if isinstance(node, ast.Call):
        for keyword in node.keywords:
            others = [other for other in node.keywords if other is not keyword]
            yield f"{keyword.arg or '**'}= is left out", altered(node, keywords=others)


def places(node: ast.AST, function: str = "") -> Iterator[tuple[ast.AST, str, int | None, str]]:
    """Yield where each node below this one is: its parent, the parent's field, the index in a list, the function."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        function = f"{function}.{node.name}".lstrip(".")
    for name, value in ast.iter_fields(node):
        if name in NEVER_CHANGED or isinstance(node, ast.JoinedStr):
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            docstring = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
            called = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
            message = called.endswith("Error") and isinstance(child, ast.Constant)
            if isinstance(child, ast.AST) and not docstring and not message and called not in ("_", "cast", "TypeVar"):
                yield node, name, index, function
                yield from places(child, function)


class Mutant(NamedTuple):
    """A module with a small breakage. Its name says which one, in a way that survives changes elsewhere."""

    name: str
    line: int
    tree: ast.Module


def mutants(tree: ast.Module) -> Iterator[Mutant]:
    """Yield the module with each small breakage."""
    seen: Counter[str] = Counter()
    for parent, name, index, function in places(tree):
        holder: Any = getattr(parent, name)
        node = holder if index is None else holder[index]
        shown = parent if isinstance(node, ast.Constant) else node
        text = " ".join(ast.unparse(shown).split("\n", 1)[0].split())[:80]
        for description, changed in changes(node):
            ast.copy_location(changed, node)
            if index is None:
                setattr(parent, name, changed)
            else:
                holder[index] = changed
            copy = ast.fix_missing_locations(deepcopy(tree))
            if index is None:
                setattr(parent, name, node)
            else:
                holder[index] = node
            label = f"{function or 'module'}: {text}: {description}"
            seen[label] += 1
            number = f" ({seen[label]})" if seen[label] > 1 else ""
            yield Mutant(label + number, getattr(node, "lineno", 0), copy)


def codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from codes(constant)


def install(module: Any, tree: ast.Module, original: ast.Module) -> bool:
    """Put the mutant in the place of the module's functions and constants; return whether anything changed."""
    file = module.__file__
    new = {(code.co_qualname, code.co_firstlineno): code for code in codes(compile(tree, file, "exec"))}
    found = False
    for thing in gc.get_objects():
        if type(thing) is _lru_cache_wrapper:  # isinstance would wake Django's lazy objects
            thing.cache_clear()
        elif type(thing) is FunctionType and thing.__code__.co_filename == file:
            code = new.get((thing.__code__.co_qualname, thing.__code__.co_firstlineno))
            if code and code != thing.__code__ and code.co_freevars == thing.__code__.co_freevars:
                thing.__code__ = code
                found = True
    changed: set[str] = set()
    for statement, before in zip(tree.body, original.body, strict=True):
        used = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
        if isinstance(statement, ast.Assign | ast.AnnAssign) and (
            ast.dump(statement) != ast.dump(before) or used & changed
        ):
            values = dict(vars(module))
            exec(compile(ast.Module([statement], []), file, "exec"), values)  # noqa: S102  # the module's own code
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            names = {target.id for target in targets if isinstance(target, ast.Name)}
            changed |= names
            for name in names:
                for other in list(sys.modules.values()):
                    if getattr(other, "__dict__", {}).get(name) is vars(module)[name] and other is not module:
                        setattr(other, name, values[name])
                setattr(module, name, values[name])
                found = True
    return found


@dataclass
class Result:
    """What became of a module's mutants."""

    path: str
    possible: int = 0
    killed: int = 0
    untouched: int = 0  # neither a function nor a constant differs
    excused: int = 0
    survivors: list[str] = field(default_factory=list)
    error: str = ""

    @property
    def tried(self) -> int:
        return self.killed + len(self.survivors)

    def lines(self) -> list[str]:
        score = f"{self.killed} of {self.tried} killed ({percent(self.killed, self.tried)}), {self.excused} excused"
        lines = [f"{self.path}: {score}, {self.possible} possible"]
        lines += [f"  survived: {survivor}" for survivor in sorted(self.survivors)]
        return [*lines, f"  {self.error}"] if self.error else lines


def percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "-"


def excuses() -> dict[str, set[str]]:
    """Return the names of the excused mutants of each module."""
    found: dict[str, set[str]] = {}
    for line in EXCUSED.read_text().splitlines():
        if line and not line.startswith("#"):
            mutant, _reason = line.rsplit("  # ", 1)
            path, name = mutant.split(": ", 1)
            found.setdefault(path, set()).add(name)
    return found


class Mutants:
    """Runs a module's tests as they are, then again with each mutant of a sample."""

    def __init__(self, path: str, number: int) -> None:
        self.number = number
        self.result = Result(path, error="The tests were not run.")
        self.took: dict[str, float] = {}
        self.failed = mmap(-1, 2)  # the position of the test that a fork has failed

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        import hypothesis  # pytest warns of plugins that were imported before it

        items[:] = [item for item in items if not item.get_closest_marker("live")]
        database = settings.DATABASES["default"]
        name = database["TEST"]["NAME"] or f"test_{database['NAME']}"
        database["TEST"]["NAME"] = f"{name}_{self.result.path.replace('/', '_').removesuffix('.py')}"
        for item in items:
            # Any failure will do: nobody reads the smallest example.
            test: Any = getattr(item.obj, "__func__", item.obj)
            while found := getattr(test, "_hypothesis_internal_use_settings", None):
                phases = [hypothesis.Phase.explicit, hypothesis.Phase.generate]
                test._hypothesis_internal_use_settings = hypothesis.settings(found, phases=phases)
                test = getattr(test, "__wrapped__", None)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.took[report.nodeid] = self.took.get(report.nodeid, 0) + report.duration

    def run(self, items: list[Any], session: pytest.Session) -> bool:
        """Run the tests until one fails; return whether all passed. The last one leaves the database as it is."""
        for position, item in enumerate(items):
            following = items[(position + 1) % len(items)]
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if session.testsfailed:
                self.failed[:] = position.to_bytes(2)
                return False
        return True

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        result, start = self.result, time.monotonic()
        if not self.run(session.items, session):
            result.error = "The tests fail without a mutant."
            return True
        limit = 10 + 4 * int(time.monotonic() - start)
        items = sorted(session.items, key=lambda item: self.took[item.nodeid])
        if self.outcome(lambda: True, items, session, limit):
            result.error = "The tests fail in a fork without a mutant."
            return True
        original = ast.parse(Path(result.path).read_text())
        module = import_module(result.path.removesuffix(".py").replace("/", "."))
        choice = list(mutants(original))
        excused = excuses().get(result.path, set())
        stale = excused - {mutant.name for mutant in choice}
        result.error = f"excused, but not there: {sorted(stale)}" if stale else ""
        result.possible = len(choice)
        random.Random(12).shuffle(choice)  # the same sample at every run
        for mutant in choice:
            if result.tried == self.number:
                break
            if mutant.name in excused:
                result.excused += 1
                continue
            outcome = self.outcome(partial(install, module, mutant.tree, original), items, session, limit)
            if outcome == 0:
                result.survivors.append(f"{result.path}:{mutant.line} {mutant.name}")
            elif outcome == 1:
                items.insert(0, items.pop(int.from_bytes(self.failed)))  # it may well fail for the next mutant, too
            result.killed += outcome not in (0, 3)
            result.untouched += outcome == 3
            # A test that was ended while it ran may have left rows behind, and these fail every test after it.
            if outcome < 0 and self.outcome(lambda: True, items, session, limit):
                result.error = f"The tests fail without a mutant, after {mutant.name}."
                break
        return True

    def outcome(self, change: Callable[[], bool], items: list[Any], session: pytest.Session, limit: int) -> int:
        """Run the tests in a fork after the change: 0 if all pass, 3 if nothing was changed, else another number."""
        if child := os.fork():
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        outcome = 1
        try:
            signal.alarm(limit)
            for stream in (1, 2):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
            connect_anew()
            if not change():
                outcome = 3
            elif self.run(items, session):
                outcome = 0
        finally:
            os._exit(outcome)


inherited: list[Any] = []  # never closed: that would end the parent's connection


def connect_anew() -> None:
    """Let the fork open a connection of its own to PostgreSQL, which can't be shared. A file can."""
    for connection in connections.all():
        if connection.vendor == "postgresql":
            inherited.append(connection.connection)
            connection.connection = None


def try_module(path: str, number: int) -> Result:
    """Run the module's tests with that many of its mutants. Each module has a process of its own."""
    plugin = Mutants(path, number)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--capture=sys", *TESTS[path]], plugins=[plugin])
    return plugin.result


def main() -> int:
    only, number = os.environ.get("ONLY", ""), int(os.environ.get("LENGTH", "24"))
    paths = [path for path in TESTS if path.startswith(only)]
    killed = tried = errors = 0
    with get_context("fork").Pool(os.cpu_count(), maxtasksperchild=1) as pool:
        for result in pool.imap(partial(try_module, number=number), paths, chunksize=1):
            sys.stdout.write("\n".join([*result.lines(), ""]))
            sys.stdout.flush()
            killed, tried = killed + result.killed, tried + result.tried
            errors += bool(result.error)
    sys.stdout.write(f"{killed} of {tried} killed ({percent(killed, tried)}); {LEAST} % must be\n")
    return int(bool(errors) or 100 * killed < LEAST * tried)


if __name__ == "__main__":
    sys.exit(main())
