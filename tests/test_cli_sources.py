"""`digest sources` and `digest fetch` as scripts and people meet them, with a server on loopback."""

from __future__ import annotations

import http.server
import json
import subprocess
import sys
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.allow_hosts(["127.0.0.1", "::1"])

PROGRAM = "import sys; from digest.cli import main; sys.exit(main())"
PAPER = b'{"id": "2505.00001", "title": "Owls", "abstract": "They hunt at night."}\n'


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401  (whatever the command prints)
        """What it printed, which must be JSON and nothing else."""
        return json.loads(self.out)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The DIGEST_HOME of the test."""
    return tmp_path / "home"


@pytest.fixture
def digest(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Outcome]:
    """The whole program, less the interpreter's start."""
    from digest.cli import main

    monkeypatch.setenv("DIGEST_HOME", str(home))
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["digest", *words])
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return Outcome(int(left.value.code or 0), out, err)

    return run


@pytest.fixture
def asked() -> list[str]:
    """The paths that the server was asked for."""
    return []


@pytest.fixture
def url(asked: list[str]) -> Iterator[str]:
    """A server with one feed, which knows when it did not change, and a path where it wants to be left alone."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            is_known = self.headers["If-None-Match"] == '"one"'
            status = {"/feed": 304 if is_known else 200, "/busy": 429}.get(self.path, 404)
            self.send_response(status)
            self.send_header("ETag", '"one"')
            if status == 429:
                self.send_header("Retry-After", "7200")
            self.end_headers()
            if self.path == "/feed" and not is_known:
                self.wfile.write(PAPER)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class's name)
            """Be silent."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_sources_are_added_listed_and_removed(digest: Callable[..., Outcome], home: Path) -> None:
    """Results on stdout, what changed nothing on stderr, and code 1 for what was not there."""
    empty = digest("sources", "list")
    assert (empty.code, empty.out) == (0, "")
    assert "digest sources add" in empty.err
    added = digest("sources", "add", "arxiv:cs.CV", "hf-daily")
    assert (added.code, added.out, added.err) == (0, "added: arxiv:cs.CV\nadded: hf-daily\n", "")
    again = digest("sources", "add", "hf-daily")
    assert (again.code, again.out, again.err) == (0, "", "1 source listed already\n")
    assert digest("sources", "list").out == (
        "arxiv:cs.CV  https://rss.arxiv.org/rss/cs.CV\nhf-daily  https://huggingface.co/api/daily_papers\n"
    )
    assert [each["source"] for each in digest("sources", "list", "--json").json] == ["arxiv:cs.CV", "hf-daily"]
    removed = digest("sources", "remove", "hf-daily", "biorxiv")
    assert (removed.code, removed.out, removed.err) == (1, "removed: hf-daily\n", "not listed: biorxiv\n")
    assert "hf-daily" not in (home / "digest.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "words", ["sources add arxiv:sc.CV", "sources remove x", "sources check x", "fetch x", "sources"]
)
def test_wrong_use_is_code_2(digest: Callable[..., Outcome], home: Path, words: str) -> None:
    """A word that means no source is wrong use, and nothing is written."""
    outcome = digest(*words.split())
    assert (outcome.code, outcome.out if words != "sources" else "") == (2, "")
    assert not home.exists()


def test_an_opml_file_is_all_its_feeds(digest: Callable[..., Outcome], tmp_path: Path) -> None:
    """Good feeds are added; what cannot be one is named, and the code is 1."""
    outlines = '<outline xmlUrl="https://example.org/a.xml"/><outline xmlUrl="gopher://example.org"/>'
    (tmp_path / "feeds.opml").write_text(f"<opml><body>{outlines}</body></opml>", encoding="utf-8")
    added = digest("sources", "add", "feeds.opml")
    assert (added.code, added.out) == (1, "added: https://example.org/a.xml\n")
    assert added.err.startswith("rejected: feeds.opml: ")


def test_what_is_fetched_is_there(digest: Callable[..., Outcome], url: str) -> None:
    """Papers are new, then known; a feed that did not change is not read again."""
    digest("sources", "add", f"{url}/feed")
    first = digest("fetch")
    assert first.code == 0
    assert first.out == f"{url}/feed: 1 paper read: 1 new, 0 updated, 0 known already; 0 rejected\n"
    assert "Owls" in digest("papers").out
    assert digest("fetch").out == f"{url}/feed: nothing new since last time\n"


def test_a_source_that_fails_is_named_and_the_code_is_1(
    digest: Callable[..., Outcome], url: str, tmp_path: Path
) -> None:
    """Named on stderr with host and reason; the others are taken in, listed or not."""
    (tmp_path / "dumps").mkdir()
    (tmp_path / "dumps" / "a.jsonl").write_bytes(PAPER)
    outcome = digest("fetch", f"{url}/gone", "dumps")
    assert outcome.code == 1
    assert outcome.out.startswith(f"{tmp_path / 'dumps'}: 1 paper read: 1 new")
    assert outcome.err == f"failed: {url}/gone: cannot fetch from '127.0.0.1': 404 Not Found\n"
    (report,) = digest("fetch", "dumps", "--json").json
    assert (report["source"], report["unchanged"]) == (str(tmp_path / "dumps"), 1)


def test_a_server_that_wants_to_be_left_alone_is_not_asked_by_the_next_run(
    digest: Callable[..., Outcome], url: str, asked: list[str]
) -> None:
    """The time it named is told by both runs, for people and for scripts, and only the first has asked."""
    first = digest("fetch", f"{url}/busy")
    assert first.code == 1
    why = "429 Too Many Requests, to be left alone until "
    assert first.err.startswith(f"failed: {url}/busy: cannot fetch from '127.0.0.1': {why}")
    assert first.err.endswith(" UTC\n")
    until = datetime.fromisoformat(first.err.partition(why)[2].removesuffix(" UTC\n"))
    (second,) = digest("fetch", f"{url}/feed", "--json").json
    assert (second["transient"], second["documents"]) == (True, 0)
    assert abs(datetime.fromisoformat(second["retry_at"]) - until.replace(tzinfo=UTC)) < timedelta(seconds=2)
    assert "it asked to be left alone until" in second["failure"]
    assert asked == ["/busy"]


def test_checking_takes_nothing_in(digest: Callable[..., Outcome], url: str, tmp_path: Path, home: Path) -> None:
    """Each source is good with its papers, or failed with a reason; no database is made."""
    (tmp_path / "dumps").mkdir()
    good = digest("sources", "check", f"{url}/feed", "dumps")
    assert (good.code, good.out) == (0, f"good: {url}/feed: 1 paper\ngood: {tmp_path / 'dumps'}: 0 files\n")
    bad = digest("sources", "check", f"{url}/gone", "--json")
    assert (bad.code, bad.json[0]["failure"]) == (1, "cannot fetch from '127.0.0.1': 404 Not Found")
    assert not home.exists()


def test_nothing_listed_is_nothing_to_do(digest: Callable[..., Outcome]) -> None:
    """No source is no failure, and says how to list one."""
    outcome = digest("fetch", "--json")
    assert (outcome.code, outcome.json) == (0, [])
    assert "digest sources add" in outcome.err


def test_a_name_is_resolved_by_the_system(home: Path, url: str) -> None:
    """A program of its own meets the same server with the real clock, resolver and sockets."""
    port = url.rpartition(":")[2]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "fetch", f"http://localhost:{port}/feed"],
        env={"DIGEST_HOME": str(home), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 new" in done.stdout
