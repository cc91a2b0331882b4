from typing import Any

from django.core.management.base import CommandError
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from users.models import username_key


def fill(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Give users the keys of their names. If two users have the same key, change nothing and raise CommandError."""
    users = apps.get_model("users", "User").objects
    names: dict[str, list[Any]] = {}
    for user in users.only("username").order_by("date_joined", "pk"):
        names.setdefault(username_key(user.username), []).append(user)
    if same := [named for named in names.values() if len(named) > 1]:
        raise CommandError(_message(same, schema_editor))
    for key, (user,) in names.items():
        users.filter(pk=user.pk).update(username_key=key)


def _message(same: list[list[Any]], schema_editor: BaseDatabaseSchemaEditor) -> str:
    """Return the names that are the same, and SQL that renames all but the oldest user of each."""
    lines = [" and ".join(repr(user.username) for user in named) for named in same]
    renames = [
        f"UPDATE users_user SET username = 'NEW-NAME' WHERE id = '{_stored(user.pk, schema_editor)}';"  # noqa: S608  # to read
        for named in same
        for user in named[1:]
    ]
    return "\n".join(
        [
            "Names that differ only in case or Unicode form are now the same. These belong to different users:",
            *lines,
            "Nothing has been changed. Give these users other names (`python manage.py dbshell`), then migrate again:",
            *renames,
        ]
    )


def _stored(pk: Any, schema_editor: BaseDatabaseSchemaEditor) -> str:
    return pk.hex if schema_editor.connection.vendor == "sqlite" else str(pk)


class Migration(migrations.Migration):
    dependencies = [("users", "0006_username_key")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
