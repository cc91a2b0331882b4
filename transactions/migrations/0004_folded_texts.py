from django.db import migrations

from cashman_project.api.derived import FoldedField, KeyField
from transactions.triggers import install


class Migration(migrations.Migration):
    """Room for what searches look at, and for keys that sort alike on every database.

    The triggers are made anew last, whichever way the migration goes: SQLite drops them with the table.
    """

    dependencies = [("transactions", "0003_month_total_triggers")]

    operations = [
        migrations.RunPython(migrations.RunPython.noop, install),
        migrations.AddField("transaction", "description_folded", FoldedField(default="", source="description")),
        migrations.AddField("transaction", "notes_folded", FoldedField(default="", source="notes")),
        migrations.AlterField("category", "key", KeyField(max_length=601, source="name")),
        migrations.RunPython(install, migrations.RunPython.noop),
    ]
