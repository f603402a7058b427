"""What happens to papers after they came is noted once, whatever dumps come and however often."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import permutations
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.store import Store, events, papers
from digest.types import AnnounceType, Event, EventKind, Paper

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from digest.databases import Place

AS_OF = date(2025, 5, 20)
FIRST = Paper(
    id="arxiv:2505.00001",
    version=1,
    title="Sand in slow rivers",
    abstract="We measure how slow rivers carry sand to the sea.",
    published=datetime(2025, 5, 1, 12, tzinfo=UTC),
)
SECOND = replace(
    FIRST, version=2, abstract="We measure it better.", announced=date(2025, 5, 8), announce_type=AnnounceType.REPLACE
)
JOURNAL = Paper(
    id="doi:10.5555/sand.1", title="Sand in slow rivers", venue="Journal of Sand", other_ids=("arxiv:2505.00001",)
)
NEW_VERSION = Event(paper=FIRST.id, kind=EventKind.NEW_VERSION, day=date(2025, 5, 8), detail="2")
PUBLISHED = Event(paper=FIRST.id, kind=EventKind.PUBLISHED, day=AS_OF, detail="Journal of Sand, doi:10.5555/sand.1")


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    """An empty database."""
    with Store(place) as opened:
        yield opened


def after(store: Store, batches: Sequence[Sequence[Paper]]) -> list[Event]:
    """The events of all papers once the batches have been added; the database stays empty."""
    with store.writing() as connection:
        savepoint = connection.begin_nested()
        for batch in batches:
            papers.add(connection, batch, AS_OF)
        found = events.of(connection, {name for batch in batches for p in batch for name in (p.id, *p.other_ids)})
        savepoint.rollback()
    return found


def test_a_new_version_and_a_publication_are_events(store: Store) -> None:
    """The announced day counts, else the dump's; batches make no difference, and nothing is noted twice."""
    assert after(store, [[FIRST]]) == []
    assert after(store, [[FIRST], [SECOND], [JOURNAL]]) == [NEW_VERSION, PUBLISHED]
    assert after(store, [[FIRST, SECOND, JOURNAL]]) == [NEW_VERSION, PUBLISHED]
    for again in permutations([FIRST, SECOND, JOURNAL]):
        assert after(store, [[FIRST], [SECOND], [JOURNAL], again, again]) == [NEW_VERSION, PUBLISHED]


def test_what_a_paper_comes_in_with_is_no_event(store: Store) -> None:
    """A second version with journal and DOI at first sight is news as a paper; its older version later is nothing."""
    whole = replace(SECOND, venue="Journal of Sand", other_ids=("doi:10.5555/sand.1",))
    assert after(store, [[whole], [FIRST], [JOURNAL], [whole]]) == []


def test_a_version_where_none_was_known_is_no_event(store: Store) -> None:
    """A page that names no version says nothing about which was there."""
    page = replace(FIRST, version=None)
    assert after(store, [[page], [SECOND]]) == []
    assert after(store, [[page], [FIRST], [SECOND]]) == [NEW_VERSION]


@pytest.mark.parametrize(
    "more",
    [
        replace(FIRST, comment="accepted at the Journal of Sand"),
        replace(FIRST, venue="Submitted to the Journal of Sand"),
        replace(FIRST, venue="arXiv preprint arXiv:2505.00001"),
        replace(FIRST, other_ids=("doi:10.1101/2025.05.01.123456",)),
        replace(FIRST, other_ids=("doi:10.5281/zenodo.1", "pmid:123", "openreview:AbC12xyz")),
    ],
    ids=["comment", "submitted", "the preprint itself", "another server", "no journal's ids"],
)
def test_what_is_no_publication(store: Store, more: Paper) -> None:
    """Hopes, servers, repositories and indexes publish nothing, and do not stand in the way of what does."""
    assert after(store, [[FIRST], [more]]) == []
    (published,) = after(store, [[FIRST], [more], [JOURNAL]])
    assert published.kind is EventKind.PUBLISHED
    assert published.detail == PUBLISHED.detail


def test_the_doi_after_the_venue_is_no_second_publication(store: Store) -> None:
    """A paper is published once, with what is known then."""
    venue = replace(FIRST, venue="Journal of Sand")
    doi = replace(FIRST, other_ids=("doi:10.5555/sand.1",))
    assert [each.detail for each in after(store, [[FIRST], [venue], [doi], [JOURNAL]])] == ["Journal of Sand"]
    assert [each.detail for each in after(store, [[FIRST], [doi], [venue]])] == ["doi:10.5555/sand.1"]


def test_events_of_some_papers_since_a_day(store: Store) -> None:
    """Any id of a paper finds its events; the day is included; others' events and unknown ids are left out."""
    other = replace(FIRST, id="arxiv:2505.00002", title="Gravel in slow rivers")
    with store.writing() as connection:
        papers.add(connection, [FIRST, other], AS_OF)
        papers.add(connection, [JOURNAL, SECOND, replace(other, version=2, abstract="Better.")], AS_OF)
        assert events.of(connection, ["doi:10.5555/sand.1", FIRST.id]) == [NEW_VERSION, PUBLISHED]
        assert events.of(connection, [FIRST.id], date(2025, 5, 8)) == [NEW_VERSION, PUBLISHED]
        assert events.of(connection, [FIRST.id], date(2025, 5, 9)) == [PUBLISHED]
        assert [each.paper for each in events.of(connection, [other.id])] == [other.id]
        assert events.of(connection, ["arxiv:2505.00009"]) == events.of(connection, []) == []


SIGHTINGS = st.lists(
    st.builds(
        replace,
        st.just(FIRST),
        version=st.none() | st.integers(1, 4),
        venue=st.sampled_from([None, "arXiv.org", "Journal of Sand", "A very long journal of sand and gravel"]),
        other_ids=st.sampled_from([(), ("doi:10.5555/sand.1",), ("doi:10.1101/2025.05.01.123456",)]),
    ),
    min_size=1,
    max_size=7,
)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sightings=SIGHTINGS, cut=st.integers(0, 7))
def test_the_same_dumps_again_give_no_second_event(store: Store, sightings: list[Paper], cut: int) -> None:
    """Whatever was seen of a paper, in whatever batches: versions only grow, and it is published once at most."""
    once = after(store, [sightings])
    assert after(store, [sightings[:cut], sightings[cut:]]) == once
    assert after(store, [sightings, sightings[::-1], sightings]) == once
    versions = [int(each.detail) for each in once if each.kind is EventKind.NEW_VERSION]
    assert versions == sorted(set(versions))
    assert sum(each.kind is EventKind.PUBLISHED for each in once) <= 1
