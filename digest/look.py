"""How mails look, as an operator chooses it; colours only such as text can be read in (WCAG 2.2, 1.4.3)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

READABLE = 4.5
"""The least contrast of text with what it stands on (WCAG 2.2, 1.4.3, level AA)."""

COMFORTABLE = 7.0
"""The contrast of level AAA (1.4.6), which a colour that is made here may as well have."""

LIGHT_GROUND = "#ffffff"
DARK_GROUND = "#161a21"

ACCENT = "#1a4fc4"


class Layout(StrEnum):
    """How papers stand in a mail: each with its abstract and reasons, or each in a few lines."""

    CARDS = "cards"
    COMPACT = "compact"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What of a mail's look is the operator's.

    `accent` is the colour of links on white; `logo` an https URL, `masthead` the sender's name, `address` the postal
    address at the foot, each empty for none.
    """

    accent: str = ACCENT
    logo: str = ""
    masthead: str = ""
    address: str = ""
    layout: Layout = Layout.CARDS

    @property
    def accent_on_dark(self) -> str:
        """The same colour for dark ground."""
        return on_dark(self.accent)


_HEX = re.compile(r"#[0-9a-fA-F]{6}")
_STEPS = 100


def parse(text: str) -> str:
    """The colour in small letters, `#1a4fc4`.

    Raises:
        ValueError: it is no colour of that form, or cannot be read on white.
    """
    if not _HEX.fullmatch(text):
        raise ValueError(f"expected a colour like #1a4fc4, got {text!r}")
    if (found := contrast(text, LIGHT_GROUND)) < READABLE:
        raise ValueError(f"{text} has a contrast of {found:.1f} on white: text needs {READABLE}, take a darker colour")
    return text.lower()


@lru_cache
def on_dark(colour: str) -> str:
    """The colour mixed with so much white that it can be read on the dark ground."""
    mixed = colour
    for step in range(_STEPS + 1):
        share = step / _STEPS
        mixed = "#" + "".join(f"{round(value + (255 - value) * share):02x}" for value in _channels(colour))
        if contrast(mixed, DARK_GROUND) >= COMFORTABLE:
            break
    return mixed


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    """Relative luminance, 0 to 1, as WCAG defines it for sRGB."""
    shares = (value / 255 for value in _channels(colour))
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)  # noqa: PLR2004  (of the definition)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _channels(colour: str) -> tuple[int, int, int]:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return red, green, blue
