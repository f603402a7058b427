"""Markup and TeX -> clean Unicode, and what a text says beside its words: people.

Every title, abstract and name of a source passes through `clean` once, so that whatever comes after may treat text as
text. Nothing here ever raises: a text that cannot be understood stays as it is.
"""

from __future__ import annotations

import html
import re
import unicodedata
from typing import TYPE_CHECKING

from digest import tex

if TYPE_CHECKING:
    from collections.abc import Sequence

_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_ESCAPED_AMPERSAND = re.compile(r"&(?:amp;|#38;|#x26;)(?:amp;|#38;|#x26;)+", re.IGNORECASE)
_ROUNDS = 4

# Tags are stripped by name, because papers write `a<b and c>d`, `2.6<\eta<4` and `<think>` as text.
_VOID_AND_BLOCK = frozenset({"br", "dd", "div", "dt", "hr", "img", "li", "p", "td", "th", "tr", "wbr"})
_TAGS = (
    r"(?:jats|mml|m|html|xhtml|h):[A-Za-z][\w-]*"  # JATS, MathML and XHTML under their usual prefixes
    r"|a|abbr|article|b|bdi|bdo|big|blockquote|br|center|cite|code|dd|del|dfn|div|dl|dt|em|figcaption|figure|font|h[1-6]"
    r"|hr|i|img|ins|kbd|li|mark|math|mi|mn|mo|mover|mrow|ms|msqrt|mstyle|msub|msubsup|msup|mtext|munder|ol|p|pre|q|s"
    r"|samp|script|section|small|span|strike|strong|style|sub|sup|table|tbody|td|tfoot|th|thead|tr|tt|u|ul|var|wbr"
    r"|bold|italic|sc|sec|inline-formula|tex-math"  # JATS without prefix
)
_ATTRIBUTES = r"""((?:\s++[A-Za-z_:][\w:.-]*+\s*=\s*(?:"[^"<>]*"|'[^'<>]*'|[^\s"'<>=`]+))*+)"""
_TAG = re.compile(rf"<(/?)({_TAGS}){_ATTRIBUTES}\s*(/?)>", re.IGNORECASE)
_CLOSING = re.compile(rf"</({_TAGS})\s*>", re.IGNORECASE)
_BLOCK = re.compile(
    r"(?:jats:|html:|xhtml:|h:)?"
    r"(?:article|blockquote|br|center|d[dlt]|div|fig.*|h[1-6r]|li|[ou]l|p|pre|sec|section|table|t[dhr]|title)"
)
_SCRIPT = re.compile(r"<su([bp])>\s*([0-9+\-=()ni]{1,12})\s*</su\1>", re.IGNORECASE)
_RAISED = str.maketrans("0123456789+-=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ")
_LOWERED = str.maketrans("0123456789+-=()i", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ᵢ")

# Control and format characters that show nothing or reorder what is shown (Unicode UAX #9, UTR #36), lone surrogates,
# noncharacters, fillers and tags. White space is folded, not removed, and so absent here.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufdd0-\ufdef\ufeff\uffa0\ufff0-\ufffc\ufffe\uffff\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)
# Persian, the Indic and South East Asian scripts, Mongolian and emoji are spelt with joiners; elsewhere a joiner only
# makes two equal words differ.
_IDLE_JOINER = re.compile(
    "(?<![\u0620-\u074a\u0750-\u077f\u08a0-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u17d3\u1820-\u18aa"
    "\u2600-\u27bf\ufe0f\U0001f000-\U0001faff])[\u200c\u200d]"
)
# What `clean` may have to act on in a text that is ASCII and printable; all others are only folded.
_MARKS = ("&", "<", "\\", "~", "`", "--")

_BRACKETED = re.compile(r"\s*\([^()]*\)")
_BETWEEN_NAMES = re.compile(r"\s*[,;]\s*(?:and|&)\s+|\s+and\s+|\s*&\s+|\s*[,;]\s*|\s*:\s+")
_SUFFIX = re.compile(r"(?:Jr|Sr|II|III|IV|Ph\.?D|M\.?D)\.?")
_NO_NAME = re.compile(r"(?i:et al\.?|and others|and)|\W*")


def clean(text: str) -> str:
    r"""`text` as clean Unicode (NFC) on one line: no markup, entities, TeX spellings or invisible characters.

    Entities are resolved, also escaped twice; known HTML, JATS and MathML tags go, anything else in angle brackets
    stays; TeX accents, quotes and text styles outside maths become what they stand for, maths is left as it is. The
    result of cleaning a clean text is the text.
    """
    is_visible = _is_visible(text)
    if is_visible and not any(map(text.__contains__, _MARKS)):
        return " ".join(text.split())
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    if "&" in text:
        text = _resolve_entities(text)
        is_visible = _is_visible(text)
    if not is_visible:
        text = _IDLE_JOINER.sub("", _UNSEEN.sub("", text))
    if "<" in text and ">" in text:
        text = _strip_tags(text)
    if tex.has_tex(text):
        text = tex.resolve(text)
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return " ".join(text.split())


def clean_each(texts: Sequence[str]) -> list[str]:
    """Each of some short texts cleaned, in little more time than one takes."""
    together = "\n".join(texts)
    if _is_visible(together) and not any(map(together.__contains__, _MARKS)):
        return [" ".join(text.split()) for text in texts]
    return [clean(text) for text in texts]


def _is_visible(text: str) -> bool:
    """Whether a text certainly has no invisible character: most are ASCII, where a search takes ten times as long."""
    return text.isascii() and text.replace("\n", " ").isprintable()


def _resolve_entities(text: str) -> str:
    # Without its semicolon `&copy` may as well be part of an address (`?a=1&copy=2`) and stays.
    text = _ESCAPED_AMPERSAND.sub("&", text)
    for _ in range(_ROUNDS):
        resolved = _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)
        if resolved == text:
            break
        text = resolved
    return text


def _strip_tags(text: str) -> str:
    if "-->" in text:
        text = _strip_comments(text)
    closed = {name.lower() for name in _CLOSING.findall(text)}

    def replace(tag: re.Match[str]) -> str:
        name = tag[2].lower()
        is_tag = tag[1] or tag[3] or tag[4] or name in closed or name in _VOID_AND_BLOCK
        if not is_tag:
            return tag[0]
        return " " if _BLOCK.fullmatch(name) else ""

    return _TAG.sub(replace, _SCRIPT.sub(_raise_or_lower, text))


def _strip_comments(text: str) -> str:
    before, *commented = text.split("<!--")
    kept = [before]
    for part in commented:
        inside, end, after = part.partition("-->")
        kept.append(after if end else f"<!--{inside}")
    return "".join(kept)


def _raise_or_lower(script: re.Match[str]) -> str:
    return script[2].translate(_RAISED if script[1] in "pP" else _LOWERED)


def people(text: str) -> tuple[str, ...]:
    """The names in a list of authors as people write it ("A. Name, B. Name (Institute) and C. Name"), cleaned.

    What stands in parentheses is taken for an affiliation and dropped; "Jr." and its like stay with their name.
    """
    text = clean(text)
    for _ in range(_ROUNDS):
        text, found = _BRACKETED.subn("", text)
        if not found:
            break
    names: list[str] = []
    # White space in one piece: the separators look for their ends from each space on.
    for part in _BETWEEN_NAMES.split(" ".join(text.replace("(", "").replace(")", "").split())):
        name = part.strip()
        if names and _SUFFIX.fullmatch(name):
            names[-1] += f", {name}"
        elif not _NO_NAME.fullmatch(name):
            names.append(name)
    return tuple(names)
