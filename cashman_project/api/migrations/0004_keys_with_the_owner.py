from django.db import migrations

from cashman_project.db.postgresql.keys import make_keys, validate_keys

MODELS = ("api.IdempotencyKey",)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("api", "0003_admin_log_owners")]

    operations = [
        migrations.RunPython(make_keys(*MODELS), migrations.RunPython.noop),
        migrations.RunPython(validate_keys(*MODELS), migrations.RunPython.noop),
    ]
