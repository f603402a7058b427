"""Judgements as an edit of a profile's YAML: what was said stands in it, and nobody else's line moves."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest import profiles
from digest.errors import ProfileError
from digest.learn import TITLE_LENGTH, learned
from digest.types import Judgement, Paper

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DAY = date(2025, 5, 9)
A, B, C, D = (f"arxiv:2505.0000{n}" for n in range(1, 5))
OWLS = Paper(id=A, title="Owls of the north")
NEW_A = "{paper: arxiv:2505.00001, on: 2025-05-09}"
NEW_B = "{paper: arxiv:2505.00002, on: 2025-05-09}"


def more(*papers: str) -> list[Judgement]:
    """The reader wants more papers like these."""
    return [Judgement(paper=paper, liked=True, day=DAY) for paper in papers]


def less(*papers: str) -> list[Judgement]:
    """The reader wants fewer papers like these."""
    return [Judgement(paper=paper, liked=False, day=DAY) for paper in papers]


def learn(text: str, judgements: Sequence[Judgement], papers: Mapping[str, Paper] | None = None) -> str:
    """The edited text, which must be a profile."""
    edited = learned(text, judgements, papers or {}, name="ada.yaml")
    profiles.loads(edited, name="ada.yaml")
    return edited


def test_a_new_entry_stands_behind_the_others_with_its_day_and_title() -> None:
    """In the list's own indentation, before the comments and blank lines that follow the list."""
    text = "liked:\n    - 2505.00002  # bats\n    # more to come\n\n# last\nname: Ada\n"
    entry = f"    - {NEW_A}  # Owls of the north\n"
    assert learn(text, more(A), {A: OWLS}) == text.replace("    # more", f"{entry}    # more")


def test_a_paper_without_a_known_title_has_no_comment() -> None:
    """Nothing is made up, and nothing trails."""
    assert learn("liked:\n- 2505.00002\n", more(A)) == f"liked:\n- 2505.00002\n- {NEW_A}\n"


def test_a_long_title_is_cut_and_stays_on_its_line() -> None:
    """A title never ends the comment it stands in."""
    title = "Owls\nliked: [2505.00009]\r\N{LINE SEPARATOR}\x00 " + "and bats " * 20
    edited = learn("liked: []\n", more(A), {A: Paper(id=A, title=title)})
    assert edited.startswith(f"liked:\n  - {NEW_A}  # Owls liked: [2505.00009] and bats")
    assert len(edited.splitlines()) == 2
    assert len(edited.partition("# ")[2]) <= TITLE_LENGTH + 1


@pytest.mark.parametrize(
    "entry",
    [
        "2505.00001",
        '"2505.00001v3"',
        "https://arxiv.org/abs/2505.00001",
        "{paper: 2505.00001}",
        "10.48550/arXiv.2505.00001",
    ],
)
def test_what_the_file_says_already_changes_nothing(entry: str) -> None:
    """In whatever form the paper's id stands there."""
    for key, judgements in (("liked", more(A)), ("disliked", less(A))):
        text = f"topics: [owls]\n{key}:\n  -   {entry}   # mine\n"
        assert learn(text, judgements) == text


def test_a_paper_known_by_another_id_is_the_same_paper() -> None:
    """The file has a DOI, the database knows it for the arXiv paper that was judged."""
    text = "liked: [10.5555/owls]\n"
    known = {A: OWLS, "doi:10.5555/owls": OWLS}
    assert learn(text, more(A), known) == text
    assert learn("topics: [owls]\n" + text, less(A), known) == (
        f"topics: [owls]\nliked: []\ndisliked:\n  - {NEW_A}  # Owls of the north\n"
    )


def test_a_judgement_that_contradicts_the_file_moves_the_paper() -> None:
    """The entry leaves one list, with what stood behind it, for the end of the other, in all its spellings."""
    text = (
        "liked:\n  # birds\n  - 2505.00001  # owls\n  - 2505.00002\n  - arxiv:2505.00001\ndisliked:\n  - 2505.00003\n"
    )
    edited = learn(text, less(A))
    assert edited == f"liked:\n  # birds\n  - 2505.00002\ndisliked:\n  - 2505.00003\n  - {NEW_A}\n"
    assert profiles.loads(edited, name="ada.yaml").judged_on == {A: DAY}


def test_a_paper_in_both_lists_counts_as_disliked() -> None:
    """To dislike it is nothing new; to like it takes it from the disliked ones."""
    text = "liked: [2505.00001]\ndisliked: [2505.00002, 2505.00001]\n"
    assert learn(text, less(A)) == text
    assert learn(text, more(A)) == "liked: [2505.00001]\ndisliked: [2505.00002]\n"


def test_the_last_of_several_judgements_counts() -> None:
    """Who changed their mind is taken at their last word."""
    assert learn("liked: []\ntopics: [owls]\n", [*more(A), *less(A)]).startswith("liked: []\n")


def test_the_first_judgements_of_a_profile_make_their_lists() -> None:
    """Behind the topics, apart from other keys where the file sets keys apart; at the end where there are no topics."""
    text = "name: Ada\n\ntopics:\n- owls\n\n# bar\nmin_score: 20\n"
    made = f"\nliked:\n- {NEW_B}\n\ndisliked:\n- {NEW_A}\n"
    assert learn(text, [*less(A), *more(B)]) == text.replace("\n\n# bar", f"\n{made}\n# bar")
    assert learn("categories: [cs.CV]", more(A)) == f"categories: [cs.CV]\nliked:\n  - {NEW_A}"


def test_an_emptied_list_stays_as_an_empty_one() -> None:
    """The key and the comments stay; an entry that comes later takes the brackets away again."""
    text = "topics: [owls]\nliked:  # birds\n  # first\n  - 2505.00001\nmust: [night]\n"
    emptied = learn(text, less(A))
    assert emptied == f"topics: [owls]\nliked: []  # birds\n  # first\ndisliked:\n  - {NEW_A}\nmust: [night]\n"
    back = learn(emptied, more(A))
    assert "\nliked:  # birds\n" in back
    assert "\ndisliked: []\n" in back


def test_a_list_between_brackets_stays_between_brackets() -> None:
    """On one line or on several, with commas where they belong and the line's comment where it was."""
    one = "liked: [2505.00001, '2505.00002' , 2505.00003]  # birds\nmust: [a]\ndisliked: [2505.00004]\n"
    assert learn(one, more(D)) == (
        "liked: [2505.00001, '2505.00002' , 2505.00003, {paper: arxiv:2505.00004, on: 2025-05-09}]  # birds\n"
        "must: [a]\ndisliked: []\n"
    )
    assert learn(one, less(B, C)).startswith("liked: [2505.00001]  # birds\nmust: [a]\ndisliked: [2505.00004, {")
    assert learn(one, less(A)).startswith("liked: ['2505.00002' , 2505.00003]  # birds\n")
    several = "liked: [\n  2505.00001,  # owls\n  # bats\n  2505.00002,\n]\ndisliked:\n  []\n"
    assert learn(several, less(A)) == f"liked: [\n  # bats\n  2505.00002,\n]\ndisliked:\n  [{NEW_A}]\n"


def test_a_profile_that_is_one_line_of_brackets_can_learn() -> None:
    """JSON is YAML."""
    text = '{"topics": ["owls"], "liked": ["2505.00001"]}'
    assert learn(text, [*less(A), *more(B)]) == (f'{{"topics": ["owls"], "liked": [{NEW_B}], disliked: [{NEW_A}]}}')


def test_a_list_between_brackets_on_lines_gets_lines() -> None:
    """With titles, and with a comma behind the last entry where there was one; whoever was last gets one if needed."""
    text = "liked: [\n    2505.00002,\n    2505.00003  # moths\n    # more\n  ]\n"
    entry = f"    {NEW_A}  # Owls of the north\n"
    assert learn(text, more(A), {A: OWLS}) == text.replace("3  # moths\n", f"3,  # moths\n{entry}")
    ended = text.replace("3  #", "3,  #")
    assert learn(ended, more(A)) == ended.replace("# moths\n", f"# moths\n    {NEW_A},\n")
    swapped = learn(f"{text}disliked: [2505.00001]\n", [*more(A), *less(C)])
    assert swapped.startswith(f"liked: [\n    2505.00002,\n    {NEW_A}\n    # more\n  ]\ndisliked: [{{")


@pytest.mark.parametrize(
    "paper",
    [
        "doi:10.1000/a,[b]{c}",
        "doi:10.1000/it's:",
        "doi:10.1000/x#y",
        "doi:10.1000/\N{OWL}",
        'doi:10.1000/a"b\\c',
        "title:00112233aabbccdd",
    ],
)
def test_ids_are_quoted_where_yaml_needs_it(paper: str) -> None:
    """DOIs may hold every sign that YAML has a meaning for."""
    for text in ("liked: []\n", "liked: [2505.00001]\n", "liked:\n- 2505.00001\n"):
        assert profiles.loads(learn(text, more(paper)), name="ada.yaml").liked[-1] == paper


def test_what_is_no_profile_is_refused() -> None:
    """Broken YAML and plain text are named by their file, and no parser's error comes through."""
    for text in ("liked: [", "owls", "", "a: &b c"):
        with pytest.raises(ProfileError, match=r"^ada\.yaml: not a profile"):
            learned(text, more(A), {}, name="ada.yaml")


def test_a_list_that_cannot_be_edited_is_refused() -> None:
    """A layout that this cannot cut is told, and never cut wrongly."""
    with pytest.raises(ProfileError, match="put each entry on a line"):
        learned("topics: [owls]\n? liked\n: - 2505.00001\n", less(A), {}, name="ada.yaml")


SPELLINGS = (
    "{0}",
    '"{0}"',
    "arxiv:{0}",
    "https://arxiv.org/abs/{0}v2",
    "{{paper: {0}}}",
    "{{paper: {0}, on: 2025-01-02}}",
)
NUMBERS = [f"2505.0000{n}" for n in range(1, 7)]
entries = st.lists(st.tuples(st.sampled_from(NUMBERS), st.sampled_from(SPELLINGS)), max_size=5)


@st.composite
def lists(draw: st.DrawFn, key: str) -> list[str]:
    """The lines of one list, in one of the ways people write lists; none where there is no such key."""
    spelt = [form.format(number) for number, form in draw(entries)]
    way = draw(st.sampled_from(["block", "flush", "mapping", "flow", "lines", "none"]))
    noise = st.sampled_from(["", "# a: [b", "  # - c"])
    if way == "none":
        return []
    if not spelt:
        return [f"{key}: {draw(st.sampled_from(['[]', '[ ]  # none']))}"]
    if way == "flow":
        return [f"{key}: [{draw(st.sampled_from([', ', ' ,', ',  '])).join(spelt)}]  # mine"]
    if way == "lines":
        last = draw(st.sampled_from(["", ","]))
        return [f"{key}: [", *(f"  {each},  # it" for each in spelt[:-1]), f"  {spelt[-1]}{last}  # last", "]"]
    if way == "mapping":
        inner = [line for number, _ in draw(entries) for line in (f"  - paper: {number}", "    on: 2025-02-03  # then")]
        return [f"{key}:", *inner] if inner else [f"{key}: []  # none"]
    indent = "" if way == "flush" else "  "
    return [
        f"{key}:  # k",
        *(line for each in spelt for line in (f"{indent}- {each}  # it's", *draw(st.lists(noise, max_size=1)))),
    ]


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A profile with both lists among other keys, comments and blank lines."""
    groups = [
        draw(lists("liked")),
        draw(lists("disliked")),
        ["topics:", "  - |", "    owls, - and", "", "    bats", "  - {text: 'moths # at night', weight: 2}"],
        ["name:   Ada", "", "# about the bar"],
        ["min_score:    20   # low"],
    ]
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    return newline.join(line for group in draw(st.permutations(groups)) for line in group) + draw(
        st.sampled_from(["", newline])
    )


said = st.lists(st.tuples(st.sampled_from(NUMBERS), st.booleans()), max_size=4, unique_by=lambda pair: pair[0])


@given(texts(), said)
def test_what_was_said_stands_in_the_profile_and_no_other_line_is_touched(
    text: str, pairs: list[tuple[str, bool]]
) -> None:
    """The lists say what they said and what was judged; every line that names no judged paper is there as it was."""
    judgements = [Judgement(paper=f"arxiv:{number}", liked=liked, day=DAY) for number, liked in pairs]
    before = profiles.loads(text, name="ada.yaml")
    edited = learn(text, judgements)
    after = profiles.loads(edited, name="ada.yaml")
    for number, liked in pairs:
        assert (f"arxiv:{number}" in after.disliked) == (not liked)
        assert f"arxiv:{number}" in (after.liked if liked else after.disliked)
    judged = {f"arxiv:{number}" for number, _ in pairs}
    for old, new in ((before.liked, after.liked), (before.disliked, after.disliked)):
        assert [paper for paper in old if paper not in judged] == [paper for paper in new if paper not in judged]
    assert (after.topics, after.name, after.min_score) == (before.topics, before.name, before.min_score)
    touched = ("liked:", "# last", "2025-02-03", *(number for number, _ in pairs))
    rest = iter(edited.splitlines(keepends=True))
    for line in text.splitlines(keepends=True):
        if not any(word in line for word in touched):
            assert any(other.rstrip("\r\n") == line.rstrip("\r\n") for other in rest), line
    assert ("\r\n" in edited) == ("\r\n" in text)
    assert learn(edited, judgements) == edited
