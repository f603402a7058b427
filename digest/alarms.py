"""Alarms: what is odd about the installation, sent at once to where the operator looks, by Apprise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest import completeness, correspondence
from digest.access import kept
from digest.errors import DeliveryError, SettingsError
from digest.run_history import COMPARED, drift
from digest.store import alarms as told
from digest.store import batches, failures, runs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from apprise import Apprise

    from digest.run_history import Run
    from digest.settings import Settings
    from digest.store import Store

TITLE = "paper-digest"
"""What alarms are headed."""


def standing(store: Store, day: date) -> tuple[str, ...]:
    """What is odd on a day: of its sources, and of the last run with issues; a line each."""
    return (*of_sources(store, day), *of_ranking(store))


def of_sources(store: Store, day: date) -> tuple[str, ...]:
    """What is odd about what was read up to a day, a line each: of that day's batches, and of sources without any."""
    with store.reading() as connection:
        taken = batches.on(connection, day)
        earlier = {each.source: batches.of(connection, each.source) for each in taken}
        last = batches.last(connection, day)
        unread = failures.on(connection, day)
    found = [
        alarm
        for batch in taken
        for alarm in completeness.alarms(batch, [each for each in earlier[batch.source] if each.asked < day])
    ]
    found += [alarm for batch in last if (alarm := completeness.missing(batch.source, batch, day))]
    failed = [f"{completeness.spoken(source)} could not be read: {why}" for source, why in unread.items()]
    return tuple(dict.fromkeys([*failed, *(alarm.told() for alarm in found)]))


def of_ranking(store: Store) -> tuple[str, ...]:
    """What is odd about the ranking of the last run that did something; a line, or none."""
    with store.reading() as connection:
        listed = runs.newest(connection, 1, idle=False)
        odd = drift(listed[0][1], runs.with_issues(connection, listed[0][0], COMPARED)) if listed else None
    return (f"the run of {listed[0][1].day}: {odd}",) if odd else ()


def of_letters(store: Store, settings: Settings) -> tuple[str, ...]:
    """That letters wait for a site, which nobody would notice but those who wait for them; a line, or none."""
    number = correspondence.unlinked(store, settings)
    if not number:
        return ()
    what = "letter waits" if number == 1 else "letters wait"
    return (f"{number:,} {what} for a site that the links can lead to: set site_url, or digest subscribers confirm",)


def of_run(run: Run) -> tuple[str, ...]:
    """What failed in a run, a line for each cause."""
    return tuple(f"failed in the run of {run.day}: {why} ({count:,})" for why, count in run.faults.items())


def tell(
    store: Store, settings: Settings, alarms: Sequence[str], *, now: datetime, environment: Mapping[str, str]
) -> int:
    """Send the alarms that were not told lately; how many that were.

    Raises:
        DeliveryError: a service does not take them; they are sent again with the next run.
        SettingsError: the URLs are not where the settings say, or one of them names no service.
    """
    services = _services(settings, environment)
    if services is None:
        return 0
    with store.reading() as connection:
        news = told.untold(connection, alarms, now)
    if news:
        if not services.notify(title=TITLE, body="\n".join(news)):
            raise DeliveryError("alarms: a service that [alarms] names did not take them")
        with store.writing() as connection:
            told.note(connection, news, now)
    return len(news)


def test(settings: Settings, environment: Mapping[str, str]) -> bool:
    """Send a word that says it is a test; False if there is nowhere to send it.

    Raises:
        DeliveryError: a service does not take it.
        SettingsError: as `tell`.
    """
    services = _services(settings, environment)
    if services is None:
        return False
    if not services.notify(title=TITLE, body="This is a test: alarms of paper-digest come here."):
        raise DeliveryError("alarms: a service that [alarms] names did not take it")
    return True


def _services(settings: Settings, environment: Mapping[str, str]) -> Apprise | None:
    place = settings.alarms.place
    if not any(place):
        return None
    # A second to import, for the few runs that need it.
    from apprise import Apprise  # noqa: PLC0415

    where, urls = kept(settings.home, "alarms", "urls", place, environment)
    if not urls.split():
        raise SettingsError(f"{where}: no URLs there")
    services = Apprise()
    for number, url in enumerate(urls.split(), start=1):
        if not services.add(url):
            raise SettingsError(f"{where}: URL {number} names no service that Apprise knows")
    return services
