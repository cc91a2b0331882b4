from django.db import migrations

from transactions.triggers import install


class Migration(migrations.Migration):
    """On the way back, creates the triggers that SQLite drops when the next migration is undone.

    `restore` in transactions/triggers.py creates them too, but it runs only if all migrations succeed.
    """

    dependencies = [("transactions", "0003_month_total_triggers")]

    operations = [migrations.RunPython(migrations.RunPython.noop, install)]
