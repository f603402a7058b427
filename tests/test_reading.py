"""Opening what users name: files, folders, pipes and standard input, plain or gzipped."""

from __future__ import annotations

import gzip
import io
import os
from datetime import date
from pathlib import Path

import pytest

from digest.errors import SourceError
from digest.reading import Answer, Location, fingerprint, locate, opened

AS_OF = date(2025, 5, 20)


def found(*paths: Path) -> list[str]:
    """What is to be read, by name, and what cannot be, by reason."""
    return [f"{each.where}: {each.why}" if isinstance(each, SourceError) else each.name for each in locate(paths)]


def content(location: Location | Answer) -> bytes:
    """All bytes of a dump."""
    with opened(location, AS_OF, lambda _: None) as dump:
        return dump.stream.read()


def location_of(path: Path) -> Location:
    """The one place that a path stands for."""
    [location] = locate([path])
    assert isinstance(location, Location)
    return location


def test_a_folder_stands_for_its_files_in_order(tmp_path: Path) -> None:
    """Files come sorted by name, subfolders in their place; hidden ones and their contents do not come."""
    for name in ("b.json", "a/2.txt", "a/1.txt", "c/d/e.xml", ".git/config", "a/.3.txt.part"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    expected = [str(tmp_path / name) for name in ("a/1.txt", "a/2.txt", "b.json", "c/d/e.xml")]
    assert found(tmp_path) == expected
    assert [each.size for each in locate([tmp_path]) if isinstance(each, Location)] == [7, 7, 6, 9]


def test_paths_come_in_the_order_they_are_named(tmp_path: Path) -> None:
    """A file that is named counts, hidden or not, and so does one that is named twice."""
    for name in ("b", ".a"):
        (tmp_path / name).touch()
    paths = [tmp_path / "b", tmp_path / ".a", tmp_path / "b"]
    assert found(*paths) == [str(path) for path in paths]
    assert found(Path("-")) == ["standard input"]
    assert found() == []


def test_what_cannot_be_read_is_named_and_the_rest_is_found(tmp_path: Path) -> None:
    """A missing path, a dangling link and a pipe are passed over with a reason, alone or in a folder."""
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    dangling, pipe = (f"{tmp_path / name}: " for name in ("dangling", "pipe"))
    expected = [
        f"{dangling}cannot be read: no such file or directory",
        str(tmp_path / "file"),
        f"{pipe}neither a file nor a folder; what a pipe gives can come as standard input (-)",
    ]
    assert found(tmp_path) == expected
    assert found(*sorted(tmp_path.iterdir())) == expected


@pytest.mark.parametrize("name", ["x" * 300, "with\0null", "file/below", ""])
def test_a_path_that_can_be_none_is_named(tmp_path: Path, name: str) -> None:
    """A name too long, a null byte, a file used as folder: an error that names it, not a traceback."""
    (tmp_path / "file").touch()
    path = tmp_path / name if name else Path("/dev/null")
    [error] = locate([path])
    assert isinstance(error, SourceError)
    assert error.where == str(path)


def test_a_folder_that_is_linked_into_itself_is_read_once(tmp_path: Path) -> None:
    """Links to folders are followed, loops are not, and a folder linked twice is read once."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "one").touch()
    (tmp_path / "data" / "up").symlink_to(tmp_path)
    (tmp_path / "other").symlink_to(tmp_path / "data")
    assert found(tmp_path) == [str(tmp_path / "data" / "one")]
    assert found(tmp_path / "other") == [str(tmp_path / "other" / name) for name in ("one",)]


@pytest.mark.parametrize("text", [b"", b"\x1f", b"a paper\n" * 40_000])
def test_gzip_is_seen_by_content(tmp_path: Path, text: bytes) -> None:
    """Whatever a file is called, gzipped or not, its bytes come out unzipped; members that follow each other too."""
    plain, zipped = tmp_path / "plain.gz", tmp_path / "zipped.txt"
    plain.write_bytes(text)
    zipped.write_bytes(gzip.compress(text) + gzip.compress(b"and more"))
    assert content(location_of(plain)) == text
    assert content(location_of(zipped)) == text + b"and more"


def test_a_dump_can_be_set_back_and_forth(tmp_path: Path) -> None:
    """Resuming seeks in the unzipped bytes, of plain and gzipped files."""
    text = b"".join(b"%06d\n" % n for n in range(30_000))
    for name, packed in (("plain", text), ("zipped", gzip.compress(text))):
        (tmp_path / name).write_bytes(packed)
        with opened(location_of(tmp_path / name), AS_OF, lambda _: None) as dump:
            assert dump.stream.read(65_536) == text[:65_536]
            assert dump.stream.seek(140_000) == 140_000
            assert dump.stream.read(7) == b"020000\n"
            assert dump.stream.seek(7) == 7
            assert dump.stream.read() == text[7:]


def test_progress_is_the_place_in_the_file(tmp_path: Path) -> None:
    """What is told grows to the file's size on disk, also when reading begins in the middle."""
    text = os.urandom(300_000)
    for name, packed, start in (("plain", text, 0), ("zipped", gzip.compress(text), 0), ("resumed", text, 200_000)):
        (tmp_path / name).write_bytes(packed)
        places: list[int] = []
        with opened(location_of(tmp_path / name), AS_OF, places.append) as dump:
            dump.stream.seek(start)
            before = len(places)
            while dump.stream.read(10_000):
                pass
        assert places == sorted(places)
        assert places[before] > start
        assert places[-1] == len(packed)


def test_standard_input_is_read_and_left_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a pipe gives is unzipped as a file is; afterwards standard input is still open."""
    pipe = io.BytesIO(gzip.compress(b"papers"))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(pipe))
    assert content(Location(None)) == b"papers"
    assert not pipe.closed
    assert fingerprint(Location(None), None, AS_OF) is None


def test_an_answer_is_read_as_a_file_is() -> None:
    """Unzipped, with progress in the bytes that came, and found again under its name only."""
    packed = gzip.compress(b"papers")
    answer = Answer("arxiv:cs.CV", packed)
    assert content(answer) == b"papers"
    assert answer.size == len(packed)
    same = fingerprint(answer, None, AS_OF)
    others = [
        fingerprint(Answer("arxiv:cs.CL", packed), None, AS_OF),
        fingerprint(Answer("arxiv:cs.CV", packed + b"\0"), None, AS_OF),
        fingerprint(answer, "interchange", AS_OF),
        fingerprint(answer, None, date(2025, 5, 21)),
    ]
    assert fingerprint(Answer("arxiv:cs.CV", packed), None, AS_OF) == same
    assert len({same, *others}) == 5


def test_without_standard_input_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that was started without one says so."""
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(SourceError, match="standard input: cannot be read"):
        content(Location(None))


def test_a_file_that_went_away_is_an_error(tmp_path: Path) -> None:
    """Between finding and opening a file may vanish, or a folder take its place."""
    (tmp_path / "folder").mkdir()
    for name in ("gone", "folder"):
        location = Location(tmp_path / name, 1)
        with pytest.raises(SourceError, match=f"{name}: cannot be read: "):
            content(location)
        with pytest.raises(SourceError, match=f"{name}: cannot be read: "):
            fingerprint(location, None, AS_OF)


def test_fingerprints_tell_dumps_and_ways_to_read_them_apart(tmp_path: Path) -> None:
    """The same file read in the same way has one fingerprint, under any name; every difference gives another."""
    path = tmp_path / "dump"
    path.write_bytes(b"one")
    os.utime(path, ns=(0, 10**18))
    same = fingerprint(Location(path), None, AS_OF)
    path.rename(tmp_path / "moved")
    moved = Location(tmp_path / "moved")
    assert fingerprint(moved, None, AS_OF) == same
    others = [fingerprint(moved, "interchange", AS_OF), fingerprint(moved, None, date(2025, 5, 21))]
    os.utime(tmp_path / "moved", ns=(0, 10**18 + 1))
    others.append(fingerprint(moved, None, AS_OF))
    (tmp_path / "moved").write_bytes(b"two")
    os.utime(tmp_path / "moved", ns=(0, 10**18))
    others.append(fingerprint(moved, None, AS_OF))
    assert len({same, *others}) == 5
