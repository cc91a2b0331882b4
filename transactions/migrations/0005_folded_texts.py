from django.db import migrations

from cashman_project.db.derived_fields import FoldedField, KeyField


class Migration(migrations.Migration):
    """Adds the columns that searches read, and makes keys longer, so that they sort in the same way everywhere."""

    dependencies = [("transactions", "0004_triggers_stay")]

    operations = [
        migrations.AddField(
            "transaction", "description_folded", FoldedField(default="", db_default="", source="description")
        ),
        migrations.AddField("transaction", "notes_folded", FoldedField(default="", db_default="", source="notes")),
        migrations.AlterField("category", "key", KeyField(max_length=601, source="name")),
    ]
