"""What users can choose among, in words."""

from zoneinfo import available_timezones

from django.utils.translation import gettext

from cashman_project.languages import LANGUAGES

LATEST_MONTH_START = 28  # a day that every month has

# The other names of the IANA time zone database are old ones, or offsets whose signs are the wrong way round.
REGIONS = (
    *("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"),
)


def time_zone_options() -> dict[str, dict[str, str]]:
    """Return the places of the time zones by their region, such as Berlin in Europe, as the options of a select."""
    groups: dict[str, dict[str, str]] = {"UTC": {"UTC": "UTC"}}
    for name in sorted(available_timezones()):
        region, _slash, place = name.partition("/")
        if region in REGIONS:
            groups.setdefault(region, {})[name] = place.replace("_", " ").replace("/", " \u2013 ")
    return groups


def month_start_options() -> dict[str, dict[str, str]]:
    """Return the days on which months may begin, as the options of a select."""
    return {gettext("Day of the month"): {str(day): str(day) for day in range(1, LATEST_MONTH_START + 1)}}


def language_options() -> dict[str, dict[str, str]]:
    """Return the languages by their own names, as the options of a select."""
    return {gettext("All languages"): LANGUAGES}
