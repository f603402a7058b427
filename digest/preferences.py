"""A reader's preferences as words, as a form, a table or a command line has them (pure)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from digest import schedule as schedules
from digest.days import is_language
from digest.errors import SubscriptionError
from digest.subscription import Preferences, Return
from digest.types import EmptyDay, Form

if TYPE_CHECKING:
    from collections.abc import Mapping
    from enum import StrEnum

FIELDS: Final = ("frequency", "at", "zone", "patience", "on_return", "empty_day", "format", "language")
"""What a reader chooses, by name."""

_CHOICES: Final[Mapping[str, type[StrEnum]]] = {"on_return": Return, "empty_day": EmptyDay, "format": Form}
_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", re.ASCII)


def preferences(words: Mapping[str, str], usual: Preferences) -> Preferences:
    """The preferences that these words make of the `usual` ones; what is missing or empty stays as it is.

    Raises:
        SubscriptionError: a word is none of those that it can be; `key` is its name in `FIELDS`.
    """
    said = {name: words[name].strip() for name in FIELDS if words.get(name, "").strip()}
    made = replace(usual, schedule=_schedule(said, usual))
    if "patience" in said:
        made = replace(made, patience=schedules.patience(said["patience"]))
    if "on_return" in said:
        made = replace(made, on_return=Return(_one_of("on_return", said["on_return"])))
    if "empty_day" in said:
        made = replace(made, empty_day=EmptyDay(_one_of("empty_day", said["empty_day"])))
    if "format" in said:
        made = replace(made, form=Form(_one_of("format", said["format"])))
    if "language" in said:
        tag = said["language"]
        if not (_TAG.fullmatch(tag) and is_language(tag)):
            raise SubscriptionError("language", f"expected a language like en, de or pt-BR, got {tag!r}")
        made = replace(made, language=tag)
    return made


def words_of(chosen: Preferences) -> dict[str, str]:
    """The same as words, which give the same preferences again; empty for what the reader did not choose."""
    return {
        "frequency": chosen.schedule.when,
        "at": f"{chosen.schedule.at:%H:%M}",
        "zone": chosen.schedule.zone,
        "patience": schedules.patience_told(chosen.patience),
        "on_return": chosen.on_return.value,
        "empty_day": chosen.empty_day or "",
        "format": chosen.form or "",
        "language": chosen.language or "",
    }


def _schedule(said: Mapping[str, str], usual: Preferences) -> schedules.Schedule:
    before = usual.schedule
    when, at, zone = said.get("frequency"), said.get("at"), said.get("zone")
    if not (when or at or zone):
        return before
    if at and (when or before.when).lower().startswith("cron"):
        raise SubscriptionError("at", "a frequency by cron says the time itself: leave it out")
    try:
        return schedules.schedule(when or before.when, at or f"{before.at:%H:%M}", zone or before.zone)
    except SubscriptionError as error:
        raise SubscriptionError("frequency" if error.key == "when" else error.key, error.why) from None


def _one_of(name: str, word: str) -> str:
    known = [each.value for each in _CHOICES[name]]
    if word.lower() not in known:
        raise SubscriptionError(name, f"expected {' or '.join(known)}, got {word!r}")
    return word.lower()
