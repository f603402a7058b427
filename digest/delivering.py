"""Hand over what is in the outbox, by one process or several, and write each issue's pages.

A process that only sends imports this and no more: nothing here knows how papers are ranked.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from digest import collector, rendering, secret
from digest.originator import Originator
from digest.pace import Limits
from digest.pages import publish
from digest.progress import Silent
from digest.run_report import RunReport
from digest.sending import Means, Policy, send
from digest.shares import Together, in_parallel
from digest.store import Store, deliveries
from digest.transports import opener
from digest.twins.names import Names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from digest.clock import Clock
    from digest.progress import Progress
    from digest.render import Renderer
    from digest.settings import Settings
    from digest.store.deliveries import Claim
    from digest.transport import Parcel
    from digest.types import Issue, Mail

SHARED = 500
"""Readers or mails from which on several processes are worth their start."""


def names_of(settings: Settings) -> Names:
    """What pages are called here, and where they are served.

    Raises:
        SettingsError: the installation's secret cannot be read.
    """
    return Names(secret.load(settings.secret), settings.pages_url)


def deliver(
    store: Store,
    settings: Settings,
    renderer: Renderer,
    *,
    clock: Clock,
    environment: Mapping[str, str],
    progress: Progress | None = None,
) -> RunReport:
    """Hand over all mails that are due, write each issue's pages and feeds, and record every outcome as it happens.

    A mail that cannot be handed over spoils no other one's delivery. Where there are many mails, this process and
    others each send a share of them, as many as the settings have and the connections suffice for.

    Raises:
        SettingsError: the installation's secret, a password or the key to sign with cannot be read; all mails stay due.
        DeliveryError: the folder that tells which senders are alive cannot be written to.
    """
    names, originator = names_of(settings), Originator(settings)

    def prepare(claim: Claim, issue: Issue) -> Parcel | None:
        if not settings.write_pages:
            mailed: Mail = renderer.mail(issue)
        else:
            mailed = rendered = renderer.render(issue, names.links(issue))
            publish(store, settings.pages, renderer, names, issue, rendered)
        return originator.parcel(mailed, issue, claim.recipient, claim.token) if claim.recipient else None

    means = Means(
        prepare=prepare, open_transport=opener(settings, environment), clock=clock, senders=settings.home / "senders"
    )
    watch = progress or Silent()
    together = min(settings.at_once, settings.delivery.senders)
    with store.reading() as connection:
        is_much = deliveries.waiting(connection, now=clock.now()) >= SHARED
    report = RunReport()
    with collector.seldom():
        if is_much and together > 1:
            alone = settings.model_copy(update={"delivery": settings.delivery.shared(together), "processes": 1})
            others = partial(deliver_share, alone, clock, dict(environment))
            own = partial(send, store, means, policy(alone))
            for done in in_parallel(own, others, together, Together(store, clock, watch)):
                report.add(done)
        # What is left over by them, if anything; and how it stands when none of them has anything in hand any more.
        last = send(store, means, policy(settings), watch)
    report.add(last)
    report.held, report.waiting, report.retry_at = last.held, last.waiting, last.retry_at
    return report


def deliver_share(settings: Settings, clock: Clock, environment: Mapping[str, str]) -> RunReport:
    """The same by one of several processes, with its share of the settings' limits."""
    collector.not_at_exit()
    # The process that started this one has tried the templates.
    renderer = rendering.renderer(settings, lazily=True)
    with Store(settings.database) as store:
        return deliver(store, settings, renderer, clock=clock, environment=environment)


def policy(settings: Settings) -> Policy:
    """How mails are sent here."""
    delivery = settings.delivery
    return Policy(
        connections=delivery.connections,
        limits=Limits(per_second=delivery.per_second, per_domain=delivery.per_domain, per_day=delivery.per_day),
        expire=timedelta(hours=delivery.expire_hours),
        failures=delivery.error_budget,
    )
