"""Canonical ids and the folding of titles."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.identity import PaperId, arxiv_month, parse_id, title_id, title_key

ARXIV_SPELLINGS = [
    ("2401.01234", "arxiv:2401.01234", None),
    ("2401.01234v3", "arxiv:2401.01234", 3),
    ("0704.0001", "arxiv:0704.0001", None),
    ("ARXIV:2401.01234V2", "arxiv:2401.01234", 2),
    ("arXiv: 2401.01234", "arxiv:2401.01234", None),
    ("arXiv:2401.01234v1 [cs.LG] 3 Jan 2024", "arxiv:2401.01234", 1),
    ("oai:arXiv.org:2604.21935v1", "arxiv:2604.21935", 1),
    ("https://arxiv.org/abs/2401.01234v2", "arxiv:2401.01234", 2),
    ("http://export.arxiv.org/abs/2401.01234", "arxiv:2401.01234", None),
    ("https://www.arxiv.org/pdf/2401.01234v2.pdf", "arxiv:2401.01234", 2),
    ("https://arxiv.org/pdf/2401.01234", "arxiv:2401.01234", None),
    ("https://arxiv.org/html/2401.01234v1#S2", "arxiv:2401.01234", 1),
    ("arxiv.org/abs/2401.01234?context=cs", "arxiv:2401.01234", None),
    ("https://huggingface.co/papers/2401.01234", "arxiv:2401.01234", None),
    ("https://doi.org/10.48550/arXiv.2401.01234", "arxiv:2401.01234", None),
    ("10.48550/ARXIV.2401.01234", "arxiv:2401.01234", None),
    ("hep-th/9901001", "arxiv:hep-th/9901001", None),
    ("arXiv:hep-th/9901001v2", "arxiv:hep-th/9901001", 2),
    ("https://arxiv.org/pdf/quant-ph/0201082v1.pdf", "arxiv:quant-ph/0201082", 1),
    ("math.GT/0309136", "arxiv:math/0309136", None),
    ("  2401.01234\n", "arxiv:2401.01234", None),
]


@pytest.mark.parametrize(("text", "canonical", "version"), ARXIV_SPELLINGS)
def test_every_spelling_of_an_arxiv_id_gives_one_canonical_id(text: str, canonical: str, version: int | None) -> None:
    """Bare, prefixed, OAI, URL and DOI forms of both schemes all come to the same id, version apart."""
    assert parse_id(text) == PaperId(canonical, version)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("10.1000/ABC", "doi:10.1000/abc"),
        ("doi:10.1103/PhysRevD.76.013009", "doi:10.1103/physrevd.76.013009"),
        ("https://dx.doi.org/10.1000/182", "doi:10.1000/182"),
        ("http://doi-org.library.example.org/10.1000/182?proxy=1", "doi:10.1000/182"),
        ("https://doi.org/10.1002/(SICI)1097%3C6::AID-A4%3E3.0.CO;2-O", "doi:10.1002/(sici)1097<6::aid-a4>3.0.co;2-o"),
        ("info:doi/10.1000/182", "doi:10.1000/182"),
        ("10.1000/182.", "doi:10.1000/182"),
    ],
)  # fmt: skip
def test_a_doi_is_folded_whatever_resolver_stands_before_it(text: str, canonical: str) -> None:
    """DOIs lose their resolver, their percent encoding and their case."""
    assert parse_id(text) == PaperId(canonical)


@pytest.mark.parametrize(
    ("text", "canonical", "version"),
    [
        ("10.1101/2021.01.01.425001v2", "doi:10.1101/2021.01.01.425001", 2),
        ("https://doi.org/10.1101/425001v1", "doi:10.1101/425001", 1),
        ("https://www.biorxiv.org/content/10.1101/2021.01.01.425001v3.full.pdf", "doi:10.1101/2021.01.01.425001", 3),
        ("https://www.biorxiv.org/content/10.1101/2021.01.01.425001v1?rss=1", "doi:10.1101/2021.01.01.425001", 1),
        ("http://medrxiv.org/content/10.64898/2026.02.03.123456v1", "doi:10.64898/2026.02.03.123456", 1),
        ("10.1101/gr.123456.115", "doi:10.1101/gr.123456.115", None),
        ("PMID: 33333333", "pmid:33333333", None),
        ("https://pubmed.ncbi.nlm.nih.gov/33333333/", "pmid:33333333", None),
        ("https://www.ncbi.nlm.nih.gov/pubmed/42?dopt=Abstract", "pmid:42", None),
        ("https://openreview.net/forum?id=rJl-b3RcF7", "openreview:rJl-b3RcF7", None),
        ("https://openreview.net/pdf?id=rJl-b3RcF7&noteId=x", "openreview:rJl-b3RcF7", None),
        ("openreview:rJl-b3RcF7", "openreview:rJl-b3RcF7", None),
    ],
)
def test_preprint_servers_and_indexes_have_ids_of_their_own(text: str, canonical: str, version: int | None) -> None:
    """DOIs of bioRxiv lose their version; numbers of PubMed and OpenReview are ids, in the case they are written."""
    assert parse_id(text) == PaperId(canonical, version)


@pytest.mark.parametrize(
    "text",
    [
        "", "hello", "pmid:0", "PMID", "33333333", "openreview:", "https://openreview.net/group?id=ICLR.cc",
        "0000.0000", "2413.01234", "2401.0123", "1412.01234", "0703.0001", "2401.01234v0", "2401.012345",
        "2401.01234v99999", "foo/9901001", "hep-th/9913001", "10.1000/", "10.12/x", "https://arxiv.org/list/cs.CL/new",
        "https://example.org/2401.01234", "see 2401.01234 for more", "٢٤٠١.٠١٢٣٤", "title:xyz", "v2",
    ],
)  # fmt: skip
def test_what_is_no_id_gives_none(text: str) -> None:
    """Impossible months and lengths, unknown archives, other pages and ids within a sentence are no ids."""
    assert parse_id(text) is None


@given(st.text())
@settings(max_examples=200, deadline=None)
def test_any_text_is_an_id_or_none_and_a_canonical_id_names_itself(text: str) -> None:
    """Parsing never raises, and parsing what it gave gives the same again."""
    for candidate in (text, f"10.1000/{text}", f"https://doi.org/10.1000/{text}", f"arXiv:{text}"):
        found = parse_id(candidate)
        if found is not None:
            assert parse_id(found.id) == PaperId(found.id)


def test_titles_that_differ_in_case_marks_and_punctuation_only_have_one_key() -> None:
    """A title is compared by its letters and digits."""
    assert title_key("Schrödinger's Cat:  A RE-visit (2nd ed.)") == "schrodinger s cat a re visit 2nd ed"
    assert title_key("SCHRO\u0308DINGER\N{RIGHT SINGLE QUOTATION MARK}S CAT - A Re visit, 2nd Ed") == title_key("Schrödinger's cat: a re-visit (2nd ed.)")  # fmt: skip # noqa: E501
    assert title_key("ＧＰＴ４ and Straße") == "gpt4 and strasse"  # noqa: RUF001
    assert title_key("?!") == ""


@given(st.text())
@settings(max_examples=200, deadline=None)
def test_a_key_is_its_own_key(text: str) -> None:
    """Folding a folded title changes nothing."""
    assert title_key(title_key(text)) == title_key(text)


def test_a_title_id_is_stable_and_follows_the_title() -> None:
    """The id is the same for every way of writing a title, and this very value for good."""
    assert title_id("A Title of Words") == "title:9e4bbfd7696351d1"
    assert title_id("A Title of Words", "one abstract") == title_id("a title of WORDS!", "another")
    assert title_id("A Title of Words") != title_id("Another Title of Words")


def test_titles_that_say_nothing_are_told_apart_by_their_abstracts() -> None:
    """Two editorials are two works."""
    assert title_id("Editorial", "on spring") != title_id("Editorial", "on autumn")
    assert title_id("???", "on spring") != title_id("!!!", "on spring")


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("arxiv:2401.01234", date(2024, 1, 1)),
        ("arxiv:0704.0001", date(2007, 4, 1)),
        ("arxiv:hep-th/9901001", date(1999, 1, 1)),
        ("arxiv:math/0309136", date(2003, 9, 1)),
        ("doi:10.1000/182", None),
        ("title:0123456789abcdef", None),
        ("arxiv:2413.00001", None),
        ("", None),
    ],
)
def test_an_arxiv_id_holds_the_month_it_was_given_in(text: str, month: date | None) -> None:
    """The month is read from the id in both schemes, on both sides of 2000."""
    assert arxiv_month(text) == month


def test_half_a_character_is_no_id() -> None:
    """A lone surrogate, which no database takes, makes no id, whatever stands around it."""
    assert parse_id("10.1234/abc\ud835") is None
    assert parse_id("arxiv:2401.01234\udc00") is None


@given(st.text(st.characters(codec="ascii")))
def test_the_short_way_for_plain_titles_gives_the_same_key(title: str) -> None:
    """A title in ASCII has the key it has when a letter from elsewhere makes it take the long way."""
    assert title_key(title + " é") == f"{title_key(title)} e".strip()
