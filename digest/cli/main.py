"""The program's entry: its commands, and what becomes of an error."""

from __future__ import annotations

import io
import sys
from importlib.metadata import version
from typing import Annotated

import typer

from digest import collector
from digest.cli import bounces, db, issues, outbox, papers, profiles, sources, subscribers, templates
from digest.cli.doctor import doctor
from digest.cli.evaluate import evaluate
from digest.cli.export import export
from digest.cli.judge import judge
from digest.cli.replay import replay
from digest.cli.run import run
from digest.cli.runs import list_alarms, list_runs, metrics
from digest.cli.send_test import send_test
from digest.cli.serve import serve
from digest.errors import DigestError

FAILED = 1

app = typer.Typer(
    name="digest",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="New papers, scored against what you care about, as a calm daily digest.\n\n"
    "Example: digest ingest dumps/ && digest run\n\n"
    "Exit codes: 0 done, 1 something failed or was rejected, 2 wrong use. DIGEST_HOME names the folder that holds "
    "database, outbox, profiles and settings.",
)
app.command("ingest")(papers.ingest)
app.command("fetch")(sources.fetch)
app.command("papers")(papers.list_papers)
app.command("rank")(issues.rank)
app.command("preview")(issues.preview)
app.command("export")(export)
app.command("explain")(issues.explain)
app.command("run")(run)
app.command("replay")(replay)
app.command("runs")(list_runs)
app.command("metrics")(metrics)
app.command("alarms")(list_alarms)
app.command("serve")(serve)
app.command("judge")(judge)
app.command("evaluate")(evaluate)
app.command("doctor")(doctor)
app.command("send-test")(send_test)
app.add_typer(profiles.app, name="profiles")
app.add_typer(sources.app, name="sources")
app.add_typer(outbox.app, name="outbox")
app.add_typer(bounces.app, name="bounces")
app.add_typer(subscribers.app, name="subscribers")
app.add_typer(templates.app, name="templates")
app.add_typer(db.app, name="db")


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
    collector.not_at_exit()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A letter that the terminal cannot show is no reason to stop.
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except (DigestError, OSError) as error:
        # An OSError that nobody named is the system's: a full disk, a file that may not be read.
        typer.echo(f"digest: {error}", err=True)
        sys.exit(FAILED)
