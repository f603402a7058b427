"""How well `digest.linkage` tells whether two papers are one work: wrong joins, to be none, and how many it finds.

    python bench/linkage.py ../shared/samples [more dumps or folders]

Wrong joins: works that ids keep apart, with the ids hidden, as they are and as if one group of authors had written all
of them in one year; and titles changed as those of another work of a series would be. Recall: works that bear ids of
several kinds, as an archive's record and a journal's that share no id, the latter with initials of authors and with a
title changed as journals change titles; both with the same abstract, or the journal's without. Every join of
different works is printed.
"""

from __future__ import annotations

import argparse
import re
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from digest import reading, sources
from digest.errors import SourceError
from digest.identity import title_key
from digest.linkage import are_compatible, block, is_match
from digest.types import Paper

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

AS_OF = date(2025, 1, 1)
GROUP = ("Ada Example", "Bob Roe", "Carol Poe")
YEAR = datetime(2025, 5, 1, tzinfo=UTC)
BRITISH = {
    r"(behavi|col|fav|neighb|tum|vap|flav|harb|rig|end?eav)or\b": r"\1our",
    r"(behavi|col|fav|neighb|tum)or(?=s|al|ed|ing)": r"\1our",
    r"iz(?=es?\b|ed\b|ers?\b|ing\b|ations?\b)": "is",
    r"lyz(?=e|ing)": "lys",
    r"(cent|lit|fib)er\b": r"\1re",
    r"(mod|lab|trav|chann|canc)el(?=ed\b|ing\b|er\b)": r"\1ell",
    r"\b(h|an)em": r"\1aem",
    r"(?<=cat|dia)log\b": "logue",
    r"gray": "grey",
    r"program\b": "programme",
}


def main() -> None:
    """Read the papers and print the figures."""
    parser = argparse.ArgumentParser(description="Wrong joins and recall of record linkage.")
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    works = list(read(parser.parse_args().paths).values())
    named = [paper for paper in works if paper.authors]
    print(f"{len(works):,} works, {len(named):,} with authors")
    print("wrong joins:")
    told("of works as they are", joined(named, is_match))
    told("of works as they are, ids hidden", joined(named, without_ids))
    told("of all works, as if by one group in one year", joined(works, by_one_group))
    told("of all works, by one group in one year, without abstracts", joined(works, by_one_group_untold))
    for name, change in SERIES.items():
        changed = [(paper, replace(paper, title=title)) for paper, title in titled(works, change)]
        for kind, twin in (("another abstract", other_texts), ("the same abstract", same_texts)):
            wrong = [pair for pair in changed if is_match(*twin(*pair, works))]
            told(f"of {len(changed):,} titles with {name}, {kind}", wrong)
    known = [paper for paper in named if has_several_ids(paper)]
    print(f"recall, of {len(known):,} works known by several ids:")
    for name, change in JOURNALS.items():
        pairs = [(archived(paper), published(paper, title)) for paper, title in titled(known, change)]
        for kind, untold in (("", False), (", the journal's without abstract", True)):
            print(f"  {name}{kind}: {share([found(one, other, untold=untold) for one, other in pairs])}")


def read(paths: Sequence[Path]) -> dict[str, Paper]:
    """All works in dumps, by id; the first record of each."""
    works: dict[str, Paper] = {}
    for location in reading.locate(paths):
        try:
            if isinstance(location, SourceError):
                continue
            with reading.opened(location, AS_OF, lambda _: None) as dump:
                for record in sources.opened(dump).records:
                    if isinstance(record.outcome, Paper):
                        works.setdefault(record.outcome.id, record.outcome)
        except SourceError:  # samples are broken in every way, and the rest of them counts
            continue
    return works


def joined(works: Sequence[Paper], rule: Callable[[Paper, Paper], bool]) -> list[tuple[Paper, Paper]]:
    """Pairs of works that the rule joins.

    Titles that are the same or close share all words of the shorter one, but for their ends: so only works that share
    its rarest start of a word are compared.
    """
    starts = [{word[:START] for word in title_key(paper.title).split()} for paper in works]
    having: dict[str, set[int]] = defaultdict(set)
    for n, some in enumerate(starts):
        for start in some:
            having[start].add(n)
    rarest = (min((having[start] for start in some), key=len, default=set()) for some in starts)
    pairs = {(min(n, m), max(n, m)) for n, others in enumerate(rarest) for m in others if n != m}
    return [(works[n], works[m]) for n, m in sorted(pairs) if rule(works[n], works[m])]


START = 4


def without_ids(one: Paper, another: Paper) -> bool:
    """The rule for papers of which one is in an archive and the other in a journal, whatever they are."""
    return is_match(archived(one), published(another, another.title))


def by_one_group(one: Paper, another: Paper) -> bool:
    """The rule as if both were by the same authors, in the same year."""
    some, others = (replace(paper, authors=GROUP, published=YEAR) for paper in (one, another))
    return without_ids(some, others)


def by_one_group_untold(one: Paper, another: Paper) -> bool:
    """The same, where neither has an abstract."""
    return by_one_group(replace(one, abstract=""), replace(another, abstract=""))


def other_texts(one: Paper, changed: Paper, works: Sequence[Paper]) -> tuple[Paper, Paper]:
    """A paper and one of the changed title, with the abstract of some other work."""
    other = works[len(one.title) * 31 % len(works)]
    return same_texts(one, replace(changed, abstract=other.abstract), works)


def same_texts(one: Paper, changed: Paper, _: Sequence[Paper]) -> tuple[Paper, Paper]:
    """A paper and one that differs in nothing but the title."""
    some, others = (replace(paper, authors=GROUP, published=YEAR) for paper in (one, changed))
    return archived(some), published(others, others.title)


def archived(paper: Paper) -> Paper:
    """The record of an archive of preprints."""
    return replace(paper, id="arxiv:2505.99999", other_ids=())


def published(paper: Paper, title: str) -> Paper:
    """The record of a journal."""
    authors = tuple(re.sub(r"(\w)[\w.'-]* (?=.)", r"\1. ", name) for name in paper.authors)
    return replace(paper, id="doi:10.5555/1", title=title, authors=authors, other_ids=(), version=None)


def has_several_ids(paper: Paper) -> bool:
    """Whether archive, publisher and index give the work ids, two of them at least."""
    kinds = {each.partition(":")[0] for each in (paper.id, *paper.other_ids)}
    return len(kinds & {"arxiv", "doi", "pmid"}) > 1


def titled(works: Iterable[Paper], change: Callable[[str], str]) -> Iterator[tuple[Paper, str]]:
    """Papers with their changed titles, where the change makes a difference or is none."""
    for paper in works:
        title = change(paper.title)
        if title != paper.title or change is JOURNALS["the same title"]:
            yield paper, title


def another_word(title: str) -> str:
    """The title with its longest word in the place of another."""
    longest = max(re.findall(r"[^\W\d]+", title) or [""], key=len)
    return title.replace(longest, "sediments", 1) if longest else title


def another_number(title: str) -> str:
    """The title with its first number counted up."""
    return re.sub(r"\d+", lambda found: str(int(found[0]) + 1), title, count=1)


def british(title: str) -> str:
    """The title in British spelling."""
    for american, spelt in BRITISH.items():
        title = re.sub(american, spelt, title, flags=re.IGNORECASE)
    return title


SERIES: dict[str, Callable[[str], str]] = {
    "another word": another_word,
    "another number": another_number,
    "a number": lambda title: f"{title} 2",
    '"II"': lambda title: f"{title} II",
    '"Part II"': lambda title: f"{title}: Part II",
    '"Erratum"': lambda title: f"Erratum: {title}",
    '"Reply to"': lambda title: f"Reply to: {title}",
    '"supplementary material"': lambda title: f"{title}: Supplementary material",
}
JOURNALS: dict[str, Callable[[str], str]] = {
    "the same title": lambda title: title,
    "capitals": str.upper,
    "hyphens gone": lambda title: title.replace("-", " "),
    "hyphens, joined": lambda title: title.replace("-", ""),
    "British spelling": british,
    "subtitle dropped": lambda title: title.partition(": ")[0],
    "what is before the colon dropped": lambda title: title.partition(": ")[2] or title,
    "subtitle added": lambda title: title if ": " in title else f"{title}: evidence from slow rivers",
    "first word dropped": lambda title: title.partition(" ")[2] or title,
}


def found(one: Paper, another: Paper, *, untold: bool) -> bool:
    """Whether the blocking key brings two records together and the rule joins them."""
    other = replace(another, abstract="") if untold else another
    keys = {block(paper.title, title_key(paper.title), paper.authors) for paper in (one, other)}
    return len(keys) == 1 and are_compatible(one, other) and is_match(one, other)


def share(outcomes: Sequence[bool]) -> str:
    """`12 of 30 (40 %)`."""
    return f"{sum(outcomes):,} of {len(outcomes):,} ({sum(outcomes) / max(len(outcomes), 1):.0%})"


def told(what: str, pairs: Sequence[tuple[Paper, Paper]]) -> None:
    """Print how many, and the first of them."""
    print(f"  {what}: {len(pairs):,}")
    for one, another in pairs[:20]:
        print(f"    {one.id}  {one.title}\n    {another.id}  {another.title}")


if __name__ == "__main__":
    main()
