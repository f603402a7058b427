"""The mails that are no issues: what they say, to whom they are safe to send, and that the operator is told once."""

from __future__ import annotations

import email
import email.policy
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest import alarms, operator_report, specimens
from digest.batch import Batch
from digest.errors import TemplateError
from digest.letters import FAULTS_SHOWN, Confirmation, Goodbye, Letter, Report
from digest.look import Look
from digest.render import Renderer
from digest.run_report import RunReport
from digest.settings import Settings
from digest.store import Store, batches
from digest.types import SkipReason
from digest.typeset import columns

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from digest.databases import Place

DAY = date(2025, 5, 9)
NOW = datetime(2025, 5, 9, 6, tzinfo=UTC)
LINK = "https://digest.example.org/c/abc"


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    """The shipped templates, with a look."""
    return Renderer(None, Look(masthead="Owl Lab", address="1 Wood Lane, Oxford", accent="#0b6e4f"))


def failed(count: int) -> RunReport:
    """A run in which so much went wrong."""
    report = RunReport()
    for number in range(count):
        report.fail(f"reader-{number}", "no such letter box")
    return report


def test_a_confirmation_says_what_by_when_and_how_not(renderer: Renderer) -> None:
    """Each part has the name, what was subscribed to, the link, its last day, and that doing nothing is enough."""
    mail = renderer.letter(Confirmation(name="Ada", subscription="Owls & ears", link=LINK, expires=DAY))
    assert mail.subject == "Confirm your subscription to “Owls & ears”"
    for part in (mail.text, mail.html.replace("&amp;", "&")):
        words = " ".join(part.split())
        assert all(each in words for each in ("Ada", "Owls & ears", LINK, "9 May 2025", "do nothing", "1 Wood Lane"))
    assert f'href="{LINK}"' in mail.html
    assert "#0b6e4f" in mail.html


@pytest.mark.parametrize(
    "bait",
    ["Win at evil.example", "https://evil.example", "www evil", "see evil.example/now", "a@evil.example", "\\\\evil"],
)
def test_a_confirmation_carries_nobodys_advertisement(renderer: Renderer, bait: str) -> None:
    """A name or a subscription that would be shown as a link is left out, and the mail is whole without it."""
    bare = renderer.letter(Confirmation(subscription="", link=LINK, expires=DAY))
    assert renderer.letter(Confirmation(name=bait, subscription=bait, link=LINK, expires=DAY)) == bare
    assert "Hello" not in bare.text
    assert "news of papers" in bare.text


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=300), st.text(max_size=300))
def test_any_words_are_inert(renderer: Renderer, name: str, subscription: str) -> None:
    """Whatever somebody types into a form, the mail has one link, one line of subject and its own markup only."""
    mail = renderer.letter(Confirmation(name=name, subscription=subscription, link=LINK, expires=DAY))
    bare = renderer.letter(Confirmation(name="Ada", subscription="Owls", link=LINK, expires=DAY))
    assert mail.html.count("<") <= bare.html.count("<")
    assert mail.html.count("href=") == 1
    assert "\n" not in mail.subject
    assert all(columns(line) <= 72 for line in mail.text.splitlines())


def test_a_goodbye_leads_back_where_there_is_a_way(renderer: Renderer) -> None:
    """With a link it can be undone; without one there is nothing to follow."""
    there, none = (renderer.letter(Goodbye(subscription="Owls", link=link)) for link in (LINK, ""))
    for part in (there.text, there.html):
        assert LINK in part
        assert "Owls" in part
    for part in (none.text, none.html):
        assert "https://digest" not in part
        assert "mistake" not in part


def test_a_report_counts_and_names(renderer: Renderer) -> None:
    """Each part has what was done, why readers got nothing, each fault with its reader and each alarm."""
    run = failed(1)
    run.delivered, run.held = 12, 2
    run.skip("bo", SkipReason.NO_NEW_PAPERS)
    mail = renderer.letter(Report(day=DAY, run=run, alarms=("arXiv cs.CV, 9 May: <nothing> since 5 May",)))
    assert mail.subject == "Run for 9 May: 12 mails, 1 fault, 1 odd source"
    for part in (mail.text, mail.html.replace("&lt;", "<").replace("&gt;", ">")):
        words = " ".join(part.split())
        for told in ("mails delivered", "held by another run", "no issue: no new papers", "reader-0", "no such letter"):
            assert told in words
        assert "arXiv cs.CV, 9 May: <nothing> since 5 May" in words


def test_a_report_of_a_disaster_stays_short(renderer: Renderer) -> None:
    """Of thousands of faults the first are named and the others counted."""
    mail = renderer.letter(Report(day=DAY, run=failed(5000)))
    for part in (mail.text, mail.html):
        assert part.count("no such letter box") == FAULTS_SHOWN
        assert f"and {5000 - FAULTS_SHOWN:,} more" in part


@pytest.mark.parametrize("letter", [each for letters in specimens.letters().values() for each in letters])
def test_letters_are_the_same_for_ever(renderer: Renderer, letter: Letter) -> None:
    """The same letter gives the same bytes, in text of at most 72 columns that leaves no line of blanks."""
    mail = renderer.letter(letter)
    assert mail == renderer.letter(letter)
    assert mail.subject
    assert all(columns(line) <= 72 and line == line.rstrip() for line in mail.text.splitlines())
    assert "\n\n\n" not in mail.text


def test_a_letters_template_can_be_replaced(tmp_path: Path) -> None:
    """A block of a letter is replaced as one of an issue is; a fault in it is told at the start, with its line."""
    own = tmp_path / "mail" / "goodbye" / "body.txt"
    own.parent.mkdir(parents=True)
    own.write_text('{% extends "default/mail/goodbye/body.txt" %}{% block letter %}Bye {{ name }}\n{% endblock %}')
    assert "Bye Ada\n" in Renderer(tmp_path).letter(Goodbye(name="Ada", subscription="Owls")).text
    own.write_text("Bye\n{{ expires }}")
    with pytest.raises(TemplateError, match=r"mail/goodbye/body\.txt:2: 'expires' is undefined"):
        Renderer(tmp_path)


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    """An empty database."""
    with Store(place) as opened:
        yield opened


def reports(home: Path) -> list[bytes]:
    """The mails in the outbox."""
    return [path.read_bytes() for path in sorted((home / "outbox").glob("*.eml"))]


def test_the_operator_is_told_once_what_a_run_did(tmp_path: Path) -> None:
    """A run that did or failed to do something is reported, the same again once only, and what differs anew."""
    here = Settings(home=tmp_path, operator="Ada <ada@example.org>")
    for run in (failed(1), failed(1), failed(2)):
        operator_report.send(here, run, (), day=DAY, now=NOW, environment={})
    first, second = (email.message_from_bytes(raw, policy=email.policy.default) for raw in reports(tmp_path))
    assert first["To"] == second["To"] == "Ada <ada@example.org>"
    assert {mail["Subject"][-8:] for mail in (first, second)} == {" 1 fault", "2 faults"}
    assert first["Message-ID"] != second["Message-ID"]


def test_nobody_is_told_of_nothing(tmp_path: Path) -> None:
    """A run that had nothing to do is not reported, and none is where the settings name nobody."""
    idle = RunReport()
    idle.skip("ada", SkipReason.NO_NEW_PAPERS)
    here = Settings(home=tmp_path, operator="ada@example.org")
    operator_report.send(here, idle, (), day=DAY, now=NOW, environment={})
    operator_report.send(Settings(home=tmp_path), failed(1), (), day=DAY, now=NOW, environment={})
    assert reports(tmp_path) == []


def test_a_source_that_fell_silent_is_an_alarm(store: Store) -> None:
    """A category without a batch for days, and a batch not wholly read, are told with source and day."""
    with store.writing() as connection:
        for back, read in ((9, 200), (8, 210), (0, 10)):
            day = DAY - timedelta(days=back)
            source = "arxiv:cs.CV" if back else "arxiv:cs.LG"
            values = {"new": read, "updated": 0, "rejected": 0, "content": f"{back}"}
            batches.add(connection, Batch(source=source, asked=day, day=day, announced=210, read=read, **values))
    silent, short = sorted(alarms.of_sources(store, DAY))
    assert silent == "arXiv cs.CV, 9 May: nothing since 1 May"
    assert short == "arXiv cs.LG, 9 May: announced 210 papers, 10 read"
