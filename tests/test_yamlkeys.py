"""Keys taken out of a YAML mapping, the rest as it was written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest import yamldoc
from digest.yamlkeys import without

GONE = {"email", "send_at"}


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("email: a@example.org\ntopics: [x]\n", "topics: [x]\n"),
        ("# a\nname: A\nemail: 'a'  # b\n# c\ntopics:\n  - x\nsend_at: 07:30", "# a\nname: A\n# c\ntopics:\n  - x\n"),
        ("email: >-\n  a@example.org\n\ntopics: [x]\n", "topics: [x]\n"),
        ("topics:\n  - x\nemail:\n  a@example.org\n# end\n", "topics:\n  - x\n# end\n"),
        ("email: a\r\ntopics: [x]\r\n", "topics: [x]\r\n"),
        ("email:\ntopics: [x]\n", "topics: [x]\n"),
        ("{email: a, topics: [x]}\n", "{topics: [x]}\n"),
        ("{topics: [x], email: a, send_at: b}", "{topics: [x]}"),
        ("name: A\n", "name: A\n"),
        ("- email\n", "- email\n"),
    ],
)
def test_a_key_goes_with_its_value(text: str, left: str) -> None:
    """In any form, with the comment behind it; other lines stay byte for byte."""
    assert without(text, GONE) == left


WORDS = st.text("abc '#:é", min_size=1, max_size=8).map(lambda text: "'" + text.replace("'", "''") + "'")


@given(
    keys=st.lists(st.sampled_from(["a", "b", "c", "email", "send_at"]), unique=True, min_size=1),
    values=st.lists(WORDS, min_size=5, max_size=5),
    is_flow=st.booleans(),
)
def test_what_is_left_says_the_same(keys: list[str], values: list[str], *, is_flow: bool) -> None:
    """Whichever keys there are and wherever, the others keep their values."""
    pairs = [f"{key}: {value}" for key, value in zip(keys, values, strict=False)]
    text = f"{{{', '.join(pairs)}}}" if is_flow else "\n".join(pairs)
    before = yamldoc.read(text).value
    assert isinstance(before, dict)
    left = yamldoc.read(without(text, GONE)).value or {}
    assert left == {key: value for key, value in before.items() if key not in GONE}
