"""A reader's preferences as words: what they may be, and that they come back as they were."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import SubscriptionError
from digest.preferences import FIELDS, preferences, words_of
from digest.schedule import schedule
from digest.subscription import Preferences, Return
from digest.types import EmptyDay, Form

USUAL = Preferences(schedule=schedule("daily", "06:00", "Europe/Berlin"))


def test_what_is_not_said_stays_as_it_is() -> None:
    """Missing and empty words change nothing; one word of a schedule leaves the others."""
    assert preferences({}, USUAL) == preferences(dict.fromkeys(FIELDS, " "), USUAL) == USUAL
    assert preferences({"at": "7:30"}, USUAL).schedule == schedule("daily", "07:30", "Europe/Berlin")
    assert preferences({"frequency": "Weekly Monday"}, USUAL).schedule.when == "weekly mon"


def test_all_that_can_be_said() -> None:
    """Each word ends where it belongs."""
    words = {
        "frequency": "monthly last",
        "at": "08:15",
        "zone": "Asia/Tokyo",
        "patience": "5 hours",
        "on_return": "Skip",
        "empty_day": "note",
        "format": "compact",
        "language": "pt-BR",
    }
    made = preferences(words, USUAL)
    assert made == Preferences(
        schedule=schedule("monthly last", "08:15", "Asia/Tokyo"),
        patience=timedelta(hours=5),
        on_return=Return.SKIP,
        empty_day=EmptyDay.NOTE,
        form=Form.COMPACT,
        language="pt-BR",
    )
    assert words_of(made) == {**words, "on_return": "skip"}


@pytest.mark.parametrize(
    ("name", "word", "why"),
    [
        ("frequency", "hourly", "expected daily, weekdays"),
        ("at", "noon", "expected a time of day"),
        ("zone", "Mars", "expected an IANA time zone"),
        ("patience", "0", "expected 6 hours, 2 days"),
        ("patience", "169", "expected 6 hours, 2 days"),
        ("patience", "9" * 5000, "expected 6 hours, 2 days"),
        ("patience", "٣", "expected 6 hours, 2 days"),
        ("on_return", "later", "expected catch-up or skip, got 'later'"),
        ("empty_day", "yes", "expected skip or note"),
        ("format", "html", "expected cards or compact or text"),
        ("language", "klingon", "expected a language like en"),
        ("language", "../en", "expected a language"),
    ],
)
def test_a_word_that_says_nothing_is_told_with_its_field(name: str, word: str, why: str) -> None:
    """The key is the field's own name, whatever part of the schedule it is."""
    with pytest.raises(SubscriptionError) as caught:
        preferences({name: word}, USUAL)
    assert caught.value.key == name
    assert why in caught.value.why


def test_a_crontab_says_its_time_itself() -> None:
    """A time beside it would be passed over, so it is a fault; so is one for a reader who has such a schedule."""
    made = preferences({"frequency": "cron 30 6 * * 1-5", "zone": "UTC"}, USUAL)
    assert f"{made.schedule.at:%H:%M}" == "06:30"
    for words, usual in (({"frequency": "cron 0 7 * * *", "at": "08:00"}, USUAL), ({"at": "08:00"}, made)):
        with pytest.raises(SubscriptionError, match="at: a frequency by cron says the time itself"):
            preferences(words, usual)
    assert preferences({"zone": "Asia/Tokyo"}, made).schedule.when == made.schedule.when


CHOICES = st.builds(
    Preferences,
    schedule=st.builds(
        schedule,
        st.sampled_from(["daily", "weekdays", "weekly sat", "monthly 28", "monthly last"]),
        st.times().map(lambda at: f"{at:%H:%M}"),
        st.sampled_from(["UTC", "Asia/Kathmandu", "America/St_Johns"]),
    ),
    patience=st.integers(1, 168).map(lambda hours: timedelta(hours=hours)),
    on_return=st.sampled_from(Return),
    form=st.none() | st.sampled_from(Form),
    empty_day=st.none() | st.sampled_from(EmptyDay),
    language=st.none() | st.sampled_from(["en", "de", "pt-BR"]),
)


@given(CHOICES)
def test_as_words_and_back(chosen: Preferences) -> None:
    """Said and read again they are the same."""
    assert preferences(words_of(chosen), Preferences()) == chosen


@given(st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=30)))
def test_any_words_are_preferences_or_a_fault(words: dict[str, str]) -> None:
    """Whatever a form holds, it ends in nothing worse."""
    try:
        made = preferences(words, USUAL)
    except SubscriptionError as error:
        key = error.key
    else:
        key = FIELDS[0]
        assert preferences(words_of(made), USUAL) == made
    assert key in FIELDS
