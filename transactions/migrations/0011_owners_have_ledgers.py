import django.db.models.deletion
from django.conf import settings
from django.db import migrations

import ledgers.models.owned

MODELS = {"category": {"verbose_name": "owner"}, "transaction": {"verbose_name": "owner"}, "monthtotal": {}}


class Migration(migrations.Migration):
    """Tells Django that owners have ledgers. The next migration changes the tables, of PostgreSQL only."""

    dependencies = [
        ("transactions", "0010_triggers_that_loop"),
        ("ledgers", "0002_keys_with_the_owner"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    model_name=model,
                    name="owner",
                    field=ledgers.models.owned.OwnerField(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        **options,
                    ),
                )
                for model, options in MODELS.items()
            ]
        )
    ]
