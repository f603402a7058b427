"""Subscriptions as profiles to compose for: whose text counts, what a reader chose, and whose cannot be had."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from digest import adoption, lifecycle, readers, subscribing
from digest.errors import ProfileError
from digest.preferences import preferences
from digest.readers import MOST_BYTES, MOST_TOPICS, Readers, parse
from digest.settings import Settings
from digest.store import Store, subscriptions
from digest.subscribing import Wish
from digest.subscription import FILE, OWN, Preferences, Standing
from digest.types import EmptyDay, Form

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from digest.databases import Place
    from digest.subscription import Subscription

NOW = datetime(2025, 5, 7, 12, tzinfo=UTC)
OWLS = "topics: [owls]\nlanguage: pt\ntimezone: Europe/Lisbon\nempty_day: note\n"
CHOSEN = {"frequency": "weekly mon", "zone": "Asia/Tokyo", "language": "de", "format": "compact", "empty_day": "skip"}


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    """A new database."""
    with Store(place) as opened:
        yield opened


@pytest.fixture
def here(tmp_path: Path) -> Settings:
    """An installation with a reader whose profile is a file."""
    settings = Settings(home=tmp_path, send_at="06:30", timezone="Europe/Berlin")
    settings.profiles.mkdir()
    (settings.profiles / "ada.yaml").write_text(f"email: ada@example.org\n{OWLS}", encoding="utf-8")
    return settings


def load(store: Store, here: Settings, *known: Subscription) -> Readers:
    """The profiles of subscriptions."""
    with store.reading() as connection:
        return readers.load(connection, here, known)


def enrol(store: Store, here: Settings, digest: str, interests: str = "", **words: str) -> Subscription:
    """A subscription that has begun."""
    chosen = preferences(words, Preferences())
    wish = Wish(email="bob@example.org", digest=digest, interests=interests, preferences=chosen)
    return subscribing.enrol(store, here, wish, now=NOW)


def adopt(store: Store, here: Settings) -> Subscription:
    """The subscription of the reader whose profile is a file."""
    return adoption.adopt_file(store, here, here.profiles / "ada.yaml", now=NOW)


def test_a_readers_own_profile(store: Store, here: Settings) -> None:
    """It goes to the subscriber's address under the subscription's name, in the zone of its schedule."""
    found = enrol(store, here, OWN, OWLS)
    profile = load(store, here, found).profiles[found.slug]
    assert (profile.slug, profile.email, profile.name) == (found.slug, "bob@example.org", "Your papers")
    assert [topic.text for topic in profile.topics] == ["owls"]
    assert (profile.language, profile.timezone, profile.empty_day) == ("pt", "UTC", EmptyDay.NOTE)
    assert (profile.form, profile.since) == (None, found.since)


def test_what_a_reader_chose_counts_more_than_the_profile(store: Store, here: Settings) -> None:
    """Language, form, empty days and zone are the subscription's, where it says something of them."""
    found = enrol(store, here, OWN, OWLS, **CHOSEN)
    profile = load(store, here, found).profiles[found.slug]
    assert (profile.language, profile.timezone) == ("de", "Asia/Tokyo")
    assert (profile.form, profile.empty_day) == (Form.COMPACT, EmptyDay.SKIP)


def test_an_offered_digest(store: Store, here: Settings) -> None:
    """It is the operator's, to the reader's address; one that is offered no more is a fault of that reader's only."""
    found, own = enrol(store, here, "trending"), enrol(store, here, OWN, OWLS)
    profile = load(store, here, found).profiles[found.slug]
    assert (profile.name, profile.email, profile.trending) == ("Trending", "bob@example.org", 1.0)
    here.digests.mkdir()
    loaded = load(store, here, found, own)
    assert loaded.faults == {found.slug: "trending: a digest of this name is offered no more"}
    assert list(loaded.profiles) == [own.slug]


def test_a_reader_whose_profile_is_a_file(store: Store, here: Settings) -> None:
    """Adopted once, by the installation's time in the reader's own zone; the file's address and zone count."""
    found = adopt(store, here)
    assert (found.digest, found.subscriber, found.standing) == (FILE, None, Standing.ACTIVE)
    schedule = found.preferences.schedule
    assert (f"{schedule.at:%H:%M}", schedule.zone) == ("06:30", "Europe/Lisbon")
    rest = lifecycle.pause(store, "ada", until=date(2025, 6, 1), now=NOW)
    assert adopt(store, here) == rest
    profile = load(store, here, rest).profiles["ada"]
    assert (profile.email, profile.timezone, profile.name) == ("ada@example.org", "Europe/Lisbon", "ada")


def test_a_file_that_is_gone_or_faulty_spoils_no_other(store: Store, here: Settings) -> None:
    """It is told, without an address, and the other readers have theirs."""
    found, own = adopt(store, here), enrol(store, here, OWN, OWLS)
    path = here.profiles / "ada.yaml"
    for text, why in (("email: ada@example.org\ntopics: 7\n", "ada.yaml:2: topics"), (None, "its file is gone")):
        path.unlink() if text is None else path.write_text(text, encoding="utf-8")
        loaded = load(store, here, found, own)
        assert why in loaded.faults["ada"]
        assert "@" not in str(loaded)
        assert list(loaded.profiles) == [own.slug]


def test_a_profile_kept_by_another_version_is_read_again(store: Store, here: Settings) -> None:
    """What was read of a text then is not trusted where profiles had another form, or it is damaged."""
    found = enrol(store, here, OWN, OWLS)
    usual = load(store, here, found)
    for change in ("form = 'another'", "content = '{}'"):
        with store.writing() as connection:
            connection.execute(sa.text(f"UPDATE profile_versions SET {change}"))  # noqa: S608  (of this test)
        assert load(store, here, found) == usual


def test_a_text_of_a_reader() -> None:
    """It needs no name, has no address, and is no longer than a file may be."""
    assert parse("topics: [owls]").name == ""
    assert parse("name: Owls\ntopics: [owls]").name == "Owls"
    for text, why in (
        ("topics: [owls]\nemail: ada@example.org", "the address is kept with the subscription"),
        (f"topics: [owls]\n{'#' * MOST_BYTES}", "larger than 64 KiB"),
        (
            f"topics: [{', '.join(f'owls {n}' for n in range(MOST_TOPICS + 1))}]",
            "topics: expected at most 100, got 101",
        ),
        ("topics: [owls", "interests.yaml:"),
    ):
        with pytest.raises(ProfileError, match=why) as caught:
            parse(text)
        assert "@" not in str(caught.value)


def test_no_address_is_shown(store: Store, here: Settings) -> None:
    """Neither the profiles nor the subscriptions say it, as they may end in a log."""
    found = enrol(store, here, "trending")
    loaded = load(store, here, found)
    assert loaded.profiles[found.slug].email
    assert "@" not in repr(loaded) + repr(found)
    with store.reading() as connection:
        assert replace(found, due=found.due) == subscriptions.by_slug(connection, found.slug)
