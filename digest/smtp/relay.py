"""The transport that hands mails to a server, many over one connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest.smtp.session import Session
from digest.smtp.transaction import StaleError, hand_over

if TYPE_CHECKING:
    from digest.smtp.session import Server
    from digest.transport import Parcel, Receipt


class Relay:
    """A server, and one connection to it, which is opened for the first mail and anew whenever that is needed."""

    def __init__(self, server: Server, mails_per_connection: int) -> None:
        self._server = server
        self._mails = mails_per_connection
        self._session: Session | None = None

    def send(self, parcel: Parcel) -> Receipt:
        """Hand over one mail; see `Transport.send`."""
        try:
            return hand_over(self._ready(), parcel)
        except StaleError:
            return hand_over(self._ready(), parcel)

    def close(self) -> None:
        """Take leave of the server; see `Transport.close`."""
        if self._session:
            self._session.quit()
            self._session = None

    def _ready(self) -> Session:
        """The session that is open, or a new one."""
        session = self._session
        if session and session.is_open:
            if session.handed >= self._mails:
                session.quit()
            elif session.handed and not session.is_quiet:
                session.close()
        if session is None or not session.is_open:
            self._session = None
            self._session = session = Session(self._server)
        return session
