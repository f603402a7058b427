"""What a source's name in `digest.toml` stands for: the URLs to ask one after the other, or a place on this machine.

No network here: an answer goes in, the URL of its next page comes out.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import orjson

from digest.taxonomies import ARXIV_ARCHIVES, BIORXIV_CATEGORIES, MEDRXIV_CATEGORIES

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date

FORMS = (
    "arxiv:cs.CV, hf-daily, biorxiv:neuroscience, medrxiv:neurology, oai:https://example.org/oai, a URL or "
    "the full path of a folder"
)
"""What names may look like, for messages."""

_HF_DAILY = "https://huggingface.co/api/daily_papers"
_ARXIV_CATEGORY = re.compile(r"(?P<archive>[a-z]+(?:-[a-z]+)?)(?:\.[A-Za-z]+(?:-[a-z]+)?)?")
_NOT_WORDS = re.compile(r"[^a-z0-9]+")
_PORTS = 65535


class Kind(StrEnum):
    """How the papers of a source are come by."""

    ARXIV = "arxiv"
    HF_DAILY = "hf-daily"
    BIORXIV = "biorxiv"
    MEDRXIV = "medrxiv"
    OAI = "oai"
    URL = "url"
    FOLDER = "folder"


_PAGED = (Kind.BIORXIV, Kind.MEDRXIV)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A place that papers come from.

    `name` is canonical: two names that mean the same source are equal. `about` is the category of arXiv, bioRxiv or
    medRxiv (empty for all of the last two), the URL, the base URL of an OAI-PMH repository with the arguments `set` and
    `metadataPrefix` that a harvest of it has, or the path of a folder or file, `~` not expanded.
    """

    name: str
    kind: Kind
    about: str = ""

    @property
    def origin(self) -> str:
        """What its batches are said to come from: its name, kept apart from that of the format `biorxiv`."""
        return f"{self.kind}:{self.about}" if self.is_window else self.name

    @property
    def is_window(self) -> bool:
        """Whether each day asks for another URL, so that what the server says of one is of no use later."""
        return self.kind in (*_PAGED, Kind.OAI)

    def url(self, until: date, days: int) -> str:
        """The first URL to ask, for the news of `days` days up to `until` where the source takes dates.

        Raises:
            ValueError: the source is a folder.
        """
        match self.kind:
            case Kind.ARXIV:
                return f"https://rss.arxiv.org/rss/{self.about}"
            case Kind.HF_DAILY:
                return _HF_DAILY
            case Kind.BIORXIV | Kind.MEDRXIV:
                since = until - timedelta(days=days - 1)
                return f"https://api.biorxiv.org/details/{self.kind.value}/{since}/{until}/0"
            case Kind.OAI:
                base, _, selection = self.about.partition("?")
                since = until - timedelta(days=days - 1)
                return f"{base}?verb=ListRecords&{selection}&from={since}&until={until}"
            case Kind.URL:
                return self.about
            case Kind.FOLDER:
                raise ValueError(f"a folder has no URL: {self.name!r}")

    def following(self, url: str, answer: bytes) -> str | None:
        """The URL of the page behind the one that was answered; None where that was the last.

        bioRxiv's API says how many records a page has (`count`; it was 100 for long, and 30 since) and how many there
        are in all (`total`), each as a number or as text (https://api.biorxiv.org/).
        """
        if self.kind not in _PAGED:
            return None
        page = _object(answer)
        about = _about(page)
        records = page.get("collection")
        count = _number(about.get("count"))
        if not isinstance(records, list) or not records or not count:
            return None
        start, _, cursor = url.rpartition("/")
        behind = int(cursor) + count
        return f"{start}/{behind}" if behind < _number(about.get("total")) else None

    def selected(self, answer: bytes) -> bytes:
        """The answer with only the records of the category, for APIs that give all; as it came where it is no such."""
        return self._of_category(answer) if self.kind in _PAGED and self.about else answer

    def counts(self, answer: bytes) -> tuple[int, int] | None:
        """How many records a page has, and how many it says there are in all; None where pages do not say."""
        records = _object(answer).get("collection") if self.kind in _PAGED else None
        return (len(records), _total([answer])) if isinstance(records, list) else None

    def merged(self, answers: Sequence[bytes]) -> bytes:
        """The pages as one answer, of which only the records of the category are kept.

        Without a category it says that it holds as many records as its server announced. An answer that is no page of
        records ends it: it comes back as it is if it is the first, for its reader to say what is wrong with it. Answers
        of OAI-PMH stand one behind the other.
        """
        if self.kind == Kind.OAI:
            return b"\n".join(answers)
        first = _object(answers[0])
        if not isinstance(first.get("collection"), list):
            return answers[0]
        records: list[object] = []
        for answer in answers:
            page = _object(answer).get("collection")
            records += page if isinstance(page, list) else []
        whole = _page(first, records, max(_total(answers), len(records)))
        return self._of_category(whole) if self.about else whole

    def withheld(self, answers: Sequence[bytes]) -> int:
        """How many records the last of the pages announced that they do not have, and that may be of any category.

        Without a category it is 0: what is announced and not given is then seen from the merged answer itself.
        """
        is_narrowed = self.kind in _PAGED and bool(self.about)
        given = (_object(answer).get("collection") for answer in answers)
        return (
            max(_total(answers) - sum(len(each) for each in given if isinstance(each, list)), 0) if is_narrowed else 0
        )

    def _of_category(self, answer: bytes) -> bytes:
        page = _object(answer)
        records = page.get("collection")
        if not isinstance(records, list):
            return answer
        # What bears no category may be of this one, and it is the parser that says what is wrong with it.
        ours = [record for record in records if _category(record) in (self.about, None)]
        return _page(page, ours, len(ours))


def parse(text: str) -> Source:
    """The source that a name stands for.

    Raises:
        ValueError: it stands for none; the text says what was expected.
    """
    name = text.strip()
    if not name or not name.isprintable():
        raise ValueError(f"expected a source, like {FORMS}, got {text!r}")
    kind, _, about = (part.strip() for part in name.partition(":"))
    match kind.lower():
        case "arxiv":
            return _arxiv(about)
        case Kind.HF_DAILY if not about:
            return Source(name=Kind.HF_DAILY.value, kind=Kind.HF_DAILY)
        case Kind.BIORXIV | Kind.MEDRXIV as server:
            return _preprints(Kind(server), about)
        case Kind.OAI:
            return _repository(about)
        case "http" | "https":
            return _web(name)
    if name.startswith("~") or Path(name).is_absolute():
        return Source(name=name, kind=Kind.FOLDER, about=name)
    near = difflib.get_close_matches(kind.lower(), ["arxiv", "hf-daily", "biorxiv", "medrxiv", "oai"], n=1)
    meant = f" (did you mean {near[0] + (':' + about if about else '')!r}?)" if near else ""
    raise ValueError(f"expected a source, like {FORMS}, got {text!r}{meant}")


def _arxiv(about: str) -> Source:
    # arXiv gives several categories in one feed: rss/cs.CV+cs.LG
    for category in about.split("+"):
        found = _ARXIV_CATEGORY.fullmatch(category)
        if not found:
            raise ValueError(f"expected a category of arXiv, like arxiv:cs.CV, got {'arxiv:' + about!r}")
        if found["archive"] not in ARXIV_ARCHIVES:
            raise ValueError(f"arXiv has no archive {found['archive']!r}{_nearest(found['archive'], ARXIV_ARCHIVES)}")
    return Source(name=f"arxiv:{about}", kind=Kind.ARXIV, about=about)


def _preprints(kind: Kind, about: str) -> Source:
    known = BIORXIV_CATEGORIES if kind == Kind.BIORXIV else MEDRXIV_CATEGORIES
    category = _words(about)
    if category and category not in known:
        raise ValueError(f"{kind} has no category {about!r}{_nearest(category, known)}")
    return Source(name=f"{kind}:{category}" if category else kind.value, kind=kind, about=category)


def _web(name: str) -> Source:
    try:
        parts = urlsplit(name)
        is_good = bool(parts.hostname) and (parts.port or 1) <= _PORTS
    except ValueError:
        is_good = False
    if not is_good or re.search(r"\s", name):
        raise ValueError(f"expected a URL with a host, like https://example.org/feed.xml, got {name!r}")
    scheme, _, rest = name.partition(":")
    return Source(name=f"{scheme.lower()}:{rest}", kind=Kind.URL, about=f"{scheme.lower()}:{rest}")


def _repository(about: str) -> Source:
    base, _, query = _web(about).about.partition("?")
    try:
        arguments = dict(parse_qsl(query, strict_parsing=True)) if query else {}
    except ValueError:
        arguments = {"": ""}
    if unknown := sorted(set(arguments) - {"set", "metadataPrefix"}):
        raise ValueError(
            f"a harvest of OAI-PMH is narrowed by set and metadataPrefix only, got {unknown[0] or query!r}"
        )
    selection = {"metadataPrefix": arguments.get("metadataPrefix", "oai_dc")}
    selection |= {"set": arguments["set"]} if "set" in arguments else {}
    # A colon divides the levels of a set's name, and some servers know it only as it is.
    url = f"{base}?{urlencode(selection, safe=':')}"
    return Source(name=f"oai:{url}", kind=Kind.OAI, about=url)


def _nearest(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known), n=1)
    return f" (did you mean {near[0]!r}?)" if near else f": known are {', '.join(sorted(known))}"


def _words(text: str) -> str:
    return _NOT_WORDS.sub("-", text.lower()).strip("-")


def _category(record: object) -> str | None:
    category = record.get("category") if isinstance(record, dict) else None
    return _words(category) if isinstance(category, str) else None


def _object(answer: bytes) -> dict[str, Any]:
    try:
        page = orjson.loads(answer)
    except orjson.JSONDecodeError:
        return {}
    return page if isinstance(page, dict) else {}


def _about(page: dict[str, Any]) -> dict[str, Any]:
    """What a page of bioRxiv's API says of itself."""
    messages = page.get("messages")
    return messages[0] if isinstance(messages, list) and messages and isinstance(messages[0], dict) else {}


def _page(page: dict[str, Any], records: list[object], count: int) -> bytes:
    """A page with other records, which says that these are so many."""
    about = _about(page) | {"cursor": 0, "count": count, "total": count}
    return orjson.dumps(page | {"messages": [about], "collection": records})


def _total(answers: Sequence[bytes]) -> int:
    """How many records the last of the pages that says so announces in all; 0 if none does."""
    totals = [total for answer in answers if (total := _number(_about(_object(answer)).get("total")))]
    return totals[-1] if totals else 0


def _number(value: object) -> int:
    """A count, given as a number or as digits; 0 for anything else."""
    if isinstance(value, int):
        return max(value, 0)
    return int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value) else 0
