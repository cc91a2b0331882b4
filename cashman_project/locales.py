"""How each language writes numbers, days and timestamps, by the data of CLDR, which Babel has."""

import datetime
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, cached_property
from typing import NamedTuple

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_interval, format_skeleton, format_time
from django.utils import timezone, translation

MINUS = "\u2212"  # as wide as a plus sign, unlike the hyphen on keyboards
ENGLISH = "en_150"  # English as most of the world writes it: 30 Nov 2026, 18:05
# Django's codes of languages that are called something else in CLDR, where pt is the Portuguese of Brazil.
CLDR_NAMES = {"en": ENGLISH, "pt": "pt_PT"}
DIGITS = "latn"  # 0 to 9 in every language, because these are what the forms read


class Compact(NamedTuple):
    """How a language shortens numbers from `least` on: what they are divided by, and what is written around them."""

    least: Decimal
    divisor: Decimal
    prefix: str = ""
    suffix: str = ""


@dataclass(frozen=True)
class LocaleFormats:
    """The formats of one language. A number keeps all its digits."""

    locale: Locale

    @cached_property
    def decimal_mark(self) -> str:
        """The mark before the decimals."""
        return str(self.locale.number_symbols[DIGITS]["decimal"])

    @cached_property
    def group_mark(self) -> str:
        """The mark between groups of digits: a comma, a point, or a space at which no line breaks."""
        return str(self.locale.number_symbols[DIGITS]["group"])

    @cached_property
    def group_sizes(self) -> tuple[int, int]:
        """The number of digits in the last group before the decimals, and in each other one."""
        last, others = self.locale.decimal_formats[None].grouping
        return last, others

    def number(self, number: Decimal) -> str:
        """Write a number with all its digits."""
        whole, _point, fraction = f"{number.copy_abs():f}".partition(".")
        sign = MINUS if number < 0 else ""
        return sign + self._grouped(whole) + (self.decimal_mark + fraction if fraction else "")

    def _grouped(self, digits: str) -> str:
        last, others = self.group_sizes
        groups = [digits[-last:]]
        rest = digits[:-last]
        while rest:
            groups.append(rest[-others:])
            rest = rest[:-others]
        return self.group_mark.join(reversed(groups))

    def percent(self, number: Decimal) -> str:
        """Write a number of hundredths as a percentage: "24%"."""
        pattern = self.locale.percent_formats[None]
        sign = str(self.locale.number_symbols[DIGITS]["percentSign"])
        return f"{pattern.prefix[0]}{self.number(number)}{pattern.suffix[0]}".replace("%", sign)

    @cached_property
    def compacts(self) -> list[Compact]:
        """How the language shortens numbers, from the smallest ones on: 1.5K, 2M."""
        found = []
        for least, pattern in self.locale.compact_decimal_formats["short"]["other"].items():
            whole_digits = pattern.pattern.count("0")
            divisor = Decimal(least).scaleb(1 - whole_digits)
            affixes = [affix.replace("'", "") for affix in (pattern.prefix[0], pattern.suffix[0])]  # quoted in CLDR
            found.append(
                Compact(Decimal(least), divisor, *affixes) if any(affixes) else Compact(Decimal(0), Decimal(1))
            )
        return sorted(found)

    def day(self, date: datetime.date) -> str:
        """Write a day: "30 Nov 2026"."""
        return format_date(date, "medium", self.locale)

    def days(self, first: datetime.date, last: datetime.date) -> str:
        """Write the days from the first to the last: "25 Jan \u2013 24 Feb 2026"."""
        return format_interval(first, last, "yMMMd", locale=self.locale)

    def month(self, date: datetime.date) -> str:
        """Write the month of a day: "November 2026"."""
        return format_skeleton("yMMMM", date, locale=self.locale)

    def short_month(self, date: datetime.date) -> str:
        """Write the month of a day: "Nov 2026"."""
        return format_skeleton("yMMM", date, locale=self.locale)

    def month_names(self, width: str) -> list[str]:
        """Return the names of the months as they stand alone; `width` is "wide" or "abbreviated"."""
        names = self.locale.months["stand-alone"][width]
        return [names[number] for number in range(1, 13)]

    def timestamp(self, moment: datetime.datetime) -> str:
        """Write a timestamp in the present time zone: "30 Nov 2026, 18:05"."""
        local = timezone.localtime(moment)
        joined: str = self.locale.datetime_formats["medium"]
        return joined.replace("{1}", self.day(local.date())).replace("{0}", self.time(moment))

    def time(self, moment: datetime.datetime) -> str:
        """Write the time of a timestamp in the present time zone: "18:05"."""
        return format_time(timezone.localtime(moment).time(), "short", locale=self.locale)


@cache  # one for each language of Django's
def formats_of(language: str) -> LocaleFormats:
    """Return the formats of a language of Django's. CLDR has no data of one of them, which gets the English ones."""
    try:
        return LocaleFormats(Locale.parse(CLDR_NAMES.get(language, language.replace("-", "_"))))
    except UnknownLocaleError:
        return LocaleFormats(Locale.parse(ENGLISH))


def current_formats() -> LocaleFormats:
    """Return the formats of the reader's language, which is Django's active one."""
    return formats_of(translation.get_language() or "en")
