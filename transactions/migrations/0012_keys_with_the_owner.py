from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from cashman_project.db.postgresql.keys import make_keys, validate_keys

MODELS = ("transactions.Category", "transactions.Transaction", "transactions.MonthTotal")


def make_ledgers(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Give each owner of rows a ledger. Those who have written nothing since there are ledgers have none."""
    for name in MODELS:
        table = apps.get_model(name)._meta.db_table
        schema_editor.execute(
            "INSERT INTO ledgers_ledger (id, revision, kept_from)"  # noqa: S608  # no input
            f" SELECT DISTINCT owner_id, 0, 0 FROM {table} WHERE true ON CONFLICT DO NOTHING"
        )


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("transactions", "0011_owners_have_ledgers")]

    operations = [
        migrations.RunPython(make_ledgers, migrations.RunPython.noop),
        migrations.RunPython(make_keys(*MODELS), migrations.RunPython.noop),
        # Until now, workers of before could write the first row of an owner who has no ledger.
        migrations.RunPython(make_ledgers, migrations.RunPython.noop),
        migrations.RunPython(validate_keys(*MODELS), migrations.RunPython.noop),
    ]
