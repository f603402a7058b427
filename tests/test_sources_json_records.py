"""JSON of scholarly indexes: told apart by keys, read as far as it is whole, and never anything but an outcome."""

from __future__ import annotations

import io
import json
import re
import time
from collections import Counter
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.errors import SourceError
from digest.sources import FORMATS, Dump, read
from digest.sources.detect import detect
from digest.sources.json_forms import WORDS
from digest.types import Paper, Rejection

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

AS_OF = date(2026, 8, 30)
MARKUP = re.compile(r"\n|</?(?:jats|p|i|b|a|em|sub|sup|h4|li|ul|div|title|figure|img)\b[^<>]{0,80}>|&\w+;|_SCP|_LI")

SAMPLE_COUNTS = {
    # path under the samples: format, papers, rejections
    "biorxiv_medrxiv/api_details_biorxiv_2026-08.json": ("biorxiv", 10, 0),
    "biorxiv_medrxiv/api_details_medrxiv_2026-08.json": ("biorxiv", 10, 0),
    "crossref/commonmeta_crossref-list.json": ("crossref", 13, 7),  # seven DOIs listed as deleted
    "crossref/crossref-works.2018-01-21.badsample.json": ("crossref-lines", 14, 0),  # one work twice
    "crossref/crossref-works.single.json": ("crossref", 1, 0),  # one work, two titles
    "crossref/radar_works_2026-08.json": ("crossref", 6, 0),  # publication dates up to 2106
    "csl_json/commonmeta_csl-list.json": ("csl-json", 17, 0),  # years as text, an arXiv id and a PMID in notes
    "csl_json/fmuro_output.json": ("csl-json", 47, 0),  # empty types
    "europepmc/radar_core_2026-08.json": ("europe-pmc", 8, 0),
    "json_feed/commonmeta_json_feed_item.json": ("json-feed", 1, 0),  # an item without its feed
    "json_feed/feedjira.json": ("json-feed", 20, 0),  # a blog
    "json_feed/hf_papers_2026-08.json": ("json-feed", 26, 0),
    "openalex/radar_works_2026-08.json": ("openalex", 6, 0),
    "openreview/paperlists/iclr2013.json": ("openreview", 67, 0),  # ids that begin with a hyphen
    "semantic_scholar/search_transformer_2026.json": ("semantic-scholar", 5, 0),
}

OPENALEX = {
    "id": "https://openalex.org/W1",
    "doi": "https://doi.org/10.1000/owl",
    "title": "Owls at Night",
    "publication_date": "2026-06-01",
    "authorships": [{"author": {"display_name": "Ann Poe"}}],
    "abstract_inverted_index": {"We": [0], "listen.": [1]},
}
CROSSREF = {
    "DOI": "10.1000/owl",
    "title": ["Owls at Night"],
    "deposited": {"date-time": "2026-06-02T00:00:00Z"},
    "issued": {"date-parts": [[2026, 6, 1]]},
    "author": [{"given": "Ann", "family": "Poe"}],
}
SEMANTIC_SCHOLAR = {
    "paperId": "0f",
    "externalIds": {"DOI": "10.1000/owl"},
    "title": "Owls at Night",
    "authors": [{"name": "Ann Poe"}],
}
NOTE = {
    "id": "AbC123xyz",
    "forum": "AbC123xyz",
    "content": {"title": {"value": "Owls at Night"}, "authors": {"value": ["Ann Poe"]}},
}
REFERENCE = {
    "id": "poe2026",
    "type": "article-journal",
    "title": "Owls at Night",
    "DOI": "10.1000/owl",
    "author": [{"given": "Ann", "family": "Poe"}],
    "issued": {"date-parts": [[2026, 6, 1]]},
}
PREPRINT = {
    "title": "Owls at Night",
    "authors": "Poe, A.; Doe, C.",
    "doi": "10.1101/2026.06.01.000001",
    "date": "2026-06-01",
    "version": "1",
    "category": "zoology",
    "published": "NA",
}
ITEM = {"id": "https://example.org/1", "title": "Owls at Night", "content_html": "<p>We listen.</p>"}
RESULT = {"id": "1", "source": "MED", "pmid": "1", "title": "Owls at Night.", "authorString": "Poe A."}
HIT = {"@id": "1", "info": {"title": "Owls at Night.", "year": "2026", "ee": "https://doi.org/10.1000/owl"}}

DOCUMENTS: dict[str, tuple[object, ...]] = {
    "openalex": ({"meta": {"count": 3}, "results": [OPENALEX] * 3, "group_by": []}, [OPENALEX] * 3),
    "crossref": (
        {"status": "ok", "message-type": "work-list", "message": {"total-results": 3, "items": [CROSSREF] * 3}},
        {"items": [CROSSREF] * 3},
        [CROSSREF] * 3,
    ),
    "semantic-scholar": (
        {"total": 3, "offset": 0, "data": [SEMANTIC_SCHOLAR] * 3},
        {"data": [{"contexts": [], "citingPaper": SEMANTIC_SCHOLAR}] * 3},
        {"recommendedPapers": [SEMANTIC_SCHOLAR] * 3},
        [SEMANTIC_SCHOLAR] * 3,
    ),
    "openreview": ({"notes": [NOTE] * 3, "count": 3}, [{"title": "A", "author": "B", "status": "C", "track": "D"}] * 3),
    "csl-json": ([REFERENCE] * 3, {"items": [REFERENCE] * 3}),
    "biorxiv": ({"messages": [{"status": "ok"}], "collection": [PREPRINT] * 3},),
    "json-feed": ({"version": "https://jsonfeed.org/version/1.1", "title": "F", "items": [ITEM] * 3},),
    "europe-pmc": ({"version": "6.9", "hitCount": 3, "resultList": {"result": [RESULT] * 3}},),
    "dblp-search": ({"result": {"query": "owl", "hits": {"@total": "3", "hit": [HIT] * 3}}},),
}
"""Documents of each form as their sources nest them; each holds three papers."""

SINGLE: dict[str, dict[str, Any]] = {
    "openalex": OPENALEX,
    "crossref": CROSSREF,
    "semantic-scholar": SEMANTIC_SCHOLAR,
    "csl-json": REFERENCE,
    "openreview": NOTE,
    "biorxiv": PREPRINT,
    "json-feed": ITEM,
    "europe-pmc": RESULT,
}


def outcomes(content: bytes | str, form: str | None = None) -> list[Paper | Rejection]:
    """What reading gives."""
    raw = content.encode() if isinstance(content, str) else content
    return [record.outcome for record in read(Dump("dump", io.BytesIO(raw), AS_OF), format=form)]


def whole_outcomes(content: bytes | str, form: str | None = None) -> list[Paper | Rejection]:
    """What reading gives, a refusal as a rejection."""
    try:
        return outcomes(content, form)
    except SourceError as error:
        return [Rejection(where=error.where, why=error.why)]


@pytest.mark.parametrize("path", SAMPLE_COUNTS)
def test_every_sample_gives_what_it_holds(samples: Path, path: str) -> None:
    """Real answers are recognised without a name and read without loss."""
    form, papers, rejections = SAMPLE_COUNTS[path]
    content = (samples / path).read_bytes()
    assert detect(content[:65536])[0] == form
    found = outcomes(content)
    assert Counter(type(outcome) for outcome in found) == +Counter({Paper: papers, Rejection: rejections})
    for paper in found:
        if isinstance(paper, Paper):
            assert paper.title
            assert not MARKUP.search(paper.title)
            assert not MARKUP.search(paper.abstract)
            assert paper.published is None or paper.published.date() <= AS_OF
            assert all("," not in name and ";" not in name for name in paper.authors)


@pytest.mark.parametrize(
    ("form", "document"), [(form, each) for form, several in DOCUMENTS.items() for each in several]
)
def test_each_nesting_of_each_form_is_recognised_and_read(form: str, document: object) -> None:
    """A list, pages as the APIs nest them, compact or indented, with another page behind: every paper comes out."""
    for indent in (None, 1):
        page = json.dumps(document, indent=indent)
        assert detect(page.encode()) == (form, WORDS[form])
        assert [type(outcome) for outcome in outcomes(page)] == [Paper] * 3
        assert outcomes(f"\ufeff{page}\n{page}\n") == outcomes(page) * 2


@pytest.mark.parametrize("form", SINGLE)
def test_a_single_record_is_read_as_well(form: str) -> None:
    """A record without a list around it is the one paper of its document."""
    indented = json.dumps(SINGLE[form], indent=2)
    assert detect(indented.encode())[0] == form
    (paper,) = outcomes(indented)
    assert isinstance(paper, Paper)
    assert paper.title == "Owls at Night"


@pytest.mark.parametrize("form", ["openalex", "crossref", "semantic-scholar"])
def test_dumps_of_one_work_a_line_are_streamed_and_resumed(form: str) -> None:
    """Each line is a record with its place; a bad one is named by its line, and reading goes on behind any of them."""
    line = json.dumps(SINGLE[form])
    content = f'{line}\n{{"id": \n{line}\n{line}'.encode()
    name = f"{form}-lines"
    assert detect(content) == (name, WORDS[name])
    records = list(read(Dump("dump", io.BytesIO(content), AS_OF)))
    assert [type(record.outcome) for record in records] == [Paper, Rejection, Paper, Paper]
    assert records[1].outcome.where == "dump:2"  # type: ignore[union-attr]  # asserted above
    stream = io.BytesIO(content)
    stream.seek(records[1].offset)
    rest = read(Dump("dump", stream, AS_OF), format=name, offset=records[1].offset, line=records[1].line)
    assert list(rest) == records[2:]


@pytest.mark.parametrize(
    ("content", "form"),
    [
        ('{"meta": {"count": 0}, "results": []}', "openalex"),
        ('{"status": "ok", "message-type": "work-list", "message": {"items": []}}', "crossref"),
        ('{"total": 0, "offset": 0}', "semantic-scholar"),
        ('{"total": 0, "token": null, "data": []}', "semantic-scholar"),
        ('{"notes": [], "count": 0}', "openreview"),
        ('{"messages": [{"status": "no posts found"}], "collection": []}', "biorxiv"),
        ('{"version": "https://jsonfeed.org/version/1.1", "title": "F", "items": []}', "json-feed"),
        ('{"version": "6.9", "hitCount": 0, "resultList": {"result": []}}', "europe-pmc"),
        ('{"version": "6.9", "hitCount": 0, "resultList": null}', "europe-pmc"),
        ('{"result": {"query": "owl", "hits": {"@total": "0"}}}', "dblp-search"),
    ],
)
def test_an_answer_without_hits_gives_nothing(content: str, form: str) -> None:
    """No hits are neither an error nor a rejection."""
    assert detect(content.encode())[0] == form
    assert outcomes(content) == []


@pytest.mark.parametrize(
    ("content", "form", "why"),
    [
        ('{"error": "Invalid query", "message": "x"}', "openalex", "error: Invalid query"),
        ('{"status": "failed", "message-type": "validation-failure", "message": []}', None, "error: failed"),
        ('{"messages": [{"status": "Invalid interval"}], "collection": []}', None, "error: Invalid interval"),
        ('{"errMsg": "No query", "hitCount": 1}', None, "error: No query"),
        ('{"errors": {"message": "slow down"}}', "openreview", "error: slow down"),
        ("Too many requests", "crossref", "not a JSON array or object of works of Crossref"),
    ],
)
def test_an_error_of_the_source_is_no_quiet_day(content: str, form: str | None, why: str) -> None:
    """An answer that is an error refuses the dump in the source's words."""
    with pytest.raises(SourceError, match=why):
        outcomes(content, form)


@pytest.mark.parametrize("form", DOCUMENTS)
def test_a_bad_record_is_named_and_its_neighbours_stay(form: str) -> None:
    """A number, nothing, or an object without title among papers costs only itself."""
    good = SINGLE.get(form, HIT)
    first, *bad, last = outcomes(json.dumps([good, 7, None, {}, good]), form)
    assert isinstance(first, Paper)
    assert first == last
    assert [outcome.where for outcome in bad if isinstance(outcome, Rejection)] == [
        f"dump: entry {n}" for n in (2, 3, 4)
    ]


@pytest.mark.parametrize("form", DOCUMENTS)
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_a_document_cut_anywhere_keeps_the_papers_before_the_cut(form: str, data: st.DataObject) -> None:
    """Any prefix gives the papers that are whole in it, and says that it is cut."""
    document = data.draw(st.sampled_from([json.dumps(each, indent=i) for each in DOCUMENTS[form] for i in (None, 1)]))
    whole = outcomes(document, form)
    *papers, last = whole_outcomes(document[: data.draw(st.integers(1, len(document) - 1))], form)
    assert papers == whole[: len(papers)]
    assert isinstance(last, Rejection)
    assert "cut off here" in last.why


@pytest.mark.parametrize("form", DOCUMENTS)
@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_damaged_documents_give_outcomes_and_nothing_else(form: str, data: st.DataObject) -> None:
    """Bytes flipped, and chunks lost, doubled or in another order, end in papers, rejections or a refusal."""
    content = bytearray(json.dumps(data.draw(st.sampled_from(DOCUMENTS[form]))).encode())
    for _ in range(data.draw(st.integers(0, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(content)), max_size=4)))
    chunks = [bytes(content[a:b]) for a, b in zip([0, *cuts], [*cuts, len(content)], strict=True)]
    kept = data.draw(st.lists(st.sampled_from(chunks), max_size=6))
    for each in (bytes(content), b"".join(kept)):
        for name in (form, None):
            assert all(isinstance(outcome, (Paper, Rejection)) for outcome in whole_outcomes(each, name))


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.just("10.1000/a")
    | st.just("2026-13-45"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("form", DOCUMENTS)
@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_values_of_any_type_give_outcomes_and_nothing_else(form: str, data: st.DataObject) -> None:
    """Whatever stands in a field, known or not, costs at most the record it is in."""

    def wild(value: object) -> object:
        if data.draw(st.integers(0, 5)) == 0:
            return data.draw(VALUES)
        if isinstance(value, dict):
            return {key: wild(each) for key, each in value.items()}
        return [wild(each) for each in value] if isinstance(value, list) else value

    fields_of_any = {key: data.draw(VALUES) for key in data.draw(st.lists(st.sampled_from(KEYS), max_size=6))}
    good = SINGLE.get(form, HIT)
    entry = {**good, **fields_of_any} if data.draw(st.booleans()) else wild(good)
    first, *_, last = whole_outcomes(json.dumps([good, entry, good]), form)
    assert isinstance(first, Paper)
    assert first == last


def _keys(record: Mapping[str, Any]) -> set[str]:
    inner = [each for each in record.values() if isinstance(each, dict)]
    return set(record).union(*map(_keys, inner)) if inner else set(record)


KEYS = sorted(
    set().union(*map(_keys, (*SINGLE.values(), HIT)))
    | {"abstract", "abstractText", "locations", "primary_location", "relation", "link", "institution", "subtitle"}
    | {
        "created",
        "container-title",
        "externalIds",
        "tldr",
        "openAccessPdf",
        "journal",
        "cdate",
        "note",
        "URL",
        "summary",
    }
    | {"journalInfo", "authorList", "fullTextUrlList", "date_published", "published_at", "is_retracted", "URL", "url"}
)


@pytest.mark.parametrize(
    "content",
    ["[" * 100_000, '{"message":' * 20_000, '{"result":{"hits":' * 20_000, '[{"DOI": ' + "9" * 5000 + "}]", "[1] x"],
)
@pytest.mark.parametrize("form", DOCUMENTS)
def test_absurd_json_is_rejected(form: str, content: str) -> None:
    """Nesting and numbers without end, or rubbish behind the end, are rejections like any other."""
    assert isinstance(whole_outcomes(content, form)[-1], Rejection)


@pytest.mark.parametrize("form", DOCUMENTS)
def test_a_field_of_ten_megabytes_takes_no_longer_than_its_size(form: str) -> None:
    """Long fields, also of signs that begin something, are read at a second a megabyte at the worst."""
    good = SINGLE.get(form, HIT)
    text = "".join(sign * (2 * 10**6 // len(sign)) for sign in ("Abstract ", "<jats:title>", "O_LI", "[&", "words "))
    long = dict.fromkeys(("abstract", "abstractText", "content_text"), text)
    begun = time.process_time()
    assert len(outcomes(json.dumps([{**good, **long}]), form)) == 1
    assert time.process_time() - begun < 30


@pytest.mark.parametrize("form", DOCUMENTS)
def test_a_document_of_rubbish_is_given_up(form: str) -> None:
    """Hundreds of thousands of empty records are not all named."""
    found = outcomes("{}" * 100_000, form)
    assert len(found) < 10_100
    assert isinstance(found[-1], Rejection)
    assert "the rest is left unread" in found[-1].why


def test_all_forms_told_apart_can_be_read() -> None:
    """What detection names is a format, and lines of it can be resumed."""
    assert WORDS.keys() <= FORMATS.keys()
    assert all(FORMATS[name].is_resumable == name.endswith("-lines") for name in WORDS)
