"""Books from before texts were folded: all get their keys, and two names that are now one stop the migration."""

import datetime
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.core.management.base import CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Sum

from cashman_project.db.postgresql.citus import has_citus
from transactions.models import Category, MonthTotal, Transaction
from transactions.triggers import restore
from users.models import User

BEFORE = [("users", "0003_attempts"), ("transactions", "0003_month_total_triggers")]
CATEGORIES = {
    "Food": "food",
    "Café": "cafe\1café",
    "résumé": "resume\1résumé",
    "resume\1résumé": "resume\1resume\1resume\1résumé",
}

pytestmark = pytest.mark.django_db(transaction=True)


def migrate(targets: list[tuple[str, str]]) -> Any:
    """Migrate to the targets; return the models of then."""
    executor = MigrationExecutor(connection)
    executor.migrate(targets)
    restore(using=connection.alias)  # as after every `manage.py migrate`
    return executor.loader.project_state(targets).apps


def need_old_tables() -> None:
    """Skip the test on Citus, where `shard` distributes only the tables of now."""
    if has_citus(connection):
        pytest.skip("no table of before is distributed")


@pytest.fixture
def old() -> Iterator[Any]:
    """The models of before, while the database is as it was then."""
    need_old_tables()
    latest = MigrationExecutor(connection).loader.graph.leaf_nodes()
    yield migrate(BEFORE)
    migrate(latest)


def forward() -> None:
    migrate(MigrationExecutor(connection).loader.graph.leaf_nodes())


def triggers() -> int:
    table = (
        "sqlite_master WHERE type = 'trigger'" if connection.vendor == "sqlite" else "pg_trigger WHERE NOT tgisinternal"
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM {table}")  # noqa: S608  # no input
        return int(cursor.fetchone()[0])


def test_old_books_get_keys_and_keep_everything_once_no_two_names_are_one(old: Any) -> None:
    """The way back and forth takes seconds, so one test goes it for all."""
    assert triggers() == 3  # on the way back, too
    names = ["alice", "Zoë", "ΣΊΣΥΦΟΣ"]
    for name in names:
        user = old.get_model("users", "User").objects.create(username=name, subject=name)
        for category in CATEGORIES:
            old.get_model("transactions", "Category").objects.create(owner=user, name=category, key=category.casefold())
        old.get_model("transactions", "Transaction").objects.bulk_create(
            old.get_model("transactions", "Transaction")(
                owner=user,
                type="EXPENSE",
                description=f"Café {number}",
                notes="Ångström" if number % 2 else "",
                amount=Decimal(-1),
                currency="EUR",
                date=datetime.date(2026, 1, 1),
            )
            for number in range(601)
        )
    users = old.get_model("users", "User").objects
    for name in ("bob", "Alice", "ZOË"):
        users.create(username=name, subject=name)

    with pytest.raises(CommandError) as caught:
        forward()

    message = str(caught.value)
    assert "'Zoë' and 'ZOË'" in message
    assert "'alice' and 'Alice'" in message
    assert "bob" not in message
    assert users.count() == 6
    renames = [line for line in message.splitlines() if line.startswith("UPDATE ")]
    with connection.cursor() as cursor:  # as it says
        for number, rename in enumerate(renames):
            cursor.execute(rename.replace("NEW-NAME", f"renamed {number}"))
    forward()

    assert set(User.objects.values_list("username", flat=True)) == {*names, "bob", "renamed 0", "renamed 1"}
    assert [User.objects.get_by_natural_key(name.swapcase()).username for name in names] == names
    assert User.objects.get_by_natural_key("ZOË").subject == "Zoë"
    for user in User.objects.filter(username__in=names):
        assert dict(Category.objects.for_owner(user).values_list("name", "key")) == CATEGORIES
        rows = Transaction.objects.for_owner(user)
        assert rows.count() == rows.filter(version=1).count() == rows.containing("CAFE").count() == 601
        assert rows.containing("angstrom cafe").count() == 300
        rows.filter(pk=rows.latest("pk").pk).delete()  # so that the triggers have something to do
        assert MonthTotal.objects.for_owner(user).aggregate(Sum("count")) == {"count__sum": 600}
