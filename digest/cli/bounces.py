"""Mails that came back: reading them, and the addresses that nothing is sent to because of them."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from digest.bounce_reading import ReadReport
from digest.cli.context import (
    Json,
    clock,
    counted,
    instant,
    load_profiles,
    print_json,
    profile_path,
    reader_profiles,
    settings,
)
from digest.clock import Clock
from digest.errors import DigestError
from digest.settings import Settings
from digest.store import Store

TRY_LATER = 75
"""EX_TEMPFAIL of sysexits.h: a mail server that pipes a mail to us keeps it and tries again."""

SPOKEN = {
    "hard": "hard bounce",
    "soft": "soft bounce",
    "complaint": "complaint",
    "unsubscribe": "wish to unsubscribe",
}

app = typer.Typer(
    no_args_is_help=True,
    help="Read mails that came back, and see or undo what came of them.\n\nExample: digest bounces read",
)

Whom = Annotated[
    list[str], typer.Argument(metavar="ADDRESS|NAME...", help="Addresses, or readers and subscriptions by name.")
]


@app.command("read")
def read_mails(
    place: Annotated[
        str | None,
        typer.Argument(
            metavar="PATH|-", help="A Maildir, a file of one mail or many, or - for stdin; else what [bounces] names."
        ),
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Read returned mails, complaints and wishes to unsubscribe; count each once, and suppress addresses.

    From stdin it serves a mail server as a pipe: what cannot be counted now ends with exit code 75, so that the server
    keeps the mail.

    Example: digest bounces read
    """
    from digest import bounce_reading, inboxes
    from digest.mail_files import StreamInbox

    is_pipe = place == "-"
    try:
        options = settings()
        if place is None:
            inbox = inboxes.configured(options, os.environ)
        else:
            inbox = StreamInbox(sys.stdin.buffer, "stdin") if is_pipe else inboxes.at(Path(place))
        with Store(options.database) as store:
            report = bounce_reading.read(store, options, inbox, Clock(now=instant))
    except (DigestError, OSError) as error:
        if not is_pipe:
            raise
        _try_later(str(error))
    if as_json:
        print_json(asdict(report))
    else:
        _tell(report)
    if report.failed:
        raise typer.Exit(TRY_LATER if is_pipe else 1)


@app.command("list")
def list_suppressed(*, as_json: Json = False) -> None:
    """List the addresses that nothing is sent to, and why.

    Example: digest bounces list
    """
    from digest.store import bounces, subscribers

    options = settings()
    good, _ = load_profiles(reader_profiles(options)[0])
    readers: dict[str, list[str]] = {}
    for _, reader in good:
        readers.setdefault(bounces.key(reader.email or ""), []).append(reader.slug)
    with Store(options.database) as store, store.reading() as connection:
        found = bounces.listing(connection)
        for slug, address in subscribers.readers(connection, [each.address for each in found]).items():
            readers.setdefault(bounces.key(address), []).append(slug)
        recent = bounces.counted(connection, clock() - timedelta(days=bounces.SOFT_DAYS))
    if as_json:
        suppressed = [{**asdict(each), "profiles": readers.get(each.address, [])} for each in found]
        print_json({"suppressed": suppressed, "reports": [asdict(each) for each in recent]})
        return
    for each in found:
        names = ", ".join(readers.get(each.address, ()))
        told = f"{each.since.astimezone():%Y-%m-%d}  {each.reason}" + (f": {each.detail}" if each.detail else "")
        typer.echo(f"{each.address:<32} {names or '(no profile)':<16} {told}")
    reports = counted(len(recent), "report")
    typer.echo(f"in all: {counted(len(found), 'suppression')}; {reports} in {bounces.SOFT_DAYS} days")


@app.command()
def undo(whom: Whom) -> None:
    """Send to addresses again, and let no report so far count any more.

    Papers of issues that came back are in the reader's next issue, if it has room.

    Example: digest bounces undo ada
    """
    from digest.store import bounces

    options = settings()
    addresses = _addresses(options, whom)
    with Store(options.database) as store, store.writing() as connection:
        gone = [bounces.undo(connection, each) for each in addresses]
    _tell_each(whom, gone, "is sent to again", "nothing was held against it")
    if not all(gone):
        raise typer.Exit(1)


@app.command()
def suppress(whom: Whom) -> None:
    """Send nothing to addresses from now on, until digest bounces undo.

    Example: digest bounces suppress ada
    """
    from digest.store import bounces

    options = settings()
    addresses = _addresses(options, whom)
    with Store(options.database) as store, store.writing() as connection:
        new = [bounces.suppress(connection, each, bounces.Reason.OPERATOR, now=clock()) for each in addresses]
    _tell_each(whom, new, "is sent nothing from now on", "was sent nothing already")


def _addresses(options: Settings, whom: list[str]) -> list[str]:
    """What is meant by addresses and readers' names.

    Raises:
        typer.BadParameter: a reader is not known, or has no address.
    """
    from digest.store import subscribers

    with Store(options.database) as store, store.reading() as connection:
        subscribed = subscribers.addresses(connection, whom)
    found = []
    for each in whom:
        if "@" in each:
            found.append(each)
            continue
        if address := subscribed.get(each):
            found.append(address)
            continue
        good, bad = load_profiles((profile_path(each, options),))
        for _, error in bad:
            raise error
        if not good[0][1].email:
            raise typer.BadParameter(f"{each} has no address")
        found.append(good[0][1].email)
    return found


def _tell_each(whom: list[str], done: list[bool], yes: str, no: str) -> None:
    """An address that a user wrote is not repeated: what is printed may go to a log."""
    for number, (each, was_done) in enumerate(zip(whom, done, strict=True), start=1):
        name = f"address {number}" if "@" in each else each
        typer.echo(f"{name}: {yes if was_done else no}", err=not was_done)


def _tell(report: ReadReport) -> None:
    parts = [_number(number, SPOKEN[kind]) for kind, number in sorted(report.counted.items())]
    odd = {"counted before": report.known, "of no mail of ours": report.strangers, **report.others}
    parts += [f"{what}: {number:,}" for what, number in odd.items() if number]
    typer.echo(f"{counted(report.read, 'mail')} read" + (f": {'; '.join(parts)}" if parts else ""))
    for each in report.suppressed:
        typer.echo(f"suppressed: {each['profile']}: {each['reason']}")
    for each in report.failed:
        typer.echo(f"failed: {each['where']}: {each['why']}", err=True)


def _number(number: int, what: str) -> str:
    return counted(number, what).replace("wish to unsubscribes", "wishes to unsubscribe")


def _try_later(why: str) -> NoReturn:
    typer.echo(f"digest: {why}", err=True)
    raise typer.Exit(TRY_LATER)
