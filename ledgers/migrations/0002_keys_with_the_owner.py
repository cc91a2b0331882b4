from django.db import migrations

from cashman_project.db.postgresql.keys import make_keys, validate_keys

MODELS = ("ledgers.Ledger", "ledgers.Revision", "ledgers.Change")


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("ledgers", "0001_initial")]

    operations = [
        migrations.RunPython(make_keys(*MODELS), migrations.RunPython.noop),
        migrations.RunPython(validate_keys(*MODELS), migrations.RunPython.noop),
    ]
