"""OAI-PMH answers: arXiv's three metadata forms, lists with tokens, errors and deleted records."""

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
from digest.sources.oai_pmh import Token, deleted, resumption_token
from digest.sources.records import Document
from digest.types import Links, Paper, Rejection

if TYPE_CHECKING:
    from pathlib import Path

AS_OF = date(2026, 6, 30)
RECORD = """<record><header><identifier>oai:arXiv.org:2601.00001</identifier><datestamp>2026-06-29</datestamp>
<setSpec>cs:cs:SD</setSpec><setSpec>physics:hep-th</setSpec></header><metadata>{}</metadata></record>
"""
ARXIV = """<arXiv xmlns="http://arxiv.org/OAI/arXiv/"><id>2601.00001</id><created>2026-01-05</created>
<updated>2026-06-28</updated><authors><author><keyname>Poe</keyname><forenames>Ann B.</forenames><suffix>Jr.</suffix>
<affiliation>Owl House</affiliation></author><author><keyname>Owl Collaboration</keyname></author>
<author><keyname>:</keyname></author></authors><title>Owls at
  \\'Etretat</title><categories>cs.SD eess.AS 68T10</categories><comments>9 pages, https://github.com/example/owls</comments>
<journal-ref>J. Owls 7</journal-ref><doi>10.1000/OWL.7, 10.1000/owl.8;10.1000/owl.9</doi>
<abstract>  We listen, with $a &lt; b$ &amp; joy.
</abstract></arXiv>"""
RAW = """<arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/"><id>2601.00001</id><submitter>Ann Poe</submitter>
<version version="v2"><date>Sun, 28 Jun 2026 11:17:09 GMT</date><size>6kb</size></version>
<version version="v1"><date>Mon, 5 Jan 2026 22:41:50 GMT</date><size>4kb</size></version>
<title>Owls</title><authors>Ann Poe (1), Bob Roe (2) and Cy Doe ((1) Owl House, (2) Barn)</authors>
<categories>cs.SD</categories><abstract>We listen.</abstract></arXivRaw>"""
DC = """<oai_dc:dc><dc:title>Owls</dc:title><dc:creator>Poe, Ann B.</dc:creator><dc:creator>Roe, Bob, Jr.</dc:creator>
<dc:creator>Owl Collaboration</dc:creator><dc:subject>Computer Science - Sound</dc:subject>
<dc:description>  We listen.</dc:description><dc:description>Comment: 9 pages</dc:description>
<dc:date>2026-01-05</dc:date><dc:date>2026-06-28</dc:date><dc:identifier>http://arxiv.org/abs/2601.00001</dc:identifier>
<dc:identifier>J. Owls 7</dc:identifier><dc:identifier>doi:10.1000/OWL.7</dc:identifier></oai_dc:dc>"""
DELETED = """<record><header status="deleted"><identifier>oai:x:1</identifier><datestamp>2026-01-01</datestamp></header>
</record>"""

SAMPLES = {
    "ads_arxiv_multi_20230125.xml": (3, 0),  # oai_dc, with a token
    "arXivRaw_GetRecord_1810.09584.xml": (1, 0),  # two versions
    "hepcrawl/sample_arxiv_record.xml": (12, 0),  # authors that are collaborations, colons, two surnames
    "hepcrawl/sample_arxiv_record0.xml": (1, 0),  # metadata without its namespace, three DOIs in one field
    "hepcrawl/sample_arxiv_record1.xml": (1, 0),
    "hepcrawl/sample_arxiv_record2.xml": (1, 0),
    "hepcrawl/sample_arxiv_record3.xml": (1, 0),
    "hepcrawl/sample_arxiv_record4.xml": (1, 0),  # 66 authors, one of them a colon
    "sickle/GetRecord.xml": (1, 0),  # another repository than arXiv, a year for a date
    "sickle/ListRecords2.xml": (1, 0),  # a deleted record beside it
    "sickle/ListRecords3.xml": (1, 0),  # the same
    "sickle/badResumptionToken.xml": (0, 1),
    "sickle/noRecordsMatch.xml": (0, 0),
}


def answer(*content: str) -> str:
    """A ListRecords answer with this content."""
    return f'<?xml version="1.0"?>\n<OAI-PMH xmlns="x"><ListRecords>{"".join(content)}</ListRecords></OAI-PMH>\n'


def outcomes(content: bytes | str) -> list[Paper | Rejection]:
    """What an answer gives."""
    raw = content.encode() if isinstance(content, str) else content
    return [record.outcome for record in read(Dump("oai", io.BytesIO(raw), AS_OF), format="oai-pmh")]


def document(content: str, cut: str | None = None) -> Document:
    """An answer as the fetcher has it."""
    return Document("oai", content.encode(), AS_OF, cut)


def only_paper(form: str) -> Paper:
    """The paper of an answer with this metadata."""
    (paper,) = outcomes(answer(RECORD.format(form)))
    assert isinstance(paper, Paper)
    return paper


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_gives_its_papers(samples: Path, name: str) -> None:
    """Each real answer is told from its content and gives the papers it holds; none is announced by its datestamp."""
    content = (samples / "oai_pmh" / name).read_bytes()
    assert detect(content)[0] == "oai-pmh"
    found = outcomes(content)
    papers = [outcome for outcome in found if isinstance(outcome, Paper)]
    assert (len(papers), len(found) - len(papers)) == SAMPLES[name]
    for paper in papers:
        assert paper.title
        assert paper.authors
        assert all(any(map(str.isalpha, author)) for author in paper.authors)
        assert paper.published
        assert paper.announced is None


def test_an_answer_that_never_holds_papers_is_refused(samples: Path) -> None:
    """A list of sets is a whole answer, but not one to ingest; the message says what to ask for."""
    with pytest.raises(SourceError, match="ListSets, which gives no papers: ask for ListRecords"):
        outcomes((samples / "oai_pmh" / "sickle" / "ListSets.xml").read_bytes())
    with pytest.raises(SourceError, match="Identify"):
        outcomes("<OAI-PMH><Identify></Identify></OAI-PMH>")


def test_the_form_arxiv_becomes_a_paper() -> None:
    """Names are put together, days are those of the versions, several DOIs in one field are all known."""
    assert only_paper(ARXIV) == Paper(
        id="arxiv:2601.00001",
        title="Owls at Étretat",
        abstract="We listen, with $a < b$ & joy.",
        authors=("Ann B. Poe Jr.", "Owl Collaboration"),
        categories=("cs.SD", "eess.AS"),
        published=datetime(2026, 1, 5, tzinfo=UTC),
        updated=datetime(2026, 6, 28, tzinfo=UTC),
        venue="J. Owls 7",
        comment="9 pages, https://github.com/example/owls",
        other_ids=("doi:10.1000/owl.7", "doi:10.1000/owl.8", "doi:10.1000/owl.9"),
        links=Links(
            abstract="https://arxiv.org/abs/2601.00001",
            pdf="https://arxiv.org/pdf/2601.00001",
            code="https://github.com/example/owls",
        ),
    )


def test_the_form_arxiv_raw_has_versions() -> None:
    """The highest version counts, whatever the order; the first and the last date are the paper's."""
    paper = only_paper(RAW)
    assert paper.version == 2
    assert paper.published == datetime(2026, 1, 5, 22, 41, 50, tzinfo=UTC)
    assert paper.updated == datetime(2026, 6, 28, 11, 17, 9, tzinfo=UTC)
    assert paper.authors == ("Ann Poe", "Bob Roe", "Cy Doe")


def test_dublin_core_becomes_a_paper() -> None:
    """Surnames go behind, categories are those of the sets, comment and journal are told from abstract and ids."""
    assert only_paper(DC) == Paper(
        id="arxiv:2601.00001",
        title="Owls",
        abstract="We listen.",
        authors=("Ann B. Poe", "Bob Roe Jr.", "Owl Collaboration"),
        categories=("cs.SD", "hep-th"),
        published=datetime(2026, 1, 5, tzinfo=UTC),
        updated=datetime(2026, 6, 28, tzinfo=UTC),
        venue="J. Owls 7",
        comment="9 pages",
        other_ids=("doi:10.1000/owl.7",),
        links=Links(abstract="https://arxiv.org/abs/2601.00001", pdf="https://arxiv.org/pdf/2601.00001"),
    )


def test_another_repository_is_known_by_doi_or_title() -> None:
    """Only arXiv's sets are categories; the page of the work is its link."""
    record = RECORD.replace("oai:arXiv.org:2601.00001", "oai:example.org:7").format(
        "<dc><title>Owls</title><identifier>https://example.org/7</identifier><source>Owl Press</source>"
        "<date>2026-05</date></dc>"
    )
    (paper,) = outcomes(answer(record))
    assert isinstance(paper, Paper)
    assert paper.id.startswith("title:")
    assert paper.links.abstract == "https://example.org/7"
    assert (paper.venue, paper.categories) == ("Owl Press", ())
    assert paper.published == datetime(2026, 5, 1, tzinfo=UTC)
    (paper,) = outcomes(answer(record.replace("https://example.org/7", "https://doi.org/10.1000/7")))
    assert isinstance(paper, Paper)
    assert paper.id == "doi:10.1000/7"


def test_deleted_records_are_no_papers_and_no_faults() -> None:
    """They are passed over and can be counted."""
    content = answer(DELETED, RECORD.format(RAW), DELETED)
    assert [type(outcome) for outcome in outcomes(content)] == [Paper]
    assert deleted(document(content)) == 2


@pytest.mark.parametrize(
    ("metadata", "why"),
    [
        ("", "no metadata"),
        ("<marc><title>x</title></marc>", "metadata in the form 'marc': ask for arXiv, arXivRaw or oai_dc"),
        (ARXIV.replace("</title>", ""), "not well-formed"),
        (RAW.replace(">Owls<", "> <"), "no title"),
        (DC.replace(">Owls<", "><"), "no title"),
        (ARXIV.replace("</arXiv>", "<!DOCTYPE x [<!ENTITY a 'b'>]></arXiv>"), "not well-formed"),
    ],
)
def test_a_record_that_is_no_paper_is_named(metadata: str, why: str) -> None:
    """Its place, its id and the reason; the records around it come out."""
    first, middle, last = outcomes(answer(RECORD.format(ARXIV), RECORD.format(metadata), RECORD.format(RAW)))
    assert isinstance(first, Paper)
    assert isinstance(last, Paper)
    assert isinstance(middle, Rejection)
    assert middle.where == "oai: record 2 (arxiv:2601.00001)"
    assert middle.why.startswith(why)


def test_an_error_is_rejected_in_the_words_of_the_repository() -> None:
    """Only "no records match" is an answer like another, an empty one."""
    error = '<OAI-PMH><error code="{}">Too &amp; late</error></OAI-PMH>'
    assert outcomes(error.format("badArgument")) == [
        Rejection(where="oai: record 1", why="the repository reports an error: badArgument: Too & late")
    ]
    assert outcomes(error.format("noRecordsMatch")) == []


def test_several_answers_in_one_file_are_read_in_turn() -> None:
    """As a harvester appends them, each with its own declaration; the last one's token counts."""
    more = "<resumptionToken>next</resumptionToken>"
    content = answer(RECORD.format(RAW), more) + answer(DELETED, RECORD.format(DC), more.replace("next", "last"))
    assert len(outcomes(content)) == 2
    assert resumption_token(document(content)) == Token("last")


@pytest.mark.parametrize(
    ("element", "token"),
    [
        (
            '<resumptionToken cursor="0" completeListSize="1090">6|1001&amp;x</resumptionToken>',
            Token("6|1001&x", 1090, 0),
        ),
        ("<resumptionToken\n expirationDate='2026-07-01' cursor='x'> a </resumptionToken>", Token("a")),
        ('<resumptionToken cursor="1000" completeListSize="1090"></resumptionToken>', None),
        ('<resumptionToken cursor="1000"/>', None),
        ("", None),
    ],
)
def test_a_list_goes_on_where_its_token_says(element: str, token: Token | None) -> None:
    """An empty token, or none, ends the list; size and place are known where the repository tells."""
    assert resumption_token(document(answer(RECORD.format(RAW), element))) == token


def test_real_tokens_are_read(samples: Path) -> None:
    """As arXiv writes them."""
    content = (samples / "oai_pmh" / "ads_arxiv_multi_20230125.xml").read_text("utf-8")
    assert resumption_token(document(content)) == Token("6460044|1001", 1090, 0)


def test_a_token_is_never_missed() -> None:
    """An answer that is cut off or an error does not look like the end of the list."""
    whole = answer(RECORD.format(RAW), "<resumptionToken>next</resumptionToken>")
    for content in (document(whole[: whole.index("<resumptionToken")]), document(whole, cut="reset"), document("{}")):
        with pytest.raises(SourceError, match="cut off"):
            resumption_token(content)
    with pytest.raises(SourceError, match="badResumptionToken"):
        resumption_token(document('<OAI-PMH><error code="badResumptionToken">x</error></OAI-PMH>'))
    assert resumption_token(document('<OAI-PMH><error code="noRecordsMatch"/></OAI-PMH>')) is None


@pytest.mark.parametrize(
    "day", ["9999-12-31", "0000-00-00", "2026-13-45", "yesterday", "99999999999", "-1", "2026-02-30"]
)
def test_absurd_dates_lose_the_date_at_most(day: str) -> None:
    """A date that is none leaves the field open."""
    for form in (ARXIV.replace("2026-01-05", day), DC.replace("2026-01-05", day), RAW.replace("Mon, 5 Jan 2026", day)):
        assert only_paper(form).id == "arxiv:2601.00001"


@given(at=st.integers(1, 10_000))
def test_an_answer_cut_anywhere_gives_whole_records_only(at: int) -> None:
    """Any prefix gives the papers that are whole in it, and one rejection for the rest."""
    content = answer(RECORD.format(ARXIV), DELETED, RECORD.format(RAW), RECORD.format(DC)).rstrip()
    whole = outcomes(content)
    at = at % (len(content) - 60) + 50
    *papers, last = outcomes(content[:at])
    assert papers == whole[: len(papers)]
    assert isinstance(last, Rejection)
    assert last.why == f"cut off after {len(papers)} records"


@given(data=st.data())
def test_any_damage_gives_papers_or_rejections(data: st.DataObject) -> None:
    """Flipped bytes and chunks lost or moved never raise anything but a SourceError, and neither does a token."""
    more = '<resumptionToken cursor="1">next</resumptionToken>'
    content = bytearray(answer(RECORD.format(ARXIV), RECORD.format(RAW), RECORD.format(DC), more).encode())
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=8)):
        content[place] = data.draw(st.integers(0, 255))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(content)), min_size=2, max_size=4)))
    chunks = [bytes(content[start:end]) for start, end in zip([0, *cuts], [*cuts, len(content)], strict=True)]
    kept = data.draw(st.permutations(chunks))[: data.draw(st.integers(1, len(chunks)))]
    for raw in (bytes(content), b"".join(kept)):
        try:
            found = outcomes(raw)
            resumption_token(Document("oai", raw, AS_OF))
        except SourceError as error:
            assert error.where == "oai"  # noqa: PT017 - both ends are right
            continue
        assert all(isinstance(outcome, (Paper, Rejection)) for outcome in found)
