"""Which senders are alive: each holds a lock on a file of its own, which the system lets go when the process dies.

So what a killed sender had in hand is taken over at once by the next one on the same machine; one on another machine,
or on a system without such locks, waits until the lease has run out.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
from typing import TYPE_CHECKING, Self

from digest.errors import DeliveryError

if sys.platform != "win32":  # there leases alone tell who is alive
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path
    from types import TracebackType


class Holder:
    """This sender, alive until it is closed or its process ends; `name` is what its claims bear.

    Raises:
        DeliveryError: the folder cannot be written to.
    """

    def __init__(self, folder: Path) -> None:
        self.name = f"{os.getpid()}-{secrets.token_hex(6)}"
        self._folder = folder
        self._path = folder / self.name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("w")
        except OSError as error:
            raise DeliveryError(f"cannot write: {str(folder)!r}: {error.strerror}") from error
        if sys.platform != "win32":
            fcntl.flock(self._file, fcntl.LOCK_EX)

    def dead(self, names: Collection[str]) -> set[str]:
        """Those of these senders that are known to be dead; files of others that are dead are cleared away."""
        gone = set()
        for path in self._folder.iterdir():
            if path.name == self.name or not _is_free(path):
                continue
            if path.name in names:
                gone.add(path.name)
            else:
                path.unlink(missing_ok=True)
        return gone

    def close(self) -> None:
        """Be no more; what is still claimed in this name can be taken over."""
        self._path.unlink(missing_ok=True)
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _is_free(path: Path) -> bool:
    if sys.platform == "win32":
        return False
    with contextlib.suppress(OSError), path.open() as file:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return True
    return False
