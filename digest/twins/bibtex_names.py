"""Authors as BibTeX wants them: `Last, First` where a name is plainly a person's, else the name as it is, in braces."""

from __future__ import annotations

import re
from typing import Final

from digest.twins import tex

# One capital and small letters, joined by hyphens and apostrophes: `Example`, `García-Márquez`, `O'Neil`, `McKay`.
_PART: Final = r"(?:Mc|Mac|[^\W\d_]['\u2019])?[^\W\d_][^\W\d_]+"
_FAMILY = re.compile(rf"{_PART}(?:-{_PART})*")
_GIVEN = re.compile(rf"{_FAMILY.pattern}|[^\W\d_]\.?(?:-?[^\W\d_]\.)*")
_INITIALS = re.compile(r"[A-Z]{2,3}")  # PubMed's, without full stops
_JOINT = re.compile(r"[-'\u2019.]|(?<=^Mc)(?=[A-Z])|(?<=^Mac)(?=[A-Z])")
_PARTICLES = re.compile(
    "af|al|av|bin|d'|da|dal|de|degli|dei|del|della|den|der|di|do|dos|du|el|ibn|la|le|van|ten|ter|von|zu|zum|zur"
)
# Words of groups, which have no family name.
_GROUP = re.compile(
    "academy|alliance|association|center|centre|collaboration|college|committee|community|consortium|foundation|"
    "group|inc|initiative|institute|lab|laboratory|labs|ltd|network|organization|project|research|society|team|the|"
    "university"
)
_MOST_PARTS = 5


def author(name: str) -> str:
    """One name for the field `author`.

    `Ann B. van Poe` becomes `van Poe, Ann B.`; groups, single words, names with digits, commas or suffixes, in capitals
    or in scripts without them stand in braces, so that nothing is taken for what it is not.
    """
    parts = split(name)
    if parts is None:
        return f"{{{tex.escaped(name)}}}"
    given, family = parts
    return f"{family}, {given}"


def split(name: str) -> tuple[str, str] | None:
    """Given and family name, the latter the last word and particles before it; None where it is not plainly so."""
    words = name.split()
    if not 2 <= len(words) <= _MOST_PARTS or any(_GROUP.fullmatch(word.lower()) for word in words):  # noqa: PLR2004 - two parts
        return None
    at = len(words) - 1
    while at > 1 and _PARTICLES.fullmatch(words[at - 1]):
        at -= 1
    given = words[:at]
    if not _is_proper(_FAMILY, words[-1]):
        return None
    if not all(_INITIALS.fullmatch(word) or _is_proper(_GIVEN, word) for word in given):
        return None
    return " ".join(given), " ".join(words[at:])


def _is_proper(form: re.Pattern[str], word: str) -> bool:
    """Whether a word is a name by itself: it begins with a capital, and capitals begin its parts only."""
    if not form.fullmatch(word):
        return False
    parts = _JOINT.split(word)
    return all(not part or (part[0].isupper() and (len(part) == 1 or part[1:].islower())) for part in parts)
