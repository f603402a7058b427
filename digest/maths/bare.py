r"""TeX without delimiters in running text -> Unicode: `10^{15} M_{sun}`, `\alpha_n`, `N^2`, bioRxiv's `{beta}`.

Many abstracts have it. Only what can be nothing else is set: file names (`a_b.py`), addresses and code stay.
"""

from __future__ import annotations

import re

from digest.maths.formula import atom, formula
from digest.maths.macros import is_known
from digest.maths.symbols import GREEK, IN_BRACES, SYMBOLS, Kind, kind, script

# Braces with up to one further level inside; possessive, so that no text makes the search backtrack.
_GROUP = r"\{{(?P<{}>[^{{}}]*(?:\{{[^{{}}]*\}}[^{{}}]*)*+)\}}"
_TOKEN = re.compile(
    rf"""
      ://[^\s\\]+
    | \\(?:begin|end)\{{[^{{}}]*\}}
    | \\[()\[\],;:!/\ ]
    | \\(?P<escaped>[%&_#${{}}])
    | \\(?P<first>th|[bcdkrtuvH])\{{(?P<rest>[a-z]{{1,6}})\}}
    | \{{(?P<named>\+/-|[A-Za-z ]{{2,12}})\}}
    | (?P<macro>\{{(?=\\[A-Za-z]+\s*[^{{}}\\]*\}})|\\[A-Za-z]+)
    | (?<=\d)\{{,\}}(?=\d)
    | (?<=[\w)\]}}'*])\^
      (?:{_GROUP.format("above")}|\((?P<power>[-+−]?\d+)\)|(?P<exponent>[-+−]?\d+|[-*+](?!\w)|\\[A-Za-z]+|[A-Za-z](?!\w)))
      (?:_(?P<index>[A-Za-z0-9])(?!\w))?
    | (?<=[\w)\]}}'*])_{_GROUP.format("below")}
    | (?:(?<=[^\w/.\\-][^\W\d_])|(?<=^[^\W\d_]))_(?P<subscript>[A-Za-z0-9+*]|\\[A-Za-z]+)(?!\w)
    | \$(?=\\[A-Za-z])|(?<=[)\]}}])\$
    """,
    re.VERBOSE,
)
_WIDEST = 8  # spaces; a text is folded when it is taken in
_CODE = re.compile(r"""[A-Za-z_"':\\]$""")


def in_running_text(text: str) -> str:
    """A text between formulas, with its bare TeX set."""
    pieces: list[str] = []
    at = macro_end = 0
    while token := _TOKEN.search(text, at):
        pieces.append(text[at : token.start()])
        if token["macro"]:
            is_code = token.start() != macro_end and _is_code(text, token)
            shown, at = (token[0], token.end()) if is_code else _macro(text, token.start())
            macro_end = -1 if is_code else at
        else:
            shown, at = _token(token), token.end()
        pieces.append(shown)
    return "".join([*pieces, text[at:]])


def _is_code(text: str, token: re.Match[str]) -> bool:
    r"""Whether a backslash is no macro's: `C:\Users`, `"\pString"`."""
    name, start = token[0][1:], token.start()
    return bool(name) and not is_known(name) and bool(_CODE.search(text[max(start - 1, 0) : start]))


def _macro(text: str, start: int) -> tuple[str, int]:
    """What the macro at this place shows, and where it ends."""
    shown, end = atom(text, start)
    before, after = text[max(start - 1, 0) : start], text[end : end + 2]
    if kind(shown) is Kind.OPEN:
        end += len(text[end : end + _WIDEST]) - len(text[end : end + _WIDEST].lstrip())
    if kind(shown) is Kind.BIN and before.isdigit() and after[:1].isspace() and after[1:].isdigit():
        shown = f" {shown}"  # 0.75\pm 0.07
    return shown, end


def _token(token: re.Match[str]) -> str:
    if token["first"]:  # arXiv reads \beta as an accent over its rest: \b{eta}
        name = token["first"] + token["rest"]
        return SYMBOLS[name] if name in GREEK else token["rest"]
    if token["named"]:
        return IN_BRACES.get(token["named"], token[0])
    if token["escaped"]:
        return token["escaped"]
    above = token["above"] or token["power"] or token["exponent"]
    below = token["below"] or token["subscript"] or token["index"]
    if above or below:
        return script("_", formula(below or "", tight=True)) + script("^", formula(above or "", tight=True))
    if token[0].startswith("://"):
        return token[0]
    return {"{,}": ",", r"\!": "", r"\/": "", "$": ""}.get(token[0], " ")
