from django.apps import AppConfig


class UsersConfig(AppConfig):
    name = "users"

    def ready(self) -> None:
        from . import checks, schema  # noqa: F401  # registers them
