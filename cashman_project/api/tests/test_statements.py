"""SQL that is run again and again: PostgreSQL parses and plans it once a session."""

from typing import Any

import pytest
from django.db import connection

from cashman_project.api.statements import Parameter, Statement
from users.models import User


def names_of(name: str) -> list[str]:
    field: Any = User._meta.get_field("username")
    statement = Statement(User.objects.filter(username=Parameter("name", field)).values_list("username"), prepared=True)
    return [row[0] for row in statement.rows({"name": name})]


@pytest.mark.django_db(transaction=True)
def test_it_is_prepared_in_each_session_anew(alice: User, bob: User) -> None:
    for _session in range(2):
        connection.close()
        for _time in range(2):
            assert (names_of("alice"), names_of("o'brien %s")) == (["alice"], [])
        assert kept() == (1 if connection.vendor == "postgresql" else 0)


@pytest.mark.django_db(transaction=True)
def test_nothing_is_prepared_behind_a_pooler(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", True)

    assert names_of("alice") == ["alice"]

    assert kept() == 0


def kept() -> int:
    """Return how many prepared statements the database's session holds."""
    if connection.vendor == "sqlite":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM pg_prepared_statements")
        return int(cursor.fetchone()[0])
