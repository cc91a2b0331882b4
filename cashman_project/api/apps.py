from django.apps import AppConfig
from django.conf import settings
from django.core.cache import close_caches
from django.core.signals import request_finished, request_started
from django.db import connections, reset_queries
from django.db.models.signals import pre_migrate


class ApiConfig(AppConfig):
    name = "cashman_project.api"
    label = "api"

    def ready(self) -> None:
        from . import checks, resource_checks  # noqa: F401  # registers them
        from .fastpath import checks as fastpath_checks  # noqa: F401  # likewise

        pre_migrate.connect(_lift_limits, sender=self)
        request_finished.disconnect(close_caches)  # there are no caches
        if not settings.DEBUG:
            request_started.disconnect(reset_queries)  # no query is kept


def _lift_limits(using: str, **kwargs: object) -> None:
    """Lift the time limits for migrations. The limits of the settings are meant for requests.

    A pooler would give the session without limits to a request, so behind one they stay.
    """
    connection = connections[using]
    if connection.vendor == "postgresql" and not connection.settings_dict.get("POOLED"):
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0; SET lock_timeout = 0")
