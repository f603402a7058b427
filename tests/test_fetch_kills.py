"""`digest fetch` killed at any moment and started anew: the same database as without the kill."""

from __future__ import annotations

import http.server
import json
import os
import random  # noqa: TID251  (seeded; decides when a child is killed)
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.slow,
    pytest.mark.allow_hosts(["127.0.0.1", "127.0.0.2", "127.0.0.3"]),
    pytest.mark.skipif(sys.platform != "linux", reason="127.0.0.2 and 127.0.0.3 are loopback on Linux only"),
]

PROGRAM = "import sys; from digest.cli import main; sys.exit(main())"
HOMES, KILLS = 3, 5


def lines(count: int) -> bytes:
    """Papers in our own form, which an ingest takes up again at a byte; every seventh comes a second time."""
    papers = [{"id": f"2503.{n:05}", "title": f"River {n}", "abstract": f"On river {n}."} for n in range(count)]
    return "".join(f"{json.dumps(each)}\n" for each in [*papers, *papers[::7]]).encode()


def preprints(count: int) -> bytes:
    """An answer of bioRxiv's API, a document that is read as a whole."""
    records = [{"doi": f"10.1101/2025.03.{n:06}", "title": f"Owl {n}", "version": "1"} for n in range(count)]
    return json.dumps({"messages": [{"count": count}], "collection": records}).encode()


def announcements(count: int) -> bytes:
    """A feed of arXiv, of which one item is broken: it is asked for again each time."""
    items = "".join(
        f"<item><title>{f'Lake {n}' if n else ''}</title><link>https://arxiv.org/abs/2504.{n:05}</link></item>"
        for n in range(count)
    )
    head = "<title>cs.CV updates on arXiv.org</title><link>http://rss.arxiv.org/rss/cs.CV</link>"
    return f'<rss version="2.0"><channel>{head}{items}</channel></rss>'.encode()


CONTENT = {"/lines": lines(2500), "/preprints": preprints(2500), "/announcements": announcements(300)}


@pytest.fixture
def urls() -> Iterator[list[str]]:
    """A server under a name for each URL, so that they need not wait for each other; it knows when nothing changed."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_known = self.headers["If-None-Match"] == '"one"'
            content = b"" if is_known else CONTENT[self.path]
            self.send_response(304 if is_known else 200)
            self.send_header("ETag", '"one"')
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class's name)
            """Be silent."""

    class Quiet(http.server.ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Say nothing of clients that are killed."""

    server = Quiet(("", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    port = server.server_address[1]
    yield [f"http://127.0.0.{n}:{port}{path}" for n, path in enumerate(CONTENT, start=1)]
    server.shutdown()
    server.server_close()
    thread.join()


def fetching(home: Path, sources: list[str]) -> subprocess.Popen[str]:
    """`digest fetch` as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "fetch", "--json", *sources],
        env=os.environ | {"DIGEST_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def rows(home: Path) -> dict[str, list[tuple[Any, ...]]]:
    """What must be the same with and without kills: all but when servers were asked."""
    queries = {
        name: f"SELECT * FROM {name}"  # noqa: S608
        for name in ("papers", "paper_ids", "revisions", "batches", "checkpoints", "sqlite_sequence")
    }
    queries["validators"] = "SELECT place, etag, last_modified FROM validators"
    with closing(sqlite3.connect(home / "digest.sqlite3")) as connection:
        return {name: sorted(connection.execute(query).fetchall(), key=repr) for name, query in queries.items()}


def check_nothing_is_called_known_that_is_not(home: Path) -> None:
    """Whatever a server or a folder will not be asked for again is in the database, with what it gave."""
    if not (home / "digest.sqlite3").exists():
        return
    with closing(sqlite3.connect(home / "digest.sqlite3")) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        if "turns" not in tables:
            return
        places = {place for (place,) in connection.execute("SELECT place FROM validators")}
        batches = dict(connection.execute("SELECT source, read FROM batches"))
    for place in places:
        source = place if place.startswith("http") else "arxiv"
        assert batches.get(source, 0) > 0, place


def test_a_fetch_survives_being_killed(tmp_path: Path, urls: list[str]) -> None:
    """Feeds, documents and a folder: papers and their numbers, batches with what was new, and nothing left behind."""
    folder = tmp_path / "dumps"
    folder.mkdir()
    (folder / "a.jsonl").write_bytes(lines(1200).replace(b'"2503.', b'"2505.').replace(b"River", b"Sea"))
    sources = [*urls, str(folder)]
    began = time.monotonic()
    with fetching(tmp_path / "undisturbed", sources) as child:
        out, _ = child.communicate()
    duration = time.monotonic() - began
    expected = rows(tmp_path / "undisturbed")
    assert [report["new"] for report in json.loads(out)] == [2500, 2500, 299, 1200]
    assert [len(expected[name]) for name in ("papers", "batches", "validators", "checkpoints")] == [6499, 4, 3, 0]
    chance = random.Random(7)  # noqa: S311
    cut = 0
    for home in (tmp_path / f"killed{n}" for n in range(HOMES)):
        for _ in range(KILLS):
            with fetching(home, sources) as child:
                time.sleep(duration * chance.random())
                child.send_signal(signal.SIGKILL)
                child.communicate()
                cut += child.returncode == -signal.SIGKILL
            check_nothing_is_called_known_that_is_not(home)
        with fetching(home, sources) as child:
            out, err = child.communicate()
            assert (child.returncode, err) == (1, "")  # for the broken item
        assert rows(home) == expected
    assert cut >= HOMES
