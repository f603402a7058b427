"""Interest profiles: what a file may say, and what its writer is told when it says something else."""

from __future__ import annotations

import io
import json
from copy import deepcopy
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from digest import days as written_days
from digest import profiles
from digest.errors import ProfileError
from digest.types import EmptyDay, Profile, Topic

EXAMPLES = Path(__file__).resolve().parent.parent / "profiles"
FILE = "profiles/ada.yaml"
DERIVED = {"slug", "judged_on", "trending_section", "form", "often", "since"}
INTERESTS = "topics, liked, authors, categories, trending"

FULL = """\
name: Ada Quill
email: ada@example.org
topics:
  - talking heads
  - text: >
      speech driven
      facial animation
    weight: 2
    max_papers: 3
  - '"neural  codec" for speech'
liked:
  - 2401.01230
  - https://arxiv.org/abs/hep-th/9901001v2
  - doi:10.1000/ABC
  - title:0123456789abcdef
  - {paper: 2405.01230, on: 2025-05-01}
disliked:
  - paper: https://doi.org/10.1000/DEF
    on: "2024-02-29"
half_life: 90
authors: [Heiga Zen]
categories: [cs.CV, eess.*, q-bio, cond-mat.str-el]
must: [speech]
exclude:
  - survey
  - '" state of  the art"'
max_papers: 7
min_score: 12.5
papers_a_day: 5
empty_day: note
trending: 0.25
explore: 2
diversity: 0.5
sections: true
"""


def faults(text: str, name: str = FILE) -> tuple[str, ...]:
    """What is wrong with `text`."""
    with pytest.raises(ProfileError) as caught:
        profiles.loads(text, name=name)
    return caught.value.faults


def outcome(text: str) -> Profile | tuple[str, ...]:
    """The profile, or the faults, of `text`."""
    try:
        return profiles.loads(text, name="ada.yaml")
    except ProfileError as error:
        return error.faults


def test_every_key_reaches_the_profile() -> None:
    """A file with every key comes back as the profile it describes, ids canonical and texts folded."""
    assert profiles.loads(FULL, name=FILE) == Profile(
        slug="ada",
        name="Ada Quill",
        email="ada@example.org",
        topics=(
            Topic(text="talking heads"),
            Topic(text="speech driven facial animation", weight=2.0, max_papers=3),
            Topic(text='"neural codec" for speech'),
        ),
        liked=(
            "arxiv:2401.01230",
            "arxiv:hep-th/9901001",
            "doi:10.1000/abc",
            "title:0123456789abcdef",
            "arxiv:2405.01230",
        ),
        disliked=("doi:10.1000/def",),
        judged_on={"arxiv:2405.01230": date(2025, 5, 1), "doi:10.1000/def": date(2024, 2, 29)},
        half_life=90,
        authors=("Heiga Zen",),
        categories=("cs.CV", "eess.*", "q-bio", "cond-mat.str-el"),
        must=("speech",),
        exclude=("survey", "state of the art"),
        max_papers=7,
        min_score=12.5,
        papers_a_day=5,
        empty_day=EmptyDay.NOTE,
        trending=0.25,
        explore=2,
        diversity=0.5,
        sections=True,
    )


def test_keys_left_out_take_the_defaults_of_the_type() -> None:
    """A profile of one topic has the type's defaults for all else, and the file's stem as name."""
    profile = profiles.loads("topics: [faces]", name="some/where/grace.v2.yml")
    assert profile == Profile(slug="grace.v2", name="grace.v2", topics=(Topic(text="faces"),))


def test_what_is_given_twice_comes_back_once() -> None:
    """Entries that mean the same are kept once, in the order of the file."""
    text = "topics: [b, a, ' b ']\nliked: [2401.01234v2, 'arXiv:2401.01234']\nauthors: [A  B, A B]\n"
    profile = profiles.loads(text, name=FILE)
    assert profile.topics == (Topic(text="b"), Topic(text="a"))
    assert profile.liked == ("arxiv:2401.01234",)
    assert profile.authors == ("A B",)


def test_a_paper_liked_and_disliked_stays_in_both_with_the_date_that_counts() -> None:
    """Contradiction is no fault; the dislike's date is the paper's, and the like's says nothing of a dislike."""
    text = """\
liked:
  - {paper: 2401.00001, on: 2025-01-01}
  - {paper: 2401.00002, on: 2025-01-01}
disliked:
  - {paper: 2401.00001v3, on: 2024-12-31}
  - 2401.00002
"""
    profile = profiles.loads(text, name=FILE)
    assert profile.liked == profile.disliked == ("arxiv:2401.00001", "arxiv:2401.00002")
    assert profile.judged_on == {"arxiv:2401.00001": date(2024, 12, 31)}


def test_of_several_dates_the_last_counts() -> None:
    """A paper named again, with an earlier date or with none, was judged when it was judged last."""
    text = """\
liked:
  - {paper: 2401.00001, on: 2025-01-01}
  - {paper: 2401.00001, on: 2025-03-01}
  - {paper: 2401.00001, on: 2025-02-01}
  - 2401.00001
"""
    profile = profiles.loads(text, name=FILE)
    assert profile.liked == ("arxiv:2401.00001",)
    assert profile.judged_on == {"arxiv:2401.00001": date(2025, 3, 1)}


def test_what_is_trending_has_a_share_or_a_section() -> None:
    """The key takes a number or a word, which come back as one field each."""
    share = profiles.loads("trending: 1", name=FILE)
    assert (share.trending, share.trending_section) == (1.0, False)
    section = profiles.loads("trending: section", name=FILE)
    assert (section.trending, section.trending_section) == (0.0, True)


@pytest.mark.parametrize("key", ["must", "exclude"])
@pytest.mark.parametrize(
    ("written", "phrase"),
    [
        ("""'"state of the art"'""", "state of the art"),
        ('"state of the art"', "state of the art"),
        ("state of the art", "state of the art"),
        ("""'"on" and "off"'""", '"on" and "off"'),
        ("""the "art" of it""", 'the "art" of it'),
        ("'5\"'", '5"'),
    ],
)
def test_a_phrase_is_the_same_with_quotes_around_it(key: str, written: str, phrase: str) -> None:
    """Double quotes around a whole entry are taken off; such as belong to a part of it stay."""
    assert getattr(profiles.loads(f"topics: [a]\n{key}:\n- {written}\n", name=FILE), key) == (phrase,)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("topics: [a]\nmax_papers: ten\n", "2: max_papers: expected a whole number from 1 to 200, got 'ten'"),
        ("topics: [a]\nmax_papers: '10'\n", "2: max_papers: expected a whole number from 1 to 200, got '10'"),
        ("topics: [a]\nmax_papers: true\n", "2: max_papers: expected a whole number from 1 to 200, got true"),
        ("topics: [a]\nmax_papers: 0\n", "2: max_papers: expected a whole number from 1 to 200, got 0"),
        ("topics: [a]\nmax_papers: 201\n", "2: max_papers: expected a whole number from 1 to 200, got 201"),
        ("topics: [a]\nmax_papers: 2.5\n", "2: max_papers: expected a whole number from 1 to 200, got 2.5"),
        ("topics: [a]\nmin_score: -1\n", "2: min_score: expected a number from 0 to 100, got -1"),
        ("topics: [a]\nmin_score: .nan\n", "2: min_score: expected a number from 0 to 100, got .nan"),
        ("topics: [a]\nsections: yes\n", "2: sections: expected true or false, got 'yes'"),
        ("topics: [a]\nsections: 1\n", "2: sections: expected true or false, got 1"),
        ("topics: [a]\nname: 7\n", "2: name: expected text, got 7: put it in quotes"),
        ("topics: [a]\nname: [a]\n", "2: name: expected text, got a list"),
        ("topics: [a]\nname:\n", "2: name: is empty: give it a value, or take the line out"),
        ("topics: [a]\nname: '  '\n", "2: name: is empty: give it a value, or take the line out"),
        ("topics: [a]\nname: " + "a" * 101, "2: name: longer than the header of a mail has room for"),
        ("topics: [a]\nemail: ada at home\n", "2: email: expected one plain address: a name, '@' and a domain"),
        ("topics: [a]\nemail: ada@localhost\n", "2: email: expected one plain address: a name, '@' and a domain"),
        (
            "topics: face recognition\n",
            "1: topics: expected a list, got 'face recognition': put each entry on a line of its own after '- '",
        ),
        ("topics:\n- a\n- ''\n", "3: topics[1]: is empty: give it a value, or take the line out"),
        ("topics:\n- a\n-\n", "3: topics[1]: is empty: give it a value, or take the line out"),
        ("topics:\n- a\n- 3\n", "3: topics[1]: expected text, got 3: put it in quotes"),
        ("topics:\n- text: a\n  weight: high\n", "3: topics[0].weight: expected a number, got 'high'"),
        ("topics:\n- text: a\n  weight: 0\n", "3: topics[0].weight: expected a number above 0, got 0"),
        ("topics:\n- text: a\n  weight: .inf\n", "3: topics[0].weight: expected a finite number, got .inf"),
        ("topics:\n- text: a\n  wieght: 1\n", "3: topics[0].wieght: unknown key (did you mean 'weight'?)"),
        (
            "topics:\n- text: a\n  colour: 1\n",
            "3: topics[0].colour: unknown key; a topic has 'text', 'weight' and 'max_papers'",
        ),
        ("topics:\n- text: a\n  limit: 1\n", "3: topics[0].limit: unknown key (did you mean 'max_papers'?)"),
        (
            "topics:\n- text: a\n  max_papers: 0\n",
            "3: topics[0].max_papers: expected a whole number from 1 to 200, got 0",
        ),
        ("topics:\n- '\"\"'\n", "2: topics[0]: is empty: give it a value, or take the line out"),
        (
            'topics:\n- "talking head" generation\n',
            "2: not valid YAML: wrong indentation, or text after a closing quote: put single quotes around all of it",
        ),
        ("topics: [a]\nmust: ['\" \"']\n", "2: must[0]: is empty: give it a value, or take the line out"),
        ("topics:\n- query: a\n  weight: 1\n", "2: topics[0].query: unknown key (did you mean 'text'?)"),
        (
            "topics:\n- faces: a study\n",
            "2: topics[0]: a topic with keys needs a 'text'; where a text holds ': ', put all of it in quotes",
        ),
        ('topics: ["a\\u0007b"]\n', "1: topics[0]: holds a control character"),
        (
            "exclude:\n- a: b\ntopics: [a]\n",
            "2: exclude[0]: expected text, got a mapping: where a text holds ': ', put all of it in quotes",
        ),
        ("liked: [no id]\n", "1: liked[0]: expected an arXiv id, a DOI or the URL of one, got 'no id'"),
        ("liked: [240]\n", "1: liked[0]: expected an arXiv id, a DOI or the URL of one, got 240"),
        ("liked: [2401.1]\n", "1: liked[0]: expected an arXiv id, a DOI or the URL of one, got 2401.1"),
        ("disliked: [240]\ntopics: [a]\n", "1: disliked[0]: expected an arXiv id, a DOI or the URL of one, got 240"),
        (
            "liked:\n- 2401.00001\n- 2401.00002\n- paper: 2401.00003\n  on: yesterday\n",
            "5: liked[2].on: expected a date such as 2025-05-01, got 'yesterday'",
        ),
        (
            "liked: [{paper: 2401.00001, on: 2025-02-29}]\n",
            "1: liked[0].on: expected a date such as 2025-05-01, got '2025-02-29'",
        ),
        (
            "liked: [{paper: 2401.00001, on: 20250501}]\n",
            "1: liked[0].on: expected a date such as 2025-05-01, got 20250501",
        ),
        (
            "liked: [{paper: 2401.00001, on: '20250501'}]\n",
            "1: liked[0].on: expected a date such as 2025-05-01, got '20250501'",
        ),
        (
            "liked:\n- paper: 2401.00001\n  on:\n",
            "3: liked[0].on: is empty: give it a value, or take the line out",
        ),
        (
            "topics: [a]\ndisliked:\n- paper: 2401.1\n",
            "3: disliked[0].paper: expected an arXiv id, a DOI or the URL of one, got 2401.1",
        ),
        ("liked:\n- paper: [a]\n", "2: liked[0].paper: expected text, got a list"),
        ("liked:\n- arXiv: 2401.00001\n", "2: liked[0].arXiv: unknown key (did you mean 'paper'?)"),
        (
            "liked:\n- paper: 2401.00001\n  when: 2025-05-01\n",
            "3: liked[0].when: unknown key (did you mean 'on'?)",
        ),
        (
            "liked:\n- paper: 2401.00001\n  note: good\n",
            "3: liked[0].note: unknown key; a paper has 'paper' and 'on'",
        ),
        (
            "liked:\n- faces: a study\n",
            "2: liked[0]: a paper with keys needs a 'paper'; where a text holds ': ', put all of it in quotes",
        ),
        (
            "topics: [a]\nhalf_life: 30 days\n",
            "2: half_life: expected a whole number of days from 1 to 3650, got '30 days'",
        ),
        ("topics: [a]\nhalf_life: 0\n", "2: half_life: expected a whole number of days from 1 to 3650, got 0"),
        ("topics: [a]\nhalf_life:\n", "2: half_life: is empty: give it a value, or take the line out"),
        ("topics: [a]\npapers_a_day: 201\n", "2: papers_a_day: expected a whole number from 1 to 200, got 201"),
        ("topics: [a]\nempty_day: mail\n", "2: empty_day: expected skip or note, got 'mail'"),
        ("topics: [a]\nempty_day: false\n", "2: empty_day: expected skip or note, got false"),
        (
            "topics: [a]\ntrending: sections\n",
            "2: trending: expected a number from 0 to 1 or the word section, got 'sections'",
        ),
        ("trending: 1.5\n", "1: trending: expected a number from 0 to 1 or the word section, got 1.5"),
        ("trending: true\n", "1: trending: expected a number from 0 to 1 or the word section, got true"),
        ("topics: [a]\nexplore: 6\n", "2: explore: expected a whole number from 0 to 5, got 6"),
        ("topics: [a]\ndiversity: high\n", "2: diversity: expected a number from 0 to 1, got 'high'"),
        (
            "categories: [cs.cv]\n",
            (
                "1: categories[0]: expected an arXiv category such as cs.CV, cs.* or math, got 'cs.cv' "
                "(did you mean 'cs.CV'?)"
            ),
        ),
        (
            "categories: [computer vision]\n",
            (
                "1: categories[0]: expected an arXiv category such as cs.CV, cs.* or math, got 'computer vision': "
                "put plain words under topics"
            ),
        ),
        ("topics: [a]\ntopics: [b]\n", "2: topics: given twice, first on line 1"),
        ("topics: [a\n", "1: not valid YAML: a '[' is opened and not closed, or a comma is missing"),
        ("topics:\n\t- a\n", "2: not valid YAML: a tab: indent with spaces"),
        ("topics: ['a]\nname: b\n", "1: not valid YAML: a quote is opened and never closed"),
        (
            "name: a: b\n",
            "1: not valid YAML: a second ':' or a wrong indentation: put text that holds ': ' in quotes",
        ),
        (
            "name: @home\n",
            "1: not valid YAML: a text cannot start with this character: put it in quotes",
        ),
        (
            "topics: [a]\nexclude:\n- *star\n",
            (
                "3: exclude[0]: YAML takes '*' at the start of a value for an alias, which is not supported: "
                "put the text in quotes"
            ),
        ),
        ("topics: [a]\n---\ntopics: [b]\n", "2: a second YAML document: take the line '---' out"),
        ("? [a]\n: b\n", "1: a key must be a word, not a list, a mapping or an alias"),
        ('topics: ["\\ud800"]\n', "1: topics[0]: holds half of a surrogate pair, which is no character"),
        ("topics: [a]\n\x00", "2: holds the control character U+0000: is this a text file?"),
        ("- a\n- b\n", "1: expected keys, as in 'topics:', got a list"),
        ("just words\n", "1: expected keys, as in 'topics:', got 'just words'"),
    ],
)
def test_a_fault_is_told_with_its_place_and_its_mend(text: str, fault: str) -> None:
    """Whatever is wrong, the only fault names file, line and key and says what to do."""
    assert faults(text) == (f"{FILE}:{fault}",)


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n", "~\n"])
def test_an_empty_file_is_told_what_to_add(text: str) -> None:
    """A file without content is a fault, not a reader without interests."""
    assert faults(text) == (f"{FILE}: is empty: add one of {INTERESTS}",)


@pytest.mark.parametrize(
    "text",
    [
        "name: Ada\n",
        "topics: []\n",
        "{}\n",
        "exclude: [a]\nliked: []\n",
        "trending: 0\n",
        "trending: 0.0\n",
        "disliked: [2401.01234]\n",
    ],
)
def test_a_profile_without_interest_is_told_what_to_add(text: str) -> None:
    """Nothing can be ranked for a reader who names no topic, paper, author or category, nor what trends."""
    assert faults(text) == (f"{FILE}: names nothing to rank papers by: add one of {INTERESTS}",)


@pytest.mark.parametrize(
    "text",
    [
        "topics: [a]",
        "liked: [2401.01234]",
        "liked: [{paper: 2401.01234}]",
        "authors: [A]",
        "categories: [math]",
        "trending: 0.01",
        "trending: section",
    ],
)
def test_one_interest_of_any_kind_is_enough(text: str) -> None:
    """Each of the five keys makes a profile alone."""
    assert profiles.loads(text, name=FILE).slug == "ada"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("liked_papers", "liked"),
        ("Likes", "liked"),
        ("interests", "topics"),
        ("keywords", "topics"),
        ("topic", "topics"),
        ("e-mail", "email"),
        ("mail", "email"),
        ("limit", "max_papers"),
        ("top", "max_papers"),
        ("max papers", "max_papers"),
        ("threshold", "min_score"),
        ("minscore", "min_score"),
        ("catagories", "categories"),
        ("excludes", "exclude"),
        ("halflife", "half_life"),
        ("decay", "half_life"),
        ("per_day", "papers_a_day"),
        ("daily", "papers_a_day"),
        ("papers per day", "papers_a_day"),
        ("empty", "empty_day"),
        ("popular", "trending"),
        ("votes", "trending"),
        ("upvotes", "trending"),
        ("novelty", "explore"),
        ("serendipity", "explore"),
        ("diverse", "diversity"),
    ],
)
def test_an_unknown_key_is_met_with_the_one_that_was_meant(written: str, meant: str) -> None:
    """Misspelt keys and other programs' words for the same thing are recognised."""
    (fault,) = faults(f"topics: [a]\n{written}: x\n")
    assert fault.startswith(f"{FILE}:2: ")
    assert fault.endswith(f"unknown key (did you mean {meant!r}?)")


def test_a_key_like_no_other_lists_the_known_ones() -> None:
    """Where no guess is good the fault names all keys there are."""
    (fault,) = faults("topics: [a]\nzebra: 1\n")
    assert fault == f"{FILE}:2: zebra: unknown key; known are " + ", ".join(
        field.name for field in fields(Profile) if field.name not in DERIVED
    )


def test_all_faults_come_at_once_and_in_order() -> None:
    """One reading tells every fault of the file, from top to bottom, and a misspelt interest counts as one."""
    text = "interests: x\nmax_papers: 0\nname: 1\nname: b\nsections: on\nliked:\n- x\n- y\n"
    assert [fault.split(":")[1] for fault in faults(text)] == ["1", "2", "3", "4", "5", "7", "8"]


@pytest.mark.parametrize("name", ["Ada\r\nBcc: x", "Ada\nQuill", "Ada\tQuill", "Ada\x00", "Ada\x85", "Ada\u2028"])
def test_a_name_cannot_smuggle_a_header_into_a_mail(name: str) -> None:
    """Line breaks and control characters in the reader's name are a fault, however they are written."""
    text = f"topics: [a]\nname: {json.dumps(name)}\n"
    assert faults(text) == (f"{FILE}:2: name: expected one line of text without control characters",)


@pytest.mark.parametrize(
    "text",
    [
        "email: someone@example,org\ntopics: [a]",
        "topics: [a]\nsomeone@example.org: x",
        "liked: [someone@example.org]",
        "categories: ['some one <someone@example.org>']",
        "topics: someone@example.org",
        "topics: [a]\nmax_papers: someone@example.org",
        "someone@example.org",
        "topics: [{someone@example.org: 1, text: a}]",
        "topics: [a]\n" + "x" * 30 + "someone@example.org: 1",
        "topics: [a]\nsections: " + "x" * 30 + "someone@example.org",
    ],
)
def test_no_fault_repeats_an_address(text: str) -> None:
    """Faults go to logs, where an address must not appear, whichever key it was written under."""
    told = " ".join(faults(text, name="profiles/someone@example.org.yaml"))
    assert "someone" not in told
    assert "example" not in told


@pytest.mark.parametrize("stem", ["", ".hidden", "a b", "../x/é", "ada\nx", "a" * 65, "-x", "ada<b>"])
def test_a_file_name_that_makes_no_slug_is_a_fault(stem: str) -> None:
    """The slug names the reader in paths, ids and mail headers, so only plain names are taken."""
    assert "rename the file" in faults("topics: [a]", name=f"{stem}.yaml")[0]


def test_nesting_and_aliases_cannot_exhaust_memory() -> None:
    """A bomb of aliases and a tower of brackets are refused like any other fault."""
    bomb = "a: &a [x, x, x]\n" + "".join(
        f"{key}: &{key} [{', '.join([f'*{before}'] * 9)}]\n" for before, key in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert "alias" in " ".join(faults(bomb))
    assert faults("topics: " + "[" * 5000) == (f"{FILE}:1: nested deeper than 16 levels",)


scalars = st.sampled_from(
    [
        "a",
        "''",
        "~",
        "true",
        "1",
        "-2",
        "2401.01230",
        "0.5",
        "2025-05-01",
        "section",
        "note",
        "1e999",
        ".nan",
        "*a",
        "&a b",
        "!t c",
        "|",
        "'x",
        "a: b",
        "@",
        "\t",
    ]
)
keys = st.sampled_from(
    [*(field.name for field in fields(Profile)), "text", "weight", "paper", "on", "topic as text", "<<", "?", "1"]
)
lines = st.builds(
    "{}{}{}{}".format, st.sampled_from(["", "  ", "- ", "  - "]), keys, st.sampled_from([": ", ":", " "]), scalars
)


@settings(deadline=None, max_examples=150)
@given(st.one_of(st.text(), st.lists(lines, max_size=8).map("\n".join)))
@example("topic as text: 1")
@example('topics: "\\U99999999"')
@example("%YAML 1.1\n---\nsections: yes\ntopics: [a]")
@example("max_papers: 0x" + "f" * 5000)
@example("topics: [a]\n? \n: b")
def test_any_text_is_a_profile_or_has_faults(text: str) -> None:
    """Whatever a file holds, the answer is a profile or faults of one printable line each, never a traceback."""
    read = outcome(text)
    if isinstance(read, Profile):
        assert read.topics or read.liked or read.authors or read.categories or read.trending or read.trending_section
    else:
        assert read
        assert all(fault.startswith("ada.yaml:") and fault.isprintable() for fault in read)


CHECKER = deepcopy(Draft202012Validator.FORMAT_CHECKER)
CHECKER.checks("language")(lambda value: not isinstance(value, str) or written_days.is_language(value))
CHECKER.checks("timezone")(lambda value: not isinstance(value, str) or written_days.is_zone(value))
VALIDATOR = Draft202012Validator(profiles.schema(), format_checker=CHECKER)


def named(entry: str | dict[str, Any]) -> object:
    """The paper of an entry in either form."""
    return entry if isinstance(entry, str) else entry["paper"]


# Not with a question mark in front: ruamel.yaml writes `[?x]` without quotes, which YAML reads as a key.
words = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), min_size=1).filter(
    lambda text: text.replace('"', "").strip() and not text.startswith("?")
)
topics = st.one_of(
    words,
    st.fixed_dictionaries(
        {"text": words}, optional={"weight": st.floats(0.01, 1e6), "max_papers": st.integers(1, 200)}
    ),
)
papers = st.integers(1, 99999).map("2401.{:05d}".format)
entries = st.one_of(
    papers, st.fixed_dictionaries({"paper": papers}, optional={"on": st.dates() | st.dates().map(date.isoformat)})
)
documents = st.fixed_dictionaries(
    {"topics": st.lists(topics, min_size=1, max_size=3)},
    optional={
        "liked": st.lists(entries, max_size=3, unique_by=lambda entry: str(named(entry))),
        "half_life": st.integers(1, 3650),
        "name": words.filter(lambda name: len(name) <= 100),
        "authors": st.lists(words, max_size=2),
        "exclude": st.lists(words, max_size=2),
        "max_papers": st.integers(1, 200),
        "min_score": st.floats(0, 100),
        "papers_a_day": st.integers(1, 200),
        "empty_day": st.sampled_from(["skip", "note"]),
        "trending": st.floats(0, 1) | st.just("section"),
        "explore": st.integers(0, 5),
        "diversity": st.floats(0, 1),
        "sections": st.booleans(),
    },
)


@settings(deadline=None, max_examples=60)
@given(documents)
def test_what_a_yaml_writer_writes_is_read_back(document: dict[str, Any]) -> None:
    """Any allowed values, in whatever quotes and folds a YAML writer chooses, come back as they were meant."""
    stream = io.StringIO()
    YAML(typ="safe", pure=True).dump(document, stream)
    profile = profiles.loads(stream.getvalue(), name=FILE)
    VALIDATOR.validate(json.loads(json.dumps(document, default=date.isoformat)))
    assert {topic.text for topic in profile.topics} == {
        " ".join((topic if isinstance(topic, str) else topic["text"]).split()) for topic in document["topics"]
    }
    assert profile.name == " ".join(document.get("name", "ada").split())
    assert {phrase.strip('" ') for phrase in profile.exclude} == {
        " ".join(word.split()).strip('" ') for word in document.get("exclude", [])
    }
    assert profile.liked == tuple(f"arxiv:{named(entry)}" for entry in document.get("liked", []))
    assert profile.judged_on == {
        f"arxiv:{entry['paper']}": date.fromisoformat(str(entry["on"]))
        for entry in document.get("liked", [])
        if "on" in entry
    }
    assert profile.trending_section == (document.get("trending") == "section")
    assert profile.trending == (0 if profile.trending_section else document.get("trending", 0))
    for key, default in {
        "half_life": None,
        "papers_a_day": None,
        "empty_day": "skip",
        "explore": 0,
        "diversity": 0.2,
    }.items():
        assert getattr(profile, key) == document.get(key, default)
    assert profile.max_papers == document.get("max_papers", 10)
    assert profile.min_score == document.get("min_score", 25)
    assert profile.sections == document.get("sections", False)


def test_a_file_is_read_with_mark_and_line_ends_of_windows(tmp_path: Path) -> None:
    """A byte order mark and CR LF, as some editors write them, change neither values nor line numbers."""
    path = tmp_path / "ada.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + FULL.replace("\n", "\r\n").encode())
    assert profiles.load(path) == profiles.loads(FULL, name=FILE)
    path.write_bytes(b"\xef\xbb\xbfname: A\r\ntopics: a\r\n")
    with pytest.raises(ProfileError, match=r"ada\.yaml:2: topics: "):
        profiles.load(path)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"topics:\n- caf\xe9\n", ":2: not UTF-8: save the file in that encoding"),
        ("topics: [a]".encode("utf-16"), ":1: not UTF-8: save the file in that encoding"),
        (b"\x7fELF\x02\x01\x01\x00", ":1: holds the control character U+007F: is this a text file?"),
        (b"# " + b"x" * profiles.MAX_BYTES, ": larger than 256 KiB: is this a profile?"),
    ],
)
def test_a_file_that_is_no_profile_text_is_refused(tmp_path: Path, content: bytes, fault: str) -> None:
    """Other encodings, binary files and huge files are named as such."""
    path = tmp_path / "ada.yaml"
    path.write_bytes(content)
    with pytest.raises(ProfileError) as caught:
        profiles.load(path)
    assert caught.value.faults == (f"{path}{fault}",)


def test_a_file_that_cannot_be_read_is_a_fault_too(tmp_path: Path) -> None:
    """A missing file and a folder of that name spoil one profile, not the run."""
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(ProfileError, match="cannot be read: No such file"):
        profiles.load(tmp_path / "missing.yaml")
    with pytest.raises(ProfileError, match="cannot be read: Is a directory"):
        profiles.load(tmp_path / "folder.yaml")


def test_two_files_cannot_be_the_same_reader(tmp_path: Path) -> None:
    """Of two files with one slug the `.yaml` counts and the `.yml` is told to give way."""
    for name in ("ada.yaml", "ada.yml", "grace.yml"):
        (tmp_path / name).write_text("topics: [a]")
    assert profiles.load(tmp_path / "ada.yaml").slug == "ada"
    assert profiles.load(tmp_path / "grace.yml").slug == "grace"
    with pytest.raises(ProfileError, match=r"ada\.yml: the same reader as ada\.yaml beside it"):
        profiles.load(tmp_path / "ada.yml")


def test_find_lists_the_profiles_of_a_folder(tmp_path: Path) -> None:
    """Profiles come sorted; other files, hidden files and folders are none."""
    for name in ("b.yml", "a.yaml", "README.md", ".#a.yaml", "profile.schema.json"):
        (tmp_path / name).touch()
    (tmp_path / "c.yaml").mkdir()
    assert [path.name for path in profiles.find(tmp_path)] == ["a.yaml", "b.yml"]
    with pytest.raises(ProfileError, match="cannot be read as a folder"):
        profiles.find(tmp_path / "missing")


def test_the_schema_file_is_the_schema() -> None:
    """The file editors read is what the program generates, byte for byte."""
    generated = json.dumps(profiles.schema(), indent=2, ensure_ascii=False) + "\n"
    assert (EXAMPLES / "profile.schema.json").read_text(encoding="utf-8") == generated


def test_the_schema_explains_every_key() -> None:
    """The schema is valid, has the keys of a profile, and describes each with title, description and examples."""
    schema = profiles.schema()
    Draft202012Validator.check_schema(schema)
    assert [*schema["properties"]] == [field.name for field in fields(Profile) if field.name not in DERIVED]
    for key, described in schema["properties"].items():
        assert described["title"], key
        assert described["description"], key
        for value in described["examples"]:
            Draft202012Validator(schema).validate({"topics": ["a"], key: value})


@pytest.mark.parametrize("path", profiles.find(EXAMPLES), ids=lambda path: path.name)
def test_the_example_profiles_are_valid(path: Path) -> None:
    """Each example loads, fits the schema its first line names, and uses an address nobody has."""
    profile = profiles.load(path)
    document = YAML(typ="safe", pure=True).load(path)
    Draft202012Validator(profiles.schema()).validate(document)
    assert path.read_text(encoding="utf-8").startswith("# yaml-language-server: $schema=profile.schema.json\n")
    assert profile.email == f"{profile.slug}@example.org"
    order = [*profiles.schema()["properties"]]
    assert [*document] == sorted(document, key=order.index)


def test_the_readme_has_every_key_with_its_default() -> None:
    """The table of keys beside the profiles is complete and its defaults are true."""
    rows = [row.split("|") for row in (EXAMPLES / "README.md").read_text(encoding="utf-8").splitlines()]
    table = {row[1].strip(" `"): row[2].strip() for row in rows if len(row) == 5}
    for key, described in profiles.schema()["properties"].items():
        default = described.get("default")
        assert key in table
        if default is not None:
            assert table[key] == json.dumps(default).strip('"').removesuffix(".0")


@pytest.mark.parametrize(
    ("document", "good"),
    [
        ({"topics": ["a"]}, True),
        ({"topics": [{"text": "a", "weight": 2}]}, True),
        ({"topics": [{"text": "a"}], "max_papers": 200, "min_score": 0, "sections": False}, True),
        ({"liked": ["2401.01234", 2401.01234]}, True),
        ({"liked": [{"paper": "2401.01234"}, {"paper": 2401.01234, "on": "2025-05-01"}]}, True),
        ({"topics": ["a"], "disliked": [{"paper": "2401.01234", "on": "2024-02-29"}], "half_life": 1}, True),
        ({"topics": [{"text": "a", "max_papers": 200}], "papers_a_day": 200, "empty_day": "note"}, True),
        ({"topics": ["a"], "explore": 0, "diversity": 0, "trending": 0}, True),
        ({"trending": "section"}, True),
        ({"trending": 1}, True),
        ({"categories": ["cs.*", "math", "cond-mat.soft", "physics.flu-dyn"]}, True),
        ({"topics": ["a"], "email": "a.b+c@mail.example.org", "name": "José Ñandú"}, True),
        ({}, False),
        ({"topics": []}, False),
        ({"topics": None}, False),
        ({"topics": "a"}, False),
        ({"topics": [""]}, False),
        ({"topics": ["\u3000"]}, False),
        ({"topics": [1]}, False),
        ({"topics": [{"weight": 1}]}, False),
        ({"topics": [{"text": "a", "weight": 0}]}, False),
        ({"topics": [{"text": "a", "weight": "2"}]}, False),
        ({"topics": [{"text": "a", "size": 2}]}, False),
        ({"topics": ["a"], "likes": []}, False),
        ({"topics": ["a"], "email": "a@b"}, False),
        ({"topics": ["a"], "email": "a b@example.org"}, False),
        ({"topics": ["a"], "email": "a@example.org, b@example.org"}, False),
        ({"topics": ["a"], "email": None}, False),
        ({"topics": ["a"], "name": "a\nb"}, False),
        ({"topics": ["a"], "name": "a" * 101}, False),
        ({"topics": ["a"], "max_papers": 0}, False),
        ({"topics": ["a"], "max_papers": True}, False),
        ({"topics": ["a"], "max_papers": "9"}, False),
        ({"topics": ["a"], "min_score": 100.5}, False),
        ({"topics": ["a"], "sections": "true"}, False),
        ({"categories": ["cs.cv"]}, False),
        ({"categories": ["Math"]}, False),
        ({"categories": ["cs."]}, False),
        ({"authors": [["A"]]}, False),
        ({"liked": [True]}, False),
        ({"liked": [{"on": "2025-05-01"}]}, False),
        ({"liked": [{"paper": True}]}, False),
        ({"liked": [{"paper": "2401.01234", "on": "2025-02-29"}]}, False),
        ({"liked": [{"paper": "2401.01234", "on": "20250501"}]}, False),
        ({"liked": [{"paper": "2401.01234", "on": None}]}, False),
        ({"liked": [{"paper": "2401.01234", "why": "good"}]}, False),
        ({"disliked": ["2401.01234"]}, False),
        ({"topics": ['"a"', '""']}, False),
        ({"topics": [{"text": "a", "max_papers": 0}]}, False),
        ({"topics": ["a"], "must": ['" "']}, False),
        ({"topics": ["a"], "half_life": 3651}, False),
        ({"topics": ["a"], "half_life": None}, False),
        ({"topics": ["a"], "papers_a_day": 0}, False),
        ({"topics": ["a"], "empty_day": "mail"}, False),
        ({"topics": ["a"], "explore": 6}, False),
        ({"topics": ["a"], "diversity": 1.5}, False),
        ({"topics": ["a"], "trending": "Section"}, False),
        ({"topics": ["a"], "trending": True}, False),
        ({"trending": 0}, False),
        ({"trending": 0.0}, False),
        ({"trending": -0.5}, False),
    ],
)
def test_schema_and_loader_agree(document: dict[str, Any], *, good: bool) -> None:
    """What an editor accepts by the schema the program accepts too, and the other way round."""
    assert VALIDATOR.is_valid(document) is good
    text = json.dumps(document)  # JSON is YAML
    if good:
        assert profiles.loads(text, name=FILE).slug == "ada"
    else:
        assert faults(text)


# Not 0.0 and the like: to JSON Schema that is a whole number, to YAML and so to the loader it is none. Nor texts under
# `liked`, of which the schema cannot say which are ids.
values = st.sampled_from(
    [
        None,
        True,
        False,
        0,
        1,
        3,
        5,
        6,
        200,
        201,
        3650,
        3651,
        -1,
        -0.5,
        0.25,
        1.5,
        101,
        "",
        "skip",
        "note",
        "section",
    ]
)
days = st.sampled_from(["2025-05-01", "2025-02-30", "2025-5-1", "yesterday", "", None, 20250501, 2025.05])
judged = st.lists(
    st.sampled_from(["2401.01230", 2401.01234, True, None, "", ["2401.01230"]])
    | st.fixed_dictionaries({}, optional={"paper": st.just("2401.01230"), "on": days, "text": values}),
    max_size=2,
)
worded = st.lists(
    st.sampled_from(["a", '"a b"', '"a" b', '""', '" "', "", "\u3000", "a\x07", None, 1, ["a"]])
    | st.fixed_dictionaries({}, optional={"text": st.just("a"), "weight": values, "max_papers": values, "on": days}),
    max_size=2,
)
KEYS = [field.name for field in fields(Profile) if field.name not in DERIVED]
bases = st.sampled_from([{}, {"topics": ["a"]}, {"liked": ["2401.01230"], "half_life": 30}, {"trending": "section"}])
changes = st.one_of(
    st.tuples(st.sampled_from(KEYS), values),
    st.tuples(st.sampled_from(["liked", "disliked"]), judged),
    st.tuples(st.sampled_from(["topics", "must", "exclude"]), worded),
)


@settings(deadline=None, max_examples=250)
@given(bases, st.lists(changes, max_size=2))
def test_schema_and_loader_agree_on_anything(base: dict[str, Any], changed: list[tuple[str, Any]]) -> None:
    """Whatever values stand under whatever keys, an editor and the program take or refuse the same files."""
    document = base | dict(changed)
    assert VALIDATOR.is_valid(document) is isinstance(outcome(json.dumps(document)), Profile)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("language: klingon", "expected a language such as en, de or pt-BR, got 'klingon'"),
        ("language: xx", "expected a language such as en, de or pt-BR, got 'xx'"),
        ("timezone: Mars/Olympus", "expected a time zone such as Europe/Lisbon, got 'Mars/Olympus'"),
        ("timezone: ../../etc/passwd", "expected a time zone such as Europe/Lisbon, got '../../etc/passwd'"),
    ],
)
def test_languages_and_zones_that_do_not_exist_are_named(line: str, fault: str) -> None:
    """The day of an issue can only be written where the language and the zone are known."""
    with pytest.raises(ProfileError) as error:
        profiles.loads(f"topics: [owls]\n{line}\n", name="ada.yaml")
    assert error.value.faults == (f"ada.yaml:2: {line.partition(':')[0]}: {fault}",)
