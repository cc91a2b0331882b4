"""`manage.py shard`: the tables of owned rows are distributed by owner, and stay so. Most of it needs a Citus."""

from collections.abc import Iterator
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, models
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.operations import AddField, AddIndex, CreateModel
from rest_framework.test import APIClient
from uuid_utils.compat import uuid7

from cashman_project.api.views import ReadyView
from cashman_project.db.postgresql.citus import _foreign_keys, has_citus, local_tables, owned_tables
from ledgers.models import OwnedForeignKey
from ledgers.models.owned import OwnerField
from transactions.models import MonthTotal, Transaction
from transactions.tests.factories import CategoryFactory, IncomeFactory
from transactions.tests.test_month_totals import held
from transactions.triggers import differences
from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)


def shard(*arguments: str) -> list[str]:
    out = StringIO()
    call_command("shard", *arguments, stdout=out)
    return out.getvalue().splitlines()


def faults() -> list[str]:
    out = StringIO()
    with pytest.raises(CommandError, match=r"^The database is not distributed as it should be"):
        call_command("shard", "--check", stdout=out)
    return out.getvalue().splitlines()


def execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.fixture
def citus(db: None) -> Iterator[None]:
    """The tests' database on a Citus, which is distributed again at the end."""
    if not has_citus(connection):
        pytest.skip("needs a Citus")
    yield
    shard()


@pytest.mark.parametrize("arguments", [[], ["--check"]])
def test_a_database_without_citus_is_refused(arguments: list[str]) -> None:
    if has_citus(connection):
        pytest.skip("needs a database without Citus")
    with pytest.raises(CommandError, match=r"^This database has no Citus"):
        shard(*arguments)
    assert local_tables(connection) == []


def test_a_second_run_changes_nothing(citus: None) -> None:
    assert shard() == shard("--check") != []


def test_every_owned_table_is_distributed_by_owner_with_the_ledgers(citus: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name::text, distribution_column, colocation_id FROM citus_tables")
        stored = {table: (column, group) for table, column, group in cursor.fetchall()}
    _column, ledgers = stored["ledgers_ledger"]
    assert {table: column for table, (column, group) in stored.items() if group == ledgers} == owned_tables()


def test_a_table_that_was_forgotten_is_told_and_then_distributed_with_its_rows(
    citus: None, alice: User, nobody: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    IncomeFactory.create_batch(3, owner=alice, category=CategoryFactory.create(owner=alice))
    before = list(Transaction.objects.values_list("pk", "amount", "category")), held(alice)
    keys = [
        (f"ALTER TABLE {table} DROP CONSTRAINT {name}", f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
        for table, name, definition in _foreign_keys(connection, ["transactions_transaction"])
    ]
    for drop, _add in keys:
        execute(drop)
    execute("SELECT undistribute_table('transactions_transaction')")
    monkeypatch.setattr(ReadyView, "has_tables", False)

    assert nobody.get("/readyz").status_code == 503
    assert faults() == ["transactions_transaction is not distributed."]
    assert shard()[0] == "transactions_transaction: by owner_id"
    assert nobody.get("/readyz").status_code == 200
    assert (list(Transaction.objects.values_list("pk", "amount", "category")), held(alice)) == before
    for _drop, add in keys:
        execute(add)
    IncomeFactory.create(owner=alice)
    assert held(alice) != before[1]
    assert differences(connection) == []


def test_one_owners_rows_are_read_from_one_shard(citus: None, alice: User) -> None:
    for model in (Transaction, MonthTotal):
        plan = model.objects.filter(owner=alice).explain()
        assert "Task Count: 1\n" in plan


def test_migrations_add_columns_and_tables_with_owners(citus: None, alice: User) -> None:
    before = MigrationExecutor(connection).loader.project_state()
    fields = [
        ("id", models.UUIDField(primary_key=True, default=uuid7)),
        ("owner", OwnerField()),
        ("category", OwnedForeignKey("transactions.Category", models.RESTRICT, null=True)),
    ]
    table = CreateModel("Note", fields)
    column = AddField("Category", "note", models.CharField(max_length=10, default="", db_default=""))
    index = AddIndex("Category", models.Index(fields=["owner", "note"], name="category_note"))
    CategoryFactory.create(owner=alice)
    try:
        state = before
        for operation in (table, column, index):
            state, previous = state.clone(), state
            operation.state_forwards("transactions", state)
            with connection.schema_editor() as editor:
                operation.database_forwards("transactions", editor, previous, state)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*), min(note) FROM transactions_category")
            assert cursor.fetchone() == (1, "")
            cursor.execute("SELECT citus_table_type FROM citus_tables WHERE table_name = 'transactions_note'::regclass")
            assert cursor.fetchone() == ("distributed",)
            cursor.execute("SELECT count(*) FROM pg_constraint WHERE conrelid = 'transactions_note'::regclass")
            assert cursor.fetchone() == (3,)  # the primary key, and two foreign keys
    finally:
        execute("DROP TABLE IF EXISTS transactions_note")
        execute("ALTER TABLE transactions_category DROP COLUMN IF EXISTS note")
