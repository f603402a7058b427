"""Names of sources: what each stands for, what is asked for it, and what is said of those that stand for nothing."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.feeds import Kind, parse

if TYPE_CHECKING:
    from pathlib import Path

DAY = date(2025, 3, 14)


@pytest.mark.parametrize(
    ("text", "name", "kind", "url"),
    [
        ("arxiv:cs.CV", "arxiv:cs.CV", Kind.ARXIV, "https://rss.arxiv.org/rss/cs.CV"),
        ("arXiv: astro-ph.GA", "arxiv:astro-ph.GA", Kind.ARXIV, "https://rss.arxiv.org/rss/astro-ph.GA"),
        ("arxiv:hep-th", "arxiv:hep-th", Kind.ARXIV, "https://rss.arxiv.org/rss/hep-th"),
        (
            "arxiv:cond-mat.mes-hall+cs.LG",
            "arxiv:cond-mat.mes-hall+cs.LG",
            Kind.ARXIV,
            "https://rss.arxiv.org/rss/cond-mat.mes-hall+cs.LG",
        ),
        ("HF-daily", "hf-daily", Kind.HF_DAILY, "https://huggingface.co/api/daily_papers"),
        (
            "bioRxiv:Neuroscience",
            "biorxiv:neuroscience",
            Kind.BIORXIV,
            "https://api.biorxiv.org/details/biorxiv/2025-03-08/2025-03-14/0",
        ),
        (
            "medrxiv:infectious diseases (except HIV/AIDS)",
            "medrxiv:infectious-diseases-except-hiv-aids",
            Kind.MEDRXIV,
            "https://api.biorxiv.org/details/medrxiv/2025-03-08/2025-03-14/0",
        ),
        (" biorxiv ", "biorxiv", Kind.BIORXIV, "https://api.biorxiv.org/details/biorxiv/2025-03-08/2025-03-14/0"),
        ("HTTPS://example.org/Feed?x=1", "https://example.org/Feed?x=1", Kind.URL, "https://example.org/Feed?x=1"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000/", Kind.URL, "http://127.0.0.1:8000/"),
    ],
)
def test_a_name_stands_for_urls(text: str, name: str, kind: Kind, url: str) -> None:
    """Each kind of source has its URL; names that mean the same come out the same."""
    source = parse(text)
    assert (source.name, source.kind, source.url(DAY, 7)) == (name, kind, url)
    assert parse(source.name) == source


@pytest.mark.parametrize("text", ["/srv/papers", "~/papers", "~ada/papers"])
def test_a_path_is_a_folder(text: str) -> None:
    """A whole path is a place on this machine and has no URL."""
    source = parse(text)
    assert (source.kind, source.about) == (Kind.FOLDER, text)
    with pytest.raises(ValueError, match="no URL"):
        source.url(DAY, 7)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "expected a source"),
        ("arxiv", "expected a category of arXiv"),
        ("arxiv:", "expected a category of arXiv"),
        ("arxiv:cs.CV/..", "expected a category of arXiv"),
        ("arxiv:cs.CV+", "expected a category of arXiv"),
        ("arxiv:sc.CV", "no archive 'sc'"),
        ("arxiv:quant-hp", r"no archive 'quant-hp' \(did you mean 'quant-ph'\?\)"),
        ("biorxiv:neurosciense", r"biorxiv has no category 'neurosciense' \(did you mean 'neuroscience'\?\)"),
        ("medrxiv:zoology", "medrxiv has no category 'zoology'"),
        ("axriv:cs.CV", r"did you mean 'arxiv:cs.CV'\?"),
        ("hf-dayly", r"did you mean 'hf-daily'\?"),
        ("hf-daily:today", "expected a source"),
        ("papers/new", "expected a source"),
        ("ftp://example.org/feed", "expected a source"),
        ("https://", "expected a URL with a host"),
        ("http://[::1/feed", "expected a URL with a host"),
        ("http://example.org:99999/", "expected a URL with a host"),
        ("http://exa mple.org/", "expected a URL with a host"),
        ("/srv/\x1bpapers", "expected a source"),
    ],
)
def test_what_stands_for_nothing_is_named(text: str, why: str) -> None:
    """The complaint says what was expected, and what was meant where that can be guessed."""
    with pytest.raises(ValueError, match=why):
        parse(text)


@given(st.text() | st.builds(str.__add__, st.sampled_from(["arxiv:", "biorxiv:", "http://", "/", "hf"]), st.text()))
def test_any_text_is_a_source_or_a_complaint(text: str) -> None:
    """No text breaks it, and a canonical name stays what it is."""
    try:
        source = parse(text)
    except ValueError as error:
        assert str(error)  # noqa: PT017  (either outcome is good)
    else:
        assert parse(source.name) == source


def page(cursor: int, count: Any, total: Any, *categories: str | None) -> bytes:  # noqa: ANN401  (as servers have it)
    """An answer of bioRxiv's API with a record for each category."""
    records = [{"doi": f"10.1101/{cursor + n}", "category": each} for n, each in enumerate(categories)]
    about = {"status": "ok", "cursor": cursor, "count": count, "total": total}
    return json.dumps({"messages": [about], "collection": records}).encode()


def test_pages_follow_each_other_by_their_counts() -> None:
    """The next page begins behind the records of this one, however many a page has, until all were given."""
    source = parse("biorxiv:neuroscience")
    first = source.url(DAY, 2)
    second = source.following(first, page(0, 30, "70", "zoology"))
    assert second == "https://api.biorxiv.org/details/biorxiv/2025-03-13/2025-03-14/30"
    third = source.following(second, page(30, "30", 70, "zoology"))
    assert third == "https://api.biorxiv.org/details/biorxiv/2025-03-13/2025-03-14/60"
    assert source.following(third, page(60, 10, "70", "zoology")) is None


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"not JSON",
        b"[]",
        b"{}",
        b'{"messages": "ok", "collection": [1]}',
        b'{"messages": [1], "collection": [1]}',
        b'{"messages": [{"status": "no posts found"}], "collection": []}',
        page(0, 0, 100, "zoology"),
        page(0, "-5", 100, "zoology"),
        page(0, 100, None, "zoology"),
        page(0, 100, 1000),
    ],
)
def test_an_odd_answer_is_the_last_page(answer: bytes) -> None:
    """What does not say how it goes on ends the source, rather than going round for ever."""
    source = parse("biorxiv")
    assert source.following(source.url(DAY, 2), answer) is None


def test_only_the_category_is_kept() -> None:
    """Records of other categories go; those without any stay, for the parser to look at."""
    source = parse("medrxiv:hiv-aids")
    kept = json.loads(source.selected(page(0, 3, "3", "HIV/AIDS", "oncology", None)))
    assert [record["category"] for record in kept["collection"]] == ["HIV/AIDS", None]
    assert kept["messages"][0]["total"] == 2
    assert json.loads(source.selected(page(0, 1, "1", "oncology")))["collection"] == []
    everything = page(0, 2, "2", "HIV/AIDS", "oncology")
    assert parse("medrxiv").selected(everything) == everything


def test_pages_become_one_answer() -> None:
    """All records of all pages in their order; what is no page is left for the parser to complain of."""
    pages = [page(0, 2, "3", "ecology", "zoology"), b"broken", page(2, 1, "3", "ecology")]
    merged = json.loads(parse("biorxiv").merged(pages))
    assert [record["doi"] for record in merged["collection"]] == ["10.1101/0", "10.1101/1", "10.1101/2"]
    assert [record["doi"] for record in json.loads(parse("biorxiv:ecology").merged(pages))["collection"]] == [
        "10.1101/0",
        "10.1101/2",
    ]
    assert parse("biorxiv:ecology").merged([b"broken"]) == b"broken"
    assert parse("biorxiv:ecology").merged([b"[1]"]) == b"[1]"


@pytest.mark.parametrize("server", ["biorxiv", "medrxiv"])
def test_every_category_of_the_samples_is_known(samples: Path, server: str) -> None:
    """What the servers call their categories is what we call them."""
    (path,) = (samples / "biorxiv_medrxiv").glob(f"*{server}*.json")
    answer = path.read_bytes()
    categories = {record["category"] for record in json.loads(answer)["collection"]}
    assert categories
    for category in categories:
        kept = json.loads(parse(f"{server}:{category}").selected(answer))["collection"]
        assert {record["category"] for record in kept} == {category}
    following = parse(server).following(parse(server).url(DAY, 2), answer)
    assert following is not None
    assert following.endswith("/30")
