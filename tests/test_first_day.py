"""A newcomer's first day, as docs/first-day.md tells it: from an empty home to an issue that feedback changed."""

from __future__ import annotations

import email
import email.policy
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aiosmtpd.controller import Controller

from digest import leash

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiosmtpd.smtp import SMTP, Envelope, Session
    from playwright.sync_api import Page

pytest.importorskip("playwright.sync_api", reason="playwright is missing: make test installs it")
from playwright.sync_api import expect, sync_playwright

pytestmark = [pytest.mark.slow, pytest.mark.allow_hosts(["127.0.0.1"])]

# Machines are slow at times.
expect.set_options(timeout=20_000)

REPOSITORY = Path(__file__).resolve().parent.parent
PATIENCE = 150
TITLES = (
    ("Owls that hear mice under snow", "Ears of owls find mice below thick snow by sound alone."),
    ("Moths and their silent wings", "Scales of moths break the air so that wings make no sound."),
    ("Rivers that carry sand to the sea", "Slow rivers leave their sand where they meet the sea."),
)
TOMORROW = (
    ("Sand that rivers leave behind", "Rivers that slow down leave sand on their banks and in the sea."),
    ("Mice below thick snow are found by sound", "Ears find mice below thick snow by the sound they make."),
)


@dataclass
class Mailbox:
    """A mail server on loopback, and the messages that it took."""

    mails: list[EmailMessage] = field(default_factory=list)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  (aiosmtpd's)
        """Take a mail."""
        content = envelope.content
        assert isinstance(content, bytes)
        found = email.message_from_bytes(content, policy=email.policy.default)
        assert isinstance(found, EmailMessage)
        self.mails.append(found)
        return "250 taken"

    def wait_for(self, subject: str) -> EmailMessage:
        """The first mail whose subject has these words, once it is there."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            if found := next((mail for mail in self.mails if subject in mail["Subject"]), None):
                return found
            time.sleep(0.2)
        raise AssertionError(f"no mail with {subject!r} among {[mail['Subject'] for mail in self.mails]}")


def link(mail: EmailMessage, purpose: str) -> str:
    """The first link for a purpose in a mail."""
    body = mail.get_body(("plain",))
    assert body is not None
    found = re.search(rf"http://127\.0\.0\.1:\d+/{purpose}/\S+", body.get_content())
    assert found, body.get_content()
    return found[0]


def dump(folder: Path, name: str, papers: tuple[tuple[str, str], ...], day: str) -> Path:
    """A file of papers that were announced on a day."""
    path = folder / f"{name}.jsonl"
    lines = [
        {"id": f"doi:10.1000/{name}-{number}", "title": title, "abstract": abstract, "announced": day}
        for number, (title, abstract) in enumerate(papers)
    ]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    return path


@pytest.fixture
def ports() -> list[int]:
    """Three ports that nobody listens on."""
    with ExitStack() as stack:
        free = [stack.enter_context(socket.socket()) for _ in range(3)]
        for each in free:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in free]


@pytest.fixture
def mailbox(ports: list[int]) -> Iterator[Mailbox]:
    """A mail server on the last of the ports."""
    taken = Mailbox()
    controller = Controller(taken, hostname="127.0.0.1", port=ports[2])
    controller.start()
    try:
        yield taken
    finally:
        controller.stop()


@pytest.fixture
def page(ports: list[int]) -> Iterator[Page]:
    """A window on the site at the first of the ports."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is missing: make browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser.new_page(base_url=f"http://127.0.0.1:{ports[0]}", timezone_id="UTC")
        browser.close()


class Home:
    """An empty DIGEST_HOME, and what is done with the program there."""

    def __init__(self, folder: Path, smtp_port: int) -> None:
        self.folder = folder
        folder.mkdir()
        delivery = f'transport = "smtp"\nhost = "127.0.0.1"\nport = {smtp_port}\nsecurity = "none"\n'
        (folder / "digest.toml").write_text(f"[delivery]\n{delivery}", encoding="utf-8")
        self.environment = {**os.environ, "DIGEST_HOME": str(folder), "PYTHONPATH": str(REPOSITORY)}

    def digest(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command that ends."""
        done = subprocess.run(self._command(*words), env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done

    def serve(self, port: int, prefect_port: int) -> subprocess.Popen[bytes]:
        """The command that does not, once it is ready."""
        said = self.folder / "said"
        ports = ("--port", str(port), "--prefect-port", str(prefect_port), "--every", "1")
        with said.open("wb") as file:
            process = subprocess.Popen(self._command("serve", *ports), env=self.environment, stdout=file, stderr=file)
        until = time.monotonic() + PATIENCE
        while "ready: " not in said.read_text(encoding="utf-8"):
            assert time.monotonic() < until, said.read_text(encoding="utf-8")
            assert process.poll() is None, said.read_text(encoding="utf-8")
            time.sleep(0.2)
        return process

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-c", "from digest.cli import main; main()", *words]


def subscribe(page: Page, mailbox: Mailbox) -> str:
    """Subscribe to interests of one's own and confirm from the mail; the subscription's name."""
    page.goto("/")
    page.get_by_label("E-mail").fill("ada@example.org")
    page.get_by_label("What").select_option("own")
    if not page.get_by_label("Interests, one a line").is_visible():
        page.get_by_text("My own interests, and when it comes").click()
    page.get_by_label("Interests, one a line").fill("silent wings")
    page.get_by_role("button", name="Subscribe").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Look into your mailbox")
    page.goto(link(mailbox.wait_for("Confirm your subscription"), "c"))
    page.get_by_role("button", name="Yes, subscribe me").click()
    expect(page.get_by_role("status")).to_contain_text("You are subscribed")
    return page.locator("section.subscription").get_attribute("id") or ""


def edit(page: Page) -> None:
    """Edit the interests, and see what that changes before it is saved."""
    page.get_by_role("link", name="Edit interests").click()
    page.get_by_label("Interests, as YAML").fill("topics:\n- owls\nmin_score: 5\nmax_papers: 5\n")
    expect(page.locator("#foreseen")).to_contain_text("Owls that hear mice")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_contain_text("Saved")


def schedule(page: Page, at: datetime) -> None:
    """Have it come at a time of the day."""
    page.goto("/me")
    page.get_by_text("When and how it comes").first.click()
    page.get_by_label("How often").select_option("daily")
    page.get_by_label("At", exact=True).fill(f"{at:%H:%M}")
    page.get_by_role("button", name="Save").first.click()
    expect(page.get_by_role("status")).to_contain_text("Saved")


def like(page: Page, mail: EmailMessage, slug: str) -> None:
    """Say on the page that a mail leads to that its first paper was liked; it is in the interests then."""
    page.goto(link(mail, "m"))
    page.get_by_role("button", name="More like this").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Learned")
    page.goto(f"/me/{slug}")
    expect(page.get_by_label("Interests, as YAML")).to_have_value(re.compile("liked:"))


def text_of(mail: EmailMessage) -> str:
    """The text part in one line."""
    body = mail.get_body(("plain",))
    assert body is not None
    return " ".join(body.get_content().split())


def test_from_an_empty_home_to_an_issue_that_feedback_changed(
    tmp_path: Path, page: Page, mailbox: Mailbox, ports: list[int]
) -> None:
    """Serve, subscribe, confirm, edit, have the schedule fire, read the mail, say what was liked, get another one."""
    home = Home(tmp_path / "home", smtp_port=ports[2])
    now = datetime.now(UTC)  # noqa: TID251  (the program's clock is the real one)
    home.digest("ingest", str(dump(tmp_path, "today", TITLES, now.date().isoformat())))
    process = home.serve(ports[0], ports[1])
    try:
        slug = subscribe(page, mailbox)
        edit(page)
        # To the minute, and half a minute away at least, or it would be tomorrow's.
        schedule(page, datetime.now(UTC) + timedelta(seconds=90))  # noqa: TID251  (as above)
        issue = mailbox.wait_for("Owls")
        assert TITLES[0][0] in text_of(issue)
        assert TITLES[2][0] not in text_of(issue)
        like(page, issue, slug)
        tomorrow = (now + timedelta(days=1)).date().isoformat()
        home.digest("ingest", str(dump(tmp_path, "tomorrow", TOMORROW, tomorrow)), "--as-of", tomorrow)
        home.digest("run", "--engine", "plain", "--profile", slug, "--date", tomorrow)
        # Of owls there is nothing in it: it is there for the paper that was liked.
        following = text_of(mailbox.wait_for("Mice below"))
        assert TOMORROW[0][0] not in following
        assert "a paper you liked: Owls that hear mice" in following
    finally:
        leash.end([process.pid], 15)
        process.wait()
    for log in (home.folder / "logs").iterdir():
        assert "ada@example.org" not in log.read_text(encoding="utf-8", errors="replace")
