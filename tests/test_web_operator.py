"""The operator's pages: nobody sees them without the token, no reader is on them, and what is odd is on top."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from digest.run_history import Run
from digest.store import failures, runs
from digest.web.network import Asking

if TYPE_CHECKING:
    from conftest import Site

WRONG = ("", "x", "0" * 64, "é" * 64)


def token(site: Site) -> str:
    """What stands in the file, which the first look makes."""
    site.get("/operator")
    return site.settings.operator_token.read_text(encoding="ascii").strip()


def enter(site: Site) -> str:
    """Begin a visit; the page."""
    assert site.post("/operator", token=token(site)).headers["location"] == "/operator"
    return site.get("/operator").text


@pytest.mark.parametrize("typed", WRONG)
def test_without_the_token_there_is_a_door_only(site: Site, typed: str) -> None:
    """The page asks for it, a wrong one is refused and gives no cookie, and metrics are refused as RFC 6750 says."""
    assert site.get("/operator").status_code == 401
    answer = site.post("/operator", token=typed)
    assert (answer.status_code, "set-cookie" in answer.headers) == (401, False)
    assert "That is not the token." in answer.text
    assert site.get("/operator").status_code == 401
    for sent in ({}, {"Authorization": "Basic x"}, {"Authorization": f"Bearer {typed}".encode()}):
        refused = site.get("/metrics", headers=sent)
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, 'Bearer realm="operator"')


def test_the_token_shows_the_installation(site: Site) -> None:
    """What is odd stands on top; runs, sources and counts below; nobody's address and no subscription's name."""
    slug = site.enter()
    run = Run(
        kind="dispatch", day=site.now.date(), started=site.now - timedelta(hours=1), took=timedelta(seconds=2.5),
        issues=3, delivered=2, failed=1, skips={}, mails={}, faults={"no <such> letter box": 1},
    )  # fmt: skip
    with site.store.writing() as connection:
        runs.add(connection, run)
        failures.note(connection, "arxiv:cs.CV", site.now.date(), "HTTP status 503")
    page = enter(site)
    assert "arXiv cs.CV could not be read: HTTP status 503" in page
    assert "no &lt;such&gt; letter box" in page
    assert "subscriptions, active" in page
    assert page.count("<svg") == 2
    assert "ada@example.org" not in page
    assert slug not in page


def test_the_cookie_is_for_these_pages_alone(site: Site) -> None:
    """No script reads it, no other site sends it, no other page gets it; another token ends the visit."""
    answer = site.post("/operator", token=token(site))
    for part in ("Path=/operator", "HttpOnly", "SameSite=strict", "Secure"):
        assert part in answer.headers["set-cookie"]
    assert site.get("/operator").headers["cache-control"] == "private, no-store"
    site.settings.operator_token.write_text("1" * 64 + "\n", encoding="ascii")
    assert site.get("/operator").status_code == 401


def test_leaving_takes_the_page_itself(site: Site) -> None:
    """A form of another page ends no visit; the page's own does."""
    page = enter(site)
    assert site.post("/operator/leave", csrf="0" * 32).status_code == 403
    assert site.get("/operator").status_code == 200
    csrf = re.findall(r'name="csrf" value="([0-9a-f]{32})"', page)[0]
    assert site.post("/operator/leave", csrf=csrf).status_code == 303
    assert site.get("/operator").status_code == 401


def test_guessing_has_an_end(site: Site) -> None:
    """A network that tries many tokens has to wait, even with the right one then."""
    right = token(site)
    site.app.state.world.limiter.rates[Asking.LETTER] = (3, timedelta(hours=1))  # type: ignore[attr-defined]
    assert [site.post("/operator", token=typed).status_code for typed in ("x", "y", right, right)] == [
        401,
        401,
        303,
        429,
    ]
    site.now += timedelta(hours=2)
    assert site.post("/operator", token=right).status_code == 303


def test_another_site_cannot_log_in_here(site: Site) -> None:
    """A form that another site's page sends is refused, even with the token."""
    answer = site.ask("POST", "/operator", data={"token": token(site)}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


def test_metrics_are_for_programs_with_the_token(site: Site) -> None:
    """With it the text format of Prometheus comes, with this installation's counts."""
    site.enter()
    answer = site.get("/metrics", headers={"Authorization": f"Bearer {token(site)}"})
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'digest_subscriptions{standing="active"} 1.0' in answer.text.splitlines()


def test_counting_is_not_done_for_every_look(site: Site) -> None:
    """Within a minute the same figures are shown; behind it new ones."""
    bearer = {"Authorization": f"Bearer {token(site)}"}
    line = 'digest_subscriptions{standing="pending"} '
    seen = []
    for after in (0, 30, 31):
        site.now += timedelta(seconds=after)
        shown = site.get("/metrics", headers=bearer).text
        seen.append(next(each.removeprefix(line) for each in shown.splitlines() if each.startswith(line)))
        site.subscribe(f"reader{after}@example.org")
    assert seen == ["0.0", "0.0", "2.0"]
