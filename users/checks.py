"""System checks of the default settings of new users."""

from django.conf import settings
from django.core import checks
from django.core.exceptions import ValidationError

from cashman_project.money.currencies import validate_currency


@checks.register(checks.Tags.security)
def check_default_currency(**kwargs: object) -> list[checks.CheckMessage]:
    """users.E001: DEFAULT_CURRENCY is a currency."""
    try:
        validate_currency(settings.DEFAULT_CURRENCY)
    except ValidationError as error:
        return [checks.Error(f"DEFAULT_CURRENCY: {error.message}", id="users.E001")]
    return []
