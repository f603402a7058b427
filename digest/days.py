"""Days in words: in English by ourselves, in other languages by the Unicode CLDR (Babel)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

if TYPE_CHECKING:
    from datetime import date, datetime

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def is_language(tag: str) -> bool:
    """Whether days can be written in the language of a BCP 47 tag, such as `pt-BR`."""
    from babel import Locale, UnknownLocaleError  # noqa: PLC0415  (a tenth of a second, for those who ask for it)

    try:
        Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        return False
    return True


def is_zone(name: str) -> bool:
    """Whether an IANA name, such as `Europe/Lisbon`, is that of a time zone."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def full(day: date, language: str = "en") -> str:
    """The day with its weekday and year: `Friday 9 May 2025`, `sexta-feira, 9 de maio de 2025`."""
    if language in {"en", "en-GB"}:
        return f"{WEEKDAYS[day.weekday()]} {day.day} {MONTHS[day.month - 1]} {day.year}"
    from babel import Locale  # noqa: PLC0415  (as above)
    from babel.dates import format_date  # noqa: PLC0415  (as above)

    return format_date(day, "full", Locale.parse(language, sep="-"))


def short(day: date | datetime | None) -> str:
    """The day without its weekday, `9 May 2025`, whatever the locale of the machine; empty for None."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}" if day else ""


def day_in(moment: datetime, zone: str | None, otherwise: date) -> date:
    """The day that it is in a time zone at a moment; `otherwise` where there is no zone, or none of that name here."""
    if zone is None or not is_zone(zone):
        return otherwise
    return moment.astimezone(ZoneInfo(zone)).date()
