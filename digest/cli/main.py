"""The program's entry: its commands, and what becomes of an error."""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from digest.cli import issues, papers, profiles
from digest.cli.run import run
from digest.errors import DigestError

FAILED = 1

app = typer.Typer(
    name="digest",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="New papers, scored against what you care about, as a calm daily digest.\n\n"
    "Example: [bold]digest ingest dumps/ && digest run[/bold]\n\n"
    "Exit codes: 0 done, 1 something failed or was rejected, 2 wrong use. DIGEST_HOME names the folder that holds "
    "database, outbox, profiles and settings.",
)
app.command("ingest")(papers.ingest)
app.command("papers")(papers.list_papers)
app.command("rank")(issues.rank)
app.command("preview")(issues.preview)
app.command("run")(run)
app.add_typer(profiles.app, name="profiles")


def _print_version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"paper-digest {version('paper-digest')}")
        raise typer.Exit


@app.callback()
def root(
    *,
    show_version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Take the options that stand before a command."""


def main() -> None:
    """Run the command line; a fault that a person can mend is one line on stderr and exit code 1."""
    try:
        app()
    except DigestError as error:
        typer.echo(f"digest: {error}", err=True)
        sys.exit(FAILED)
    except BrokenPipeError:
        # Whoever read our output has seen enough; Python must not complain when it flushes at exit.
        sys.stdout = None
        sys.exit(FAILED)
