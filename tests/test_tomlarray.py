"""One array of a TOML file edited, and nothing else of it."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.tomlarray import add, lines, remove


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", 'k = [\n    "x",\n]\n'),
        ("n = 1", 'n = 1\nk = [\n    "x",\n]\n'),
        ("n = 1\r\n# end\r\n", 'n = 1\r\n# end\r\nk = [\r\n    "x",\r\n]\r\n'),
        ("n = [\n1]\n\n[t]\nk = []\n", 'n = [\n1]\n\nk = [\n    "x",\n]\n[t]\nk = []\n'),
        ("k = []", 'k = ["x"]'),
        ("k = [  ] # none", 'k = ["x"] # none'),
        ("k = [\n  # none yet\n]\n", 'k = [\n  # none yet\n    "x",\n]\n'),
        ('k = ["a"]', 'k = ["a", "x"]'),
        ('k = ["a",]', 'k = ["a", "x"]'),
        ("'k' = [ 'a' , 'b' ] # two", "'k' = [ 'a' , 'b', \"x\" ] # two"),
        ('k = [\n  "a"\n]', 'k = [\n  "a",\n  "x",\n]'),
        ('k = [\n\t"a", # first ]\n\t# last\n]', 'k = [\n\t"a", # first ]\n\t"x",\n\t# last\n]'),
        ('k = ["a",\n     "b"]', 'k = ["a",\n     "b", "x"]'),
        ('k = [ # all\r\n  "a" # first\r\n]', 'k = [ # all\r\n  "a", # first\r\n  "x",\r\n]'),
        ('s = """\nk = [\n"""\nk = ["""a"]""", \'\'\'b\'\'\']', None),
        ('s = "k = []" # k = []\nt.k = []\n"k" = [["k"], {k = "]"}]', None),
        ("s = '''it's'''''\nk = ['#']", None),
    ],
)
def test_an_entry_is_added_at_the_end(before: str, after: str | None) -> None:
    """In the layout that the array has, comments beside what they stand beside."""
    edited = add(before, "k", "x")
    known = tomllib.loads(before)
    assert tomllib.loads(edited) == known | {"k": [*known.get("k", []), "x"]}
    if after is not None:
        assert edited == after


@pytest.mark.parametrize("text", ["k = 1", 'k = "["', "[k]", "[[k]]\na = 1", "k.a = []"])
def test_what_is_no_array_is_not_edited(text: str) -> None:
    """A key that means something else is refused."""
    with pytest.raises(ValueError, match="not an array"):
        add(text, "k", "x")


@pytest.mark.parametrize(
    ("before", "index", "after"),
    [
        ('k = ["a"]', 0, "k = []"),
        ('k = ["a", "b", "c"]', 0, 'k = ["b", "c"]'),
        ('k = ["a", "b", "c"]', 1, 'k = ["a", "c"]'),
        ('k = ["a", "b", "c"]', 2, 'k = ["a", "b"]'),
        ('k = ["a", "b",]', 1, 'k = ["a", ]'),
        ('k = [\n  "a", # of a\n  # of b\n  "b", # also of b\n]', 0, 'k = [\n  # of b\n  "b", # also of b\n]'),
        ('k = [\n  "a",\n  # of b\n  "b" # also of b\n]', 1, 'k = [\n  "a",\n  # of b\n]'),
        ('k = [\r\n  "a",\r\n  "b",\r\n]\r\n', 1, 'k = [\r\n  "a",\r\n]\r\n'),
        ('k = ["a",\n     "b"]', 0, 'k = [\n     "b"]'),
        ('k = ["a",\n     "b"]', 1, 'k = ["a",\n     ]'),
        ('k = ["a" # of a\n, "b"]', 1, 'k = ["a" # of a\n, ]'),
        ('k = [\n  "a", "b",\n]', 1, 'k = [\n  "a", \n]'),
    ],
)
def test_an_entry_is_removed(before: str, index: int, after: str) -> None:
    """With its line and the comment on it where it stands alone; all else stays."""
    assert remove(before, "k", index) == after
    tomllib.loads(after)


def test_only_what_is_there_can_be_removed() -> None:
    """An entry too far, or an array that is missing."""
    for text in ("k = ['a']", "n = 1"):
        with pytest.raises(IndexError):
            remove(text, "k", 1)


def test_entries_are_found_by_their_lines() -> None:
    """The line of each entry, whatever stands between; none where there is no such array."""
    text = 'n = [\n"k"]\nk = [ # "z"\n  "a", "b",\n\n  """\nc""",\n  1979-05-27 07:32:00, {d = "]"},\n]\n'
    assert lines(text, "k") == [4, 4, 6, 8, 8]
    assert len(tomllib.loads(text)["k"]) == 5
    assert lines("[t]\nk = ['a']", "k") == []
    assert lines("k = 1", "k") == []


BLANK = st.sampled_from(["", " ", "\n", ' # it\'s a "comment" ]\n', "\r\n  ", "\n\n\t"])
STRING = st.sampled_from(['"a"', "'b'", '"c]#"', "'''d\n'''", '"""e\\"""""', '"\\u00e9\\""'])


@st.composite
def documents(draw: st.DrawFn) -> str:
    """TOML with an array `k` laid out anyhow, and other keys before and behind."""
    parts = [
        draw(st.sampled_from(["", "n = 1\n", "# k = []\n", "s = 'k = ['\n", "t = {k = [1]}\n", 'm = """\nk = ["""\n']))
    ]
    entries = draw(st.lists(STRING, max_size=5))
    written = [f"{draw(BLANK)}{entry}{draw(BLANK)}" for entry in entries]
    end = draw(st.sampled_from(["", ","])) if entries else ""
    parts.append(f"k = [{','.join(written)}{end}{draw(BLANK)}]")
    parts.append(draw(st.sampled_from(["", "\n", " # end\n", "\nz = 'k'\n[k2]\nk = ['no']\n"])))
    return "".join(parts)


@given(documents(), st.text(st.characters(exclude_categories=["Cs"])), st.data())
def test_edits_change_the_array_and_nothing_else(text: str, value: str, data: st.DataObject) -> None:
    """However it is laid out, adding gives one entry more and removing one less, and no comment elsewhere is lost."""
    before = tomllib.loads(text)
    entries = before["k"]
    assert len(lines(text, "k")) == len(entries)
    added = add(text, "k", value)
    assert tomllib.loads(added) == before | {"k": [*entries, value]}
    back = remove(added, "k", len(entries))
    assert tomllib.loads(back) == before
    for comment in ("# it's a", "# end", "# k = []"):
        assert back.count(comment) == text.count(comment)
    if entries:
        index = data.draw(st.integers(0, len(entries) - 1))
        left = [entry for place, entry in enumerate(entries) if place != index]
        assert tomllib.loads(remove(text, "k", index)) == before | {"k": left}
