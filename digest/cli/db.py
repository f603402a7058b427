"""The database itself: bring it up to date, look whether it is whole, move it to another place."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from digest import settings as settings_of
from digest.cli.context import Json, clock, counted, print_json, settings
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
