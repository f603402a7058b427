"""Readers whose profiles are files: their subscriptions follow what the files say, and what each said is kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from digest import lifecycle
from digest.adoption import adopt, adopt_file
from digest.errors import SubscriptionError
from digest.preferences import preferences, words_of
from digest.settings import Settings
from digest.store import Store, filed, subscriptions
from digest.subscription import FILE, Preferences, Standing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from digest.store.filed import Filed
    from digest.subscription import Subscription

NOW = datetime(2025, 5, 5, 12, tzinfo=UTC)
OWLS = "# Night birds.\nemail: ada@example.org\ntopics: [owls]\n"
USUAL = {"frequency": "daily", "at": "06:30", "zone": "Europe/Berlin", "patience": "18 hours"}


class Home:
    """An installation with the file of one reader."""

    def __init__(self, home: Path) -> None:
        self.settings = Settings(home=home, send_at="06:30", timezone="Europe/Berlin")
        self.settings.profiles.mkdir()
        self.path = self.settings.profiles / "ada.yaml"
        self.store = Store(self.settings.database)
        self.now = NOW

    def say(self, text: str) -> dict[str, str]:
        """Write the file, an hour passes, and a run meets it; the faults that it tells."""
        self.path.write_text(text, encoding="utf-8")
        self.now += timedelta(hours=1)
        return adopt(self.store, self.settings, now=self.now)

    @property
    def found(self) -> Subscription:
        """The reader's subscription."""
        with self.store.reading() as connection:
            found = subscriptions.by_slug(connection, "ada")
        assert found
        return found

    @property
    def words(self) -> dict[str, str]:
        """When issues come to the reader, in words."""
        return {name: word for name, word in words_of(self.found.preferences).items() if name in USUAL}

    def choose(self, **words: str) -> None:
        """Let the reader choose, as on the site."""
        lifecycle.revise(self.store, "ada", preferences(words, self.found.preferences), now=self.now)

    def filed(self, when: datetime, digest: str = FILE, slug: str = "ada") -> Filed | None:
        """What the file said at an instant."""
        with self.store.reading() as connection:
            return filed.at(connection, digest, slug, when)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A new one."""
    made = Home(tmp_path)
    yield made
    made.store.close()


def test_a_file_that_says_nothing_goes_by_the_settings(home: Home) -> None:
    """Daily at the installation's time."""
    assert home.say(OWLS) == {}
    assert home.words == USUAL


def test_a_file_says_when_its_issues_come(home: Home) -> None:
    """All four words are taken from it, and the next issue is by them."""
    home.say(f"{OWLS}timezone: Asia/Tokyo\nfrequency: weekly friday\nsend_at: 9:15\npatience: 2 days\n")
    assert home.words == {"frequency": "weekly fri", "at": "09:15", "zone": "Asia/Tokyo", "patience": "2 days"}
    assert home.found.due
    assert home.found.due.at == datetime(2025, 5, 9, 0, 15, tzinfo=UTC)


def test_an_edit_counts_with_the_next_run(home: Home) -> None:
    """What the file says otherwise is taken up, and what it says no more is as in the settings again."""
    home.say(OWLS)
    home.say(f"{OWLS}send_at: 20:00\ntimezone: Asia/Tokyo\n")
    assert home.words == {**USUAL, "at": "20:00", "zone": "Asia/Tokyo"}
    assert home.found.due
    assert home.found.due.at == datetime(2025, 5, 6, 11, tzinfo=UTC)
    home.say(f"{OWLS}timezone: Asia/Tokyo\nfrequency: cron 5 8 * * 1\n")
    assert home.words == {**USUAL, "frequency": "cron 5 8 * * 1", "at": "08:05", "zone": "Asia/Tokyo"}
    home.say(OWLS)
    assert home.words == USUAL


def test_the_settings_count_where_the_file_is_silent(home: Home) -> None:
    """Another `send_at` in `digest.toml` reaches the reader whose file names none."""
    home.say(OWLS)
    home.settings = home.settings.model_copy(update={"send_at": "05:00", "timezone": "Asia/Tokyo"})
    home.say(OWLS)
    assert home.words == {**USUAL, "at": "05:00", "zone": "Asia/Tokyo"}
    home.say(f"{OWLS}send_at: 05:10\n")
    home.settings = home.settings.model_copy(update={"send_at": "04:00"})
    home.say(f"{OWLS}send_at: 05:10\n")
    assert home.words["at"] == "05:10"


def test_what_the_reader_chose_stays_until_the_file_says_otherwise_of_it(home: Home) -> None:
    """Word by word, what was said last counts: an edit of topics changes no schedule, and one of the time no other."""
    home.say(f"{OWLS}send_at: 08:00\n")
    home.choose(frequency="weekly mon", at="21:00")
    home.say(f"{OWLS}send_at: 08:00\nmax_papers: 3\n")
    assert home.words == {**USUAL, "frequency": "weekly mon", "at": "21:00"}
    home.say(f"{OWLS}send_at: 08:30\nmax_papers: 3\n")
    assert home.words == {**USUAL, "frequency": "weekly mon", "at": "08:30"}


def test_a_time_in_the_file_ends_a_crontab_line_of_the_readers(home: Home) -> None:
    """The two do not go together, and the file was written last."""
    home.say(OWLS)
    home.choose(frequency="cron 5 8 * * 1")
    home.say(f"{OWLS}max_papers: 3\n")
    assert home.words["frequency"] == "cron 5 8 * * 1"
    home.say(f"{OWLS}send_at: 08:30\n")
    assert home.words == {**USUAL, "at": "08:30"}


def test_an_issue_that_is_due_is_not_lost_to_an_edit(home: Home) -> None:
    """Nothing ran this morning, and the file is edited before something does: today's issue is still due."""
    home.say(OWLS)
    due = home.found.due
    assert due
    home.now = due.at + timedelta(hours=2)
    home.say(f"{OWLS}send_at: 20:00\n")
    assert (home.words["at"], home.found.due) == ("20:00", due)


@pytest.mark.parametrize("standing", [Standing.PAUSED, Standing.ENDED])
def test_a_reader_who_rests_or_left_is_not_woken(home: Home, standing: Standing) -> None:
    """The file's words are there for when they come back."""
    home.say(OWLS)
    if standing is Standing.PAUSED:
        lifecycle.pause(home.store, "ada", until=None, now=home.now)
    else:
        lifecycle.end(home.store, "ada", now=home.now)
    home.say(f"{OWLS}send_at: 20:00\n")
    assert (home.found.standing, home.found.due, home.words["at"]) == (standing, None, "20:00")


def test_who_was_never_looked_at_keeps_all_that_the_file_does_not_say(home: Home) -> None:
    """A subscription of before files were kept: what its reader had chosen stays but for the file's own words."""
    home.say(OWLS)
    home.choose(frequency="weekly mon", at="21:00", zone="Asia/Tokyo")
    with home.store.writing() as connection:
        connection.exec_driver_sql("DELETE FROM filed_profiles")
    home.say(f"{OWLS}patience: 6 hours\n")
    assert home.words == {"frequency": "weekly mon", "at": "21:00", "zone": "Asia/Tokyo", "patience": "6 hours"}


def test_a_file_with_faults_changes_nothing(home: Home) -> None:
    """What it said before counts until it is mended; of a new reader the fault is told at once."""
    home.say(f"{OWLS}send_at: 08:00\n")
    assert home.say(f"{OWLS}send_at: 25:00\n") == {}
    assert home.words["at"] == "08:00"
    (home.settings.profiles / "bob.yaml").write_text("topics: [owls]\npatience: for ever\n", encoding="utf-8")
    assert "bob.yaml:2: patience: expected 6 hours" in adopt(home.store, home.settings, now=NOW)["bob"]


def test_a_crontab_line_and_a_time_are_a_fault(home: Home) -> None:
    """A cron says its time itself, and nobody shall guess which one is meant."""
    told = home.say(f"{OWLS}send_at: 08:00\nfrequency: cron 5 8 * * 1\n")
    assert "ada.yaml:4: send_at: a frequency by cron says the time itself" in told["ada"]


def test_what_a_file_said_is_known_for_each_instant(home: Home) -> None:
    """Without its address; a run that meets the same file again keeps nothing, and a fault is nothing it says."""
    home.say(OWLS)
    first = home.now
    home.say(OWLS)
    home.say("email: ada@example.org\ntopics: 7\n")
    home.say("topics: [bats]\nemail: ada@example.org  # mine\n")
    assert home.filed(NOW) is None
    texts = {hours: home.filed(first + timedelta(hours=hours)) for hours in range(5)}
    assert {hours: found and found.text for hours, found in texts.items()} == {
        **dict.fromkeys(range(3), "# Night birds.\ntopics: [owls]\n"),
        **dict.fromkeys(range(3, 5), "topics: [bats]\n"),
    }
    with home.store.reading() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM filed_profiles WHERE digest = 'file'").all()
    assert len(rows) == 2
    assert "example.org" not in str(rows)


def test_digests_on_offer_follow_their_files_too(home: Home) -> None:
    """A digest for everybody comes when its file says; where no site shows it, it is kept what it says, and no more."""
    home.settings.digests.mkdir()
    path = home.settings.digests / "owls.yaml"
    path.write_text("topics: [owls]\n", encoding="utf-8")
    adopt(home.store, home.settings, now=NOW, with_offers=False)
    with home.store.reading() as connection:
        assert subscriptions.by_slug(connection, "owls") is None
    kept = home.filed(NOW, "owls", "owls")
    assert kept
    assert kept.text == "topics: [owls]\n"
    adopt(home.store, home.settings, now=NOW)
    path.write_text("topics: [owls]\nfrequency: weekly sun\n", encoding="utf-8")
    adopt(home.store, home.settings, now=NOW)
    with home.store.reading() as connection:
        found = subscriptions.by_slug(connection, "owls")
    assert found
    assert found.due
    assert found.due.day == date(2025, 5, 11)


def test_a_reader_can_be_adopted_alone(home: Home) -> None:
    """By command, before any run; what is chosen then is not undone by the first run. A name that is taken is told."""
    home.path.write_text(f"{OWLS}frequency: weekdays\n", encoding="utf-8")
    assert adopt_file(home.store, home.settings, home.path, now=NOW).preferences.schedule.when == "weekdays"
    home.choose(frequency="monthly 1")
    adopt(home.store, home.settings, now=NOW)
    assert home.words["frequency"] == "monthly 1"
    taken = home.settings.profiles / "trending.yaml"
    taken.write_text(OWLS, encoding="utf-8")
    with home.store.writing() as connection:
        subscriptions.adopt(connection, [_trending(home.found)])
    with pytest.raises(SubscriptionError, match="rename the file"):
        adopt_file(home.store, home.settings, taken, now=NOW)


def _trending(like: Subscription) -> Subscription:
    return replace(like, slug="trending", reader="00", digest="trending", preferences=Preferences())
