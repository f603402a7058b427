"""Gists that a model writes for the papers of an issue, where the operator has named one.

Asked once a paper and kept; within a time for the whole run; and where it has no answer that will do, the sentence that
was chosen from the abstract stays. What goes to the model's server is the title and abstract of papers that are about
to be shown: nothing about readers, and not which paper is for whom.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from digest import gist
from digest.completions import Endpoint
from digest.errors import FetchError, TemplateError
from digest.prompt import Prompt
from digest.store import summaries
from digest.types import Gist
from digest.typeset import lead, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from digest.settings import Settings
    from digest.store import Store
    from digest.summary_settings import Summaries
    from digest.types import Issue, Match, Paper

ANSWER_SECONDS = 30.0
"""How long one answer may take, of what the run has left."""

FAILURES = 3
"""After so many failures in a row the server is left alone for the rest of the run."""

_SHORTEST = 20  # characters: less is no sentence about a paper
_READ = 20_000  # characters of an answer that are looked at
_THOUGHTS = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,200}>")
_MARKUP = re.compile(r"[*`]+|^\s*(?:#+|[-•>]|\d+\.)\s+|^\s*(?:summary|gist|answer|tl;?dr)\s*:\s*", re.IGNORECASE)
_QUOTED = re.compile(
    r"[\"'\u201c\u201d\u2018\u2019\u00ab\u00bb]*(.*?)[\"'\u201c\u201d\u2018\u2019\u00ab\u00bb]*", re.DOTALL
)
# What a mail program would make a link of, a bare domain name included.
_LINK = re.compile(r"\w+://|\bwww\.|\bmailto:|\w@\w|\]\(|\b[\w-]+\.[a-z]{2,}\b")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


class UnfitError(Exception):
    """An answer that is not to be shown, and why."""


class Summariser:
    """Gives issues the gists that a model writes; to be used by one thread.

    `fault` says why no key is known for the server, which is then not asked. `counts` tells how many gists
    came from the `model`, a `source` or `extraction`, `faults` why how many papers have none by the model.
    """

    def __init__(
        self, store: Store, endpoint: Endpoint, prompt: Prompt, options: Summaries, *, fault: str = ""
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self._store, self._endpoint, self._prompt = store, endpoint, prompt
        self._seconds_left = options.seconds
        self._papers_left = options.papers
        self._fault = fault
        self._failures = 0
        self._passed_over: set[str] = set()

    def told(self, issue: Issue, *, now: datetime) -> Issue:
        """The issue with the model's gist for each paper of which no source gives a summary.

        Where there is no answer that will do, the gist stays what it was.
        """
        sections = (
            replace(section, matches=tuple(self._told(match, now) for match in section.matches))
            for section in issue.sections
        )
        return replace(issue, sections=tuple(sections))

    def _told(self, match: Match, now: datetime) -> Match:
        if match.gist is not None and match.gist.by:
            self.counts["source"] += 1
            return match
        text = self._text(match.paper, now) if match.paper.abstract else None
        if text is None:
            self.counts["extraction"] += match.gist is not None
            return match
        self.counts["model"] += 1
        return replace(match, gist=Gist(text=text, by=f"{self._endpoint.model} (machine-written)"))

    def _text(self, paper: Paper, now: datetime) -> str | None:
        try:
            question = self._prompt.of(paper)
        except TemplateError as error:  # a user's own question can fail on one paper and do for others
            self.faults[str(error)] += 1
            return None
        known_as = {"model": self._endpoint.model, "question": hashlib.sha256(question.encode()).hexdigest()}
        with self._store.reading() as connection:
            kept = summaries.find(connection, paper.id, **known_as)
        if kept is not None or paper.id in self._passed_over:
            return kept
        text = self._asked(question, paper)
        if text is None:
            self._passed_over.add(paper.id)
            return None
        with self._store.writing() as connection:
            summaries.keep(connection, paper.id, text, now=now, **known_as)
        return text

    def _asked(self, question: str, paper: Paper) -> str | None:
        """The model's answer; None, with the reason counted, if there is none that will do."""
        if why := self._reason_not_to_ask():
            self.faults[why] += 1
            return None
        self._papers_left -= 1
        started = time.monotonic()
        try:
            answer = self._endpoint.ask(question, seconds=min(ANSWER_SECONDS, self._seconds_left))
            self._failures = 0
            return fit(answer, paper)
        except FetchError as error:
            self._failures += 1
            self.faults[f"{error.host}: {error.why}"] += 1
        except UnfitError as error:
            self.faults[str(error)] += 1
        finally:
            self._seconds_left -= time.monotonic() - started
        return None

    def _reason_not_to_ask(self) -> str:
        if self._fault:
            return self._fault
        if self._failures >= FAILURES:
            return "the server was left alone after failures"
        if self._seconds_left <= 0:
            return "the time for asking was over"
        return "" if self._papers_left > 0 else "enough papers were asked for"


@contextmanager
def summariser(store: Store, settings: Settings, environment: Mapping[str, str]) -> Iterator[Summariser | None]:
    """What asks the model that the settings name; None where they name none.

    Raises:
        TemplateError: the user's own question does not compile.
    """
    options = settings.summaries
    if options is None:
        yield None
        return
    try:
        key, fault = _key(options, environment), ""
    except UnfitError as error:
        key, fault = "", str(error)
    with Endpoint(options.url, options.model, key) as endpoint:
        yield Summariser(store, endpoint, Prompt(settings.templates), options, fault=fault)


def fit(answer: str, paper: Paper) -> str:
    """A model's answer as a gist: one line of plain text of at most `gist.LONGEST` characters.

    Whoever wrote the abstract may have tried to tell the model what to say, and a model may make things up: an answer
    with an address in it, or with a number that the paper's own text does not have, is refused.

    Raises:
        UnfitError: the answer is not to be shown.
    """
    text = _TAG.sub("", _THOUGHTS.sub(" ", answer[:_READ])).strip()
    text = one_line(_MARKUP.sub("", text.partition("\n\n")[0]))
    quoted = _QUOTED.fullmatch(text)
    text = lead(quoted[1] if quoted else text, gist.LONGEST)
    if len(text) < _SHORTEST:
        raise UnfitError("an answer without a sentence")
    if _LINK.search(text):
        raise UnfitError("an answer with an address in it")
    if set(_NUMBER.findall(text)) - set(_NUMBER.findall(f"{paper.title} {paper.abstract}")):
        raise UnfitError("an answer with a number that the abstract does not have")
    return text


def _key(options: Summaries, environment: Mapping[str, str]) -> str:
    """The key for the server, from where the settings say; empty if they name no place.

    Raises:
        UnfitError: there is none, or it cannot stand in a header.
    """
    if options.key_variable:
        where, key = f"the environment variable {options.key_variable}", environment.get(options.key_variable, "")
    elif options.key_file:
        where = f"the file {options.key_file}"
        try:
            key = Path(options.key_file).expanduser().read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError, RuntimeError) as error:
            raise UnfitError(f"{where} cannot be read") from error
    else:
        return ""
    key = key.strip()
    if not key:
        raise UnfitError(f"no key in {where}")
    if not re.fullmatch(r"[!-~]+", key):
        raise UnfitError(f"what is in {where} is no key")
    return key
