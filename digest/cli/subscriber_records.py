"""What is kept of subscribers: bringing a list in, giving all of it out, and deleting it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli import whom
from digest.cli.context import Json, clock, counted, print_json, settings
from digest.cli.subscriber_profiles import text_of
from digest.errors import ProfileError, SubscriptionError
from digest.store import Store, bounces, subscribers, subscriptions
from digest.subscription import OWN

if TYPE_CHECKING:
    from digest.roster import Entry
    from digest.settings import Settings


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A table with a row of headings (CSV), in UTF-8.")],
    *,
    digest: Annotated[str, typer.Option(metavar="NAME", help="The digest of rows that name none.")] = "trending",
    confirmed: Annotated[
        bool, typer.Option("--confirmed", help="You have the consent of all of them; else a letter asks each.")
    ] = False,
    source: Annotated[str, typer.Option(metavar="TEXT", help="Where the consent is from; kept with each.")] = "",
    as_json: Json = False,
) -> None:
    """Subscribe the people of a list; whoever has the subscription, or had it, is left alone.

    Columns are email and, where wanted, digest or interests (a YAML file), frequency, at, zone, patience, on_return,
    empty_day, format, language. Rows with faults are named and passed over; then the exit code is 1.

    Example: digest subscribers import readers.csv --confirmed --source "staff list of May 2025"
    """
    from digest import roster

    if confirmed and not source.strip():
        raise typer.BadParameter("--confirmed needs --source: where does the consent come from?")
    options = settings()
    table = roster.read(text_of(file), str(file), whom.usual(options), digest=digest)
    faults = list(table.faults)
    outcomes = {"added": 0, "asked": 0, "known": 0}
    with Store(options.database) as store:
        for each in table.entries:
            try:
                outcome = _bring_in(store, options, each, file.parent, source.strip(), is_confirmed=confirmed)
            except (SubscriptionError, ProfileError) as error:
                faults += [f"{each.where}: {line}" for line in str(error).splitlines()]
                continue
            outcomes[outcome] += 1
        if outcomes["asked"] and options.site_url:
            whom.send_letters(store, options)
    for fault in faults:
        typer.echo(fault, err=True)
    if as_json:
        print_json({**outcomes, "faults": faults})
    else:
        told = [f"{number:,} {what}" for what, number in outcomes.items()]
        typer.echo(f"{', '.join(told)}, {counted(len(faults), 'fault')}")
    if outcomes["asked"] and not options.site_url:
        typer.echo("no letters, as there is no site_url for them to lead to: digest subscribers confirm", err=True)
    if faults:
        raise typer.Exit(1)


def export(
    name: Annotated[str | None, typer.Argument(metavar="[SLUG|EMAIL]", help=whom.WHOM)] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Of every subscriber, as a list.")] = False,
) -> None:
    """Print all that is held about a reader, as JSON.

    Example: digest subscribers export ada@example.org > ada.json
    """
    from digest.store import holdings

    if everything == bool(name):
        raise typer.BadParameter("name a subscription or an address, or say --all")
    options = settings()
    with Store(options.database) as store:
        owner = whom.subscriber(store, options, name) if name else None
        slug = whom.subscription(store, options, name).slug if name and owner is None else None
        with store.reading() as connection:
            held: Any
            if slug:
                held = {"subscriptions": [holdings.of_reader(connection, slug)]}
            elif owner:
                held = holdings.of_subscriber(connection, owner.id)
            else:
                held = [holdings.of_subscriber(connection, each.id) for each in subscribers.every(connection)]
    print_json(held)


def forget(
    name: Annotated[str, typer.Argument(metavar="SLUG|EMAIL", help=whom.WHOM)],
    *,
    is_sure: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Delete all that is held about whoever has an address or a subscription: all of them, rows and files, for good.

    Only that somebody wished for no more mails is kept, so that the wish holds.

    Example: digest subscribers forget ada@example.org --yes
    """
    from digest import forgetting

    options = settings()
    with Store(options.database) as store:
        owner = whom.subscriber(store, options, name)
        if owner:
            with store.reading() as connection:
                slugs = [each.slug for each in subscriptions.of(connection, owner.id)]
        else:
            slugs = [whom.subscription(store, options, name).slug]
        if not is_sure:
            typer.confirm(f"delete all of {', '.join(slugs) or 'this address'} for good?", abort=True, err=True)
        if owner:
            gone = forgetting.forget(store, options, owner.id)
        else:
            gone = forgetting.forget_reader(store, options, slugs[0])
    if as_json:
        print_json(
            {
                "subscriptions": gone.slugs,
                "files": gone.files,
                "suppressed": gone.suppressed,
                "profiles": list(map(str, gone.profiles)),
            }
        )
        return
    typer.echo(f"{counted(len(gone.slugs), 'subscription')} and {counted(gone.files, 'file')} deleted")
    if gone.suppressed:
        typer.echo(f"kept: that nothing is sent to the address ({gone.suppressed})", err=True)
    for path in gone.profiles:
        typer.echo(f"left to you: {path}", err=True)


def _bring_in(store: Store, options: Settings, each: Entry, folder: Path, source: str, *, is_confirmed: bool) -> str:
    """What became of a row: `added`, `asked` or `known`.

    Raises:
        SubscriptionError: no digest of that name is offered, or the owner of the address wished for no more mails.
        ProfileError: the interests have faults.
    """
    from digest import subscribing

    wish = subscribing.Wish(
        email=each.address.mailable,
        digest=each.digest or OWN,
        interests=text_of(folder / each.interests) if each.interests else "",
        preferences=each.preferences,
        source=source or "list",
    )
    if subscribing.known(store, wish.email, wish.digest):
        return "known"
    if is_confirmed:
        with store.reading() as connection:
            why = bounces.reason(connection, wish.email)
        if why in bounces.WISHES:
            raise SubscriptionError("email", f"its owner wished for no more mails ({why}): digest bounces undo")
        subscribing.enrol(store, options, wish, now=clock())
        return "added"
    asked = subscribing.subscribe(store, options, wish, now=clock())
    if not asked.is_mailed:
        raise SubscriptionError("email", "asked too often in 24 hours: no letter")
    return "asked"
