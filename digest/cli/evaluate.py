"""How good the rankings are, over readers whose choices are known, or over one's own last days."""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli.context import Json, counted, day_option, print_json, profile_path, settings, today
from digest.cli.terminal import Watcher

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from digest.ranking.evaluation.calibration import Band
    from digest.ranking.evaluation.outcome import Outcome
    from digest.ranking.evaluation.sets import EvaluationSet

DECIDES = "ndcg@20"
"""The measure that says which method is best."""

FEW = 5
"""Fewer liked papers than these say hardly anything of a profile."""

HEADINGS = {"ndcg": "nDCG", "recall": "R", "mrr": "MRR", "map": "MAP"}


def evaluate(  # noqa: PLR0913  (options of a command)
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="DIR", help="papers.jsonl, pools.json and tasks.jsonl.", show_default=False),
    ] = None,
    *,
    profile: Annotated[
        str | None,
        typer.Option("--profile", metavar="NAME", help="In place of DIR: a profile, on the days its reader judged."),
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=366, metavar="N", help="With --profile: how many days.")] = 30,
    until: Annotated[
        date | None,
        day_option("--until", "With --profile: the last of them; the day of the newest paper if not given."),
    ] = None,
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
    """Measure our ranking and the usual ones: on an evaluation set, or on the papers that a reader liked lately.

    Example: digest evaluate sets/citeulike --baseline svm --baseline bm25
    """
    from digest.ranking.evaluation import sets
    from digest.ranking.evaluation.baselines import BASELINES

    if (folder is None) == (profile is None):
        raise typer.BadParameter("name a folder or a --profile: one of them")
    if until is not None and profile is None:
        raise typer.BadParameter("--until goes with --profile only")
    _only_known("--baseline", baselines or (), BASELINES)
    if profile is not None:
        _of_reader(profile, days, until, baselines, pools, as_json=as_json)
        return
    chosen = _of_pools(sets.read(Path(folder or ".")), pools)
    (ours, *others), bands = _measured(chosen, baselines)
    if as_json:
        print_json(_as_json(chosen, ours, others, bands))
    else:
        _print_sizes(chosen)
        _print_report(ours, others, bands)


def _of_reader(
    name: str,
    days: int,
    until: date | None,
    baselines: Collection[str] | None,
    pools: Collection[str] | None,
    *,
    as_json: bool,
) -> None:
    """Measure the rankings on one reader's last days, and say in plain words what the reader would have seen."""
    from digest import profiles, retrospect
    from digest.store import Store, papers

    options = settings()
    reader = profiles.load(profile_path(name, options))
    with Store(options.database) as store:
        with store.reading() as connection:
            last = until or papers.last_day(connection) or today()
        chosen = retrospect.evaluation_set(store, options, reader, until=last, days=days)
    period = f"in {counted(days, 'day')} to {last}"
    if not chosen.tasks:
        if as_json:
            print_json({"ours": None, "baselines": {}, "tasks": 0, "days": days, "liked": 0, "shown": 0})
        typer.echo(
            f"{reader.name} likes no paper that was news {period}, so there is nothing to measure by\n"
            f"to judge papers: digest judge {reader.slug} PAPER --more",
            err=True,
        )
        return
    chosen = _of_pools(chosen, pools)
    (ours, *others), bands = _measured(chosen, baselines)
    liked = sum(len(task.relevant) for task in chosen.tasks)
    shown = sum(place <= reader.max_papers for places in ours.places.values() for place in places)
    if as_json:
        print_json(_as_json(chosen, ours, others, bands) | {"days": days, "liked": liked, "shown": shown})
        return
    typer.echo(
        f"of the {counted(liked, 'paper')} that {reader.name} liked {period}, {shown} stood in the first "
        f"{reader.max_papers} of the day"
    )
    if liked < FEW:
        typer.echo(f"the figures are by few papers: with fewer than {FEW} they say hardly anything")
    _print_sizes(chosen)
    _print_report(ours, others, bands)


def _of_pools(chosen: EvaluationSet, pools: Collection[str] | None) -> EvaluationSet:
    if not pools:
        return chosen
    _only_known("--pool", pools, sorted({task.pool for task in chosen.tasks}))
    return chosen.of_pools(pools)


def _measured(chosen: EvaluationSet, baselines: Collection[str] | None) -> tuple[list[Outcome], list[Band]]:
    """How ours did, and then each of the baselines; and what our scores are worth."""
    from digest.ranking.evaluation import outcome
    from digest.ranking.evaluation.baselines import BASELINES
    from digest.ranking.evaluation.calibration import calibration
    from digest.ranking.evaluation.methods.ours import Ours

    methods = [Ours(), *(method for name, method in BASELINES.items() if name in (baselines or BASELINES))]
    with Watcher() as watcher:
        outcomes = outcome.run(chosen, methods, clock=time.perf_counter, progress=watcher)
        return outcomes, calibration(chosen, watcher)


def _as_json(chosen: EvaluationSet, ours: Outcome, others: Sequence[Outcome], bands: Sequence[Band]) -> dict[str, Any]:
    figures = {other.method: other.figures() for other in others}
    scores = [asdict(band) for band in bands]
    return {"ours": ours.figures(), "baselines": figures, "tasks": len(chosen.tasks), "calibration": scores}


def _print_sizes(chosen: EvaluationSet) -> None:
    used = {task.pool for task in chosen.tasks}
    sizes = [counted(len(chosen.tasks), "task"), counted(len(used), "pool"), counted(len(chosen.papers), "paper")]
    typer.echo(f"{', '.join(sizes)}\n")


def _print_report(ours: Outcome, others: Sequence[Outcome], bands: Sequence[Band]) -> None:
    _print_table([ours, *others])
    typer.echo(_verdict(ours, max(others, key=lambda other: other.mean(DECIDES))))
    typer.echo("\nscore      papers  chosen")
    for band in bands:
        share = f"{band.chosen / band.papers:6.1%}" if band.papers else "     -"
        typer.echo(f"{band.low:>3} to {band.high:<3} {band.papers:7,}  {share}")


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
