from django.db import migrations

from users.models import UsernameKeyField


class Migration(migrations.Migration):
    dependencies = [("users", "0003_attempts")]

    operations = [
        migrations.AlterModelManagers("user", []),
        migrations.AddField("user", "username_key", UsernameKeyField(max_length=901, null=True, source="username")),
    ]
