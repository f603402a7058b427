"""The command line: what scripts and people call. Results go to stdout, everything else to stderr."""

from digest.cli.main import main

__all__ = ["main"]
