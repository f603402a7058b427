"""Five days of papers that come with the program, so that it can be tried without a network; see README.md beside."""

from __future__ import annotations

from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / "papers"
"""One file a day, `2025-05-05.jsonl` to `2025-05-09.jsonl`, in the interchange form (JSON lines)."""

_BESIDE = Path(__file__).parent / "profiles"

PROFILES: Final = _BESIDE if _BESIDE.is_dir() else Path(__file__).parent.parent.parent / "profiles"
"""The example profiles: inside the package when installed, at the top of a checkout."""

DIGESTS: Final = PROFILES / "digests"
"""The digests that are offered to everybody where an operator offers none."""
