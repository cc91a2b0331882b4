"""System checks of the environment: a wrong or missing value stops the start, a misspelt name is told."""

import os
from typing import Any

from django.core import checks

from ..environment import errors, names
from ..misspelt import misspelt


@checks.register(checks.Tags.security)
def check_environment(**kwargs: Any) -> list[checks.CheckMessage]:
    """api.E001: each variable of the environment that is wrong or missing."""
    return [checks.Error(fault, id="api.E001") for fault in errors]


@checks.register(checks.Tags.security)
def check_misspelt(**kwargs: Any) -> list[checks.CheckMessage]:
    """api.W001: each variable of the environment with nearly the name of one of ours. It may be another program's."""
    return [
        checks.Warning(f"{name}: not a setting of Cashman; {right} is. Is it misspelt?", id="api.W001")
        for name, right in misspelt(os.environ, names).items()
    ]
