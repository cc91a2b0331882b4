from typing import Any

from django.conf import settings
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import Q

from cashman_project.languages import LANGUAGES


def forget(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Take the language from users who never chose one, or chose one that there are no texts in.

    So far their browser chose, since the default was stored but the header came first.
    """
    users_with = apps.get_model("users", "User").objects.filter
    users_with(Q(language=settings.LANGUAGE_CODE) | ~Q(language__in=LANGUAGES)).update(language=None)


def default(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("users", "User").objects.filter(language=None).update(language=settings.LANGUAGE_CODE)


class Migration(migrations.Migration):
    dependencies = [("users", "0009_optional_language")]

    operations = [migrations.RunPython(forget, default)]
