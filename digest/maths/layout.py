"""The parts of a formula -> a line that reads well: spaces by the classes of its parts, brackets where a bar was.

The rules follow The TeXbook, chapters 17 and 18, as far as running text does: relations stand apart, products stand
close, and `+` and `−` stand as their author typed them.
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from digest.maths.symbols import BIG, SCRIPT_CHARACTERS, Kind, is_arrow

if TYPE_CHECKING:
    from collections.abc import Sequence


class Gap(IntEnum):
    """The space before a part: none, one that TeX ignores, or one that it shows."""

    NONE = 0
    TYPED = 1
    SHOWN = 2


class Item(NamedTuple):
    """A part of a formula, set: its class, its text, and the space typed before it."""

    kind: Kind
    text: str
    gap: Gap = Gap.NONE


_SMALL = rf"[{re.escape(SCRIPT_CHARACTERS)}\u0300-\u036f]*+"
_FALLBACK = r"(?:[_^](?:\w+|\([^()]*\)|\S))*+"
_BRACKETS = r"\([^()]*+\)|\|[^|]*+\||⟨[^⟨⟩]*+⟩"
# What needs no brackets below a bar or behind a root: a number, a letter with its scripts, what has brackets already.
_SINGLE = re.compile(rf"(?:√?(?:\d[\d.,]*+|[^\W\d_]|[∞∂…]){_SMALL}{_FALLBACK}|√?(?:{_BRACKETS}){_SMALL})")
_CALL = re.compile(rf"(?:[^\W\d_]{_SMALL}|[a-z]{{2,5}}|√)\([^()]*+\){_SMALL}")  # f(x), log(n), √(2n)
_DIFFERENTIAL = re.compile(rf"[d∂]{_SMALL}[^\W\d_]?{_SMALL}")
_UPRIGHT = re.compile(r"[A-Z][A-Za-z]*[a-z]|[A-Z]{3,}")  # a name, not a product
_SUM = re.compile(r"(?<!^)(?<![\^_])[+−±∓=<>≤≥/~,; -]")
_COMPOUND = re.compile(r"(?<!^)(?<![\^_])[+−±∓=<>≤≥/]")
_WORD = re.compile(r"[A-Za-z]{2}")
_ENDS_IN_SCRIPT = re.compile(r"[_^]\w+$")
_INNERMOST = re.compile(r"\([^()]*\)")
_CLOSED_SCRIPT = re.compile(r"[_^]\([^()]*\)$")

_CLOSE_BINARY = frozenset("·/*∗∘∙•")
_UNARY = {(False, True): Kind.OPEN, (True, False): Kind.CLOSE, (False, False): Kind.ORD}
_SIGNS = frozenset("+−")
_NOTHING_BEFORE = frozenset({Kind.BIN, Kind.OP, Kind.REL, Kind.OPEN, Kind.PUNCT})
_NOTHING_AFTER = frozenset({Kind.REL, Kind.CLOSE, Kind.PUNCT})
_FACTOR_BEFORE = frozenset({Kind.ORD, Kind.CLOSE, Kind.INNER})
_FACTOR_AFTER = frozenset({Kind.ORD, Kind.OPEN, Kind.INNER, Kind.OP})
_TEXTUAL = frozenset({Kind.ORD, Kind.CLOSE, Kind.OPEN, Kind.INNER, Kind.FENCE})


def line(items: Sequence[Item], *, tight: bool = False) -> str:
    """The parts on one line; `tight` for scripts, where relations and sums stand close."""
    parts = [_resolved(items, at) for at in range(len(items))]
    pieces: list[str] = []
    for at, part in enumerate(parts):
        if at and _is_apart(parts, at, tight=tight):
            pieces.append(" ")
        pieces.append(part.text)
    return "".join(pieces)


def _resolved(items: Sequence[Item], at: int) -> Item:
    """A sign without a left or right side is no binary operator; a fraction that is a factor has brackets."""
    item = items[at]
    before = items[at - 1] if at else None
    after = items[at + 1] if at + 1 < len(items) else None
    if item.kind is Kind.BIN:
        has_left = before is not None and before.kind not in _NOTHING_BEFORE
        has_right = after is not None and after.kind not in _NOTHING_AFTER
        return item if has_left and has_right else item._replace(kind=_UNARY[has_left, has_right], gap=Gap.NONE)
    if item.kind is Kind.INNER:
        follows = before and before.kind in _FACTOR_BEFORE and item.gap is not Gap.SHOWN
        is_followed = after and after.kind in _FACTOR_AFTER and after.gap is not Gap.SHOWN
        return Item(Kind.ORD, f"({item.text})", item.gap) if follows or is_followed else item
    return item


def _is_apart(parts: Sequence[Item], at: int, *, tight: bool) -> bool:  # noqa: PLR0911  # one rule a line
    """Whether a space stands before the part at this place, which is not the first."""
    left, right = parts[at - 1], parts[at]
    kinds = {left.kind, right.kind}
    if Kind.REL in kinds:
        return not tight and _is_apart_from_relation(parts, at)
    if Kind.PUNCT in kinds:
        return not tight and left.kind is Kind.PUNCT and right.kind not in {Kind.CLOSE, Kind.PUNCT}
    if Kind.BIN in kinds:
        return not tight and _is_apart_from_sign(parts, at)
    if left.kind is Kind.OPEN or right.kind is Kind.CLOSE:
        return False
    if Kind.OP in kinds:
        return _is_apart_from_operator(left, right)
    if runs_on(left.text, right.text):
        return True
    if Kind.FENCE in kinds:
        after = parts[at + 1].gap if at + 1 < len(parts) else Gap.NONE
        before = left.gap if left.kind is Kind.FENCE else after
        return right.gap is not Gap.NONE and before is not Gap.NONE
    if right.gap is Gap.SHOWN:
        return kinds <= _TEXTUAL
    has_word = _WORD.search(left.text) or (_WORD.search(right.text) and right.kind is Kind.ORD)
    return right.gap is Gap.TYPED and bool(has_word)


def _is_apart_from_relation(parts: Sequence[Item], at: int) -> bool:
    left, right = parts[at - 1], parts[at]
    if right.kind is Kind.REL:
        return left.kind not in {Kind.REL, Kind.OPEN}
    stands_alone = at == 1 or parts[at - 2].kind in {Kind.OPEN, Kind.PUNCT}
    return not stands_alone or is_arrow(left.text)


def _is_apart_from_sign(parts: Sequence[Item], at: int) -> bool:
    sign_at = at if parts[at].kind is Kind.BIN else at - 1
    sign = parts[sign_at]
    if sign.text in _CLOSE_BINARY:
        return False
    return sign.text not in _SIGNS or max(sign.gap, parts[sign_at + 1].gap) is not Gap.NONE


def _is_apart_from_operator(left: Item, right: Item) -> bool:
    if right.kind is Kind.OP:
        return left.kind is not Kind.FENCE
    if right.kind is Kind.FENCE:
        return right.gap is not Gap.NONE or len(left.text) > 1
    if right.kind is Kind.OPEN:
        return bool(_CLOSED_SCRIPT.search(left.text)) or (left.text[0] in BIG and len(left.text) > 1)
    return left.kind is not Kind.FENCE and (len(left.text) > 1 or right.gap is Gap.SHOWN)


def fraction(over: str, under: str) -> str:
    """`over/under`, with brackets around a sum above and around a product below; empty if both are."""
    if not (over and under):
        return over or under
    over = bracketed(over) if _SUM.search(_outermost(over)) and not _is_whole(over) else over
    is_derivative = _DIFFERENTIAL.fullmatch(under) and over[0] in "d∂"
    return f"{over}/{under if is_derivative or _is_whole(under) or _UPRIGHT.fullmatch(under) else bracketed(under)}"


def root(index: str, inside: str) -> str:
    """`√x`, `∛x`, `√(a+b)`."""
    sign = {"": "√", "2": "√", "3": "∛", "4": "∜"}.get(index)
    if not inside:
        return sign or "√"
    body = inside if _is_whole(inside) and not re.search(r"[√^_]", inside) else bracketed(inside)
    return f"{sign}{body}" if sign else f"{inside if _is_whole(inside) else bracketed(inside)}^(1/{index})"


def bracketed(text: str) -> str:
    """The text in brackets, which it may have already."""
    return text if text[:1] == "(" and text.find(")") == len(text) - 1 else f"({text})"


def is_compound(text: str) -> bool:
    """Whether a script of the whole text would be read as one of its end only."""
    return bool(_COMPOUND.search(_outermost(text))) and not _is_whole(text)


def runs_on(text: str, more: str) -> bool:
    """Whether a script without small characters (`k_B`) would run into what follows it."""
    return more[:1].isalnum() and bool(_ENDS_IN_SCRIPT.search(text))


def _outermost(text: str) -> str:
    """The text without what stands in brackets."""
    return _INNERMOST.sub("", _INNERMOST.sub("", text))


def _is_whole(text: str) -> bool:
    return bool(_SINGLE.fullmatch(text) or _CALL.fullmatch(text))
