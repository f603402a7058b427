"""What a profile leaves out, whatever it scores, and the authors it follows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digest.types import Paper, Profile


SHORT_TOPIC = 12
"""The most words of a topic that is written like a search."""


class Bounds:
    """One profile's bounds."""

    def __init__(self, profile: Profile) -> None:
        self._must = [(word, _whole([word])) for word in profile.must]
        self._excluded = _whole(profile.exclude) if profile.exclude else None
        self._categories = tuple(category.removesuffix(".*") for category in profile.categories)
        self._authors = {_name_key(name) for name in profile.authors}
        self._liked = frozenset(profile.liked)
        self._disliked = frozenset(profile.disliked)

    @property
    def only_what_is_known(self) -> bool:
        """Whether nothing but the papers that the reader judged is out of bounds, and no author is followed."""
        return not (self._must or self._excluded or self._categories or self._authors)

    @property
    def judged(self) -> frozenset[str]:
        """Ids of the papers that the reader liked or disliked."""
        return self._liked | self._disliked

    def followed(self, paper: Paper) -> list[str]:
        """The paper's authors whom the reader follows."""
        return [name for name in paper.authors if _name_key(name) in self._authors] if self._authors else []

    def refusal(self, paper: Paper, *, followed: bool) -> str | None:
        """Why the paper may not be recommended, whatever it scores; None if it may."""
        ids = (paper.id, *paper.other_ids)
        if not self._liked.isdisjoint(ids):
            return "liked: you know it already"
        if not self._disliked.isdisjoint(ids):
            return "disliked: you know it already"
        text = f"{paper.title}\n{paper.abstract}".casefold()
        if self._excluded and (found := self._excluded.search(text)):
            return f"exclude: it holds {found[0]!r}"
        if lacking := next((word for word, pattern in self._must if not pattern.search(text)), None):
            return f"must: it lacks {lacking!r}"
        # A source without categories (a saved page) says nothing against a paper.
        if followed or not self._categories or not paper.categories or any(map(self._listed, paper.categories)):
            return None
        return f"categories: it is in {', '.join(paper.categories)} only"

    def holds(self, paper: Paper, phrase: str) -> bool:
        """Whether a paper has a phrase, whole, in title or abstract; in whatever case."""
        return _whole([phrase]).search(f"{paper.title}\n{paper.abstract}".casefold()) is not None

    def _listed(self, category: str) -> bool:
        return any(category == wanted or category.startswith(f"{wanted}.") for wanted in self._categories)


def phrases_of(topic: str) -> tuple[str, ...]:
    """The "quoted phrases" that a topic asks for, without their quotes; one without a letter or digit says nothing.

    In a long text quotes are what they are in any prose, so a topic of more than `SHORT_TOPIC` words asks for none.
    """
    if len(topic.split()) > SHORT_TOPIC:
        return ()
    return tuple(phrase for phrase in re.findall(r'["“„]([^"“”„]*)["”“]', topic) if re.search(r"\w", phrase))


def _whole(words: Sequence[str]) -> re.Pattern[str]:
    """Matches any of these words or phrases, each as a whole, in case-folded text."""
    either = "|".join(r"\s+".join(map(re.escape, word.casefold().split())) for word in words)
    return re.compile(rf"(?<!\w)(?:{either})(?!\w)")


def _name_key(name: str) -> tuple[str, ...]:
    return tuple(name.casefold().replace(".", " ").split())
