"""Encoded words (RFC 2047): what a mail program reads is what was written, within the limits of section 2."""

from __future__ import annotations

import email.policy
import re
from email import message_from_string
from email.header import decode_header

from hypothesis import example, given
from hypothesis import strategies as st

from digest.encoded_words import LONGEST, encoded_words

TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=300)
BESIDE = len("Subject: ")
WORD = re.compile(r"=\?utf-8\?([qb])\?([!->@-~]*)\?=", re.ASCII)


@given(TEXTS)
@example("ü" * 300)
@example("a" * 40 + "é " + "word " * 40)
@example("\N{OWL}" * 100)
@example("=?utf-8?q?=0D=0ABcc:_eve?=")
@example("  ")
def test_what_is_read_is_what_was_written(text: str) -> None:
    """By the standard library's two parsers, of which the newer one finds no defect."""
    words = encoded_words(text, beside=BESIDE)
    decoded = [found.decode(charset) for found, charset in decode_header(words)]
    assert "".join(decoded) == text
    if not text.isspace():
        subject = message_from_string(f"Subject: {words}\r\n\r\n", policy=email.policy.default)["Subject"]
        assert str(subject) == text
        assert subject.defects == ()


@given(TEXTS, st.integers(0, 20))
@example("ü" * 300, 9)
@example("a" * 40 + "é " + "word " * 40, 9)
def test_words_and_lines_are_short(text: str, beside: int) -> None:
    """75 characters a word, 76 a line with what stands beside the first one; each word is whole characters."""
    first, *others = encoded_words(text, beside=beside).split("\r\n ")
    assert beside + len(first) <= 76
    for word in (first, *others):
        assert len(word) <= LONGEST
        assert WORD.fullmatch(word)
        ((octets, charset),) = decode_header(word)
        assert octets.decode(charset)


def test_the_shorter_encoding_is_taken() -> None:
    """Q for a word or two among plain ones, B where nearly all is something else."""
    assert encoded_words("Owls in Zürich", beside=BESIDE) == "=?utf-8?q?Owls_in_Z=C3=BCrich?="
    assert encoded_words("夜のフクロウ", beside=BESIDE) == "=?utf-8?b?5aSc44Gu44OV44Kv44Ot44Km?="


def test_lone_surrogates_are_question_marks() -> None:
    """UTF-8 cannot say them, and no text may stop a mail."""
    assert encoded_words("Owls in Zürich\ud800", beside=BESIDE) == "=?utf-8?q?Owls_in_Z=C3=BCrich=3F?="
