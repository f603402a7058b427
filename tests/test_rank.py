"""A reader's ranking: what comes first, what is left out, and that nothing else decides it."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest import sources
from digest.ranking.labels import FOLLOWED, LIKED, OTHER_TERMS, TRENDING
from digest.ranking.ordering import AUTHOR_SCORE
from digest.ranking.rank import Ranker
from digest.ranking.reasons import MAX_EVIDENCE
from digest.types import Match, Paper, Profile, Signals, Topic

if TYPE_CHECKING:
    from pathlib import Path

HEADS = "A talking head is animated by speech: lips, face and gaze of the talking head follow the speech."
SOUND = "Music of several instruments is generated from a text that describes the music."
CARE = "Organs are segmented in scans of patients, with few labels of organs."
PAPERS = (
    Paper(id="arxiv:2505.00001", title="Talking heads from speech", abstract=HEADS, categories=("cs.CV", "cs.GR")),
    Paper(id="arxiv:2505.00002", title="Music from text", abstract=SOUND, categories=("cs.SD",)),
    Paper(id="arxiv:2505.00003", title="Organs in scans", abstract=CARE, categories=("eess.IV",)),
    Paper(id="arxiv:2505.00004", title="A survey of talking heads", abstract=HEADS, authors=("Ada Byron Quill",)),
    Paper(id="arxiv:2505.00005", title="Sets", categories=("math.LO", "csx.AI"), authors=("G. B. Farrow",)),
)


def reader(*topics: str, **bounds: Any) -> Profile:  # noqa: ANN401  (any of a profile's fields)
    """A reader with these topics."""
    return Profile(slug="ada", name="Ada", topics=tuple(Topic(text=topic) for topic in topics), **bounds)


def ranked(profile: Profile, *papers: Paper) -> list[Match]:
    """The reader's ranking of the papers, ours where none are given."""
    return Ranker(papers or PAPERS, [], {}).rank(profile)


def ids(ranking: list[Match]) -> list[str]:
    """The last digit of each paper's id, in order."""
    return [match.paper.id[-1] for match in ranking]


def explains(match: Match) -> None:
    """The match's evidence is sound: few, the largest share first, the rest last, and all of the score explained."""
    named = [each.share for each in match.evidence if each.term != OTHER_TERMS]
    assert named == sorted(named, reverse=True)
    assert all(each.share > 0 for each in match.evidence)
    assert [each.term for each in match.evidence[:-1]].count(OTHER_TERMS) == 0
    assert len(match.evidence) <= MAX_EVIDENCE
    assert sum(each.share for each in match.evidence) == pytest.approx(1 if match.score > 0.01 else 0, abs=1e-3)


@pytest.fixture(scope="module")
def trending(samples: Path) -> list[Paper]:
    """The 59 papers of the saved trending page: faces and talking heads, and three that are about neither."""
    path = samples / "trending_page" / "trending_page_mar13.txt"
    with path.open("rb") as stream:
        records = sources.read(sources.Dump(name=path.name, stream=stream, as_of=date(2024, 3, 13)))
        return [record.outcome for record in records if isinstance(record.outcome, Paper)]


def test_the_topic_of_the_trending_page_comes_first(trending: list[Paper]) -> None:
    """Papers about talking heads lead the ranking; those about music and about low-rank networks end it."""
    ranking = ranked(reader("audio-driven talking head generation"), *trending)
    assert len(ranking) == 59
    for match in ranking[:10]:
        text = f"{match.paper.title} {match.paper.abstract}".casefold()
        assert "talking" in text or "audio-driven" in text, match.paper.title
    last = [match.paper.title for match in ranking[-10:]]
    for stranger in ("Mustango", "JEN-1 Composer", "Maestro"):
        assert any(title.startswith(stranger) for title in last), (stranger, last)
    assert ranking[0].score > 4 * ranking[-1].score


def test_the_order_of_candidates_decides_nothing(trending: list[Paper]) -> None:
    """The same papers in other orders give the same ranking, scores and reasons included."""
    profile = reader("audio-driven talking head generation", "face recognition", liked=("arxiv:1",))
    liked = {"arxiv:1": replace(PAPERS[1], id="arxiv:1")}
    expected = Ranker(trending, PAPERS, liked).rank(profile)
    for order in (trending[::-1], trending[20:] + trending[:20], sorted(trending, key=lambda paper: paper.title)):
        assert Ranker(order, PAPERS[::-1], liked).rank(profile) == expected


def test_other_readers_decide_nothing(trending: list[Paper]) -> None:
    """A reader's ranking is the same alone and among readers who like and ask for other things."""
    one = reader("face recognition", liked=("arxiv:1",))
    other = reader("music generation", liked=("arxiv:2", "arxiv:3"), exclude=("face",))
    liked = {f"arxiv:{n}": replace(paper, id=f"arxiv:{n}") for n, paper in enumerate(PAPERS)}
    alone = Ranker(trending, [], {"arxiv:1": liked["arxiv:1"]}).rank(one)
    together = Ranker(trending, [], dict(reversed(liked.items())))
    together.rank(other)
    assert together.rank(one) == alone
    assert together.rank(one) == alone


def test_each_topic_is_ranked_on_its_own() -> None:
    """The best paper of each topic leads, named after its topic, and a paper of no topic scores 0."""
    ranking = ranked(reader("talking heads", "music from text", "organs in scans"))
    best = {match.paper.id[-1]: match for match in ranking}
    assert set(ids(ranking)[:4]) == {"1", "2", "3", "4"}
    assert (best["1"].interest, best["2"].interest, best["3"].interest) == (
        "talking heads",
        "music from text",
        "organs in scans",
    )
    assert best["5"].score == 0
    assert best["5"].evidence == ()


def test_every_topic_has_its_turn() -> None:
    """However many papers fit a topic of more weight better, the best paper of the other is among the first three."""
    heads = [replace(PAPERS[0], id=f"arxiv:2505.1000{n}") for n in range(8)]
    topics = (Topic(text="talking heads from speech"), Topic(text="music from text", weight=0.5))
    ranking = ranked(Profile(slug="ada", name="Ada", topics=topics, min_score=1), *heads, *PAPERS)
    place = [match.paper.title for match in ranking].index("Music from text")
    assert place < 3
    better = [match for match in ranking[place + 1 :] if match.score > ranking[place].score]
    assert len(better) >= 6


def test_one_topics_ranking_falls() -> None:
    """With a single interest the order is that of the scores."""
    scores = [match.score for match in ranked(reader("talking heads and music"))]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) > 2


def test_a_ranking_among_some_scores_them_as_among_all() -> None:
    """Leaving candidates out of a ranking changes neither the scores nor the reasons of the others."""
    ranker = Ranker(PAPERS, [], {})
    profile = reader("talking heads", "music", authors=("G. B. Farrow",))
    everything = {match.paper.id: match for match in ranker.rank(profile)}
    some = {PAPERS[0].id, PAPERS[4].id}
    assert {match.paper.id: match for match in ranker.rank(profile, among=some)} == {
        paper_id: match for paper_id, match in everything.items() if paper_id in some
    }
    assert ranker.rank(profile, among=set()) == []


def test_only_the_first_are_explained_if_asked() -> None:
    """Reasons are left out behind the first so many; all else is the same."""
    ranker = Ranker(PAPERS, [], {})
    profile = reader("talking heads", "music")
    whole, short = ranker.rank(profile), ranker.rank(profile, explained=1)
    assert short[0] == whole[0]
    assert whole[1].evidence
    assert short[1:] == [replace(match, evidence=()) for match in whole[1:]]


def test_a_topic_that_is_added_takes_nothing_from_another() -> None:
    """A paper scores no less because the reader has a second interest."""
    alone = {match.paper.id: match.score for match in ranked(reader("talking heads"))}
    both = {match.paper.id: match.score for match in ranked(reader("talking heads", "music"))}
    assert all(both[paper_id] >= score for paper_id, score in alone.items())


def test_a_topics_weight_scales_its_scores() -> None:
    """Half the weight is half the score."""
    whole = ranked(reader("music from text"))[0]
    half = ranked(Profile(slug="ada", name="Ada", topics=(Topic(text="music from text", weight=0.5),)))[0]
    assert whole.paper == half.paper
    assert half.score == pytest.approx(whole.score / 2, abs=0.01)


def test_scores_stay_on_their_scale() -> None:
    """However heavy a topic and however many followed authors, 100 is the most, and shares sum to at most 1."""
    profile = Profile(
        slug="a", name="A", topics=(Topic(text="talking heads", weight=1e6),), authors=("Ada Byron Quill",)
    )
    for match in ranked(profile):
        assert 0 <= match.score <= 100
        assert sum(each.share for each in match.evidence) <= 1.001


@pytest.mark.parametrize(
    ("words", "left"),
    [
        (("survey",), ["1", "2", "3", "5"]),
        (("SURVEY",), ["1", "2", "3", "5"]),
        (("surv",), ["1", "2", "3", "4", "5"]),
        (("talking  head",), ["2", "3", "5"]),
        (("talking hea",), ["1", "2", "3", "4", "5"]),
        (("speech: lips",), ["2", "3", "5"]),
        (("heads from speech", "sets"), ["2", "3", "4"]),
        (("(",), ["1", "2", "3", "4", "5"]),
        ((".*",), ["1", "2", "3", "4", "5"]),
    ],
)
def test_excluded_words_are_whole_words(words: tuple[str, ...], left: list[str]) -> None:
    """Words and phrases leave papers out that have them whole in title or abstract, in whatever case."""
    assert sorted(ids(ranked(reader("talking heads", exclude=words)))) == left


@pytest.mark.parametrize(
    ("categories", "left"),
    [
        (("cs.CV",), ["1", "4"]),
        (("cs.*",), ["1", "2", "4"]),
        (("cs",), ["1", "2", "4"]),
        (("cs.GR", "eess.*"), ["1", "3", "4"]),
        (("cs.C",), ["4"]),
        (("hep-th",), ["4"]),
    ],
)
def test_categories_are_bounds(categories: tuple[str, ...], left: list[str]) -> None:
    """A paper needs one of the categories, `cs.*` being all of cs; a paper without any is not held to them."""
    assert sorted(ids(ranked(reader("talking heads", categories=categories)))) == left


def test_a_followed_author_comes_whatever_the_category() -> None:
    """A followed author lifts a paper by a fixed score and past the categories, but not past excluded words."""
    profile = reader("music", authors=("g b farrow",), categories=("cs.SD",))
    sets = next(match for match in ranked(profile) if match.paper.title == "Sets")
    assert (sets.score, sets.interest) == (AUTHOR_SCORE, FOLLOWED)
    assert [(each.term, each.share) for each in sets.evidence] == [("author G. B. Farrow", 1)]
    assert "5" not in ids(ranked(replace(profile, exclude=("sets",))))


def test_only_the_whole_name_is_followed() -> None:
    """A part of a name is another person."""
    assert all(match.score == 0 for match in ranked(reader(authors=("Farrow", "Ada Quill"))))


def test_an_author_is_added_to_what_the_topic_gives() -> None:
    """A paper on the topic by a followed author scores more than either alone, with both as reasons."""
    plain = {match.paper.id: match for match in ranked(reader("talking heads"))}["arxiv:2505.00004"]
    lifted = ranked(reader("talking heads", authors=("Ada Byron Quill",)))[0]
    assert lifted.paper.id == "arxiv:2505.00004"
    assert lifted.score == pytest.approx(min(100, plain.score + AUTHOR_SCORE), abs=0.01)
    assert "author Ada Byron Quill" in [each.term for each in lifted.evidence]
    assert len(lifted.evidence) > 1


def test_papers_like_the_liked_ones_come_first_and_the_liked_ones_not_at_all() -> None:
    """A liked paper is known already, under any of its ids; what resembles it leads."""
    known = replace(PAPERS[0], other_ids=("doi:10.1000/1",))
    for name in (known.id, "doi:10.1000/1"):
        ranking = Ranker([known, *PAPERS[1:]], [], {name: known}).rank(reader(liked=(name,)))
        assert ids(ranking)[0] == "4"
        assert ranking[0].interest == LIKED
        assert "1" not in ids(ranking)


def test_an_unknown_liked_id_changes_nothing() -> None:
    """A liked paper that the database does not have is as if it were not named."""
    assert ranked(reader("talking heads", liked=("arxiv:0000.00000",))) == ranked(reader("talking heads"))


def test_without_interests_votes_decide() -> None:
    """A reader with categories only gets what most people voted for, papers without votes last but not at 0."""
    voted = [replace(paper, signals=Signals(upvotes=votes)) for paper, votes in zip(PAPERS, (1, 90, 9), strict=False)]
    ranking = ranked(reader(categories=("cs.*", "eess.*")), *voted, PAPERS[3])
    assert ids(ranking) == ["2", "3", "1", "4"]
    assert ranking[-1].score > 0
    assert {match.interest for match in ranking} == {TRENDING}


def test_equals_are_ordered_by_id() -> None:
    """Papers of the same text have the same score and stand in order of their ids."""
    twins = [Paper(id=f"arxiv:2505.0000{n}", title="Talking heads", abstract=HEADS) for n in (3, 1, 2)]
    ranking = ranked(reader("talking heads"), *twins)
    assert ids(ranking) == ["1", "2", "3"]
    assert len({match.score for match in ranking}) == 1


def test_reasons_are_the_largest_first() -> None:
    """Reasons are few, sorted by their share with the rest as the last, and add up to the whole score."""
    profile = reader("talking heads", "music from text", authors=("Ada Byron Quill",), trending=0.2)
    voted = [replace(paper, signals=Signals(upvotes=9)) for paper in PAPERS]
    for match in [*ranked(profile), *ranked(profile, *voted), *ranked(reader("talking heads"))]:
        explains(match)
    assert ranked(reader("talking heads"))[0].evidence


def test_a_day_without_a_fitting_paper_has_no_high_score() -> None:
    """The best paper of a poor day scores what it covers of the topic, not 100."""
    good = ranked(reader("talking heads follow speech"))[0].score
    poor = ranked(reader("talking organs of several instruments"))[0].score
    assert 0 < poor < good


@pytest.mark.parametrize("topics", [("the of and",), ("123 45",), ("!?",), ("xylophagous",), ("the", "talking heads")])
def test_topics_that_say_nothing_are_harmless(topics: tuple[str, ...]) -> None:
    """Topics of stop words, numbers or unknown words score nothing and take nothing from the others."""
    expected = [match.score for match in ranked(reader("talking heads"))] if len(topics) > 1 else [0.0] * len(PAPERS)
    assert [match.score for match in ranked(reader(*topics))] == expected


def test_no_candidates_give_no_ranking() -> None:
    """A day without papers is an empty ranking, whatever is known from before."""
    assert Ranker([], PAPERS, {}).rank(reader("talking heads", categories=("cs.*",))) == []
    assert Ranker([], PAPERS, {"arxiv:1": PAPERS[0]}).rank(reader(liked=("arxiv:1",))) == []


WORDS = st.sampled_from(["talking", "head", "speech", "music", "the", "2024", "头部", "é", "\x00", "avatar-driven"])
TEXT = st.lists(WORDS, max_size=8).map(" ".join)
PAPER = st.builds(
    Paper,
    id=st.integers(0, 9).map(lambda n: f"arxiv:2505.0000{n}"),
    title=TEXT,
    abstract=TEXT,
    authors=st.lists(TEXT, max_size=2).map(tuple),
    categories=st.lists(st.sampled_from(["cs.CV", "math.LO", ""]), max_size=2).map(tuple),
    signals=st.builds(Signals, upvotes=st.none() | st.integers(0, 10**9)),
)
PROFILE = st.builds(
    Profile,
    slug=st.just("a"),
    name=st.just("A"),
    topics=st.lists(st.builds(Topic, text=TEXT, weight=st.floats(0.01, 100)), max_size=3).map(tuple),
    liked=st.lists(st.sampled_from(["arxiv:2505.00001", "arxiv:9"]), max_size=2, unique=True).map(tuple),
    authors=st.lists(TEXT.filter(str.strip), max_size=2).map(tuple),
    categories=st.lists(st.sampled_from(["cs.*", "math.LO"]), max_size=2).map(tuple),
    exclude=st.lists(WORDS, max_size=1).map(tuple),
)


@given(papers=st.lists(PAPER, min_size=1, max_size=8, unique_by=lambda paper: paper.id), profile=PROFILE)
@settings(max_examples=40, deadline=None)
def test_whatever_is_ranked_the_ranking_is_sound(papers: list[Paper], profile: Profile) -> None:
    """Any papers in any order and any profile give scores of 0 to 100, and reasons that explain at most all."""
    ranking = Ranker(papers, [], {"arxiv:9": PAPERS[0]}).rank(profile)
    assert Ranker(papers[::-1], [], {"arxiv:9": PAPERS[0]}).rank(profile) == ranking
    assert len({match.paper.id for match in ranking}) == len(ranking) <= len(papers)
    for match in ranking:
        assert 0 <= match.score <= 100
        explains(match)


def test_words_a_paper_must_have() -> None:
    """A paper that lacks one of the words or phrases is out, whatever it scores; all of them are asked for."""
    assert "2" in ids(ranked(reader("music", must=("music",))))
    assert ids(ranked(reader("music", must=("music", "talking heads")))) == []
    assert ids(ranked(reader("talking heads", must=("Talking  Heads",)))) == ["1", "4"]


def test_disliked_papers_push_their_like_down() -> None:
    """What resembles a disliked paper scores less than before, and a disliked paper does not come itself."""
    judged = {f"arxiv:{n}": replace(PAPERS[n], id=f"arxiv:{n}") for n in (0, 1)}
    judged["arxiv:2"] = replace(PAPERS[1], id="arxiv:2", title="More music from text")
    candidates = [*PAPERS, judged["arxiv:2"]]

    def scores(**judgements: tuple[str, ...]) -> dict[str, float]:
        ranking = Ranker(candidates, [], judged).rank(reader(liked=("arxiv:0", "arxiv:1"), **judgements))
        return {match.paper.id: match.score for match in ranking}

    before, after = scores(), scores(disliked=("arxiv:2",))
    music, heads = PAPERS[1].id, PAPERS[0].id
    assert "arxiv:2" in before
    assert "arxiv:2" not in after
    assert after[music] < before[music]
    assert after[heads] == max(after.values())


def test_a_topic_has_less_of_what_is_like_a_disliked_paper() -> None:
    """Without a liked paper, too, what resembles a disliked one scores less, and the rest scores as before."""
    judged = {"arxiv:9": replace(PAPERS[1], id="arxiv:9", title="More music from text")}
    profile = reader("music from text", "talking heads")
    ranker = Ranker(PAPERS, [], judged)
    before, after = (
        {match.paper.id: match.score for match in ranker.rank(each)}
        for each in (profile, replace(profile, disliked=("arxiv:9",)))
    )
    music, heads = PAPERS[1].id, PAPERS[0].id
    assert after[music] < 0.7 * before[music]
    assert after[heads] == pytest.approx(before[heads], rel=0.1)


def test_a_weight_above_one_gives_turns_and_no_score() -> None:
    """A heavy topic comes more often, but its papers fit no better than they do."""
    light = ranked(reader("music from text"))[0]
    heavy = ranked(Profile(slug="ada", name="Ada", topics=(Topic(text="music from text", weight=3),)))[0]
    assert (heavy.paper, heavy.score) == (light.paper, light.score)


def test_a_topic_that_no_paper_fits_stays_below_the_usual_bar(samples: Path) -> None:
    """On a real day of computer vision there are papers for faces, and none for the physics of quarks."""
    dump = gzip.decompress((samples / "stream" / "2025-05-06.jsonl.gz").read_bytes())
    day = [Paper(id=d["id"], title=d["title"], abstract=d["abstract"]) for d in map(json.loads, dump.splitlines())]
    ranker = Ranker(day, [], {})
    bar = Profile(slug="ada", name="Ada").min_score
    assert ranker.rank(reader("facial expressions"), explained=0)[0].score > bar
    assert ranker.rank(reader("lattice quantum chromodynamics of quarks and gluons"), explained=0)[0].score < bar


def test_a_liked_paper_without_a_known_term_says_nothing() -> None:
    """A liked paper in words that no paper here has recommends nothing, and leaves a topic's ranking as it is."""
    strange = Paper(id="arxiv:1", title="Περὶ φύσεως", abstract="ἀρχὴ πάντων")
    liking = reader("music from text", liked=("arxiv:1",))
    assert Ranker(PAPERS, [], {"arxiv:1": strange}).rank(liking) == Ranker(PAPERS, [], {}).rank(liking)
    only = Ranker(PAPERS, [], {"arxiv:1": strange}).rank(reader(liked=("arxiv:1",)))
    assert {match.score for match in only} == {0.0}


DAY = date(2025, 5, 9)
LIKED_PAPERS = {f"arxiv:{n}": replace(paper, id=f"arxiv:{n}") for n, paper in enumerate(PAPERS)}
COPIES = [replace(paper, id=f"{paper.id}9", title=f"More on {paper.title}") for paper in PAPERS]


def liking(*papers: int, ages: dict[int, int] | None = None, **wishes: Any) -> list[Match]:  # noqa: ANN401
    """The ranking of a reader who likes these of our papers, judged so many days ago, over other papers like them."""
    judged_on = {f"arxiv:{number}": DAY - timedelta(days=age) for number, age in (ages or {}).items()}
    profile = reader(liked=tuple(f"arxiv:{number}" for number in papers), judged_on=judged_on, **wishes)
    return Ranker(COPIES, [], LIKED_PAPERS, day=DAY).rank(profile)


def titles(ranking: list[Match]) -> list[str]:
    """The titles of the papers that score, in order."""
    return [match.paper.title.removeprefix("More on ") for match in ranking if match.score]


def test_an_old_like_counts_less_than_a_new_one() -> None:
    """Of two liked papers the one judged lately decides what comes first, whichever of them it is."""
    assert titles(liking(0, 1, ages={0: 0, 1: 300}, half_life=30))[0] == "Talking heads from speech"
    assert titles(liking(0, 1, ages={0: 300, 1: 0}, half_life=30))[0] == "Music from text"


def test_likes_of_one_age_count_alike() -> None:
    """After a half-life a single judgement is still all there is: what counts is how they compare."""
    assert liking(0, 1, ages={0: 90, 1: 90}, half_life=30) == liking(0, 1, ages={0: 0, 1: 0}, half_life=30)
    assert liking(0, ages={0: 300}, half_life=30) == liking(0)


def test_a_judgement_without_a_day_does_not_age() -> None:
    """One that says no day counts as one of today, and so does one of tomorrow."""
    aged = liking(0, 1, ages={1: 300}, half_life=30)
    assert aged == liking(0, 1, ages={0: 0, 1: 300}, half_life=30) == liking(0, 1, ages={0: -9, 1: 300}, half_life=30)
    assert titles(aged)[0] == "Talking heads from speech"


def test_without_a_half_life_age_is_nothing() -> None:
    """Dates of judgements change nothing for a reader who gives no half-life."""
    assert liking(0, 1, ages={0: 0, 1: 3000}) == liking(0, 1)


def test_judgements_as_old_as_can_be_still_count() -> None:
    """However short the half-life and however long ago everything was judged, that is no fault and no empty ranking."""
    assert liking(0, ages={0: 9000}, half_life=1) == liking(0)
    ancient = liking(0, disliked=("arxiv:1",), ages={0: 9000, 1: 9000}, half_life=1)
    assert titles(ancient)[0] == "Talking heads from speech"


def test_an_old_dislike_pushes_less() -> None:
    """What resembles a disliked paper comes back as the dislike grows old beside a new one of another kind."""

    def score_of_music(age: int) -> float:
        ranking = liking(0, 1, disliked=("arxiv:1", "arxiv:2"), ages={1: age, 2: 0}, half_life=30)
        return next(match.score for match in ranking if "Music" in match.paper.title)

    assert score_of_music(600) >= score_of_music(0)


def test_a_paper_liked_and_disliked_counts_as_disliked() -> None:
    """Both judgements of one paper are as if it were only disliked, beside a liked one and alone."""
    assert liking(0, 1, disliked=("arxiv:1",)) == liking(0, disliked=("arxiv:1",))
    assert titles(liking(1, disliked=("arxiv:1",))) == []


def test_the_nearest_liked_paper_is_named() -> None:
    """Each match that likes made names the liked paper most like it, with how alike they are; a topic's names none."""
    ranking = liking(0, 2)
    nearest = {match.paper.title: match.nearest for match in ranking if match.score > 1}
    heads, organs = nearest["More on Talking heads from speech"], nearest["More on Organs in scans"]
    assert heads is not None
    assert organs is not None
    assert (heads.id, heads.title) == ("arxiv:0", "Talking heads from speech")
    assert (organs.id, organs.title) == ("arxiv:2", "Organs in scans")
    assert 0.5 < heads.likeness <= 1
    same = Ranker([replace(PAPERS[0], id="arxiv:9")], [], LIKED_PAPERS).rank(reader(liked=("arxiv:2", "arxiv:0")))
    assert all(match.nearest is None or match.nearest.id == "arxiv:0" for match in same)
    assert all(match.nearest is None for match in ranked(reader("talking heads")))


def test_a_quoted_phrase_must_stand_in_the_paper() -> None:
    """Papers that have a short topic's words but not its phrase, whole and in order, score nothing for it."""
    loose, strict = (
        {match.paper.title: match.score for match in ranked(reader(topic))}
        for topic in ("speech of heads", '"heads from speech"')
    )
    assert loose["A survey of talking heads"] > 0
    assert {title for title, score in strict.items() if score} == {"Talking heads from speech"}
    assert titles(ranked(reader('"from speech heads"'))) == []


def test_a_phrase_is_asked_of_its_own_topic_only() -> None:
    """A topic beside one with a phrase has the scores that it has alone."""
    alone = {match.paper.title: match.score for match in ranked(reader("music"))}
    beside = ranked(reader("music", '"no such phrase" music'))
    assert {match.paper.title: match.score for match in beside} == alone


def test_quotes_in_a_long_text_are_prose() -> None:
    """A topic of more words than anybody searches with asks for no phrase, though it has quotes."""
    text = 'I work on "so-called avatars", that is on talking heads whose lips, face and gaze follow speech.'
    assert titles(ranked(reader(text)))[:2] == titles(ranked(reader(text.replace('"', ""))))[:2]
    assert "Talking heads from speech" in titles(ranked(reader(text)))
    assert titles(ranked(reader('"so-called avatars" talking heads'))) == []
