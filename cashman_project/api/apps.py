from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import pre_migrate


class ApiConfig(AppConfig):
    name = "cashman_project.api"
    label = "api"

    def ready(self) -> None:
        from . import checks  # noqa: F401  # registers them

        pre_migrate.connect(_lift_limits, sender=self)


def _lift_limits(using: str, **kwargs: Any) -> None:
    """Let a migration take its time: the limits of the settings are for requests."""
    if connections[using].vendor == "postgresql":
        with connections[using].cursor() as cursor:
            cursor.execute("SET statement_timeout = 0; SET lock_timeout = 0")
