from django.db import migrations

from transactions.triggers import replace_functions


class Migration(migrations.Migration):
    dependencies = [("transactions", "0009_revisions")]

    operations = [migrations.RunPython(replace_functions, migrations.RunPython.noop)]
