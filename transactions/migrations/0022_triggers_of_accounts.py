from django.db import migrations

from transactions.triggers import install, remove


class Migration(migrations.Migration):
    dependencies = [("transactions", "0021_accounts")]

    operations = [migrations.RunPython(install, remove)]
