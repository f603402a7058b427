"""Handing over to the `sendmail` command, which every Unix mail server brings (Postfix, Exim, msmtp and others)."""

from __future__ import annotations

import errno
import subprocess
import tempfile
from typing import TYPE_CHECKING

from digest.errors import RelayError
from digest.transport import Outcome, Receipt, reply_line

if TYPE_CHECKING:
    from digest.transport import Parcel

_NO_USER, _NO_HOST = 67, 68
"""Of sysexits.h, what says that the recipient does not exist; whatever else is not 0 may be mended."""

_MEANINGS = {
    64: "usage",
    65: "bad input",
    _NO_USER: "no such user",
    _NO_HOST: "no such host",
    69: "unavailable",
    70: "internal error",
    71: "system error",
    72: "a file is missing",
    73: "cannot write",
    74: "input or output failed",
    75: "temporary failure",
    76: "protocol error",
    77: "not permitted",
    78: "configuration error",
}
_PASSING = frozenset({errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ETXTBSY})
_SAID = 4000  # bytes


class Sendmail:
    """Runs the command once a mail, without a shell: `command -i -f SENDER -- RECIPIENT`, the mail as its input.

    `timeout` is in seconds; a command that takes longer is ended, and its mail UNCERTAIN.
    """

    def __init__(self, command: str, timeout: float) -> None:
        self._command = command
        self._timeout = timeout

    def send(self, parcel: Parcel) -> Receipt:
        """Run the command; see `Transport.send`."""
        # Neither may begin with a hyphen that would be an option's, and -f wants a word for the null path.
        words = [self._command, "-i", "-f", parcel.sender or "<>", "--", parcel.recipient]
        # Into a file, since a process that the command leaves behind would keep a pipe open.
        with tempfile.TemporaryFile() as errors:
            try:
                done = subprocess.run(  # noqa: S603  (the operator names the command; no shell takes part)
                    words,
                    input=parcel.content.replace(b"\r\n", b"\n"),  # as local programs write lines
                    stdout=subprocess.DEVNULL,
                    stderr=errors,
                    timeout=self._timeout,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                return Receipt(outcome=Outcome.UNCERTAIN, reply=f"sendmail took longer than {self._timeout:g} s")
            except OSError as error:
                why = error.strerror or "unknown reason"
                raise RelayError(
                    f"cannot run: {self._command!r}: {why}", is_transient=error.errno in _PASSING
                ) from error
            errors.seek(0)
            said = errors.read(_SAID).decode("utf-8", "replace")
        code = done.returncode
        meaning = _MEANINGS.get(code, "ended by a signal" if code < 0 else "")
        told = f"sendmail: exit {code}" + (f" ({meaning})" if meaning else "") + (f": {said}" if said.strip() else "")
        return Receipt(outcome=_outcome(code), reply=reply_line(told, parcel.private))

    def close(self) -> None:
        """Nothing is kept open."""


def _outcome(code: int) -> Outcome:
    if code == 0:
        return Outcome.ACCEPTED
    if code < 0:  # it may have had the time to queue the mail
        return Outcome.UNCERTAIN
    return Outcome.REJECTED if code in (_NO_USER, _NO_HOST) else Outcome.DEFERRED
