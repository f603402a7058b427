"""How fast personal issues become mails on one core, beside what the same mails take without remembering anything.

    python bench/render.py --readers 2000

Papers are made up (bench/make_snapshot.py); each reader has ten of the day's, any with the same chance, with scores and
reasons of his own. The first half of the readers comes when nothing is remembered yet; the second half is what counts.
Issues are read as from the database. Times are the processor's, since nothing here waits; each
reference takes its turn with ours on the same issues, and of all turns the best counts, as others may use the machine.
What carries over to another one is the ratios.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime
from email.message import EmailMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import SMTP
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
import numpy as np
import orjson

sys.path.insert(0, str(Path(__file__).parent))
from make_snapshot import lines

from digest import gist
from digest.jinja import environment
from digest.message import build, list_id, message_id
from digest.ranking.labels import LIKED, OTHER_TERMS
from digest.render import ABSTRACT, HTML, Renderer
from digest.sources import arxiv_snapshot
from digest.store import issue_content
from digest.types import Envelope, Evidence, Issue, Links, Mail, Match, Nearest, Section, Signals
from digest.view import view

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from digest.store.issue_content import Written
    from digest.types import Paper

PAPERS = 300
SHOWN = 10
TOPICS = 500
VOTED, BY_LIKES = 0.3, 0.5
"""How many papers have votes and code, and how many are there for being like a paper that the reader likes."""

TURN = 50
"""Issues that one way renders before the next one does."""

DAY = date(2025, 5, 9)
COMPOSED = datetime(2025, 5, 9, 6, tzinfo=UTC)
TEMPLATES = Path(__file__).resolve().parent.parent / "templates"
OURS = "ours"
Way = tuple[str, "Callable[[Issue, Mail, dict[str, object]], object]"]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Time rendering and encoding personal issues.")
    parser.add_argument("--readers", type=int, default=2000, help="readers, half of them warm (default: 2,000)")
    half = parser.parse_args().readers // 2 // TURN * TURN
    contents = list(issues(2 * half))
    before = peak()
    renderer = Renderer()
    cold, _ = clocked(renderer, contents[:half], [])
    held = peak() - before
    with tempfile.TemporaryDirectory() as folder:
        ways = references(renderer, Path(folder))
    warm, sent = clocked(renderer, contents[half:], ways)
    print(f"{half:,} issues of {SHOWN} out of {PAPERS} papers, rendered and encoded on one core: ", end="")
    best = {name: TURN / min(turns) for name, turns in warm.items()}
    print(f"{best[OURS]:,.0f} mails/s of {sent / half / 1000:.0f} kB, after {half:,} others; ", end="")
    print(
        f"these {half / sum(cold[OURS]):,.0f}/s, the first {TURN} of them {TURN / cold[OURS][0]:,.0f}/s; {held:,.0f} MB"
    )
    for name, _ in ways:
        print(f"  {name}: {best[name]:,.0f}/s; all of ours is {best[OURS] / best[name]:.2f} times as fast")


def clocked(renderer: Renderer, contents: Sequence[Written], ways: Sequence[Way]) -> tuple[dict[str, list[float]], int]:
    """Seconds of the processor that each turn of each way took, and the bytes of our mails."""
    seconds: dict[str, list[float]] = defaultdict(list)
    sent = 0
    for start in range(0, len(contents), TURN):
        found = [issue_of(content) for content in contents[start : start + TURN]]
        began = time.process_time()
        mails = [renderer.mail(issue) for issue in found]
        raw = [build(mail, envelope(issue)) for mail, issue in zip(mails, found, strict=True)]
        seconds[OURS].append(time.process_time() - began)
        sent += sum(map(len, raw))
        shown = [view(issue, characters=ABSTRACT).variables() for issue in found]
        for name, way in ways:
            began = time.process_time()
            for each in zip(found, mails, shown, strict=True):
                way(*each)
            seconds[name].append(time.process_time() - began)
    return seconds, sent


def references(renderer: Renderer, folder: Path) -> list[Way]:
    """What the same takes otherwise; what is not a way's own work is there beforehand."""
    for template in TEMPLATES.glob("mail/issue/*"):
        written = folder / template.relative_to(TEMPLATES)
        written.parent.mkdir(parents=True, exist_ok=True)
        kept = template.read_text(encoding="utf-8").splitlines(keepends=True)
        written.write_text("".join(line for line in kept if "once %}" not in line), encoding="utf-8")
    stock = environment(folder)
    stock.context_class, stock.code_generator_class = jinja2.runtime.Context, jinja2.compiler.CodeGenerator
    html, plain = stock.get_template(HTML), Renderer(folder)
    return [
        ("plain Jinja2, the HTML alone", lambda _issue, _mail, shown: html.render(shown)),
        ("EmailMessage, of text and HTML that are there", lambda issue, mail, _: email_message(issue, mail)),
        ("MIMEText, the same in base64", lambda issue, mail, _: mime_text(issue, mail)),
        (
            "all of it, without `once`, and EmailMessage",
            lambda issue, _mail, _: email_message(issue, plain.mail(issue)),
        ),
        ("ours with the page", lambda issue, _mail, _: build(renderer.render(issue), envelope(issue))),
    ]


def email_message(issue: Issue, mail: Mail) -> bytes:
    """The mail by the standard library's present interface."""
    message = EmailMessage(policy=SMTP.clone(max_line_length=76))
    headers(message, mail, issue)
    message.set_content(mail.text, cte="quoted-printable")
    message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    return message.as_bytes()


def mime_text(issue: Issue, mail: Mail) -> bytes:
    """The mail by the standard library's old interface."""
    message = MIMEMultipart("alternative")
    headers(message, mail, issue)
    message.attach(MIMEText(mail.text, "plain", "utf-8"))
    message.attach(MIMEText(mail.html, "html", "utf-8"))
    return message.as_bytes()


def headers(message: EmailMessage | MIMEMultipart, mail: Mail, issue: Issue) -> None:
    """The headers that all mails bear."""
    sent = envelope(issue)
    message["From"], message["To"], message["Subject"] = sent.sender, sent.recipient, mail.subject
    message["Message-ID"], message["List-Id"] = sent.message_id, sent.list_id


def envelope(issue: Issue) -> Envelope:
    """Who the issue goes to."""
    return Envelope(
        sender="Paper Digest <digest@example.org>",
        recipient=f"{issue.name} <{issue.profile}@example.org>",
        date=issue.composed,
        message_id=message_id(issue.id, issue.profile, "example.org"),
        list_id=list_id(issue.profile, "example.org"),
    )


def issue_of(written: Written) -> Issue:
    """What the database gives of an issue that it keeps."""
    (issue,) = issue_content.read([written.content], lambda names: {name: written.papers[name] for name in names})
    return issue


def issues(readers: int) -> Iterator[Written]:
    """One issue for each reader, as the database keeps it."""
    rng = np.random.default_rng(0)
    found = [arxiv_snapshot.parse(orjson.loads(line)) for line in lines(PAPERS + TOPICS, seed=2)]
    day = [told(paper, rng) for paper in found[:PAPERS]]
    topics = [paper.title for paper in found[PAPERS:]]
    for number in range(readers):
        chosen = rng.choice(len(day), SHOWN, replace=False)
        scores = np.sort(rng.uniform(25, 95, SHOWN))[::-1]
        matches = tuple(match(day[at], float(score), topics, rng) for at, score in zip(chosen, scores, strict=True))
        issue = Issue(
            id=f"reader-{number}-{DAY}",
            profile=f"reader-{number}",
            name=f"Reader {number}",
            day=DAY,
            composed=COMPOSED,
            sections=(Section(heading="", matches=matches),),
            considered=PAPERS,
            passed=int(rng.integers(SHOWN, 60)),
            sources=("arXiv cs.LG: 210 papers of 9 May", "arXiv stat.ML: 90 papers of 9 May"),
        )
        yield issue_content.written(issue)


def told(paper: Paper, rng: np.random.Generator) -> Match:
    """A paper of the day with what all readers are shown of it: its gist, links, and for some votes and code."""
    number = paper.id.partition(":")[2]
    site = "https://arxiv.org"
    links = Links(abstract=f"{site}/abs/{number}", pdf=f"{site}/pdf/{number}", html=f"{site}/html/{number}")
    signals = Signals()
    if rng.random() < VOTED:
        links = replace(links, code=f"https://example.org/{number}")
        signals = Signals(upvotes=int(rng.integers(1, 300)), comments=int(rng.integers(0, 20)))
    shown = replace(paper, announced=DAY, links=links, signals=signals)
    return Match(paper=shown, score=0, interest="", gist=gist.of(shown))


def match(of: Match, score: float, topics: Sequence[str], rng: np.random.Generator) -> Match:
    """The same for one reader: with a score, four to six terms of the paper as reasons, and for some the nearest."""
    words = of.paper.abstract.split()
    shares = np.sort(rng.dirichlet(np.full(int(rng.integers(5, 8)), 0.8)))[::-1]
    terms = [words[at] for at in rng.integers(0, min(len(words), 40), len(shares) - 1)] + [OTHER_TERMS]
    topic = topics[int(rng.integers(len(topics)))]
    by_likes = rng.random() < BY_LIKES
    return replace(
        of,
        score=score,
        interest=LIKED if by_likes else topic,
        evidence=tuple(Evidence(term=term, share=float(share)) for term, share in zip(terms, shares, strict=True)),
        nearest=Nearest(id="arxiv:2401.00001", title=topic, likeness=float(rng.random())) if by_likes else None,
    )


def peak() -> float:
    """The most memory that was held so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
