"""What can be tried before the first real mail: an issue of the bundled sample, and one mail to one address."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from digest import delivering, pipeline, profiles, rendering, sample, secret
from digest.errors import StoreError
from digest.ingest import ingest
from digest.originator import Originator
from digest.store import Store, issues
from digest.transports import opener
from digest.types import Issue
from digest.verp import token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from digest.settings import Settings
    from digest.transport import Receipt
    from digest.types import Profile

_READER = "ada.yaml"
_NOBODY = "sample-of-paper-digest"
_DAY = date(2025, 5, 9)


def sample_issue(settings: Settings) -> Issue:
    """The issue of an example profile, out of the sample's papers, as these settings have it composed.

    It is composed in a database that is gone afterwards.
    """
    with tempfile.TemporaryDirectory(prefix="digest-sample-") as folder:
        # Their own templates count in what is made of it, and need not be there for this.
        elsewhere = settings.model_copy(update={"home": Path(folder), "database_url": SecretStr("")})
        with Store(elsewhere.database) as store:
            ingest(store, [sample.FOLDER], as_of=_DAY)
            reader = profiles.load(sample.PROFILES / _READER)
            now = datetime.combine(_DAY, datetime.min.time(), UTC)
            issue = pipeline.preview(store, elsewhere, reader, day=_DAY, now=now)
    if not isinstance(issue, Issue):
        raise StoreError("the bundled sample gives no issue")
    # What its links would do, they must not do to a reader here who is called the same.
    return replace(issue, id=f"{_NOBODY}-{_DAY}", profile=_NOBODY)


def send_test(
    settings: Settings,
    reader: Profile | None,
    address: str,
    *,
    day: date,
    now: datetime,
    environment: Mapping[str, str],
) -> Receipt:
    """Send one mail to an address, the way that issues go; nothing of it is kept.

    It has the reader's issue of the day, else the last one; of the sample where there is neither, or no reader.

    Raises:
        SettingsError: the secret, a password or the key to sign with cannot be read.
        StoreError: the database cannot be used.
        TemplateError: a template of the operator's fails.
        DeliveryError: the address is none, or the transport takes nothing at present.
    """
    own = _issue_of(settings, reader, day, now) if reader else None
    issue = own or sample_issue(settings)
    # Of what the sample has there are no pages to lead to.
    links = delivering.names_of(settings).links(issue) if own and settings.pages_url else None
    mail = rendering.renderer(settings).mail(issue, links)
    # Its own: if this mail comes back, that says nothing of the reader whose issue it shows.
    bounces = settings.delivery.bounce_address
    mark = token(secret.load(settings.secret), f"test {now.isoformat()}", address) if bounces else None
    parcel = Originator(settings).test(mail, issue, address, now=now, token=mark)
    transport = opener(settings, environment)()
    try:
        return transport.send(parcel)
    finally:
        transport.close()


def _issue_of(settings: Settings, reader: Profile, day: date, now: datetime) -> Issue | None:
    with Store(settings.database) as store:
        issue = pipeline.preview(store, settings, reader, day=day, now=now)
        if isinstance(issue, Issue):
            return issue
        with store.reading() as connection:
            return next(iter(issues.newest(connection, reader.slug, 1)), None)
