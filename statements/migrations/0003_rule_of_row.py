from django.db import migrations, models


class Migration(migrations.Migration):
    """Lets a row of a plan name the rule that has given it something."""

    dependencies = [
        ("statements", "0002_profiles_and_shapes"),
    ]

    operations = [
        migrations.AddField(
            model_name="importrow",
            name="rule_id",
            field=models.UUIDField(null=True),
        ),
    ]
