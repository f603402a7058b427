"""The BibTeX of an issue: what a reference manager, LaTeX and this program itself make of it."""

from __future__ import annotations

import gzip
import io
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from digest.identity import title_id
from digest.sources import Dump, read
from digest.sources.bibtex_syntax import Entry, entries
from digest.text import clean
from digest.twins import bibtex, bibtex_names, tex
from digest.types import Issue, Links, Match, Paper, Section

if TYPE_CHECKING:
    from pathlib import Path

OWLS = Paper(
    id="arxiv:2505.00001",
    title="Quiet Owls: Listening below the Noise Floor",
    abstract="We hear 100% of them, at $10^{-3}$ of the cost.",
    authors=("Ada Example", "Ludwig van der Berg", "The Owl Collaboration"),
    categories=("eess.AS", "cs.SD"),
    published=datetime(2025, 4, 30, tzinfo=UTC),
    announced=date(2025, 5, 9),
    venue="Journal of Woods & Birds",
    other_ids=("doi:10.1000/owls_1", "pmid:123456"),
)

# What may end a field, an entry or a comment, command TeX or combine with its neighbours, in names and words.
WILD = st.lists(
    st.sampled_from(
        [
            *"\\{}$%&#_~^@\"',=()[]<>|`-.:;/ \n\t",
            *"abXYZ019éüß中م",
            "\N{SNOWMAN}",
            "\\input",
            "$x_1$",
            " and ",
            "\\'",
            "--",
        ]
    ),
    max_size=30,
).map("".join)
TITLES = WILD.map(lambda text: clean(clean(text))).filter(bool)
# Between parts of names a comma has a meaning of its own, and a name that is all punctuation is none.
NAMES = WILD.map(lambda text: clean(clean(text.replace(",", "").replace(";", "")))).filter(
    lambda name: any(map(str.isalnum, name))
)


def issue(*papers: Paper) -> Issue:
    """One issue of these papers."""
    matches = tuple(Match(paper=paper, score=50.0, interest="owls") for paper in papers)
    return Issue(
        id="1",
        profile="ada",
        name="Ada",
        day=date(2025, 5, 9),
        composed=datetime(2025, 5, 9, 6, tzinfo=UTC),
        sections=(Section(heading="", matches=matches),),
        considered=10,
        passed=5,
    )


def written(*papers: Paper) -> str:
    """The BibTeX of one issue of these papers."""
    return bibtex.write([issue(*papers)])


def parsed(text: str) -> list[Entry]:
    """The entries of a file, all of which are whole."""
    found = list(entries(text))
    assert all(isinstance(each, Entry) for each in found), found
    return [each for each in found if isinstance(each, Entry)]


def read_back(text: str) -> list[Paper]:
    """What this program takes in of a file, which must be all."""
    outcomes = [record.outcome for record in read(Dump("x.bib", io.BytesIO(text.encode()), date(2025, 6, 1)))]
    assert all(isinstance(each, Paper) for each in outcomes), outcomes
    return [each for each in outcomes if isinstance(each, Paper)]


def test_an_article_has_all_that_is_known_of_it() -> None:
    """The whole entry of a published paper on arXiv: names, protected title, venue, date, ids, address, abstract."""
    assert written(OWLS) == (
        "@article{example2025quiet,\n"
        "  author = {Example, Ada and van der Berg, Ludwig and {The Owl Collaboration}},\n"
        "  title = {{Quiet Owls: Listening below the Noise Floor}},\n"
        "  journal = {Journal of Woods \\& Birds},\n"
        "  year = {2025},\n"
        "  month = apr,\n"
        "  eprint = {2505.00001},\n"
        "  archivePrefix = {arXiv},\n"
        "  primaryClass = {eess.AS},\n"
        "  doi = {10.1000/owls_1},\n"
        "  pmid = {123456},\n"
        "  url = {https://arxiv.org/abs/2505.00001},\n"
        "  abstract = {We hear 100\\% of them, at $10^{-3}$ of the cost.},\n"
        "}\n"
    )


@pytest.mark.parametrize(
    ("paper", "kind", "fields"),
    [
        (replace(OWLS, venue=None), "article", {"journal": "arXiv preprint arXiv:2505.00001"}),
        (
            replace(OWLS, venue="Proceedings of the Owl Conference 2025"),
            "inproceedings",
            {"booktitle": "Proceedings of the Owl Conference 2025"},
        ),
        (Paper(id="title:0123456789abcdef", title="Owls"), "misc", {"title": "{Owls}"}),
        (Paper(id="arxiv:2503.00001", title="Owls"), "article", {"year": "2025", "month": "mar"}),
        (Paper(id="arxiv:hep-th/9901001", title="Owls"), "article", {"eprint": "hep-th/9901001", "year": "1999"}),
        (
            Paper(id="doi:10.1000/1", title="Owls", announced=date(2024, 12, 31)),
            "misc",
            {"year": "2024", "month": "dec"},
        ),
        (
            Paper(id="openreview:AbCdEf12", title="Owls"),
            "misc",
            {"url": "https://openreview.net/forum?id=AbCdEf12"},
        ),
        (
            Paper(id="title:0123456789abcdef", title="Owls", links=Links(pdf="https://example.org/owls.pdf")),
            "misc",
            {"url": "https://example.org/owls.pdf"},
        ),
    ],
)
def test_an_entry_is_of_the_type_that_fits(paper: Paper, kind: str, fields: dict[str, str]) -> None:
    """Preprints and journals' papers are articles, those of conferences in proceedings, all others neither."""
    (entry,) = parsed(written(paper))
    assert entry.kind == kind
    assert {name: entry.fields[name] for name in fields} == fields
    assert not {name for name, value in entry.fields.items() if not value}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Ada Example", "Example, Ada"),
        ("Ann B. Poe", "Poe, Ann B."),
        ("J.-P. García-Márquez", "García-Márquez, J.-P."),
        ("JA Doe", "Doe, JA"),
        ("Ludwig van Beethoven", "van Beethoven, Ludwig"),
        ("Maria de la Cruz", "de la Cruz, Maria"),
        ("Rory O'Neil", "O'Neil, Rory"),
        ("Kim McKay", "McKay, Kim"),
        ("Jo Mackey", "Mackey, Jo"),
        ("Plato", "{Plato}"),
        ("王小明", "{王小明}"),
        ("Owl Team", "{Owl Team}"),
        ("Open-Owl AI", "{Open-Owl AI}"),
        ("OWLS Research", "{OWLS Research}"),
        ("Martin King, Jr.", "{Martin King, Jr.}"),
        ("Ann Poe III", "{Ann Poe III}"),
        ("Ann and Bo", "{Ann and Bo}"),
        ("others", "{others}"),
        ("R2 D2", "{R2 D2}"),
        ("a_b {c} and \\d", r"{a\_b \textbraceleft{}c\textbraceright{} and \textbackslash{}d}"),
    ],
)
def test_a_name_is_turned_round_only_where_it_is_plainly_a_persons(name: str, expected: str) -> None:
    """People become `Last, First`, with particles; groups, single words, suffixes and the like stay as they are."""
    assert bibtex_names.author(name) == expected


def test_keys_are_unique_telling_and_stay() -> None:
    """A key is surname, year and first telling word in ASCII; of equals the first keeps it when others come."""
    same = [replace(OWLS, id=f"arxiv:2505.0000{number}", title="The Quiet Owl") for number in (3, 1, 2)]
    odd = [
        Paper(id="doi:10.1000/a", title="Über Eulen", authors=("Zoë Müller-Ähn",), announced=date(2025, 5, 9)),
        Paper(id="doi:10.1000/b", title="夜の鳥", authors=("王小明",)),
    ]
    found = [entry.key for entry in parsed(written(*same, *odd))]
    assert found == ["example2025quietb", "example2025quiet", "example2025quieta", "mullerahn2025uber", "anonndpaper"]
    assert [entry.key for entry in parsed(written(same[1]))] == ["example2025quiet"]


def test_many_papers_of_a_name_have_keys_of_their_own() -> None:
    """A hundred papers that would all have one key have a hundred."""
    papers = [replace(OWLS, id=f"arxiv:2505.{number:05}") for number in range(1, 101)]
    assert len({entry.key for entry in parsed(written(*papers))}) == 100


def test_a_paper_in_two_issues_has_one_entry() -> None:
    """Several issues make one file, in which no paper stands twice."""
    text = bibtex.write([issue(OWLS), issue(OWLS, replace(OWLS, id="arxiv:2505.00002"))])
    assert len(parsed(text)) == 2


def test_an_experiment_names_its_first_authors_and_others() -> None:
    """Beyond a thousand names there are `others`, as BibTeX writes et al."""
    (entry,) = parsed(written(replace(OWLS, authors=("Ada Example",) * 1001)))
    assert entry.fields["author"].count(" and ") == 1000
    assert entry.fields["author"].endswith(" and others")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$O(n^{2})$ owls", "$O(n^{2})$ owls"),
        (r"$\mathcal{O}(\log n)$", r"$\mathcal{O}(\log n)$"),
        (r"$\{0,1\}^n$", r"$\{0,1\}^n$"),
        ("from $5 and up to $10", r"from \$5 and up to \$10"),
        (r"$\input{secret}$", r"\$\textbackslash{}input\textbraceleft{}secret\textbraceright{}\$"),
        (r"$\write18{}$", r"\$\textbackslash{}write18\textbraceleft{}\textbraceright{}\$"),
        ("$}{$", r"\$\textbraceright{}\textbraceleft{}\$"),
        (r"${\}$", r"\$\textbraceleft{}\textbackslash{}\textbraceright{}\$"),
        ("$x%$", r"\$x\%\$"),
        ("--all ``owls''", "-{}-all `{}`owls'{}'"),
    ],
)
def test_maths_stays_maths_where_it_sets_signs_only(text: str, expected: str) -> None:
    """Formulas of signs are kept for TeX; prices, unknown commands and lone braces are text."""
    assert tex.escaped(text) == expected


@given(WILD)
def test_no_text_can_end_its_field_or_command_tex(text: str) -> None:
    """Whatever a text holds, its braces are balanced throughout, `%` is escaped and every command is one of ours."""
    escaped = tex.escaped(text)
    depth = 0
    for brace in re.findall(r"[{}]", escaped):
        depth += 1 if brace == "{" else -1
        assert depth >= 0
    assert depth == 0
    outside = re.sub(r"\$(?:[^$\\]|\\.)++\$(?!\d)", "", re.sub(r"\\\$", "", escaped))
    assert not re.search(r"(?<!\\)[%#&_$~^]", outside)
    signs = r"text(?:backslash|braceleft|braceright|asciitilde|asciicircum)(?=\{\})|[&%#_$]"
    assert not re.search(rf"\\(?!{signs})", outside)


@given(st.lists(st.tuples(TITLES, st.lists(NAMES, max_size=3), TITLES, WILD), min_size=1, max_size=3))
@example([("a {b} \\foo c", ["{a} \\b~c", "and", "others"], "x^2 ~ {", "}\n@article{x,")])
def test_what_is_written_is_read_back(wild: list[tuple[str, list[str], str, str]]) -> None:
    """This program reads its own BibTeX back: as many papers, the same ids, titles, authors and abstracts."""
    papers = [
        Paper(id=f"doi:10.1000/{number}", title=title, authors=tuple(authors), abstract=abstract, venue=venue)
        for number, (title, authors, abstract, venue) in enumerate(wild)
    ]
    found = read_back(written(*papers))
    assert [each.id for each in found] == [each.id for each in papers]
    assert [each.title for each in found] == [each.title for each in papers]
    assert [each.authors for each in found] == [each.authors for each in papers]
    assert [each.abstract for each in found] == [each.abstract for each in papers]


@pytest.mark.parametrize(
    "paper_id",
    [
        "arxiv:2505.00001",
        "arxiv:hep-th/9901001",
        "doi:10.1000/(sici)1-2(199806)49:8<693::aid-a>3.0.co;2-o",
        "doi:10.1000/a_b#c%{d}",
        "pmid:123456",
        "openreview:AbC_-12xyz",
        title_id("Quiet Owls at Night"),
    ],
)
def test_every_kind_of_id_is_read_back(paper_id: str) -> None:
    """An entry says which work it is, whatever kind of id that has."""
    (found,) = read_back(written(Paper(id=paper_id, title="Quiet Owls at Night")))
    assert found.id == paper_id


def test_real_papers_are_read_back(samples: Path) -> None:
    """Of a real day's papers every id, title and author comes back."""
    with gzip.open(samples / "stream" / "2025-05-09.jsonl.gz") as stream:
        records = list(read(Dump("day", stream, date(2025, 5, 9))))
    announced = [each.outcome for each in records if isinstance(each.outcome, Paper)]
    papers = list({paper.id: paper for paper in announced}.values())[:300]
    found = read_back(written(*papers))
    assert len(found) > 100
    assert [(each.id, each.title, each.authors) for each in found] == [
        (each.id, each.title, each.authors) for each in papers
    ]
