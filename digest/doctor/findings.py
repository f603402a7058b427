"""What a check finds: all is well, something should be seen to, or mails will not arrive; and what mends it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warn"
    FAULT = "fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check found, in one line: `check` says what was looked at, `mend` what to do, empty where all is well.

    No reader's address is in it.
    """

    check: str
    verdict: Verdict
    what: str
    mend: str = ""


def ok(check: str, what: str) -> Finding:
    """All is well."""
    return Finding(check=check, verdict=Verdict.OK, what=what)


def warning(check: str, what: str, mend: str) -> Finding:
    """Mails leave, but some may not arrive, or something is about to go wrong."""
    return Finding(check=check, verdict=Verdict.WARNING, what=what, mend=mend)


def fault(check: str, what: str, mend: str) -> Finding:
    """Mails do not leave, or do not arrive."""
    return Finding(check=check, verdict=Verdict.FAULT, what=what, mend=mend)
