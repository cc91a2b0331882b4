from django.db import migrations

from transactions.triggers import install


class Migration(migrations.Migration):
    """Makes the triggers anew on the way back, after SQLite has dropped them with the table that is altered next."""

    dependencies = [("transactions", "0003_month_total_triggers")]

    operations = [migrations.RunPython(migrations.RunPython.noop, install)]
