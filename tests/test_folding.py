"""Folding: one work seen twice is one paper, whatever the order."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, date, datetime
from functools import reduce
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.folding import fold, is_same_work
from digest.identity import title_id
from digest.types import AnnounceType, Links, Paper, Signals

IDS = st.sampled_from(
    [
        "arxiv:2401.00001",
        "arxiv:2401.00002",
        "arxiv:hep-th/9901001",
        "doi:10.1/a",
        "doi:10.1/b",
        "title:0123456789abcdef",
    ]
)
WORDS = st.text("ab ", max_size=4)
NAMES = st.lists(st.text("xy", min_size=1, max_size=3), max_size=3).map(tuple)
OPTIONAL = st.none() | st.text("pq", min_size=1, max_size=3)
COUNTS = st.none() | st.integers(0, 3)
INSTANTS = st.none() | st.datetimes(timezones=st.just(UTC))

PAPERS = st.builds(
    Paper,
    id=IDS,
    title=WORDS,
    abstract=WORDS,
    version=st.none() | st.integers(1, 3),
    authors=NAMES,
    categories=NAMES,
    published=INSTANTS,
    updated=INSTANTS,
    announced=st.none() | st.dates() | st.sampled_from([date.min, date.max]),
    announce_type=st.none() | st.sampled_from(AnnounceType),
    venue=OPTIONAL,
    comment=OPTIONAL,
    other_ids=st.lists(IDS, max_size=3).map(tuple),
    links=st.builds(Links, abstract=OPTIONAL, pdf=OPTIONAL, html=OPTIONAL, code=OPTIONAL, project=OPTIONAL),
    signals=st.builds(
        Signals,
        upvotes=COUNTS,
        comments=COUNTS,
        stars=COUNTS,
        submitter=OPTIONAL,
        thumbnail=OPTIONAL,
        summary=OPTIONAL,
        summary_by=OPTIONAL,
    ),
)


def names(paper: Paper) -> set[str]:
    """All ids of a paper."""
    return {paper.id, *paper.other_ids}


@given(one=PAPERS, another=PAPERS)
def test_order_does_not_matter(one: Paper, another: Paper) -> None:
    """Folding is commutative."""
    assert fold(one, another) == fold(another, one)


@given(papers=st.lists(PAPERS, min_size=3, max_size=3))
def test_three_papers_in_any_order_are_the_same(papers: list[Paper]) -> None:
    """Folding is associative too, so a chain of sightings ends the same whichever came first."""
    chains = [reduce(fold, order) for order in permutations(papers)]
    assert chains == [chains[0]] * 6


@given(one=PAPERS, another=PAPERS)
def test_what_is_known_changes_nothing(one: Paper, another: Paper) -> None:
    """Folding is idempotent: neither a paper folded with itself again nor one that is folded in already makes news."""
    assert fold(fold(one, one), one) == fold(one, one)
    assert fold(fold(one, another), another) == fold(one, another)


@given(one=PAPERS, another=PAPERS)
def test_nothing_is_invented_and_no_id_is_lost(one: Paper, another: Paper) -> None:
    """Every field comes from one of the two, no field is empty that either has, and all ids stay."""
    folded = fold(one, another)
    assert names(folded) == names(one) | names(another)
    assert len(folded.other_ids) == len(names(folded)) - 1
    for each in fields(Paper):
        if each.name not in ("other_ids", "links", "signals"):
            assert getattr(folded, each.name) in (getattr(one, each.name), getattr(another, each.name)), each.name
    for name in ("authors", "categories", "published", "updated", "announced", "venue", "comment", "abstract"):
        assert bool(getattr(folded, name)) == bool(getattr(one, name) or getattr(another, name)), name
    for part in ("links", "signals"):
        for each in fields(getattr(folded, part)):
            values = [getattr(getattr(paper, part), each.name) for paper in (one, another)]
            found = getattr(getattr(folded, part), each.name)
            assert found in values
            # A summary that nobody signed must not get another one's author.
            assert (found is None) == (values == [None, None]) or each.name == "summary_by"
    signed = [(each.signals.summary, each.signals.summary_by) for each in (one, another)]
    assert (folded.signals.summary, folded.signals.summary_by) in signed


@given(one=PAPERS, another=PAPERS)
def test_being_the_same_work_is_mutual(one: Paper, another: Paper) -> None:
    """The question has one answer whichever paper is known already, and a paper is the same work as itself."""
    assert is_same_work(one, another) == is_same_work(another, one)
    assert is_same_work(one, one)


V1 = Paper(
    id="arxiv:2505.00001",
    version=1,
    title="A first title",
    abstract="The longer text of the first version, with a mistake.",
    authors=("Ada Example", "B. Example"),
    categories=("cs.LG",),
    published=datetime(2025, 5, 1, tzinfo=UTC),
    updated=datetime(2025, 5, 1, tzinfo=UTC),
    announced=date(2025, 5, 2),
    announce_type=AnnounceType.NEW,
)
V2 = replace(
    V1,
    version=2,
    title="A better title",
    abstract="The second text.",
    authors=("Ada Example", "Bob Example"),
    categories=("cs.LG", "stat.ML"),
    updated=datetime(2025, 6, 1, tzinfo=UTC),
    announced=date(2025, 6, 2),
    announce_type=AnnounceType.REPLACE,
    other_ids=("doi:10.5555/journal.1",),
)


def test_a_new_version_brings_its_text_and_keeps_the_first_dates() -> None:
    """v1 and v2 are one paper with v2's text, the fuller names, and the day and type of the first announcement."""
    folded = fold(V1, V2)
    assert (folded.version, folded.title, folded.abstract) == (2, V2.title, V2.abstract)
    assert folded.authors == ("Ada Example", "Bob Example")
    assert folded.categories == ("cs.LG", "stat.ML")
    assert (folded.published, folded.updated) == (V1.published, V2.updated)
    assert (folded.announced, folded.announce_type) == (date(2025, 5, 2), AnnounceType.NEW)
    assert folded.other_ids == ("doi:10.5555/journal.1",)


def test_a_text_stays_with_its_version() -> None:
    """A newer version without an abstract does not put its number on the older version's text."""
    folded = fold(V1, replace(V2, abstract=""))
    assert (folded.version, folded.title, folded.abstract) == (1, V1.title, V1.abstract)


def test_a_source_without_versions_yields_to_one_that_states_them() -> None:
    """Text that names no version may be old, however long it is."""
    assert fold(replace(V1, version=None), V2).abstract == V2.abstract


def test_arxiv_and_hugging_face_are_one_paper_with_signals() -> None:
    """The page's votes join the archive's metadata; of each count the highest is kept."""
    daily = Paper(
        id=V1.id,
        title=V1.title,
        abstract=V1.abstract,
        links=Links(code="https://example.org/code"),
        signals=Signals(upvotes=12, comments=3, submitter="Somebody"),
    )
    later = replace(daily, signals=Signals(upvotes=40, comments=2))
    folded = reduce(fold, (V1, daily, later))
    assert folded == replace(
        V1,
        links=Links(code="https://example.org/code"),
        signals=Signals(upvotes=40, comments=3, submitter="Somebody"),
    )


def test_a_journal_stands_before_the_server_of_preprints() -> None:
    """However long the server's name is, the venue is where the paper was published."""
    server, journal = (replace(V1, venue=venue) for venue in ("bioRxiv, the preprint server for biology", "Sand"))
    assert fold(server, journal).venue == "Sand"


def test_a_paper_known_by_title_takes_the_stronger_id() -> None:
    """The archive's id stands in front, the title's stays known."""
    page = Paper(id=title_id(V1.title), title=V1.title, abstract="The longer text of the first version.")
    assert is_same_work(page, V1)
    folded = fold(page, V1)
    assert (folded.id, folded.other_ids) == (V1.id, (page.id,))
    assert folded.abstract == V1.abstract


def test_two_arxiv_ids_are_two_works_even_with_one_doi() -> None:
    """A DOI that two arXiv papers name does not make them one."""
    twin = replace(V2, id="arxiv:2505.00002")
    assert not is_same_work(V2, twin)
    assert is_same_work(V2, Paper(id="doi:10.5555/journal.1", title="As the journal spells it"))


@pytest.mark.parametrize(
    ("abstract", "same"),
    [
        ("We measure how slow rivers carry sand and gravel to the sea.", True),
        ("we measure how SLOW rivers carry sand", True),
        ("", True),
        ("An index of books received by this journal in spring.", False),
    ],
)
def test_equal_titles_are_one_work_where_the_texts_agree(abstract: str, *, same: bool) -> None:
    """A generic title alone makes nothing one; half of the shorter abstract's words have to be shared."""
    archive = Paper(
        id="arxiv:2505.00003",
        title="Editorial",
        abstract="We measure how slow rivers carry sand and gravel to the sea.",
    )
    page = Paper(id=title_id("Editorial", abstract), title="Editorial", abstract=abstract)
    assert is_same_work(archive, page) is same


def test_equal_titles_under_two_dois_are_two_works() -> None:
    """Where both sides have identifiers, the title says nothing."""
    one, another = (Paper(id=f"doi:10.5555/{n}", title="Reply to comments", abstract="Same.") for n in "ab")
    assert not is_same_work(one, another)
