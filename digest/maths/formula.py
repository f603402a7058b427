r"""One formula in TeX -> one line of text: `\frac{a+b}{2}` is `(a+b)/2`, `x_i^{-3}` is `xᵢ⁻³`.

A parser of our own, in one pass: pylatexenc's takes milliseconds a formula, follows braces by recursion, and leaves
scripts and spacing as they were typed; its names of symbols serve here. What is not understood is shown by its name or
its argument, so that no backslash and no brace of TeX's is left.
"""

from __future__ import annotations

import re

from digest.maths import macros
from digest.maths.layout import Gap, Item, bracketed, fraction, is_compound, line
from digest.maths.symbols import Kind, kind, primes, script

_DEEPEST = 16
"""Braces and arguments beyond this depth are read as if their braces were not there."""

_TOKEN = re.compile(r"\\(?:[A-Za-z]+\*?|.|$)|[A-Za-z]+|\d+(?:\.\d+|,\d{3}(?!\d))*+|\s+|'+|:=|\.\.\.|.", re.DOTALL)
_TEXT_TOKEN = re.compile(r"\\(?:[A-Za-z]+\*?|.|$)|\s+|[{}$^_~&]|[^\\{}$^_~&\s]+", re.DOTALL)
_SCRIPT = re.compile(r"(?:\s*(?:\\(?:no)?limits)?\s*(?=[\^_]))?([\^_]|'+)")
_SCRIPT_IN_PROSE = re.compile(r"([\^_])")
_GROUP = re.compile(r"\s*\{([^{}]*)\}")
_OPTION = re.compile(r"\s*\[([^\[\]{}]*)\]")
_NO_ARGUMENT = frozenset({"", "}", "^", "_", "&", "$"})
_DIVIDERS = frozenset({r"\over", r"\atop", r"\choose"})
_ORDINALS = frozenset({"st", "nd", "rd", "th"})
_BOUND = re.compile(r"[+−]\d[\d.]*")  # of an error: 8.2^{+0.3}_{-0.2}
_LONG = 3  # letters in a row that are a word: K-means, but k-n


def formula(source: str, *, tight: bool = False) -> str:
    r"""A formula without its delimiters on one line, as plain Unicode; empty if nothing of it shows.

    `tight` is for scripts, where relations and sums stand close.

    Takes time in proportion to the source, and never raises: braces, arguments and environments may be missing.
    """
    return line(Parser(source).sequence(), tight=tight)


def atom(text: str, at: int) -> tuple[str, int]:
    """What the macro or group at this place of a running text shows, with its scripts, and where it ends."""
    parser = Parser(text, at, in_prose=True)
    return line(parser.one()), parser.at


class Parser:
    """Reads a formula once, from left to right; each method reads on from `at`.

    Attributes:
        at: the place in the source.
        gap: the space read since the last part.
        cells: what parts the cells of the environment that is read; None outside of one.
        in_prose: whether this is one macro in a running text rather than a formula.
        in_text: whether words are read, where white space counts.
    """

    def __init__(self, source: str, at: int = 0, *, in_prose: bool = False) -> None:
        self.at = at
        self.gap = Gap.NONE
        self.cells: str | None = None
        self.in_prose = in_prose
        self.in_text = False
        self._source = source
        self._depth = 0
        self._previous = ""

    def sequence(self, closer: str = "") -> list[Item]:
        r"""The parts up to `closer` (`}` or `\end`, which is read too), or to the end."""
        items: list[Item] = []
        above: str | None = None
        divider = ""
        while (token := self._next()) and token != closer:
            if token in _DIVIDERS and above is None:
                above, divider, items = line(items), token, []
            else:
                items += self._part(token)
        if above is None:
            return items
        if divider == r"\choose":
            return [macros.choose(above, line(items))]
        return [Item(Kind.INNER, fraction(above, line(items)))]

    def one(self) -> list[Item]:
        """The next part of a running text; of a font, the group it is applied to."""
        items = self._part(self._next())
        while not items and self.sees("{"):
            items = self._part(self._next())
        return items

    def group(self, closer: str = "}") -> list[Item]:
        """What stands in braces, or an environment, that are open already."""
        if self._depth >= _DEEPEST:
            return []
        self._depth += 1
        items = self.sequence(closer)
        self._depth -= 1
        return items

    def words(self) -> list[Item]:
        """A group of words, if one follows."""
        if not self.skip("{"):
            return []
        was_in_text, self.in_text = self.in_text, True
        items = self.group()
        self.in_text = was_in_text
        return items

    def argument(self, *, tight: bool = False) -> str:
        """A macro's argument, set: a group, a macro with its own arguments, or one character; empty if none follows."""
        gap, self.gap = self.gap, Gap.NONE
        token = self._next()
        while token.isspace() or (token[:1] == "\\" and token[1:] in macros.FONTS):
            token = self._next()
        if token in _NO_ARGUMENT or self._depth >= _DEEPEST:
            self.at -= 0 if token == "{" else len(token)
            return ""
        if token[0] not in "\\{":
            self.at -= len(token) - 1
            token = token[0]
        self._depth += 1
        items = self._nucleus(token)
        self._depth -= 1
        self.gap = gap
        return line(items, tight=tight)

    def raw(self) -> str:
        """A group without a group in it, as it was typed; empty if none follows."""
        return self._typed(_GROUP)

    def option(self) -> str:
        """An argument in square brackets, as it was typed; empty if none follows."""
        return self._typed(_OPTION)

    def sees(self, text: str) -> bool:
        """Whether this comes next."""
        return self._source.startswith(text, self.at)

    def skip(self, text: str) -> bool:
        """Whether this comes next; if so it is read."""
        is_next = self.sees(text)
        self.at += len(text) if is_next else 0
        return is_next

    def peek(self) -> str:
        """The next token."""
        match = _TOKEN.match(self._source, self.at)
        return match[0] if match else ""

    def _next(self) -> str:
        match = (_TEXT_TOKEN if self.in_text else _TOKEN).match(self._source, self.at)
        if match is None:
            return ""
        self.at = match.end()
        return match[0]

    def _typed(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._source, self.at)
        if match is None:
            return ""
        self.at = match.end()
        return match[1].strip()

    def _part(self, token: str) -> list[Item]:
        """What a token begins, with its scripts."""
        gap, self.gap = self.gap, Gap.NONE
        is_script = token in {"^", "_"}
        if is_script:
            self.at -= 1
        items = [] if is_script else self._nucleus(token)
        self._previous = token
        if items or is_script:
            items = self._with_scripts(items)
            return [items[0]._replace(gap=max(gap, items[0].gap)), *items[1:]]
        self.gap = max(self.gap, gap)
        return []

    def _nucleus(self, token: str) -> list[Item]:
        if token[0] == "\\":
            return macros.read(self, token[1:].rstrip("*") or token[1:])
        if token == "{":
            items = self.group()
            is_mark = len(items) == 1 and items[0].kind is Kind.PUNCT  # 4{,}096
            return [items[0]._replace(kind=Kind.ORD)] if is_mark else items
        if token in {"}", "$"}:
            return []
        if token == "&" and self.cells is not None:
            return [Item(Kind.PUNCT, self.cells)] if self.cells else []
        if token in {"&", "~"} or token.isspace():
            self.gap = Gap.SHOWN if token == "~" or self.in_text else Gap.TYPED
            return []
        return [Item(Kind.ORD, token) if self.in_text else self._character(token)]

    def _character(self, token: str) -> Item:
        if token == "-":
            around = (self._previous, self.peek())
            is_hyphen = all(map(str.isalpha, around)) and max(map(len, around)) >= _LONG
            return Item(Kind.ORD, "-") if is_hyphen else Item(Kind.BIN, "−")
        if token == ":":
            is_ratio = self._previous.isdigit() and self.peek().isdigit()
            return Item(Kind.ORD if is_ratio else Kind.REL if self._previous.isspace() else Kind.PUNCT, ":")
        if token[0] == "'":
            return Item(Kind.ORD, primes(len(token)))
        if token == "...":
            return Item(Kind.ORD, "…")
        return Item(Kind.ORD if token.isalpha() else kind(token), token)

    def _with_scripts(self, items: list[Item]) -> list[Item]:
        below: list[str] = []
        above: list[str] = []
        ahead = _SCRIPT_IN_PROSE if self.in_prose else _SCRIPT
        while match := ahead.match(self._source, self.at):
            self.at = match.end()
            if match[1] == "_":
                below.append(self.argument(tight=True))
            elif match[1] == "^":
                above.append(self.argument(tight=True))
            else:
                above.append(primes(len(match[1])))
        if not (below or above):
            return items
        base = line(items)
        if len(items) > 1 and is_compound(base):
            base = bracketed(base)
        first = items[0] if items else Item(Kind.ORD, "")
        of = Kind.CLOSE if first.kind is Kind.FENCE else first.kind if len(items) == 1 else Kind.ORD
        if below and above and base[-1:].isdigit() and all(map(_BOUND.fullmatch, (*below, *above))):
            return [Item(of, f"{base} ({above[0]}/{below[0]})", first.gap)]
        is_ordinal = above[:1] and above[0] in _ORDINALS and (not base or base[-1].isdigit())
        raised = above if is_ordinal else [script("^", each) for each in above]
        lowered = [script("_", each) for each in below]
        marks = [*raised, *lowered] if raised and raised[0] in {"′", "″", "‴"} else [*lowered, *raised]
        return [Item(of, base + "".join(marks), first.gap)]
