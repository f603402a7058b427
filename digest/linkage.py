"""Record linkage: whether two papers that share no id are one work, by title, text, authors and years.

A last resort, after ids and equal titles, and so made to say no rather than to join two works. In the terms of the
field (Fellegi and Sunter, A Theory for Record Linkage, 1969; Christen, Data Matching, 2012) it is a deterministic rule
over a comparison vector, and `block` is the blocking key by which candidates are found.

Titles are compared as sequences of folded words: case, marks, hyphens, articles and British or American spelling do
not count. They are the same; or they are close: one is the other with words left out, plurals aside, and their
similarity, twice the words in common to the words of both (the normalised indel similarity), is at least
`MIN_SIMILARITY`. A word in the place of another makes another title: papers of one group about mice and about rats
differ by no more.
"""

from __future__ import annotations

import re
import zlib
from functools import lru_cache
from typing import TYPE_CHECKING

from digest.identity import arxiv_month, title_key
from digest.publication import is_deposit, is_preprint, without_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from digest.types import Paper

MIN_SIMILARITY = 0.5
"""Of titles that are not the same; a subtitle may be as long as the title."""

MIN_WORDS = 3
"""Words that a title needs to tell works apart; the same title of fewer ("Book reviews") counts as close,
as does one that may come again every year ("Annual report").
"""

SAME_TITLE_TEXT = 0.4
"""Share of the telling words of the shorter abstract that stand in the other one, where titles are the same."""

CLOSE_TITLE_TEXT = 0.6
"""Telling words in common to those of either abstract (Jaccard), where titles are only close: nearly the same text."""

SHARED_AUTHORS = 0.6
"""Share of the authors that has to be in both lists: of the shorter one, and of both where titles are only close."""

MAX_YEARS = 3
"""Years from a preprint to its journal."""

_ARTICLES = frozenset({"an", "the", "and"})
_SHORTEST_TELLING = 4

# Only endings and letters by which spellings differ: what is changed beyond that is changed in both titles.
_SPELLINGS = (
    (re.compile(r"ae|oe"), "e"),
    (re.compile(r"(?<=\w\w)our(?=$|s$|ed$|ing$|al$|ally$|able$|less$|ite$)"), "or"),
    (re.compile(r"(?<=[iy])s(?=e$|es$|ed$|er$|ers$|ing$|ation$|ations$)"), "z"),
    (re.compile(r"(?<=[btv])re(?=s?$)"), "er"),
    (re.compile(r"(?<=og)ue(?=s?$)"), ""),
    (re.compile(r"ll(?=ed$|er$|ers$|ing$|ings$)"), "l"),
    (re.compile(r"(?<=^def)ence|(?<=^off)ence|(?<=^lic)ence"), "ense"),
    (re.compile(r"sulph"), "sulf"),
    (re.compile(r"^grey"), "gray"),
    (re.compile(r"^programme(?=s?$)"), "program"),
    (re.compile(r"^aluminium$"), "aluminum"),
    (re.compile(r"^ageing$"), "aging"),
)
_POSSESSIVE = re.compile(r"['\u2019]s\b")
_PLURAL = re.compile(r"(?<=\w\w[^sui])s$")
_DIGITS = re.compile(r"\d+")
_BREAK = re.compile(r"[:?!] | [-\u2013\u2014] ")
_SHORTEST_MAIN = 12
_START = 5

# A title with one of these words more is that of something about the work, or of another of a series.
_MARKER = re.compile(
    r"""
    (?:
        addendum|annotated|appendix|author|book|chapter|code|comment|commentary|concern|correction|
        corrigendum|data|dataset|demo|discussion|editorial|errata|erratum|extended|feature|follow|
        guest|highlight|index|interview|introduction|invited|lecture|letter|note|notice|obituary|
        opinion|overview|part|perspective|poster|pre|preface|preregistration|preview|proposal|
        protocol|publisher|rebuttal|recommendation|registered|registration|reply|report|response|
        retracted|retraction|review|revisited|sequel|slide|software|summary|supplement|supplemental|
        supplementary|survey|talk|thesis|translation|tutorial|update|updated|version|video|volume|
        withdrawal|withdrawn|workshop|no|non|not|without|first|second|third|fourth|fifth|sixth|one|
        two|three|four|five|six|seven|eight|nine|ten|ii|iii|iv|vi|vii|viii|ix|xi|xii|alpha|
        beta|gamma
    )s?
    """,
    re.VERBOSE,
)

# What titles are made of that come again every year or in every issue.
_SERIAL = frozenset(
    {"addendum", "annual", "corrigenda", "corrigendum", "editorial", "errata", "erratum", "foreword", "issue"}
    | {"newsletter", "obituary", "preface", "proceedings", "retraction", "yearbook"}
)

_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv"})
_GROUPS = frozenset({"collaboration", "consortium", "group", "team", "network", "committee", "investigators"})


def is_match(one: Paper, another: Paper) -> bool:
    """Whether two papers without a shared id are one work; the same answer whichever stands first.

    It takes the same title, or a close one with nearly the same text; most of the authors; years at most `MAX_YEARS`
    apart where both are known; and ids that one work can have (`are_compatible`).
    """
    if not (one.authors and another.authors and are_compatible(one, another)):
        return False
    shorter, longer = sorted((_words(one.title), _words(another.title)), key=lambda words: (len(words), words))
    is_same = _is_same(shorter, longer)
    if not is_same and not _is_shortened(shorter, longer):
        return False
    authors = _Overlap(map(_surname, one.authors), map(_surname, another.authors))
    texts = _Overlap(_telling(one.abstract), _telling(another.abstract))
    if is_same and len(shorter) >= MIN_WORDS and _SERIAL.isdisjoint(shorter):
        texts_agree = texts.is_empty or texts.of_shorter >= SAME_TITLE_TEXT
        authors_agree = authors.of_shorter >= SHARED_AUTHORS
    else:
        texts_agree = texts.of_both >= CLOSE_TITLE_TEXT
        authors_agree = authors.of_longer >= SHARED_AUTHORS
    return texts_agree and authors_agree and _years_apart(one, another) <= MAX_YEARS


def are_compatible(one: Paper, another: Paper) -> bool:
    """Whether one work can have the ids of both.

    It has one arXiv id, one PMID, one forum at OpenReview, one DOI of a preprint server, whatever the version, and one
    of a publisher. Of what is only in a repository nobody knows whether it is a paper or its data.
    """
    some, others = _Ids(one), _Ids(another)
    return not some.only_deposited and not others.only_deposited and not some.kinds & others.kinds - some.both(others)


def are_strangers(one: Paper, another: Paper) -> bool:
    """Whether both papers name authors and none of them is the same."""
    authors = _Overlap(map(_surname, one.authors), map(_surname, another.authors))
    return not authors.is_empty and not authors.of_both


def block(title: str, key: str, authors: Sequence[str]) -> int | None:
    """The blocking key: papers that may match are looked for among those with the same one; None for none.

    A hash (CRC-32) of the first author's surname and of how the two longest words of the title begin, of what stands
    before a colon, so that neither subtitles nor most spellings make a difference. `key` is `title_key(title)`.
    """
    if not authors:
        return None
    if subtitle := _BREAK.search(title, _SHORTEST_MAIN):
        key = title_key(title[: subtitle.start()])
    words = sorted(key.split(), key=len)[-2:]
    if not words:
        return None
    starts = sorted([word.replace("ae", "e").replace("oe", "e")[:_START] for word in words])
    return zlib.crc32(f"{_surname(authors[0])} {' '.join(starts)}".encode())


class _Ids:
    """The ids of a paper as kinds of which a work has one."""

    def __init__(self, paper: Paper) -> None:
        self.by_kind: dict[str, set[str]] = {}
        self.only_deposited = True
        for paper_id in (paper.id, *paper.other_ids):
            kind = paper_id.partition(":")[0]
            if is_deposit(paper_id):
                continue
            self.only_deposited = False
            if kind == "doi" and is_preprint(paper_id):
                kind = "preprint"
            if kind != "title":
                self.by_kind.setdefault(kind, set()).add(without_version(paper_id))

    @property
    def kinds(self) -> set[str]:
        return set(self.by_kind)

    def both(self, other: _Ids) -> set[str]:
        """Kinds of which both have the same id."""
        return {kind for kind, ids in self.by_kind.items() if ids & other.by_kind.get(kind, set())}


def _years_apart(one: Paper, another: Paper) -> int:
    years = [year for paper in (one, another) if (year := _year(paper)) is not None]
    return max(years) - min(years) if len(years) > 1 else 0


def _year(paper: Paper) -> int | None:
    # The announcement last: a page of today's votes may announce what came out years ago.
    day = paper.published or arxiv_month(paper.id) or paper.announced
    return day.year if day else None


@lru_cache(maxsize=4096)
def _words(title: str) -> tuple[str, ...]:
    key = title_key(_POSSESSIVE.sub("s", title))
    return tuple(_spelt(word) for word in key.split() if word not in _ARTICLES)


def _spelt(word: str) -> str:
    for pattern, spelling in _SPELLINGS:
        word = pattern.sub(spelling, word)
    return word


def _is_same(some: Sequence[str], others: Sequence[str]) -> bool:
    # Together, for hyphens; numbers apart, for "1 1" is not "11".
    return "".join(some) == "".join(others) and _DIGITS.findall(" ".join(some)) == _DIGITS.findall(" ".join(others))


def _is_shortened(shorter: Sequence[str], longer: Sequence[str]) -> bool:
    """Whether the longer title is the shorter one with words more, none of which makes it another work's."""
    if len(shorter) < MIN_WORDS or 2 * len(shorter) < MIN_SIMILARITY * (len(shorter) + len(longer)):
        return False
    rest = iter(shorter)
    wanted = _singular(next(rest, ""))
    for word in longer:
        if _singular(word) == wanted:
            wanted = _singular(next(rest, ""))
        elif _MARKER.fullmatch(word) or (len(word) == 1 and word != "a") or _DIGITS.search(word):
            return False
    return not wanted


def _singular(word: str) -> str:
    return _PLURAL.sub("", word)


class _Overlap:
    """What two sets have in common, as shares from 0 to 1; 0 where one is empty."""

    def __init__(self, some: Iterable[str], others: Iterable[str]) -> None:
        shorter, longer = sorted((frozenset(some), frozenset(others)), key=len)
        common = len(shorter & longer)
        self.is_empty = not shorter
        self.of_shorter = common / (len(shorter) or 1)
        self.of_longer = common / (len(longer) or 1)
        self.of_both = common / (len(shorter | longer) or 1)


def _telling(text: str) -> Iterator[str]:
    return (_spelt(word) for word in title_key(text).split() if len(word) >= _SHORTEST_TELLING)


def _surname(name: str) -> str:
    """A name's last word, less initials and suffixes behind it; of a family name in front of a comma, its last word.

    A collaboration is its whole name.
    """
    last = name.rpartition(" ")[2]
    if not (last.isalpha() and last.isascii() and "," not in name):
        family, comma, _ = name.partition(",")
        name = title_key(family if comma and family.strip() else name) or name
        last = name.rpartition(" ")[2]
    last = last.lower()
    if last in _GROUPS:
        return title_key(name)
    if last in _SUFFIXES or len(last) == 1:
        return next((word for word in reversed(name.lower().split()) if word not in _SUFFIXES and len(word) > 1), last)
    return last
