"""Text fitted to a line, a length and a width."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from digest.typeset import columns, lead, one_line, shorten, wrap


@given(st.text(alphabet=st.characters(), max_size=200), st.integers(min_value=0, max_value=100))
def test_shortening_keeps_its_limit(text: str, limit: int) -> None:
    """Neither way of shortening exceeds its limit, and text that fits stays as it is."""
    for cut in (shorten, lead):
        assert len(cut(text, limit)) <= limit or cut(text, limit) == text
        assert cut(text, max(limit, len(text))) == text


def test_shortening_cuts_where_a_reader_would() -> None:
    """Words stay whole, sentences end at their stop and not at an abbreviation, and clusters are not parted."""
    assert shorten("one two three", 9).split() == ["one", "two", "…"]
    assert shorten("猫" * 20, 10) == "猫" * 8 + "\N{NO-BREAK SPACE}…"
    assert shorten("e\u0301" * 20, 9) == "e\u0301" * 3 + "\N{NO-BREAK SPACE}…"
    assert shorten("👩‍👧" * 9, 11) == "👩‍👧" * 3 + "\N{NO-BREAK SPACE}…"
    text = "We follow Oak et al. Their Fig. 3 shows owls. Then comes more of it"
    assert lead(text, 60) == "We follow Oak et al. Their Fig. 3 shows owls.\N{NO-BREAK SPACE}…"
    assert lead("First. " + "word " * 50, 60).endswith("word\N{NO-BREAK SPACE}…")


@given(st.text(alphabet=st.characters(), max_size=300), st.integers(min_value=10, max_value=80))
def test_wrapping_keeps_the_width_and_every_word(text: str, width: int) -> None:
    """No line is too wide, and nothing is lost but spaces."""
    line = one_line(text)
    wrapped = wrap(line, width, first=" 1. ")
    assert all(columns(each) <= width for each in wrapped.split("\n"))
    assert "".join(wrapped.removeprefix(" 1.").split()) == "".join(line.split())


@given(
    st.lists(st.text(alphabet="ab.%", min_size=1, max_size=12), min_size=1, max_size=40),
    st.integers(4, 40),
    st.sampled_from([("", None), ("    ", None), ("  - ", "    "), ("> ", ">")]),
)
def test_plain_text_is_wrapped_as_any_other(words: list[str], width: int, starts: tuple[str, str | None]) -> None:
    """Lines of letters that are a column wide take a shorter way to the same lines: tabs between the words bar it."""
    first, rest = starts
    assert wrap(" ".join(words), width, first, rest) == wrap("\t".join(words), width, first, rest)


@given(st.text(alphabet=st.characters(), max_size=300))
def test_one_line_is_one_clean_line(text: str) -> None:
    """The result can be encoded, has no line break and does not change when cleaned again."""
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert line.encode().decode() == line == one_line(line)
