from django.db import migrations

from users.models import UsernameKeyField


class Migration(migrations.Migration):
    dependencies = [("users", "0007_fill_username_keys")]

    operations = [
        migrations.AlterField("user", "username_key", UsernameKeyField(max_length=901, source="username", unique=True)),
    ]
