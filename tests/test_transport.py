"""Handing over: a file appears whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from digest.errors import DeliveryError
from digest.transport import Folder, write_whole

if TYPE_CHECKING:
    from pathlib import Path

MESSAGE = b"To: ada@example.org\r\n\r\nGood morning.\r\n"


def test_a_message_is_a_file_of_its_name(tmp_path: Path) -> None:
    """Folders are made as needed, the bytes are the message's, and nothing else is left."""
    outbox = tmp_path / "home" / "outbox"
    Folder(outbox).send("2025-05-09-ada", MESSAGE)
    assert [(path.name, path.read_bytes()) for path in outbox.iterdir()] == [("2025-05-09-ada.eml", MESSAGE)]


def test_the_same_message_again_changes_nothing(tmp_path: Path) -> None:
    """Handing over twice leaves one file; other bytes under the name replace it."""
    for message in (MESSAGE, MESSAGE, b"other"):
        Folder(tmp_path).send("ada", message)
        assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("ada.eml", message)]


def test_an_unwritable_place_is_a_delivery_error_without_address(tmp_path: Path) -> None:
    """A file where the folder should be, or a name too long: an error that names file and cause, and no address."""
    (tmp_path / "outbox").touch()
    for folder, name in ((tmp_path / "outbox", "ada"), (tmp_path, "x" * 300)):
        with pytest.raises(DeliveryError, match=f"cannot write: '{name}.eml': ") as caught:
            Folder(folder).send(name, MESSAGE)
        assert "@" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["outbox"]


FULL = """
import resource, signal, sys
from pathlib import Path
from digest.errors import DeliveryError
from digest.transport import write_whole
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
