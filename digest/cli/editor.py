"""A text in the user's own editor ($VISUAL, $EDITOR), as a file for as long as it is edited."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path

import typer

USUAL = "vi"
"""What POSIX systems have."""


def edited(text: str) -> tuple[str, Path]:
    """The text as it was left when the editor was closed, and its file, which is the caller's to delete.

    Raises:
        typer.BadParameter: there is no such editor, it ended with a fault, or what was saved is not UTF-8.
    """
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR") or USUAL
    descriptor, name = tempfile.mkstemp(prefix="interests-", suffix=".yaml")
    path = Path(name)
    with os.fdopen(descriptor, "wb") as file:
        file.write(text.encode())
    try:
        subprocess.run([*shlex.split(command), name], check=True)  # noqa: S603  (the user's own editor)
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        path.unlink()
        why = (
            f"exit code {error.returncode}" if isinstance(error, subprocess.CalledProcessError) else "cannot be started"
        )
        raise typer.BadParameter(f"$EDITOR: {command!r}: {why}; or name a file with --file") from None
    try:
        return path.read_bytes().decode(), path
    except UnicodeDecodeError:
        raise typer.BadParameter(
            f"{path}: not UTF-8: save the file in that encoding, and name it with --file"
        ) from None
