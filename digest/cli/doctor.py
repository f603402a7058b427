"""What has to be right before the first real mail."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Annotated

import typer

from digest.cli.context import Json, clock, counted, print_json
from digest.settings import home

_WORDS = {"fault": "FAULT"}


def doctor(
    *,
    offline: Annotated[bool, typer.Option("--offline", help="Ask neither the mail server nor the DNS.")] = False,
    nameserver: Annotated[
        str, typer.Option(metavar="ADDRESS[:PORT]", help="The DNS server to ask, in place of the system's.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Check all that has to be right before the first real mail, and say what to mend.

    Settings, folders, clock, database, profiles and templates; the mail server, TLS and login; a sample mail; and what
    the DNS says of the sender (MX, SPF, DKIM, DMARC, PTR). Nothing is sent. Exit code 1 if there is a fault.

    Example: digest doctor --nameserver 9.9.9.9
    """
    from digest import doctor as checks
    from digest.doctor.findings import Verdict
    from digest.doctor.names import names

    asked = None if offline else names(nameserver)
    found = []
    for each in checks.examine(
        home(os.environ),
        os.environ,
        clock(),
        asked,
        own=checks.own_address,
        say=lambda line: typer.echo(line, err=True),
    ):
        found.append(each)
        if not as_json:
            word = _WORDS.get(each.verdict, each.verdict)
            typer.echo(f"{word:<6} {each.check}: {each.what}" + (f": {each.mend}" if each.mend else ""))
    if as_json:
        print_json([asdict(each) for each in found])
    faults, warnings = (sum(each.verdict is kind for each in found) for kind in (Verdict.FAULT, Verdict.WARNING))
    if not as_json:
        typer.echo(f"{counted(faults, 'fault')}, {counted(warnings, 'warning')}", err=True)
    if faults:
        raise typer.Exit(1)
