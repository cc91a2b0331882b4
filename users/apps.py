from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class UsersConfig(AppConfig):
    name = "users"
    verbose_name = _("Users")

    def ready(self) -> None:
        from . import checks, login_throttle, schema  # noqa: F401  # registers them, and connects its receiver
