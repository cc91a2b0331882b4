from django.db import migrations

from transactions.triggers import install, remove


class Migration(migrations.Migration):
    dependencies = [("transactions", "0002_month_total")]

    operations = [migrations.RunPython(install, remove)]
