"""The installation's secret: made once, kept, and never half there."""

from __future__ import annotations

import multiprocessing
import stat
from typing import TYPE_CHECKING

import pytest

from digest import secret
from digest.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path


def test_the_secret_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    """The first who asks makes it in a file that only the owner may read; from then on it is read."""
    path = tmp_path / "home" / "secret"
    made = secret.load(path)
    assert len(made) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.stat().st_mtime_ns
    assert secret.load(path) == made
    assert path.stat().st_mtime_ns == before
    assert [*path.parent.iterdir()] == [path]
    assert secret.load(tmp_path / "other") != made


def test_processes_that_ask_at_once_get_the_same(tmp_path: Path) -> None:
    """Of several processes that find none, one makes it and all have it."""
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        found = pool.map(secret.load, [tmp_path / "secret"] * 12, chunksize=1)
    assert len(set(found)) == 1
    assert [*tmp_path.iterdir()] == [tmp_path / "secret"]


@pytest.mark.parametrize("content", [b"", b"0" * 63, b"0" * 66, b"g" * 64, b"\xff" * 64])
def test_a_damaged_secret_is_named_and_left_alone(tmp_path: Path, content: bytes) -> None:
    """What is no secret is an error that says what to do; nothing is made in its place, and it is not printed."""
    path = tmp_path / "secret"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"secret: not a secret: .*; restore it, or delete it") as caught:
        secret.load(path)
    assert "gggg" not in str(caught.value)
    assert path.read_bytes() == content


def test_a_place_where_nothing_can_be_made_is_named(tmp_path: Path) -> None:
    """Where a file stands in the way of the folder, or a folder in that of the file, the error names it."""
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="cannot be"):
        secret.load(tmp_path / "file" / "secret")
    with pytest.raises(SettingsError, match="cannot be read"):
        secret.load(tmp_path)


def test_without_links_it_is_made_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that knows no links keeps a secret as well."""

    def refused(_path: Path, _target: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(type(tmp_path), "hardlink_to", refused)
    assert secret.load(tmp_path / "secret") == secret.load(tmp_path / "secret")
    assert [*tmp_path.iterdir()] == [tmp_path / "secret"]
