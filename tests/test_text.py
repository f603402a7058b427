"""Cleaning of titles, abstracts and names."""

from __future__ import annotations

import gzip
import json
import time
import unicodedata
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.text import clean, clean_each, people

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        (r"Bal\'azs, Schr{\"o}dinger, M\"uller", "Balázs, Schrödinger, Müller"),
        (r"\v{s} \c c \c{c} Fran\c cois \H{o} \k{a} \u{g} \.{z} \r{a}", "š ç ç François ő ą ğ ż å"),
        (r"S\o ren \O{} stra\ss e {\aa}ngstr{\"o}m \L{}ukasz {\l}", "Søren Ø straße ångström Łukasz ł"),
        (r"Garc\'{\i}a, Garc\'\i a, na\"{\i}ve, Ma{\'{\i}}n", "García, García, naïve, Maín"),
        (r"{\'E}cole, {\~n}, I\~naki, \^{o}, \`e, \=a", "École, ñ, Iñaki, ô, è, ā"),
    ],
)
def test_tex_accents_and_letters_become_unicode(raw: str, cleaned: str) -> None:
    """The usual ways of writing an accent in TeX all give the composed letter."""
    assert clean(raw) == cleaned


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        (r"an \emph{old \textbf{and} new} way", "an old and new way"),
        (r"{\it here}, {\bf there}, {\em{so}}, \texttt{code}", "here, there, so, code"),
        (r"\textbf{R}etrieval of \textit{$x^{2}$}", "Retrieval of $x^{2}$"),
        (r"``quoted'' and f''(x)", "“quoted” and f''(x)"),
        (r"by 10\% in R\&D for \$5, snake\_case \#1 \{a\}", "by 10% in R&D for $5, snake_case #1 {a}"),
        (r"Figure~3 of Models~(LLMs), ~10 km, 3~5x, x~N", "Figure 3 of Models (LLMs), ~10 km, 3~5x, x~N"),
        (r"10--20, so --- well -- no, a --> b, --all", "10\u201320, so \u2014 well \u2013 no, a --> b, --all"),
        (r"turned by 90{\deg}", "turned by 90°"),
        (r"style$\unicode{x2013}$including", "style\u2013including"),
        (r"as in \cite{doe} and \textcolor{red}{this}\footnote{a note}", "as in [doe] and this (a note)"),
        (r"\OurMethod{} and \eg are left", r"\OurMethod{} and \eg are left"),
    ],
)  # fmt: skip
def test_tex_text_is_resolved_and_unknown_macros_stay(raw: str, cleaned: str) -> None:
    """Styles, quotes, escapes, ties and dashes become plain text; an author's own macros are not guessed at."""
    assert clean(raw) == cleaned


@pytest.mark.parametrize(
    "maths",
    [
        r"$a \% b \textbf{x}~y--z$", r"$$\frac{1}{2} \'a$$", r"\(\emph{x}~y\)", r"\[ a -- b \]", r"$\mathcal{O}(n^3)$",
        r"between $2.6<\eta<4$ and $x<y>z$",
    ],
)  # fmt: skip
def test_maths_is_left_as_it_is(maths: str) -> None:
    """Nothing between maths delimiters is touched."""
    assert clean(maths) == maths


def test_dollars_before_figures_are_prices() -> None:
    """A closing dollar is never followed by a digit, so prices open no maths."""
    assert clean(r"costs $5 and $10 \textbf{more}") == "costs $5 and $10 more"


def test_addresses_keep_what_would_be_tex_elsewhere() -> None:
    """Ties, dashes and escapes mean themselves in a URL, and link macros show their target."""
    assert clean(r"\url{https://example.org/~ann/a\_b--c}") == "https://example.org/~ann/a_b--c"
    assert clean(r"\href{https://example.org/a}{our page}") == "our page (https://example.org/a)"
    assert clean(r"{\href{https://example.org}{\textit{https://example.org}}}") == "https://example.org"


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("AT&amp;T, R&amp;amp;D, a &lt; b", "AT&T, R&D, a < b"),
        ("caf&eacute; &#x4e2d;&#25991; &nbsp; end", "café 中文 end"),
        ("R&D, ?a=1&copy=2, &unknown;", "R&D, ?a=1&copy=2, &unknown;"),
    ],
)
def test_entities_are_resolved_also_when_escaped_twice(raw: str, cleaned: str) -> None:
    """Named and numbered entities go; an ampersand that is none stays."""
    assert clean(raw) == cleaned


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("<p>One <i>in vivo</i> <b>test</b>.</p><p>Two.</p>", "One in vivo test. Two."),
        ("<jats:title>Aim</jats:title><jats:p>To <jats:italic>see</jats:italic></jats:p>", "Aim To see"),
        ("<mml:math><mml:mi>x</mml:mi></mml:math>", "x"),
        ("H<sub>2</sub>O, 10<sup>-3</sup>, the 20<sup>th</sup>", "H₂O, 10⁻³, the 20th"),
        ('<a href="https://example.org/?a=1">here</a>, one<br/>two<!-- not shown -->', "here, one two"),
        ("&lt;em&gt;escaped&lt;/em&gt;", "escaped"),
        ("a<b and c>d", "a<b and c>d"),
        (r"2.6<\eta<4", r"2.6<\eta<4"),
        ("(<1 minute per tool)", "(<1 minute per tool)"),
        ("the <think> and <s> tokens, if x<i>y", "the <think> and <s> tokens, if x<i>y"),
    ],
)  # fmt: skip
def test_known_tags_go_and_comparisons_stay(raw: str, cleaned: str) -> None:
    """HTML, JATS and MathML are stripped; what merely stands in angle brackets is text."""
    assert clean(raw) == cleaned


def test_invisible_characters_are_removed() -> None:
    """NUL, controls, lone surrogates, zero width and bidi characters leave no trace."""
    assert clean("a\x00b\x1b[1mc\ud800d\u200be\u202ef\u2066g\ufeffh\u00adi\U000e0041j") == "ab[1mcdefghij"


def test_joiners_stay_where_scripts_and_emoji_need_them() -> None:
    """Persian and Devanagari keep their joiners, emoji their sequences; Latin words lose them."""
    for word in ("\u0645\u06cc\u200c\u062e\u0648", "क्\u200dष", "👩\u200d💻"):
        assert clean(word) == word
    assert clean("ab\u200dc\u200cd") == "abcd"


def test_white_space_is_folded_and_text_composed() -> None:
    """Line ends, tabs and wide spaces become one space; letters and marks become NFC."""
    assert clean("  A\n  title\twith\u00a0\u3000gaps ") == "A title with gaps"
    assert clean("Poincare\u0301") == "Poincaré"


tex_like = st.lists(
    st.sampled_from(
        ["\\", "{", "}", "$", "~", "--", "``", "''", "`", '"', "&", "amp;", "lt;", "&#36;", "<", ">", "</b>", "<b>",
         "<sub>", "\\emph{", "\\href{", "\\c ", "\\'", "{\\bf ", "://", "a", "B", "1", " ", "%", "_", "é", "\u0301"]
    ),
    max_size=25,
).map("".join)  # fmt: skip


@given(st.one_of(st.text(), tex_like))
@settings(max_examples=300, deadline=None)
def test_any_text_can_be_cleaned(raw: str) -> None:
    """Cleaning never raises, and gives one line in NFC without controls that any encoder takes."""
    cleaned = clean(raw)
    assert cleaned == " ".join(cleaned.split())
    assert unicodedata.is_normalized("NFC", cleaned)
    assert not any(unicodedata.category(char) in ("Cc", "Cs") for char in cleaned)
    cleaned.encode()


@pytest.mark.parametrize(
    "piece", ["<!--", "<a b=", "\\emph{", "\\(", "{\\bf ", "$", "``'", "&amp", "\\c ", "<sub>1", "'"]
)
def test_hostile_texts_take_linear_time(piece: str) -> None:
    """A megabyte of unclosed openings is cleaned as fast as prose, in seconds at most."""
    start = time.process_time()
    clean(piece * (2**20 // len(piece)))
    assert time.process_time() - start < 5


def _sample_texts(samples: Path) -> Iterator[str]:
    with (samples / "arxiv_snapshot" / "arxiv-metadata-oai-snapshot_first200.json").open("rb") as lines:
        for line in lines:
            record = json.loads(line)
            yield from (record["title"], record["abstract"], record["authors"])
    with gzip.open(samples / "stream" / "2025-05-07.jsonl.gz") as packed:
        for line in packed:
            record = json.loads(line)
            yield from (record["title"], record["abstract"], record["comment"] or "", *record["authors"])
    yield from (samples / "trending_page" / "trending_page_mar13.txt").read_text(encoding="utf-8").splitlines()


def test_real_texts_once_clean_stay_as_they_are(samples: Path) -> None:
    """Cleaning is idempotent on every title, abstract and name of the samples, and leaves no accent macro in prose."""
    texts = [clean(text) for text in _sample_texts(samples)]
    assert len(texts) > 1000
    for text in texts:
        assert clean(text) == text
        if "$" not in text:
            assert "\\'" not in text
            assert "\\emph" not in text


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("A. Smith, B. Jones and C. Roe", ("A. Smith", "B. Jones", "C. Roe")),
        ("A. Smith, B. Jones, and C. Roe", ("A. Smith", "B. Jones", "C. Roe")),
        ("A. Smith; B. Jones & C. Roe et al.", ("A. Smith", "B. Jones", "C. Roe et al.")),
        ("Ann Anderson, et al.", ("Ann Anderson",)),
        ("A. Smith (1), B. Jones (2 and 3) ((1) Here, (2) There)", ("A. Smith", "B. Jones")),
        ("John Doe, Jr., Ann Poe, III", ("John Doe, Jr.", "Ann Poe, III")),
        (r"Erwin Schr{\"o}dinger and Pierre-\'Etienne Roe", ("Erwin Schrödinger", "Pierre-Étienne Roe")),
        ("The BIG Collaboration: A. Smith, B. Jones", ("The BIG Collaboration", "A. Smith", "B. Jones")),
        ("", ()),
        (" , ; and ", ()),
    ],
)
def test_a_list_of_authors_is_taken_apart(text: str, names: tuple[str, ...]) -> None:
    """Commas, semicolons, ampersands and "and" separate names; affiliations and "et al." are no names."""
    assert people(text) == names


@given(st.lists(st.text() | st.text(st.sampled_from("aB -\n\t`~&;<>\\'\"{}\x00\x7fé"), max_size=12)))
def test_texts_cleaned_together_are_those_cleaned_one_by_one(texts: list[str]) -> None:
    """Whatever stands beside it makes no difference to a text."""
    assert clean_each(texts) == [clean(text) for text in texts]
