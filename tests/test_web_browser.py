"""The site in a real browser: a reader's whole way through it, by mouse and by keyboard, with scripts and without."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest
import uvicorn
from playwright.sync_api import expect, sync_playwright

from digest import delivering, pipeline, readers, rendering
from digest.clock import Clock
from digest.offers import offered
from digest.rendering import links
from digest.settings import Settings
from digest.store import Store, papers, subscribers, subscriptions, versions
from digest.subscription import Standing
from digest.types import Issue, Links, Paper, Signals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, Route

    from digest.subscription import Subscription

pytestmark = pytest.mark.slow

# Machines are slow at times.
expect.set_options(timeout=20_000)

ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync")
SCRIPTS = Path(__file__).resolve().parent / "node"
PATIENCE = 10.0
"""Seconds that a letter may take."""

NOW = datetime(2025, 5, 9, 12, tzinfo=UTC)

TAPPED = ".links a, .issues a, button:not(.line), .button, input:not([type=hidden]):not([type=checkbox]), select"
TARGETS = """tapped => [...document.querySelectorAll(tapped)]
    .filter(each => each.checkVisibility() && !each.closest('.skip')).map(each => {
        const box = each.getBoundingClientRect();
        return {text: each.outerHTML.slice(0, 80), height: box.height, width: box.width};
    })"""
"""What is there to be tapped, links in running text aside (WCAG 2.2, 2.5.8)."""

PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c6360a8aa020001d900f1c1d1d2b6"
    "0000000049454e44ae426082"
)


@dataclass
class Served:
    """A site that listens on this machine."""

    url: str
    settings: Settings
    store: Store

    def letter(self, purpose: str) -> str:
        """The newest link for a purpose in the outbox, which it reaches a moment after the answer."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            for path in sorted(self.settings.outbox.glob("*.eml"), key=lambda path: -path.stat().st_mtime_ns):
                text = path.read_text(encoding="utf-8").replace("=\n", "").replace("=3D", "=")
                if found := re.search(rf"//[^/\s]+(/{purpose}/[\w-]+)", text):
                    return f"{self.url}{found[1]}"
            time.sleep(0.05)
        raise AssertionError(f"no letter with a link for {purpose!r}")

    def one(self) -> Subscription:
        """The first reader's first subscription."""
        with self.store.reading() as connection:
            return subscriptions.of(connection, subscribers.every(connection)[0].id)[0]

    def account(self) -> dict[str, str]:
        """The links of that reader's mails, by their letter."""
        issue = self.issue()
        signed = links(self.settings)
        assert signed is not None
        of_paper = signed.of_paper(issue, self.paper())
        return {re.findall(r"//[^/]+/(\w)/", link.url)[0]: link.url for link in (*signed.of_account(issue), *of_paper)}

    def issue(self) -> Issue:
        """An issue of that reader's, as far as links need one."""
        return Issue(
            id="1", profile=self.one().slug, name="", day=NOW.date(), composed=NOW, sections=(), considered=0, passed=0
        )

    def deliver(self) -> None:
        """Compose and send what is due to the reader, as a run does."""
        with self.store.reading() as connection:
            (profile,) = readers.load(connection, self.settings, [self.one()]).profiles.values()
        clock = Clock(now=lambda: NOW)
        report = pipeline.compose_issues(self.store, self.settings, [profile], day=NOW.date(), now=NOW)
        assert report.issues
        made = rendering.renderer(self.settings, lazily=True)
        assert not delivering.deliver(self.store, self.settings, made, clock=clock, environment={}).failed

    def paper(self) -> str:
        """A paper's id."""
        with self.store.reading() as connection:
            return papers.most_voted(connection, date(2025, 5, 9), 1)[0].id


@pytest.fixture
def served(site_home: Path, tmp_path: Path) -> Iterator[Served]:
    """The site with the sample papers, one with a picture, and an issue for everybody."""
    home = tmp_path / "home"
    shutil.copytree(site_home, home)
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        settings = Settings(home=home, site_url=url, address="1 Wood Lane, Oxford")
        from digest.web.app import create

        with Store(settings.database) as store:
            owls = Paper(
                id="doi:10.1000/owls",
                title="Quiet owls: listening for wingbeats below the noise floor of a wood",
                abstract="Owls fly without a sound. We lay out microphones and hear them all the same. " * 5,
                authors=("Ada Example", "سلمى"),
                announced=NOW.date(),
                links=Links(abstract="https://example.org/owls", pdf="https://example.org/owls.pdf"),
                signals=Signals(upvotes=99, comments=2, stars=3, thumbnail="https://pictures.example.org/owl.png"),
            )
            with store.writing() as connection:
                papers.add(connection, [owls], NOW.date())
            (digest,) = offered(settings)[0].values()
            pipeline.compose_issues(store, settings, [digest], day=NOW.date(), now=NOW)
            app = create(settings, store=store, clock=Clock(now=lambda: NOW), environment={})
            server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False, server_header=False))
            thread = Thread(target=server.run, kwargs={"sockets": [listener]})
            thread.start()
            yield Served(url=url, settings=settings, store=store)
            server.should_exit = True
            thread.join(timeout=10)
            assert not thread.is_alive()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's chromium."""
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("chromium is missing: apt-get install chromium")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=executable, args=list(ARGUMENTS))
        yield launched
        launched.close()


@contextmanager
def opened(
    browser: Browser, served: Served, *, width: int = 1180, has_scripts: bool = True, strict: bool = True
) -> Iterator[Page]:
    """A window that reaches the site and gets one picture for all others; nothing may be said in its console."""
    said: list[str] = []
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        java_script_enabled=has_scripts,
        timezone_id="Europe/Lisbon",
        base_url=served.url,
    )
    context.route(re.compile(r"^https://"), answer)
    page = context.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    try:
        yield page
        # The browser itself says of each page that is not a 200 that it is none.
        if strict:
            assert [text for text in said if "the server responded with a status of" not in text] == []
    finally:
        context.close()


def answer(route: Route) -> None:
    """A picture, whatever is asked elsewhere."""
    route.fulfill(body=PICTURE, content_type="image/png")


def subscribed(page: Page, served: Served, interests: str = "speech\n3D face animation") -> None:
    """Subscribe by the box, confirm from the mail in the outbox, and stand on one's page."""
    page.goto("/")
    page.get_by_label("E-mail").fill("ada@example.org")
    page.get_by_label("What").select_option("own")
    summary = page.get_by_text("My own interests, and when it comes")
    if not page.get_by_label("Interests, one a line").is_visible():
        summary.click()
    page.get_by_label("Interests, one a line").fill(interests)
    page.get_by_role("button", name="Subscribe").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Look into your mailbox")
    page.goto(served.letter("c"))
    page.get_by_role("button", name="Yes, subscribe me").click()
    expect(page.get_by_role("status")).to_contain_text("You are subscribed")
    assert page.url.startswith(f"{served.url}/me")


@pytest.mark.parametrize("has_scripts", [True, False], ids=["scripts", "no-scripts"])
@pytest.mark.parametrize("width", [1180, 375])
def test_a_readers_way(browser: Browser, served: Served, width: int, *, has_scripts: bool) -> None:
    """Subscribe, confirm from the mail, edit wrongly and rightly and see what it changes, judge, pause, leave."""
    with opened(browser, served, width=width, has_scripts=has_scripts) as page:
        subscribed(page, served)
        assert served.one().standing is Standing.ACTIVE
        zone = "Europe/Lisbon" if has_scripts else "UTC"
        assert served.one().preferences.schedule.zone == zone

        page.get_by_role("link", name="Edit interests").click()
        editor = page.get_by_label("Interests, as YAML")
        faults = page.locator("#faults")
        good = editor.input_value()
        before = page.locator("#foreseen").inner_text()
        assert "as it stands" in before
        editor.fill(f"{good}min_score: high\n")
        if not has_scripts:
            page.get_by_role("button", name="Check").click()
        expect(faults).to_contain_text("line 4")
        expect(faults).to_contain_text("min_score: expected a number")
        page.get_by_label("Interests, as YAML").fill(f"{good}- image generation\nmin_score: 5\n")
        if not has_scripts:
            page.get_by_role("button", name="Preview").click()
        expect(page.locator("#foreseen .tally")).to_contain_text("added")
        added = int(re.findall(r"(\d+) added", page.locator("#foreseen .tally").inner_text())[0])
        assert added > 0
        assert page.locator("#foreseen ins a").count() == added
        expect(faults).to_contain_text("No faults" if has_scripts else "")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("status").first).to_contain_text("Saved")
        page.get_by_role("link", name=re.compile("subscribed")).click()
        expect(page.locator(".changes")).to_contain_text("\u2212 min_score: 5")
        page.get_by_role("button", name="Go back to this version").click()
        expect(page.get_by_label("Interests, as YAML")).to_have_value(good)

        served.deliver()
        page.goto(served.letter("m"))
        about = page.locator(".about").inner_text()
        page.get_by_role("button", name="More like this").click()
        expect(page.locator(".changes")).to_contain_text("+ - {paper: ")
        expect(page.locator(".changes")).to_contain_text(about[:40])
        page.goto(served.letter("p"))
        page.get_by_label("The first day with mails again").fill("2025-06-01")
        page.get_by_role("button", name="Pause until that day").click()
        expect(page.get_by_role("main")).to_contain_text("Paused until Sunday 1 June 2025")
        page.goto(served.letter("u"))
        page.get_by_role("button", name="Stop these mails").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("You are unsubscribed")
    assert served.one().standing is Standing.ENDED
    with served.store.reading() as connection:
        assert [each.reason for each in versions.of(connection, served.one().slug, 9)] == [
            "more like this",
            "back to version 1",
            "edited here",
            "subscribed",
        ]


def press_to(page: Page, selector: str) -> None:
    """Go by the tabulator key until an element has the focus, which can be seen."""
    for _ in range(120):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            seen = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert seen != "none", selector
            return
    raise AssertionError(f"no tabulator leads to {selector}")


def test_a_readers_way_by_keyboard(browser: Browser, served: Served) -> None:
    """The same with no mouse: everything can be reached by the tabulator, is seen to be, and acts on Enter."""
    with opened(browser, served) as page:
        page.goto("/")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "To the content"
        press_to(page, "#email")
        page.keyboard.type("ada@example.org")
        press_to(page, "#digest")
        page.keyboard.press("End")
        press_to(page, "#interests")
        page.keyboard.type("speech")
        press_to(page, "#zone")
        page.keyboard.press("Enter")
        page.wait_for_url("**/asked")
        page.goto(served.letter("c"))
        press_to(page, "main button")
        page.keyboard.press("Enter")
        page.wait_for_url("**/me?done=confirmed")
        press_to(page, "a.button")
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("/me/s-"))
        press_to(page, "textarea")
        page.keyboard.press("Control+End")
        page.keyboard.type("explore: often\n")
        expect(page.locator("#faults")).to_contain_text("explore: expected a whole number")
        press_to(page, "button.line")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "text"
        page.keyboard.type("explore: 1")
        expect(page.locator("#faults")).to_have_text("No faults.")
        press_to(page, "button[value=save]")
        page.keyboard.press("Enter")
        expect(page.get_by_role("status").first).to_contain_text("Saved")
        page.goto("/me")
        press_to(page, "details:nth-of-type(2) summary")
        page.keyboard.press("Enter")
        press_to(page, "button[value=pause]")
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_have_text("Paused.")
    with served.store.reading() as connection:
        newest = versions.newest(connection, served.one().slug)
    assert newest is not None
    assert newest.text.endswith("explore: 1\n")


def pages_of(served: Served) -> dict[str, str]:
    """Every kind of page, by name; the visit has begun."""
    slug, links = served.one().slug, served.account()
    return {
        "front": "/",
        "older": "/?until=2025-05-07",
        "day": "/day/2025-05-09",
        "search": "/search?q=speech",
        "nothing": "/search?q=xylophoned",
        "paper": f"/paper/{served.paper()}",
        "archive": "/archive",
        "issue": "/archive/trending/2025-05-09",
        "asked": "/asked",
        "link": "/link",
        "lost": "/nix",
        "confirm": served.letter("c"),
        "leave": links["u"],
        "pause": links["p"],
        "more": links["m"],
        "damaged": "/m/abc",
        "reader": "/me",
        "editor": f"/me/{slug}",
        "version": f"/me/{slug}/versions/1",
    }


def visited(served: Served, page: Page) -> Iterator[tuple[str, Page]]:
    """A window on each page, and on those that only a form leads to."""
    subscribed(page, served)
    for name, path in pages_of(served).items():
        page.goto(path, wait_until="load")
        page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
        yield name, page
    page.goto("/")
    page.get_by_label("What").select_option("own")
    page.get_by_label("At", exact=True).fill("")
    page.get_by_role("button", name="Subscribe").click()
    expect(page.locator("#at-fault")).to_be_visible()
    page.wait_for_load_state("load")
    yield "faults", page
    page.goto(pages_of(served)["editor"])
    page.get_by_label("Interests, as YAML").fill("topcs:\n- x\n")
    # The script may show the faults on the page that is about to be left.
    with page.expect_navigation(wait_until="load"):
        page.get_by_role("button", name="Check").click()
    expect(page.locator("#faults li").first).to_be_visible()
    yield "editor-faults", page
    page.goto(pages_of(served)["editor"])
    page.get_by_label("Interests, as YAML").fill("topics: [image generation]\nmin_score: 5\n")
    expect(page.locator("#foreseen del").first).to_be_visible()
    yield "editor-preview", page
    page.goto(pages_of(served)["more"])
    page.get_by_role("button", name="More like this").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Learned")
    page.wait_for_load_state("load")
    yield "judged", page
    page.goto("/operator")
    yield "door", page
    page.get_by_label("Token").fill(served.settings.operator_token.read_text(encoding="ascii").strip())
    page.get_by_role("button", name="Enter").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The installation")
    page.wait_for_load_state("load")
    yield "operator", page


def test_axe_finds_nothing(browser: Browser, served: Served, node_tools: Path) -> None:
    """axe-core finds no violation on any page, on a phone and on a desk, light and dark."""
    script = (node_tools / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
    seen = set()
    with opened(browser, served) as page:
        for name, shown in visited(served, page):
            # Through the debugger, as the page's own policy lets no script in.
            session = page.context.new_cdp_session(page)
            session.send("Runtime.evaluate", {"expression": script})
            for scheme in ("light", "dark"):
                for width in (375, 1180):
                    shown.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
                    shown.set_viewport_size({"width": width, "height": 900})
                    asked = {"expression": "axe.run(document)", "awaitPromise": True, "returnByValue": True}
                    found = session.send("Runtime.evaluate", asked)["result"]["value"]
                    wrong = [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]]
                    assert wrong == [], (name, width, scheme)
                    assert len(found["passes"]) > 10
            session.detach()
            seen.add(name)
    assert len(seen) == 25


def test_pages_fit_a_phone_and_a_finger(browser: Browser, served: Served) -> None:
    """No window is too narrow, and what is there to be tapped is 44 px high and wide."""
    with opened(browser, served) as page:
        for name, shown in visited(served, page):
            for width in (320, 375, 700, 1180):
                shown.set_viewport_size({"width": width, "height": 900})
                wide = shown.evaluate("document.documentElement.scrollWidth > window.innerWidth")
                assert not wide, (name, width)
                for target in shown.evaluate(TARGETS, TAPPED):
                    assert target["height"] >= 43.9, (name, width, target)
                    assert target["width"] >= 43.9, (name, width, target)


def test_pages_are_valid_html(browser: Browser, served: Served, node_tools: Path, tmp_path: Path) -> None:
    """html-validate has nothing to say of any page, as it was sent."""
    files = []
    with opened(browser, served, has_scripts=False) as page:
        subscribed(page, served)
        for name, path in pages_of(served).items():
            got = page.context.request.get(path)
            files.append(tmp_path / f"{name}.html")
            files[-1].write_text(got.text(), encoding="utf-8")
    done = subprocess.run(
        ["node", str(SCRIPTS / "validate.mjs"), "page", *map(str, files)],
        cwd=node_tools,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []


def test_pictures_come_from_elsewhere_and_nothing_else_does(browser: Browser, served: Served) -> None:
    """The front page asks others for pictures only; a reader's page asks nobody."""
    asked: list[tuple[str, str]] = []
    with opened(browser, served) as page:
        page.on("request", lambda request: asked.append((request.url, request.resource_type)))
        page.goto("/", wait_until="networkidle")
        elsewhere = [kind for url, kind in asked if not url.startswith(served.url)]
        assert elsewhere
        assert set(elsewhere) == {"image"}
        subscribed(page, served)
        asked.clear()
        page.goto("/me", wait_until="networkidle")
        assert all(url.startswith(served.url) for url, _ in asked)


def test_no_script_of_a_strangers_runs(browser: Browser, served: Served) -> None:
    """The policy lets no script in, even where one is written into the page."""
    with opened(browser, served, strict=False) as page:
        page.goto("/")
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.hacked = 1\">')")
        page.wait_for_timeout(300)
        assert page.evaluate("typeof window.hacked") == "undefined"
        assert any("Content Security Policy" in text for text in said)
