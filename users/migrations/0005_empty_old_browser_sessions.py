"""Empty the table of browser sessions that is used no more: it holds who was signed in, and who erases themselves."""

from typing import Any

from django.db import migrations


def empty(apps: Any, schema_editor: Any) -> None:
    apps.get_model("sessions", "Session").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [
        ("users", "0004_browser_sessions"),
        ("sessions", "0001_initial"),
    ]

    operations = [migrations.RunPython(empty, migrations.RunPython.noop)]
