"""The site on a corpus of a hundred thousand papers: how long its pages take, as a browser would ask for them.

    python bench/site.py --papers 100000
    python bench/site.py --home /tmp/home        a home that has papers already, which is not changed

The corpus is made up (bench/make_snapshot.py). Each page is asked for by HTTP within this process, so that the figures
are the site's own and not a network's; the first answer, which may have to make what others share, is told apart.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import shutil
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from make_snapshot import write
from threadpoolctl import threadpool_limits

from digest import subscribing
from digest.clock import Clock
from digest.ingest import ingest
from digest.progress import Silent
from digest.settings import Settings
from digest.store import Store, papers, statistics, word_index
from digest.subscribing import Wish
from digest.web import sessions
from digest.web.app import create
from digest.web.network import Limiter

if TYPE_CHECKING:
    from fastapi import FastAPI

TIMES = 25
SITE = "https://digest.example.org"


def main() -> None:
    """Make a corpus unless there is one, ask for pages, and print how long each took."""
    parser = argparse.ArgumentParser(description="Time the pages of the site.")
    parser.add_argument("--papers", type=int, default=100_000)
    parser.add_argument("--home", type=Path, help="a home with papers (default: one is made)")
    options = parser.parse_args()
    threadpool_limits(1)  # as the site does
    with tempfile.TemporaryDirectory() as name:
        home = Path(name) / "home"
        if options.home:
            shutil.copytree(options.home, home)
        with Store(Settings(home=home).database) as store:
            if not options.home:
                write(Path(name) / "papers.json.gz", options.papers, 1)
                ingest(store, [Path(name) / "papers.json.gz"], as_of=datetime.now(UTC).date())  # noqa: TID251
                # `digest ingest` does this beside itself.
                statistics.of_all(store)
                word_index.grow(store, Silent())
            with store.reading() as connection:
                print(f"{papers.count(connection):,} papers")
            asyncio.run(measure(store, Settings(home=home, site_url=SITE)))


async def measure(store: Store, settings: Settings) -> None:
    """Ask and print."""
    clock = Clock(now=lambda: datetime.now(UTC))  # noqa: TID251  (a benchmark)
    app = create(settings, store=store, clock=clock, environment={}, limiter=Limiter())
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url=SITE) as client:
        front = (await client.get("/")).text
        titles = [re.sub("[^A-Za-z ]", "", each) for each in re.findall(r'dir="auto"><a href="[^"]+">([^<]+)<', front)]
        found = re.findall(r'href="(/paper/[^"]+)"', front)
        began = time.perf_counter()
        app.state.world.foresight.prepare()
        print(f"counting the last seven days, once for all readers: {time.perf_counter() - began:.1f} s")
        slug = enter(store, settings, app, client, "topics:\n" + "".join(f"- {each}\n" for each in titles[:5]))
        await ask(client, "front page", "/")
        await ask(client, "a day", re.findall(r'href="(/day/[^"]+)"', front)[0])
        await ask(client, "paper", found[0])
        await ask(client, "search", f"/search?q={'+'.join(titles[0].split()[:3])}")
        await ask(client, "reader's page", "/me")
        await ask(client, "editor", f"/me/{slug}")
        csrf = re.findall(r'name="csrf" value="([^"]+)"', (await client.get("/me")).text)[0]
        text = "min_score: 10\ntopics:\n" + "".join(f"- {each}\n" for each in titles[:5])
        liked = "".join(f"- {each.removeprefix('/paper/')}\n" for each in found[:20])
        edits = [f"{text}- {title}\n" for title in titles[5 : 5 + TIMES]]
        await ask(client, "preview of an edit, topics", f"/me/{slug}/preview", csrf, edits)
        judged = [f"{text}liked:\n{liked}exclude: [word{n}]\n" for n in range(TIMES)]
        await ask(client, "preview of an edit, with 20 liked papers", f"/me/{slug}/preview", csrf, judged)
        await ask(client, "faults of an edit", f"/me/{slug}/lint", csrf, edits)


def enter(store: Store, settings: Settings, app: FastAPI, client: httpx.AsyncClient, interests: str) -> str:
    """A confirmed reader, whose visit the client is on; the name of the subscription."""
    now = datetime.now(UTC)  # noqa: TID251  (as above)
    asked = subscribing.subscribe(store, settings, Wish(email="ada@example.org", interests=interests), now=now)
    found = subscribing.confirm(store, settings, asked.subscription.slug, now=now)
    client.cookies.set(sessions.COOKIE, sessions.begin(app.state.world.visit_key, found.slug, now), path=sessions.PATH)
    return found.slug


async def ask(client: httpx.AsyncClient, name: str, path: str, csrf: str = "", texts: list[str] | None = None) -> None:
    """Ask for a page some times, or send it each text, and print the first, the median and the worst of the others."""
    taken = []
    for text in texts or [""] * TIMES:
        began = time.perf_counter()
        if texts:
            answer = await client.post(path, data={"csrf": csrf, "text": text})
        else:
            answer = await client.get(path)
        taken.append(1000 * (time.perf_counter() - began))
        answer.raise_for_status()
    first, *others = taken
    others.sort()
    print(
        f"{name}: {others[len(others) // 2]:.0f} ms (worst {others[-1]:.0f}, first {first:.0f}), "
        f"{len(answer.content):,} bytes"
    )


if __name__ == "__main__":
    main()
