"""The one sentence that says what is new."""

from __future__ import annotations

import gzip
import json
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest import gist
from digest.types import Gist, Paper, Signals
from digest.typeset import one_line

if TYPE_CHECKING:
    from pathlib import Path

TITLE = "Silent Wings: Counting Owls by Their Calls"
ABSTRACT = (
    "Owls are among the most important hunters of the night, and recently they have attracted much attention. "
    "However, existing ways of counting them need a great many people who sit in the cold. "
    "In this paper, we propose Silent Wings, a way of counting owls by their calls alone. "
    "Specifically, it hears each call twice and keeps the louder one. "
    "Experiments in twelve woods show that it misses 3.5% of the owls. "
    "Code is available at https://example.org/owls."
)


def test_the_sentence_that_says_what_is_new_is_chosen() -> None:
    """Not the background, the details, the results or where the code is; and the opening that says nothing is gone."""
    assert gist.gist(TITLE, ABSTRACT) == "We propose Silent Wings, a way of counting owls by their calls alone."


FILLER = (
    "Owls are important hunters of the night and have attracted attention in recent years. "
    "Existing counts of owls remain a challenge for all who live near a wood and for their neighbours too. "
    "Nobody knows for sure how many owls there were before people came and cut the woods down for timber. "
)


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("Here we show that owls count themselves.", "We show that owls count themselves."),
        (
            "To address this gap, in this work we introduce a new owl counter.",
            "We introduce a new owl counter.",
        ),
        ("Therefore, we present HOOT, a counter of owls.", "We present HOOT, a counter of owls."),
        ("We therefore present HOOT, a counter of owls.", "We present HOOT, a counter of owls."),
        ("In this paper, eBPF probes of owls are introduced by us.", "eBPF probes of owls are introduced by us."),
        ("In this work is presented a new counter of owls in woods.", None),
        ("To count owls in the dark, we introduce a lamp that owls like.", None),
        ("Using only two ears, we show that owls can be counted.", None),
        ("This paper presents a new counter of owls, which needs no lamp.", None),
    ],
)
def test_openings_go_only_where_a_whole_sentence_is_left(sentence: str, shown: str | None) -> None:
    """What is left begins with a capital letter and is a sentence; where it would not be one, nothing is cut."""
    assert gist.gist("Counting owls", FILLER + sentence) == (shown or sentence)


def test_headings_of_structured_abstracts_are_no_part_of_it() -> None:
    """What stands under the conclusion is preferred to what stands under other headings, and is shown without it."""
    abstract = (
        "BACKGROUND: Counts of owls have been done since people first wrote things down in the woods. "
        "METHODS: Forty woods were visited four times, and every hooting owl was noted with its place and hour. "
        "RESULTS: There were 312 owls in the large woods, and 28 in the small ones (p < 0.05). "
        "CONCLUSIONS: Large woods have more owls for their size than small woods."
    )
    assert gist.gist("Owls in woods", abstract) == "Large woods have more owls for their size than small woods."


def test_no_gist_where_the_abstract_needs_none() -> None:
    """An empty or a short abstract, one of a single sentence, and one that says nothing new have no gist."""
    assert gist.gist(TITLE, "") == ""
    assert gist.gist(TITLE, "We propose Silent Wings. It counts owls.") == ""
    assert gist.gist(TITLE, "We propose Silent Wings, " + "and we count owls, " * 20) == ""
    assert gist.gist("Lamps", FILLER) == ""


def test_other_scripts_have_gists() -> None:
    """In scripts without blanks, the sentence that comes to the point and shares characters with the title is taken."""
    abstract = (
        "近年来,猫头鹰的数量一直受到广泛的关注,但是传统的计数方法需要大量的人力,并且只能在夜间进行,结果往往不够准确。"
        "本文提出一种根据叫声统计猫头鹰数量的新方法。"
        "该方法把每一次叫声记录两遍,然后保留其中声音较大的一次,从而降低了森林中风声和雨声的影响。"
        "在十二片森林中进行的测试说明,这种方法只需要两个人就可以完成全部的工作,而且结果与人工统计的结果非常接近。"
    )
    assert gist.gist("根据叫声统计猫头鹰数量", abstract) == "本文提出一种根据叫声统计猫头鹰数量的新方法。"


def test_a_long_sentence_is_cut_between_words() -> None:
    """The gist has at most its length, and says with an ellipsis that there is more."""
    shown = gist.gist(
        "Counting owls", FILLER + "We propose to count owls " + "and to count them again " * 30 + "daily."
    )
    assert len(shown) <= gist.LONGEST
    assert shown.startswith("We propose to count owls and")
    assert shown.endswith("…")


@given(st.text(max_size=80), st.text(max_size=700))
def test_any_text_gives_one_bounded_line(title: str, abstract: str) -> None:
    """Whatever the abstract holds, the gist is one clean line of at most its length."""
    shown = gist.gist(title, abstract)
    assert len(shown) <= gist.LONGEST
    assert shown == one_line(shown)


@pytest.mark.parametrize("piece", ["We ", "we, ", "a-", "In this paper, ", "Then, ", "We propose. ", "code ", "$x$. "])
def test_a_hostile_abstract_takes_no_long_time(piece: str) -> None:
    """A megabyte of the words that the rules look for is done with in a moment."""
    started = time.process_time()
    gist.gist("We propose", piece * (1_000_000 // len(piece)))
    assert time.process_time() - started < 20


def test_a_summary_of_the_source_comes_first() -> None:
    """What the source says goes before what we choose, cut to length, with the name of whoever wrote it."""
    paper = Paper(id="arxiv:2505.00001", title=TITLE, abstract=ABSTRACT)
    chosen = "We propose Silent Wings, a way of counting owls by their calls alone."
    assert gist.of(paper) == Gist(text=chosen)
    assert gist.of(Paper(id="title:owl", title="Owl")) is None

    said = Paper(id="title:owl", title="Owl", signals=Signals(summary="Owls are heard.", summary_by="the authors"))
    assert gist.of(said) == Gist(text="Owls are heard.", by="the authors")
    unsigned = Paper(id="title:owl", title="Owl", signals=Signals(summary="Owls are heard. " * 40))
    found = gist.of(unsigned)
    assert found is not None
    assert found.by == gist.UNKNOWN_SOURCE
    assert len(found.text) <= gist.LONGEST


def test_most_real_papers_have_a_gist_from_their_abstract(samples: Path) -> None:
    """Of a day's announcements nearly all with a long abstract have one, and it stands in the abstract."""
    with gzip.open(samples / "stream" / "2025-05-09.jsonl.gz", "rt", encoding="utf-8") as lines:
        papers = [json.loads(line) for line in lines]
    long = [paper for paper in papers if len(paper["abstract"]) >= gist.SHORTEST_ABSTRACT]
    shown = {paper["id"]: gist.gist(paper["title"], paper["abstract"]) for paper in long}
    assert sum(map(bool, shown.values())) > 0.97 * len(shown)
    for paper in long:
        words = shown[paper["id"]].removesuffix("…").rstrip()
        assert words[3:] in one_line(paper["abstract"])  # "We thus propose" is shown as "We propose"
