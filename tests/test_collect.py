"""Fetching what is listed and taking it in: outcomes source by source, and what is remembered of them."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from digest import alarms, reading
from digest import collect as collecting
from digest.answers import Validators
from digest.collect import SourceReport, collect, probe
from digest.completeness import account
from digest.day import Day
from digest.errors import FetchError
from digest.feeds import parse
from digest.fetch import Fetched
from digest.settings import Settings
from digest.store import Store, batches, failures, papers, validators
from digest.types import Issue, Profile, Topic

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from digest.batch import Batch
    from digest.databases import Place

DAY = date(2025, 3, 14)
NOW = datetime(2025, 3, 14, 6, tzinfo=UTC)
FEED = "https://example.org/feed.xml"
OTHER = "https://example.com/feed.xml"
ARXIV = "https://rss.arxiv.org/rss/cs.CV"
ADA = Profile(slug="ada", name="Ada", topics=(Topic(text="rivers"),), min_score=0)
TAG = Validators(etag='"one"')


def dump(*numbers: int) -> bytes:
    """Papers in our own form."""
    lines = [json.dumps({"id": f"2503.{n:05}", "title": f"Paper {n}", "abstract": "On rivers."}) for n in numbers]
    return "\n".join(lines).encode()


def preprints(cursor: int, total: int, *categories: str) -> bytes:
    """A page of bioRxiv's API with a paper for each category."""
    records = [
        {
            "title": f"Preprint {cursor + n}",
            "authors": "Doe, J.; Roe, R.",
            "doi": f"10.1101/2025.03.01.{cursor + n:06}",
            "date": "2025-03-13",
            "version": "1",
            "category": category,
            "abstract": "On rivers.",
            "server": "bioRxiv",
            "published": "NA",
        }
        for n, category in enumerate(categories)
    ]
    about = {"status": "ok", "cursor": cursor, "count": len(records), "total": str(total)}
    return json.dumps({"messages": [about], "collection": records}).encode()


def announcements(day: str, *kinds: str) -> bytes:
    """ArXiv's RSS feed of a day with a paper announced in each way."""
    items = "".join(
        f"<item><title>Paper {n}</title><link>https://arxiv.org/abs/2503.{n:05}</link>"
        f"<description>arXiv:2503.{n:05}v1 Announce Type: {kind} Abstract: On rivers.</description>"
        f"<arxiv:announce_type>{kind}</arxiv:announce_type></item>"
        for n, kind in enumerate(kinds, start=1)
    )
    at = format_datetime(datetime.fromisoformat(f"{day}T00:00:00-04:00"))
    head = (
        f"<title>cs.CV updates on arXiv.org</title><link>http://rss.arxiv.org/rss/cs.CV</link><pubDate>{at}</pubDate>"
    )
    namespace = "http://arxiv.org/schemas/atom"
    return f'<rss version="2.0" xmlns:arxiv="{namespace}"><channel>{head}{items}</channel></rss>'.encode()


class Canned:
    """A web of a few URLs: content, or the error that asking ends in; answers 304 to who has its validators."""

    def __init__(self, pages: dict[str, bytes | FetchError], said: Validators | None = None) -> None:
        self.pages = pages
        self.said = said or Validators()
        self.asked: list[str] = []

    def get(self, url: str, validators: Validators | None = None) -> Fetched:
        """What the table has."""
        self.asked.append(url)
        page = self.pages[url]
        if isinstance(page, FetchError):
            raise page
        is_same = bool(self.said) and validators == self.said
        return Fetched(
            url=url,
            final_url=url,
            status=304 if is_same else 200,
            content=b"" if is_same else page,
            validators=self.said,
        )


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    """An empty database."""
    with Store(place) as opened:
        yield opened


def run(store: Store, web: Canned, *names: str, now: datetime = NOW) -> list[SourceReport]:
    """Collect from sources by name."""
    listed = [parse(name) for name in names]
    return collect(store, web, listed, now=now, as_of=now.date(), days=2)


def kept(store: Store) -> list[Batch]:
    """What is kept of each answer, in the order they came."""
    with store.reading() as connection:
        numbers = sorted((row.number, row.source) for row in connection.execute(sa.text("SELECT * FROM batches")))
        found = {source: iter(batches.of(connection, source)) for _, source in numbers}
        return [next(found[source]) for _, source in numbers]


def ids(store: Store) -> set[str]:
    """The papers in a database."""
    with store.reading() as connection:
        return {paper.id for _, _, paper in papers.between(connection, None, None)}


def test_sources_are_taken_in_and_counted(store: Store) -> None:
    """Each source has its own counts; what two have in common is new once."""
    first, second = run(store, Canned({FEED: dump(1, 2), OTHER: dump(2, 3)}), FEED, OTHER)
    assert (first.source, first.documents, first.ingested.new, first.ingested.duplicate) == (FEED, 1, 2, 0)
    assert (second.source, second.documents, second.ingested.new, second.ingested.duplicate) == (OTHER, 1, 1, 1)
    assert first.is_good
    assert ids(store) == {"arxiv:2503.00001", "arxiv:2503.00002", "arxiv:2503.00003"}


def test_one_that_fails_spoils_no_other(store: Store) -> None:
    """Reasons are told, transient or final; the rest is taken in."""
    gone = FetchError("gone.example.org", "404 Not Found", is_transient=False)
    busy = FetchError("busy.example.org", "503 Service Unavailable", is_transient=True)
    pages: dict[str, bytes | FetchError] = {
        "https://gone.example.org/": gone,
        "https://busy.example.org/": busy,
        "https://odd.example.org/": b"\x00\x01\x02" * 100,
        FEED: dump(1),
    }
    first, second, third, last = run(store, Canned(pages), *pages)
    assert (first.failure, first.is_transient) == ("cannot fetch from 'gone.example.org': 404 Not Found", False)
    assert second.is_transient
    assert (third.failure, third.is_good) == (None, False)
    [rejection] = third.ingested.rejections
    assert rejection.where == "https://odd.example.org/"
    assert "binary" in rejection.why
    assert last.is_good
    assert ids(store) == {"arxiv:2503.00001"}


def test_what_did_not_change_is_not_read_again(store: Store) -> None:
    """The validators of what was taken in well go with the next request."""
    web = Canned({FEED: dump(1)}, TAG)
    run(store, web, FEED)
    (again,) = run(store, web, FEED)
    assert (again.documents, again.unchanged, again.ingested.read, again.is_good) == (0, 1, 0, True)


def test_what_was_not_taken_in_well_is_asked_for_again(store: Store) -> None:
    """A fault in the content, now or at the last time, leaves no validators."""
    web = Canned({FEED: dump(1) + b"\n{broken"}, TAG)
    (first,) = run(store, web, FEED)
    assert (first.ingested.new, first.ingested.rejected) == (1, 1)
    (second,) = run(store, web, FEED)
    assert (second.documents, second.unchanged) == (1, 0)


def test_a_lost_database_is_filled_again(tmp_path: Path) -> None:
    """What is remembered of servers is lost with the papers, so they are asked for the whole."""
    web = Canned({FEED: dump(1)}, TAG)
    for name in ("one", "two"):
        with Store(tmp_path / name) as store:
            (report,) = run(store, web, FEED)
            assert report.ingested.new == 1


def test_a_kill_before_the_papers_are_in_loses_none(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Validators are remembered behind the papers, never before."""
    web = Canned({FEED: dump(1)}, TAG)

    def killed(*_args: object, **_named: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(collecting, "ingest_location", killed)
        with pytest.raises(KeyboardInterrupt):
            run(store, web, FEED)
    (report,) = run(store, web, FEED)
    assert report.ingested.new == 1


def test_pages_are_read_to_the_last(store: Store) -> None:
    """All pages of a window, of which the category is kept, as one document."""
    start = "https://api.biorxiv.org/details/biorxiv/2025-03-13/2025-03-14"
    web = Canned(
        {
            f"{start}/0": preprints(0, 5, "ecology", "zoology"),
            f"{start}/2": preprints(2, 5, "zoology", "ecology"),
            f"{start}/4": preprints(4, 5, "ecology"),
        },
        TAG,
    )
    (report,) = run(store, web, "biorxiv:ecology")
    assert (report.documents, report.ingested.new, report.failure) == (3, 3, None)
    assert report.is_good
    assert ids(store) == {f"doi:10.1101/2025.03.01.{n:06}" for n in (0, 3, 4)}
    # The window moves, so nothing of it is remembered and nothing in it can be missed.
    (again,) = run(store, web, "biorxiv:ecology")
    assert (again.documents, again.ingested.duplicate) == (3, 3)


def test_pages_that_end_too_early_are_an_alarm(store: Store) -> None:
    """Fewer records than the server announced are told, and none where all came."""
    start = "https://api.biorxiv.org/details/biorxiv/2025-03-13/2025-03-14"
    end = b'{"messages": [{"status": "no posts found"}], "collection": []}'
    web = Canned({f"{start}/0": preprints(0, 5, "ecology", "zoology"), f"{start}/2": end})
    short, part = run(store, web, "biorxiv", "biorxiv:ecology")
    assert short.ingested.alarms == ["bioRxiv, 13 March: announced 5 papers, 2 read"]
    assert part.ingested.alarms == ["bioRxiv ecology, 13 March: 3 records of its server's list did not come"]
    (whole,) = run(store, Canned({f"{start}/0": preprints(0, 2, "ecology", "zoology")}), "biorxiv:zoology")
    assert whole.ingested.alarms == []
    assert [(each.announced, each.read, each.withheld) for each in kept(store)] == [(5, 2, 0), (1, 1, 3), (1, 1, 0)]


def test_what_came_short_and_then_came_whole_is_told_no_more(store: Store) -> None:
    """A second fetch of the day that gets all pages, with no more papers of the category, sets it right."""
    start = "https://api.biorxiv.org/details/biorxiv/2025-03-13/2025-03-14"
    first, rest = preprints(0, 3, "ecology", "zoology"), preprints(2, 3, "zoology")
    down = FetchError("api.biorxiv.org", "500", is_transient=True)
    run(store, Canned({f"{start}/0": first, f"{start}/2": down}), "biorxiv:ecology")
    assert [(each.new, each.withheld) for each in kept(store)] == [(1, 1)]
    run(store, Canned({f"{start}/0": first, f"{start}/2": rest}), "biorxiv:ecology")
    assert [(each.new, each.withheld) for each in kept(store)] == [(1, 0)]


def test_a_page_that_fails_costs_only_what_is_behind_it(store: Store) -> None:
    """What came before is taken in, and the failure is told."""
    start = "https://api.biorxiv.org/details/biorxiv/2025-03-13/2025-03-14"
    down = FetchError("api.biorxiv.org", "500", is_transient=True)
    (report,) = run(store, Canned({f"{start}/0": preprints(0, 5, "ecology", "zoology"), f"{start}/2": down}), "biorxiv")
    assert (report.documents, report.ingested.new, report.is_transient) == (1, 2, True)
    assert not report.is_good


def test_pages_without_end_come_to_one(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that always has one more page is given up, with what came."""
    monkeypatch.setattr(collecting, "MOST_PAGES", 3)

    class Endless(Canned):
        def get(self, url: str, validators: Validators | None = None) -> Fetched:
            self.pages[url] = preprints(int(url.rpartition("/")[2]), 10**8, "ecology")
            return super().get(url, validators)

    (report,) = run(store, Endless({}), "biorxiv")
    assert report.failure is not None
    assert report.failure.startswith("more than fits into 3 pages")
    assert report.ingested.new == 3
    monkeypatch.setattr(collecting, "MAX_BYTES", 700)
    (report,) = run(store, Endless({}), "biorxiv")
    assert report.failure is not None
    assert 0 < report.documents < 3


def test_a_window_without_the_category_is_empty(store: Store) -> None:
    """No paper of a small category this week is no fault."""
    url = "https://api.biorxiv.org/details/biorxiv/2025-03-13/2025-03-14/0"
    (report,) = run(store, Canned({url: preprints(0, 1, "zoology")}), "biorxiv:ecology")
    assert (report.is_good, report.ingested.read) == (True, 0)
    assert account(kept(store), [], DAY) == ("bioRxiv ecology announced no papers on 14 March",)


def test_an_answer_that_is_no_page_is_rejected(store: Store) -> None:
    """What the API says instead of a page is told by its reader."""
    url = "https://api.biorxiv.org/details/biorxiv/2025-03-13/2025-03-14/0"
    (report,) = run(store, Canned({url: b"Error: database is down"}), "biorxiv:ecology")
    assert report.ingested.rejections[0].where == "biorxiv:ecology"


def test_a_folder_is_watched(store: Store, tmp_path: Path) -> None:
    """New and changed files are read, the others passed over; broken ones are read until they are mended."""
    folder = tmp_path / "dumps"
    (folder / "below").mkdir(parents=True)
    (folder / "a.jsonl").write_bytes(dump(1))
    (folder / "below" / "b.jsonl").write_bytes(dump(2))
    (folder / "broken").write_bytes(b"nothing of any form")
    web = Canned({})
    (first,) = run(store, web, str(folder))
    assert (first.documents, first.unchanged, first.ingested.new, first.ingested.rejected) == (3, 0, 2, 1)
    assert first.ingested.rejections[0].where == str(folder / "broken")
    (folder / "a.jsonl").write_bytes(dump(1, 3))
    (folder / "broken").unlink()
    (tomorrow,) = run(store, web, str(folder), now=NOW + timedelta(days=1))
    assert (tomorrow.documents, tomorrow.unchanged, tomorrow.ingested.new) == (1, 1, 1)
    assert tomorrow.is_good
    assert web.asked == []


def test_a_folder_that_is_missing_is_told(store: Store, tmp_path: Path) -> None:
    """A disk that is not there, or a home that nobody has, spoils no other source."""
    missing, nobody, good = run(
        store, Canned({FEED: dump(1)}), str(tmp_path / "missing"), "~nobody-of-that-name/papers", FEED
    )
    assert "cannot be read" in missing.ingested.rejections[0].why
    assert nobody.failure == "~nobody-of-that-name/papers: nobody here has such a home folder"
    assert good.is_good


def test_a_file_that_goes_while_it_is_looked_at_is_told(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file deleted between listing and reading is a rejection."""
    (tmp_path / "a.jsonl").write_bytes(dump(1))
    real = reading.fingerprint

    def late(location: reading.Location, format: str | None, as_of: date) -> str | None:  # noqa: A002  (its name)
        assert location.path is not None
        location.path.unlink()
        return real(location, format, as_of)

    monkeypatch.setattr(reading, "fingerprint", late)
    (report,) = run(store, Canned({}), str(tmp_path / "a.jsonl"))
    assert report.ingested.rejected == 1


def test_old_validators_are_forgotten(store: Store) -> None:
    """What was not seen for months is asked for anew, should it ever be listed again."""
    run(store, Canned({FEED: dump(1)}, TAG), FEED)
    run(store, Canned({OTHER: dump(2)}, TAG), OTHER, now=NOW + timedelta(days=200))
    with store.reading() as connection:
        assert validators.find(connection, FEED) == (None, None)
        assert validators.find(connection, OTHER) == ('"one"', None)


def test_a_server_without_validators_takes_its_old_ones_back(store: Store) -> None:
    """Once an answer bears none, none are sent."""
    run(store, Canned({FEED: dump(1)}, TAG), FEED)
    run(store, Canned({FEED: dump(2)}), FEED)
    with store.reading() as connection:
        assert validators.find(connection, FEED) == (None, None)


def test_a_feed_of_arxiv_is_held_to_what_it_announces(store: Store) -> None:
    """Every item is announced, read or not; what each is announced as is kept, and told in the issue's line."""
    kinds = ("new", "cross", "replace", "replace-cross")
    (report,) = run(store, Canned({ARXIV: announcements("2025-03-13", *kinds, "new")}), "arxiv:cs.CV")
    assert (report.ingested.announced, report.ingested.read, report.ingested.alarms) == (5, 5, [])
    assert account(kept(store), [], DAY) == (
        "arXiv cs.CV announced 5 papers on 13 March, 5 read: 2 new, 1 cross-listed, 2 in a later version",
    )
    broken = announcements("2025-03-14", "new", "new").replace(b"<title>Paper 1", b"<title></title><x>", 1)
    (report,) = run(store, Canned({ARXIV: broken}), "arxiv:cs.CV", now=NOW + timedelta(days=3))
    assert (report.ingested.announced, report.ingested.read, report.ingested.rejected) == (2, 1, 1)
    assert report.ingested.alarms == ["arXiv cs.CV, 14 March: announced 2 papers, 1 read, 1 could not be read"]


def test_arxiv_may_not_have_nothing_new_on_a_working_day(store: Store) -> None:
    """Asked on Saturday arXiv says so and all is well; on Monday it is an old batch. The issues of both days say it."""
    web = Canned({ARXIV: announcements("2025-03-14", "new")}, TAG)
    run(store, web, "arxiv:cs.CV")
    (saturday,) = run(store, web, "arxiv:cs.CV", now=NOW + timedelta(days=1))
    assert (saturday.unchanged, saturday.ingested.alarms) == (1, [])
    (monday,) = run(store, web, "arxiv:cs.CV", now=NOW + timedelta(days=3))
    assert monday.ingested.alarms == ["arXiv cs.CV, 17 March: the same 1 paper as on 15 March: it may be an old batch"]
    batches = kept(store)
    assert [(each.asked.day, each.new) for each in batches] == [(14, 1), (15, 0), (17, 0)]
    assert account(batches[1:2], [], date(2025, 3, 15), batches) == ("arXiv cs.CV: nothing new since 14 March",)
    assert account(batches[2:], [], date(2025, 3, 17), batches) == (
        "arXiv cs.CV: nothing new since 14 March: it may be an old batch",
    )


def test_a_journal_may_have_nothing_new(store: Store) -> None:
    """A server that says so itself is not suspected, and asked once more the same day it says nothing else."""
    web = Canned({FEED: dump(1)}, TAG)
    run(store, web, FEED)
    run(store, web, FEED)
    assert len(kept(store)) == 1
    for days in (1, 2):
        (report,) = run(store, web, FEED, now=NOW + timedelta(days=days))
        assert report.ingested.alarms == []
    assert account(kept(store)[1:2], [], date(2025, 3, 15)) == (f"{FEED}: nothing new since 14 March",)


def test_nothing_new_where_nothing_was_is_not_kept(store: Store) -> None:
    """A database whose batches are lost, but not what it knows of servers, has nothing to say of them."""
    with store.writing() as connection:
        validators.save(connection, FEED, '"one"', now=NOW)
    (report,) = run(store, Canned({FEED: dump(1)}, TAG), FEED)
    assert (report.unchanged, kept(store)) == (1, [])


def test_probing_takes_nothing_in(tmp_path: Path) -> None:
    """What a source gives is counted, its faults named, and its first page is enough."""
    start = "https://api.biorxiv.org/details/biorxiv/2025-03-13/2025-03-14"
    gone = FetchError("example.com", "404 Not Found", is_transient=False)
    web = Canned({f"{start}/0": preprints(0, 5, "ecology", "zoology"), FEED: dump(1) + b"\n{broken", OTHER: gone}, TAG)
    (tmp_path / "a.jsonl").write_bytes(dump(1))
    names = ("biorxiv:ecology", FEED, OTHER, str(tmp_path), str(tmp_path / "missing"))
    good, broken, failed, folder, missing = (probe(web, parse(name), as_of=DAY, days=2) for name in names)
    assert (good.is_good, good.ingested.read) == (True, 1)
    assert (broken.is_good, broken.ingested.read, broken.ingested.rejected) == (False, 1, 1)
    assert failed.failure == str(gone)
    assert (folder.is_good, folder.documents) == (True, 1)
    assert not missing.is_good
    assert list(tmp_path.iterdir()) == [tmp_path / "a.jsonl"]


def test_a_report_is_plain_values(store: Store) -> None:
    """What `--json` prints has the counts, the faults and the failure."""
    gone = FetchError("example.com", "404 Not Found", is_transient=False)
    reports = run(store, Canned({FEED: dump(1), OTHER: gone}), FEED, OTHER)
    first, second = (json.loads(json.dumps(report.as_json())) for report in reports)
    assert first | {"alarms": []} == {
        "source": FEED,
        "documents": 1,
        "unchanged": 0,
        "announced": None,
        "read": 1,
        "new": 1,
        "updated": 0,
        "duplicate": 0,
        "rejected": [],
        "failure": None,
        "transient": False,
        "retry_at": None,
        "alarms": [],
    }
    assert second["failure"] == str(gone)
    assert SourceReport.from_dict(asdict(reports[0])) == reports[0]


def oai(*numbers: int, token: str = "") -> bytes:
    """A page of an OAI-PMH repository's list of four; a token leads to the next one."""
    records = "".join(
        f"<record><header><identifier>oai:owls.example.org:{n}</identifier></header><metadata>"
        f'<dc xmlns="http://www.openarchives.org/OAI/2.0/oai_dc/"><title>Owl {n}</title></dc></metadata></record>'
        for n in numbers
    )
    about = f'<resumptionToken completeListSize="4" cursor="{numbers[0] - 1}">{token}</resumptionToken>'
    return (
        '<?xml version="1.0"?><OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><ListRecords>'
        f"{records}{about}</ListRecords></OAI-PMH>"
    ).encode()


REPOSITORY = "https://owls.example.org/oai?verb=ListRecords"
FIRST = f"{REPOSITORY}&metadataPrefix=oai_dc&from=2025-03-13&until=2025-03-14"


def test_a_repository_is_read_to_the_end_of_its_list(store: Store) -> None:
    """What changed in the last days of an OAI-PMH repository is followed by its tokens, and held to its own count."""
    web = Canned({FIRST: oai(1, 2, token="two"), f"{REPOSITORY}&resumptionToken=two": oai(3, 4)})  # noqa: S106
    [report] = run(store, web, "oai:https://owls.example.org/oai")
    assert (report.documents, report.ingested.new, report.ingested.announced) == (2, 4, 4)
    assert (report.is_good, report.ingested.alarms) == (True, [])


def test_a_repository_that_gives_less_than_it_says_is_told(store: Store) -> None:
    """Records that were announced and did not come are an alarm."""
    web = Canned({FIRST: oai(1, 2, token="two"), f"{REPOSITORY}&resumptionToken=two": oai(3)})  # noqa: S106
    [report] = run(store, web, "oai:https://owls.example.org/oai")
    assert report.ingested.new == 3
    [alarm] = report.ingested.alarms
    assert "announced 4 papers, 3 read" in alarm


def test_a_source_that_fails_is_a_line_of_the_days_issues_until_it_is_read(store: Store) -> None:
    """Readers learn what is not in their issue, the operator why; once it was read, nothing is left to say."""
    down = FetchError("example.org", "HTTP status 503", is_transient=True)
    run(store, Canned({FEED: down, OTHER: dump(1)}), FEED, OTHER)
    today = Day(store, Settings(home=store.folder, window_days=30), [ADA], DAY)
    (issue,) = today.compose([ADA], now=NOW)
    assert isinstance(issue, Issue)
    assert f"{FEED} could not be read on 14 March" in issue.sources
    assert alarms.of_sources(store, DAY) == (
        f"{FEED} could not be read: cannot fetch from 'example.org': HTTP status 503",
    )
    run(store, Canned({FEED: dump(2)}), FEED)
    assert alarms.of_sources(store, DAY) == ()
    with store.reading() as connection:
        assert failures.on(connection, DAY) == {}
