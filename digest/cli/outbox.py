"""The outbox as an operator sees it: what waits, what failed and why, and what may be done about it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer

from digest.cli.context import Json, clock, counted, instant, load_profiles, print_json, reader_profiles, settings
from digest.cli.terminal import Watcher
from digest.clock import Clock
from digest.outbox import WAITING, DeliveryState
from digest.store import Store
from digest.store.outbox import Delivery

LISTED = 50
"""Deliveries listed where no limit is given; JSON has all."""

app = typer.Typer(
    no_args_is_help=True,
    help="See what waits to be sent and what failed, and do something about it.\n\nExample: digest outbox list",
)

Names = Annotated[
    list[str] | None, typer.Argument(metavar="[NAME]...", help="Deliveries, as `list` names them: 2025-05-09-ada.")
]
States = Annotated[
    list[DeliveryState] | None, typer.Option("--state", help="Those in this state only; may be given again.")
]


@app.command("list")
def list_deliveries(
    *,
    states: States = None,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help=f"At most this many; {LISTED}, or all with --json.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List deliveries that were not sent, and why; with --state, those in that state.

    Example: digest outbox list --state rejected
    """
    from digest.store import outbox

    wanted = states or [state for state in DeliveryState if state is not DeliveryState.SENT]
    with Store(settings().database) as store, store.reading() as connection:
        found = list(outbox.find(connection, states=wanted, limit=limit or (None if as_json else LISTED)))
        counts = outbox.count(connection)
    if as_json:
        print_json({"counts": counts, "deliveries": [_plain(each) for each in found]})
        return
    for each in found:
        typer.echo(f"{each.name:<28} {each.state:<10} {_told(each)}".rstrip())
    told = ", ".join(f"{number:,} {state}" for state, number in counts.items())
    typer.echo(f"in all: {told or 'nothing'}")


@app.command()
def show(name: Annotated[str, typer.Argument(metavar="NAME", help="2025-05-09-ada")], *, as_json: Json = False) -> None:
    """Say all that is known of one delivery.

    Example: digest outbox show 2025-05-09-ada
    """
    with Store(settings().database) as store:
        (found,) = _named(store, [name], None)
    if as_json:
        print_json(_plain(found))
        return
    rows = {
        "issue": f"{found.day} for {found.profile}",
        "state": found.state.value,
        "queued": found.queued and _at(found.queued),
        "last change": _at(found.changed),
        "failed attempts": found.tries and str(found.tries),
        "next attempt": found.due and _at(found.due),
        "why": found.why,
    }
    for label, value in rows.items():
        if value:
            typer.echo(f"{label:<16} {value}")


@app.command()
def retry(names: Names = None, *, states: States = None) -> None:
    """Let deliveries be due now: those named, or all in a state. They go to the address that the profile has by now.

    One that was refused or has expired is sent after all, unless its papers were in a later issue.

    Example: digest outbox retry --state rejected && digest outbox send
    """
    from digest.store import outbox

    options = settings()
    good, _ = load_profiles(reader_profiles(options)[0])
    addresses = {reader.slug: reader.email or "" for _, reader in good}
    with Store(options.database) as store:
        found = _named(store, names, states)
        with store.writing() as connection:
            refused = [
                (each, why)
                for each in found
                if (why := outbox.retry(connection, each, recipient=addresses.get(each.subscriber), now=clock()))
            ]
    _tell(found, refused, "due now: digest outbox send")


@app.command()
def drop(names: Names = None, *, states: States = None) -> None:
    """Take deliveries out that were not sent; the reader's next issue may have their papers.

    Example: digest outbox drop 2025-05-09-ada
    """
    from digest.store import outbox

    with Store(settings().database) as store:
        found = _named(store, names, states)
        with store.writing() as connection:
            refused = [(each, why) for each in found if (why := outbox.drop(connection, each, now=clock()))]
    _tell(found, refused, "dropped")


@app.command()
def send(*, as_json: Json = False) -> None:
    """Send what is due, and compose nothing.

    Example: digest outbox send
    """
    from digest import delivering
    from digest.cli.run import tell_delivered
    from digest.rendering import renderer

    options = settings()
    with Store(options.database) as store, Watcher() as watcher:
        report = delivering.deliver(
            store, options, renderer(options), clock=Clock(now=instant), environment=os.environ, progress=watcher
        )
    if as_json:
        print_json(asdict(report))
    else:
        tell_delivered(report, options)
    if report.failed:
        raise typer.Exit(1)


def _named(store: Store, names: list[str] | None, states: list[DeliveryState] | None) -> list[Delivery]:
    """The deliveries that a user means.

    Raises:
        typer.BadParameter: nothing was said, or a name is not known.
    """
    from digest.store import outbox

    if not names and not states:
        raise typer.BadParameter("name deliveries, or a --state: digest outbox list")
    with store.reading() as connection:
        found = list(outbox.find(connection, names=names or (), states=states or ()))
        if unknown := sorted(set(names or ()) - {each.name for each in outbox.find(connection, names=names or [""])}):
            raise typer.BadParameter(f"no such delivery: {', '.join(unknown)}")
    return found


def _tell(found: list[Delivery], refused: Sequence[tuple[Delivery, str]], done: str) -> None:
    if len(found) > len(refused):
        typer.echo(f"{counted(len(found) - len(refused), 'delivery')} {done}".replace("deliverys", "deliveries"))
    elif not found:
        typer.echo("no such deliveries")
    for each, why in refused:
        typer.echo(f"{each.name}: {why}", err=True)
    if refused:
        raise typer.Exit(1)


def _told(each: Delivery) -> str:
    due = f"next attempt {_at(each.due)}" if each.due and each.tries and each.state in WAITING else ""
    return "; ".join(filter(None, (each.why, due)))


def _at(instant_of: datetime) -> str:
    return f"{instant_of.astimezone():%Y-%m-%d %H:%M}"


def _plain(each: Delivery) -> dict[str, object]:
    return {"name": each.name, **asdict(each)}
