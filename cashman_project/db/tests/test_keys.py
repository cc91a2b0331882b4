"""The keys of owned tables on PostgreSQL, and how tables with other keys get them."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction

from cashman_project.db.owned_tables import foreign_keys, owned_models, owner_field
from cashman_project.db.postgresql.citus import has_citus
from cashman_project.db.postgresql.keys import make_keys, validate_keys
from cashman_project.db.postgresql.partitions import PARTITIONS

pytestmark = [
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite's keys are without the owner"),
    pytest.mark.django_db(transaction=True),
]

TABLES = ("transactions_category", "transactions_transaction")
MODELS = ("transactions.Category", "transactions.Transaction")
LATER = "transactions.Rule"  # refers to categories, too, and is no table of before
OLD = """
    ALTER TABLE transactions_rule DROP CONSTRAINT {rule};
    ALTER TABLE transactions_transaction DROP CONSTRAINT {category}, DROP CONSTRAINT {owner},
        DROP CONSTRAINT transactions_transaction_pkey, ADD PRIMARY KEY (id),
        ADD FOREIGN KEY (owner_id) REFERENCES users_user (id) DEFERRABLE INITIALLY DEFERRED;
    ALTER TABLE transactions_category DROP CONSTRAINT transactions_category_pkey, ADD PRIMARY KEY (id);
    ALTER TABLE transactions_transaction ADD FOREIGN KEY (category_id) REFERENCES transactions_category (id)
        DEFERRABLE INITIALLY DEFERRED;
"""


def keys_of(table: str) -> dict[str, str]:
    """Return the names of a table's primary key and foreign keys, by their definitions."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_constraintdef(oid), conname FROM pg_constraint"
            " WHERE conrelid = %s::regclass AND contype IN ('p', 'f') AND conparentid = 0",
            [table],
        )
        return dict(cursor.fetchall())


def names_of(keys: dict[str, str]) -> dict[str, str]:
    """Return the names of the keys by their columns."""
    return {key.partition("(")[2].partition(")")[0]: name for key, name in keys.items()}


def keys() -> dict[str, dict[str, str]]:
    return {table: keys_of(table) for table in TABLES}


def run(operation: Any) -> None:
    with connection.schema_editor(atomic=False) as editor:
        operation(apps, editor)


def test_every_key_of_an_owners_table_begins_with_the_owner() -> None:
    """And none is deferrable, which Citus does not know."""
    models = owned_models()
    assert models[0]._meta.label == "ledgers.Ledger"
    for model in models:
        owner: Any = owner_field(model)
        found = keys_of(model._meta.db_table)
        [primary] = [key for key in found if key.startswith("PRIMARY KEY")]
        assert primary.startswith(f"PRIMARY KEY ({owner.column}")
        foreign = set(found) - {primary}
        assert len(foreign) == len(foreign_keys(model)) > 0
        assert not [key for key in foreign if "DEFERRABLE" in key or "NOT VALID" in key]
        across = [key for key in foreign if not key.startswith(f"FOREIGN KEY ({owner.column}")]
        assert all(key.endswith("REFERENCES users_user(id)") for key in across)


@pytest.fixture
def old_keys() -> Iterator[dict[str, dict[str, str]]]:
    """Give the tables the keys of before, and yield those of now."""
    if PARTITIONS or has_citus(connection):
        pytest.skip("no table of before is partitioned or distributed")
    new = keys()
    names, later = names_of(new["transactions_transaction"]), names_of(keys_of("transactions_rule"))
    category, owner, rule = names["owner_id, category_id"], names["owner_id"], later["owner_id, category_id"]
    with connection.cursor() as cursor:
        cursor.execute(OLD.format(category=category, owner=owner, rule=rule))
    yield new
    run(make_keys(*MODELS, LATER))
    run(validate_keys(*MODELS, LATER))


def test_tables_of_before_get_the_same_keys(old_keys: dict[str, dict[str, str]]) -> None:
    assert keys() != old_keys
    for _twice in range(2):
        run(make_keys(*MODELS))
        run(validate_keys(*MODELS))
        assert keys() == old_keys


def test_the_exchange_waits_for_who_writes_and_lets_others_go_first(old_keys: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("cashman_project.db.postgresql.keys.PAUSE", 0.1)
    locked, may_end = threading.Event(), threading.Event()

    def write() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE transactions_transaction IN ROW EXCLUSIVE MODE")
            locked.set()
            may_end.wait(10)
        connection.close()

    def exchange() -> None:
        run(make_keys(*MODELS))
        connection.close()

    writer, migration = threading.Thread(target=write), threading.Thread(target=exchange)
    writer.start()
    assert locked.wait(10)
    # While the index is built, and while the exchange tries for its locks, the writer's transaction goes on.
    migration.start()
    migration.join(1)
    assert migration.is_alive()
    may_end.set()
    migration.join(30)
    writer.join(10)
    assert not migration.is_alive()
    run(validate_keys(*MODELS))
    assert keys() == old_keys
