"""The largest entries of sparse products, held against plain numpy; a row's result depends on the row alone."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from digest.ranking import topn

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Quarters of small whole numbers: their products and sums are exact in single precision, whatever the order, so that
# equals are equal; most entries are 0.
ENTRY = st.sampled_from([0, 0, 0, 0, 1, 1, 2, 3, -1, -2]).map(lambda n: n / 4)


@st.composite
def products(draw: st.DrawFn) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Two small matrices that can be multiplied, some of them without rows, columns or entries."""
    height, inner, width = (draw(st.integers(0, most)) for most in (6, 5, 9))

    def matrix(rows: int, columns: int) -> NDArray[np.float32]:
        entries = draw(st.lists(ENTRY, min_size=rows * columns, max_size=rows * columns))
        return np.array(entries, dtype=np.float32).reshape(rows, columns)

    return matrix(height, inner), matrix(inner, width)


def entries(matrix: csr_matrix) -> list[list[tuple[int, float]]]:
    """For each row its entries as they are stored, each with its column."""
    assert matrix.dtype == np.float32
    return [
        list(zip(matrix.indices[start:stop].tolist(), matrix.data[start:stop].tolist(), strict=True))
        for start, stop in pairwise(matrix.indptr)
    ]


def largest(row: NDArray[np.float32], n: int) -> list[tuple[int, float]]:
    """The `n` largest entries above 0, equals by their column."""
    ordered = sorted(enumerate(row.tolist()), key=lambda entry: (-entry[1], entry[0]))
    return [entry for entry in ordered if entry[1] > 0][:n]


def listed(found: list[tuple[NDArray[np.int64], NDArray[np.float64]]]) -> list[list[tuple[int, float]]]:
    """What `above` found, row by row."""
    return [list(zip(places.tolist(), values.tolist(), strict=True)) for places, values in found]


@given(products())
def test_a_product_is_the_product(factors: tuple[NDArray[np.float32], NDArray[np.float32]]) -> None:
    """All of `rows @ columns` by column, with negative entries, empty rows and matrices without any size."""
    rows, columns = factors
    found = topn.product(csr_matrix(rows), csr_matrix(columns))
    assert found.shape == (rows.shape[0], columns.shape[1])
    np.testing.assert_array_equal(found.toarray(), rows @ columns)
    for row in entries(found):
        assert row == sorted(row)


@given(products())
def test_a_dense_product_is_the_product(factors: tuple[NDArray[np.float32], NDArray[np.float32]]) -> None:
    """The same as an array."""
    rows, columns = factors
    np.testing.assert_array_equal(topn.dense(csr_matrix(rows), csr_matrix(columns)), rows @ columns)


@given(products(), st.integers(1, 6))
def test_the_heaviest_are_the_largest_with_their_equals(
    factors: tuple[NDArray[np.float32], NDArray[np.float32]], n: int
) -> None:
    """Each row keeps its `n` largest entries that are not 0 and all that equal the least of them, by column."""
    rows, columns = factors
    found = topn.heaviest(csr_matrix(rows), csr_matrix(columns), n)
    expected = []
    for row in rows @ columns:
        known = [(column, value) for column, value in enumerate(row.tolist()) if value]
        least = sorted((value for _, value in known), reverse=True)[:n][-1:]
        expected.append([(column, value) for column, value in known if value >= least[0]])
    assert entries(found) == expected


@given(products(), st.integers(1, 6))
def test_the_best_are_the_largest_above_nothing(
    factors: tuple[NDArray[np.float32], NDArray[np.float32]], n: int
) -> None:
    """Each row keeps its `n` largest entries above 0, the largest first and equals by column, also those at the cut."""
    rows, columns = factors
    found = topn.best(csr_matrix(rows), csr_matrix(columns), n)
    assert found.shape == (rows.shape[0], columns.shape[1])
    assert entries(found) == [largest(row, n) for row in rows @ columns]


@given(products(), st.data())
def test_above_are_all_that_reach_the_floor(
    factors: tuple[NDArray[np.float32], NDArray[np.float32]], data: st.DataObject
) -> None:
    """A row gives its entries of the floor or more by column; where the floor is 0 or less, one for each column."""
    rows, columns = factors
    floor = st.sampled_from([-1.0, 0.0, 1 / 16, 0.25, 0.3, 1.0, np.inf])
    floors = np.array(data.draw(st.lists(floor, min_size=len(rows), max_size=len(rows))), dtype=np.float64)
    found = topn.above(csr_matrix(rows), csr_matrix(columns), floors)
    assert listed(found) == [
        [(column, value) for column, value in enumerate(row.tolist()) if least <= 0 or value >= least]
        for row, least in zip(rows @ columns, floors, strict=True)
    ]


def uneven(height: int, inner: int, width: int) -> tuple[csr_matrix, csr_matrix]:
    """Matrices whose products do depend on the order of their sums, with every third row of the first one empty."""
    numbers = np.random.default_rng(1)
    rows, columns = (
        (numbers.normal(size=size) * (numbers.random(size) < 0.3)).astype(np.float32)
        for size in ((height, inner), (inner, width))
    )
    rows[::3] = 0
    columns[:, width // 2] = columns[:, width // 3]
    return csr_matrix(rows), csr_matrix(columns)


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
def test_the_company_decides_nothing(monkeypatch: pytest.MonkeyPatch, threads: int) -> None:
    """To the last bit a row's result is the same alone, among others, in any order of them and on any number of cores.

    Whole sums would differ in their last bits if anything but the row had a say in the order of adding.
    """
    rows, columns = uneven(31, 40, 300)
    floors = np.linspace(-0.2, 1.5, 31)
    expected = (
        entries(topn.product(rows, columns)),
        entries(topn.best(rows, columns, 7)),
        entries(topn.heaviest(rows, columns, 7)),
        [tuple(row) for row in topn.dense(rows, columns).tolist()],
        listed(topn.above(rows, columns, floors)),
    )
    monkeypatch.setattr(topn, "THREADS", threads)
    monkeypatch.setattr(topn, "FEW_ROWS", 2)
    for batch in (np.arange(31), np.arange(31)[::-1], np.array([4]), np.array([3]), np.array([30, 7, 7, 0, 12])):
        found = (
            entries(topn.product(rows[batch], columns)),
            entries(topn.best(rows[batch], columns, 7)),
            entries(topn.heaviest(rows[batch], columns, 7)),
            [tuple(row) for row in topn.dense(rows[batch], columns).tolist()],
            listed(topn.above(rows[batch], columns, floors[batch])),
        )
        assert found == tuple([whole[n] for n in batch] for whole in expected)


@pytest.mark.parametrize("reaching", [topn.SHORTLIST - 1, topn.SHORTLIST, topn.SHORTLIST + 1, 3 * topn.SHORTLIST])
def test_a_row_with_more_than_the_shortlist_above_its_floor_is_whole(reaching: int) -> None:
    """However many entries reach the floor, all are found, and so are those of the row beside it that has few."""
    width = 4 * topn.SHORTLIST
    entry = np.where(np.arange(width) % 4 < 1, 0.5, 0.25).astype(np.float32)
    entry[reaching:] = 0.125
    rows = csr_matrix(np.array([[1.0], [0.25]], dtype=np.float32))
    many, few = topn.above(rows, csr_matrix(entry[None]), np.array([0.25, 0.125]))
    assert many[0].tolist() == list(range(reaching))
    assert few[0].tolist() == list(range(0, reaching, 4))


def test_equals_at_the_cut_are_those_of_the_first_columns() -> None:
    """Of many equals the first columns are taken, however many rows have such a cut."""
    columns = csr_matrix(np.ones((1, 500), dtype=np.float32))
    rows = csr_matrix(np.array([[1.0], [0.0], [2.0]], dtype=np.float32))
    found = entries(topn.best(rows, columns, 3))
    assert found == [[(0, 1.0), (1, 1.0), (2, 1.0)], [], [(0, 2.0), (1, 2.0), (2, 2.0)]]


@pytest.mark.parametrize("shape", [(0, 4, 3), (2, 0, 3), (2, 4, 0), (0, 0, 0)])
def test_without_a_size_there_is_nothing_and_no_fault(shape: tuple[int, int, int]) -> None:
    """No rows, no terms or no papers give results of the right shape."""
    height, inner, width = shape
    rows, columns = (csr_matrix(size, dtype=np.float32) for size in ((height, inner), (inner, width)))
    assert topn.product(rows, columns).shape == topn.best(rows, columns, 2).shape == (height, width)
    floors = np.linspace(0, 1, height)
    everything = [(column, 0.0) for column in range(width)]
    assert listed(topn.above(rows, columns, floors)) == [everything if least <= 0 else [] for least in floors]


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 5))
@settings(max_examples=25)
def test_best_of_uneven_numbers_are_entries_of_the_product(seed: int, n: int) -> None:
    """Where sums are rounded, the best are to the last bit entries of the whole product, and the largest of them."""
    numbers = np.random.default_rng(seed)
    rows, columns = (csr_matrix(numbers.normal(size=size).astype(np.float32)) for size in ((4, 6), (6, 30)))
    whole = topn.product(rows, columns)
    assert entries(topn.best(rows, columns, n)) == [largest(row, n) for row in whole.toarray()]
