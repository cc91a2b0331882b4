from django.db import migrations, models


class Migration(migrations.Migration):
    """Lets a row of a plan keep the account of its line, and the revision of a transaction that somebody chose."""

    dependencies = [
        ("statements", "0003_rule_of_row"),
    ]

    operations = [
        migrations.AddField(
            model_name="importrow",
            name="line_account_id",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="importrow",
            name="seen_revision",
            field=models.BigIntegerField(null=True),
        ),
    ]
