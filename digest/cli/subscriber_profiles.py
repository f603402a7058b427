"""A subscription's profile and preferences: editing them, what an edit changes, and the versions before."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest import readers
from digest.cli import editor, whom
from digest.cli.context import Json, clock, print_json, settings, today
from digest.errors import ProfileError, SubscriptionError
from digest.maths import readable
from digest.offers import interests_of
from digest.preferences import FIELDS, preferences
from digest.store import Store, versions
from digest.subscription import FILE, OWN

if TYPE_CHECKING:
    from digest.foresight import Difference
    from digest.settings import Settings
    from digest.subscription import Subscription

LISTED = 50
"""Versions listed."""

LOOKED_AT = 7
"""Days of papers on which an edit is shown."""

Whom = Annotated[str, typer.Argument(metavar="SLUG|EMAIL", help=whom.WHOM)]
Frequency = Annotated[
    str,
    typer.Option(metavar="WHEN", help='daily, weekdays, "weekly mon", "monthly 1", "monthly last", "cron 0 7 * * 1,4"'),
]
At = Annotated[str, typer.Option(metavar="TIME", help="The time of day, by the reader's clocks: 07:30.")]
Zone = Annotated[str, typer.Option(metavar="ZONE", help="The reader's time zone: Europe/Lisbon.")]
Patience = Annotated[str, typer.Option(metavar="TIME", help='How late an issue may come: "6 hours", "2 days".')]
OnReturn = Annotated[str, typer.Option(metavar="WHAT", help="Papers of a pause behind it: catch-up or skip.")]
EmptyDay = Annotated[str, typer.Option(metavar="WHAT", help="When nothing reaches the bar: skip or note.")]
Form = Annotated[str, typer.Option("--format", metavar="FORM", help="cards, compact or text.")]
Language = Annotated[str, typer.Option(metavar="TAG", help="The language in which days are written: de, pt-BR.")]


def edit(  # noqa: PLR0913  (options of a command)
    name: Whom,
    *,
    file: Annotated[Path | None, typer.Option(metavar="FILE", help="The profile as it is to be, in YAML.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Say what would change, and change nothing.")] = False,
    digest: Annotated[
        str, typer.Option(metavar="NAME", help="Have a digest that is offered in place of interests of its own.")
    ] = "",
    frequency: Frequency = "",
    at: At = "",
    zone: Zone = "",
    patience: Patience = "",
    on_return: OnReturn = "",
    empty_day: EmptyDay = "",
    form: Form = "",
    language: Language = "",
    as_json: Json = False,
) -> None:
    """Change the profile, in your editor or by a file, or the preferences, by options.

    Of a profile it says what the edit adds to and drops from the last week. A profile with faults is not kept; they are
    named with line and reason. Who had an offered digest has a profile of their own from then on; --digest is the way
    back, and keeps all versions, so that rollback is the way forth.

    Example: digest subscribers edit ada@example.org --file interests.yaml --check
    """
    from digest import lifecycle

    if digest and (file or check):
        raise typer.BadParameter("say --digest, or --file and --check, not both")
    options = settings()
    words = dict(zip(FIELDS, (frequency, at, zone, patience, on_return, empty_day, form, language), strict=True))
    with Store(options.database) as store:
        found = whom.subscription(store, options, name)
        if any(words.values()):
            try:
                chosen = preferences(words, found.preferences)
            except SubscriptionError as error:
                raise typer.BadParameter(str(error)) from None
            if not check:
                found = lifecycle.revise(store, found.slug, chosen, now=clock())
        if digest:
            try:
                found = lifecycle.share(store, options, found.slug, digest)
            except SubscriptionError as error:
                raise typer.BadParameter(str(error)) from None
        if digest or (any(words.values()) and file is None):
            _tell_preferences(found, check=check, as_json=as_json)
            return
        _edit_profile(store, options, found, file, check=check, as_json=as_json)


def history(name: Whom, *, as_json: Json = False) -> None:
    """List the versions of a subscription's own profile, the newest first.

    Example: digest subscribers history ada@example.org
    """
    options = settings()
    with Store(options.database) as store:
        found = whom.subscription(store, options, name)
        with store.reading() as connection:
            listed = versions.of(connection, found.slug, LISTED)
    if as_json:
        print_json([{"number": each.number, "written": each.written, "reason": each.reason} for each in listed])
        return
    for each in listed:
        typer.echo(f"{each.number:>4}  {whom.at(each.written, found.preferences.schedule.zone)}  {each.reason}")
    if not listed:
        typer.echo(f"{found.slug} has no profile of its own: {_whose(found, options)}", err=True)


def rollback(
    name: Whom,
    number: Annotated[int, typer.Argument(min=1, metavar="VERSION", help="The version, as history numbers it.")],
) -> None:
    """Let an earlier version of a profile count again, as a new version.

    Example: digest subscribers rollback ada@example.org 2
    """
    from digest import lifecycle

    options = settings()
    with Store(options.database) as store:
        found = whom.subscription(store, options, name)
        with store.reading() as connection:
            version = versions.numbered(connection, found.slug, number)
        if version is None:
            raise typer.BadParameter(f"no version {number}: digest subscribers history {found.slug}")
        made = lifecycle.rewrite(store, found.slug, version.text, now=clock(), reason=f"back to version {number}")
    typer.echo(f"{found.slug}: version {made} is version {number} again")


def text_of(path: Path) -> str:
    """What a file of interests says.

    Raises:
        ProfileError: it cannot be read, or is not UTF-8.
    """
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ProfileError((f"{path}: cannot be read: {error.strerror}",)) from None
    except UnicodeDecodeError:
        raise ProfileError((f"{path}: not UTF-8: save the file in that encoding",)) from None


def _edit_profile(
    store: Store, options: Settings, found: Subscription, file: Path | None, *, check: bool, as_json: bool
) -> None:
    from digest import lifecycle, pipeline
    from digest.foresight import difference
    from digest.store import papers

    if found.digest == FILE:
        raise typer.BadParameter(f"the profile of {found.slug} is a file: {_whose(found, options)}")
    with store.reading() as connection:
        version = versions.newest(connection, found.slug)
        before = readers.load(connection, options, [found]).profiles.get(found.slug)
        last = papers.last_day(connection) or today()
    text = text_of(file) if file else _in_editor(found, _text(found, options, version))
    if text is None:
        typer.echo("nothing was changed", err=True)
        return
    after = readers.as_chosen(readers.parse(text), found, None)
    number = 0
    if not check:
        behind = version.number if version else 0
        number = lifecycle.rewrite(store, found.slug, text, now=clock(), reason="edited by command", behind=behind)
        if not number:
            raise SubscriptionError("", f"{found.slug}: the profile was changed meanwhile: try again")
    # What it was may have faults by now, or be offered no more.
    change = pipeline.compare(store, options, before, after, until=last, days=LOOKED_AT) if before else None
    if as_json:
        change = change or difference([], [])
        rows = {
            key: [{"day": each.day, "id": each.match.paper.id, "title": each.match.paper.title} for each in choices]
            for key, choices in (("adds", change.adds), ("drops", change.drops))
        }
        print_json({"slug": found.slug, "version": number or None, "until": last, "days": LOOKED_AT, **rows})
        return
    if change:
        _tell_change(change, check=check)
    typer.echo(f"{found.slug}: nothing was kept" if check else f"{found.slug}: version {number}", err=check)


def _tell_change(change: Difference, *, check: bool) -> None:
    verb = "would add" if check else "adds"
    typer.echo(f"{verb} {len(change.adds)}, drops {len(change.drops)}, keeps {change.keeps} in {LOOKED_AT} days")
    for sign, choices in (("+", change.adds), ("-", change.drops)):
        for each in choices:
            typer.echo(f"{sign} {each.day}  {each.match.score:5.1f}  {readable(each.match.paper.title)}")


def _tell_preferences(found: Subscription, *, check: bool, as_json: bool) -> None:
    if as_json:
        print_json(whom.plain(found))
        return
    typer.echo(f"{found.slug}: the preferences are good" if check else f"{found.slug}: {whom.next_issue(found)}")


def _text(found: Subscription, options: Settings, version: versions.Version | None) -> str:
    """What is edited: the reader's own profile, or the digest that it had."""
    if found.digest == OWN:
        return version.text if version else ""
    try:
        return interests_of(options, found.digest)
    except ProfileError:
        return ""


def _in_editor(found: Subscription, text: str) -> str | None:
    """The text as it was saved; None if it is the same.

    Raises:
        ProfileError: it has faults; its file is kept, and told of.
    """
    written, path = editor.edited(text)
    try:
        readers.parse(written)
    except ProfileError:
        typer.echo(f"your text is kept: digest subscribers edit {found.slug} --file {path}", err=True)
        raise
    path.unlink()
    return None if written == text else written


def _whose(found: Subscription, options: Settings) -> str:
    if found.digest != FILE:
        return f"it has the digest {found.digest}"
    return str(options.profiles / f"{found.slug}.yaml")
