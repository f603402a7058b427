"""Writing files: one appears whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from digest.durable import put, write_whole
from digest.errors import DeliveryError

if TYPE_CHECKING:
    from pathlib import Path

MESSAGE = b"To: ada@example.org\r\n\r\nGood morning.\r\n"


def test_an_unwritable_place_is_a_delivery_error_without_address(tmp_path: Path) -> None:
    """A file where the folder should be, or a name too long: an error that names file and cause, and no address."""
    (tmp_path / "outbox").touch()
    for folder, name in ((tmp_path / "outbox", "ada"), (tmp_path, "x" * 300)):
        with pytest.raises(DeliveryError, match=f"cannot write: '{name}.eml': ") as caught:
            write_whole(folder / f"{name}.eml", MESSAGE)
        assert "@" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["outbox"]


def test_a_file_may_come_by_way_of_another_folder(tmp_path: Path) -> None:
    """Both folders are made, and nothing is left in the other one."""
    put(tmp_path / "new" / "ada", MESSAGE, by_way_of=tmp_path / "tmp")
    assert [(path.name, path.read_bytes()) for path in (tmp_path / "new").iterdir()] == [("ada", MESSAGE)]
    assert list((tmp_path / "tmp").iterdir()) == []


FULL = """
import resource, signal, sys
from pathlib import Path
from digest.errors import DeliveryError
from digest.durable import write_whole
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_whole(Path(sys.argv[1]), b"To: ada@example.org" * 1000)
except DeliveryError as error:
    print(error)
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no limit to set")
def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    """Where the disk takes a part only, the file keeps its old content and the part is gone."""
    path = tmp_path / "ada.eml"
    path.write_bytes(MESSAGE)
    child = subprocess.run([sys.executable, "-c", FULL, str(path)], check=True, capture_output=True, text=True)
    assert child.stdout == "cannot write: 'ada.eml': File too large\n"
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("ada.eml", MESSAGE)]


def test_writers_at_once_leave_one_whole_file(tmp_path: Path) -> None:
    """Two senders of the same mail do not mix their bytes, and whoever reads meanwhile sees a whole file."""
    path = tmp_path / "ada.eml"
    contents = [bytes([letter]) * 200_000 for letter in b"ab"]
    write_whole(path, contents[0])

    def write(content: bytes) -> None:
        for _ in range(20):
            write_whole(path, content)

    writers = [Thread(target=write, args=(content,)) for content in contents]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert path.read_bytes() in contents
    for writer in writers:
        writer.join()
    assert list(tmp_path.iterdir()) == [path]
