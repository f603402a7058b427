"""A reader's page: what they get, when and in what form, and how to stop, take along or delete all of it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, BackgroundTasks, Request, Response
from starlette.responses import RedirectResponse

from digest import forgetting, lifecycle
from digest.adoption import adopt_file
from digest.errors import ProfileError, SubscriptionError
from digest.preferences import preferences
from digest.readers import files
from digest.schedule import patience_told
from digest.store import holdings
from digest.subscription import FILE, OWN, Preferences, Standing
from digest.web import sessions
from digest.web.links import pause_or_resume
from digest.web.naming import following, name_of, profiles_of, state_of
from digest.web.subscribe import TIMES
from digest.web.views import LinkView, NoteView, ReaderView, SubscriptionView
from digest.web.visits import CheckedForm, CurrentVisit, NobodyError, Visitor, visitor
from digest.web.world import Here, World

if TYPE_CHECKING:
    from digest.subscription import Subscription
    from digest.types import Profile
    from digest.web.forms import Form

_TOPICS_SHOWN, _SUMMARY = 8, 300
_TYPED = ("when", "cron", "at", "zone", "form", "empty_day", "on_return", "language", "patience")
_DONE = {
    "confirmed": "You are subscribed. This is your page; each mail has a link to it.",
    "saved": "Saved.",
    "paused": "Paused.",
    "resumed": "It goes on.",
    "shared": "You have the digest that is the same for everybody. Your own interests are kept, with all versions.",
    "ended": "Ended. Nothing more comes of it.",
}

router = APIRouter(prefix=sessions.PATH)


@router.get("")
def page(request: Request, world: Here, visit: CurrentVisit) -> Response:
    """What a reader gets, and all that can be done about it."""
    return _page(world, visitor(world, visit), done=_DONE.get(request.query_params.get("done", ""), ""))


@router.post("/{slug}/preferences")
def prefer(slug: str, world: Here, checked: CheckedForm) -> Response:
    """Keep when and in what form a subscription comes."""
    visit, form = checked
    who = visitor(world, visit)
    found = who.subscription(slug)
    try:
        chosen = _preferences(form)
    except SubscriptionError as error:
        return _page(world, who, faults={slug: {error.key: (f"{error.why}.",)}}, typed={slug: form})
    _adopt(world, found)
    lifecycle.revise(world.store, slug, chosen, now=world.now())
    return RedirectResponse(f"{sessions.PATH}?done=saved#{slug}", 303)


@router.post("/{slug}/pause")
def pause(slug: str, world: Here, checked: CheckedForm) -> Response:
    """Pause a subscription, or resume it."""
    visit, form = checked
    who = visitor(world, visit)
    found = who.subscription(slug)
    _adopt(world, found)
    try:
        changed = pause_or_resume(world, found, form.get("do"), form.get("until"))
    except SubscriptionError as error:
        if not error.key:
            raise
        return _page(world, who, faults={slug: {error.key: (f"{error.why}.",)}})
    done = "paused" if changed.standing is Standing.PAUSED else "resumed"
    return RedirectResponse(f"{sessions.PATH}?done={done}#{slug}", 303)


@router.post("/{slug}/end")
def end(slug: str, world: Here, checked: CheckedForm, background: BackgroundTasks) -> Response:
    """End a subscription."""
    visit, _ = checked
    found = visitor(world, visit).subscription(slug)
    _adopt(world, found)
    lifecycle.end(world.store, slug, now=world.now())
    background.add_task(world.send_letters)
    return RedirectResponse(f"{sessions.PATH}?done=ended#{slug}", 303)


@router.get("/export")
def export(world: Here, visit: CurrentVisit) -> Response:
    """All that is held about a reader, as JSON."""
    who = visitor(world, visit)
    with world.store.reading() as connection:
        if who.subscriber:
            held = holdings.of_subscriber(connection, who.subscriber)
        else:
            held = {"subscriptions": [holdings.of_reader(connection, each.slug) for each in who.subscriptions]}
    content = json.dumps(held, default=lambda day: day.isoformat(), ensure_ascii=False, indent=2)
    headers = {"Content-Disposition": 'attachment; filename="my-digest.json"'}
    return Response(content, 200, headers, "application/json")


@router.post("/forget")
def forget(world: Here, checked: CheckedForm) -> Response:
    """Delete a reader, if they are sure."""
    visit, form = checked
    who = visitor(world, visit)
    if form.get("sure") != "yes":
        return _page(world, who, faults={"": {"sure": ("Tick the box if you are sure: nothing was deleted.",)}})
    if who.subscriber is None:
        raise NobodyError
    forgetting.forget(world.store, world.settings, who.subscriber)
    lines = (
        "Your address, your interests, your issues and what you said of papers are deleted here.",
        "What backups hold of it goes as they do; what was mailed to you is yours.",
    )
    answer = world.pages.note(NoteView(title="Deleted", lines=lines, links=(LinkView(label="Front page", url="/"),)))
    answer.delete_cookie(sessions.COOKIE, path=sessions.PATH, httponly=True, samesite="lax")
    return answer


@router.post("/leave")
def leave(checked: CheckedForm) -> Response:
    """End the visit."""
    del checked
    answer = RedirectResponse("/", 303)
    answer.delete_cookie(sessions.COOKIE, path=sessions.PATH, httponly=True, samesite="lax")
    return answer


def _page(
    world: World,
    who: Visitor,
    *,
    done: str = "",
    faults: dict[str, dict[str, tuple[str, ...]]] | None = None,
    typed: dict[str, Form] | None = None,
) -> Response:
    now = world.now()
    faults = faults or {}
    with world.store.reading() as connection:
        found = profiles_of(connection, world.settings, who.subscriptions)
    order = list(Standing)
    shown = [
        _shown(each, found[each.slug], following(each, now), faults.get(each.slug, {}))
        for each in sorted(
            who.subscriptions, key=lambda each: order.index(each.standing) == order.index(Standing.ENDED)
        )
    ]
    if typed:
        shown = [_typed(each, typed[each.slug]) if each.slug in typed else each for each in shown]
    view = ReaderView(
        csrf=who.visit.csrf,
        subscriptions=tuple(shown),
        first_day=world.today().isoformat(),
        later_day=(world.today() + timedelta(days=7)).isoformat(),
        done=done,
        faults=faults.get("", {}),
        can_forget=who.subscriber is not None,
    )
    return world.pages.show("reader", view, 422 if faults else 200)


def _shown(
    each: Subscription, profile: Profile | None, following: str, faults: dict[str, tuple[str, ...]]
) -> SubscriptionView:
    chosen = each.preferences
    is_cron = chosen.schedule.when.startswith("cron")
    return SubscriptionView(
        slug=each.slug,
        name=name_of(profile),
        is_own=each.digest == OWN,
        is_file=each.digest == FILE,
        standing=each.standing.value,
        state=state_of(each),
        following=following,
        when="cron" if is_cron else chosen.schedule.when,
        cron=chosen.schedule.when.removeprefix("cron ") if is_cron else "",
        at=f"{chosen.schedule.at:%H:%M}",
        zone=chosen.schedule.zone,
        form=chosen.form.value if chosen.form else "",
        empty_day=chosen.empty_day.value if chosen.empty_day else "",
        on_return=chosen.on_return.value,
        language=chosen.language or "",
        patience=patience_told(chosen.patience),
        times=TIMES,
        interests=_summary(profile),
        faults=faults,
    )


def _typed(shown: SubscriptionView, form: Form) -> SubscriptionView:
    """The form as it was sent, for its reader to mend."""
    typed: dict[str, Any] = {name: form.get(name)[:_SUMMARY] for name in _TYPED}
    return replace(shown, **typed)


def _summary(profile: Profile | None) -> str:
    """What a profile is about, in a line."""
    if profile is None:
        return "It cannot be read at present."
    topics = [topic.text for topic in profile.topics[:_TOPICS_SHOWN]]
    parts = [*topics, *(["…"] if len(profile.topics) > _TOPICS_SHOWN else [])]
    counted = ((len(profile.liked), "liked paper"), (len(profile.authors), "author"))
    parts += [f"{number} {noun}{'s' * (number > 1)}" for number, noun in counted if number]
    text = "; ".join(parts) or ("what is trending" if profile.trending else "all papers of its categories")
    return text if len(text) <= _SUMMARY else f"{text[:_SUMMARY]}…"


def _preferences(form: Form) -> Preferences:
    """What a form says.

    Raises:
        SubscriptionError: a field's value cannot be had; names the field.
    """
    is_cron = form.get("when") == "cron"
    words = {
        "frequency": f"cron {form.get('cron')}" if is_cron else form.get("when"),
        "at": "" if is_cron else form.get("at"),
        "format": form.get("form"),
        **{name: form.get(name) for name in ("zone", "patience", "on_return", "empty_day", "language")},
    }
    try:
        return preferences(words, Preferences())
    except SubscriptionError as error:
        fields = {"frequency": "cron" if is_cron else "when", "format": "form"}
        raise SubscriptionError(fields.get(error.key, error.key), error.why) from None


def _adopt(world: World, found: Subscription) -> None:
    """Keep the subscription of the reader of a file, whom nothing was kept of before."""
    path = files(world.settings).get(found.slug) if found.digest == FILE else None
    if path is None:
        return
    try:
        adopt_file(world.store, world.settings, path, now=world.now())
    except ProfileError:
        # What is kept of its reader already can be changed all the same.
        return
