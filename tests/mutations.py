"""Small breakages of a module: which there are, and how one takes the place of the module's code."""

import ast
import gc
import sys
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from functools import _lru_cache_wrapper
from inspect import CO_OPTIMIZED
from types import CodeType, FunctionType
from typing import Any, NamedTuple

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
        for description, replacement in changes(node):
            changed = ast.copy_location(deepcopy(replacement), node)  # a part of the tree keeps its own location
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
    """Yield the code of each function in there. The body of a class, which has run, is no function."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            if constant.co_flags & CO_OPTIMIZED:
                yield constant
            yield from codes(constant)


def install(module: Any, tree: ast.Module, original: ast.Module) -> bool:
    """Put the mutant in the place of the module's functions and constants; return whether anything changed."""
    file = module.__file__
    new, old = (
        {(code.co_qualname, code.co_firstlineno): code for code in codes(compile(one, file, "exec"))}
        for one in (tree, original)
    )
    found = False
    for thing in gc.get_objects():
        if type(thing) is _lru_cache_wrapper:  # isinstance would wake Django's lazy objects
            thing.cache_clear()
        elif type(thing) is FunctionType and thing.__code__.co_filename == file:
            key = (thing.__code__.co_qualname, thing.__code__.co_firstlineno)
            code = new.get(key)
            if code and code != old.get(key) and code.co_freevars == thing.__code__.co_freevars:
                thing.__code__ = code
                found = True
    changed: set[str] = set()
    for statement, before in zip(tree.body, original.body, strict=True):
        if isinstance(statement, ast.ClassDef) and isinstance(before, ast.ClassDef):
            found = install_attributes(module, statement, before) or found
            continue
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


def install_attributes(module: Any, changed: ast.ClassDef, original: ast.ClassDef) -> bool:
    """Set the attributes of the class that changed, if they are plain values; return whether one did."""
    kind: Any = getattr(module, changed.name)
    found = False
    for statement, before in zip(changed.body, original.body, strict=True):
        if isinstance(statement, ast.Assign | ast.AnnAssign) and ast.dump(statement) != ast.dump(before):
            values = {**vars(module), **vars(kind)}
            exec(compile(ast.Module([statement], []), module.__file__, "exec"), values)  # noqa: S102  # the module's own
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            for target in targets:
                if isinstance(target, ast.Name) and isinstance(values[target.id], str | int | tuple | frozenset | dict):
                    setattr(kind, target.id, values[target.id])
                    found = True
    return found
