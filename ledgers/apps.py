"""What all owned rows share."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LedgersConfig(AppConfig):
    name = "ledgers"
    verbose_name = _("History")

    def ready(self) -> None:
        from . import checks  # noqa: F401  # registers itself
        from .services import erasure, retention  # noqa: F401  # connect their receivers
