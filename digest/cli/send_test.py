"""One real mail to one address, to see how it arrives."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from digest.cli.context import clock, profile_path, settings, today
from digest.delivery_settings import Way
from digest.transport import Outcome


def send_test(
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Who gets the mail: ada@example.org")],
    *,
    profile: Annotated[
        str | None, typer.Option("--profile", metavar="PROFILE", help="Whose issue; a sample's if not given.")
    ] = None,
) -> None:
    """Send one mail, marked "[test]", the way that issues go, and print what the server answers.

    It holds the reader's issue of today, else the last one, else one of the bundled sample. It is no issue: nothing is
    noted, and nobody's papers are used up.

    Example: digest send-test ada@example.org --profile ada
    """
    from digest import profiles
    from digest.rehearsal import send_test as send

    options = settings()
    reader = profiles.load(profile_path(profile, options)) if profile else None
    receipt = send(options, reader, address, day=today(), now=clock(), environment=os.environ)
    where = f" in {options.outbox}" if options.delivery.transport is Way.FOLDER else ""
    typer.echo(f"{receipt.outcome}: {receipt.reply}{where}", err=receipt.outcome is not Outcome.ACCEPTED)
    if receipt.outcome is not Outcome.ACCEPTED:
        raise typer.Exit(1)
