"""The shape of the code: who imports whom, who asks whose rows, and how the tables can be distributed by owner."""

import ast
import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import AddField, RunPython, RunSQL
from django.db.models import ForeignKey, Model
from django.db.models.fields import NOT_PROVIDED

from ledgers.models import Change, Ledger, OwnedForeignKey, OwnedModel, Revision

ROOT = Path(settings.BASE_DIR)
APPS = ("cashman_project", "ledgers", "moving", "reports", "statements", "transactions", "users")
LABELS = ("api", "ledgers", "statements", "transactions", "users")
SOURCES = sorted(path for app in APPS for path in (ROOT / app).rglob("*.py"))
CODE = [path for path in SOURCES if not {"tests", "migrations"} & set(path.relative_to(ROOT).parts)]
LONGEST = 400  # lines
ANY, MOST_ANY = re.compile(r"\bAny\b"), 199  # lines, imports included

# The house, from the top down (docs/architecture.md): a part imports only from the parts below its line.
HOUSE = (
    {"cashman_project.server"},
    {"cashman_project.urls", "cashman_project.wsgi"},
    {"moving"},
    {"reports", "statements"},
    {"transactions"},
    {"ledgers"},
    {"users"},
    {"cashman_project.api", "cashman_project.money"},
    {"cashman_project.db"},
    {"cashman_project.settings"},
    {
        "cashman_project.environment",
        "cashman_project.locales",
        "cashman_project.misspelt",
        "cashman_project.progress",
        "cashman_project.texts",
    },
    {"cashman_project.languages"},
)
FLOORS = {part: floor for floor, parts in enumerate(HOUSE) for part in parts}

# The rooms of an app, likewise. Django's hooks (admin.py, apps.py, schema.py, commands) may import whatever they like,
# and no room imports them.
LAYERS = (
    {"urls"},
    {"views", "account_views", "name_views", "profile_views", "rule_views", "transfer_views", "viewsets"}
    | {"start_view", "summary_view"},
    {"base_view", "paging", "history_pages", "split_views", "import_page_views", "resending", "exports"},
    {"tables", "summary_tables", "dashboard", "summary_page", "category_pages", "account_pages", "split_pages"}
    | {"import_pages", "import_row_pages", "rule_pages"},
    {"summary_chart", "list_page", "import_questions"},
    {"date_links", "import_forms"},
    {"pictures"},
    {"account_serializers", "transfer_serializers", "split_serializers", "rule_serializers"},
    {"serializers", "filters"},
    {"uploads", "tag_fields", "question_serializers"},
    {"name_fields"},
    {"permissions"},
    {"authentication"},
    {"services", "sessions", "browser_sessions", "housekeeping", "personal_tokens", "backends"},
    {"periods"},
    {"charts"},
    {"login_throttle", "token_owner", "oidc", "staff"},
    {"resources", "reads", "router", "files"},
    {"models", "formats"},
    {"erasure"},  # below the models, since deleting a user erases it
    {"rule_querysets"},
    {"querysets", "transaction_querysets"},  # below the models, since a manager is made of a queryset's class
    {"undo_rules"},
    {"split_rules"},
    {"history", "at_once"},
    {"writer"},
    {"totals", "token_errors", "account_examples", "transfer_examples", "split_examples", "rule_examples"},
    {"examples", "hashers", "preferences", "turns"},
    {"names", "errors", "groupings", "orderings", "words"},
    {"calendar", "choices"},
)
ROOMS = {name: layer for layer, names in enumerate(LAYERS) for name in names}
HOOKS = {
    "account_admin",
    "admin",
    "admin_merging",
    "apps",
    "checks",
    "hashers",
    "management",
    "owned_admin",
    "rule_admin",
    "schema",
    "sqlite",
    "tag_triggers",
    "templatetags",
    "triggers",
}

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
    "ledgers.Ledger": {"users.User"},
    "ledgers.Revision": {"ledgers.Ledger", "users.User"},
    "ledgers.Change": {"ledgers.Ledger"},
    "statements.Import": {"users.User"},
    "statements.ImportFile": {"users.User"},
    "statements.ImportProfile": {"users.User"},
    "statements.ImportRow": {"users.User"},
    "statements.LineIdentity": {"users.User"},
    "transactions.Account": {"users.User"},
    "transactions.BalanceCheck": {"users.User", "transactions.Account"},
    "transactions.Category": {"users.User"},
    "transactions.MonthTotal": {"users.User", "transactions.Category", "transactions.Account"},
    "transactions.RejectedTransfer": {"users.User"},
    "transactions.Rule": {"users.User", "transactions.Category", "transactions.Account"},
    "transactions.Tag": {"users.User"},
    "transactions.Transaction": {
        "users.User",
        "transactions.Category",
        "transactions.Account",
        "transactions.Transfer",
    },
    "transactions.TransactionTag": {"users.User", "transactions.Transaction"},
    "transactions.Transfer": {"users.User"},
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
MODULES = {name_of(path) for path in CODE}


def module_of(imported: str) -> str | None:
    """Return the module of ours that an imported name is, or is in; None for anybody else's."""
    return imported if imported in MODULES else next(iter({imported.rpartition(".")[0]} & MODULES), None)


EDGES = {
    (importer, module)
    for importer, imported in IMPORTS
    if (module := module_of(imported)) is not None and module != importer
}


def part_of(module: str) -> str:
    """Return the part of the house that a module is in."""
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "cashman_project" else parts[0]


def within(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


# -- Imports ----------------------------------------------------------------------------------


def test_imports_run_down_the_house() -> None:
    between = {(part_of(importer), part_of(module)) for importer, module in EDGES} - {(part, part) for part in FLOORS}
    assert {part for edge in between for part in edge} <= FLOORS.keys(), "a new part: give it a floor"
    assert [edge for edge in sorted(between) if FLOORS[edge[0]] >= FLOORS[edge[1]]] == []
    assert ("transactions", "ledgers") in between  # so there was something to see


def test_rooms_of_an_app_import_one_way() -> None:
    for app in ("ledgers", "moving", "reports", "statements", "transactions", "users"):
        inner = {
            (importer.split(".")[1], module.split(".")[1])
            for importer, module in EDGES
            if importer.startswith(f"{app}.") and module.startswith(f"{app}.")
        }
        inner = {edge for edge in inner if edge[0] not in HOOKS and edge[0] != edge[1]}
        assert {room for edge in inner for room in edge} <= ROOMS.keys(), "a new room: give it a layer"
        assert [edge for edge in sorted(inner) if ROOMS[edge[0]] >= ROOMS[edge[1]]] == []
    assert ("views", "serializers") in inner


def test_no_modules_import_each_other_in_a_circle() -> None:
    below: dict[str, set[str]] = {module: {to for importer, to in EDGES if importer == module} for module in MODULES}
    done: set[str] = set()

    def follow(module: str, way: tuple[str, ...]) -> None:
        assert module not in way, f"a circle: {' -> '.join((*way[way.index(module) :], module))}"
        if module not in done:
            for imported in sorted(below[module]):
                follow(imported, (*way, module))
            done.add(module)

    for module in sorted(MODULES):
        follow(module, ())
    assert len(EDGES) > 150


def test_the_lowest_floors_know_no_requests() -> None:
    low = [edge for edge in IMPORTS if within(edge[0], "cashman_project.db", "cashman_project.money")]
    assert low
    assert [
        edge for edge in low if within(edge[1], "django.http", "rest_framework.views", "rest_framework.request")
    ] == []


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


@pytest.mark.parametrize("model", [*OWNED, Revision, Change], ids=lambda model: model.__name__)
def test_indexes_and_unique_constraints_start_with_the_owner(model: type[Model], db: None) -> None:
    """Read from the database itself, so that what Django or a migration adds is seen too."""
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, model._meta.db_table)
    keys = {name: key["columns"] for name, key in found.items() if key["index"] or key["unique"]}
    keys["primary key"] = [field.column for field in model._meta.pk_fields]  # whose order Django can't read from SQLite

    by_owner = {name for name, columns in keys.items() if columns[0] in ("owner_id", "ledger_id")}
    assert by_owner or model is Ledger  # whose id is its owner's
    others = {name: columns for name, columns in keys.items() if name not in by_owner and columns != ["id"]}
    assert others == ({"revision_by": ["by_id"]} if model is Revision else {})  # for an erasure of who is not the owner


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


def test_any_has_a_reason_and_stays_rare() -> None:
    """`Any` has a comment in its line or the one above, or at its import if all of the file have the same cause."""
    lines, without = 0, []
    for path in CODE:
        above, is_told = "", False
        for number, line in enumerate(path.read_text().splitlines(), 1):
            code = line.partition("#")[0]
            if line.startswith("from typing import"):
                is_told = is_told or "#" in line
            elif ANY.search(code) and not (is_told or "#" in line or above.startswith("#")):
                without.append(f"{path.relative_to(ROOT)}:{number}")
            lines += bool(ANY.search(line))
            above = line.strip()
    assert without == []
    assert MOST_ANY / 2 < lines <= MOST_ANY


def test_no_migration_is_missing(db: None) -> None:
    output = StringIO()
    try:
        call_command("makemigrations", "--check", "--dry-run", stdout=output)
    except SystemExit:
        pytest.fail(f"A migration is missing: `manage.py makemigrations` makes it.\n{output.getvalue()}")


def test_schema_and_data_migrations_do_not_mix() -> None:
    for (app, name), migration in MigrationLoader(None).disk_migrations.items():
        if app in LABELS:
            data = {
                isinstance(operation, RunPython) or (isinstance(operation, RunSQL) and not operation.state_operations)
                for operation in migration.operations
            }
            assert len(data) == 1, f"{app} {name}"


def test_the_workers_of_before_can_insert_rows_without_a_new_column() -> None:
    """While an upgrade runs, they insert rows whose new columns they don't know."""
    known = {("users", "0004_browser_sessions")}  # of tables that no worker of before writes for long
    for (app, name), migration in MigrationLoader(None).disk_migrations.items():
        if app in LABELS and (app, name) not in known:
            for added in (part for one in migration.operations for part in getattr(one, "state_operations", [one])):
                if isinstance(added, AddField):
                    is_optional = added.field.null or added.field.db_default is not NOT_PROVIDED
                    assert is_optional, f"{app} {name}: {added.name} has no db_default"


# -- Tests ------------------------------------------------------------------------------------


def test_every_property_test_says_how_many_cases_reach_its_point() -> None:
    found, silent = 0, []
    for path in SOURCES:
        for test in ast.parse(path.read_text()).body:  # a test of methods has its `given` on a function within it
            names = [
                ast.unparse(decorator).partition("(")[0]
                for node in ast.walk(test)
                if isinstance(node, ast.FunctionDef)
                for decorator in node.decorator_list
            ]
            if "given" in names:
                found += 1
                if "reaches" not in names[: names.index("given")]:
                    silent.append(f"{path.name}: {getattr(test, 'name', '?')}")
    assert found > 15
    assert silent == []
