"""Libraries of references: BibTeX, RIS, Web of Science and Zotero, whatever program wrote them."""

from __future__ import annotations

import io
import json
import time
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.errors import SourceError
from digest.sources import Dump, read
from digest.sources.detect import detect
from digest.sources.references import written_day
from digest.types import Paper, Rejection

if TYPE_CHECKING:
    from pathlib import Path

AS_OF = date(2026, 6, 30)

SAMPLES = {
    "jabref/BiblioscapeImporterTestKeywords.bib": ("bibtex", 1, 0),  # authors between semicolons
    "jabref/BibtexImporter.examples.bib": ("bibtex", 2, 0),  # besides two @set, which describe other entries
    "jabref/Chocolate.bib": ("bibtex", 15, 0),  # besides three @comment of the program
    "jabref/EndnoteXmlImporterTestArticle2.bib": ("bibtex", 2, 0),  # two entries without a key
    "jabref/EndnoteXmlImporterTest_WithoutUrlStyle2.bib": ("bibtex", 2, 0),
    "jabref/MedlineImporterTestArticleItalics.bib": ("bibtex", 1, 0),
    "jabref/MsBibImporterMsBibFieldsTest.bib": ("bibtex", 0, 1),  # an entry without title
    "jabref/NbibImporterTest.bib": ("bibtex", 1, 0),
    "jabref/RisImporterTest5a.bib": ("bibtex", 1, 0),
    "jabref/changes.bib": ("bibtex", 2, 0),
    "jabref/collection_of_computer_science_bibliographies_multiple_results_first_result.bib": ("bibtex", 1, 0),
    "jabref/no-autosave.bib": ("bibtex", 2, 0),
    "jabref/pdfContentImporterTest-pdfs.bib": ("bibtex", 8, 0),
    "jabref/testjabref_210as292.bib": ("bibtex", 6, 0),  # lines between lines
    "jabref/tiny-BE-noBOM.bib": ("bibtex", 1, 0),  # UTF-16 that does not say so
    "jabref/tiny-LE-noBOM.bib": ("bibtex", 1, 0),
    "jabref/RisImporterTest5a.ris": ("ris", 1, 0),
    "rispy/example_basic.ris": ("ris", 1, 0),
    "rispy/example_empty_tag.ris": ("ris", 1, 0),
    "rispy/example_full_without_whitespace.ris": ("ris", 2, 0),  # numbers between the references
    "rispy/example_utf_chars.ris": ("ris", 1, 0),  # only a short title
    "rispy/example_wos.ris": ("web-of-science", 2, 0),  # no RIS, whatever its name says
    "asreview/baseline_tag-notes_zotero.ris": ("ris", 4, 0),
    "asreview/baseline_tag_and_field_definitions.ris": (
        "ris",
        1,
        1,
    ),  # a tag behind the end, which is a reference without title
    "asreview/scopus.ris": ("ris", 6, 0),
}
"""Every sample of references -> its format, papers, and what is rejected."""

BIBTEX = r"""% Encoding: UTF-8
@string{jns = "Journal of Night Sounds"}
@comment{jabref-meta: databaseType:bibtex;}
@article{poe2024,
  author = {Poe, Ann and {The Owl Group} and Roe, Jr., Bob and B{\"u}y{\"u}kg{\"u}ng{\"o}r, {\"O}zge and others},
  title = {{NASA} Listens to {O}wls at $\mathcal{O}(n^{2})$},
  journal = jns # ", " # {Series B},
  year = 2024, month = may, day = 3,
  doi = {https://doi.org/10.1000/Owls\_1},
  eprint = {2405.00001v2}, archivePrefix = {arXiv}, primaryClass = {cs.SD},
  pmid = {12345678},
  abstract = "We listen to {owls}. See \url{https://github.com/example/owls}.",
  note = {My own thoughts},
}
@inproceedings(roe, title = {Bats (and more)}, crossref = {night24}, author = "Bob Roe")
@proceedings{night24, title = {Proceedings of the Night}, year = {2019}}
"""

RIS = """TY  - JOUR
TI  - Owls at night
AU  - Poe, Ann
AU  - Roe, Bob, Jr.
PY  - 2024/05/03/
JO  - Night
AB  - We listen
to owls.
DO  - 10.1000/OWLS
AN  - 12345678
DB  - PubMed
UR  - https://arxiv.org/abs/2405.00001v2
N1  - My own thoughts
ER  -
TY  - CONF
T1  - Bats at night
ER  -
"""

WOS = """FN Clarivate Analytics Web of Science
VR 1.0
PT J
AU Poe, A
   Roe, B
AF Poe, Ann
   Roe, Bob
TI Owls at
   night
SO NIGHT
AB We listen to owls.
PD MAY 3
PY 2024
DI 10.1000/owls
PM 12345678
ER

PT J
TI Bats
PY 2019
ER

EF
"""

ZOTERO = {
    "key": "ABCD2345",
    "version": 7,
    "library": {"type": "user", "id": 1},
    "data": {
        "key": "ABCD2345",
        "itemType": "journalArticle",
        "title": "Owls at <i>night</i>",
        "creators": [
            {"creatorType": "author", "firstName": "Ann", "lastName": "Poe"},
            {"creatorType": "author", "name": "The Owl Group"},
            {"creatorType": "editor", "firstName": "Eve", "lastName": "Doe"},
        ],
        "abstractNote": "We listen to owls.",
        "publicationTitle": "Night",
        "date": "2024-05-03",
        "DOI": "10.1000/owls",
        "url": "http://arxiv.org/abs/2405.00001",
        "extra": "PMID: 12345678\narXiv:2405.00001 [cs]\nmy own thoughts",
        "tags": [{"tag": "owls"}],
    },
}

DOCUMENTS = (BIBTEX, RIS, WOS, json.dumps([ZOTERO, ZOTERO["data"]]))


def outcomes(content: str | bytes, form: str | None = None) -> list[Paper | Rejection]:
    """What a library gives."""
    raw = content.encode() if isinstance(content, str) else content
    return [record.outcome for record in read(Dump("library", io.BytesIO(raw), AS_OF), format=form)]


def papers(content: str | bytes, form: str | None = None) -> list[Paper]:
    """The papers of a library that has nothing else."""
    found = outcomes(content, form)
    assert all(isinstance(each, Paper) for each in found), found
    return [each for each in found if isinstance(each, Paper)]


def entry(fields: str) -> Paper:
    """The paper of a BibTeX entry that has a title and these fields."""
    (paper,) = papers(f"@article{{key, title = {{Owls at night}}, {fields}}}")
    return paper


@pytest.mark.parametrize("path", SAMPLES)
def test_every_sample_gives_its_papers(samples: Path, path: str) -> None:
    """Each real library is known for what it is and gives the papers it holds, clean."""
    form, good, bad = SAMPLES[path]
    content = (samples / "references" / path).read_bytes()
    assert detect(content[:65536])[0] == form
    found = outcomes(content)
    read_well = [each for each in found if isinstance(each, Paper)]
    assert (len(read_well), len(found) - len(read_well)) == (good, bad)
    for paper in read_well:
        assert not any(sign in text for sign in "{}" for text in (paper.title, *paper.authors))
        assert not any("," in name for name in paper.authors)
        assert paper.published is None or paper.published.date() <= AS_OF


def test_the_samples_are_all_in_the_table(samples: Path) -> None:
    """No sample is left out."""
    folder = samples / "references"
    assert {str(path.relative_to(folder)) for path in folder.glob("*/*")} == set(SAMPLES)


def test_a_bibtex_entry_becomes_a_paper_with_all_its_ids() -> None:
    """Macros are joined, accents resolved, case braces gone, maths kept, names turned round; notes stay private."""
    owls, bats, night = papers(BIBTEX)
    assert (owls.id, owls.version, owls.other_ids) == ("arxiv:2405.00001", 2, ("doi:10.1000/owls_1", "pmid:12345678"))
    assert owls.title == r"NASA Listens to Owls at $\mathcal{O}(n^{2})$"
    assert owls.authors == ("Ann Poe", "The Owl Group", "Bob Roe Jr.", "Özge Büyükgüngör")
    assert owls.venue == "Journal of Night Sounds, Series B"
    assert owls.published == datetime(2024, 5, 3, tzinfo=UTC)
    assert owls.categories == ("cs.SD",)
    assert owls.abstract == "We listen to owls. See https://github.com/example/owls."
    assert owls.links.code == "https://github.com/example/owls"
    assert (owls.announced, owls.comment) == (None, None)
    assert (bats.title, bats.venue, bats.published) == (
        "Bats (and more)", "Proceedings of the Night", datetime(2019, 12, 31, tzinfo=UTC)
    )  # fmt: skip
    assert night.title == "Proceedings of the Night"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("journal = {arXiv preprint arXiv:2405.00001}", "arxiv:2405.00001"),
        ("journal = {CoRR}, volume = {abs/2405.00001}", "arxiv:2405.00001"),
        ("eprint = {9901001}, archiveprefix = {arXiv}, primaryclass = {hep-th}", "arxiv:hep-th/9901001"),
        ("number = {arXiv:2405.00001}, publisher = {arXiv}, doi = {10.48550/arXiv.2405.00001}", "arxiv:2405.00001"),
        ("note = {arXiv:2405.00001 [cs]}", "arxiv:2405.00001"),
        (r"url = {https://doi.org/10.1000/a\_b}", "doi:10.1000/a_b"),
        ("url = {https://openreview.net/forum?id=AbC123xyz}", "openreview:AbC123xyz"),
        ("eprint = {123456}, eprinttype = {pubmed}", "pmid:123456"),
        ("doi = {none yet}", "title:"),
        ("note = {Extends arXiv:2405.00001}", "title:"),  # another paper
        ("eprint = {2405.00001}, eprinttype = {jstor}", "title:"),
    ],
)
def test_ids_are_found_where_programs_put_them(fields: str, expected: str) -> None:
    """An arXiv id stands in a journal's name, a volume, a number, a note; a DOI in a URL."""
    assert entry(fields).id.startswith(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-05-03", (2024, 5, 3)),
        ("2024-05-03T10:00:00Z", (2024, 5, 3)),
        ("1948/07//", (1948, 7, None)),
        ("2012///", (2012, None, None)),
        ("May 2024", (2024, 5, None)),
        ("may 3, 2024", (2024, 5, 3)),
        ("3 May 2024", (2024, 5, 3)),
        ("JUN 8 2004", (2004, 6, 8)),
        ("2016 Apr 19", (2016, 4, 19)),
        ("2024-13-45", (2024, None, None)),
        ("2023-02-30", (2023, 2, None)),
        ("c2010", (2010, None, None)),
        ("in press", None),
        ("99999", None),
    ],
)
def test_days_are_read_as_people_write_them(text: str, expected: tuple[int, int | None, int | None] | None) -> None:
    """Year, month and day where they are there; what is no date gives nothing."""
    assert written_day(text) == expected


def test_an_inexact_date_is_the_last_day_it_may_be_and_never_one_to_come() -> None:
    """So it never displaces an exact one in folding; arXiv's ids say more than a year."""
    assert entry("year = 2019, month = 2").published == datetime(2019, 2, 28, tzinfo=UTC)
    assert entry("year = 2019").published == datetime(2019, 12, 31, tzinfo=UTC)
    assert entry("year = 2026").published is None
    assert entry("year = 9999").published is None
    assert entry("year = 2019, eprint = {1901.00001}").published is None


def test_a_broken_entry_costs_only_itself() -> None:
    """A brace or a quotation mark without end, a missing value: named by key and line, and the rest is read."""
    bibtex = (
        "@article{one, title = {Owls}, year = 2020}\n"
        "@article{two, title = {Bats, year = 2020}\n"
        '@article{three, title = "Cats}\n'
        "@article{four, title = }\n"
        "@article{five title}\n"
        "@article{six, title = {Six} year = 2020 url = {https://example.org/}, title = {Again}}\n"
    )
    one, two, three, four, five, six = outcomes(bibtex)
    assert isinstance(one, Paper)
    assert two == Rejection(where="library:2 (two)", why="the entry is never closed")
    assert three == Rejection(where="library:3 (three)", why="a quotation mark is never closed")
    assert four == Rejection(where="library:4 (four)", why="no title")
    assert isinstance(five, Rejection)
    assert isinstance(six, Paper)
    assert six.title == "Six"


def test_what_is_cut_off_is_named_and_what_stood_before_is_kept() -> None:
    """In each of the formats the last reference, when it has no end, is no paper."""
    cuts = {
        BIBTEX[: BIBTEX.index("@proceedings") + 30]: "cut off after 2 entries",
        RIS[: RIS.index("Bats") + 2]: "cut off after 1 references",
        WOS[: WOS.index("Bats") + 2]: "cut off after 1 records",
        DOCUMENTS[3][:-30]: "cut off here",
    }
    for content, why in cuts.items():
        *good, last = outcomes(content)
        assert good
        assert all(isinstance(each, Paper) for each in good)
        assert isinstance(last, Rejection)
        assert last.why.startswith(why)


def test_a_comment_without_end_is_its_line() -> None:
    """What stands behind an open brace of a comment on the next lines is read."""
    found = outcomes("@comment{jabref-meta: @comment{databaseType\nbibtex; @article{a, title = {Owls}}\n")
    assert [each.title for each in found if isinstance(each, Paper)] == ["Owls"]


def test_a_day_alone_on_a_line_does_not_make_a_library_a_page() -> None:
    """A line of an abstract may be nothing but a date, as a page's heading is."""
    (paper,) = outcomes("@article{a,\n title = {Owls},\n abstract = {Seen on\nMay 3, 2024\nat night.}\n}\n")
    assert isinstance(paper, Paper)
    assert paper.abstract == "Seen on May 3, 2024 at night."


def test_macros_cannot_grow_without_end() -> None:
    """Strings that double with each line end at some length, in no time."""
    bomb = "@string{a0 = {ha ha ha}}\n" + "".join(f"@string{{a{n} = a{n - 1} # a{n - 1}}}\n" for n in range(1, 60))
    start = time.process_time()
    (paper,) = papers(bomb + "@misc{key, title = a59 # a59, year = 2020}")
    assert len(paper.title) <= 1000
    assert time.process_time() - start < 10


@pytest.mark.parametrize(
    "content",
    [
        "@article{" * 50_000,
        "@article{key, title = " + "{" * 300_000,
        "@article{key, title = " + "{" * 150_000 + "}" * 150_000 + "}",
        "@article{k,\n" * 30_000,
        "@a(\n\n" * 80_000,
        "@article{key, title = {" + "owl " * 500_000 + "}}",
        "@article{key, title = {T}, author = {" + "Poe, Ann and " * 40_000 + "}}",
        "@article{key, title = {T}, author = {" + "{ and " * 60_000 + "}}",
        "@article{key, title = {T}, author = {" + "{ and " * 60_000 + "}" * 60_000 + "}}",
        "@article{key, title = {" + "$ \\a{" * 60_000 + "}}",
        "@article{key, title = {" + "$ \\a{" * 60_000 + "}" * 60_000 + "}}",
        "@article{key, title = {" + "\\a" * 100_000 + " " * 100_000 + "}}",
        "@article{key, title = {T}, author = {Poe" + " " * 300_000 + "x}}",
        "@article{key, title = {T}, journal = {" + "arXiv " * 60_000 + "}}",
        "@article{key, title = {T}, author = {" + "a," * 150_000 + "}}",
        "% @" * 150_000 + "\n@misc{k, title={T}}",
        "TY  - JOUR\n" * 40_000,
        "TY  - JOUR\nTI  - T" + " " * 300_000 + "x\nAU  - Poe" + " " * 300_000 + "x\nER  -",
        "TY  - JOUR\nTI  - " + "owl\n" * 200_000,
        "TY  - JOUR\nPY  - " + "2" * 300_000 + "\nTI  - T\nER  -",
        "FN x\nVR 1.0\nPT J\n" + "   owl\n" * 100_000,
    ],
)
def test_no_input_takes_long(content: str) -> None:
    """Nothing hangs; what a megabyte of such takes, a second at the worst, `bench/hostile.py` tells."""
    form = "bibtex" if "@" in content else "ris" if content.startswith("TY") else "web-of-science"
    start = time.process_time()
    assert outcomes(content, form) or "%" in content or "@a(" in content
    assert time.process_time() - start < 10 * (1 + len(content) / 2**20)


def test_an_ris_reference_becomes_a_paper_with_all_its_ids() -> None:
    """Values go on over lines, ids come from where databases put them, notes stay private."""
    owls, bats = papers(RIS)
    assert (owls.id, owls.version, owls.other_ids) == ("arxiv:2405.00001", 2, ("doi:10.1000/owls", "pmid:12345678"))
    assert (owls.title, owls.abstract, owls.venue) == ("Owls at night", "We listen to owls.", "Night")
    assert owls.authors == ("Ann Poe", "Bob Roe Jr.")
    assert owls.published == datetime(2024, 5, 3, tzinfo=UTC)
    assert bats.title == "Bats at night"


def test_an_ris_reference_ends_where_the_next_begins() -> None:
    """Neither a lost ER nor a lost TY costs a reference."""
    lost_end = RIS.replace("ER  -\nTY  - CONF", "TY  - CONF")
    lost_start = RIS.replace("TY  - CONF\n", "")
    assert [paper.title for paper in papers(lost_end)] == ["Owls at night", "Bats at night"]
    assert [paper.title for paper in papers(lost_start)] == ["Owls at night", "Bats at night"]


def test_a_record_of_web_of_science_becomes_a_paper() -> None:
    """Full names before initials, continued lines joined."""
    owls, bats = papers(WOS)
    assert (owls.id, owls.other_ids) == ("doi:10.1000/owls", ("pmid:12345678",))
    assert (owls.title, owls.authors, owls.venue) == ("Owls at night", ("Ann Poe", "Bob Roe"), "NIGHT")
    assert owls.published == datetime(2024, 5, 3, tzinfo=UTC)
    assert bats.title == "Bats"


@pytest.mark.parametrize("shape", [[ZOTERO], ZOTERO, [ZOTERO["data"]], {"config": {}, "items": [ZOTERO["data"]]}])
def test_an_item_of_zotero_becomes_a_paper(shape: object) -> None:
    """With the web API's envelope or without, alone or in a list."""
    (paper,) = papers(json.dumps(shape))
    assert (paper.id, paper.other_ids) == ("arxiv:2405.00001", ("doi:10.1000/owls", "pmid:12345678"))
    assert (paper.title, paper.authors) == ("Owls at night", ("Ann Poe", "The Owl Group"))
    assert (paper.abstract, paper.venue, paper.comment) == ("We listen to owls.", "Night", None)
    assert paper.published == datetime(2024, 5, 3, tzinfo=UTC)


def test_what_is_attached_to_an_item_of_zotero_is_no_paper_and_what_is_broken_is_named() -> None:
    """Notes and files are passed over; wrong types are rejected by key."""
    note = {"key": "N", "data": {"itemType": "note", "note": "mine"}}
    wrong = {"key": "WRNG2345", "data": {"itemType": "book", "title": 7}}
    creators = {"key": "CRTR2345", "data": {"itemType": "book", "title": "T", "creators": "Ann"}}
    found = outcomes(json.dumps([note, wrong, creators, 7, ZOTERO]))
    assert [each.where for each in found if isinstance(each, Rejection)] == [
        "library: item 2 (WRNG2345)", "library: item 3 (CRTR2345)", "library: item 4"
    ]  # fmt: skip
    assert isinstance(found[-1], Paper)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("content", [BIBTEX, RIS])
def test_a_library_is_read_in_whatever_encoding_it_was_saved(content: str, encoding: str) -> None:
    """With a mark or without, and with Windows' line ends."""
    marked = content.replace("Owls at night", "Öwls at night").replace("Bats", "Bäts").replace("\n", "\r\n")
    assert papers(marked.encode(encoding))[1].title.startswith("Bäts")


def test_a_declared_encoding_counts_where_it_is_not_utf_8() -> None:
    """JabRef writes it on top of its files."""
    content = "% Encoding: ISO8859_2\n@misc{key, title = {Łódź at night}}".encode("iso8859_2")
    assert papers(content)[0].title == "Łódź at night"


def test_a_text_that_is_no_library_is_refused() -> None:
    """Named as a library or not, it is none."""
    for form in ("bibtex", "ris", "web-of-science", "zotero", None):
        with pytest.raises(SourceError):
            outcomes("Dear Ann, how are the owls?", form)


@given(
    document=st.sampled_from(range(4)),
    cuts=st.lists(st.integers(0, 2000), min_size=2, max_size=4),
    flips=st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=5),
    is_shuffled=st.booleans(),
)
@settings(max_examples=300)
def test_no_damage_ends_in_anything_but_records_or_a_source_error(
    document: int, cuts: list[int], flips: list[tuple[int, int]], *, is_shuffled: bool
) -> None:
    """Cut, flipped, with chunks missing or out of order."""
    content = bytearray(DOCUMENTS[document].encode())
    for place, value in flips:
        content[place % len(content)] = value
    first, *_, last = sorted(cuts)
    pieces = [content[:first], content[first:last], content[last:]]
    damaged = b"".join(pieces[::-1] if is_shuffled else pieces[:2])
    form = ("bibtex", "ris", "web-of-science", "zotero")[document]
    try:
        found = outcomes(damaged, form)
    except SourceError as error:
        assert error.why  # noqa: PT017 - both ends are right, and this one must say something
        return
    for each in found:
        assert each.title if isinstance(each, Paper) else each.where and each.why
