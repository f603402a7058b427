"""The database itself: bring it up to date, look whether it is whole, move it to another place."""

from __future__ import annotations

import os
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import typer

from digest import settings as settings_of
from digest.cli.context import Json, clock, counted, day_option, print_json, settings, today
from digest.cli.terminal import Watcher
from digest.databases import VARIABLE, Place, Server, server
from digest.errors import SettingsError, StoreError
from digest.store import LATEST, Store

app = typer.Typer(
    no_args_is_help=True,
    help="Bring the database up to date, look whether it is whole, or move it.\n\nExample: digest db check",
)

_PLACE = f"A SQLite file, a postgresql:// URL without a password, or {VARIABLE} for what that variable names."


@app.command()
def upgrade() -> None:
    """Bring the database's schema up to this program's, as every command does first, and say from which.

    Example: digest db upgrade
    """
    place = settings().database
    with Store(place) as store:
        before = store.found
    if before == LATEST:
        typer.echo(f"{place}: schema {LATEST}, nothing to do")
    else:
        typer.echo(f"{place}: schema {before or 'none'} -> {LATEST}")


@app.command()
def check(*, as_json: Json = False) -> None:
    """Read the whole database, say whether it is whole, and count its rows; nothing is changed.

    Exit code 1 where something is wrong.

    Example: digest db check
    """
    from digest.store import integrity

    place = _existing(settings().database)
    with Store(place, upgrade=False) as store:
        health = integrity.examine(store)
    if as_json:
        print_json({"database": str(place), "latest": LATEST, **asdict(health)})
    else:
        is_old = "" if health.schema == LATEST else f", this program's is {LATEST}: digest db upgrade"
        typer.echo(f"{place}: schema {health.schema or 'none'}{is_old}")
        for name, rows in health.rows.items():
            typer.echo(f"{name:<18} {rows:>12,}")
        for line in health.faults:
            typer.echo(f"fault: {line}", err=True)
        typer.echo("not whole" if health.faults else "whole")
    if health.faults:
        raise typer.Exit(1)


@app.command()
def copy(
    source: Annotated[str, typer.Argument(metavar="FROM", help=_PLACE)],
    target: Annotated[str, typer.Argument(metavar="TO", help="The same; a database without rows.")],
    *,
    as_json: Json = False,
) -> None:
    """Copy all that is kept to an empty database, and compare both; end all runs before, and then use the new one.

    Example: digest db copy ~/digest/digest.sqlite3 DIGEST_DATABASE_URL
    """
    from digest.store import copying

    with (
        Store(_existing(_place(source, "FROM"))) as there,
        Store(_place(target, "TO")) as here,
        Watcher() as watcher,
    ):
        copied = copying.copy(there, here, now=clock(), progress=watcher)
        names = {"from": str(there.place), "to": str(here.place)}
    if as_json:
        print_json({**names, "tables": [asdict(each) for each in copied]})
        return
    for each in copied:
        typer.echo(f"{each.table:<18} {each.rows:>12,}  {each.checksum[:16]}")
    rows = sum(each.rows for each in copied)
    typer.echo(f"{counted(rows, 'row')}, the same in both: {names['from']} -> {names['to']}")


@app.command()
def backup(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where backups are kept.")],
    *,
    keep: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Delete all but the newest N; none if not given.")
    ] = None,
) -> None:
    """Copy the database as of one instant, the secret, settings, profiles and templates; runs may go on meanwhile.

    Mails and pages are not copied, nor what can be made again.

    Example: digest db backup /var/backups/digest --keep 14
    """
    from digest import backup as backups

    made = backups.take(settings(), folder, now=clock())
    typer.echo(str(made))
    for gone in backups.prune(folder, keep) if keep else ():
        typer.echo(f"deleted: {gone}", err=True)


@app.command()
def restore(
    found: Annotated[
        Path | None, typer.Argument(metavar="[BACKUP]", help="A backup; none if the database is back already.")
    ] = None,
    *,
    since: Annotated[
        date | None, day_option("--since", "Papers of before this day are no news any more; tomorrow if not given.")
    ] = None,
) -> None:
    """Come back from a backup, and let nobody be mailed twice what was sent after it was made.

    What waited to be sent in it is not sent: digest outbox retry --state uncertain sends it after all. Issues go on
    with papers of --since. Without a BACKUP the database is one that came back by other means, as by pg_restore.

    Example: digest db restore backups/digest-20250509T031500Z
    """
    from digest import backup as backups

    if found is not None:
        backups.put_back(found, settings_of.home(os.environ))
    options = settings()
    begin = since or today() + timedelta(days=1)
    with Store(_existing(options.database)) as store:
        done = backups.settle(store, options, now=clock(), since=begin)
    typer.echo(f"{counted(done.mails, 'mail')} and {counted(done.letters, 'letter')} that waited are not sent")
    typer.echo(f"{counted(done.subscriptions, 'reader')} go on with papers of {begin}")


def _place(text: str, name: str) -> Place:
    """The database that a word of the command line names.

    Raises:
        SettingsError: the word is a URL of no database, or has a password in it; or nothing is in the environment.
    """
    folder = settings_of.home(os.environ)
    if text == VARIABLE:
        if not os.environ.get(VARIABLE):
            raise SettingsError(f"{VARIABLE}: not in the environment")
        return server(os.environ[VARIABLE], folder)
    if "://" not in text:
        return Path(text)
    place = server(text, folder)
    if place.has_password:
        raise SettingsError(
            f"{name}: a command line is no place for a password, others may read it: "
            f"put the URL into the environment as {VARIABLE}, and write that name here"
        )
    return place


def _existing(place: Place) -> Place:
    """A database that is there, as opening a file makes one.

    Raises:
        StoreError: there is no such file.
    """
    if not isinstance(place, Server) and not place.exists():
        raise StoreError(f"no database: {str(place)!r}: not there")
    return place
