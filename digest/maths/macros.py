"""What each macro of TeX's shows: fractions, roots, accents, environments, fonts, spaces, symbols, and unknown ones.

The names are those of LaTeX, amsmath, physics, mhchem and siunitx, and what authors commonly call their own.
"""

from __future__ import annotations

import re
import unicodedata
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from digest.maths.layout import Gap, Item, fraction, line, root
from digest.maths.symbols import (
    ACCENT_WORDS,
    ACCENTS,
    DOUBLE_STRUCK,
    SCRIPT_CHARACTERS,
    SYMBOLS,
    UNITS,
    Kind,
    kind,
    negated,
    script,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from digest.maths.formula import Parser

FONTS: Final = frozenset(
    "mathrm mathit mathbf mathsf mathtt mathcal mathscr mathfrak mathnormal boldsymbol bm bold pmb Bold mathbold symbf"
    " symup rm bf it cal sf tt sl sc scr frak em mit boldmath unboldmath upshape itshape bfseries".split()
)
"""They go, and what they are applied to is read for itself."""

_TEXTS = frozenset(
    "text textrm textit textbf texttt textsc textsf textsl textup textmd textnormal mbox hbox emph".split()
)
_SPACES = frozenset([*",;:> \n", "quad", "qquad", "thinspace", "enspace", "space", "newline", "par"])
_SILENT = FONTS | frozenset(
    "mathstrut strut noindent protect relax nolimits limits displaylimits displaystyle textstyle scriptstyle"
    " scriptscriptstyle small large Large normalsize big Big bigg Bigg bigl Bigl biggl Biggl bigr Bigr biggr Biggr bigm"
    " Bigm middle mathopen mathclose mathord mathrel mathbin mathpunct mathinner mathop ensuremath vec overrightarrow"
    " overleftarrow overleftrightarrow underline uline ul overbrace underbrace smash nonumber notag hfill centering"
    " allowbreak nobreak xspace negthinspace".split()
)
# They go with their first argument; a second one is read for itself.
_SILENT_WITH_ARGUMENT = frozenset(
    "label tag vspace hspace phantom hphantom vphantom cite citep citet ref eqref footnote color textcolor colorbox"
    " texorpdfstring overset stackrel".split()
)
_SIGNS: Final[Mapping[str, Item]] = MappingProxyType(
    {name: Item(kind(shown), shown) for name, shown in SYMBOLS.items()}
    | {name: Item(Kind.ORD, shown, Gap.SHOWN) for name, shown in UNITS.items()}
    | {char: Item(kind(char), char) for char in "{}%&#_$"}
    | {"|": Item(Kind.FENCE, "‖"), "mid": Item(Kind.REL, "|"), "backslash": Item(Kind.ORD, "∖")}
)
_AROUND: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {"abs": ("|", "|"), "norm": ("‖", "‖"), "ket": ("|", "⟩"), "bra": ("⟨", "|"), "braket": ("⟨", "⟩")}
    | {"expval": ("⟨", "⟩"), "floor": ("⌊", "⌋"), "ceil": ("⌈", "⌉"), "set": ("{", "}")}
)
_ARROWS: Final = MappingProxyType({"xrightarrow": "→", "xleftarrow": "←", "xleftrightarrow": "↔", "xmapsto": "↦"})

# Environment -> what stands around it and between its cells; rows are parted by semicolons.
_ENVIRONMENTS: Final[Mapping[str, tuple[str, str, str]]] = MappingProxyType(
    {"pmatrix": ("(", ")", ","), "bmatrix": ("[", "]", ","), "Bmatrix": ("{", "}", ","), "vmatrix": ("|", "|", ",")}
    | {"Vmatrix": ("‖", "‖", ","), "matrix": ("(", ")", ","), "smallmatrix": ("(", ")", ",")}
    | {"cases": ("{", "}", ","), "array": ("", "", ","), "tabular": ("", "", ",")}
)
_WITH_COLUMNS = frozenset("array tabular alignat subarray".split())

_STYLED = re.compile(
    r"(?:cal|mc|mbf|bf|rm|bm|scr|frak|sf|tt|bs|b|s)([A-Z])|(?:bf|bm|rm)([a-z])|(?:bb|mathbb|ds)([A-Z])"
)
_CHEMICAL_INDEX = re.compile(r"(?<=[A-Za-z)\]])\d+")
_ACCENTED = re.compile(rf"[^\W\d_](?=[{re.escape(SCRIPT_CHARACTERS)}]*\Z)")


def read(parser: Parser, name: str) -> list[Item]:
    """What the macro of this name, which is read already, shows with its arguments."""
    if handler := _HANDLERS.get(name):
        return handler(parser)
    if item := _SIGNS.get(name):
        return [item]
    if name in _SPACES:
        parser.gap = Gap.SHOWN
    elif name.isalpha() and name not in _SILENT:
        return _unknown(parser, name)
    return []


def is_known(name: str) -> bool:
    """Whether this is a macro of LaTeX's or a common one, and no author's own."""
    return name in _HANDLERS or name in _SIGNS or name in _SPACES or name in _SILENT


def choose(above: str, below: str) -> Item:
    """A binomial coefficient."""
    return Item(Kind.ORD, f"({above} choose {below})")


def _unknown(parser: Parser, name: str) -> list[Item]:
    """An author's own macro: its argument if it has one, else its name."""
    if not parser.skip("{}") and parser.sees("{"):
        return parser.words() if parser.in_prose else []
    if styled := _STYLED.fullmatch(name):
        return [Item(Kind.ORD, styled[1] or styled[2] or styled[3].translate(DOUBLE_STRUCK))]
    return [Item(kind(name), name)]


def _accented(text: str, mark: str) -> str:
    """`x̂`; what is longer than a letter is `AB-hat` or `hat(x+y)`."""
    if len(text) == 1 or _ACCENTED.match(text):
        return unicodedata.normalize("NFC", text[0] + mark) + text[1:]
    word = ACCENT_WORDS.get(mark)
    if not text or word is None:
        return text
    return f"{text}-{word}" if text.isalnum() else f"{word}({text})"


def _row(parser: Parser) -> list[Item]:
    parser.option()
    if parser.cells is not None:
        return [Item(Kind.PUNCT, ";")]
    if len(name := parser.peek()) > 1 and parser.skip(name if is_known(name) else ""):
        return read(parser, name)  # $\\omega$: escaped twice
    parser.gap = Gap.SHOWN
    return []


def _environment(parser: Parser) -> list[Item]:
    name = parser.raw().rstrip("*")
    if name in _WITH_COLUMNS:
        parser.option()
        parser.raw()
    before, after, cells = _ENVIRONMENTS.get(name, ("", "", ""))
    outer, parser.cells = parser.cells, cells
    items = parser.group(r"\end")
    parser.cells = outer
    parser.raw()
    while items and items[-1].kind is Kind.PUNCT:
        items.pop()
    return [Item(Kind.ORD, before + line(items) + after)] if before else items


def _lines(parser: Parser) -> list[Item]:
    outer, parser.cells = parser.cells, ""
    shown = parser.argument(tight=True)
    parser.cells = outer
    return [Item(Kind.ORD, shown)]


def _end(parser: Parser) -> list[Item]:
    parser.raw()
    return []


def _left(parser: Parser) -> list[Item]:
    return [] if parser.skip(".") or not parser.skip("<") else [Item(Kind.OPEN, "⟨")]


def _right(parser: Parser) -> list[Item]:
    return [] if parser.skip(".") or not parser.skip(">") else [Item(Kind.CLOSE, "⟩")]


def _fraction(parser: Parser) -> list[Item]:
    return [Item(Kind.INNER, fraction(parser.argument(), parser.argument()))]


def _root(parser: Parser) -> list[Item]:
    return [Item(Kind.ORD, root(parser.option(), parser.argument()))]


def _binomial(parser: Parser) -> list[Item]:
    return [choose(parser.argument(), parser.argument())]


def _negation(parser: Parser) -> list[Item]:
    shown = parser.argument()
    sign = negated(shown[:1])
    return [Item(kind(sign), sign + shown[1:])] if shown else []


def _operator(parser: Parser) -> list[Item]:
    return [Item(Kind.OP, parser.argument())]


def _double_struck(parser: Parser) -> list[Item]:
    return [Item(Kind.ORD, parser.argument().translate(DOUBLE_STRUCK))]


def _modulus(parser: Parser) -> list[Item]:
    return [Item(Kind.ORD, f"(mod {parser.argument()})", Gap.SHOWN)]


def _underset(parser: Parser) -> list[Item]:
    below, base = parser.argument(tight=True), parser.argument()
    return [Item(kind(base), base + script("_", below))]


def _quantity(parser: Parser) -> list[Item]:
    return [Item(Kind.ORD, f"{parser.argument()} {parser.argument()}".strip())]


def _chemical(parser: Parser) -> list[Item]:
    return [Item(Kind.ORD, _CHEMICAL_INDEX.sub(lambda index: script("_", index[0]), parser.raw()))]


def _link(parser: Parser) -> list[Item]:
    target, shown = parser.raw(), line(parser.words())
    return [Item(Kind.ORD, target if not shown or "://" in shown else f"{shown} ({target})")]


def _address(parser: Parser) -> list[Item]:
    return [Item(Kind.ORD, parser.raw())]


def _accent(parser: Parser, mark: str) -> list[Item]:
    return [Item(Kind.ORD, _accented(parser.argument(), mark))]


def _surrounded(parser: Parser, before: str, after: str) -> list[Item]:
    return [Item(Kind.ORD, before + parser.argument() + after)]


def _arrow(parser: Parser, shown: str) -> list[Item]:
    parser.option()
    parser.argument()
    return [Item(Kind.REL, shown)]


def _without(parser: Parser) -> list[Item]:
    parser.argument()
    return []


def _words(parser: Parser) -> list[Item]:
    return parser.words()


_HANDLERS: Final[Mapping[str, Callable[[Parser], list[Item]]]] = MappingProxyType(
    dict.fromkeys(_TEXTS, _words)
    | dict.fromkeys(_SILENT_WITH_ARGUMENT, _without)
    | {name: partial(_accent, mark=mark) for name, mark in ACCENTS.items()}
    | {name: partial(_surrounded, before=before, after=after) for name, (before, after) in _AROUND.items()}
    | {name: partial(_arrow, shown=shown) for name, shown in _ARROWS.items()}
    | dict.fromkeys("frac dfrac tfrac cfrac nicefrac sfrac flatfrac".split(), _fraction)
    | dict.fromkeys("binom dbinom tbinom".split(), _binomial)
    | dict.fromkeys("mathbb Bbb mathds mathbbm mathbbmss".split(), _double_struck)
    | dict.fromkeys("operatorname operatornamewithlimits".split(), _operator)
    | dict.fromkeys("SI qty".split(), _quantity)
    | {"\\": _row, "begin": _environment, "end": _end, "substack": _lines, "left": _left, "right": _right}
    | {"sqrt": _root, "not": _negation, "pmod": _modulus, "underset": _underset, "ce": _chemical}
    | {"href": _link, "url": _address}
)
