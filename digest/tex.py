r"""TeX in running text -> Unicode: accents, letters, text styles, links, quotes, dashes and ties.

Maths (`$…$`, `$$…$$`, `\(…\)`, `\[…\]`) and an author's own macros stay as they are. Only the fragment
that is an accent or a letter goes through pylatexenc, once for each spelling: a parse of every abstract would take
milliseconds, and a snapshot holds millions.
"""

from __future__ import annotations

import re
import sys
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from pylatexenc.latex2text import LatexNodes2Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_LATEX: Final = LatexNodes2Text()

# Braces with up to two further levels inside. Possessive, so that no text makes the search backtrack.
_INSIDE = r"(?:[^{}]++|\{(?:[^{}]++|\{[^{}]*+\})*+\})*+"
_ARG = rf"\s*\{{({_INSIDE})\}}"

_BASE = r"(?:\\[ij](?![A-Za-z])\s?|[A-Za-z])"
_ACCENT = (
    rf"\\(?:['\"`^~=.](?:{_BASE}|\{{\s*{_BASE}\s*\}})"
    rf"|[vcukHrdb](?:\s*\{{\s*{_BASE}\s*\}}|\s+{_BASE}|\\[ij](?![A-Za-z])))"
)
_LETTER = r"\\(?:aa|AA|ae|AE|oe|OE|o|O|l|L|ss|dh|DH|th|TH|dj|DJ|ng|NG|i|j)(?![A-Za-z])(?:\{\}|\s+)?"

_STYLES = (
    "emph|textbf|textit|texttt|textsc|textsf|textrm|textsl|textup|textmd|textnormal|text|mbox|hbox|underline|uline"
)
_ONE_ARGUMENT = rf"{_STYLES}|url|footnote|cite[pt]?\*?"
_TWO_ARGUMENTS = "textcolor|href"
_COMMAND_NAMES = f"{_ONE_ARGUMENT}|{_TWO_ARGUMENTS}"
_SWITCHES = "it|em|bf|tt|sc|sl|rm|sf|itshape|bfseries|ttfamily|scshape"

# What stands behind the backslash -> what it shows. TeX's line break and spaces of all widths are a space here.
_SYMBOLS: Final = MappingProxyType(
    {char: char for char in "%&_#${}"}
    | dict.fromkeys("\\ ,;:", " ")
    | dict.fromkeys("!/@-", "")
    | {
        "~": "~", "LaTeX": "LaTeX", "TeX": "TeX", "S": "§", "copyright": "©", "deg": "°", "degree": "°", "dots": "…",
        "ldots": "…", "newline": " ", "noindent": "", "par": " ", "pounds": "£", "quad": " ", "textasciitilde": "~",
        "textdegree": "°", "textemdash": "\N{EM DASH}", "textendash": "\N{EN DASH}", "textquotedblleft": "“",
        "textquotedblright": "”", "textquoteleft": "\N{LEFT SINGLE QUOTATION MARK}",
        "textquoteright": "\N{RIGHT SINGLE QUOTATION MARK}", "textregistered": "®", "texttrademark": "™",
        "textunderscore": "_", "xspace": "",
    }
)  # fmt: skip
_NAMED = "|".join(name for name in _SYMBOLS if name.isalpha())

# Each branch begins with a literal, so that the search skips to the next candidate instead of trying every position;
# which branch it was, the first characters tell `_HANDLERS`.
_TOKEN = re.compile(
    rf"""
      \$\$(?:[^$\\]|\\.)*+\$\$
    | \$(?:[^$\\]|\\.)++\$(?!\d)
    | \\\((?:[^\\]|\\[^()])*+\\\)
    | \\\[(?:[^\\]|\\[^\[\]])*+\\\]
    | ://(?:[^\s\\{{}}$<>"]|\\~\{{\}}|\\[_%\#&~])++
    | \{{\s*(?:{_ACCENT}|{_LETTER})\s*\}}
    | \{{\\(?:{_SWITCHES})(?![A-Za-z]){_INSIDE}\}}
    | \{{\s*\\(?:{_COMMAND_NAMES})(?=\s*\{{){_INSIDE}\}}
    | \{{\\(?:deg|degree|textdegree|ldots|dots|copyright)\}}
    | \\(?:{_TWO_ARGUMENTS}){_ARG}{_ARG}
    | \\(?:{_ONE_ARGUMENT}){_ARG}
    | {_ACCENT}
    | {_LETTER}
    | \\(?:{_NAMED})(?![A-Za-z])(?:\{{\}})?
    | \\~\{{\}}
    | \\[%&_\#${{}}\ ,;:!/@\\-]
    | ~++
    | ---?
    """,
    re.VERBOSE | re.DOTALL,
)
_SWITCH = re.compile(rf"\{{\\(?:{_SWITCHES})(?![A-Za-z])\s*")
_COMMAND = re.compile(rf"\{{?\s*\\({_COMMAND_NAMES})\s*(?=\{{)")
_WRAPPED = re.compile(r"\{([^{}]*)\}")
_ARGUMENT = re.compile(_ARG, re.DOTALL)
_QUOTED = re.compile(r"(?<!\\)``((?:[^`']|'(?!'))*+)''")
_ESCAPED_IN_URL = re.compile(r"\\~\{\}|\\([_%#&~])")
_CODE_POINT = re.compile(r"\$\\unicode\{x([0-9a-fA-F]{1,6})\}\$")
_DASHES: Final = MappingProxyType({"--": "\N{EN DASH}", "---": "\N{EM DASH}"})
_CLOSES = (")", "]", "}", "$")
_OPENS = ("(", "[", "{", "$", "\\")


def has_tex(text: str) -> bool:
    """Whether `resolve` could change anything in `text`; much quicker than trying."""
    return "\\" in text or "~" in text or "--" in text or "``" in text


def resolve(text: str) -> str:
    """`text` with TeX's spellings outside maths as Unicode; what is not understood stays as it is.

    Accented letters may come out decomposed: the caller composes them (NFC).
    """
    if "``" in text:
        text = _QUOTED.sub(r"“\1”", text)
    return _TOKEN.sub(_replace, text)


def _replace(token: re.Match[str]) -> str:
    return _HANDLERS[token[0][0]](token)


def _tie(token: re.Match[str]) -> str:
    """A space where this `~` joins two words, as TeX means it; "about" (`~10`, `3~5x`) and paths keep it."""
    text, start, end = token.string, token.start(), token.end()
    if end - start > 1:
        return token[0]
    before, after = text[max(start - 2, 0) : start], text[end : end + 1]
    if not before or not (after.isalnum() or after in _OPENS):
        return "~"
    if before[-1].isdigit():
        return "~" if after.isdigit() else " "
    is_word = before.isalpha() and len(before) > 1  # a single letter before it may be a variable: x~N(0, 1)
    return " " if is_word or before[-1] in ".,;:)]}$" else "~"


def _dash(token: re.Match[str]) -> str:
    """An en or em dash between two words or two spaces; arrows (`-->`) and options (`--all`) stay."""
    text, start, end = token.string, token.start(), token.end()
    before, after = text[max(start - 1, 0) : start], text[end : end + 1]
    joins = (before.isalnum() or before in _CLOSES) and (after.isalnum() or after in _OPENS)
    if joins or (before.isspace() and after.isspace()):
        return _DASHES[token[0]]
    return token[0]


def _url(token: re.Match[str]) -> str:
    return _ESCAPED_IN_URL.sub(lambda escaped: escaped[1] or "~", token[0])


def _maths(token: re.Match[str]) -> str:
    code = _CODE_POINT.fullmatch(token[0])
    character = chr(int(code[1], 16)) if code and int(code[1], 16) <= sys.maxunicode else ""
    return character if character.isprintable() and character not in ("", "$", "\\") else token[0]


def _braced(token: re.Match[str]) -> str:
    inside = token[0][1:-1].strip()
    if switch := _SWITCH.match(token[0]):
        body = resolve(token[0][switch.end() : -1])
        wrapped = _WRAPPED.fullmatch(body)  # {\em{so}}
        return wrapped[1] if wrapped else body
    return resolve(inside) if _COMMAND.match(token[0]) else _symbol_or_letter(inside)


def _macro(token: re.Match[str]) -> str:
    found = token[0]
    if found[1] in "([":
        return found
    if command := _COMMAND.match(found):
        arguments = [argument[1] for argument in _ARGUMENT.finditer(found, command.end())]
        return _COMMANDS.get(command[1], _last)(*arguments)
    return _symbol_or_letter(found)


def _last(*arguments: str) -> str:
    return resolve(arguments[-1])


def _link(target: str, shown: str) -> str:
    target, shown = resolve(target), resolve(shown)
    says_no_more = not shown or "://" in shown or target.rstrip("/").endswith(f"//{shown.rstrip('/')}")
    return target if says_no_more else f"{shown} ({target})"


def _footnote(note: str) -> str:
    return f" ({resolve(note)})"


def _cite(key: str) -> str:
    return f"[{key}]"


def _symbol_or_letter(found: str) -> str:
    symbol = _SYMBOLS.get(found.removesuffix("{}")[1:])
    return _letter(found.strip()) if symbol is None else symbol


@lru_cache(maxsize=4096)
def _letter(fragment: str) -> str:
    text: str = _LATEX.latex_to_text(fragment)
    return text.strip()


_HANDLERS: Final[Mapping[str, Callable[[re.Match[str]], str]]] = MappingProxyType(
    {"~": _tie, "-": _dash, ":": _url, "$": _maths, "{": _braced, "\\": _macro}
)
# A style or a colour shows its last argument; these show something else.
_COMMANDS: Final[Mapping[str, Callable[..., str]]] = {
    "href": _link,
    "footnote": _footnote,
    "cite": _cite,
    "citep": _cite,
    "citet": _cite,
    "cite*": _cite,
    "citep*": _cite,
    "citet*": _cite,
}
