"""Filling gaps: what is asked of the past, and a stopped backfill that goes on where it was."""

from __future__ import annotations

import http.server
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections import Counter
from datetime import date
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from digest.answers import Validators
from digest.backfill import backfill
from digest.errors import FetchError
from digest.feeds import parse
from digest.fetch import Fetched
from digest.harvest import Days, steps
from digest.store import Store, batches, papers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from digest.collect import SourceReport
    from digest.databases import Place

DAYS = Days(date(2025, 3, 1), date(2025, 3, 10))
TODAY = date(2025, 4, 2)
PROGRAM = "import sys; from digest.cli import main; sys.exit(main())"
REPOSITORY = "oai:https://repository.example.org/oai?set=owls"


def record(number: int, created: str = "2025-03-04") -> str:
    """A record of arXiv's repository."""
    return (
        f"<record><header><identifier>oai:arXiv.org:2503.{number:05}</identifier></header><metadata>"
        f'<arXiv xmlns="http://arxiv.org/OAI/arXiv/"><id>2503.{number:05}</id><created>{created}</created>'
        f"<title>Owl {number}</title><abstract>They hunt.</abstract><categories>cs.CV</categories></arXiv>"
        f"</metadata></record>"
    )


DELETED = '<record><header status="deleted"><identifier>oai:arXiv.org:2503.09999</identifier></header></record>'


def answer(*records: str, more: str | None = None, size: int | None = None) -> bytes:
    """A page of a repository's list; the token `more` leads to the next one, and is empty on the last of several."""
    about = "" if size is None else f' completeListSize="{size}" cursor="0"'
    token = "" if more is None else f"<resumptionToken{about}>{more}</resumptionToken>"
    return (
        '<?xml version="1.0"?><OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><ListRecords>'
        f"{''.join(records)}{token}</ListRecords></OAI-PMH>"
    ).encode()


def refusal(code: str) -> bytes:
    """An answer that says what is wrong with the request."""
    return (
        '<?xml version="1.0"?><OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'
        f'<error code="{code}">no</error></OAI-PMH>'
    ).encode()


class Pages:
    """A web of answers by what their URL's query holds; `fails` are asked in vain, once each."""

    def __init__(self, answers: dict[str, bytes], *fails: str) -> None:
        self.answers = answers
        self.fails = list(fails)
        self.asked: list[str] = []

    def get(self, url: str, validators: Validators | None = None) -> Fetched:  # noqa: ARG002
        """The answer of the first key that the URL holds."""
        self.asked.append(url)
        key = next(key for key in self.answers if key in url)
        if key in self.fails:
            self.fails.remove(key)
            raise FetchError("repository.example.org", "503 Service Unavailable", is_transient=True)
        return Fetched(url=url, final_url=url, status=200, content=self.answers[key], validators=Validators())


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    """An empty database."""
    with Store(place) as opened:
        yield opened


def fill(store: Store, web: Pages, name: str = REPOSITORY, days: Days = DAYS) -> SourceReport:
    """Fill in the days of one source."""
    [report] = backfill(store, web, [parse(name)], days=days, as_of=TODAY)
    return report


def ids(store: Store) -> list[str]:
    """The papers in a database, in order of arrival."""
    with store.reading() as connection:
        return [paper.id for _, _, paper in papers.between(connection, None, None)]


LIST = {
    "resumptionToken=two": answer(record(3), DELETED, record(4), more="three|3", size=6),
    "resumptionToken=three%7C3": answer(record(5), more=""),
    "from=2025-03-01&until=2025-03-10": answer(record(1), record(2), more="two", size=6),
}


def test_a_list_is_followed_to_its_end(store: Store) -> None:
    """Each page is asked once, by the token of the one before; deleted records are no papers and are not missing."""
    web = Pages(LIST)
    report = fill(store, web)
    assert [urlsplit(url).query for url in web.asked] == [
        "verb=ListRecords&metadataPrefix=oai_dc&set=owls&from=2025-03-01&until=2025-03-10",
        "verb=ListRecords&resumptionToken=two",
        "verb=ListRecords&resumptionToken=three%7C3",
    ]
    assert ids(store) == [f"arxiv:2503.{n:05}" for n in range(1, 6)]
    assert (report.documents, report.ingested.new, report.ingested.alarms, report.is_good) == (3, 5, [], True)


def test_a_stopped_backfill_goes_on_at_its_last_token(store: Store) -> None:
    """The page that failed is the first that the next run asks for, and what came before counts in its report."""
    web = Pages(LIST, "resumptionToken=three%7C3")
    first = fill(store, web)
    assert (first.is_transient, first.ingested.new) == (True, 4)
    web.asked.clear()
    second = fill(store, web)
    assert [urlsplit(url).query for url in web.asked] == ["verb=ListRecords&resumptionToken=three%7C3"]
    assert (second.ingested.new, second.ingested.duplicate, second.documents) == (5, 0, 3)
    with store.reading() as connection:
        [batch] = batches.on(connection, TODAY)
    assert (batch.announced, batch.read, batch.new, batch.day) == (5, 5, 5, DAYS.until)


def test_a_finished_backfill_can_be_asked_again(store: Store) -> None:
    """The same days once more read the list anew, and find everything known."""
    fill(store, Pages(LIST))
    again = Pages(LIST)
    report = fill(store, again)
    assert len(again.asked) == 3
    assert (report.ingested.new, report.ingested.duplicate) == (0, 5)


def test_a_forgotten_token_begins_the_list_anew(store: Store) -> None:
    """Tokens live for a while only; what was taken in by then is known already."""
    fill(store, Pages(LIST, "resumptionToken=two"))
    web = Pages(
        {"resumptionToken=two": refusal("badResumptionToken"), "until=": answer(record(1), record(2), record(6))}
    )
    report = fill(store, web)
    assert [urlsplit(url).query[-16:] for url in web.asked] == ["umptionToken=two", "until=2025-03-10"]
    assert (report.ingested.new, report.ingested.duplicate, report.is_good) == (3, 2, True)


def test_a_token_refused_at_once_is_a_failure(store: Store) -> None:
    """A repository that refuses its own fresh list is not asked for ever."""
    web = Pages({"until=": refusal("badResumptionToken")})
    report = fill(store, web)
    assert (len(web.asked), report.is_good) == (1, False)
    assert "badResumptionToken" in str(report.failure)


@pytest.mark.parametrize("body", [answer(record(1))[:-20], b"<html>Sorry</html>", refusal("badArgument"), b""])
def test_a_page_that_may_be_incomplete_is_not_passed(store: Store, body: bytes) -> None:
    """What is cut off, no answer or an error stays to be asked: nothing tells what else the list holds."""
    assert not fill(store, Pages({"until=": body})).is_good
    report = fill(store, Pages({"until=": answer(record(1))}))
    assert (report.ingested.new, report.is_good) == (1, True)


def test_nothing_in_these_days_is_no_fault(store: Store) -> None:
    """A repository says "no records match" where there was nothing."""
    report = fill(store, Pages({"until=": refusal("noRecordsMatch")}))
    assert (report.ingested.read, report.is_good, report.ingested.alarms) == (0, True, [])


def test_a_list_that_ends_early_is_told(store: Store) -> None:
    """Fewer records than the repository announced are an alarm."""
    web = Pages({"resumptionToken": answer(record(2)), "until=": answer(record(1), more="next", size=7)})
    [alarm] = fill(store, web, "oai:https://repository.example.org/oai").ingested.alarms
    assert alarm.endswith("/oai?metadataPrefix=oai_dc, earlier days: announced 7 records, 2 given")


def test_records_that_are_no_papers_are_named(store: Store) -> None:
    """One bad record is told with its place, and spoils nothing beside it."""
    bad = record(7).replace("<title>Owl 7</title>", "")
    report = fill(store, Pages({"until=": answer(bad, record(8))}))
    assert ids(store) == ["arxiv:2503.00008"]
    [rejection] = report.ingested.rejections
    assert "no title" in rejection.why


def test_arxiv_is_asked_for_what_changed_since(store: Store) -> None:
    """A paper of the gap that has a later version is found among what changed later, and nothing else of that."""
    later = answer(record(3, "2025-03-09"), record(4, "2025-03-20"), record(5, "2019-01-01"))
    web = Pages({"from=2025-03-11": later, "from=2025-02-28": answer(record(1), record(2))})
    report = fill(store, web, "arxiv:cs.CV")
    assert [parse_qs(urlsplit(url).query)["until"] for url in web.asked] == [["2025-03-10"], [str(TODAY)]]
    assert {parse_qs(urlsplit(url).query)["set"][0] for url in web.asked} == {"cs:cs:CV"}
    assert ids(store) == ["arxiv:2503.00001", "arxiv:2503.00002", "arxiv:2503.00003"]
    assert report.ingested.alarms == []


@pytest.mark.parametrize(
    ("category", "sets"),
    [
        ("cs.CV", ["cs:cs:CV"]),
        ("math.AG+math.NT", ["math:math:AG", "math:math:NT"]),
        ("hep-th", ["physics:hep-th"]),
        ("astro-ph.CO", ["physics:astro-ph:CO"]),
        ("physics.optics", ["physics:physics:optics"]),
        ("q-bio", ["q-bio"]),
    ],
)
def test_categories_have_their_sets(category: str, sets: list[str]) -> None:
    """The repository of arXiv names a category by its group, its archive and its subject."""
    found = steps(parse(f"arxiv:{category}"), Days(TODAY, TODAY), TODAY)
    assert [parse_qs(urlsplit(step.url).query)["set"][0] for step in found] == sets


def test_hugging_face_is_asked_day_by_day(store: Store) -> None:
    """Each day of the gap has a page of its own; one without papers is passed."""
    page = [{"paper": {"id": "2503.00001", "title": "Owls", "summary": "They hunt.", "upvotes": 3}}]
    web = Pages({"date=2025-03-02": json.dumps(page).encode(), "date=": b"[]"})
    report = fill(store, web, "hf-daily", Days(date(2025, 3, 1), date(2025, 3, 3)))
    assert [url.partition("?")[2] for url in web.asked] == ["date=2025-03-01", "date=2025-03-02", "date=2025-03-03"]
    assert (ids(store), report.is_good) == (["arxiv:2503.00001"], True)


def preprints(cursor: int, total: int, *categories: str) -> bytes:
    """A page of bioRxiv's API."""
    collection = [
        {"doi": f"10.1101/2025.03.01.{cursor + n:06}", "title": f"Owl {cursor + n}", "version": "1", "category": each}
        for n, each in enumerate(categories)
    ]
    about = {"status": "ok", "cursor": cursor, "count": len(collection), "total": total}
    return json.dumps({"messages": [about], "collection": collection}).encode()


def test_preprints_are_asked_page_by_page(store: Store) -> None:
    """The API's pages are followed; records of other categories are counted as given and not taken in."""
    web = Pages(
        {
            "2025-03-01/2025-03-10/0": preprints(0, 3, "neuroscience", "zoology"),
            "2025-03-01/2025-03-10/2": preprints(2, 3, "neuroscience"),
        }
    )
    report = fill(store, web, "biorxiv:neuroscience")
    assert (report.ingested.new, report.ingested.alarms, report.documents) == (2, [], 2)


@pytest.mark.parametrize("name", ["https://example.org/feed.xml", "/srv/papers"])
def test_feeds_have_no_past(store: Store, name: str) -> None:
    """What cannot be asked says so."""
    assert "cannot be asked for earlier days" in str(fill(store, Pages({}), name).failure)


def test_days_to_come_are_not_asked_for() -> None:
    """A gap that reaches beyond today is asked for up to today, and of arXiv only once."""
    [step] = steps(parse("arxiv:cs.CV"), Days(TODAY, date(2025, 4, 30)), TODAY)
    assert step.until == TODAY


class Repository(http.server.ThreadingHTTPServer):
    """An OAI-PMH repository on loopback: pages of two records, told apart by their token; tells each request."""

    PAGES = 4

    def __init__(self, asked: Callable[[str], None]) -> None:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked(self.path)
                found = re.search(r"resumptionToken=page(\d)", self.path)
                page = int(found[1]) if found else 1
                token = f"page{page + 1}" if page < Repository.PAGES else ""
                body = answer(record(2 * page), record(2 * page + 1), more=token, size=2 * Repository.PAGES)
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class's name)
                pass

        super().__init__(("127.0.0.1", 0), Handler)


@pytest.mark.slow
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_killed_backfill_repeats_nothing(tmp_path: Path) -> None:
    """Killed at one page after the other, it asks again only for the page that was under way, and counts all once."""
    asked: list[str] = []
    reached = threading.Event()
    limit = 0

    def note(path: str) -> None:
        asked.append(path.partition("&")[2])
        if len(asked) == limit:
            reached.set()

    server = Repository(note)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    name = f"oai:http://127.0.0.1:{server.server_address[1]}/oai"
    command = [sys.executable, "-c", PROGRAM, "ingest", "--backfill", str(DAYS), name, "--json"]
    environment = os.environ | {"DIGEST_HOME": str(tmp_path / "home")}
    try:
        for limit in (2, 4, 6):  # noqa: B007  (read by the server's thread)
            reached.clear()
            with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
                assert reached.wait(60)
                process.send_signal(signal.SIGKILL)
        done = subprocess.run(command, env=environment, capture_output=True, check=True, text=True)
    finally:
        server.shutdown()
        server.server_close()
    [report] = json.loads(done.stdout)
    assert (report["new"], report["duplicate"], report["documents"]) == (8, 0, 4)
    twice = {path: times for path, times in Counter(asked).items() if times > 1}
    assert len(asked) <= Repository.PAGES + 3, f"asked again: {twice}"
    with Store(tmp_path / "home" / "digest.sqlite3") as store:
        assert ids(store) == [f"arxiv:2503.{n:05}" for n in range(2, 10)]
