from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "cashman_project.api"
    label = "api"

    def ready(self) -> None:
        from . import checks  # noqa: F401  # registers them
