"""What a profile leaves out, whatever it scores, and the authors it follows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from digest.types import Paper, Profile


class Bounds:
    """One profile's bounds."""

    def __init__(self, profile: Profile) -> None:
        words = "|".join(re.escape(" ".join(word.casefold().split())) for word in profile.exclude)
        self._excluded = re.compile(rf"(?<!\w)(?:{words})(?!\w)") if words else None
        self._categories = tuple(category.removesuffix(".*") for category in profile.categories)
        self._authors = {_name_key(name) for name in profile.authors}
        self._known = frozenset(profile.liked)

    def followed(self, paper: Paper) -> list[str]:
        """The paper's authors whom the reader follows."""
        return [name for name in paper.authors if _name_key(name) in self._authors] if self._authors else []

    def refusal(self, paper: Paper, *, followed: bool) -> str | None:
        """Why the paper may not be recommended, whatever it scores; None if it may."""
        if not self._known.isdisjoint((paper.id, *paper.other_ids)):
            return "liked: you know it already"
        if self._excluded and (found := self._excluded.search(f"{paper.title}\n{paper.abstract}".casefold())):
            return f"exclude: it holds {found[0]!r}"
        # A source without categories (a saved page) says nothing against a paper.
        if followed or not self._categories or not paper.categories or any(map(self._listed, paper.categories)):
            return None
        return f"categories: it is in {', '.join(paper.categories)} only"

    def _listed(self, category: str) -> bool:
        return any(category == wanted or category.startswith(f"{wanted}.") for wanted in self._categories)


def _name_key(name: str) -> tuple[str, ...]:
    return tuple(name.casefold().replace(".", " ").split())
