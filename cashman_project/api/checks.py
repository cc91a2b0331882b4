"""System checks of the environment: a wrong or missing value stops the start, a misspelt name is a warning."""

import os

from django.core import checks
from django.utils.translation import gettext as _

from ..environment import names, told
from ..misspelt import misspelt


@checks.register(checks.Tags.security)
def check_environment(**kwargs: object) -> list[checks.CheckMessage]:
    """api.E001: each variable of the environment that is wrong or missing."""
    return [checks.Error(fault, id="api.E001") for fault in told()]


@checks.register(checks.Tags.security)
def check_misspelt(**kwargs: object) -> list[checks.CheckMessage]:
    """api.W001: each variable of the environment with nearly the name of a setting. Another program may use it."""
    message = _("%(name)s: not a setting of Cashman; %(right)s is. Is it misspelt?")
    return [
        checks.Warning(message % {"name": name, "right": right}, id="api.W001")
        for name, right in misspelt(os.environ, names).items()
    ]
