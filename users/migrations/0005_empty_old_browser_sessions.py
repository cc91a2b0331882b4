"""Empty the old table of browser sessions, which is no longer used. An erasure would not delete its rows."""

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
