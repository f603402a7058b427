"""Time as a value that is handed over: the instant it is, and waiting."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """`now` gives the instant it is, aware; `sleep` waits for some seconds."""

    now: Callable[[], datetime]
    sleep: Callable[[float], None] = time.sleep
