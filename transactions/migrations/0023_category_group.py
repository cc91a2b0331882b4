from django.db import migrations, models
from django.db.models import Q

from cashman_project.db.derived_fields import KeyField
from transactions.models.named import NameField


class Migration(migrations.Migration):
    """Lets people write the group of a category, and whether sums leave it out.

    The columns are there, and nothing in the database changes with the fields. No category has a group yet.
    """

    dependencies = [("transactions", "0022_triggers_of_accounts")]

    operations = [
        migrations.AddField(
            "category",
            "group_key",
            KeyField(editable=False, max_length=601, null=True, serialize=False, source="group"),
        ),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField("category", "group", NameField("group", max_length=100, null=True, blank=True)),
                migrations.AlterField(
                    "category",
                    "excluded",
                    models.BooleanField("left out of sums", default=False, db_default=False),
                ),
            ]
        ),
        migrations.AddIndex(
            "category",
            models.Index(fields=["owner", "group_key"], name="category_group", condition=Q(group_key__isnull=False)),
        ),
        migrations.AddIndex(
            "category", models.Index(fields=["owner", "id"], name="category_excluded", condition=Q(excluded=True))
        ),
    ]
