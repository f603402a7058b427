"""How good the rankings are, over readers whose choices are known."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.context import Json, counted, print_json
from digest.cli.terminal import Watcher

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from digest.ranking.evaluation.outcome import Outcome

DECIDES = "ndcg@20"
"""The measure that says which method is best."""

HEADINGS = {"ndcg": "nDCG", "recall": "R", "mrr": "MRR", "map": "MAP"}


def evaluate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="papers.jsonl, pools.json and tasks.jsonl.")],
    *,
    baselines: Annotated[
        list[str] | None,
        typer.Option(
            "--baseline",
            metavar="NAME",
            help="Compare with this: random, popularity, tfidf, tfidf-bigrams, bm25 or svm; all if not given.",
        ),
    ] = None,
    pools: Annotated[
        list[str] | None, typer.Option("--pool", metavar="NAME", help="Only the tasks of this pool; all if not given.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure our ranking and the usual ones on an evaluation set.

    Example: digest evaluate sets/citeulike --baseline svm --baseline bm25
    """
    from digest.ranking.evaluation import outcome, sets
    from digest.ranking.evaluation.baselines import BASELINES
    from digest.ranking.evaluation.methods.ours import Ours

    _only_known("--baseline", baselines or (), BASELINES)
    chosen = sets.read(folder)
    if pools:
        _only_known("--pool", pools, sorted({task.pool for task in chosen.tasks}))
        chosen = chosen.of_pools(pools)
    methods = [Ours(), *(method for name, method in BASELINES.items() if name in (baselines or BASELINES))]
    with Watcher() as watcher:
        outcomes = outcome.run(chosen, methods, clock=time.perf_counter, progress=watcher)
    ours, *others = outcomes
    if as_json:
        figures = {other.method: other.figures() for other in others}
        print_json({"ours": ours.figures(), "baselines": figures, "tasks": len(chosen.tasks)})
        return
    used = {task.pool for task in chosen.tasks}
    sizes = [counted(len(chosen.tasks), "task"), counted(len(used), "pool"), counted(len(chosen.papers), "paper")]
    typer.echo(f"{', '.join(sizes)}\n")
    _print_table(outcomes)
    typer.echo(_verdict(ours, max(others, key=lambda other: other.mean(DECIDES))))


def _only_known(option: str, names: Collection[str], known: Collection[str]) -> None:
    unknown = [name for name in names if name not in known]
    if unknown:
        raise typer.BadParameter(f"unknown {unknown[0]!r}: expected one of {', '.join(known)}", param_hint=option)


def _print_table(outcomes: Sequence[Outcome]) -> None:
    """A row a method; the best of each column bears a star, and stands out on a terminal."""
    from digest.ranking.evaluation.measures import MEASURES

    best = [max(outcome.mean(measure) for outcome in outcomes) for measure in MEASURES]
    fastest = min(outcome.seconds for outcome in outcomes)
    rows = [["method", *map(_heading, MEASURES), f"{_heading(DECIDES)}, 95 %", "s/reader"]]
    for outcome in outcomes:
        means = [outcome.mean(measure) for measure in MEASURES]
        low, high = outcome.interval(DECIDES)
        cells = [_starred(mean, is_best=mean == most) for mean, most in zip(means, best, strict=True)]
        speed = _starred(outcome.seconds, is_best=outcome.seconds == fastest)
        rows.append([outcome.method, *cells, f"{low:.3f} to {high:.3f}", speed])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        *cells, last = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        # `echo` takes the colours out again where no terminal is.
        shown = [typer.style(cell, fg="green", bold=True) if "*" in cell else cell for cell in (*cells, last.rstrip())]
        typer.echo("  ".join(shown))


def _heading(measure: str) -> str:
    name, _, cut = measure.partition("@")
    return f"{HEADINGS[name]}@{cut}"


def _starred(value: float, *, is_best: bool) -> str:
    return f"{value:.4f}*" if is_best else f"{value:.4f}"


def _verdict(ours: Outcome, best: Outcome) -> str:
    lead, low, high = ours.lead(best, DECIDES)
    sure = "chance alone hardly explains it" if low > 0 or high < 0 else "it may be chance"
    return (
        f"\n* the best of its column\nours against {best.method}, the best baseline by {_heading(DECIDES)}: "
        f"{lead:+.4f}, paired 95 % interval {low:+.4f} to {high:+.4f}: {sure}"
    )
