"""Digests that are offered to everybody: those of the folder, or the ones that come along."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from digest.offers import offered
from digest.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def here(tmp_path: Path) -> Settings:
    """A new installation."""
    return Settings(home=tmp_path)


def offer(here: Settings, name: str, text: str) -> None:
    """Put a digest into the folder."""
    here.digests.mkdir(exist_ok=True)
    (here.digests / name).write_text(text, encoding="utf-8")


def test_trending_comes_along(here: Settings) -> None:
    """Without a folder there is the digest of what has most votes."""
    offers, faults = offered(here)
    assert list(offers) == ["trending"]
    assert (offers["trending"].trending, faults) == (1.0, ())


def test_a_folder_takes_its_place(here: Settings) -> None:
    """Then the operator's are offered, under their files' names; an empty folder offers nothing."""
    here.digests.mkdir()
    assert offered(here) == ({}, ())
    offer(here, "owls.yaml", "name: Owls\ntopics: [owls]\n")
    offers, _ = offered(here)
    assert {slug: each.name for slug, each in offers.items()} == {"owls": "Owls"}


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("owls.yaml", "topics: 7\n", "topics: "),
        ("owls.yaml", "topics: [owls]\nemail: ada@example.org\n", "a digest for everybody has no address"),
        ("own.yaml", "topics: [owls]\n", "a digest cannot be called 'own'"),
        ("file.yml", "topics: [owls]\n", "a digest cannot be called 'file'"),
    ],
)
def test_one_with_a_fault_spoils_no_other(here: Settings, name: str, text: str, why: str) -> None:
    """It is named with its file, without an address, and the others are offered."""
    offer(here, "tides.yaml", "topics: [tides]\n")
    offer(here, name, text)
    offers, (fault,) = offered(here)
    assert list(offers) == ["tides"]
    assert name in str(fault)
    assert why in str(fault)
    assert "@" not in str(fault)
