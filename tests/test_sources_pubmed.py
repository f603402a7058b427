"""PubMed's XML, from efetch and from the baseline."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import SourceError
from digest.sources import Dump, read
from digest.sources.detect import detect
from digest.types import Links, Paper, Rejection

if TYPE_CHECKING:
    from pathlib import Path

HEAD = """<?xml version="1.0" ?>
<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January 2025//EN" "https://example.org/pubmed.dtd">
<PubmedArticleSet>
"""
ARTICLE = """<PubmedArticle><MedlineCitation Status="MEDLINE"><PMID Version="1">40000001</PMID>
<DateRevised><Year>2026</Year><Month>06</Month><Day>29</Day></DateRevised>
<Article><Journal><JournalIssue><PubDate><Year>2026</Year><Month>Jul</Month></PubDate></JournalIssue>
<Title>Journal of owls</Title><ISOAbbreviation>J Owls</ISOAbbreviation></Journal>
<ArticleTitle>Owls take up CO<sub>2</sub> &lt;b&gt;at&lt;/b&gt; <i>night</i>.</ArticleTitle>
<ELocationID EIdType="pii" ValidYN="Y">S1</ELocationID>
<ELocationID EIdType="doi" ValidYN="Y">10.1000/OWL.7</ELocationID>
<ELocationID EIdType="doi" ValidYN="N">10.1000/wrong</ELocationID>
<Abstract><AbstractText Label="BACKGROUND" NlmCategory="BACKGROUND">We listen (p &lt; 0.05).</AbstractText>
<AbstractText Label="UNLABELLED">They hoot.</AbstractText><AbstractText Label="CODE:">See
https://github.com/example/owls</AbstractText><CopyrightInformation>Owl Press</CopyrightInformation></Abstract>
<AuthorList><Author ValidYN="Y"><LastName>Poe</LastName><ForeName>Ann B</ForeName><Initials>AB</Initials>
<Suffix>Jr</Suffix><AffiliationInfo><Affiliation>Owl House</Affiliation></AffiliationInfo></Author>
<Author ValidYN="N"><LastName>Pou</LastName><ForeName>Ann</ForeName></Author>
<Author><LastName>Roe</LastName><Initials>B</Initials></Author>
<Author><CollectiveName>Owl Group</CollectiveName></Author></AuthorList>
<VernacularTitle>Eulen.</VernacularTitle>
<ArticleDate DateType="Electronic"><Year>2026</Year><Month>06</Month><Day>20</Day></ArticleDate></Article>
<CommentsCorrectionsList><CommentsCorrections><PMID>1</PMID></CommentsCorrections></CommentsCorrectionsList>
</MedlineCitation><PubmedData><History>
<PubMedPubDate PubStatus="received"><Year>2025</Year><Month>1</Month><Day>2</Day></PubMedPubDate>
<PubMedPubDate PubStatus="pubmed"><Year>2026</Year><Month>6</Month><Day>21</Day><Hour>6</Hour></PubMedPubDate></History>
<ArticleIdList><ArticleId IdType="pubmed">40000001</ArticleId><ArticleId IdType="pmc">PMC123</ArticleId>
<ArticleId IdType="doi">10.1000/owl.7</ArticleId></ArticleIdList><ReferenceList><Reference><ArticleIdList>
<ArticleId IdType="doi">10.1000/other</ArticleId></ArticleIdList></Reference></ReferenceList></PubmedData>
</PubmedArticle>
"""
SHORT = """<PubmedArticle><MedlineCitation><PMID>{}</PMID><Article><ArticleTitle>{}</ArticleTitle>{}</Article>
</MedlineCitation></PubmedArticle>
"""
DELETION = "<DeleteCitation><PMID>7</PMID><PMID>8</PMID></DeleteCitation>\n"

SAMPLES = {
    "pubmed/practicum.xml": 12,  # without the envelope of a citation: the PMID is an attribute, there is no abstract
    "pubmed/jabref/MedlineImporterTestArticleID.xml": 1,  # a collective author
    "pubmed/metapub/35067114.xml": 1,
    "pubmed/metapub/36635930.xml": 1,  # an issue that names only its year
    "pubmed/metapub/38011560.xml": 1,
    "pubmed/metapub/38648015.xml": 1,  # italics in title and abstract
    "pubmed/metapub/38962805.xml": 1,  # an erratum without authors and abstract
    "pubmed/metapub/39302109.xml": 1,  # long list of references with ids of their own
    "journal_rss/biorss_examples/pubmed-article.xml": 1,  # indented by a program
}


def pubmed(*records: str) -> str:
    """An export with these records."""
    return f"{HEAD}{''.join(records)}</PubmedArticleSet>\n"


def outcomes(content: bytes | str) -> list[Paper | Rejection]:
    """What an export gives."""
    raw = content.encode() if isinstance(content, str) else content
    return [record.outcome for record in read(Dump("dump", io.BytesIO(raw), date(2026, 6, 30)), format="pubmed")]


def only_paper(record: str) -> Paper:
    """The paper of an export with one record."""
    (paper,) = outcomes(pubmed(record))
    assert isinstance(paper, Paper)
    return paper


def dated(issue: str, more: str = "") -> datetime | None:
    """When a paper of an issue with this date was published."""
    issue = f"<Journal><JournalIssue><PubDate>{issue}</PubDate></JournalIssue></Journal>"
    record = SHORT.format(1, "Owls", issue)
    return only_paper(record.replace("</PubmedArticle>", f"{more}</PubmedArticle>")).published


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_gives_its_papers(samples: Path, name: str) -> None:
    """Each real export is told from its content and gives its papers with id, clean title, venue and date."""
    content = (samples / name).read_bytes()
    assert detect(content)[0] == "pubmed"
    found = outcomes(content)
    assert len(found) == SAMPLES[name]
    for paper in found:
        assert isinstance(paper, Paper)
        assert any(known.startswith("pmid:") for known in (paper.id, *paper.other_ids))
        assert not paper.title.endswith((".", "]"))
        assert "<" not in paper.title + paper.abstract
        assert paper.venue
        assert paper.published
        assert len(paper.other_ids) <= 1


def test_an_article_becomes_a_paper() -> None:
    """The DOI is its id, sections keep their labels, the day it came into PubMed announces it."""
    assert only_paper(ARTICLE) == Paper(
        id="doi:10.1000/owl.7",
        title="Owls take up CO₂ at night",
        abstract="BACKGROUND: We listen (p < 0.05). They hoot. CODE: See https://github.com/example/owls",
        authors=("Ann B Poe Jr", "B Roe", "Owl Group"),
        published=datetime(2026, 6, 20, tzinfo=UTC),
        announced=date(2026, 6, 21),
        venue="Journal of owls",
        other_ids=("pmid:40000001",),
        links=Links(
            abstract="https://doi.org/10.1000/owl.7",
            html="https://pmc.ncbi.nlm.nih.gov/articles/PMC123/",
            code="https://github.com/example/owls",
        ),
    )


def test_an_article_without_doi_is_known_by_its_pmid() -> None:
    """Its page in PubMed is its link."""
    paper = only_paper(SHORT.format(7, "Owls", ""))
    assert (paper.id, paper.other_ids) == ("pmid:7", ())
    assert paper.links.abstract == "https://pubmed.ncbi.nlm.nih.gov/7/"


def test_preprints_in_pubmed_are_known_by_their_own_ids() -> None:
    """An arXiv id stands among the places of publication; bioRxiv's DOI carries a version."""
    paper = only_paper(SHORT.format(7, "Owls", '<ELocationID EIdType="pii">arXiv:2601.00001v2</ELocationID>'))
    assert (paper.id, paper.version, paper.other_ids) == ("arxiv:2601.00001", 2, ("pmid:7",))
    location = '<ELocationID EIdType="doi">10.1101/2026.01.05.123456v3</ELocationID>'
    paper = only_paper(SHORT.format(7, "Owls", location))
    assert (paper.id, paper.version) == ("doi:10.1101/2026.01.05.123456", 3)


@pytest.mark.parametrize(
    ("title", "vernacular", "shown"),
    [
        ("[Owls of the night].", "Eulen der Nacht.", "Owls of the night"),
        ("[Owls] and [mice].", "", "[Owls] and [mice]"),
        ("[Not Available].", "Eulen der Nacht.", "Eulen der Nacht"),
        ("", "Eulen der Nacht", "Eulen der Nacht"),
        ("Owls in the U.S.", "", "Owls in the U.S."),
        ("<b>Owls</b>\n  <i>at</i> dawn", "", "Owls at dawn"),
        (
            'Owls of <math xmlns="http://example.org/m"><mi>x</mi><mo>&lt;</mo><mn>2</mn></math>',
            "",
            "Owls of x<2",
        ),
    ],
)
def test_titles_are_those_of_the_paper(title: str, vernacular: str, shown: str) -> None:
    """Brackets of a translation, the full stop and markup go; without an English title the original one stands."""
    assert only_paper(SHORT.format(7, title, f"<VernacularTitle>{vernacular}</VernacularTitle>")).title == shown


def test_an_abstract_in_another_language_is_better_than_none() -> None:
    """It stands where there is no English one."""
    other = "<OtherAbstract Language='ger'><AbstractText>Wir lauschen.</AbstractText></OtherAbstract></MedlineCitation>"
    assert only_paper(SHORT.format(7, "Owls", "").replace("</MedlineCitation>", other)).abstract == "Wir lauschen."
    assert "lauschen" not in only_paper(ARTICLE.replace("</MedlineCitation>", other)).abstract


@pytest.mark.parametrize(
    ("issue", "day"),
    [
        ("<Year>2026</Year><Month>Jul</Month><Day>5</Day>", date(2026, 7, 5)),
        ("<Year>2026</Year><Month>07</Month>", date(2026, 7, 1)),
        ("<Year>2026</Year><Season>Spring</Season>", date(2026, 1, 1)),
        ("<Year>2026</Year><Month>Feb</Month><Day>30</Day>", date(2026, 2, 1)),
        ("<Year>2026</Year><Month>13</Month><Day>1</Day>", date(2026, 1, 1)),
        ("<MedlineDate>1998 Dec-1999 Jan</MedlineDate>", date(1998, 12, 1)),
        ("<MedlineDate>2000 Spring</MedlineDate>", date(2000, 1, 1)),
        ("<MedlineDate>2004 Mar 1-7</MedlineDate>", date(2004, 3, 1)),
        ("<MedlineDate>Summer 1999</MedlineDate>", date(1999, 1, 1)),
        ("<MedlineDate>unknown</MedlineDate>", None),
        ("<Year>0000</Year>", None),
        ("<Year>99999</Year>", None),
        ("<Year>٢٠٢٦</Year>", None),
        ("", None),
    ],
)
def test_dates_of_an_issue(issue: str, day: date | None) -> None:
    """What a date leaves open is taken as its first; what is no date is none."""
    assert dated(issue) == (datetime(day.year, day.month, day.day, tzinfo=UTC) if day else None)


def test_an_issue_of_a_year_gives_way_to_the_day_it_came_into_pubmed() -> None:
    """If that is of the same year."""
    entered = """<PubmedData><History><PubMedPubDate PubStatus="entrez"><Year>2026</Year><Month>6</Month><Day>3</Day>
    </PubMedPubDate></History></PubmedData>"""
    assert dated("<Year>2026</Year>", entered) == datetime(2026, 6, 3, tzinfo=UTC)
    assert dated("<Year>2025</Year>", entered) == datetime(2025, 1, 1, tzinfo=UTC)
    assert dated("<Year>2026</Year><Month>Jan</Month>", entered) == datetime(2026, 1, 1, tzinfo=UTC)


def test_a_chapter_of_a_book_is_a_paper() -> None:
    """Its authors come before the editors, and its venue is the book."""
    chapter = """<PubmedBookArticle><BookDocument><PMID>9</PMID><ArticleIdList><ArticleId IdType="bookaccession">NBK1
    </ArticleId></ArticleIdList><Book><Publisher><PublisherName>Owl Press</PublisherName></Publisher><BookTitle>All owls
    </BookTitle><PubDate><Year>2026</Year></PubDate></Book><ArticleTitle>Barn owls</ArticleTitle><AuthorList
    Type="editors"><Author><LastName>Doe</LastName></Author></AuthorList><AuthorList Type="authors"><Author><LastName>
    Poe</LastName></Author></AuthorList><Abstract><AbstractText>They hoot.</AbstractText></Abstract></BookDocument>
    </PubmedBookArticle>"""
    paper = only_paper(chapter)
    assert (paper.id, paper.title, paper.abstract) == ("pmid:9", "Barn owls", "They hoot.")
    assert (paper.authors, paper.venue) == (("Poe",), "All owls")
    assert paper.published == datetime(2026, 1, 1, tzinfo=UTC)


def test_deletions_of_an_update_are_passed_over() -> None:
    """They are no papers, and no faults either."""
    assert [type(outcome) for outcome in outcomes(pubmed(ARTICLE, DELETION))] == [Paper]
    assert outcomes(pubmed(DELETION)) == []


@pytest.mark.parametrize(
    ("broken", "where", "why"),
    [
        (ARTICLE.replace("</Title>", ""), "dump: record 2 (pmid:40000001)", "not well-formed: mismatched tag"),
        (ARTICLE.replace("</PubmedArticle>", ""), "dump: record 2 (pmid:40000001)", "not well-formed: never closed"),
        (SHORT.format(7, "", ""), "dump: record 2 (pmid:7)", "no title"),
        (SHORT.format(7, "x", "").replace("Article>", "Thing>"), "dump: record 2 (pmid:7)", "no article in it"),
    ],
)
def test_a_broken_record_costs_only_itself(broken: str, where: str, why: str) -> None:
    """It is named with its place, its id and the reason; the records around it come out."""
    broken = broken.replace("PubmedThing", "PubmedArticle")
    first, middle, last = outcomes(pubmed(SHORT.format(1, "One", ""), broken, SHORT.format(2, "Two", "")))
    assert isinstance(first, Paper)
    assert isinstance(last, Paper)
    assert (first.id, last.id) == ("pmid:1", "pmid:2")
    assert isinstance(middle, Rejection)
    assert middle.where == where
    assert middle.why.startswith(why)


def test_an_export_that_declares_entities_is_refused() -> None:
    """A DTD that is only named is never read, one that comes along is refused."""
    bomb = '<!DOCTYPE PubmedArticleSet [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><PubmedArticleSet>'
    with pytest.raises(SourceError, match="document type declaration"):
        outcomes(bomb + SHORT.format(1, "&b;", "") + "</PubmedArticleSet>")


@given(at=st.integers(1, 10_000))
def test_an_export_cut_anywhere_gives_whole_records_only(at: int) -> None:
    """Any prefix gives the papers that are whole in it, and one rejection for the rest."""
    content = pubmed(SHORT.format(1, "One", ""), ARTICLE, DELETION, SHORT.format(2, "Two", "")).rstrip()
    whole = outcomes(content)
    at = at % (len(content) - len(HEAD) - 1) + len(HEAD)
    *papers, last = outcomes(content[:at])
    assert papers == whole[: len(papers)]
    assert len(papers) == content[:at].count("</PubmedArticle>")
    assert isinstance(last, Rejection)
    assert last.why == f"cut off after {len(papers)} records"


@given(data=st.data())
def test_any_damage_gives_papers_or_rejections(data: st.DataObject) -> None:
    """Flipped bytes and chunks lost or moved never raise anything but a SourceError."""
    content = bytearray(pubmed(SHORT.format(1, "One", ""), ARTICLE, DELETION).encode())
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=8)):
        content[place] = data.draw(st.integers(0, 255))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(content)), min_size=2, max_size=4)))
    chunks = [bytes(content[start:end]) for start, end in zip([0, *cuts], [*cuts, len(content)], strict=True)]
    kept = data.draw(st.permutations(chunks))[: data.draw(st.integers(1, len(chunks)))]
    for raw in (bytes(content), b"".join(kept)):
        try:
            found = outcomes(raw)
        except SourceError as error:
            assert error.where == "dump"  # noqa: PT017 - both ends are right
            continue
        assert all(isinstance(outcome, (Paper, Rejection)) for outcome in found)
