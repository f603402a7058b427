"""Products of sparse matrices of which the largest entries of each row are wanted, on all cores.

`sparse_dot_topn` adds up each row by itself and keeps its largest entries as it goes, so a product of many readers with
many papers is never held whole. A row's result depends on nothing but the row: not on the others, on their number, or
on how many threads there are.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from scipy.sparse import csr_matrix, vstack
from sparse_dot_topn import sp_matmul_topn

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

T = TypeVar("T")

THREADS = os.cpu_count() or 1

FEW_ROWS = 32
"""Below so many rows a second thread costs more than it brings."""

ROUNDING = 1e-6
"""Far above what single precision rounds by."""

SHORTLIST = 200
"""Entries of a row that are looked at first; a row with more of them above its floor is asked again for all."""


def product(rows: csr_matrix, columns: csr_matrix) -> csr_matrix:
    """All of `rows @ columns`, its entries in order of their columns."""
    # SciPy's: the whole product of sparse_dot_topn (1.2.0) leaves values and indices unset where a sum is exactly 0.
    result = (rows @ columns).tocsr()
    result.sort_indices()
    return result


def dense(rows: csr_matrix, columns: csr_matrix) -> NDArray[np.float64]:
    """All of `rows @ columns`, as an array."""
    return np.concatenate(_by_threads(lambda some: (some @ columns).toarray().astype(np.float64), rows))


def heaviest(rows: csr_matrix, columns: csr_matrix, n: int) -> csr_matrix:
    """The `n` largest entries of each row of `rows @ columns`, and those that equal the least of them."""
    return vstack(_by_threads(lambda some: _heaviest(some, columns, n), rows), format="csr")


def _heaviest(rows: csr_matrix, columns: csr_matrix, n: int) -> csr_matrix:
    # Most entries go, so those that stay are put in order, and not all.
    whole = (rows @ columns).tocsr()
    keep = np.ones(whole.nnz, dtype=bool)
    ends = [0]
    for start, stop in pairwise(whole.indptr.tolist()):
        if stop - start > n:
            values = whole.data[start:stop]
            kept = np.greater_equal(values, np.partition(values, -n)[-n], out=keep[start:stop])
            ends.append(ends[-1] + int(np.count_nonzero(kept)))
        else:
            ends.append(ends[-1] + stop - start)
    result = csr_matrix((whole.data[keep], whole.indices[keep], ends), shape=whole.shape)
    result.sort_indices()
    return result


def best(rows: csr_matrix, columns: csr_matrix, n: int) -> csr_matrix:
    """The `n` largest entries above 0 of each row of `rows @ columns`, the largest first; equals by their column.

    Where equal entries stand at the cut, those of the first columns are taken.
    """
    if not rows.nnz or not columns.nnz:
        return csr_matrix((rows.shape[0], columns.shape[1]), dtype=rows.dtype)
    # One more than asked for shows whether the cut goes through equals, of which the product keeps any.
    found = sp_matmul_topn(rows, columns, n + 1, threshold=0.0, sort=True, n_threads=_threads(rows))
    lengths = np.diff(found.indptr)
    of = np.repeat(np.arange(rows.shape[0]), lengths)
    place = np.arange(len(of)) - found.indptr[of]
    equal = np.flatnonzero((found.data[1:] == found.data[:-1]) & (of[1:] == of[:-1]))
    unclear = np.unique(of[equal[place[equal] == n - 1]])
    keep = (place < n) & ~np.isin(of, unclear)
    of, places, values = of[keep], found.indices[keep], found.data[keep]
    if len(equal):
        whole = product(rows[unclear], columns)
        more = whole.data > 0
        of = np.concatenate([of, unclear[np.repeat(np.arange(len(unclear)), np.diff(whole.indptr))][more]])
        places, values = np.concatenate([places, whole.indices[more]]), np.concatenate([values, whole.data[more]])
        order = np.lexsort((places, -values, of))
        starts = np.searchsorted(of[order], np.arange(rows.shape[0]))
        order = order[np.arange(len(order)) - starts[of[order]] < n]
        of, places, values = of[order], places[order], values[order]
    return csr_matrix((values, places, np.searchsorted(of, np.arange(rows.shape[0] + 1))), shape=found.shape)


def above(
    rows: csr_matrix, columns: csr_matrix, floors: NDArray[np.float64]
) -> list[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """For each row of `rows @ columns` the columns of its entries that are `floors[row]` or more, and these entries.

    Columns are in ascending order. A row whose floor is 0 or less has all columns.
    """
    everything = np.arange(columns.shape[1])
    found: list[tuple[NDArray[np.int64], NDArray[np.float64]]] = [(everything[:0], np.empty(0))] * rows.shape[0]
    positive = np.flatnonzero(floors > 0)
    asked_again = [np.flatnonzero(floors <= 0)]
    if len(positive) and rows.nnz and columns.nnz:
        # What is below all floors need not be put in order; the product's own comparison is of single precision.
        least = float(floors[positive].min()) * (1 - ROUNDING)
        shortlist = sp_matmul_topn(rows[positive], columns, SHORTLIST, threshold=least, n_threads=_threads(rows))
        lengths = np.diff(shortlist.indptr)
        of = np.repeat(np.arange(len(positive)), lengths)
        values = shortlist.data.astype(np.float64)
        passing = np.flatnonzero(values >= floors[positive][of])
        passing = passing[np.argsort(of[passing] * columns.shape[1] + shortlist.indices[passing])]
        places, values, of = shortlist.indices[passing].astype(np.int64), values[passing], of[passing]
        counts = np.bincount(of, minlength=len(positive))
        is_full = (lengths == SHORTLIST) & (counts == SHORTLIST)
        asked_again.append(positive[is_full])
        ends = np.cumsum(counts).tolist()
        for row, start, stop in zip(positive.tolist(), [0, *ends], ends, strict=False):
            found[row] = (places[start:stop], values[start:stop])
    again = np.concatenate(asked_again)
    if len(again):
        for values, row in zip(dense(rows[again], columns), again, strict=True):
            passing = values >= floors[row] if floors[row] > 0 else np.ones(len(values), dtype=bool)
            found[row] = (everything[passing], values[passing])
    return found


def _threads(rows: csr_matrix) -> int:
    return THREADS if rows.shape[0] >= FEW_ROWS else 1


def _by_threads(work: Callable[[csr_matrix], T], rows: csr_matrix) -> list[T]:
    """What is made of the rows, a share of them by each thread, in their order: SciPy's products run side by side."""
    threads = _threads(rows)
    if threads == 1:
        return [work(rows)]
    size = -(-rows.shape[0] // threads)
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, (rows[start : start + size] for start in range(0, rows.shape[0], size))))
