from typing import Any

from django.db import migrations, models

TABLES = {"category": "transactions_category", "transaction": "transactions_transaction"}
COLUMNS = ("revision", "created_revision")
FIELD: Any = models.BigIntegerField(default=0, db_default=0, editable=False)


class Migration(migrations.Migration):
    """Adds the revisions to the rows. All rows that are there already get 0: they are from before there were revisions.

    Both databases add a column with a constant default at once, however many rows there are. Django would copy SQLite's
    tables, once for each column.
    """

    dependencies = [("transactions", "0008_names_of_fields"), ("ledgers", "0001_initial")]

    operations = [
        *[
            migrations.RunSQL(
                f"ALTER TABLE {table} ADD COLUMN {column} bigint NOT NULL DEFAULT 0",
                f"ALTER TABLE {table} DROP COLUMN {column}",
                [migrations.AddField(model, column, FIELD)],
            )
            for model, table in TABLES.items()
            for column in COLUMNS
        ],
        *[
            migrations.AddIndex(model, models.Index(fields=["owner", "revision", "id"], name=f"{model}_revision"))
            for model in TABLES
        ],
    ]
