r"""Text as TeX takes it: what is special escaped, and maths kept as maths where it is certain to be nothing else.

Letters stay UTF-8, which every TeX and every reference manager reads today. Braces are counted by BibTeX whether a
backslash stands before them or not (bibtex.web, section 228), so those of a text are written as commands.
"""

from __future__ import annotations

import re
from typing import Final

_ESCAPES: Final = {
    "\\": r"\textbackslash{}",
    "{": r"\textbraceleft{}",
    "}": r"\textbraceright{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{char: f"\\{char}" for char in "&%#_$"},
}
_SPECIAL = re.compile(r"[\\{}~^&%#_$]")
_LIGATURE = re.compile(r"(?<=-)-|(?<=`)`|(?<=')'")  # which TeX would set as a dash or a quotation mark
_MATHS = re.compile(r"\$(?:[^$\\]|\\.)++\$(?!\d)")
_FORBIDDEN = re.compile(r"[%#&~@\"]|\\(?![A-Za-z,;:!|{} ])")
_COMMAND = re.compile(r"\\([A-Za-z]+)")
_BRACE = re.compile(r"(\\?)([{}])")
_WORD = re.compile(r"(?<![^\s$])[A-Za-z]{3,}(?![^\s$])")

# Commands that only set signs. Of all others some read files, some write them, and most are an author's own.
_SIGNS = re.compile(
    "alpha|beta|gamma|delta|epsilon|varepsilon|zeta|eta|theta|vartheta|iota|kappa|lambda|mu|nu|xi|pi|varpi|rho|varrho|"
    "sigma|varsigma|tau|upsilon|phi|varphi|chi|psi|omega|Gamma|Delta|Theta|Lambda|Xi|Pi|Sigma|Upsilon|Phi|Psi|Omega|"
    "mathbb|mathbf|mathcal|mathfrak|mathit|mathrm|mathsf|mathtt|boldsymbol|text|textbf|textit|textrm|textsf|texttt|"
    "operatorname|frac|sqrt|hat|widehat|tilde|widetilde|bar|overline|underline|vec|dot|ddot|check|breve|prime|ell|hbar|"
    "imath|jmath|sum|prod|int|oint|partial|nabla|infty|forall|exists|neg|in|notin|ni|subset|subseteq|supset|supseteq|cup|cap|"
    "emptyset|setminus|times|cdot|cdots|ldots|dots|div|pm|mp|ast|star|circ|bullet|oplus|otimes|odot|wedge|vee|"
    "leq|le|geq|ge|neq|ne|ll|gg|approx|sim|simeq|cong|equiv|propto|perp|parallel|mid|to|rightarrow|leftarrow|"
    "Rightarrow|Leftarrow|leftrightarrow|Leftrightarrow|mapsto|longrightarrow|uparrow|downarrow|langle|rangle|lceil|"
    "rceil|lfloor|rfloor|left|right|log|ln|exp|sin|cos|tan|sinh|cosh|tanh|max|min|sup|inf|lim|det|dim|ker|gcd|arg|deg|"
    "dagger|ddagger|Re|Im|aleph|quad|qquad"
)


def escaped(text: str) -> str:
    """The text for a field of BibTeX: it shows as it reads, its braces are balanced, and no command in it can act."""
    parts: list[str] = []
    at = 0
    for maths in _MATHS.finditer(text):
        if _is_harmless(maths[0]):
            parts += [_plain(text[at : maths.start()]), maths[0]]
            at = maths.end()
    return "".join([*parts, _plain(text[at:])])


def _plain(text: str) -> str:
    return _LIGATURE.sub(r"{}\g<0>", _SPECIAL.sub(lambda special: _ESCAPES[special[0]], text))


def _is_harmless(maths: str) -> bool:
    """Whether this is maths (not words between two prices) of signs only, its braces balanced for TeX and BibTeX."""
    if _FORBIDDEN.search(maths) or _WORD.search(maths):
        return False
    if not all(map(_SIGNS.fullmatch, _COMMAND.findall(maths))):
        return False
    counted = grouped = 0
    for backslash, brace in _BRACE.findall(maths):
        step = 1 if brace == "{" else -1
        counted += step
        grouped += 0 if backslash else step
        if counted < 0 or grouped < 0:
            return False
    return counted == grouped == 0
