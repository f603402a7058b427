"""The mails that tell the operator what a run did, and what a week was like."""

from __future__ import annotations

import hashlib
from contextlib import closing
from email.utils import parseaddr
from typing import TYPE_CHECKING

from digest.errors import DeliveryError
from digest.letters import Report, Week
from digest.message import build, list_id, message_id
from digest.rendering import renderer
from digest.transport import Outcome, Parcel
from digest.transports import opener
from digest.types import Envelope

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from digest.run_report import RunReport
    from digest.settings import Settings


def send(
    settings: Settings,
    report: RunReport,
    alarms: Sequence[str],
    *,
    day: date,
    now: datetime,
    environment: Mapping[str, str],
) -> None:
    """Hand the report of a run to the operator that the settings name, if it did something or something failed.

    The same report of the same day is the same mail under the same name, so that a run that is started again and again
    and fails alike is told once.

    Raises:
        DeliveryError: the mail cannot be handed over, or is not taken.
        SettingsError: a password is not where the settings say.
        TemplateError: an overriding template fails.
    """
    is_idle = not (report.issues or report.delivered or report.unmailed or report.failed)
    if not settings.operator or is_idle:
        return
    _hand_over(settings, Report(day=day, run=report, alarms=tuple(alarms)), day, now, environment)


def send_week(settings: Settings, letter: Week, *, now: datetime, environment: Mapping[str, str]) -> bool:
    """Hand over what a week was like; False where the settings name no operator.

    Raises:
        DeliveryError, SettingsError, TemplateError: as `send`.
    """
    if not settings.operator:
        return False
    _hand_over(settings, letter, letter.until, now, environment)
    return True


def _hand_over(
    settings: Settings, letter: Report | Week, day: date, now: datetime, environment: Mapping[str, str]
) -> None:
    mail = renderer(settings, lazily=True).letter(letter)
    _, address = parseaddr(settings.sender)
    domain = address.rpartition("@")[2]
    told = hashlib.sha256(f"{mail.subject}\n{mail.text}".encode()).hexdigest()[:16]
    envelope = Envelope(
        sender=settings.sender,
        recipient=settings.operator,
        date=now,
        message_id=message_id(f"report {day.isoformat()} {told}", "operator", domain),
        list_id=list_id("operator-report", domain),
    )
    parcel = Parcel(
        # A profile's name has no full stop, so no reader's mail can bear this name.
        name=f"{day.isoformat()}.report-{told}",
        sender=address,
        recipient=parseaddr(settings.operator)[1],
        content=build(mail, envelope),
    )
    with closing(opener(settings, environment)()) as transport:
        receipt = transport.send(parcel)
    if receipt.outcome is not Outcome.ACCEPTED:
        raise DeliveryError(f"{receipt.outcome}: {receipt.reply}")
