"""Texts in pieces: the same text, the same bytes, and what many have in common encoded once."""

from __future__ import annotations

import pickle
from enum import StrEnum

import jinja2
import markupsafe
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest import quoted_printable
from digest.pieces import Piece, joined, octets, quoted
from digest.recent import Recent
from digest.template_code import Open

TEXTS = st.text(alphabet="ab =\t.é猫\n\r", max_size=100) | st.sampled_from(
    ["", "\n", "a\n", "x" * 80 + "\n", "\r", "\n\r\n"]
)


class Word(StrEnum):
    """A text of another type."""

    ONE = "<one>"


class Marked:
    """What is HTML already."""

    def __html__(self) -> str:
        return "<b>&amp;</b>"


@given(texts=st.lists(TEXTS | TEXTS.map(Piece), max_size=8))
def test_pieces_are_the_text_that_they_make(texts: list[str]) -> None:
    """Whatever stands where, the whole is the text of its parts, with the bytes and the length that it would have."""
    whole = "".join(texts)
    made = joined(texts)
    assert made == whole
    assert "".join(made.parts) == whole
    assert b"".join(quoted(made)) == quoted_printable.encode(whole)
    assert octets(made) == len(whole.encode())
    assert pickle.loads(pickle.dumps(made)) == made  # noqa: S301  (our own)


def test_a_piece_on_lines_of_its_own_is_encoded_once() -> None:
    """Two texts with the same piece have the same encoding of it; one within a line is encoded with its line."""
    piece = Piece("é = 1\n")
    first, second, within = joined(["a\n", piece]), joined([piece, "b"]), joined(["a", piece, "b"])
    assert first.parts == ("a\n", piece)
    assert second.parts == (piece, "b")
    assert first.parts[1] is second.parts[0] is piece
    assert within.parts == ("aé = 1\nb",)
    assert quoted(first)[-1] is piece.quoted
    assert piece.quoted is piece.quoted


def test_a_lone_surrogate_has_no_length() -> None:
    """What UTF-8 cannot say is said, as of any text."""
    for text in ("\ud800", joined(["a\n", Piece("\ud800\n")])):
        with pytest.raises(UnicodeEncodeError):
            octets(text)


@given(
    st.text() | st.integers() | st.floats() | st.none() | st.just(Word.ONE) | st.just(Marked()) | st.text().map(Piece)
)
def test_what_templates_print_is_escaped_as_by_markupsafe(value: object) -> None:
    """Texts, numbers and what is HTML already come out as Jinja itself would print them."""
    assert Open.escaped(value) == str(markupsafe.escape(value))


def test_what_is_undefined_is_an_error_still() -> None:
    """A name that is not there is not printed."""
    with pytest.raises(jinja2.UndefinedError, match="'papr' is undefined"):
        Open.escaped(jinja2.StrictUndefined(name="papr"))


def test_what_is_asked_for_is_remembered() -> None:
    """Of more than two generations there is what was asked for of late, and no more than these two hold."""
    recent: Recent[int, int] = Recent(10)
    for number in range(1000):
        recent.keep(number, -number)
        assert recent[number] == -number
        assert recent[0] == 0
    kept = [number for number in range(1000) if number in recent]
    assert len(kept) <= 10
    assert recent[995] == -995
    with pytest.raises(KeyError):
        recent[500]
