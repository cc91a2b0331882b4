"""The shape of the code: who imports whom, who asks whose rows, and how the tables can be distributed by owner."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import RunPython, RunSQL
from django.db.models import ForeignKey, Model

from transactions.models import OwnedForeignKey, OwnedModel

ROOT = Path(settings.BASE_DIR)
APPS = ("cashman_project", "transactions", "users")
LABELS = ("api", "transactions", "users")
SOURCES = sorted(path for app in APPS for path in (ROOT / app).rglob("*.py"))
CODE = [path for path in SOURCES if not {"tests", "migrations"} & set(path.parts)]
LONGEST = 400  # lines

# A module imports of its own app what is further down, and its own package. Django's hooks, such as apps.py and
# commands, stand outside: they import what they like, and nothing here imports them.
LAYERS = (
    {"urls"},
    {"views"},
    {"serializers", "filters"},
    {"permissions"},
    {"authentication"},
    {"services", "sessions", "browser_sessions", "housekeeping", "personal_tokens", "backends"},
    {"guessing", "owners", "oidc", "staff"},
    {"models", "keys"},
    {"querysets"},  # below the models, since a manager is made of a queryset's class
    {"money", "examples", "formats", "hashers", "jwks", "refusals"},
    {"choices"},
)
RANKS = {name: rank for rank, names in enumerate(LAYERS) for name in names}

# Which models each model refers to; a new edge is worth a thought about distributing by owner.
GRAPH = {
    "api.IdempotencyKey": {"users.User"},
    "api.AdminLogEntry": {"admin.LogEntry", "contenttypes.ContentType", "users.User"},
    "api.Claim": set(),
    "users.Attempts": set(),
    "users.User": {"auth.Group", "auth.Permission"},
    "users.Session": {"users.User"},
    "users.PersonalToken": {"users.User"},
    "users.BrowserSession": {"users.User"},
    "transactions.Category": {"users.User"},
    "transactions.MonthTotal": {"users.User", "transactions.Category"},
    "transactions.Transaction": {"users.User", "transactions.Category"},
    "transactions.Income": {"transactions.Transaction"},
    "transactions.Expense": {"transactions.Transaction"},
}
OWNED: list[Any] = [
    model
    for model in apps.get_models()
    if not model._meta.proxy and "owner" in {field.name for field in model._meta.fields}
]


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def run_time(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes below `node`, but for what only type checkers read."""
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"):
            yield child
            yield from run_time(child)


def imports_of(path: Path) -> Iterator[str]:
    """Yield the full name of each module, or name of a module, that the file imports at run time."""
    package = name_of(path).split(".") if path.name == "__init__.py" else name_of(path).split(".")[:-1]
    for node in run_time(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


IMPORTS = [(name_of(path), imported) for path in CODE for imported in imports_of(path)]


def within(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


# -- Imports ----------------------------------------------------------------------------------


def test_imports_run_one_way() -> None:
    for app in ("transactions", "users"):
        edges = {
            (importer.split(".")[1], imported.split(".")[1])
            for importer, imported in IMPORTS
            if importer.startswith(f"{app}.") and imported.startswith(f"{app}.")
        }
        inner = {(importer, imported) for importer, imported in edges if importer in RANKS and importer != imported}
        assert {imported for _importer, imported in inner} <= RANKS.keys(), "a new module: give it a layer"
        assert [edge for edge in sorted(inner) if RANKS[edge[0]] >= RANKS[edge[1]]] == []
    assert ("views", "serializers") in inner  # so there was something to see


def test_the_plumbing_knows_nothing_of_the_domain() -> None:
    plumbing = [edge for edge in IMPORTS if within(edge[0], "cashman_project.api")]
    assert len(plumbing) > 50
    assert [edge for edge in plumbing if within(edge[1], "transactions", "users")] == []


def test_money_and_formats_know_nothing_of_rows_or_views() -> None:
    low = [edge for edge in IMPORTS if within(edge[0], "cashman_project.money.amounts", "transactions.formats")]
    assert low
    assert [edge for edge in low if within(edge[1], *APPS, "rest_framework.views", "rest_framework.request")] == []


def test_the_apps_meet_at_money_and_erasure_alone() -> None:
    met = {edge for edge in IMPORTS if within(edge[0], "users") and within(edge[1], "transactions")}
    met |= {edge for edge in IMPORTS if within(edge[0], "transactions") and within(edge[1], "users")}
    assert {imported for _importer, imported in met} == {
        "cashman_project.money.currencies.DIGITS",
        "cashman_project.money.currencies.validate_currency",
        "transactions.services.erasure.erase_users",
        "users.login_throttle.unlock",
    }


def test_services_take_no_request() -> None:
    assert [edge for edge in IMPORTS if ".services" in edge[0] and "request" in edge[1].lower()] == []


# -- Whose rows -------------------------------------------------------------------------------


def test_no_code_but_owner_of_reads_the_requests_user() -> None:
    readers = []
    for path in CODE:
        nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)]
        whether = [node.value for node in nodes if node.attr == "is_authenticated"]  # asks for no rows
        users = [node for node in nodes if node.attr in ("user", "_user") and "request" in ast.unparse(node.value)]
        readers += [name_of(path) for node in users if node not in whether]
    assert readers == ["cashman_project.api.owner"]


@pytest.mark.parametrize("model", OWNED, ids=lambda model: model.__name__)
def test_indexes_and_unique_constraints_start_with_the_owner(model: type[Model], db: None) -> None:
    """Read from the database itself, so that what Django or a migration adds is seen too."""
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, model._meta.db_table)
    keys = {name: key["columns"] for name, key in found.items() if key["index"] or key["unique"]}
    keys["primary key"] = [field.column for field in model._meta.pk_fields]  # whose order Django can't read from SQLite

    assert [columns for columns in keys.values() if columns[0] == "owner_id"]
    assert {name: columns for name, columns in keys.items() if columns[0] != "owner_id" and columns != ["id"]} == {}


def test_rows_of_one_owner_refer_to_rows_of_the_same() -> None:
    for model in OWNED:
        for field in model._meta.concrete_fields:
            if isinstance(field, ForeignKey) and field.name != "owner":
                assert isinstance(field, OwnedForeignKey), field
                assert issubclass(field.related_model, OwnedModel)  # type: ignore[arg-type]  # no "self" here


def test_models_refer_to_each_other_as_pinned() -> None:
    graph: dict[str, set[str]] = {}
    for model in apps.get_models():
        if model._meta.app_label in LABELS:
            fields: list[Any] = [] if model._meta.proxy else [*model._meta.fields, *model._meta.many_to_many]
            related: set[Any] = {field.related_model for field in fields if field.is_relation}
            related |= {model._meta.concrete_model} - {model}
            graph[model._meta.label] = {other._meta.label for other in related}
    assert graph == GRAPH


# -- Files and migrations ---------------------------------------------------------------------


def test_files_stay_short() -> None:
    lengths = {name_of(path): len(path.read_text().splitlines()) for path in [*SOURCES, ROOT / "conftest.py"]}
    assert len(lengths) > 50
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def test_no_migration_is_missing(db: None) -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_schema_and_data_migrations_do_not_mix() -> None:
    for (app, name), migration in MigrationLoader(None).disk_migrations.items():
        if app in LABELS:
            data = {isinstance(operation, RunPython | RunSQL) for operation in migration.operations}
            assert len(data) == 1, f"{app} {name}"
