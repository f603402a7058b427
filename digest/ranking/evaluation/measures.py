"""What a ranking is worth to a reader, and how sure that is over all readers.

The measures are those of `ir_measures` (MacAvaney, Macdonald, Ounis: Streamlining Evaluation with ir-measures, ECIR
2022), which computes them as trec_eval does, each at 10 and 20 papers, with a gain of 1 for a relevant paper and 0 for
any other: nDCG with a discount of log2 (Järvelin, Kekäläinen 2002), recall, the reciprocal rank of the first relevant
paper, and average precision, divided by the number of all relevant papers also where the cut holds fewer.

Intervals are percentile bootstrap intervals (Efron, Tibshirani: An Introduction to the Bootstrap, 1993, section 13.3)
over tasks. The draws depend on the number of tasks only, so two methods over the same tasks meet the same samples, and
the interval of their differences is paired.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import ir_measures
import numpy as np
from ir_measures import AP, RR, R, nDCG

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

CUTS = (10, 20)
DEPTH = max(CUTS)
"""No measure looks further down a ranking."""

MEASURES = MappingProxyType(
    {
        f"{name}@{cut}": of @ cut
        for name, of in (("ndcg", nDCG), ("recall", R), ("mrr", RR), ("map", AP))
        for cut in CUTS
    }
)
"""The measures by the names under which they are reported, in the order of all arrays here."""

RESAMPLES = 1_000
CONFIDENCE = 0.95
SEED = 20


def measured(rankings: Sequence[Sequence[str]], relevant: Sequence[Collection[str]]) -> NDArray[np.float64]:
    """The value of each measure for each ranking, tasks x `MEASURES`, 0 to 1.

    `rankings` are different paper ids, best first, and need not be longer than `DEPTH`; `relevant` are the papers to
    find, at least one for each ranking.
    """
    qrels: dict[str, dict[str, int]] = {}
    run: dict[str, dict[str, float]] = {}
    for task, (ranking, wanted) in enumerate(zip(rankings, relevant, strict=True)):
        # Places stand for ids, which trec_eval would cut at a null character. As scores no two places are equal, so
        # its own way with ties, by descending id, never matters.
        places = {paper_id: str(place) for place, paper_id in enumerate(ranking)}
        run[str(task)] = {name: -float(name) for name in places.values()}
        qrels[str(task)] = {places.get(paper_id, f"missed {n}"): 1 for n, paper_id in enumerate(wanted)}
    column = {measure: n for n, measure in enumerate(MEASURES.values())}
    values = np.zeros((len(rankings), len(MEASURES)))
    for metric in ir_measures.iter_calc(list(MEASURES.values()), qrels, run):
        values[int(metric.query_id), column[metric.measure]] = metric.value
    return values


def interval(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The 95 % bootstrap interval of the mean over the first axis: shape 2 x the remaining axes, low before high.

    For a paired interval give the differences of two methods' values.
    """
    tasks = len(values)
    # A sample with replacement is how often each task is drawn, so all resamples are one matrix product.
    draws = np.random.default_rng(SEED).multinomial(tasks, np.full(tasks, 1 / tasks), size=RESAMPLES)
    tail = (1 - CONFIDENCE) / 2
    bounds: NDArray[np.float64] = np.quantile(draws @ values / tasks, (tail, 1 - tail), axis=0)
    return bounds
