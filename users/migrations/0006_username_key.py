from django.db import migrations

from users.models import UsernameKeyField


class Migration(migrations.Migration):
    dependencies = [("users", "0005_empty_old_browser_sessions")]

    operations = [
        migrations.AlterModelManagers("user", []),
        migrations.AddField("user", "username_key", UsernameKeyField(max_length=901, null=True, source="username")),
    ]
