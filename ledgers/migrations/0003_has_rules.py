from django.db import migrations, models


class Migration(migrations.Migration):
    """Lets a ledger say whether rules run on new rows. There are none yet."""

    dependencies = [
        ("ledgers", "0002_keys_with_the_owner"),
    ]

    operations = [
        migrations.AddField(
            model_name="ledger",
            name="has_rules",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
