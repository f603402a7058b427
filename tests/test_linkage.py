"""Record linkage: close titles of the same authors are one work, and whatever may be another work is one."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import combinations
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.folding import is_same_work
from digest.identity import title_id, title_key
from digest.linkage import MAX_YEARS, are_compatible, are_strangers, block, is_match
from digest.sources import interchange
from digest.types import Paper

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

TEXT = (
    "We measure how slow rivers carry sand and gravel towards the sea, with probes that drift along and count grains. "
    "Over three winters most of the sediment moved within nine days, which models of steady transport do not show."
)
ARCHIVE = Paper(
    id="arxiv:2505.00001",
    version=1,
    title="Sediment transport in slow rivers: a winter's probes",
    abstract=TEXT,
    authors=("Ada Example", "Jörg van der Müller", "Carol Poe"),
    published=datetime(2024, 11, 1, 12, tzinfo=UTC),
)
JOURNAL = replace(
    ARCHIVE,
    id="doi:10.5555/sand.1",
    version=None,
    authors=("Example, A.", "van der Muller, J", "C. Poe Jr."),
    published=datetime(2026, 1, 1, tzinfo=UTC),
)


def blocks(*papers: Paper) -> set[int | None]:
    """The blocking keys of papers."""
    return {block(paper.title, title_key(paper.title), paper.authors) for paper in papers}


def test_the_archive_and_the_journal_are_one() -> None:
    """The same title, authors as each writes them, and two years between: one work, found by one key."""
    assert is_match(ARCHIVE, JOURNAL)
    assert is_match(JOURNAL, ARCHIVE)
    assert is_same_work(ARCHIVE, JOURNAL)
    assert is_match(ARCHIVE, replace(JOURNAL, abstract="", published=None))
    assert len(blocks(ARCHIVE, JOURNAL)) == 1


@pytest.mark.parametrize(
    ("one", "another"),
    [
        ("Modelling the behaviour of tumour cells", "Modeling the Behavior of Tumor Cells"),
        ("Catalogue of haemoglobin in foetal fibre centres", "Catalog of Hemoglobin in Fetal Fiber Centers"),
        ("Analysing and optimising sulphur programmes", "Analyzing and Optimizing Sulfur Programs"),
        ("Self-supervised learning of 3D shapes", "Self supervised learning of 3-D shapes"),
        ("The $K$-theory of slow rivers", "K-Theory of slow rivers."),
        ("Été: naïve Ströme im Fluß", "Ete naive strome im fluss"),
    ],
)
def test_spellings_make_no_other_title(one: str, another: str) -> None:
    """British or American, hyphens, marks, articles and capitals, where there is no abstract to compare."""
    assert is_match(replace(ARCHIVE, title=one, abstract=""), replace(JOURNAL, title=another, abstract=""))


@pytest.mark.parametrize(
    "title",
    [
        "SEDIMENT TRANSPORT IN SLOW RIVERS",
        "Sediment-transport in the slow rivers. What it takes",
        "Sediment transport \N{EN DASH} in slow rivers \N{EN DASH} of haemoglobin",
        "Sedimentary transporting in slow rivers",
    ],
)
def test_papers_that_may_match_have_one_key(title: str) -> None:
    """Subtitles, endings and marks make no other key; another author does."""
    assert len(blocks(ARCHIVE, replace(JOURNAL, title=title))) == 1
    assert len(blocks(ARCHIVE, replace(JOURNAL, title=title, authors=("Bob Roe",)))) == 2


@pytest.mark.parametrize(
    "title",
    [
        "Sediment transport in slow rivers",
        "Sediment transports in slow rivers: a winter's probe",
        "On sediment transport in slow rivers: a winter's probes",
        "Sediment transport in slow rivers: a long winter's probes",
    ],
)
def test_close_titles_need_the_text(title: str) -> None:
    """A subtitle or a word left out or added: one work with nearly the same abstract and authors, else two."""
    other = replace(JOURNAL, title=title)
    assert is_match(ARCHIVE, other)
    assert len(blocks(ARCHIVE, other)) == 1
    assert not is_match(ARCHIVE, replace(other, abstract=""))
    assert not is_match(ARCHIVE, replace(other, abstract="We measure how gravel moves in slow rivers and to the sea."))
    assert not is_match(ARCHIVE, replace(other, authors=("Ada Example",)))


@pytest.mark.parametrize(
    "title",
    [
        "Sediment transport in quick rivers: a winter's probes",
        "Sediment transport in slow rivers: a summer's probes",
        "Sediment transport from slow rivers: a winter's probes",
        "Sediment transport in slow rivers: a winter's probes II",
        "Sediment transport in slow rivers: a winter's probes 2",
        "Sediment transport in slow rivers: a winter's probes. Part B",
        "Erratum: Sediment transport in slow rivers: a winter's probes",
        "Corrigendum to: Sediment transport in slow rivers: a winter's probes",
        "Reply to: Sediment transport in slow rivers: a winter's probes",
        "Comment on: Sediment transport in slow rivers: a winter's probes",
        "Retracted: Sediment transport in slow rivers: a winter's probes",
        "Supplement to: Sediment transport in slow rivers: a winter's probes",
        "Review of: Sediment transport in slow rivers: a winter's probes",
        "No sediment transport in slow rivers: a winter's probes",
        "Slow rivers in sediment transport: a winter's probes",
        "Sediment",
        "",
    ],
)
def test_other_titles_are_other_works(title: str) -> None:
    """Another word, number or part, or something about the work: not even the same text makes them one."""
    assert not is_match(ARCHIVE, replace(JOURNAL, title=title))
    assert not is_same_work(replace(JOURNAL, title=title), ARCHIVE)


@pytest.mark.parametrize(
    ("one", "another"),
    [("Runs 1 1 of the probe", "Runs 11 of the probe"), ("Part I of the probe", "Part II of the probe")],
)
def test_numbers_are_compared_as_numbers(one: str, another: str) -> None:
    """What reads the same without blanks need not be the same number."""
    assert not is_match(replace(ARCHIVE, title=one), replace(JOURNAL, title=another))


@pytest.mark.parametrize(
    "change",
    [
        {"authors": ("Dora Else", "Carol Poe")},
        {"authors": ()},
        {"published": datetime(2024 + MAX_YEARS + 1, 1, 1, tzinfo=UTC)},
        {"published": None, "announced": date(2024 + MAX_YEARS + 1, 1, 1)},
        {"abstract": "An index of all books that came to this library, and of those which nobody ever borrowed again."},
        {"id": "arxiv:2505.00002"},
        {"id": "doi:10.5281/zenodo.1"},
    ],
    ids=["other authors", "no authors", "years", "days", "another text", "two of the archive", "a deposit"],
)
def test_the_same_title_is_not_enough(change: dict[str, object]) -> None:
    """Other authors, many years, another text, and ids that no work has together part what the title joins."""
    assert not is_match(ARCHIVE, replace(JOURNAL, **change))  # type: ignore[arg-type]  # fields by name


@pytest.mark.parametrize(
    "title", ["Book reviews", "Editorial", "Annual report of the river board", "Proceedings of the river board", "2024"]
)
def test_titles_that_come_again_need_the_text(title: str) -> None:
    """What every issue or year has, or says little, is one work only with nearly the same text."""
    one, another = replace(ARCHIVE, title=title), replace(JOURNAL, title=title)
    assert is_match(one, another)
    assert not is_match(replace(one, abstract=""), another)


@pytest.mark.parametrize(
    ("some", "others", "expected"),
    [
        (["arxiv:2505.00001"], ["doi:10.5555/1", "pmid:1"], True),
        (["arxiv:2505.00001"], ["arxiv:2505.00002"], False),
        (["arxiv:2505.00001"], ["doi:10.1101/2025.05.01.123456"], True),
        (["arxiv:2505.00001", "doi:10.5555/1"], ["doi:10.5555/2"], False),
        (["arxiv:2505.00001", "doi:10.5281/zenodo.1"], ["doi:10.5555/2"], True),
        (["doi:10.1101/2025.05.01.123456"], ["doi:10.5555/1"], True),
        (["doi:10.1101/2025.05.01.123456"], ["doi:10.1101/2025.05.01.123457"], False),
        (["doi:10.21203/rs.3.rs-1/v1"], ["doi:10.21203/rs.3.rs-1/v2"], True),
        (["doi:10.21203/rs.3.rs-1/v1"], ["doi:10.21203/rs.3.rs-2/v1"], False),
        (["doi:10.5555/1", "pmid:1"], ["pmid:2"], False),
        (["openreview:AbC12xyz"], ["openreview:AbC12xyy"], False),
        (["title:0123456789abcdef"], ["title:0123456789abcdee"], True),
        (["doi:10.6084/m9.figshare.1"], ["arxiv:2505.00001"], False),
    ],
)
def test_ids_that_one_work_can_have(some: Sequence[str], others: Sequence[str], *, expected: bool) -> None:
    """One of each kind, and of DOIs one of a server of preprints and one of a publisher."""
    one, another = (Paper(id=ids[0], title="Sand", other_ids=tuple(ids[1:])) for ids in (some, others))
    assert are_compatible(one, another) is expected
    assert are_compatible(another, one) is expected


def test_versions_of_a_preprint_are_one_work() -> None:
    """Where each version has a DOI of its own, v1 and v2 are folded by title and authors."""
    first, second = (replace(JOURNAL, id=f"doi:10.21203/rs.3.rs-123/v{n}") for n in (1, 2))
    assert is_same_work(first, second)


@pytest.mark.parametrize(
    ("some", "others", "strangers"),
    [
        (("Ada Example",), ("A Example",), False),
        (("Ada Example",), ("Bob Roe",), True),
        (("Ada Example",), (), False),
        (("The Sand Collaboration",), ("The Gravel Collaboration",), True),
        (("Ada Example III",), ("Example, Ada",), False),
        (("X",), ("X",), False),
        (("…",), ("…",), False),
    ],
)
def test_authors_are_known_by_their_surnames(
    some: tuple[str, ...], others: tuple[str, ...], *, strangers: bool
) -> None:
    """Initials and suffixes do not count; collaborations are known by their whole names."""
    one, another = (Paper(id=f"doi:10.5555/{n}", title="Sand", authors=names) for n, names in enumerate((some, others)))
    assert are_strangers(one, another) is strangers


def test_equal_titles_of_strangers_are_two_works() -> None:
    """A page without identifier is not the paper of the same title that others wrote."""
    page = Paper(id=title_id("Sand in rivers"), title="Sand in rivers", authors=("Dora Else",))
    paper = replace(ARCHIVE, title="Sand in rivers")
    assert not is_same_work(page, paper)
    assert is_same_work(replace(page, authors=()), paper)


def test_without_authors_or_words_there_is_no_key() -> None:
    """What the rule cannot join is not looked for."""
    assert blocks(replace(ARCHIVE, authors=()), replace(ARCHIVE, title="???")) == {None}


TITLES = st.lists(st.sampled_from(["sand", "river", "a", "the", "2", "II", "part", ":", "colour", "color"]), max_size=5)
NAMES = st.sampled_from(["Ada Example", "Example, Ada", "Bob Roe", "", ",", "X", "é", "The Sand Group"])
PAPERS = st.builds(
    Paper,
    id=st.sampled_from(["arxiv:2505.00001", "doi:10.5555/1", "doi:10.1101/2025.05.01.123456", "pmid:1", "title:0"]),
    title=TITLES.map(" ".join) | st.text(max_size=20),
    abstract=st.sampled_from(["", TEXT, TEXT.upper(), "Nothing else."]),
    authors=st.lists(NAMES | st.text(max_size=4), max_size=3).map(tuple),
    published=st.none() | st.just(ARCHIVE.published) | st.just(JOURNAL.published),
)


@given(one=PAPERS, another=PAPERS)
def test_the_answer_does_not_depend_on_who_is_first(one: Paper, another: Paper) -> None:
    """The rule is mutual for any text, and what it joins has the ids of one work and shares an author."""
    assert is_match(one, another) == is_match(another, one)
    if is_match(one, another):
        assert are_compatible(one, another)
        assert not are_strangers(one, another)


def test_no_two_announced_papers_are_joined(samples: Path) -> None:
    """Over days of real announcements, with the ids hidden and as if one group had written all of them in one year."""
    works: dict[str, Paper] = {}
    for path in sorted((samples / "stream").glob("*.jsonl.gz")):
        with gzip.open(path) as lines:
            for line in lines:
                paper = interchange.parse(json.loads(line))
                works[paper.id] = replace(paper, authors=("Ada Example",), published=ARCHIVE.published)
    found: dict[int | None, list[Paper]] = defaultdict(list)
    for paper in works.values():
        found[block(paper.title, title_key(paper.title), paper.authors)].append(paper)
    pairs = [pair for group in found.values() for pair in combinations(group, 2)]
    assert len(works) > 1500
    assert len(pairs) > 10
    wrong = [
        (one.title, another.title)
        for one, another in pairs
        if is_match(replace(one, other_ids=()), replace(another, id="doi:10.5555/1", other_ids=()))
    ]
    assert wrong == []
