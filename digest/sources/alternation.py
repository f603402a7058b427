"""Which blocks of a page are titles and which abstracts, where the page itself does not say.

A page of papers alternates: title, abstract, title, abstract. Blocks go missing or come in two, so the labels are those
of the cheapest reading as a whole (Viterbi's algorithm over two labels): a block that looks unlike its label costs, and
so does a step out of turn. One odd block thereby spoils itself and not the pairs behind it.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

# Costs of a step out of turn, in the unit of `abstract_evidence`: a title without abstract, an abstract without title
# at the start, a second paragraph (or an abstract whose title is missing).
_LONE_TITLE = 4.0
_LONE_ABSTRACT = 4.0
_SECOND_PARAGRAPH = 3.0

_FULL_STOP = re.compile(r"""[.。]["'”’)\]]*$|\S+://\S+$""")  # noqa: RUF001 - quotation marks and full stops as papers have them
_OPEN_END = re.compile(r"""[?!…]["'”’)\]]*$""")  # noqa: RUF001
_SENTENCES = re.compile(r"[a-z)\]%]{3}[.?!] +[A-Z]|。")
_LONG_WORD = re.compile(r"\b[^\W\d_]{4,}")


class Label(Enum):
    """What a block is."""

    TITLE = "title"
    ABSTRACT = "abstract"


_STEPS: Final = {
    (None, Label.TITLE): 0.0,
    (None, Label.ABSTRACT): _LONE_ABSTRACT,
    (Label.TITLE, Label.ABSTRACT): 0.0,
    (Label.TITLE, Label.TITLE): _LONE_TITLE,
    (Label.ABSTRACT, Label.TITLE): 0.0,
    (Label.ABSTRACT, Label.ABSTRACT): _SECOND_PARAGRAPH,
}


def label_blocks(blocks: list[str]) -> list[Label]:
    """The cheapest labels for blocks that follow each other, one for each."""
    costs: dict[Label | None, float] = {None: 0.0}
    steps: list[dict[Label, Label | None]] = []
    for block in blocks:
        evidence = abstract_evidence(block)
        emission = {Label.TITLE: max(evidence, 0.0), Label.ABSTRACT: max(-evidence, 0.0)}
        chosen: dict[Label, Label | None] = {}
        reached: dict[Label | None, float] = {}
        for label in Label:
            ways = {before: cost + _STEPS[before, label] for before, cost in costs.items()}
            chosen[label] = min(ways, key=ways.__getitem__)
            reached[label] = ways[chosen[label]] + emission[label]
        steps.append(chosen)
        costs = reached
    labels: list[Label] = []
    # A title at the very end lacks its abstract as any other does.
    ends = {label: cost + (_LONE_TITLE if label is Label.TITLE else 0.0) for label, cost in costs.items()}
    last = min(ends, key=ends.__getitem__)
    for chosen in reversed(steps):
        if last is not None:
            labels.append(last)
            last = chosen[last]
    return labels[::-1]


def abstract_evidence(block: str) -> float:
    """How much a block looks like an abstract (positive) rather than a title (negative), about -7 to 14."""
    evidence = min(max((len(block) - 150) / 40, -3.0), 8.0)
    if _FULL_STOP.search(block):
        evidence += 3
    elif not _OPEN_END.search(block):
        evidence -= 2
    if _SENTENCES.search(block):
        evidence += 3
    words = _LONG_WORD.findall(block)
    if words and sum(word[0].isupper() for word in words) > 0.6 * len(words):
        evidence -= 2
    return evidence
