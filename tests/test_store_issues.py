"""Issues and the ledger: nobody is recommended a paper twice, whoever composes at the same time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from threading import Barrier, Thread
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from pydantic import TypeAdapter

from digest.errors import StoreError
from digest.store import Store, deliveries, integrity, issues, papers
from digest.types import AnnounceType, Evidence, Issue, Links, Match, Nearest, Paper, Section, Signals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.databases import Place

DAY = date(2025, 5, 9)
NOW = datetime(2025, 5, 9, 6, tzinfo=UTC)
PAPERS = tuple(
    Paper(
        id=f"arxiv:2505.0000{n}",
        title=f"Paper {n}",
        abstract="Text with ünicode \N{GREEK SMALL LETTER ALPHA}.",
        authors=("Ada Example",),
        published=datetime(2025, 5, n, 1, 2, 3, tzinfo=UTC),
        announced=DAY,
        announce_type=AnnounceType.NEW,
        links=Links(pdf="https://example.org/1"),
        signals=Signals(upvotes=n),
    )
    for n in range(1, 6)
)


@pytest.fixture
def path(place: Place) -> Place:
    """A database with five papers."""
    with Store(place) as store, store.writing() as connection:
        papers.add(connection, PAPERS, DAY)
    return place


@pytest.fixture
def store(path: Place) -> Iterator[Store]:
    """That database, open."""
    with Store(path) as opened:
        yield opened


def issue(profile: str, day: date, *numbers: int) -> Issue:
    """A reader's issue with the papers of these numbers."""
    matches = tuple(
        Match(paper=PAPERS[n - 1], score=90.5 - n, interest="sand", evidence=(Evidence(term="sand", share=1.0),))
        for n in numbers
    )
    return Issue(
        id=f"{profile}-{day}",
        profile=profile,
        name="Ada",
        day=day,
        composed=NOW,
        sections=(Section(heading="Sand", matches=matches),),
        considered=5,
        passed=len(numbers),
    )


def add(store: Store, composed: Issue) -> bool:
    """Put an issue into the outbox in a transaction of its own."""
    with store.writing() as connection:
        return issues.add(
            connection, composed, covered=issues.Coverage(day=DAY, seq=5), recipient="ada@example.org", now=NOW
        )


def rows(store: Store) -> list[tuple[Any, ...]]:
    """All rows that an issue makes."""
    with store.reading() as connection:
        return [
            (name, *row)
            for name in ("issues", "issue_papers", "deliveries")
            for row in connection.execute(sa.text(f"SELECT * FROM {name}"))  # noqa: S608
        ]


def test_an_issue_comes_back_as_it_was_composed(store: Store) -> None:
    """Content, coverage, ledger and one due delivery stand in the database, all of them or none."""
    composed = issue("ada", DAY, 2, 4)
    assert add(store, composed)
    with store.reading() as connection:
        assert issues.of_day(connection, "ada", DAY) == composed
        assert issues.by_ids(connection, [composed.id, "unknown"]) == {composed.id: composed}
        assert issues.coverage(connection, "ada") == issues.Coverage(day=DAY, seq=5)
        assert issues.recommended(connection, "ada") == {2, 4}
        assert deliveries.waiting(connection, now=NOW) == 1


def test_issues_share_papers_that_are_the_same(store: Store) -> None:
    """A paper of many issues is one object when they are read; one that changed in between is as each issue has it."""
    (section,) = issue("bo", DAY, 2).sections
    newer = replace(section.matches[0], paper=replace(PAPERS[1], title="Paper 2, with a better title"))
    composed = [
        issue("ada", DAY, 2),
        replace(issue("bo", DAY, 2), sections=(replace(section, matches=(newer,)),)),
        issue("cyd", DAY, 2, 4),
        issue("dee", DAY, 4),
    ]
    assert all(add(store, each) for each in composed)
    with store.reading() as connection:
        found = issues.by_ids(connection, [each.id for each in composed])
    assert found == {each.id: each for each in composed}
    assert found[composed[2].id].papers[1] is found[composed[3].id].papers[0]


def test_a_paper_is_kept_once_for_all_issues(store: Store) -> None:
    """However many show it; once more as it is after it has changed."""
    (section,) = issue("bo", DAY, 2).sections
    newer = replace(section.matches[0], paper=replace(PAPERS[1], title="Paper 2, with a better title"))
    assert all(add(store, each) for each in (issue("ada", DAY, 2), issue("cyd", DAY, 2, 4), issue("dee", DAY, 4)))
    kept = sa.text("SELECT count(*) FROM shown_papers")
    with store.reading() as connection:
        assert connection.execute(kept).scalar() == 2
    assert add(store, replace(issue("bo", DAY, 2), sections=(replace(section, matches=(newer,)),)))
    with store.reading() as connection:
        assert connection.execute(kept).scalar() == 3
        assert (
            "Text with" not in connection.execute(sa.text("SELECT content FROM issues WHERE profile = 'bo'")).scalar()
        )


def test_an_issue_of_before_papers_were_kept_beside_it(store: Store) -> None:
    """Its papers are within; it is read, and listed, as those after it are."""
    composed = issue("ada", DAY, 2, 4)
    assert add(store, composed)
    with store.writing() as connection:
        before = issues.headlines(connection, "ada", 9)
        connection.execute(
            sa.text("UPDATE issues SET content = :content"),
            {"content": TypeAdapter(Issue).dump_json(composed).decode()},
        )
        connection.execute(sa.text("DELETE FROM shown_papers"))
    with store.reading() as connection:
        assert issues.of_day(connection, "ada", DAY) == composed
        assert issues.newest(connection, "ada", 9) == (composed,)
        assert issues.headlines(connection, "ada", 9) == before
    assert integrity.examine(store).faults == ()


def test_a_paper_that_is_not_kept_is_told(store: Store) -> None:
    """Nothing in the program deletes one; a database from which one is gone says so, and what to look with."""
    title = "An issue names a paper that only it shows"
    (section,) = issue("ada", DAY, 2).sections
    alone = replace(section.matches[0], paper=replace(PAPERS[1], title=title))
    assert add(store, replace(issue("ada", DAY, 2), sections=(replace(section, matches=(alone,)),)))
    assert add(store, issue("bo", DAY, 4))
    with store.writing() as connection:
        connection.execute(sa.text("DELETE FROM shown_papers WHERE content LIKE :like"), {"like": f"%{title}%"})
    with store.reading() as connection:
        with pytest.raises(StoreError, match=r"not in shown_papers: '[0-9a-f]{64}': digest db check"):
            issues.of_day(connection, "ada", DAY)
        assert issues.of_day(connection, "bo", DAY) == issue("bo", DAY, 4)
    fault = "issues.content: 1 rows are no issues, or name papers that are not in shown_papers"
    assert integrity.examine(store).faults == (fault,)


def with_folded(composed: Issue, *numbers: int) -> Issue:
    """The same issue, whose first paper stands for those of these numbers as well."""
    (section,) = composed.sections
    first, *others = section.matches
    liked = Nearest(id="arxiv:2401.00001", title="Dunes", likeness=0.4)
    told = replace(first, similar=tuple(PAPERS[n - 1] for n in numbers), nearest=liked)
    return replace(composed, sections=(replace(section, matches=(told, *others)),))


def test_near_duplicates_stand_in_the_ledger(store: Store) -> None:
    """Papers told of under another come back with the issue, and count as recommended."""
    composed = with_folded(issue("ada", DAY, 1, 2), 4, 5)
    assert add(store, composed)
    with store.reading() as connection:
        assert issues.of_day(connection, "ada", DAY) == composed
        assert issues.recommended(connection, "ada") == {1, 2, 4, 5}
        assert issues.recommended_on(connection, "ada", PAPERS[4].id) == DAY


def test_a_near_duplicate_is_recommended_once(store: Store) -> None:
    """A paper folded before is refused as a recommendation of its own, and one recommended before as a folded one."""
    assert add(store, with_folded(issue("ada", DAY, 1), 4))
    before = rows(store)
    tomorrow = DAY + timedelta(days=1)
    assert not add(store, issue("ada", tomorrow, 3, 4))
    assert not add(store, with_folded(issue("ada", tomorrow, 3), 1))
    assert rows(store) == before


def test_before_the_first_issue_there_is_nothing(store: Store) -> None:
    """A reader nobody composed for has no coverage, no ledger and no issue."""
    with store.reading() as connection:
        assert issues.coverage(connection, "ada") is None
        assert issues.recommended(connection, "ada") == set()
        assert issues.of_day(connection, "ada", DAY) is None


def test_coverage_is_that_of_the_latest_day(store: Store) -> None:
    """An issue of an earlier day, composed later, does not turn coverage back."""
    assert add(store, issue("ada", DAY, 1))
    assert add(store, issue("ada", DAY - timedelta(days=3), 2))
    with store.reading() as connection:
        assert issues.coverage(connection, "ada") == issues.Coverage(day=DAY, seq=5)


@pytest.mark.parametrize(
    "again", [issue("ada", DAY + timedelta(days=1), 3, 2), issue("ada", DAY, 3)], ids=["a paper twice", "a day twice"]
)
def test_a_second_recommendation_is_refused_and_leaves_nothing(store: Store, again: Issue) -> None:
    """The same paper for the same reader, or a second issue of one day, changes no row."""
    assert add(store, issue("ada", DAY, 1, 2))
    before = rows(store)
    assert not add(store, replace(again, id="another"))
    assert rows(store) == before


def test_readers_do_not_stand_in_each_others_way(store: Store) -> None:
    """What one reader was recommended another one may get, on the same day."""
    assert add(store, issue("ada", DAY, 1, 2))
    assert add(store, issue("bob", DAY, 1, 2))


def test_a_paper_that_took_a_stronger_id_is_not_recommended_again(store: Store) -> None:
    """The ledger knows works, not ids: after a DOI's paper turned out to be arXiv's, it stays recommended."""
    weak = Paper(id="doi:10.5555/a", title="Later on arXiv", announced=DAY)
    strong = Paper(id="arxiv:2505.00009", title="Later on arXiv", announced=DAY, other_ids=("doi:10.5555/a",))
    template = issue("ada", DAY, 1)
    first = replace(template, sections=(Section(heading="", matches=(replace(template.matches[0], paper=weak),)),))
    with store.writing() as connection:
        papers.add(connection, [weak], DAY)
        assert issues.add(
            connection, first, covered=issues.Coverage(day=DAY, seq=6), recipient="ada@example.org", now=NOW
        )
        papers.add(connection, [strong], DAY)
        assert issues.recommended(connection, "ada") == {6}
    for paper in (weak, strong):
        matches = (replace(template.matches[0], paper=paper),)
        second = replace(
            template, id=paper.id, day=DAY + timedelta(days=1), sections=(Section(heading="", matches=matches),)
        )
        assert not add(store, second)


def test_of_two_composers_at_once_one_wins(path: Place) -> None:
    """Two stores that add an issue of the same day at the same instant: one does, the other one is told."""
    outcomes: list[bool] = []
    start = Barrier(2)

    def compose(number: int) -> None:
        with Store(path) as mine:
            start.wait()
            outcomes.append(add(mine, replace(issue("ada", DAY, number), id=f"from {number}")))

    composers = [Thread(target=compose, args=(number,)) for number in (1, 2)]
    for composer in composers:
        composer.start()
    for composer in composers:
        composer.join()
    assert sorted(outcomes) == [False, True]
    with Store(path) as store:
        assert len(rows(store)) == 3


def test_an_issue_with_an_unknown_paper_is_a_bug(store: Store) -> None:
    """A paper the ledger cannot name would come twice, so nothing is added."""
    composed = issue("ada", DAY, 1)
    unknown = replace(composed.matches[0], paper=replace(PAPERS[0], id="arxiv:2505.00099"))
    with pytest.raises(KeyError):
        add(store, replace(composed, sections=(Section(heading="", matches=(unknown,)),)))
    folded = with_folded(composed, 2)
    (section,) = folded.sections
    told = replace(section.matches[0], similar=(unknown.paper,))
    with pytest.raises(KeyError):
        add(store, replace(folded, sections=(replace(section, matches=(told,)),)))
    assert rows(store) == []


def test_a_transaction_that_fails_keeps_nothing(store: Store) -> None:
    """An error after the issue was added takes it back, ledger and delivery included."""

    def composed_and_failed() -> None:
        with store.writing() as connection:
            assert issues.add(
                connection,
                issue("ada", DAY, 1),
                covered=issues.Coverage(day=DAY, seq=5),
                recipient="ada@example.org",
                now=NOW,
            )
            raise KeyError

    with pytest.raises(KeyError):
        composed_and_failed()
    assert rows(store) == []
