"""Subscriptions on the command line: what commands do and print, their exit codes, and who is not named."""

from __future__ import annotations

import json
import os
import shlex
import sys
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from digest import sample
from digest.cli import main
from digest.cli.context import clock
from digest.ingest import ingest
from digest.store import Store, bounces

if TYPE_CHECKING:
    from collections.abc import Callable

ADA = "ada@example.org"
TALKING, ROBOTS = "topics: [talking heads]\nmin_score: 10\n", "topics: [robots]\nmin_score: 10\n"


@dataclass
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401
        """Its answer as values."""
        return json.loads(self.out)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new home, which is the DIGEST_HOME."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("DIGEST_HOME", str(home))
    return home


@pytest.fixture
def digest(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Runs commands there."""
    assert home.exists()

    def run(*words: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["digest", *words])
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsys.readouterr()
        return Said(int(left.value.code or 0), out, err)

    return run


@pytest.fixture
def subscribers(digest: Callable[..., Said]) -> Callable[..., Said]:
    """Runs `digest subscribers` there."""
    return partial(digest, "subscribers")


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str, str], str]:
    """Writes a file; its path."""

    def write(name: str, text: str) -> str:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def site(home: Path) -> None:
    """Give the installation a site."""
    (home / "digest.toml").write_text('site_url = "https://digest.example.org"\n', encoding="utf-8")


def slug_of(said: Said) -> str:
    """The subscription that a command tells of."""
    assert said.code == 0, said.err
    return said.out.partition(":")[0]


def test_adding_asks_the_owner(subscribers: Callable[..., Said], home: Path) -> None:
    """With a site a letter is sent; the command's answer has no address."""
    site(home)
    said = subscribers("add", ADA, "--frequency", "weekly mon", "--at", "7:30", "--zone", "Europe/Lisbon")
    assert said.out.endswith(": pending, every Monday at 07:30 (Europe/Lisbon)\n")
    assert said.err == "1 letter sent\n"
    assert len(list((home / "outbox").iterdir())) == 1
    assert "@" not in said.out + said.err


def test_without_a_site_the_operator_confirms(subscribers: Callable[..., Said]) -> None:
    """The command says how; then the first issue has its time, and the record says who vouched."""
    said = subscribers("add", ADA)
    slug = slug_of(said)
    assert f"digest subscribers confirm {slug}" in said.err
    assert "confirmed; next issue" in subscribers("confirm", slug).out
    shown = subscribers("show", ADA, "--json").json
    assert (shown["standing"], shown["source"], shown["address"]) == ("active", "operator", ADA)
    assert shown["confirmed"]


def test_the_life_of_a_subscription(subscribers: Callable[..., Said]) -> None:
    """Added on somebody's word, paused, resumed and ended, named by its name or its reader's address."""
    slug = slug_of(subscribers("add", ADA, "--confirmed", "--patience", "5", "--format", "text", "--language", "de"))
    assert subscribers("pause", ADA, "--until", "2031-07-01").out.startswith(f"{slug}: paused until 2031-07-01; next")
    assert subscribers("show", slug, "--json").json["day"] == "2031-07-01"
    assert subscribers("resume", slug).out.startswith(f"{slug}: active; next issue ")
    assert subscribers("unsubscribe", ADA).out == f"{slug}: ended\n"
    again = subscribers("resume", slug)
    assert (again.code, again.err) == (1, "digest: it is ended, and cannot become active\n")
    assert subscribers("add", ADA, "--confirmed").out.startswith(f"{slug}: active")


def test_what_is_shown(subscribers: Callable[..., Said]) -> None:
    """Schedule in words, the next issue by the reader's clocks, and the consent; lists have no address unless asked."""
    slug = slug_of(subscribers("add", ADA, "--confirmed", "--frequency", "weekdays", "--zone", "Asia/Tokyo"))
    shown = subscribers("show", slug).out
    for line in ("schedule      Monday to Friday at 06:00 (Asia/Tokyo)", f"address       {ADA}", ", by operator"):
        assert line in shown
    assert " 06:00 Asia/Tokyo" in shown
    listed = subscribers("list")
    assert f"{slug}   active   trending" in listed.out
    assert listed.out.endswith("in all: 1 active\n")
    assert "@" not in listed.out + subscribers("list", "--json").out
    assert ADA in subscribers("list", "--addresses").out
    assert subscribers("list", "--json", "--addresses").json["subscriptions"][0]["address"] == ADA
    assert subscribers("list", "--standing", "paused", "--json").json["subscriptions"] == []


def test_a_reader_whose_profile_is_a_file(subscribers: Callable[..., Said], home: Path) -> None:
    """It is paused, resumed, shown and ended by its name, and begins again when the operator says so."""
    (home / "profiles").mkdir()
    (home / "profiles" / "grace.yaml").write_text(f"email: {ADA}\n{TALKING}", encoding="utf-8")
    assert subscribers("pause", "grace").out == "grace: paused\n"
    assert "standing      paused" in subscribers("show", "grace").out
    assert subscribers("resume", "grace").code == 0
    assert subscribers("unsubscribe", "grace").out == "grace: ended\n"
    assert subscribers("confirm", "grace").out.startswith("grace: confirmed; next issue")
    edited = subscribers("edit", "grace", "--check")
    assert edited.code == 2
    assert "grace.yaml" in edited.err
    assert subscribers("export", "grace").json["subscriptions"][0]["slug"] == "grace"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("add", "ada"), "expected an address"),
        (("add", ADA, "--zone", "Mars"), "zone: expected an IANA time zone"),
        (("add", ADA, "--patience", "0"), "patience: expected 6 hours"),
        (("add", ADA, "--digest", "owls"), "expected one of trending"),
        (("add", ADA, "--digest", "trending", "--interests", "x.yaml"), "not both"),
        (("show", "s-0"), "no subscription 's-0'"),
        (("show", ADA), "nobody subscribed with this address"),
        (("show", "a@b"), "expected an address"),
        (("export",), "name a subscription"),
        (("import", "x.csv", "--confirmed"), "needs --source"),
        (("rollback", "s-0", "0"), "greater than or equal to 1"),
    ],
)
def test_wrong_use_is_told(subscribers: Callable[..., Said], words: tuple[str, ...], why: str) -> None:
    """The exit code is 2, and no address that was typed is repeated."""
    said = subscribers(*words)
    assert said.code == 2
    assert why in " ".join(said.err.split())
    assert ADA not in said.err.replace(f"like {ADA}", "").replace("like ada@example.org", "")


def test_an_address_with_several_subscriptions(subscribers: Callable[..., Said], file: Callable[..., str]) -> None:
    """It names none of them, so the command says which there are; all of them end at once."""
    one = slug_of(subscribers("add", ADA, "--confirmed"))
    other = slug_of(subscribers("add", ADA, "--confirmed", "--interests", file("own.yaml", TALKING)))
    said = subscribers("pause", ADA)
    assert said.code == 2
    assert all(slug in said.err for slug in (one, other))
    assert ADA not in said.err
    ended = subscribers("unsubscribe", one, "--all", "--json").json
    assert {each["slug"]: each["standing"] for each in ended} == {one: "ended", other: "ended"}


def test_a_profile_is_edited_with_what_that_changes(
    subscribers: Callable[..., Said], home: Path, file: Callable[..., str]
) -> None:
    """The last week's papers that come and go are told; versions are kept, gone back to, and not made by a check."""
    with Store(home / "digest.sqlite3") as store:
        ingest(store, [sample.FOLDER], as_of=date(2025, 5, 9))
    slug = slug_of(subscribers("add", ADA, "--confirmed", "--interests", file("own.yaml", TALKING)))
    robots = file("robots.yaml", ROBOTS)
    checked = subscribers("edit", ADA, "--file", robots, "--check")
    assert checked.out.startswith("would add ")
    assert "\n+ 2025-05-0" in checked.out
    assert "\n- 2025-05-0" in checked.out
    assert [each["number"] for each in subscribers("history", slug, "--json").json] == [1]
    edited = subscribers("edit", slug, "--file", robots, "--json").json
    assert edited["version"] == 2
    assert edited["adds"]
    assert subscribers("rollback", slug, "1").out == f"{slug}: version 3 is version 1 again\n"
    told = [(each["number"], each["reason"]) for each in subscribers("history", slug, "--json").json]
    assert told == [(3, "back to version 1"), (2, "edited by command"), (1, "subscribed")]
    assert subscribers("rollback", slug, "9").code == 2


def test_the_way_back_to_a_shared_digest(subscribers: Callable[..., Said], file: Callable[..., str]) -> None:
    """With --digest its own interests rest, with all versions, and rollback makes one count again."""
    slug = slug_of(subscribers("add", ADA, "--confirmed", "--digest", "trending"))
    subscribers("edit", slug, "--file", file("own.yaml", TALKING))
    assert subscribers("show", slug, "--json").json["digest"] == "own"
    assert subscribers("edit", slug, "--digest", "trending", "--json").json["digest"] == "trending"
    assert len(subscribers("history", slug, "--json").json) == 1
    subscribers("rollback", slug, "1")
    assert subscribers("show", slug, "--json").json["digest"] == "own"
    assert "expected one of trending" in subscribers("edit", slug, "--digest", "owls").err
    assert subscribers("edit", slug, "--digest", "trending", "--check").code == 2
    subscribers("add", ADA, "--confirmed", "--digest", "trending")
    assert "already" in subscribers("edit", slug, "--digest", "trending").err


def test_a_command_counts_after_an_edit_of_the_file(subscribers: Callable[..., Said], home: Path) -> None:
    """No run has met the edit yet, and still the command was typed later: it counts of what both say."""
    (home / "profiles").mkdir()
    path = home / "profiles" / "ada.yaml"
    path.write_text("topics: [owls]\nsend_at: 08:00\n", encoding="utf-8")
    subscribers("show", "ada")
    path.write_text("topics: [owls]\nsend_at: 09:00\nfrequency: weekdays\n", encoding="utf-8")
    subscribers("edit", "ada", "--at", "10:00", "--patience", "2 days")
    told = subscribers("show", "ada", "--json").json
    assert (told["at"], told["frequency"], told["patience"]) == ("10:00", "weekdays", "2 days")
    path.write_text("topics: 7\n", encoding="utf-8")
    assert subscribers("show", "ada", "--json").json["at"] == "10:00"


def test_an_edit_with_faults_is_not_kept(subscribers: Callable[..., Said], file: Callable[..., str]) -> None:
    """Each fault has its line and reason, and the profile stays as it was."""
    slug = slug_of(subscribers("add", ADA, "--confirmed", "--interests", file("own.yaml", TALKING)))
    said = subscribers("edit", slug, "--file", file("bad.yaml", "topics: [owls]\nmin_score: high\n"))
    assert said.code == 1
    assert "interests.yaml:2: min_score: expected a number from 0 to 100, got 'high'" in said.err
    assert len(subscribers("history", slug, "--json").json) == 1


@pytest.mark.skipif(os.name == "nt", reason="the editor of this test is a shell's")
def test_the_users_own_editor(
    subscribers: Callable[..., Said], file: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is saved counts; what is not changed makes no version; a faulty text is kept in its file and told."""
    slug = slug_of(subscribers("add", ADA, "--confirmed"))
    program = file("edit.py", "import sys\np = sys.argv[2]\nt = open(p).read()\nopen(p, 'w').write(eval(sys.argv[1]))")
    monkeypatch.delenv("VISUAL", raising=False)

    def edit(expression: str) -> Said:
        monkeypatch.setenv("EDITOR", shlex.join([sys.executable, program, expression]))
        return subscribers("edit", slug)

    assert edit("t").err == "nothing was changed\n"
    # What it begins with is the digest that the reader has.
    assert edit("t.replace('max_papers: 10', 'max_papers: 5')").out.endswith(f"{slug}: version 1\n")
    assert subscribers("show", slug, "--json").json["digest"] == "own"
    failed = edit("'topics: [owls'")
    assert failed.code == 1
    kept = Path(failed.err.partition("--file ")[2].split()[0])
    assert kept.read_text(encoding="utf-8") == "topics: [owls"
    kept.unlink()
    monkeypatch.setenv("EDITOR", "no-such-editor")
    assert "cannot be started" in subscribers("edit", slug).err


def test_preferences_are_edited_by_options(subscribers: Callable[..., Said]) -> None:
    """The next issue is by the new schedule; a check changes nothing."""
    slug = slug_of(subscribers("add", ADA, "--confirmed"))
    assert (
        subscribers("edit", slug, "--frequency", "weekly sat", "--check").out == f"{slug}: the preferences are good\n"
    )
    assert subscribers("show", slug, "--json").json["frequency"] == "daily"
    assert subscribers("edit", slug, "--frequency", "weekly sat", "--at", "9:00").out.startswith(f"{slug}: Sat ")
    assert subscribers("edit", slug, "--frequency", "hourly").code == 2


def test_a_list_is_brought_in_once(subscribers: Callable[..., Said], file: Callable[..., str]) -> None:
    """Good rows are kept with their source, bad ones named; again it adds nobody, nor who has left since."""
    file("own.yaml", TALKING)
    path = file(
        "readers.csv",
        "email,frequency,zone,interests\n"
        f"{ADA},weekly fri,Europe/Lisbon,\n"
        "bob@example.org,,,own.yaml\n"
        "cyd@example.org,hourly,,\n"
        "dee@example.org,,,missing.yaml\n",
    )
    first = subscribers("import", path, "--confirmed", "--source", "staff list", "--json")
    assert first.code == 1
    assert {name: first.json[name] for name in ("added", "asked", "known")} == {"added": 2, "asked": 0, "known": 0}
    assert f"{path}:4: frequency: expected daily" in first.err
    assert f"{path}:5: " in first.err
    assert "missing.yaml: cannot be read" in first.err
    assert "@" not in first.err
    assert subscribers("show", ADA, "--json").json["source"] == "staff list"
    subscribers("unsubscribe", ADA)
    again = subscribers("import", path, "--confirmed", "--source", "staff list", "--json")
    assert (again.json["added"], again.json["known"]) == (0, 2)
    assert subscribers("show", ADA, "--json").json["standing"] == "ended"


def test_a_list_asks_nobody_who_wished_for_no_more_mails(
    subscribers: Callable[..., Said], home: Path, file: Callable[..., str]
) -> None:
    """Their row is named, and the others are added; the operator can undo the suppression by the name of a reader."""
    subscribers("add", ADA, "--confirmed")
    with Store(home / "digest.sqlite3") as store, store.writing() as connection:
        bounces.suppress(connection, ADA, bounces.Reason.COMPLAINT, now=clock())
    assert subscribers("forget", ADA, "--yes").code == 0
    path = file("readers.csv", f"email\n{ADA}\nbob@example.org\n")
    said = subscribers("import", path, "--confirmed", "--source", "staff list")
    assert (said.code, said.out) == (1, "1 added, 0 asked, 0 known, 1 fault\n")
    assert f"{path}:2: email: its owner wished for no more mails (complaint)" in said.err


def test_a_list_without_consent_is_asked(
    subscribers: Callable[..., Said], home: Path, file: Callable[..., str]
) -> None:
    """Each is sent one letter, however often the list is brought in."""
    site(home)
    path = file("readers.csv", f"email\n{ADA}\nbob@example.org\n{ADA.upper()}\n")
    said = subscribers("import", path)
    assert (said.code, said.out) == (0, "0 added, 2 asked, 1 known, 0 faults\n")
    assert subscribers("import", path).out == "0 added, 0 asked, 3 known, 0 faults\n"
    assert len(list((home / "outbox").iterdir())) == 2


@pytest.mark.parametrize(
    ("content", "why"), [(b"\xff\xfe", "not UTF-8"), (b"", "empty"), (b"name\nAda\n", "no column is called 'name'")]
)
def test_what_is_no_list_is_told(subscribers: Callable[..., Said], tmp_path: Path, content: bytes, why: str) -> None:
    """One line, exit code 1, nobody added."""
    path = tmp_path / "readers.csv"
    path.write_bytes(content)
    said = subscribers("import", str(path))
    assert said.code == 1
    assert why in said.err
    assert subscribers("list").out == "in all: none\n"


def test_all_that_is_held_is_given_out(subscribers: Callable[..., Said]) -> None:
    """By address, by name, and of everybody; each reader's own only."""
    slug = slug_of(subscribers("add", ADA, "--confirmed"))
    subscribers("add", "bob@example.org", "--confirmed")
    held = subscribers("export", ADA).json
    assert held == subscribers("export", slug).json
    assert (held["subscriber"]["address"], held["subscriptions"][0]["source"]) == (ADA, "operator")
    assert "bob" not in json.dumps(held)
    assert len(subscribers("export", "--all").json) == 2


def test_forgetting_asks_first(
    subscribers: Callable[..., Said], home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without a yes nothing is deleted; with it the address is nowhere any more."""
    slug = slug_of(subscribers("add", ADA, "--confirmed"))
    answers = tmp_path / "answers"
    answers.write_text("n\n", encoding="utf-8")
    with answers.open(encoding="utf-8") as said_no:
        monkeypatch.setattr(sys, "stdin", said_no)
        assert subscribers("forget", ADA).code == 1
    assert subscribers("show", slug).code == 0
    gone = subscribers("forget", ADA, "--yes")
    assert (gone.code, gone.out) == (0, "1 subscription and 0 files deleted\n")
    assert subscribers("show", slug).code == 2
    assert not [path for path in home.rglob("*") if path.is_file() and ADA.encode() in path.read_bytes()]


def test_a_suppressed_address_is_told_of(subscribers: Callable[..., Said], home: Path) -> None:
    """Whoever is added on the operator's word gets nothing while the address is suppressed, and the command says so."""
    with Store(home / "digest.sqlite3") as store, store.writing() as connection:
        bounces.suppress(connection, ADA, bounces.Reason.UNSUBSCRIBED, now=clock())
    said = subscribers("add", ADA, "--confirmed")
    assert "its address is suppressed (unsubscribed): digest bounces undo" in said.err
    assert "suppressed    unsubscribed: digest bounces undo" in subscribers("show", ADA).out
    assert "kept: that nothing is sent to the address (unsubscribed)" in subscribers("forget", ADA, "--yes").err


def test_bounces_know_subscriptions(digest: Callable[..., Said]) -> None:
    """An address is suppressed and freed by the name of a subscription, which stands beside it in the list."""
    slug = slug_of(digest("subscribers", "add", "bob@example.org", "--confirmed"))
    assert digest("bounces", "suppress", slug).out == f"{slug}: is sent nothing from now on\n"
    assert digest("bounces", "list", "--json").json["suppressed"][0]["profiles"] == [slug]
    assert digest("bounces", "undo", slug).out == f"{slug}: is sent to again\n"
