from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models.functions import Length

from cashman_project.texts import fold
from transactions.triggers import install

from ..names import name_key

BATCH = 500


def fill_texts(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Fold the texts of all transactions, in batches."""
    rows = apps.get_model("transactions", "Transaction").objects.only("description", "notes").order_by("pk")
    batch = list(rows[:BATCH])
    while batch:
        for row in batch:
            row.description_folded, row.notes_folded = fold(row.description), fold(row.notes)
        rows.bulk_update(batch, ["description_folded", "notes_folded"])
        batch = list(rows.filter(pk__gt=batch[-1].pk)[:BATCH])


def fill_keys(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Give categories their new keys. Keys that were different stay different.

    A new key is either equal to the old one or longer. So the longest keys are changed first, and a new key never meets
    an old key of the same owner.
    """
    rows = apps.get_model("transactions", "Category").objects.order_by(Length("key").desc())
    for row in list(rows.only("name", "key")):
        if (key := name_key(row.name)) != row.key:
            rows.filter(pk=row.pk).update(key=key)


class Migration(migrations.Migration):
    """Fills the new columns. First it creates the triggers, which SQLite has dropped with the table of 0005.

    `restore` in transactions/triggers.py creates them too, but it runs only if all migrations succeed, and
    users.0007_fill_username_keys can stop them.
    """

    dependencies = [("transactions", "0005_folded_texts")]

    operations = [
        migrations.RunPython(install, migrations.RunPython.noop),
        migrations.RunPython(fill_texts, migrations.RunPython.noop),
        migrations.RunPython(fill_keys, migrations.RunPython.noop),
    ]
