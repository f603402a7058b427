"""A value handed over by files is the same in the other process, and nobody else's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_matrix

from digest import hand_over

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def test_a_value_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Arrays of any size and kind, none among them, and what stands beside them come back as they were."""
    arrays: list[NDArray[Any]] = [
        np.arange(5, dtype=np.int32),
        np.zeros(0),
        np.array([[True], [False]]),
        np.linspace(0, 1, 1001),
    ]
    hand_over.write({"arrays": arrays, "rows": csr_matrix(np.eye(3)), "name": "owls"}, tmp_path)
    found = hand_over.read(tmp_path)
    assert found["name"] == "owls"
    assert (found["rows"] != csr_matrix(np.eye(3))).nnz == 0
    for wanted, array in zip(arrays, found["arrays"], strict=True):
        assert array.dtype == wanted.dtype
        np.testing.assert_array_equal(array, wanted)


def test_a_value_without_arrays_is_handed_over(tmp_path: Path) -> None:
    """Nothing to map is no fault."""
    hand_over.write(["owls"], tmp_path)
    assert hand_over.read(tmp_path) == ["owls"]


def test_what_one_reader_changes_no_other_sees(tmp_path: Path) -> None:
    """An array may be changed in place, by the one who read it only."""
    hand_over.write(np.arange(3), tmp_path)
    mine, others = hand_over.read(tmp_path), hand_over.read(tmp_path)
    mine[0] = 7
    assert others.tolist() == hand_over.read(tmp_path).tolist() == [0, 1, 2]
