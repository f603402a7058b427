"""Forgetting for good: rows, pages, feeds and mails of one reader, and nobody else's."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from digest import adoption, correspondence, delivering, forgetting, pipeline, readers, sample, subscribing
from digest.clock import Clock
from digest.ingest import ingest
from digest.rendering import renderer
from digest.settings import Settings
from digest.store import Store, bounces, holdings, subscribers, subscriptions
from digest.store.bounces import Reason
from digest.subscribing import Wish
from digest.subscription import OWN

if TYPE_CHECKING:
    from pathlib import Path

DAY = date(2025, 5, 9)
NOW = datetime(2025, 5, 9, 6, tzinfo=UTC)
BOB, EVE = "bob@example.org", "eve@example.org"
TALKING = "topics: [talking heads]\nmin_score: 10\n"


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home where two subscribers, and a reader whose profile is a file, have mails, letters, pages and feeds."""
    home = tmp_path_factory.mktemp("sent")
    here = installation(home)
    here.profiles.mkdir()
    shutil.copy(sample.PROFILES / "ada.yaml", here.profiles)
    with Store(here.database) as store:
        ingest(store, [sample.FOLDER / f"{DAY}.jsonl"], as_of=DAY)
        for address in (BOB, EVE):
            asked = subscribing.subscribe(store, here, Wish(email=address, digest=OWN, interests=TALKING), now=NOW)
            correspondence.send_due(store, here, now=NOW, environment={})
            subscribing.confirm(store, here, asked.subscription.slug, now=NOW)
        adoption.adopt_file(store, here, here.profiles / "ada.yaml", now=NOW)
        with store.reading() as connection:
            found = readers.load(connection, here, subscriptions.listing(connection))
        pipeline.compose_issues(store, here, list(found.profiles.values()), day=DAY, now=NOW)
        now = Clock(now=lambda: NOW, sleep=lambda _: None)
        assert not delivering.deliver(store, here, renderer(here), clock=now, environment={}).failed
    return home


def installation(home: Path) -> Settings:
    """With a site, so that letters are sent."""
    return Settings(home=home, site_url="https://digest.example.org")


@pytest.fixture
def here(tmp_path: Path, sent: Path) -> Settings:
    """A copy of it."""
    return installation(shutil.copytree(sent, tmp_path / "home"))


def owner(store: Store, address: str) -> tuple[str, str]:
    """A subscriber's id and the name of the subscription."""
    with store.reading() as connection:
        found = subscribers.by_address(connection, address)
        assert found
        (held,) = subscriptions.of(connection, found.id)
    return found.id, held.slug


def files(here: Settings) -> dict[str, bytes]:
    """All that lies in the outbox and among the pages."""
    return {path.name: path.read_bytes() for folder in (here.outbox, here.pages) for path in folder.iterdir()}


def everything(here: Settings) -> bytes:
    """All bytes of the home, names of files included."""
    return b"\n".join(
        str(path).encode() + (path.read_bytes() if path.is_file() else b"") for path in sorted(here.home.rglob("*"))
    )


def test_no_byte_of_a_reader_is_left(here: Settings) -> None:
    """Neither the address nor the subscription's name stands anywhere below the home; the others keep all of theirs."""
    with Store(here.database) as store:
        subscriber, slug = owner(store, BOB)
        others = {name: content for name, content in files(here).items() if slug not in name}
        assert BOB.encode() in everything(here)
        gone = forgetting.forget(store, here, subscriber)
    assert (gone.slugs, gone.suppressed, gone.profiles) == ((slug,), None, ())
    # A mail and a letter, a page with its twins, an archive with its feeds.
    assert gone.files == 2 + 3 + 3
    left = everything(here)
    assert BOB.encode() not in left
    assert slug.encode() not in left
    assert set(files(here)) == {name for name, content in others.items() if BOB.encode() not in content}
    with Store(here.database) as store:
        _, other = owner(store, EVE)
        with store.reading() as connection:
            held = holdings.of_reader(connection, other)
    assert held
    assert len(held["issues"]) == len(held["deliveries"]) == 1


def test_forgetting_twice_is_forgetting_once(here: Settings) -> None:
    """The second time there is nothing, and nothing is said of it."""
    with Store(here.database) as store:
        subscriber, _ = owner(store, BOB)
        forgetting.forget(store, here, subscriber)
        again = forgetting.forget(store, here, subscriber)
    assert (again.slugs, again.files) == ((), 0)


def test_a_wish_for_no_more_mails_is_kept_and_told(here: Settings) -> None:
    """Whoever complained is forgotten but for that."""
    with Store(here.database) as store:
        subscriber, _ = owner(store, BOB)
        with store.writing() as connection:
            bounces.suppress(connection, BOB, Reason.COMPLAINT, now=NOW)
        assert forgetting.forget(store, here, subscriber).suppressed is Reason.COMPLAINT
        with store.reading() as connection:
            assert bounces.suppressed(connection, {BOB}) == {BOB}


def test_an_address_that_is_an_operators_readers_too(here: Settings) -> None:
    """The file is told of and left, and so is what came back from there: the operator's mails go there still."""
    (here.profiles / "bob.yaml").write_text(f"email: Bob@Example.org\n{TALKING}", encoding="utf-8")
    with Store(here.database) as store:
        subscriber, _ = owner(store, BOB)
        with store.writing() as connection:
            bounces.suppress(connection, BOB, Reason.HARD, now=NOW)
        gone = forgetting.forget(store, here, subscriber)
    assert [path.name for path in gone.profiles] == ["bob.yaml"]
    assert gone.suppressed is Reason.HARD


def test_a_reader_whose_profile_is_a_file(here: Settings) -> None:
    """What is held under the name goes; the file is its operator's."""
    with Store(here.database) as store:
        gone = forgetting.forget_reader(store, here, "ada")
        with store.reading() as connection:
            assert subscriptions.by_slug(connection, "ada") is None
            assert len(subscriptions.listing(connection)) == 2
    assert gone.files == 1 + 3 + 3
    assert [path.name for path in gone.profiles] == ["ada.yaml"]
    assert not [name for name in files(here) if "ada" in name]


def test_names_that_begin_alike_are_other_readers(here: Settings) -> None:
    """The files of `ada-x` and of `xada` are not `ada`'s."""
    token = "a" * 26
    kept = [f"ada-x-{token}.html", f"2025-05-09-ada-x-{token}.html", f"xada-{token}.atom", f"ada-{token}.css"]
    for name in kept:
        (here.pages / name).touch()
    (here.outbox / "2025-05-09-ada-x.eml").touch()
    with Store(here.database) as store:
        forgetting.forget_reader(store, here, "ada")
    assert {*kept, "2025-05-09-ada-x.eml"} <= set(files(here))


def test_all_that_is_held_is_told(here: Settings) -> None:
    """The address with its consent, the profile, the issue with its papers, the delivery's state and the letter."""
    with Store(here.database) as store:
        subscriber, slug = owner(store, BOB)
        with store.writing() as connection:
            bounces.suppress(connection, BOB, Reason.OPERATOR, now=NOW)
        with store.reading() as connection:
            held = holdings.of_subscriber(connection, subscriber)
            assert holdings.of_subscriber(connection, "nobody") is None
            assert holdings.of_reader(connection, "s-0") is None
    assert held
    assert (held["subscriber"]["address"], held["subscriber"]["confirmed"]) == (BOB, NOW)
    assert held["suppression"]["reason"] == "operator"
    (subscription,) = held["subscriptions"]
    assert (subscription["slug"], subscription["source"]) == (slug, "site")
    assert [each["text"] for each in subscription["profile_versions"]] == [TALKING]
    (issue,) = subscription["issues"]
    assert issue["papers"]
    assert issue["day"] == DAY
    assert [each["state"] for each in subscription["deliveries"]] == ["sent"]
    assert [each["kind"] for each in subscription["letters"]] == ["confirmation"]
    assert EVE not in str(held)
