"""What an issue holds of a ranking: bar, near-duplicates, variety, quotas, papers from outside; nothing goes astray."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.ranking import topn
from digest.ranking.labels import FOLLOWED, LIKED, OUTSIDE, TRENDING
from digest.ranking.rank import Ranker
from digest.types import Match, Paper, Profile, Signals, Topic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.ranking.select import Selection

DAY = date(2025, 5, 9)
OWLS, FOXES = Topic(text="owls"), Topic(text="foxes")


def paper(number: int, title: str, abstract: str, **known: Any) -> Paper:  # noqa: ANN401  (any of a paper's fields)
    """A paper of the day."""
    return Paper(id=f"arxiv:2505.{number:05}", title=title, abstract=abstract, announced=DAY, **known)


NIGHT = paper(1, "Owls hunt voles at night", "Barn owls fly low over meadows and strike at what moves in the dark.")
SNOW = paper(2, "Owls hear mice under snow", "Two ears at unequal heights tell great grey owls how deep their prey is.")
WINGS = paper(3, "Silent feathers of owls", "A comb of bristles breaks the air, so that owls glide without any noise.")
CALLS = paper(
    4, "Owls counted by their calls", "Volunteers listen for owls from forest roads.", authors=("Ada Byron Quill",)
)
TOWN = paper(5, "Foxes in towns", "Urban foxes eat refuse and raise cubs below garden sheds.", categories=("q-bio.PE",))
LEAP = paper(6, "Foxes dive into drifts", "Red foxes leap towards the north, perhaps guided by magnetism.")
SETS = paper(7, "Large cardinals", "Measurable sets and forcing over inner models.", authors=("G. B. Farrow",))
BREAD = paper(8, "How sourdough rises", "Yeast and bacteria share the sugar of flour.", signals=Signals(upvotes=3))
AGAIN = replace(NIGHT, id="arxiv:2505.00009", title="Owls hunt voles by night")
COPY = replace(TOWN, id="arxiv:2505.00010")
DISTINCT = (NIGHT, SNOW, WINGS, CALLS, TOWN, LEAP, SETS, BREAD)
PAPERS = (*DISTINCT, AGAIN, COPY)
# Earlier days, so that a bar that moves has something to move by.
PAST = tuple(
    replace(
        known, id=f"arxiv:2504.{n:02}{known.id[-3:]}", title=f"{known.title} in year {n}", announced=date(2025, 4, n)
    )
    for n in (1, 2, 3, 4)
    for known in (NIGHT, WINGS, TOWN, SETS)
)
JUDGED = {
    name: replace(like, id=name, title=title)
    for name, like, title in (
        ("arxiv:2401.00001", NIGHT, "Owls and voles"),
        ("arxiv:2401.00002", TOWN, "Foxes and refuse"),
        ("arxiv:2401.00003", SETS, "Small cardinals"),
        ("arxiv:2401.00004", WINGS, "Bristles of owls"),
    )
}


def reader(*topics: Topic, **wishes: Any) -> Profile:  # noqa: ANN401  (any of a profile's fields)
    """A reader of these topics with a low bar, who takes papers in the ranking's order."""
    return Profile(slug="ada", name="Ada", topics=topics, **({"min_score": 1.0, "diversity": 0.0} | wishes))


def selected(profile: Profile, *papers: Paper, judged: dict[str, Paper] | None = None) -> Selection:
    """What the reader's issue holds of these papers, all of ours where none are given."""
    (selection,) = Ranker(papers or PAPERS, [], judged or {}).select([profile], [None], absences=True)
    return selection


def ids(matches: tuple[Match, ...] | list[Match]) -> list[int]:
    """The numbers of the papers, in order."""
    return [int(match.paper.id[-5:]) for match in matches]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Products on one core: so many small ones would wait for a second core longer than they take."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(topn, "THREADS", 1)
        yield


@pytest.fixture(scope="module")
def ranker() -> Ranker:
    """The day behind its past, with papers that readers know."""
    return Ranker(PAPERS, PAST, JUDGED)


def test_what_reaches_the_bar_is_chosen_and_the_rest_is_not() -> None:
    """A bar at the third score leaves three papers, in the ranking's order; `passed` and `bar` say so."""
    ranking = Ranker(DISTINCT, [], {}).rank(reader(OWLS))
    bar = ranking[2].score
    selection = selected(reader(OWLS, min_score=bar), *DISTINCT)
    assert list(selection.chosen) == ranking[:3]
    assert (selection.passed, selection.bar, selection.dropped) == (3, bar, {})


def test_the_bar_is_held_against_the_score_that_is_printed() -> None:
    """A paper whose rounded score is the bar is in, whichever way rounding went; a hundredth more leaves it out."""
    ranker = Ranker(DISTINCT, [], {})
    scored = [match for match in ranker.rank(reader(OWLS, FOXES)) if match.score]
    assert len({match.score for match in scored}) > 4
    for match in scored:
        bars = (match.score, match.score + 0.01)
        at, above = ranker.select([reader(OWLS, FOXES, min_score=bar) for bar in bars], [None, None])
        assert match.paper in [other.paper for other in at.chosen]
        assert match.paper not in [other.paper for other in above.chosen]


def test_a_bar_of_nothing_still_asks_for_some_score() -> None:
    """With a least score of 0, papers that have nothing of any interest are not chosen."""
    selection = selected(reader(OWLS, min_score=0), *DISTINCT)
    assert sorted(ids(selection.chosen)) == [1, 2, 3, 4]
    assert selection.passed == 4
    assert selected(reader(Topic(text="zeppelins"), min_score=0)).chosen == ()


def test_what_the_cap_leaves_out_is_told() -> None:
    """Past `max_papers` a paper is dropped with that rule as its reason, and still counts as passed."""
    selection = selected(reader(OWLS, max_papers=1), *DISTINCT)
    assert len(selection.chosen) == 1
    assert selection.passed == 4
    assert len(selection.dropped) == 3
    assert {why.partition(":")[0] for why in selection.dropped.values()} == {"max_papers"}


def test_near_duplicates_are_folded_under_the_first() -> None:
    """Of papers that say nearly the same the first is listed and names the others, which are dropped for its sake."""
    selection = selected(reader(OWLS, FOXES))
    assert sorted(ids(selection.chosen)) == [1, 2, 3, 4, 5, 6]
    by_number = {int(match.paper.id[-5:]): match for match in selection.chosen}
    assert (by_number[1].similar, by_number[5].similar, by_number[2].similar) == ((AGAIN,), (COPY,), ())
    assert selection.dropped == {
        AGAIN.id: f"it says nearly the same as {NIGHT.id}",
        COPY.id: f"it says nearly the same as {TOWN.id}",
    }
    assert selection.passed == 8


def test_a_near_duplicate_frees_its_place() -> None:
    """A cap of two is two papers that say different things, though three say the same as the best one."""
    copies = [replace(NIGHT, id=f"arxiv:2505.0001{n}") for n in range(3)]
    selection = selected(reader(OWLS, max_papers=2), *DISTINCT, *copies)
    assert ids(selection.chosen)[0] == 1
    assert len(selection.chosen) == 2
    assert selection.chosen[0].similar == tuple(copies)


def test_a_near_duplicate_below_the_bar_is_left_alone() -> None:
    """Only papers that reach the bar are folded: one that does not is neither listed nor told of."""
    longer = replace(NIGHT, id="arxiv:2505.00011", abstract=f"{NIGHT.abstract} Their ears are hidden by ruffs.")
    papers = (longer, *DISTINCT)
    scores = {match.paper.id: match.score for match in Ranker(papers, [], {}).rank(reader(OWLS))}
    assert scores[longer.id] < scores[NIGHT.id]
    low, high = (selected(reader(OWLS, min_score=scores[which.id]), *papers) for which in (longer, NIGHT))
    assert [match.similar for match in low.chosen if match.paper == NIGHT] == [(longer,)]
    assert [match.similar for match in high.chosen if match.paper == NIGHT] == [()]
    assert longer.id not in high.dropped


def test_without_diversity_the_rankings_order_stands() -> None:
    """With a diversity of 0 the issue is the ranking above the bar, in its order."""
    profile = reader(OWLS, FOXES)
    ranking = Ranker(DISTINCT, [], {}).rank(profile)
    assert list(selected(profile, *DISTINCT).chosen) == [match for match in ranking if match.score >= 1]


def test_full_diversity_moves_a_near_copy_behind_a_different_paper() -> None:
    """A paper half of whose words stand in the best one comes second by score, and last with a diversity of 1."""
    half = paper(11, "Owls hunt voles at night", "Owls of the steppe nest on the ground beside larks and bustards.")
    papers = (NIGHT, half, WINGS, SNOW)
    plain, varied = (selected(reader(OWLS, diversity=share), *papers) for share in (0.0, 1.0))
    assert ids(plain.chosen)[:2] in ([1, 11], [11, 1])
    assert ids(varied.chosen)[0] == ids(plain.chosen)[0]
    assert ids(varied.chosen)[1] in (2, 3)
    assert set(ids(varied.chosen)) == set(ids(plain.chosen)) == {1, 2, 3, 11}
    assert not varied.dropped


def test_a_topic_keeps_to_its_own_maximum() -> None:
    """A topic with `max_papers` has its best ones only, the other topic fills the issue, and the reason names it."""
    selection = selected(reader(replace(OWLS, max_papers=1), FOXES), *DISTINCT)
    interests = [match.interest for match in selection.chosen]
    assert sorted(interests) == ["foxes", "foxes", "owls"]
    best = next(match for match in Ranker(DISTINCT, [], {}).rank(reader(OWLS)))
    assert best.paper.id in {match.paper.id for match in selection.chosen}
    assert set(selection.dropped) == {SNOW.id, WINGS.id, CALLS.id, NIGHT.id} - {best.paper.id}
    assert all(why.startswith("max_papers of the topic 'owls': ") for why in selection.dropped.values())


def test_papers_from_outside_come_last_and_say_so() -> None:
    """`explore` adds papers that reach no bar at the end, labelled, the most voted for first; none has passed."""
    selection = selected(reader(OWLS, min_score=1, explore=2), *DISTINCT)
    assert [match.interest for match in selection.chosen] == ["owls"] * 4 + [OUTSIDE] * 2
    assert ids(selection.chosen)[4] == 8
    assert selection.passed == 4
    assert all(match.score < selection.bar for match in selection.chosen[4:])


def test_papers_from_outside_count_among_the_most_papers() -> None:
    """They take the last places of a full issue, never all of it: one at least is from within."""
    full = selected(reader(OWLS, explore=2, max_papers=3), *DISTINCT)
    assert [match.interest for match in full.chosen] == ["owls", OUTSIDE, OUTSIDE]
    assert len(full.dropped) == 3
    only = selected(reader(OWLS, explore=2, max_papers=1), *DISTINCT)
    assert [match.interest for match in only.chosen] == ["owls"]


def test_no_paper_from_outside_is_out_of_bounds() -> None:
    """What the profile excludes, lacks or knows is not explored either."""
    wishes = {"exclude": ("yeast",), "disliked": (SETS.id,), "categories": ("cs.*",), "explore": 5}
    selection = selected(reader(OWLS, **wishes), *DISTINCT)
    assert [number for number in ids(selection.chosen) if number > 4] == [6]


def test_a_day_that_brings_nothing_brings_nothing_from_outside() -> None:
    """Papers from outside come beside others: alone they are no reason for an issue."""
    assert selected(reader(Topic(text="zeppelins"), explore=5)).chosen == ()


def test_exploring_is_the_same_every_time_and_other_for_others() -> None:
    """The same reader meets the same papers, in whatever order they come; of several readers not all meet the same."""
    strangers = [paper(20 + n, f"Essay {n}", "Nothing of note.") for n in range(9)]

    def met(slug: str, papers: list[Paper]) -> list[int]:
        profile = replace(reader(OWLS, explore=1), slug=slug)
        return ids(selected(profile, *papers).chosen)[-1:]

    assert met("ada", [NIGHT, *strangers]) == met("ada", [*strangers[::-1], NIGHT])
    assert len({tuple(met(slug, [NIGHT, *strangers])) for slug in ("ada", "bob", "cyd", "dee", "eve", "fay")}) > 1


def test_what_is_new_to_the_reader_bounds_the_selection(ranker: Ranker) -> None:
    """Only papers of `among` are chosen, folded, dropped or explored."""
    among = frozenset({SNOW.id, AGAIN.id, LEAP.id})
    (selection,) = ranker.select([reader(OWLS, explore=3, max_papers=2)], [among], absences=True)
    told = {match.paper.id for match in selection.chosen} | set(selection.dropped)
    assert told == among
    assert ranker.select([reader(OWLS, explore=3)], [frozenset()])[0].chosen == ()


def test_without_reasons_the_selection_is_the_same(ranker: Ranker) -> None:
    """Asked without explanations, it holds the same matches without evidence."""
    profile = reader(OWLS, FOXES, explore=1, liked=("arxiv:2401.00001",))
    (full,), (bare,) = (ranker.select([profile], [None], explained=wanted) for wanted in (True, False))
    assert any(match.evidence for match in full.chosen)
    assert bare.chosen == tuple(replace(match, evidence=(), nearest=None) for match in full.chosen)
    assert (bare.passed, bare.bar, bare.dropped) == (full.passed, full.bar, full.dropped)


def test_a_followed_author_passes_the_bar_of_a_topic_that_says_nothing() -> None:
    """What a followed author adds counts towards the bar, also where no interest lists the paper."""
    selection = selected(reader(OWLS, authors=("G. B. Farrow",), min_score=50))
    assert [match.interest for match in selection.chosen if match.paper == SETS] == [FOLLOWED]
    assert 7 not in ids(selected(reader(OWLS, authors=("G. B. Farrow",), min_score=50.01)).chosen)


def test_an_interrupted_order_still_names_the_right_papers() -> None:
    """Where papers below a bar that moved stand between others in the ranking, those above it are the ones chosen."""
    profile = reader(OWLS, Topic(text="foxes", weight=0.7), papers_a_day=2)
    past = [
        replace(known, id=f"arxiv:2504.{n:02}{known.id[-3:]}", announced=date(2025, 4, n))
        for n in (1, 2, 3, 4)
        for known in (SNOW, CALLS, SETS)
    ]
    ranker = Ranker(DISTINCT, past, {})
    (selection,) = ranker.select([profile], [None])
    ranking = ranker.rank(profile)
    reaching = [match.score >= selection.bar for match in ranking]
    assert reaching.index(False) < len(reaching) - reaching[::-1].index(True) - 1
    assert list(selection.chosen) == [match for match in ranking if match.score >= selection.bar]


SOME_TOPICS = st.sampled_from(
    ["owls", "foxes in snow", "silent feathers", "sourdough", '"at night" owls', "the of and", "zeppelins", "cardinals"]
)
TOPICS = st.lists(
    st.builds(
        Topic,
        text=SOME_TOPICS,
        weight=st.sampled_from([0.3, 1.0, 2.0]),
        max_papers=st.none() | st.integers(1, 2),
    ),
    max_size=3,
    unique_by=lambda topic: topic.text,
).map(tuple)
KNOWN = st.lists(st.sampled_from([*JUDGED, NIGHT.id, "arxiv:9999.00001"]), max_size=3, unique=True).map(tuple)
PROFILE = st.builds(
    Profile,
    slug=st.sampled_from(["ada", "bob", "cyd"]),
    name=st.just("Reader"),
    topics=TOPICS,
    liked=KNOWN,
    disliked=KNOWN,
    judged_on=st.dictionaries(st.sampled_from(list(JUDGED)), st.dates(date(2024, 1, 1), date(2025, 6, 1)), max_size=2),
    half_life=st.none() | st.integers(30, 400),
    authors=st.sampled_from([(), ("Ada Byron Quill",), ("G. B. Farrow",)]),
    categories=st.sampled_from([(), ("cs.*",), ("q-bio.*",)]),
    exclude=st.sampled_from([(), ("forest",)]),
    max_papers=st.integers(1, 8),
    min_score=st.sampled_from([0.0, 0.5, 10.0, 25.0, 60.0]),
    papers_a_day=st.none() | st.integers(1, 4),
    trending=st.sampled_from([0.0, 0.0, 0.3, 1.0]),
    trending_section=st.booleans(),
    explore=st.integers(0, 3),
    diversity=st.sampled_from([0.0, 0.2, 1.0]),
)


@given(profile=PROFILE)
@settings(max_examples=40)
def test_whatever_passes_is_accounted_for(ranker: Ranker, profile: Profile) -> None:
    """Every paper that reached the bar is chosen, folded under a chosen one, or dropped with a reason; none is both."""
    (selection,) = ranker.select([profile], [None], absences=True)
    ranking = ranker.rank(profile)
    passed = {match.paper.id for match in ranking if match.score >= selection.bar and match.score > 0}
    within = [match for match in selection.chosen if match.interest != OUTSIDE]
    chosen = {match.paper.id for match in within}
    folded = {other.id for match in within for other in match.similar}
    assert len(passed) == selection.passed
    assert passed == chosen | set(selection.dropped)
    assert not chosen & set(selection.dropped)
    assert folded <= set(selection.dropped)
    assert len(selection.chosen) <= profile.max_papers
    assert all(selection.dropped.values())
    assert len({other.id for match in selection.chosen for other in (match.paper, *match.similar)}) == sum(
        1 + len(match.similar) for match in selection.chosen
    )
    outside = [match for match in selection.chosen if match.interest == OUTSIDE]
    assert list(selection.chosen) == within + outside
    assert len(outside) <= profile.explore
    assert not (outside and not within)
    assert not {match.paper.id for match in outside} & passed


@given(profile=PROFILE)
@settings(max_examples=40)
def test_a_selection_agrees_with_the_ranking(ranker: Ranker, profile: Profile) -> None:
    """A chosen paper has the score, interest, reasons and nearest liked paper that the whole ranking gives it."""
    ranked = {match.paper.id: match for match in ranker.rank(profile)}
    for match in ranker.select([profile], [None])[0].chosen:
        whole = ranked[match.paper.id]
        interest = OUTSIDE if match.interest == OUTSIDE else whole.interest
        assert match == replace(whole, interest=interest, similar=match.similar)
        assert interest in {topic.text for topic in profile.topics} | {LIKED, FOLLOWED, TRENDING, OUTSIDE, ""}


@given(profiles=st.lists(PROFILE, min_size=1, max_size=6), data=st.data())
@settings(max_examples=25)
def test_the_other_readers_of_a_batch_decide_nothing(
    ranker: Ranker, profiles: list[Profile], data: st.DataObject
) -> None:
    """A reader's selection is the same alone and beside any others, in whatever order they stand."""
    order = data.draw(st.permutations(range(len(profiles))))
    some = st.none() | st.frozensets(st.sampled_from([known.id for known in PAPERS]))
    among = data.draw(st.lists(some, min_size=len(profiles), max_size=len(profiles)))
    alone = [ranker.select([profile], [ids])[0] for profile, ids in zip(profiles, among, strict=True)]
    together = ranker.select([profiles[n] for n in order], [among[n] for n in order])
    assert together == [alone[n] for n in order]


@given(papers=st.permutations(PAPERS), past=st.permutations(PAST), judged=st.permutations(list(JUDGED)))
@settings(max_examples=8)
def test_the_order_of_what_is_known_decides_nothing(
    ranker: Ranker, papers: list[Paper], past: list[Paper], judged: list[str]
) -> None:
    """Candidates, background and judged papers may come in any order."""
    profile = reader(OWLS, Topic(text="foxes in snow"), liked=tuple(JUDGED), explore=1, papers_a_day=2)
    shuffled = Ranker(papers, past, {name: JUDGED[name] for name in judged})
    assert shuffled.select([profile], [None]) == ranker.select([profile], [None])
