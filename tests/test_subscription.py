"""A subscription's life: which moves there are, when issues come again, and how far back the first one reaches."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import SubscriptionError
from digest.schedule import schedule
from digest.subscription import (
    LEGAL,
    LONG_DAYS,
    LONGEST_PAUSE,
    OWN,
    Preferences,
    Return,
    Standing,
    Subscriber,
    Subscription,
    confirmed,
    ended,
    paused,
    resumed,
    revised,
)

NOW = datetime(2025, 5, 7, 12, tzinfo=UTC)  # a Wednesday
WEEK = 7
LISBON = Preferences(schedule=schedule("daily", "07:30", "Europe/Lisbon"))
PENDING = Subscription(
    slug="s-1",
    reader="00",
    subscriber="1",
    digest=OWN,
    standing=Standing.PENDING,
    preferences=LISBON,
    made=NOW,
    source="site",
)
ACTIVE = confirmed(PENDING, now=NOW, window_days=WEEK)
MOVES = {
    Standing.ACTIVE: lambda each: (
        confirmed(each, now=NOW, window_days=WEEK)
        if each.standing is Standing.PENDING
        else resumed(each, now=NOW, window_days=WEEK)
    ),
    Standing.PAUSED: lambda each: paused(each, until=None, now=NOW),
    Standing.ENDED: lambda each: ended(each, now=NOW),
}


@pytest.mark.parametrize(("standing", "to"), list(product(Standing, MOVES)))
def test_only_legal_moves_happen(standing: Standing, to: Standing) -> None:
    """Each move of the table comes to where it says; every other one says why not, or changes nothing."""
    each = replace(ACTIVE, standing=standing)
    if to in LEGAL[standing]:
        assert MOVES[to](each).standing is to
    elif standing is to and to is not Standing.ACTIVE:
        # Ending or pausing once more is no fault.
        assert MOVES[to](each).standing is to
    else:
        with pytest.raises(SubscriptionError, match=f"it is {standing}"):
            MOVES[to](each)


def test_whoever_left_comes_back_by_confirming_only() -> None:
    """From its end a subscription leads nowhere but to the question whether to begin again."""
    assert LEGAL[Standing.ENDED] == {Standing.PENDING}


def test_the_record_of_consent() -> None:
    """Confirming keeps when; beginning again forgets that it had ended, and keeps when it began again."""
    assert (ACTIVE.confirmed, ACTIVE.source, ACTIVE.made) == (NOW, "site", NOW)
    later = NOW + timedelta(days=9)
    again = confirmed(replace(ended(ACTIVE, now=NOW), standing=Standing.PENDING), now=later, window_days=WEEK)
    assert (again.confirmed, again.ended, again.standing) == (later, None, Standing.ACTIVE)


def test_the_first_issue_reaches_back_by_the_usual_days() -> None:
    """However seldom it comes: a monthly reader's first issue has a week, the later ones a month."""
    monthly = replace(PENDING, preferences=Preferences(schedule=schedule("monthly 1")))
    begun = confirmed(monthly, now=NOW, window_days=WEEK)
    assert begun.due is not None
    assert (begun.due.day, begun.since) == (date(2025, 6, 1), date(2025, 5, 26))
    assert replace(begun, since=None).window(date(2025, 7, 1), WEEK) == LONG_DAYS


def test_a_pause_ends_on_its_day() -> None:
    """Issues come again on the day that was named, or the first one of the schedule behind it."""
    rest = paused(ACTIVE, until=date(2025, 5, 20), now=NOW)
    assert (rest.standing, rest.paused) == (Standing.PAUSED, NOW)
    assert rest.due is not None
    assert (rest.due.day, rest.due.at) == (date(2025, 5, 20), datetime(2025, 5, 20, 6, 30, tzinfo=UTC))
    weekly = replace(ACTIVE, preferences=Preferences(schedule=schedule("weekly mon")))
    rest = paused(weekly, until=date(2025, 5, 20), now=NOW)
    assert rest.due is not None
    assert rest.due.day == date(2025, 5, 26)


def test_a_short_pause_of_a_reader_who_gets_an_issue_a_week() -> None:
    """On Wednesday a pause until Friday is one until the next issue, on Monday; it is no day of the past."""
    weekly = replace(ACTIVE, preferences=Preferences(schedule=schedule("weekly mon")))
    rest = paused(weekly, until=date(2025, 5, 9), now=NOW)
    assert rest.due is not None
    assert rest.due.day == date(2025, 5, 12)


@pytest.mark.parametrize("until", [date(2025, 5, 6), date(2036, 1, 1), date.max, date.min])
def test_a_pause_until_a_day_that_is_none_to_wait_for(until: date) -> None:
    """A day of the past, and one so far away that somebody must have mistyped it, are told at once."""
    with pytest.raises(SubscriptionError, match="expected a day to come, within 10 years") as caught:
        paused(ACTIVE, until=until, now=NOW)
    assert caught.value.key == "until"


def test_today_is_the_readers_day() -> None:
    """At 23:30 UTC it is tomorrow in Tokyo, so that today is over there."""
    late = datetime(2025, 5, 7, 23, 30, tzinfo=UTC)
    tokyo = replace(ACTIVE, preferences=Preferences(schedule=schedule("daily", "07:00", "Asia/Tokyo")))
    with pytest.raises(SubscriptionError):
        paused(tokyo, until=date(2025, 5, 7), now=late)
    assert paused(tokyo, until=date(2025, 5, 8), now=late).standing is Standing.PAUSED


@given(
    days=st.integers(0, LONGEST_PAUSE.days - 1),
    when=st.sampled_from(["daily", "weekdays", "weekly sun", "monthly last", "cron 30 2 * * 2"]),
    zone=st.sampled_from(["UTC", "America/New_York", "Pacific/Apia", "Asia/Beirut", "Australia/Lord_Howe"]),
)
def test_no_issue_comes_before_the_day_of_return(days: int, when: str, zone: str) -> None:
    """Whatever schedule and zone, the first issue is due on the day or behind it, and no period of then is left out."""
    each = replace(ACTIVE, preferences=Preferences(schedule=schedule(when, "00:00", zone)))
    until = date(2025, 5, 8) + timedelta(days=days)
    rest = paused(each, until=until, now=NOW)
    assert rest.due is not None
    assert rest.due.at > NOW
    assert until <= rest.due.day < until + timedelta(days=32)
    if when == "daily":
        assert rest.due.day == until


def test_without_a_day_nothing_is_due() -> None:
    """A pause without an end waits for its reader, and one with an end can become one without."""
    assert paused(ACTIVE, until=None, now=NOW).due is None
    rest = paused(paused(ACTIVE, until=date(2025, 5, 20), now=NOW), until=None, now=NOW + timedelta(days=1))
    assert (rest.due, rest.paused_until, rest.paused) == (None, None, NOW)


@pytest.mark.parametrize(("on_return", "since"), [(Return.CATCH_UP, date(2025, 5, 1)), (Return.SKIP, date(2025, 6, 2))])
def test_the_papers_of_a_pause(on_return: Return, since: date) -> None:
    """Caught up with from what was not sent when it began, or passed over from the day of return on."""
    rest = paused(replace(ACTIVE, preferences=replace(LISBON, on_return=on_return)), until=None, now=NOW)
    going = resumed(rest, now=datetime(2025, 6, 1, 12, tzinfo=UTC), window_days=WEEK)
    assert going.due is not None
    assert (going.due.day, going.since, going.paused) == (date(2025, 6, 2), since, None)
    assert going.window(going.due.day, WEEK) == (LONG_DAYS if on_return is Return.CATCH_UP else WEEK)


def test_another_schedule_counts_from_now_on() -> None:
    """The next issue is by it; a pause keeps its day, also when that is over and nobody has noticed yet."""
    weekly = replace(LISBON, schedule=schedule("weekly fri", "08:00"))
    changed = revised(ACTIVE, weekly, now=NOW)
    assert changed.due is not None
    assert changed.due.at == datetime(2025, 5, 9, 8, tzinfo=UTC)
    rest = paused(ACTIVE, until=date(2025, 5, 20), now=NOW)
    for now, day in ((NOW, 23), (datetime(2025, 5, 21, tzinfo=UTC), 23)):
        other = revised(rest, weekly, now=now)
        assert other.due is not None
        assert (other.standing, other.due.day.day) == (Standing.PAUSED, day)
    assert revised(paused(ACTIVE, until=None, now=NOW), weekly, now=NOW).due is None
    assert revised(ACTIVE, replace(LISBON, language="de"), now=NOW).due == ACTIVE.due


def test_nobodys_address_is_shown() -> None:
    """Neither a subscriber nor a subscription says it, as they may end in a log."""
    ada = Subscriber(id="1", address="ada@example.org", asked=NOW, source="site")
    assert "@" not in repr(ada) + str(ada) + repr(ACTIVE)
