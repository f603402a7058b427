"""The Prefect flows: the same work as without Prefect, faults counted, bugs raised, and a quiet terminal."""

from __future__ import annotations

import asyncio
import gc
import http.server
import importlib
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
import warnings
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from digest import delivering, pipeline, profiles, sample, settings
from digest.adoption import adopt
from digest.clock import Clock
from digest.collect import SourceReport
from digest.fetch import real_world
from digest.ingest import ingest
from digest.render import Renderer
from digest.run_report import RunReport
from digest.store import Store, letters, papers
from digest.subscribing import Wish, confirm, subscribe
from digest.types import Paper

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.flow,
    # Prefect leaves sockets open and uses what other libraries deprecate, which is theirs to mend.
    pytest.mark.filterwarnings("ignore"),
]

DAY = date(2025, 5, 9)
NOW = datetime(2025, 5, 9, 6, tzinfo=UTC)
DIGEST = str(Path(sys.executable).with_name("digest"))
STARTING = "starting Prefect, which takes about 15 s of this run (--engine plain does without) …"


@pytest.fixture(scope="session")
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Prefect with a server of its own, for as long as there are flow tests."""
    patch = pytest.MonkeyPatch()
    patch.setenv("PREFECT_HOME", str(tmp_path_factory.mktemp("prefect")))
    patch.setenv("PREFECT_LOGGING_LEVEL", "CRITICAL")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # It says how Prefect is set up, which must be before that is imported.
        importlib.import_module("flows")
        from prefect.testing.utilities import prefect_test_harness

        with prefect_test_harness(server_startup_timeout=120):
            yield
    patch.undo()


@pytest.fixture(autouse=True)
def _tidy() -> Iterator[None]:
    """Prefect's client leaves connections to the garbage collector, whose warnings would fail some later test."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An installation with the sample's papers and two of the example readers."""
    return fill(tmp_path / "home")


def fill(home: Path) -> Path:
    """Make an installation."""
    (home / "profiles").mkdir(parents=True)
    (home / "secret").write_text("0" * 64)  # the names of pages are made of it
    for path in profiles.find(sample.PROFILES)[:2]:
        (home / "profiles" / path.name).write_bytes(path.read_bytes())
    with Store(settings.load(home).database) as store:
        ingest(store, [sample.FOLDER], as_of=DAY)
    return home


def files(home: Path) -> dict[str, bytes]:
    """What was written for readers, by path."""
    return {
        f"{folder}/{path.name}": path.read_bytes()
        for folder in ("outbox", "pages")
        for path in (home / folder).iterdir()
    }


def run_plainly(home: Path) -> RunReport:
    """The stages one after the other, as `--engine plain` runs them."""
    options = settings.load(home)
    readers = [profiles.load(path) for path in profiles.find(options.profiles)]
    with Store(options.database) as store:
        report = pipeline.compose_issues(store, options, readers, day=DAY, now=NOW)
        report.add(
            delivering.deliver(
                store, options, Renderer(options.templates), clock=Clock(now=lambda: NOW), environment={}
            )
        )
    return report


def run_flow(home: Path, *more: Path, composed: datetime = NOW) -> RunReport:
    """The flow over the installation's readers and more profiles."""
    from flows.issues import issues

    paths = [*profiles.find(home / "profiles"), *more]
    return RunReport(**asyncio.run(issues(home, paths, DAY, composed)))


def artifact(key: str) -> str:
    """The Markdown that the last run with this key left in Prefect."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

    async def read() -> Any:  # noqa: ANN401  (what Prefect keeps)
        async with get_client() as client:
            found = await client.read_artifacts(artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=[key])))
            return max(found, key=lambda each: each.created).data

    return str(asyncio.run(read()))


@pytest.mark.usefixtures("prefect")
def test_the_flow_does_what_the_stages_do(home: Path, tmp_path: Path) -> None:
    """In two installations alike, the flow's report and files are those of the stages without Prefect."""
    plain = fill(tmp_path / "plain")
    expected = run_plainly(plain)
    assert expected.delivered == 2
    assert run_flow(home) == expected
    assert files(home) == files(plain)
    table = artifact("issues")
    assert table.startswith("## Issues of 2025-05-09\n")
    assert "| issues composed | 2 |" in table
    assert "| mails delivered | 2 |" in table


@pytest.mark.usefixtures("prefect")
def test_a_flow_composes_in_processes_as_the_settings_have_it(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With several processes the flow's issues and files are those of one process without Prefect."""
    plain = fill(tmp_path / "plain")
    expected = run_plainly(plain)
    monkeypatch.setattr(pipeline, "SHARED", 1)
    (home / "digest.toml").write_text("processes = 2\n", encoding="utf-8")
    report = run_flow(home)
    assert (report.issues, report.failed, report.delivered) == (expected.issues, [], expected.delivered)
    assert files(home) == files(plain)


@pytest.mark.usefixtures("prefect")
def test_a_fault_in_one_batch_is_counted_and_the_others_go_on(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a batch for each reader, a faulty profile and a missing one are told, and the others get their mail."""
    import flows.issues

    monkeypatch.setattr(flows.issues, "READERS", 1)
    (tmp_path / "bad.yaml").write_text("email: bad@example.org\ntopics: owls\n", encoding="utf-8")
    report = run_flow(home, tmp_path / "bad.yaml", tmp_path / "missing.yaml")
    assert (len(report.issues), report.delivered) == (2, 2)
    assert [fault["profile"] for fault in report.failed] == ["bad", "missing"]
    assert "bad.yaml:2: topics" in report.failed[0]["why"]
    assert not any("@" in fault["why"] for fault in report.failed)
    assert "| failed: bad | " in artifact("issues")


@pytest.mark.usefixtures("prefect")
def test_a_fault_of_the_installation_is_counted_for_every_reader(home: Path) -> None:
    """Where no task can begin, the run is over with a report: no reader is lost, and the delivery is named too."""
    (home / "digest.toml").write_text("window_days = 0\n", encoding="utf-8")
    report = run_flow(home)
    assert [fault["profile"] for fault in report.failed] == ["ada", "grace", ""]
    assert all("digest.toml:1: window_days" in fault["why"] for fault in report.failed)
    assert "| failed: delivery | " in artifact("issues")


@pytest.mark.usefixtures("prefect")
def test_a_bug_fails_the_run(home: Path) -> None:
    """What no person can mend, here an instant without a zone, is raised and not counted."""
    with pytest.raises(ValueError, match="without a zone"):
        run_flow(home, composed=datetime(2025, 5, 9, 6))  # noqa: DTZ001  (the bug)


@pytest.mark.usefixtures("prefect")
def test_the_dispatch_flow_sends_what_is_due(home: Path) -> None:
    """Readers by file who are due get their issues, a faulty one is told, and a second run finds nothing to do."""
    from flows.dispatch import dispatch

    for path in (home / "profiles").iterdir():
        path.unlink()
    for name in ("ada", "bad", "grace"):
        profile = f"email: {name}@example.org\ntopics: [owls]\nmin_score: 1\n"
        (home / "profiles" / f"{name}.yaml").write_text(profile, encoding="utf-8")
    now = datetime.now(UTC)  # noqa: TID251  (the flow's clock is the real one)
    (home / settings.FILE).write_text(f'send_at = "{now:%H:%M}"\n', encoding="utf-8")
    options = settings.load(home)
    with Store(options.database) as store:
        adopt(store, options, now=now - timedelta(minutes=30), with_offers=False)
        with store.writing() as connection:
            owls = Paper(id="doi:10.1000/owls", title="On owls", announced=now.date())
            papers.add(connection, [owls], now.date())
    (home / "profiles" / "bad.yaml").write_text("topics: owls\n", encoding="utf-8")
    report = RunReport(**asyncio.run(dispatch(home)))
    assert [each["profile"] for each in report.failed] == ["bad"]
    assert (len(report.issues), report.delivered) == (2, 2)
    assert "| failed: bad | " in artifact("dispatch")
    again = RunReport(**asyncio.run(dispatch(home)))
    assert (again.issues, again.skipped, again.failed, again.delivered) == ([], [], [], 0)


@pytest.mark.usefixtures("prefect")
def test_the_issues_flow_has_those_who_are_due_and_those_named(home: Path) -> None:
    """Beside the profiles in files there are the issues of a subscriber who is due, and of one who is named."""
    from flows.issues import issues

    options = settings.load(home)
    interests = "name: Own\ntopics: [owls, language models, audio, protein]\nmin_score: 0\n"
    with Store(options.database) as store:
        wishes = [Wish(email=f"{name}@example.org", interests=interests) for name in ("eve", "fay")]
        eve, fay = (subscribe(store, options, wish, now=NOW).subscription.slug for wish in wishes)
        for slug in (eve, fay):
            confirm(store, options, slug, now=NOW)
    report = RunReport(**asyncio.run(issues(home, [], DAY, NOW, slugs=[fay])))
    assert [each["profile"] for each in report.issues] == [fay]
    due = RunReport(**asyncio.run(issues(home, [], DAY, NOW, due=True)))
    # They were due in 2025 last.
    assert due.missed > 0
    assert due.failed == []
    # Without a site their letters have nowhere to lead, and wait.
    with Store(options.database) as store, store.reading() as connection:
        assert letters.waiting(connection) == 2


@pytest.mark.usefixtures("prefect")
def test_what_somebody_left_who_died_keeps_nobody_out() -> None:
    """A dispatch that is running for ever is called crashed, and the next one may begin."""
    from prefect.client.orchestration import get_client
    from prefect.states import Pending, Running

    from flows.deployments import PLANS, bury, deployment

    async def killed_and_started_again() -> list[str]:
        plan = next(plan for plan in PLANS if plan.name == "dispatch")
        made: Any = deployment(plan).apply()
        async with get_client() as client:
            known = made if isinstance(made, uuid.UUID) else await made
            runs = [await client.create_flow_run_from_deployment(known) for _ in range(3)]
            for state in (Pending(), Running()):
                await client.set_flow_run_state(runs[0].id, state)
            refused = (await client.set_flow_run_state(runs[1].id, Pending())).state
            await bury()
            buried = (await client.read_flow_run(runs[0].id)).state
            taken = (await client.set_flow_run_state(runs[2].id, Pending())).state
            return [str(each and each.type.value) for each in (refused, buried, taken)]

    assert asyncio.run(killed_and_started_again()) == ["CANCELLED", "CRASHED", "PENDING"]


@pytest.mark.usefixtures("prefect")
def test_helpers_are_called_that_do_not_wait_already() -> None:
    """Without a deployment nobody comes; with one as many runs as are wanted, less those that no worker took yet."""
    from prefect import flow
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterName

    from flows.deployments import PLANS, deployment
    from flows.shards import HELP, call

    @flow
    def calling(helpers: int) -> None:
        call(helpers)

    async def deploy() -> None:
        made: Any = deployment(next(plan for plan in PLANS if plan.name == HELP)).apply()
        if not isinstance(made, uuid.UUID):
            await made

    async def waiting() -> int:
        async with get_client() as client:
            name = DeploymentFilter(name=DeploymentFilterName(any_=[HELP]))
            return len(await client.read_flow_runs(deployment_filter=name))

    calling(3)
    assert asyncio.run(waiting()) == 0
    asyncio.run(deploy())
    counts = []
    for helpers in (1, 1, 3):
        calling(helpers)
        counts.append(asyncio.run(waiting()))
    assert counts == [1, 1, 3]


@pytest.mark.usefixtures("prefect")
def test_housekeeping_forgets_what_nobody_confirmed(home: Path) -> None:
    """A wish of eight days ago is gone, with its letter; what was cleared away is counted."""
    from flows.housekeeping import housekeeping

    options = settings.load(home)
    long_ago = datetime.now(UTC) - timedelta(days=8)  # noqa: TID251  (the flow's clock is the real one)
    with Store(options.database) as store:
        subscribe(store, options, Wish(email="eve@example.org", interests="topics: [owls]\n"), now=long_ago)
    # Limits are counted by address and by mailbox.
    cleared = {"unconfirmed": 1, "askings": 2, "letters": 0, "periods": 0, "runs": 0, "changes": 0}
    assert asyncio.run(housekeeping(home)) == cleared
    assert "| unconfirmed | 1 |" in artifact("housekeeping")


@pytest.mark.usefixtures("prefect")
def test_the_ingest_flow_counts_like_ingest(tmp_path: Path) -> None:
    """Every source is a task with its row in the table; a bad one costs only itself."""
    from flows.ingest import ingest as ingest_flow

    sources = [*sorted(sample.FOLDER.iterdir()), tmp_path / "missing.jsonl", tmp_path / "broken|one.jsonl"]
    sources[-1].write_text("{", encoding="utf-8")
    with Store(tmp_path / "plain" / "digest.sqlite3") as store:
        expected = ingest(store, sources, as_of=DAY)
    report = asyncio.run(ingest_flow(tmp_path / "home", sources, DAY))
    assert (report["new"], report["rejected"]) == (expected.new, expected.rejected) == (60, 2)
    assert [each["where"] for each in report["rejections"]] == [each.where for each in expected.rejections]
    table = artifact("ingest").splitlines()
    assert table[2] == "| source | read | new | updated | duplicate | rejected |"
    assert table[4] == "| 2025-05-05.jsonl | 12 | 12 | 0 | 0 | 0 |"
    assert table[-1] == "| broken\\|one.jsonl | 0 | 0 | 0 | 0 | 1 |"


@pytest.mark.usefixtures("prefect")
def test_the_ingest_flow_counts_a_source_it_cannot_begin(home: Path, tmp_path: Path) -> None:
    """A fault of the installation is a rejection of every source, not a crash."""
    from flows.ingest import ingest as ingest_flow

    (home / "digest.toml").write_text("window_days = 0\n", encoding="utf-8")
    report = asyncio.run(ingest_flow(home, [tmp_path / "one", tmp_path / "two"], DAY))
    assert (report["rejected"], report["new"]) == (2, 0)
    assert [each["where"] for each in report["rejections"]] == [str(tmp_path / "one"), str(tmp_path / "two")]


PAPER = '{"id": "2505.%05d", "title": "Owl %d", "abstract": "On owls.", "announced": "2025-05-09"}'


class Feeds:
    """A server on loopback: a paper at each path, 503 until `/flaky` was asked five times, 404 at `/gone`."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.busy = 0
        self.overlapped = False
        feeds = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                feeds.asked.append(self.path)
                feeds.overlapped |= feeds.busy > 0
                feeds.busy += 1
                time.sleep(0.05)
                is_down = self.path == "/flaky" and feeds.asked.count(self.path) <= 5
                self.send_response(503 if is_down else 404 if self.path == "/gone" else 200)
                self.end_headers()
                number = 1 + ["/one", "/two", "/flaky", "/gone"].index(self.path)
                self.wfile.write((PAPER % (number, number)).encode())
                feeds.busy -= 1

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class's name)
                """Be silent."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def feeds(monkeypatch: pytest.MonkeyPatch) -> Iterator[Feeds]:
    """A server, for which nobody waits as long as for a real one."""
    import flows.fetch
    from digest import turns

    hurried = replace(real_world(lambda: datetime.now(UTC)), sleep=lambda seconds: time.sleep(min(seconds, 0.1)))  # noqa: TID251
    monkeypatch.setattr(turns, "GAP", 0.1)
    monkeypatch.setattr(flows.fetch, "real_world", lambda _now: hurried)
    at_once = flows.fetch.fetch_source.with_options(retry_delay_seconds=0)
    monkeypatch.setattr(flows.fetch, "fetch_source", at_once)
    running = Feeds()
    yield running
    running.close()


@pytest.mark.usefixtures("prefect")
def test_the_fetch_flow_asks_each_server_by_one_at_a_time(tmp_path: Path, feeds: Feeds) -> None:
    """Each source is a task; what failed for the moment is tried again, what failed for good is not; all have a row."""
    from flows.fetch import fetch

    (tmp_path / "dumps").mkdir()
    (tmp_path / "dumps" / "a.jsonl").write_text(PAPER % (9, 9), encoding="utf-8")
    names = [*(f"{feeds.url}/{path}" for path in ("one", "gone", "flaky", "two")), str(tmp_path / "dumps")]
    reports = [SourceReport.from_dict(each) for each in asyncio.run(fetch(tmp_path / "home", DAY, NOW, names))]
    assert [report.source for report in reports] == names
    assert [report.ingested.new for report in reports] == [1, 0, 1, 1, 1]
    assert [report.failure for report in reports if report.failure] == ["cannot fetch from '127.0.0.1': 404 Not Found"]
    # Five times in the first attempt, once in the second.
    assert feeds.asked == ["/one", "/gone", *["/flaky"] * 6, "/two"]
    assert not feeds.overlapped
    rows = artifact("fetch").splitlines()
    assert rows[0] == "## Sources on 2025-05-09"
    assert rows[2] == "| source | asked | announced | read | new | updated | rejected | look at this |"
    assert rows[4] == f"| {feeds.url}/one | 2025-05-09 |  | 1 | 1 | 0 | 0 |  |"
    assert rows[5].endswith("| 0 | 0 | 0 | 0 | cannot fetch from '127.0.0.1': 404 Not Found |")


@pytest.mark.usefixtures("prefect")
def test_the_fetch_flow_tells_of_a_source_that_stays_down(
    tmp_path: Path, feeds: Feeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When its attempts are used up, a source that is listed is reported as `digest fetch` would."""
    import flows.fetch

    monkeypatch.setattr(flows.fetch, "fetch_source", flows.fetch.fetch_source.with_options(retries=0))
    home = tmp_path / "home"
    home.mkdir()
    (home / "digest.toml").write_text(f'sources = ["{feeds.url}/flaky"]\n', encoding="utf-8")
    (values,) = asyncio.run(flows.fetch.fetch(home, DAY, NOW))
    report = SourceReport.from_dict(values)
    assert (report.source, report.is_transient, report.documents) == (f"{feeds.url}/flaky", True, 0)
    assert report.failure == "cannot fetch from '127.0.0.1': 503 Service Unavailable (tried 5 times)"


def environment(home: Path) -> dict[str, str]:
    """What a user's shell would hand on: nothing about Prefect."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PREFECT_", "DO_NOT_TRACK"))}
    return kept | {"DIGEST_HOME": str(home)}


def test_nothing_is_reported_to_prefects_makers(tmp_path: Path) -> None:
    """Importing the flows turns telemetry off and keeps Prefect's files in DIGEST_HOME, unless told otherwise."""
    code = (
        "import flows, prefect.settings as s\n"
        "from prefect._internal.analytics.enabled import is_telemetry_enabled\n"
        "now = s.get_current_settings()\n"
        "print(now.home, now.server.analytics_enabled, is_telemetry_enabled())"
    )
    shell = environment(tmp_path)
    command = [sys.executable, "-c", code]
    told = subprocess.run(command, env=shell, capture_output=True, text=True, check=True).stdout
    assert told.split() == [str(tmp_path / "prefect"), "False", "False"]


@pytest.mark.slow
def test_a_run_with_prefect_is_quiet_and_the_same(home: Path, tmp_path: Path) -> None:
    """`digest run` with its default engine says two lines of its own on stderr, and writes what the plain one does."""
    plain = fill(tmp_path / "plain")
    words = ["run", "--date", str(DAY)]
    done = subprocess.run([DIGEST, *words], env=environment(home), capture_output=True, text=True, check=True)
    assert done.stderr.splitlines() == [STARTING]
    words += ["--engine", "plain"]
    quick = subprocess.run([DIGEST, *words], env=environment(plain), capture_output=True, text=True, check=True)
    assert quick.stderr == ""
    assert done.stdout == quick.stdout.replace(str(plain), str(home))
    assert files(home) == files(plain)


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [1, 5])
def test_an_interrupt_ends_a_run_with_prefect(home: Path, seconds: float) -> None:
    """Ctrl-C while Prefect starts ends the run soon, with code 130 and no traceback; the next run does the work."""
    with subprocess.Popen(
        [DIGEST, "run", "--date", str(DAY)],
        env=environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline().strip() == STARTING
        time.sleep(seconds)
        # A terminal sends it to the program and to the server that the program started.
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in err
    assert run_plainly(home).delivered == 2


def test_returned_mails_are_read_by_a_flow(prefect: None, home: Path) -> None:  # noqa: ARG001
    """From the Maildir that the settings name, with a report as of the command."""
    from flows.bounces import bounces

    for name in ("new", "cur", "tmp"):
        (home / "returned" / name).mkdir(parents=True)
    (home / "returned" / "new" / "1").write_bytes(b"Subject: hello\n\nThis is no bounce.\n")
    (home / "digest.toml").write_text('[bounces]\nmaildir = "returned"\n', encoding="utf-8")
    report = asyncio.run(bounces(home))
    assert (report["read"], report["others"], report["failed"]) == (1, {"other mails": 1}, [])
    assert [path.name for path in (home / "returned" / "cur").iterdir()] == ["1:2,"]
