"""When issues are due: local wall time in any zone, through both changes of its clocks, each period once."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise, takewhile
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import SubscriptionError
from digest.schedule import Due, Schedule, falls_on, first, patience, patience_told, schedule, told, turn, upcoming

BERLIN = "Europe/Berlin"
NEW_YORK = "America/New_York"
ZONES = sorted(available_timezones() - {"localtime", "Factory"})
TIMES = st.times().map(lambda at: at.replace(second=0, microsecond=0, tzinfo=None))
INSTANTS = st.datetimes(datetime(2025, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


def instants(made: Schedule, after: datetime, count: int) -> list[str]:
    """The next instants at which something is due, in ISO form without the zone."""
    return [f"{each.at:%Y-%m-%dT%H:%M}" for each in islice(upcoming(made, after), count)]


@pytest.mark.parametrize(
    ("when", "days"),
    [
        ("daily", [6, 7, 8, 9]),
        ("weekdays", [6, 7, 8, 9]),
        ("weekly fri", [9, 16, 23, 30]),
        ("Weekly Sunday", [11, 18, 25]),
        ("monthly 7", [7]),
        ("monthly last", [31]),
        ("cron 0 7 * * 2,4", [6, 8, 13, 15]),
    ],
)
def test_each_form_names_its_days(when: str, days: list[int]) -> None:
    """From Monday 5 May 2025 on, at seven in the morning, the first days of May that each form means."""
    found = islice(upcoming(schedule(when), datetime(2025, 5, 5, 7, tzinfo=UTC)), len(days))
    assert [each.day for each in found] == [date(2025, 5, day) for day in days]


def test_weekdays_leave_the_weekend_out() -> None:
    """Behind Friday comes Monday."""
    friday = datetime(2025, 5, 9, 7, tzinfo=UTC)
    assert first(schedule("weekdays"), friday).day == date(2025, 5, 12)


def test_clocks_put_forward_over_the_time() -> None:
    """Where 02:30 does not exist the issue is due as much later, once, and on the days around it at 02:30."""
    march = datetime(2025, 3, 8, tzinfo=UTC)
    assert instants(schedule("daily", "02:30", NEW_YORK), march, 3) == [
        "2025-03-08T07:30",
        "2025-03-09T07:30",
        "2025-03-10T06:30",
    ]


def test_clocks_put_back_over_the_time() -> None:
    """Where 01:30 comes twice the first one counts, and the second is no period of its own."""
    november = datetime(2025, 11, 1, 6, tzinfo=UTC)
    assert instants(schedule("daily", "01:30", NEW_YORK), november, 3) == [
        "2025-11-02T05:30",
        "2025-11-03T06:30",
        "2025-11-04T06:30",
    ]


@pytest.mark.slow
def test_every_zone_has_each_day_of_two_years_once() -> None:
    """In all zones, at a time that many clocks are put over: a period a day, in order, at the time `zoneinfo` says."""
    start = datetime(2025, 1, 1, tzinfo=UTC)
    for name in ZONES:
        zone = ZoneInfo(name)
        found = list(islice(upcoming(schedule("daily", "02:30", name), start), 730))
        assert all(one.at < other.at for one, other in pairwise(found)), name
        assert [each.day for each in found] == [found[0].day + timedelta(days=n) for n in range(730)], name
        for each in found:
            wall = each.at.astimezone(zone)
            assert each.at == datetime.combine(each.day, time(2, 30), zone).astimezone(UTC), name
            assert wall.date() == each.day, name
            # By its clock, or later by what the clock was put forward.
            assert time(2, 30) <= wall.time() <= time(4, 30), name


@given(zone=st.sampled_from(ZONES), at=TIMES, after=INSTANTS, when=st.sampled_from(["daily", "weekdays", "weekly tue"]))
def test_the_first_is_the_least_that_is_later(zone: str, at: time, after: datetime, when: str) -> None:
    """No day of the schedule between an instant and the first period behind it is left out."""
    made = schedule(when, f"{at:%H:%M}", zone)
    due = first(made, after)
    assert due.at > after
    walls = [datetime.combine(due.day - timedelta(days=n), at, ZoneInfo(zone)) for n in range(1, 9)]
    wanted = {"daily": range(7), "weekdays": range(5), "weekly tue": (1,)}[when]
    assert all(wall.astimezone(UTC) <= after for wall in walls if wall.weekday() in wanted)


@given(zone=st.sampled_from(ZONES), at=TIMES, start=INSTANTS, looks=st.lists(st.integers(1, 400_000), max_size=40))
def test_however_often_somebody_looks_each_period_comes_once(
    zone: str, at: time, start: datetime, looks: list[int]
) -> None:
    """Looked at after any pauses, every period is either composed for or missed, once, and none is early."""
    made = schedule("daily", f"{at:%H:%M}", zone)
    due, now = first(made, start), start
    seen: list[Due] = []
    for seconds in looks:
        now += timedelta(seconds=seconds)
        if due.at > now:
            continue
        found = turn(made, due, now, patience=timedelta(hours=18))
        seen += [*found.missed, *([found.now] if found.now else [])]
        assert all(each.at <= now for each in seen)
        assert found.now is None or now - found.now.at <= timedelta(hours=18)
        assert found.following.at > now
        due = found.following
    assert seen == list(islice(upcoming(made, start), len(seen)))
    assert due == list(islice(upcoming(made, start), len(seen) + 1))[-1]


@given(
    zone=st.sampled_from(ZONES),
    at=TIMES,
    day=st.dates(date(2025, 1, 1), date(2026, 12, 31)),
    when=st.sampled_from(["daily", "weekdays", "weekly tue", "monthly 3"]),
)
def test_a_schedule_falls_on_its_days(zone: str, at: time, day: date, when: str) -> None:
    """Those of the calendar, in any zone and at any time."""
    wanted = {"daily": True, "weekdays": day.weekday() < 5, "weekly tue": day.weekday() == 1, "monthly 3": day.day == 3}
    assert falls_on(schedule(when, f"{at:%H:%M}", zone), day) == wanted[when]


@given(
    zone=st.sampled_from(ZONES),
    at=TIMES,
    start=INSTANTS,
    hours=st.integers(1, 168),
    late=st.timedeltas(timedelta(), timedelta(days=9)),
    when=st.sampled_from(["daily", "weekdays", "weekly tue", "monthly last"]),
)
def test_how_late_an_issue_may_be_is_counted_in_hours_that_pass(
    zone: str, at: time, start: datetime, hours: int, late: timedelta, when: str
) -> None:
    """In any zone and over any change of its clocks: up to the limit it comes, behind it its period is missed."""
    made, limit = schedule(when, f"{at:%H:%M}", zone), timedelta(hours=hours)
    due = first(made, start)
    now = due.at + late
    found = turn(made, due, now, patience=limit)
    last = [due, *takewhile(lambda each: each.at <= now, upcoming(made, due.at))][-1]
    if now - last.at <= limit:
        assert (found.now, last in found.missed) == (last, False)
    else:
        assert (found.now, found.missed[-1]) == (None, last)
    assert found.following.at > now


@pytest.mark.parametrize(
    ("day", "wall"),
    [(date(2025, 3, 30), time(7, 30)), (date(2025, 10, 26), time(5, 30)), (date(2025, 5, 5), time(6, 30))],
)
def test_six_hours_are_six_where_clocks_are_put(day: date, wall: time) -> None:
    """Half past midnight and six hours: half past seven by the clock in spring, half past five in autumn."""
    made = schedule("daily", "00:30", BERLIN)
    due = first(made, datetime.combine(day, time(), ZoneInfo(BERLIN)).astimezone(UTC))
    end = datetime.combine(day, wall, ZoneInfo(BERLIN)).astimezone(UTC)
    assert turn(made, due, end, patience=patience("6 hours")).now == due
    assert turn(made, due, end + timedelta(minutes=1), patience=patience("6 hours")).missed == (due,)


@pytest.mark.parametrize(
    ("words", "hours"),
    [
        ("6 hours", 6),
        ("2 days", 48),
        ("1 day 6 hours", 30),
        ("1 d, 6 h", 30),
        ("18", 18),
        (" 36H ", 36),
        ("7 days", 168),
    ],
)
def test_how_late_in_words(words: str, hours: int) -> None:
    """Hours, days or both; a bare number is of hours."""
    assert patience(words) == timedelta(hours=hours)


@given(st.integers(1, 168))
def test_how_late_comes_back_from_its_words(hours: int) -> None:
    """What is told can be said."""
    assert patience(patience_told(timedelta(hours=hours))) == timedelta(hours=hours)


@given(st.one_of(st.text(max_size=12), st.text("0123456789 dhays,our", max_size=12)))
def test_no_words_are_later_than_a_week(text: str) -> None:
    """Whatever is written is whole hours up to a week, or told to be no such thing."""
    try:
        found = patience(text)
    except SubscriptionError:
        return
    assert timedelta(hours=1) <= found <= timedelta(days=7)
    assert not found % timedelta(hours=1)


def test_a_machine_that_slept_sends_the_last_period_only() -> None:
    """Of three days slept through two are missed; behind the reader's patience the third is, too."""
    made = schedule("daily", "07:00", BERLIN)
    due = first(made, datetime(2025, 5, 5, 12, tzinfo=UTC))
    in_time = turn(made, due, datetime(2025, 5, 8, 20, tzinfo=UTC), patience=timedelta(hours=18))
    assert in_time.now is not None
    assert (in_time.now.day, [each.day.day for each in in_time.missed]) == (date(2025, 5, 8), [6, 7])
    late = turn(made, due, datetime(2025, 5, 9, 1, tzinfo=UTC), patience=timedelta(hours=18))
    assert (late.now, [each.day.day for each in late.missed]) == (None, [6, 7, 8])
    assert late.following.day == date(2025, 5, 9)


@pytest.mark.parametrize(
    ("when", "at", "zone", "key", "why"),
    [
        ("yearly", "07:00", "UTC", "when", "expected daily, weekdays, weekly mon … sun"),
        ("", "07:00", "UTC", "when", "expected daily"),
        ("weekly", "07:00", "UTC", "when", "expected daily"),
        ("monthly 31", "07:00", "UTC", "when", "monthly 1 … 28, monthly last"),
        ("daily now", "07:00", "UTC", "when", "expected daily"),
        ("cron */5 * * * *", "07:00", "UTC", "when", "one minute and one hour, as issues come once a day"),
        ("cron 0 7 30 2 *", "07:00", "UTC", "when", "expected daily"),
        ("cron 61 7 * * *", "07:00", "UTC", "at", "expected a time of day like 07:30, got '07:61'"),
        ("daily", "7 o'clock", "UTC", "at", 'expected a time of day like 07:30, got "7 o\'clock"'),
        ("daily", "24:00", "UTC", "at", "expected a time of day"),
        ("daily", "07:00", "Mars/Base", "zone", "expected an IANA time zone like Europe/Lisbon, got 'Mars/Base'"),
        ("daily", "07:00", "", "zone", "expected an IANA time zone"),
    ],
)
def test_what_is_no_schedule_says_what_would_be(when: str, at: str, zone: str, key: str, why: str) -> None:
    """The fault names the field, and the forms that are understood."""
    with pytest.raises(SubscriptionError) as caught:
        schedule(when, at, zone)
    assert caught.value.key == key
    assert why in caught.value.why


@pytest.mark.parametrize(
    ("when", "words"),
    [
        ("daily", "every day at 07:05 (Europe/Berlin)"),
        ("weekdays", "Monday to Friday at 07:05 (Europe/Berlin)"),
        ("Weekly Monday", "every Monday at 07:05 (Europe/Berlin)"),
        ("monthly 15", "on day 15 of each month at 07:05 (Europe/Berlin)"),
        ("monthly last", "on the last day of each month at 07:05 (Europe/Berlin)"),
        ("cron 30 6 * * 1-5", "by “cron 30 6 * * 1-5” at 06:30 (Europe/Berlin)"),
    ],
)
def test_a_schedule_in_words(when: str, words: str) -> None:
    """As mails, pages and commands say it."""
    assert told(schedule(when, "7:05", BERLIN)) == words
