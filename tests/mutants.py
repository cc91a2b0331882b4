"""Break the code in small ways, one at a time, and list the breakages that the nearest tests do not notice.

Each mutant runs in a fork of one process that has imported everything and made the test database, and ends at the first
test that fails. Only what functions do, and the values of a module's constants, are changed. The database is SQLite:
what PostgreSQL alone does survives here, since forks can't share a connection to it.
"""

import ast
import gc
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import _lru_cache_wrapper, partial
from importlib import import_module
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest

MONEY = ["transactions/tests/test_money.py", "transactions/tests/test_money_expressions.py"]
CREATION = ["transactions/tests/test_fast_create.py", "transactions/tests/test_bulk_create.py"]
LISTS = ["transactions/tests/test_pages.py", "transactions/tests/test_fastpath.py"]
# The tests that are nearest to each module.
TESTS = {
    "cashman_project/money/amounts.py": [*MONEY, *CREATION],
    "cashman_project/money/currencies.py": MONEY,
    "cashman_project/money/model_field.py": [*MONEY, "transactions/tests/test_models_transaction.py"],
    "cashman_project/money/serializer_field.py": [*MONEY, "cashman_project/api/tests/test_strict_fields.py"],
    "cashman_project/money/form_field.py": [*MONEY, "cashman_project/api/tests/test_pages_forms.py"],
    "cashman_project/money/sums.py": ["transactions/tests/test_totals.py", "transactions/tests/test_month_totals.py"],
    "ledgers/querysets.py": ["ledgers/tests", *CREATION, "transactions/tests/test_bulk_change.py"],
    "cashman_project/api/etags.py": ["cashman_project/api/tests/test_etags.py"],
    "cashman_project/api/idempotency.py": [
        "transactions/tests/test_idempotency.py",
        "transactions/tests/test_admin_sent_twice.py",
        "cashman_project/api/tests/test_pages_sent_twice.py",
    ],
    "cashman_project/api/pagination.py": LISTS,
    "cashman_project/api/fastpath/responses.py": LISTS,
    "cashman_project/api/fastpath/row_json.py": LISTS,
    "cashman_project/api/fastpath/owner_query.py": LISTS,
    "transactions/services/fast_create.py": CREATION,
    "transactions/services/usual_notation.py": [*CREATION, "transactions/tests/test_usual_notation.py"],
    "transactions/services/summary.py": ["transactions/tests/test_api_summary.py", "transactions/tests/test_totals.py"],
    "transactions/services/categories.py": ["transactions/tests/test_api_categories.py"],
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
        case ast.Return(value=ast.expr()):
            yield "None is returned", ast.Return(ast.Constant(None))
    if isinstance(node, ast.Call):
        for keyword in node.keywords:
            others = [other for other in node.keywords if other is not keyword]
            yield f"{keyword.arg}= is left out", altered(node, keywords=others)


def places(node: ast.AST) -> Iterator[tuple[ast.AST, str, int | None]]:
    """Yield where each node below this one stands: its parent, the parent's field, and the index in a list."""
    for name, value in ast.iter_fields(node):
        if name in NEVER_CHANGED or isinstance(node, ast.JoinedStr):
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            docstring = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
            text = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "cast")
            if isinstance(child, ast.AST) and not docstring and not text:
                yield node, name, index
                yield from places(child)


def mutants(tree: ast.Module) -> Iterator[tuple[int, str, ast.Module]]:
    """Yield the line, a description and the whole module, for each small breakage."""
    for parent, name, index in places(tree):
        holder: Any = getattr(parent, name)
        node = holder if index is None else holder[index]
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
            yield getattr(node, "lineno", 0), description, copy


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
    for statement, before in zip(tree.body, original.body, strict=True):
        if isinstance(statement, ast.Assign) and ast.dump(statement) != ast.dump(before):
            values = dict(vars(module))
            exec(compile(ast.Module([statement], []), file, "exec"), values)  # noqa: S102  # the module's own code
            for name in (target.id for target in statement.targets if isinstance(target, ast.Name)):
                for other in list(sys.modules.values()):
                    if getattr(other, "__dict__", {}).get(name) is vars(module)[name] and other is not module:
                        setattr(other, name, values[name])
                setattr(module, name, values[name])
                found = True
    return found


class Mutants:
    """Runs the tests as they are, then again with each mutant, until the time is up."""

    def __init__(self, path: str, seconds: float) -> None:
        self.path, self.seconds = path, seconds
        self.killed, self.untouched = 0, 0
        self.survivors: list[str] = []
        self.took: dict[str, float] = {}

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        items[:] = [item for item in items if not {"live", "transactional_db"} & set(item.fixturenames)]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.took[report.nodeid] = self.took.get(report.nodeid, 0) + report.duration

    def run(self, items: list[Any], session: pytest.Session) -> bool:
        """Run the tests until one fails; return whether all passed. The last one leaves the database as it is."""
        for item, following in zip(items, [*items[1:], items[0]], strict=True):
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if session.testsfailed:
                return False
        return True

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        start = time.monotonic()
        if not self.run(session.items, session):
            raise pytest.UsageError(f"The tests of {self.path} fail without a mutant.")
        limit = 10 + 4 * int(time.monotonic() - start)
        if self.outcome(lambda: True, session.items, session, limit) != 0:
            raise pytest.UsageError(f"The tests of {self.path} fail in a fork without a mutant.")
        items = sorted(session.items, key=lambda item: self.took[item.nodeid])
        original = ast.parse(Path(self.path).read_text())
        module = import_module(self.path.removesuffix(".py").replace("/", "."))
        choice = list(mutants(original))
        random.Random(12).shuffle(choice)  # the same sample at every run
        until = time.monotonic() + self.seconds
        for line, description, tree in choice:
            if time.monotonic() > until:
                break
            outcome = self.outcome(partial(install, module, tree, original), items, session, limit)
            if outcome == 0:
                self.survivors.append(f"{self.path}:{line}: {description}")
            self.killed += outcome not in (0, 3)
            self.untouched += outcome == 3
        tried = self.killed + len(self.survivors)
        lines = [f"{self.path}: {self.killed} of {tried} killed; {len(choice)} are possible"]
        lines += [f"  survived: {survivor}" for survivor in sorted(self.survivors)]
        os.write(1, "\n".join(["", *lines, ""]).encode())
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
            if not change():
                outcome = 3
            elif self.run(items, session):
                outcome = 0
        finally:
            os._exit(outcome)


def main() -> None:
    os.environ.pop("DATABASE_URL", None)
    only, seconds = os.environ.get("ONLY", ""), float(os.environ.get("LENGTH", "60"))
    for path, files in TESTS.items():
        if path.startswith(only):
            if child := os.fork():
                os.waitpid(child, 0)
            else:
                arguments = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--capture=sys", *files]
                pytest.main(arguments, plugins=[Mutants(path, seconds)])
                os._exit(0)


if __name__ == "__main__":
    main()
