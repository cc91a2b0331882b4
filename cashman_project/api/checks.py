"""System checks of the environment: a wrong or missing value stops the start."""

from typing import Any

from django.core import checks

from ..environment import faults


@checks.register(checks.Tags.security)
def check_environment(**kwargs: Any) -> list[checks.CheckMessage]:
    """api.E001: each variable of the environment that is wrong or missing."""
    return [checks.Error(fault, id="api.E001") for fault in faults]
