from django.db import migrations

from cashman_project.db.postgresql.keys import make_keys, validate_keys

MODELS = ("users.Session", "users.PersonalToken")


class Migration(migrations.Migration):
    atomic = False  # so that indexes can be built while others write

    dependencies = [("users", "0011_names_of_fields")]

    operations = [
        migrations.RunPython(make_keys(*MODELS), migrations.RunPython.noop),
        migrations.RunPython(validate_keys(*MODELS), migrations.RunPython.noop),
    ]
