"""`digest templates` as operators meet it, and the report that a run sends them."""

from __future__ import annotations

import sys
from email import message_from_bytes
from email.policy import default
from typing import TYPE_CHECKING, Protocol

import pytest

from digest.cli.main import main
from digest.cli.templates import Name

if TYPE_CHECKING:
    from pathlib import Path


class Digest(Protocol):
    """Runs one command in this process."""

    def __call__(self, *args: str) -> tuple[int, str, str]:
        """Exit code, stdout and stderr."""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty DIGEST_HOME."""
    monkeypatch.setenv("DIGEST_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def digest(home: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Digest:
    """Runs a command with this home."""

    def run(*args: str) -> tuple[int, str, str]:
        home.mkdir(exist_ok=True)
        monkeypatch.setattr(sys, "argv", ["digest", *args])
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsysbinary.readouterr()
        return int(left.value.code or 0), out.decode(), err.decode()

    return run


def write(home: Path, name: str, content: str) -> None:
    """A template of the operator's."""
    path = home / "templates" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


def test_good_templates_are_counted(digest: Digest, home: Path) -> None:
    """The shipped templates are good, and so is one of the operator's that replaces a block."""
    code, out, err = digest("templates", "check")
    assert (code, err) == (0, "")
    assert "with 0 files of" in out
    write(
        home, "mail/issue/body.txt", '{% extends "default/mail/issue/body.txt" %}{% block footer %}Bye\n{% endblock %}'
    )
    code, out, _ = digest("templates", "check")
    assert code == 0
    assert f"with 1 file of {home / 'templates'}: all good" in out


def test_every_faulty_template_is_named_with_its_line(digest: Digest, home: Path) -> None:
    """Faults come a line each: what does not compile first, and when that is mended, unknown names of all mails."""
    write(home, "mail/report/subject.txt", "\n{% if %}")
    write(home, "mail/goodbye/body.html", "{{ headline }}\n{{ expires }}")
    write(home, "model/gist.txt", "{{ titel }}")
    code, out, err = digest("templates", "check")
    assert (code, out) == (1, "")
    assert err.startswith("mail/report/subject.txt:2: ")
    write(home, "mail/report/subject.txt", "{{ headline }}")
    code, out, err = digest("templates", "check")
    assert (code, out) == (1, "")
    told = err.splitlines()
    assert told == ["mail/goodbye/body.html:2: 'expires' is undefined", "model/gist.txt:1: 'titel' is undefined"]


@pytest.mark.parametrize("name", Name)
def test_every_mail_can_be_looked_at(digest: Digest, name: str) -> None:
    """Each is printed as HTML, and mails as text with their subject."""
    code, html, _ = digest("templates", "show", name, "--format", "html")
    assert code == 0
    assert html.startswith("<!DOCTYPE html>")
    code, text, _ = digest("templates", "show", name)
    assert code == 0
    assert text.startswith("<!DOCTYPE html>" if name == "page" else "Subject: ")


def test_only_what_is_shown_has_to_be_good(digest: Digest, home: Path) -> None:
    """A fault elsewhere does not keep a mail from being looked at; one in it is told with its line."""
    write(home, "mail/goodbye/body.txt", "{{ papr }}")
    assert digest("templates", "show", "confirmation")[0] == 0
    code, out, err = digest("templates", "show", "goodbye")
    assert (code, out) == (1, "")
    assert err == "digest: mail/goodbye/body.txt:1: 'papr' is undefined\n"


def test_the_operator_gets_a_report_of_a_run_that_did_something(digest: Digest, home: Path) -> None:
    """A run with a faulty profile reports it once; a dry run and one without anything to do report nothing."""
    (home / "profiles").mkdir(parents=True)
    (home / "digest.toml").write_text('operator = "ops@example.org"\n', encoding="utf-8")
    run = ("run", "--engine", "plain", "--date", "2025-05-09")
    good = home / "profiles" / "ada.yaml"
    good.write_text("name: Ada\nemail: ada@example.org\ntopics: [owls]\n", encoding="utf-8")
    assert digest(*run)[0] == 0
    assert not (home / "outbox").exists()
    (home / "profiles" / "bo.yaml").write_text("topics: 7\n", encoding="utf-8")
    assert digest(*run, "--dry-run")[0] == 1
    assert not (home / "outbox").exists()
    for _ in range(2):
        assert digest(*run)[0] == 1
    [path] = (home / "outbox").iterdir()
    mail = message_from_bytes(path.read_bytes(), policy=default)
    assert mail["To"] == "ops@example.org"
    assert mail["Subject"] == "Run for 9 May: 0 mails, 1 fault"
    text = mail.get_body(("plain",))
    assert text is not None
    assert "- bo:" in text.get_content()
    assert "ada@example.org" not in text.get_content()


def test_templates_of_the_site_are_looked_at_before_it_starts(digest: Digest, home: Path) -> None:
    """Faults of all files at once, with their lines; `digest serve` says the same and starts nothing."""
    write(home, "web/site/search.html", "<p>\n{{ qery }}\n")
    write(home, "mail/goodbye/body.txt", "{{ nam }}\n")
    for words in (("templates", "check"), ("serve", "--port", "8000")):
        code, _, err = digest(*words)
        assert code == 1
        assert "web/site/search.html:2: 'qery' is undefined" in err
        assert "mail/goodbye/body.txt:1: 'nam' is undefined" in err
    assert not (home / "logs").exists()
