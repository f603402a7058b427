"""Measures and their intervals, against their definitions written out."""

from __future__ import annotations

from math import log2

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.ranking.evaluation.measures import CUTS, DEPTH, MEASURES, interval, measured


def by_definition(ranking: list[str], relevant: set[str], cut: int) -> dict[str, float]:
    """The four measures of one ranking at one cut."""
    found = [paper in relevant for paper in ranking[:cut]]
    gain = sum(1 / log2(place + 2) for place, hit in enumerate(found) if hit)
    ideal = sum(1 / log2(place + 2) for place in range(min(cut, len(relevant))))
    precisions = [sum(found[: place + 1]) / (place + 1) for place, hit in enumerate(found) if hit]
    return {
        f"ndcg@{cut}": gain / ideal,
        f"recall@{cut}": sum(found) / len(relevant),
        f"mrr@{cut}": 1 / (found.index(True) + 1) if any(found) else 0.0,
        f"map@{cut}": sum(precisions) / len(relevant),
    }


@given(
    st.permutations([f"p{n}" for n in range(30)]), st.sets(st.sampled_from([f"p{n}" for n in range(35)]), min_size=1)
)
def test_measures_are_what_their_definitions_say(ranking: list[str], relevant: set[str]) -> None:
    """Gains are binary, ideal gains and average precision count all relevant papers, found or not."""
    (values,) = measured([ranking[:DEPTH]], [relevant])
    expected = by_definition(ranking, relevant, CUTS[0]) | by_definition(ranking, relevant, CUTS[1])
    assert dict(zip(MEASURES, values, strict=True)) == pytest.approx(expected)


def test_each_ranking_is_measured_by_itself() -> None:
    """Rows are tasks in their order, also where a ranking is empty or ids are odd."""
    values = measured([["a", "b"], [], ["x\0y", "x\0z"], ["a"]], [["b"], ["a"], ["x\0z"], ["a"]])
    assert values.shape == (4, len(MEASURES))
    assert list(values[:, list(MEASURES).index("mrr@10")]) == [0.5, 0.0, 0.5, 1.0]


def test_an_interval_holds_the_mean_and_narrows_with_more_tasks() -> None:
    """The interval of a mean is about 1.96 standard errors to either side."""
    values = np.random.default_rng(1).random((400, 2))
    low, high = interval(values)
    error = values.std(axis=0) / np.sqrt(len(values))
    assert low == pytest.approx(values.mean(axis=0) - 1.96 * error, abs=0.005)
    assert high == pytest.approx(values.mean(axis=0) + 1.96 * error, abs=0.005)


def test_intervals_are_the_same_each_time() -> None:
    """Two runs over the same values agree to the last digit."""
    values = np.arange(20.0)
    assert interval(values).tolist() == interval(values).tolist()


def test_intervals_of_differences_are_paired() -> None:
    """A method that is better by the same amount for everyone is better by just that, however readers differ."""
    values = np.random.default_rng(2).random(50)
    assert interval(values + 0.25 - values) == pytest.approx([0.25, 0.25])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_an_interval_lies_within_the_values(values: list[float]) -> None:
    """No resample has a mean below the least or above the greatest value; one task has no spread."""
    low, high = interval(np.array(values))
    assert min(values) - 1e-12 <= low <= high <= max(values) + 1e-12
