from django.db import migrations, models

import users.models


class Migration(migrations.Migration):
    dependencies = [("users", "0008_unique_username_key")]

    operations = [
        migrations.AlterField(
            model_name="user",
            name="language",
            field=models.CharField(
                blank=True,
                max_length=16,
                null=True,
                validators=[users.models.validate_language],
                verbose_name="language",
            ),
        ),
    ]
