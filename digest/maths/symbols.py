"""What TeX's maths macros and scripts stand for in Unicode, in characters that mail programs and phones have.

The names of symbols are pylatexenc's; ours come before them where its choice is rare in fonts or reads badly in running
text. Styled letters outside the Basic Multilingual Plane are plain letters here: Outlook and phones show boxes.
"""

from __future__ import annotations

import re
import unicodedata
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from pylatexenc.latex2text import get_default_latex_context_db

if TYPE_CHECKING:
    from collections.abc import Mapping


class Kind(Enum):
    """The classes of atoms that decide spacing (Knuth, The TeXbook, chapter 17), and delimiters that open and close."""

    ORD = "ordinary"
    OP = "operator"
    BIN = "binary"
    REL = "relation"
    OPEN = "opening"
    CLOSE = "closing"
    PUNCT = "punctuation"
    INNER = "fraction"
    FENCE = "fence"


_OURS = {
    # Characters that more fonts have, and that read better in a sentence.
    "epsilon": "ε", "phi": "φ", "varrho": "ρ", "leqslant": "≤", "geqslant": "≥", "sim": "~", "ast": "*", "cdots": "…",
    "dotsb": "…", "dotsm": "…", "dotsi": "…", "prime": "′", "bullet": "•", "longrightarrow": "→", "longleftarrow": "←",
    "longleftrightarrow": "↔", "Longrightarrow": "⇒", "Longleftarrow": "⇐", "Longleftrightarrow": "⇔",
    "longmapsto": "↦", "bigsqcup": "⊔", "imath": "i", "jmath": "j", "i": "i", "j": "j",
    # Names that pylatexenc does not have.
    "iff": "⇔", "implies": "⇒", "impliedby": "⇐", "gets": "←", "land": "∧", "lor": "∨", "neg": "¬", "ne": "≠",
    "owns": "∋", "models": "⊨", "bot": "⊥", "Box": "□", "degree": "°", "triangle": "△", "ddagger": "‡",
    "blacksquare": "■", "checkmark": "✓", "euro": "€", "colon": ":", "lt": "<", "gt": ">", "textless": "<",
    "textgreater": ">", "lbrack": "[", "rbrack": "]", "coloneqq": ":=", "coloneq": ":=", "eqdef": ":=", "defeq": ":=",
    "lsim": "≲", "gsim": "≳", "simlt": "≲", "simgt": "≳", "la": "≲", "ga": "≳", "bigodot": "⊙", "llbracket": "⟦",
    "rrbracket": "⟧", "textbar": "|", "textbackslash": "∖", "argmin": "arg min", "argmax": "arg max", "bmod": "mod",
    "ldotp": ".", "micro": "µ", "ohm": "Ω", "celsius": "°C",
    # What many authors call sets of numbers, Greek letters and Latin words, and letters they use for their own.
    "R": "ℝ", "RR": "ℝ", "C": "ℂ", "CC": "ℂ", "Z": "ℤ", "ZZ": "ℤ", "Q": "ℚ", "QQ": "ℚ", "N": "ℕ", "NN": "ℕ",
    "reals": "ℝ", "bbr": "ℝ", "eps": "ε", "veps": "ε", "vphi": "φ", "lam": "λ", "Lam": "Λ", "sig": "σ", "gam": "γ",
    "eg": "e.g.", "ie": "i.e.", "etal": "et al.", "wrt": "w.r.t.", "iid": "i.i.d.", "vs": "vs.",
    "L": "L", "O": "O", "l": "l", "o": "o",
}  # fmt: skip
# Today's date, and names that are rather an author's own.
_NOT_THEIRS = frozenset("today image original estimates recorder Equal".split())


def _symbols() -> dict[str, str]:
    found = {spec.macroname: spec.simplify_repl for spec in get_default_latex_context_db().iter_macro_specs()}
    fixed = {
        name: shown
        for name, shown in found.items()
        if isinstance(shown, str) and shown.strip() and "%" not in shown and max(shown) < "\U00010000"
    }
    return {name: shown for name, shown in fixed.items() if name.isalpha() and name not in _NOT_THEIRS} | _OURS


SYMBOLS: Final[Mapping[str, str]] = MappingProxyType(_symbols())
"""A macro's name, without its backslash -> what it shows."""

UNITS: Final[Mapping[str, str]] = MappingProxyType(
    {"kms": "km/s", "msun": "M⊙", "Msun": "M⊙", "rsun": "R⊙", "Rsun": "R⊙", "lsun": "L⊙", "Lsun": "L⊙"}
)
"""Units as astronomers call them; a space stands between a number and its unit."""

GREEK: Final = frozenset(
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi pi rho sigma tau"
    " upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega".split()
)

IN_BRACES: Final[Mapping[str, str]] = MappingProxyType(
    {name: SYMBOLS[name] for name in (*GREEK, "approx", "times", "pm", "sim", "le", "ge", "leq", "geq", "infty")}
    | {"degrees": "°", "degree": "°", "micro": "µ", "middle dot": "·", "+/-": "±", "rightarrow": "→"}
)
"""What bioRxiv and medRxiv write in braces (`{beta}`, `{approx}5`) -> what it shows."""

DOUBLE_STRUCK: Final = str.maketrans("CHNPQRZ", "ℂℍℕℙℚℝℤ")

ACCENTS: Final[Mapping[str, str]] = MappingProxyType(
    dict.fromkeys(("hat", "widehat", "wh", "what", "^"), "\N{COMBINING CIRCUMFLEX ACCENT}")
    | dict.fromkeys(("bar", "overline", "widebar", "ol", "="), "\N{COMBINING MACRON}")
    | dict.fromkeys(("tilde", "widetilde", "wt", "~"), "\N{COMBINING TILDE}")
    | dict.fromkeys(("dot", "."), "\N{COMBINING DOT ABOVE}")
    | dict.fromkeys(("ddot", '"'), "\N{COMBINING DIAERESIS}")
    | dict.fromkeys(("check", "widecheck"), "\N{COMBINING CARON}")
    | dict.fromkeys(("acute", "'"), "\N{COMBINING ACUTE ACCENT}")
    | dict.fromkeys(("grave", "`"), "\N{COMBINING GRAVE ACCENT}")
    | {"breve": "\N{COMBINING BREVE}", "mathring": "\N{COMBINING RING ABOVE}"}
)
"""An accent's name -> its combining mark. Arrows go, as bold does: few fonts set them over their letter."""

ACCENT_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "\N{COMBINING CIRCUMFLEX ACCENT}": "hat",
        "\N{COMBINING MACRON}": "bar",
        "\N{COMBINING TILDE}": "tilde",
        "\N{COMBINING DOT ABOVE}": "dot",
        "\N{COMBINING CARON}": "check",
    }
)
"""What is said of an accent over more than one letter."""

_RAISED = str.maketrans(
    "0123456789+−-=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWβγδθφχ⊤",
    "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵝᵞᵟᶿᵠᵡᵀ",
)
_LOWERED = str.maketrans("0123456789+−-=()aehijklmnoprstuvxβγρφχ", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ")
_SCRIPTS = {"^": _RAISED, "_": _LOWERED}
# Signs that read as scripts where they stand: x*, f′, 30°, π±, M⊙, k⊥.
_AS_THEY_ARE = {"^": frozenset("*′″‴°†‡±∓⊥"), "_": frozenset("⊙⊕⋆⊥∥")}
_ALSO_AMONG_OTHERS = {"^": frozenset("*′†"), "_": frozenset[str]()}  # K*⁰
_WORD_OR_NUMBER = re.compile(r"[A-Za-z0-9]+(?:\.\d+)?")
_LONGEST_WORD = 4  # a longer word in small letters is hard to read

SCRIPT_CHARACTERS: Final = "".join(map(chr, sorted({*_RAISED.values(), *_LOWERED.values()}))) + "′″‴°*†"


def script(mark: str, text: str) -> str:
    """`text` as a superscript (`mark` is `^`) or subscript (`_`): small characters, or the mark and the text.

    Where Unicode lacks a character, it is `x^T` for one word or sign, `x^(a/b)` for all else.
    """
    if mark == "^" and text[:1] == "∘":
        text = "°" + text[1:]
        if text in {"°C", "°F"}:
            return text
    if not text or set(text) <= _AS_THEY_ARE[mark]:
        return text
    small = _SCRIPTS[mark]
    is_long_word = text.isalpha() and len(text) > _LONGEST_WORD
    if all(ord(char) in small or char in _ALSO_AMONG_OTHERS[mark] for char in text) and not is_long_word:
        return text.translate(small)
    if len(text) == 1 or _WORD_OR_NUMBER.fullmatch(text):
        return mark + text
    is_bracketed = text[0] == "(" and text.find(")") == len(text) - 1
    return mark + text if is_bracketed else f"{mark}({text})"


BIG: Final = frozenset("∑∏∐∫∬∭∮⋃⋂⋁⋀")
_BINARY = frozenset("+−±∓×÷·*∗∘∙•/∩∪⊎⊓⊔∧∨⊕⊖⊗⊘⊙⊞⊟⊠⊡∖⋆⋄⋉⋊≀⨿∔⊻⊼")
_ORDINARY = frozenset("∀∁∂∃∄∅∆∇∎√∛∜∞∟∠∡∢∴∵⊤⋮⋯⋰⋱…□△▽◊♯♭♮°′″‴")
_FIXED_KINDS = {
    **dict.fromkeys("([{⟨⌈⌊⟦", Kind.OPEN),
    **dict.fromkeys(")]}⟩⌉⌋⟧", Kind.CLOSE),
    **dict.fromkeys("|‖", Kind.FENCE),
    **dict.fromkeys(".!?", Kind.CLOSE),
    **dict.fromkeys(",;:", Kind.PUNCT),
    **dict.fromkeys(("=", "<", ">", "~", ":=", "⟂"), Kind.REL),
    **dict.fromkeys(_BINARY, Kind.BIN),
    **dict.fromkeys(BIG, Kind.OP),
    **dict.fromkeys(_ORDINARY, Kind.ORD),
}


def kind(shown: str) -> Kind:
    """The class of what a macro or character shows; words of letters are operators, as `log` is."""
    if known := _FIXED_KINDS.get(shown):
        return known
    if len(shown) > 1:
        return Kind.OP if shown.replace(" ", "").isalpha() else Kind.ORD
    return Kind.REL if is_arrow(shown) or "\u2200" <= shown <= "\u22ff" or "\u2a00" <= shown <= "\u2aff" else Kind.ORD


def primes(count: int) -> str:
    """`′`, `″`, `‴`."""
    return {2: "″", 3: "‴"}.get(count, "′" * count)


def is_arrow(shown: str) -> bool:
    """Whether this is an arrow (Unicode blocks Arrows and Supplemental Arrows)."""
    return len(shown) == 1 and ("\u2190" <= shown <= "\u21ff" or "\u27f0" <= shown <= "\u297f")


def negated(shown: str) -> str:
    """`=` as `≠`, `∈` as `∉`."""
    return unicodedata.normalize("NFC", shown + "\N{COMBINING LONG SOLIDUS OVERLAY}")
