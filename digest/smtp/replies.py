"""Replies of a mail server, from the bytes it sends (RFC 5321 section 4.2; enhanced codes: RFC 2034, RFC 3463)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from digest.transport import reply_line

LONGEST_REPLY = 16_384
"""Octets of one reply; a line may have 512 of them (RFC 5321 section 4.5.3.1.5), but servers are not that exact."""

MOST_LINES = 200

_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])([^\n]*))?\n")
_STATUS = re.compile(r"([245]\.[0-9]{1,3}\.[0-9]{1,3})(?: |$)")

SHUTTING_DOWN = 421
"""Closes the connection whenever it comes (RFC 5321 section 3.8)."""


class ReplyFault(ValueError):  # noqa: N818  (what is wrong with a reply, in the words of the other modules)
    """What came is no reply."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A code from 200 to 599, and the text of each line."""

    code: int
    lines: tuple[str, ...]

    @property
    def severity(self) -> int:
        """The code's first digit: 2 done, 3 go on, 4 not now, 5 never."""
        return self.code // 100

    @property
    def status(self) -> str:
        """The enhanced status code, like `5.1.1`; empty without one."""
        found = _STATUS.match(self.lines[0])
        return found[1] if found else ""

    def line(self, private: tuple[str, ...] = ()) -> str:
        """All of it in one line fit for a log: code, status, and text without addresses or `private` words."""
        status = self.status
        text = " ".join(each.removeprefix(status).strip() for each in self.lines)
        return " ".join(filter(None, (str(self.code), status, reply_line(text, private))))


def parse(received: bytes | bytearray) -> tuple[Reply, int] | None:
    """The first reply in what was received, and how many octets it takes; None if its end is still to come.

    Whether octets come in one piece or in several makes no difference. Lines may end without a carriage return.

    Raises:
        ReplyFault: it is no reply, or longer than any.
    """
    lines: list[str] = []
    code = b""
    start = 0
    while line := _LINE.match(received, start):
        code = code or line[1]
        start = line.end()
        if line[1] != code or len(lines) == MOST_LINES or start > LONGEST_REPLY:
            break
        lines.append((line[3] or b"").rstrip(b"\r").decode("utf-8", "replace"))
        if line[2] != b"-":
            return Reply(int(code), tuple(lines)), start
    else:
        if received.find(b"\n", start) < 0 and len(received) <= LONGEST_REPLY:
            return None
    raise ReplyFault("it sent what is no reply")
