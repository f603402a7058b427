"""Which blocks of a page are titles and which abstracts, where the page itself does not say.

A page of papers alternates: title, abstract, title, abstract. Blocks go missing or come in two, so the labels are those
of the cheapest reading as a whole (Viterbi's algorithm over two labels): a block that looks unlike its label costs, and
so does a step out of turn. One odd block thereby spoils itself and not the pairs behind it.
"""

from __future__ import annotations

import re
from enum import Enum
from math import inf

# Costs of a step out of turn, in the unit of `abstract_evidence`: a title without abstract, an abstract without title
# at the start, a second paragraph (or an abstract whose title is missing).
_LONE_TITLE = 4.0
_LONE_ABSTRACT = 4.0
_SECOND_PARAGRAPH = 3.0

_FULL_STOP = re.compile(r"""[.。]["'”’)\]]*$|(?<=\S)://\S+$""")  # noqa: RUF001 - quotation marks and full stops as papers have them
_OPEN_END = re.compile(r"""[?!…]["'”’)\]]*$""")  # noqa: RUF001
_SENTENCES = re.compile(r"[a-z)\]%]{3}[.?!] +[A-Z]|。")
_LONG_WORD = re.compile(r"\b[^\W\d_]{4,}")


class Label(Enum):
    """What a block is."""

    TITLE = "title"
    ABSTRACT = "abstract"


def label_blocks(blocks: list[str]) -> list[Label]:
    """The cheapest labels for blocks that follow each other, one for each."""
    as_title, as_abstract = inf, 0.0  # the least cost so far where the last block is one; a page begins with a title
    steps: list[tuple[bool, bool]] = []
    for block in blocks:
        evidence = abstract_evidence(block)
        abstract_again = as_abstract + (_SECOND_PARAGRAPH if steps else _LONE_ABSTRACT)
        title_again = as_title + _LONE_TITLE
        # Whether the block before is a title where this one is a title, and where it is an abstract.
        steps.append((title_again <= as_abstract, as_title <= abstract_again))
        as_title, as_abstract = (
            min(title_again, as_abstract) + max(evidence, 0.0),
            min(as_title, abstract_again) + max(-evidence, 0.0),
        )
    # A title at the very end lacks its abstract as any other does.
    is_title = as_title + _LONE_TITLE <= as_abstract
    labels: list[Label] = []
    for step in reversed(steps):
        labels.append(Label.TITLE if is_title else Label.ABSTRACT)
        is_title = step[0] if is_title else step[1]
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
