"""Maths as people read it: TeX in titles and abstracts as plain Unicode on one line."""

from __future__ import annotations

import gzip
import io
import re
import time
from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import SourceError
from digest.maths import readable
from digest.sources import Dump, read
from digest.types import Paper

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AS_OF = date(2026, 6, 30)

RAW = re.compile(r"\\[A-Za-z]|[\^_]\{|\$[^$]*[\\^_{][^$]*\$")
"""What counts as TeX that is left: a macro (also `\\begin`), a braced script, or dollars with TeX between them."""


@pytest.mark.parametrize(
    ("tex", "shown"),
    [
        (r"$\alpha$-RuCl$_3$", "α-RuCl₃"),
        (r"$10^{-3}$", "10⁻³"),
        (r"$\mathcal{O}(n \log n)$", "O(n log n)"),
        (r"$\mathbb{R}^d$, $\mathbb F_q$", "ℝᵈ, F_q"),
        (r"$\frac{a}{b}$, $\frac{a+b}{2}$, $\frac{x}{2m}$", "a/b, (a+b)/2, x/(2m)"),
        (r"$\frac{1}{n}\sum_{i=1}^n X_i$, $\frac12 x$, $-\frac{1}{2}$", "(1/n) ∑ᵢ₌₁ⁿ Xᵢ, (1/2)x, −1/2"),
        (r"$\frac{\partial u}{\partial t}$, ${a \over b+c}$, $\binom{n}{k}$", "∂u/∂t, a/(b+c), (n choose k)"),
        (r"$\sqrt{s}=13$ TeV, $\sqrt{1-x^2}$, $\sqrt[3]{x}$", "√s = 13 TeV, √(1−x²), ∛x"),
        (r"$n^{-1/2}$, $x^{a+1}$, $A^{i,j}$, $C^\infty$", "n^(−1/2), xᵃ⁺¹, A^(i,j), C^∞"),
        (r"$x_i$, $k_{\rm B}T$, $M_{k,1}$, $v_{\max}$, $E_{total}$", "xᵢ, k_B T, M_(k,1), vₘₐₓ, E_total"),
        (r"$\theta_i^*$, $f'(x)$, $30^\circ$C, $\pi^{\pm}$, $A^\top$, $M_\odot$", "θᵢ*, f′(x), 30°C, π±, Aᵀ, M⊙"),
        (r"$a\leq b$, $x\in A$, $n\to\infty$, $A\times B$, $1\pm 2$", "a ≤ b, x ∈ A, n → ∞, A × B, 1 ± 2"),
        (r"$\sim 50\%$, $\ge 3$, $p<0.01$, $10\times$, $\to 0$", "~50%, ≥3, p < 0.01, 10×, → 0"),
        (r"$a+b$, $a + b$, $a-1$, $(k,n)$, $p=2,3$, $4{,}096$", "a+b, a + b, a−1, (k, n), p = 2, 3, 4,096"),
        (r"$\text{if } x>0$, $\mathrm{U-Net}$, $\textit{Two Words}$", "if x > 0, U-Net, Two Words"),
        (r"$\hat{x}_1$, $\bar\nu_e$, $\tilde{O}(n)$, $\overline{\mathrm{MS}}$", "x̂₁, ν̄ₑ, Õ(n), MS-bar"),
        (r"$\left\langle x, y \right\rangle$, $\|f\|_{\infty}$, $\ket{0}$", "⟨x, y⟩, ‖f‖_∞, |0⟩"),
        (r"$\begin{pmatrix} 1 & 0 \\ 0 & 1 \end{pmatrix}$", "(1, 0; 0, 1)"),
        (r"so \begin{equation} E = mc^2 \label{e} \end{equation} holds", "so E = mc² holds"),
        (r"\(x^2\) and \[ y = \begin{cases} a & b \\ c & d \end{cases} \]", "x² and y = {a, b; c, d}"),
        (r"$x\not\in A$, $\not= 0$, $n \equiv 1 \pmod 4$", "x ∉ A, ≠0, n ≡ 1 (mod 4)"),
        (r"$8.2^{+0.3}_{-0.2}$, $10^{5.5}$, $24^{\mathrm{th}}$", "8.2 (+0.3/−0.2), 10^5.5, 24th"),
    ],
)  # fmt: skip
def test_a_formula_reads_as_text(tex: str, shown: str) -> None:
    """Symbols, scripts, fractions, roots, accents, matrices and spacing come out as one would type them."""
    assert readable(tex) == shown


@pytest.mark.parametrize(
    ("tex", "shown"),
    [
        (r"Growth of La$_{2-x}$Sr$_x$CuO$_4$ above $T_{\rm c}\approx 38$ K", "Growth of La₂₋ₓSrₓCuO₄ above T_c ≈ 38 K"),
        (r"Search for $B^0_s\to\mu^+\mu^-$ with 9 fb$^{-1}$", "Search for Bₛ⁰ → μ⁺μ⁻ with 9 fb⁻¹"),
        (r"$e^+e^-\to J/\psi\,\pi^+\pi^-$ at $4.26~\mathrm{GeV}$", "e⁺e⁻ → J/ψ π⁺π⁻ at 4.26 GeV"),
        (r"in $\mathcal{N}=4$ theory on AdS$_5\times S^5$", "in N = 4 theory on AdS₅ × S⁵"),
        (r"$SU(3)_c\times SU(2)_L\times U(1)_Y$ at $5\sigma$", "SU(3)_c × SU(2)_L × U(1)_Y at 5σ"),
        (r"$\log_{10}(M/M_\odot) = 8$ at $z \la 0.5$", "log₁₀(M/M⊙) = 8 at z ≲ 0.5"),
        (r"radius \la r^2\ra^\pi_s=0.75\pm 0.07 fm^2", "radius ⟨r²⟩ₛ^π=0.75 ± 0.07 fm²"),
        (r"states $\frac{1}{\sqrt{2}}(|00\rangle+|11\rangle)$", "states (1/√2)(|00⟩+|11⟩)"),
        (r"$\{\theta_i^*\}_{i=1}^n$ with $x_i^\top\beta^*$", "{θᵢ*}ᵢ₌₁ⁿ with xᵢᵀβ*"),
        (r"$\|u\|_{L^2(\Omega)} \lesssim \|f\|_{H^s}$", "‖u‖_(L²(Ω)) ≲ ‖f‖_(Hˢ)"),
        (r"$u:H^m\to H^n$, $f=(f^1,...,f^{n-1})$", "u: Hᵐ → Hⁿ, f = (f¹, …, fⁿ⁻¹)"),
        (r"forms over $\Q(\sqrt{5})$ and $\mathbb{Z}/p\mathbb{Z}$", "forms over ℚ(√5) and ℤ/pℤ"),
        (r"$X \perp \!\!\! \perp Y \mid Z$", "X ⊥⊥ Y | Z"),
        (r"$O(\epsilon^{-11/2}\log^{2}(1/\epsilon) )$ steps", "O(ε^(−11/2) log²(1/ε)) steps"),
        (r"$\mathbf{W}\in\mathbb{R}^{d\times k}$, $\mathcal{L}_{\text{CLIP}}$", "W ∈ ℝ^(d×k), L_CLIP"),
        (r"$\textbf{A}$daptive $\textbf{M}$odes ($\textbf{M$^3$S}$)", "Adaptive Modes (M³S)"),
        (r"code at $\href{https://example.org/a_b}{our page}$", "code at our page (https://example.org/a_b)"),
        (r"up to order \cal{O}(\alpha_s^2)$ in deep water", "up to order O(αₛ²) in deep water"),
        (r"costing $\sim$1/100 of $\sim$$3\times10^{11}$ pixels", "costing ~1/100 of ~3 × 10¹¹ pixels"),
        (r"M_{CDM} = 1 x 10^{15}Msun, s^(-1), O(N^2), C^*", "M_CDM = 1 x 10¹⁵Msun, s⁻¹, O(N²), C*"),
        (r"TCR \b{eta}-chains, {beta} = {approx}5{times}, {\Psi}-Net", "TCR β-chains, β = ≈5×, Ψ-Net"),
        (r"effect sizes ($\\omega^2$ up to 0.8)", "effect sizes (ω² up to 0.8)"),
    ],
)  # fmt: skip
def test_the_shapes_of_real_abstracts_read_well(tex: str, shown: str) -> None:
    """What physicists, mathematicians, biologists and computer scientists write, also where it is not quite TeX."""
    assert readable(tex) == shown


@pytest.mark.parametrize(
    ("tex", "shown"),
    [
        (r"\ourmethod{} beats \foo{the rest}, {\ours} too", "ourmethod beats the rest, ours too"),
        (r"$\myop(x)$, $\wobble{y}$, $\calA$, $\bbR$", "myop(x), y, A, ℝ"),
        (r"\eg owls, \ie birds", "e.g. owls, i.e. birds"),
    ],
)
def test_unknown_macros_are_shown_by_argument_or_name(tex: str, shown: str) -> None:
    """An author's own macro leaves its argument, else its name, and never its backslash."""
    assert readable(tex) == shown


@pytest.mark.parametrize(
    "text",
    [
        "costs $5 and $10 per hour, US$3 to US$4, or $1 billion",
        "from $100 in May to $5",
        "a_b.py, my_var, parse_by_scene(scene) and TCR_sym",
        "see https://example.org/a_1/b^2?x=$5 or www.example.org/x_y",
        "the sets {seen} and {T, S}, and {unseen}",
        r"C:\Users\new and \"\pString\"",
        "k_B is T_c, and L^q is L^q",
        "no maths at all - truly --all ~10",
    ],
)
def test_what_is_no_maths_stays(text: str) -> None:
    """Prices, names of files and variables, addresses, braces of prose and code are left alone."""
    assert readable(text) == text


def test_a_price_beside_a_formula_is_a_price() -> None:
    """A dollar that would span words up to the next one is not taken for maths."""
    assert readable(r"it costs $5, or $x$ times more, while $n$ grows") == "it costs $5, or x times more, while n grows"


@pytest.mark.parametrize(
    ("tex", "shown"),
    [
        (r"$\frac{a", "a"),
        (r"a $x^2 and more", "a $x² and more"),
        (r"$x_{$", "x"),
        (r"$\sqrt$ of $\hat$", "√ of"),
        (r"$a^$, $}{$, $\left( x$", "a, , (x"),
        (r"\begin{align} x", "x"),
    ],
)
def test_broken_tex_loses_only_what_is_broken(tex: str, shown: str) -> None:
    """Missing braces, arguments, ends and dollars cost nothing beside them."""
    assert readable(tex) == shown


def test_styled_letters_beyond_the_basic_plane_are_plain() -> None:
    """Outlook and phones have no glyphs for them, so those that a source typed go too."""
    assert readable("𝒪(n) and 𝔼[𝐗] in ℝ") == "O(n) and E[X] in ℝ"
    assert readable(r"$\mathbb{E}\mathfrak{g}\mathscr{L}\mathbb{1}$") == "EgL1"


def test_a_formula_that_is_a_whole_document_is_a_formula() -> None:
    """Springer's formulas, each with a preamble of its own, show the formula only."""
    preamble = r"\documentclass[12pt]{minimal} \usepackage{amsmath} \setlength{\oddsidemargin}{-69pt} \begin{document}"
    assert readable(rf"the {preamble}$$\alpha _2$$\end{{document}} phase") == "the α₂ phase"


PIECES = r"""
\frac \frac{ \sqrt[ { } $ $$ ^ _ ^{ _{ \begin{pmatrix} \end{pmatrix} \begin{x} \left( \right. \over \choose \\ \
\hat{ \not \text{ \href{ \ce{ \foo{ \foo{} \alpha \times \log & ~ ' - : , ( ) | [ ] \( \) \[ \] \{ \| \mid a bc 1
10 {beta} \b{eta} \documentclass \begin{document} \substack{ \underset \pmod \SI 𝒪 é ∑ = < / \la \ra ://x $5
""".split()


@given(st.lists(st.sampled_from([*PIECES, " ", "\n"]), max_size=40).map("".join))
def test_wild_tex_is_one_line_without_macros(text: str) -> None:
    """Whatever is strung together gives one line of the basic plane, and no macro but what stands in code."""
    shown = readable(text)
    assert shown == text or shown == " ".join(shown.split())
    assert max(shown, default="") < "\U00010000"
    assert not re.search(r"""(?<![\w"':/\\])\\[A-Za-z]""", shown)


@given(st.text())
def test_any_text_is_taken(text: str) -> None:
    """Nothing raises, and what is readable already stays so."""
    shown = readable(text)
    assert readable(shown) == shown or "\\" in text or "$" in text


@pytest.mark.parametrize(
    "piece",
    [r"\frac{", "{", "$", "x^", "_{", r"\begin{pmatrix}", r"\begin{a}", r"\hat", r"\text{", "$x ", r"\(", "{$x$"],
)
def test_a_hostile_text_takes_time_in_proportion(piece: str) -> None:
    """50 kB of what is never closed is done in a moment, at any depth."""
    for text in (piece * (50_000 // len(piece)), f"${piece * (50_000 // len(piece))}$"):
        start = time.process_time()
        readable(text)
        assert time.process_time() - start < 50


def _papers(samples: Path) -> Iterator[Paper]:
    for path in sorted(each for each in samples.rglob("*") if each.is_file()):
        content = path.read_bytes()
        content = gzip.decompress(content) if path.suffix == ".gz" else content
        try:
            records = read(Dump(path.name, io.BytesIO(content), AS_OF))
        except SourceError:
            continue
        yield from (record.outcome for record in records if isinstance(record.outcome, Paper))


def test_hardly_any_tex_is_left_in_the_samples(samples: Path) -> None:
    """Of all papers of all samples no title, and less than one abstract in two hundred, has raw TeX once shown."""
    papers = list(_papers(samples))
    titles = {paper.title for paper in papers}
    abstracts = {paper.abstract for paper in papers if paper.abstract}
    assert len(abstracts) > 2_000
    before = [sum(bool(RAW.search(text)) for text in texts) for texts in (titles, abstracts)]
    left = [[text for text in texts if RAW.search(readable(text))] for texts in (titles, abstracts)]
    for n, (name, texts) in enumerate((("titles", titles), ("abstracts", abstracts))):
        print(f"raw TeX in {before[n]} of {len(texts)} {name}, in {len(left[n])} once shown")  # noqa: T201  # pytest -s
    assert before[1] > 100
    assert left[0] == []
    assert len(left[1]) < 0.005 * len(abstracts)
