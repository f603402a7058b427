"""The list of sources in digest.toml, edited by name."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from digest import settings
from digest.errors import SettingsError, SourceError
from digest.source_list import add, named, remove

if TYPE_CHECKING:
    from pathlib import Path

DAY = date(2025, 3, 14)
OPML = """<?xml version="1.0"?><opml version="2.0"><body><outline text="Journals">
<outline type="rss" text="Rivers" xmlUrl="https://example.org/rivers.xml"/>
<outline type="rss" text="Sand" xmlUrl="https://example.org/sand.xml"/>
<outline type="rss" text="Old" xmlUrl="gopher://example.org/old"/>
</outline></body></opml>"""


def listed(home: Path) -> list[str]:
    """The sources as the settings have them."""
    return list(settings.load(home).sources)


def test_sources_are_added_once(tmp_path: Path) -> None:
    """A missing file and list are made; what is listed already, however it is spelt, is not added again."""
    assert add(tmp_path / "new", ["arxiv:cs.CV", "hf-daily"]) == ["arxiv:cs.CV", "hf-daily"]
    assert add(tmp_path / "new", ["HF-daily", "bioRxiv: Neuroscience", "arxiv:cs.CV"]) == ["biorxiv:neuroscience"]
    assert listed(tmp_path / "new") == ["arxiv:cs.CV", "hf-daily", "biorxiv:neuroscience"]


def test_all_else_of_the_file_stays(tmp_path: Path) -> None:
    """Byte order mark, comments, line ends and other keys are as they were."""
    path = tmp_path / "digest.toml"
    before = (
        '\ufeff# ours\r\nsources = [\r\n  "hf-daily", # votes\r\n  # more to come\r\n]\r\nwindow_days = 3 # few\r\n'
    )
    path.write_bytes(before.encode())
    add(tmp_path, ["arxiv:cs.CV"])
    after = before.replace("# votes\r\n", '# votes\r\n  "arxiv:cs.CV",\r\n')
    assert path.read_bytes().decode() == after
    assert remove(tmp_path, ["arXiv:cs.CV", "arxiv:cs.LG"]) == ["arxiv:cs.CV"]
    assert path.read_bytes().decode() == before
    assert remove(tmp_path, ["hf-daily"]) == ["hf-daily"]
    assert listed(tmp_path) == []
    assert b"# more to come\r\n" in path.read_bytes()


def test_several_are_removed_at_once(tmp_path: Path) -> None:
    """Wherever they stand."""
    names = ["arxiv:cs.CV", "hf-daily", "arxiv:cs.LG", "biorxiv"]
    add(tmp_path, names)
    assert remove(tmp_path, ["biorxiv", "arxiv:cs.CV", "hf-daily"]) == ["arxiv:cs.CV", "hf-daily", "biorxiv"]
    assert listed(tmp_path) == ["arxiv:cs.LG"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """Who keeps settings elsewhere and links to them has them edited there."""
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "ours.toml").write_text("window_days = 3\n", encoding="utf-8")
    (tmp_path / "digest.toml").symlink_to(tmp_path / "kept" / "ours.toml")
    add(tmp_path, ["hf-daily"])
    assert (tmp_path / "digest.toml").is_symlink()
    assert "hf-daily" in (tmp_path / "kept" / "ours.toml").read_text(encoding="utf-8")


def test_a_file_with_faults_is_not_touched(tmp_path: Path) -> None:
    """First the faults are mended, then it is edited."""
    path = tmp_path / "digest.toml"
    path.write_text("window_days = 0\n", encoding="utf-8")
    for edit in (add, remove):
        with pytest.raises(SettingsError, match=r"digest\.toml:1: window_days"):
            edit(tmp_path, ["hf-daily"])
    assert path.read_text(encoding="utf-8") == "window_days = 0\n"


def test_nothing_is_written_for_a_wrong_name(tmp_path: Path) -> None:
    """One name that stands for nothing, and none is added."""
    with pytest.raises(ValueError, match="no archive 'sc'"):
        add(tmp_path, ["hf-daily", "arxiv:sc.CV"])
    assert list(tmp_path.iterdir()) == []


def test_words_mean_names_paths_or_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name is a name even beside a folder called so; a path is made whole; a list of feeds means its feeds."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hf-daily").mkdir()
    (tmp_path / "dumps").mkdir()
    (tmp_path / "one.jsonl").write_text("{}", encoding="utf-8")
    (tmp_path / "feeds.opml").write_text(OPML, encoding="utf-16")
    assert named("hf-daily", DAY) == (["hf-daily"], [])
    assert named("dumps", DAY) == ([str(tmp_path / "dumps")], [])
    assert named("one.jsonl", DAY) == ([str(tmp_path / "one.jsonl")], [])
    assert named("~/dumps", DAY) == (["~/dumps"], [])
    names, rejections = named("feeds.opml", DAY)
    assert names == ["https://example.org/rivers.xml", "https://example.org/sand.xml"]
    assert len(rejections) == 1
    assert named(str(tmp_path / "feeds.opml"), DAY)[0] == names
    with pytest.raises(ValueError, match="expected a source"):
        named("missing", DAY)


def test_a_list_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name with a null byte is no source; what cannot be opened says why."""
    with pytest.raises(ValueError, match="expected a source"):
        named("a\x00b", DAY)
    path = tmp_path / "feeds.opml"
    path.write_text(OPML, encoding="utf-8")

    def refused(*_args: object, **_named: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", refused)
    with pytest.raises(SourceError, match="permission denied"):
        named(str(path), DAY)


def test_the_feeds_of_real_lists_are_sources(samples: Path, tmp_path: Path) -> None:
    """All feeds of the samples can be listed, and come out as they went in."""
    for path in sorted((samples / "opml").iterdir()):
        names, _ = named(str(path), DAY)
        assert names
        add(tmp_path, names)
        assert set(names) <= set(listed(tmp_path))
