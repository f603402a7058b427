"""Subscriptions on the command line: beginning, pausing and ending them, and seeing what there is."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from digest.cli import subscriber_profiles, subscriber_records, whom
from digest.cli.context import Json, clock, day_option, print_json, settings
from digest.errors import SubscriptionError
from digest.preferences import FIELDS, preferences
from digest.schedule import told
from digest.settings import Settings
from digest.store import Store, bounces, subscribers, subscriptions
from digest.subscription import OWN, Standing, Subscription

LISTED = 50
"""Subscriptions listed where no limit is given; JSON has all."""

PERIODS = 10
"""Periods that `show` tells of."""

OPERATOR = "operator"
"""The source of a consent that the operator vouches for."""

app = typer.Typer(
    no_args_is_help=True,
    help="Add, pause and end subscriptions, and see what there is.\n\nExample: digest subscribers list",
)
app.command("edit")(subscriber_profiles.edit)
app.command("history")(subscriber_profiles.history)
app.command("rollback")(subscriber_profiles.rollback)
app.command("import")(subscriber_records.import_)
app.command("export")(subscriber_records.export)
app.command("forget")(subscriber_records.forget)

Whom = Annotated[str, typer.Argument(metavar="SLUG|EMAIL", help=whom.WHOM)]


@app.command()
def add(  # noqa: PLR0913  (options of a command)
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="The address that the issues go to.")],
    *,
    digest: Annotated[str, typer.Option(metavar="NAME", help="A digest that is offered; else --interests.")] = "",
    interests: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A profile in YAML, without an address, for this reader alone.")
    ] = None,
    frequency: subscriber_profiles.Frequency = "",
    at: subscriber_profiles.At = "",
    zone: subscriber_profiles.Zone = "",
    patience: subscriber_profiles.Patience = "",
    on_return: subscriber_profiles.OnReturn = "",
    empty_day: subscriber_profiles.EmptyDay = "",
    form: subscriber_profiles.Form = "",
    language: subscriber_profiles.Language = "",
    confirmed: Annotated[
        bool, typer.Option("--confirmed", help="You vouch that its owner said yes; else a letter asks.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Subscribe an address to a digest, or to interests of its own; its owner is asked first.

    Without --digest and --interests it is the digest trending.

    Example: digest subscribers add ada@example.org --frequency "weekly mon" --at 07:30 --zone Europe/Lisbon
    """
    from digest import subscribing

    if digest and interests:
        raise typer.BadParameter("say --digest or --interests, not both")
    options = settings()
    now = clock()
    words = dict(zip(FIELDS, (frequency, at, zone, patience, on_return, empty_day, form, language), strict=True))
    text = subscriber_profiles.text_of(interests) if interests else ""
    try:
        wish = subscribing.Wish(
            email=email,
            digest=OWN if interests else digest or "trending",
            interests=text,
            preferences=preferences(words, whom.usual(options)),
            source=OPERATOR if confirmed else "command",
        )
        with Store(options.database) as store:
            if confirmed:
                _tell_added(store, options, subscribing.enrol(store, options, wish, now=now), as_json=as_json)
                return
            asked = subscribing.subscribe(store, options, wish, now=now)
            _tell_added(store, options, asked.subscription, as_json=as_json)
            if not asked.is_mailed:
                typer.echo(f"no letter: this address was asked {subscribing.MAILS_A_DAY} times in 24 hours", err=True)
                raise typer.Exit(1)
            if options.site_url:
                whom.send_letters(store, options)
    except SubscriptionError as error:
        raise typer.BadParameter(str(error)) from None


@app.command()
def confirm(name: Whom, *, as_json: Json = False) -> None:
    """Begin a subscription for its owner, who told you so; the record says that you vouch for it.

    Example: digest subscribers confirm s-0a1b2c3d4e5f
    """
    from digest import subscribing

    options = settings()
    with Store(options.database) as store:
        found = whom.subscription(store, options, name)
        begun = subscribing.confirm(store, options, found.slug, now=clock(), vouched=OPERATOR)
        _warn_of_suppression(store, begun)
    _tell(begun, "confirmed", as_json=as_json)


@app.command()
def pause(
    name: Whom,
    *,
    until: Annotated[
        date | None, day_option("--until", "The day on which issues come again; if not given, until resumed.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Send nothing for a while.

    Example: digest subscribers pause ada --until 2099-09-01
    """
    from digest import lifecycle

    options = settings()
    with Store(options.database) as store:
        found = whom.subscription(store, options, name)
        resting = lifecycle.pause(store, found.slug, until=until, now=clock())
    _tell(resting, f"paused until {until}" if until else "paused", as_json=as_json)


@app.command()
def resume(name: Whom, *, as_json: Json = False) -> None:
    """Go on after a pause.

    Example: digest subscribers resume ada
    """
    from digest import lifecycle

    options = settings()
    with Store(options.database) as store:
        found = whom.subscription(store, options, name)
        going = lifecycle.resume(store, options, found.slug, now=clock())
    _tell(going, "active", as_json=as_json)


@app.command()
def unsubscribe(
    name: Whom,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All that its reader has.")] = False,
    as_json: Json = False,
) -> None:
    """Send no more of a subscription; a last mail says so. What waits in the outbox is taken out.

    Example: digest subscribers unsubscribe ada@example.org --all
    """
    from digest import lifecycle

    options = settings()
    with Store(options.database) as store:
        owner = whom.subscriber(store, options, name) if everything else None
        if owner:
            over = lifecycle.end_all(store, owner.id, now=clock())
        else:
            over = (lifecycle.end(store, whom.subscription(store, options, name).slug, now=clock()),)
        whom.send_letters(store, options)
    if as_json:
        print_json([whom.plain(each) for each in over])
        return
    for each in over:
        typer.echo(f"{each.slug}: ended")
    if not over:
        typer.echo("nothing was left to end", err=True)


@app.command("list")
def list_subscriptions(
    *,
    standing: Annotated[Standing | None, typer.Option(help="Those in this standing only.")] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help=f"At most this many; {LISTED}, or all with --json.")
    ] = None,
    with_addresses: Annotated[bool, typer.Option("--addresses", help="Show the readers' addresses, too.")] = False,
    as_json: Json = False,
) -> None:
    """List subscriptions, the last ones first.

    Example: digest subscribers list --standing paused --json
    """
    with Store(settings().database) as store, store.reading() as connection:
        found = subscriptions.listing(connection, standing, limit or (None if as_json else LISTED))
        counts = subscriptions.counts(connection)
        owners = subscribers.by_ids(connection, {each.subscriber for each in found if each.subscriber})
    shown = {each.slug: owners[each.subscriber].address for each in found if each.subscriber} if with_addresses else {}
    if as_json:
        rows = [{**whom.plain(each), **({"address": shown.get(each.slug)} if with_addresses else {})} for each in found]
        print_json({"counts": counts, "subscriptions": rows})
        return
    for each in found:
        when = f"until {each.paused_until}" if each.paused_until else whom.next_issue(each)
        schedule = told(each.preferences.schedule)
        line = f"{each.slug:<16} {each.standing:<8} {each.digest:<12} {schedule:<36} {when}  {shown.get(each.slug, '')}"
        typer.echo(line.rstrip())
    typer.echo("in all: " + (", ".join(f"{number:,} {each}" for each, number in sorted(counts.items())) or "none"))


@app.command()
def show(name: Whom, *, as_json: Json = False) -> None:
    """Say all about one subscription: whose it is, its schedule, its next issue, and what became of the last ones.

    Example: digest subscribers show ada
    """
    from digest.store import versions

    options = settings()
    with Store(options.database) as store:
        found = whom.subscription(store, options, name)
        with store.reading() as connection:
            owner = subscribers.by_id(connection, found.subscriber) if found.subscriber else None
            periods = subscriptions.history(connection, found.slug, PERIODS)
            version = versions.newest(connection, found.slug)
            suppressed = bounces.reason(connection, owner.address) if owner else None
    if as_json:
        print_json(
            {
                **whom.plain(found),
                "address": owner and owner.address,
                "suppressed": suppressed,
                "profile_version": version and version.number,
                "periods": [{"day": day, "outcome": outcome} for day, outcome in periods],
            }
        )
        return
    zone = found.preferences.schedule.zone
    rows = {
        "subscription": f"{found.slug}: {found.digest}",
        "standing": found.standing + (f" until {found.paused_until}" if found.paused_until else ""),
        "schedule": told(found.preferences.schedule),
        "next issue": whom.next_issue(found),
        "address": owner and owner.address,
        "asked": f"{whom.at(found.made, zone)}" + (f", by {found.source}" if found.source else ""),
        "confirmed": found.confirmed and whom.at(found.confirmed, zone),
        "ended": found.ended and whom.at(found.ended, zone),
        "profile": version and f"version {version.number} of {whom.at(version.written, zone)}",
        "suppressed": suppressed and f"{suppressed}: digest bounces undo",
    }
    for label, value in rows.items():
        if value:
            typer.echo(f"{label:<13} {value}")
    for day, outcome in periods:
        typer.echo(f"{day:%Y-%m-%d}    {outcome}")


def _tell_added(store: Store, options: Settings, found: Subscription, *, as_json: bool) -> None:
    _tell(found, f"{found.standing}, {told(found.preferences.schedule)}", as_json=as_json)
    if found.standing is Standing.PENDING and not options.site_url:
        typer.echo(
            "no letter, as there is no site_url for it to lead to; once its owner said yes: "
            f"digest subscribers confirm {found.slug}",
            err=True,
        )
    _warn_of_suppression(store, found)


def _warn_of_suppression(store: Store, found: Subscription) -> None:
    with store.reading() as connection:
        owner = subscribers.by_id(connection, found.subscriber) if found.subscriber else None
        why = bounces.reason(connection, owner.address) if owner else None
    if why:
        typer.echo(f"{found.slug}: its address is suppressed ({why}): digest bounces undo", err=True)


def _tell(found: Subscription, what: str, *, as_json: bool) -> None:
    if as_json:
        print_json(whom.plain(found))
        return
    due = f"; next issue {whom.next_issue(found)}" if found.due else ""
    typer.echo(f"{found.slug}: {what}{due}")
