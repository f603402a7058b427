"""Text into sentences."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.sentences import ends, sentences


@pytest.mark.parametrize(
    "parts",
    [
        ["Owls hunt at night.", "They hear well!", "Do they see?", "Yes…", "Quite so"],
        ["We follow Oak et al. and Fig. 3 of Prof. Elm, i.e. her owls.", "All of them."],
        ["They weigh 2.5 kg (cf. Sec. 4), vs. 1.8 kg before.", "The rest is in Tab. 2."],
        ["It was seen by Oak et al.", "We see it again."],
        ["Owls of the U.S. Coast were counted by J. R. Elm.", "In this paper we count more."],
        ["Strix nova sp. nov. is a new owl.", "It lives in Eastern woods."],
        ["There are two: 1. Large owls.", "2. Small owls.", "Both grew by a factor of 3.", "We stop here."],
        ["Let $f(x). G$ be a flight.", "It costs $5 million.", "That is $2 more."],
        ['They asked "Why?"', "Nobody (of them.)", "Knew."],
        ["mRNA is copied.", "eBPF is not.", "The pH is 7."],
        ["猫头鹰在夜里狩猎。", "它们听得很清楚\uff01", "是吗\uff1f", "是的。"],
        ["उल्लू रात में शिकार करते हैं।", "वे अच्छा सुनते हैं।"],
        ["هل تصطاد البومة ليلاً؟", "نعم.", "وهي تسمع جيداً."],
        ["Совы охотятся ночью.", "Они хорошо слышат."],
    ],
)
def test_sentences_end_where_a_reader_would_say(parts: list[str]) -> None:
    """Stops end sentences; abbreviations, initials, numbered points, decimals and maths do not."""
    gap = "" if parts[0].endswith("。") else " "
    assert sentences(gap.join(parts)) == parts


def test_a_blank_that_is_missing_behind_a_stop_is_no_matter() -> None:
    """Feeds that drop the blank between two sentences still give two; names with a stop inside stay whole."""
    assert sentences("Owls hunt at night.They hear well.") == ["Owls hunt at night.", "They hear well."]
    assert sentences("We use owl.js and Wood.NET on arXiv.org daily.") == [
        "We use owl.js and Wood.NET on arXiv.org daily."
    ]


@given(st.text(max_size=300))
def test_nothing_but_blanks_is_lost(text: str) -> None:
    """The sentences together are the text, none is empty, and the ends rise."""
    found = sentences(text)
    assert "".join("".join(found).split()) == "".join(text.split())
    assert all(found)
    places = list(ends(text))
    assert places == sorted(set(places))


@pytest.mark.parametrize(
    "text", ["a. " * 30_000, "$" * 100_000, "$a." * 30_000, "." * 100_000, "A." * 50_000, ". " * 50_000]
)
def test_long_odd_text_takes_no_long_time(text: str) -> None:
    """No text of a hundred thousand characters makes the rules run away."""
    started = time.process_time()
    sentences(text)
    assert time.process_time() - started < 20
