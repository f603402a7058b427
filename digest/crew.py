"""Threads that hand mails over, each with a connection of its own."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from digest.store.deliveries import Claim
    from digest.transport import Parcel, Receipt, Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of a claim's parcel: a receipt, or what was raised: a `RelayError`, or a bug."""

    claim: Claim
    outcome: Receipt | BaseException


class Crew:
    """Up to `size` threads. One whose relay serves nobody stops; `hire` starts another in its place."""

    def __init__(self, open_transport: Callable[[], Transport], size: int) -> None:
        self._open = open_transport
        self._size = size
        self._jobs: SimpleQueue[tuple[Claim, Parcel] | None] = SimpleQueue()
        self._answers: SimpleQueue[Answer] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self.alive = 0
        """Threads that take parcels."""

    def hire(self) -> None:
        """Start one more thread, if there are not enough."""
        if self.alive < self._size:
            self.alive += 1
            thread = threading.Thread(target=self._work, name=f"sender-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def send(self, claim: Claim, parcel: Parcel) -> None:
        """Let a thread hand a parcel over; its answer comes later."""
        self._jobs.put((claim, parcel))

    def answer(self, seconds: float) -> Answer | None:
        """The next answer; None if none comes within so many seconds."""
        try:
            answer = self._answers.get(timeout=seconds) if seconds else self._answers.get_nowait()
        except Empty:
            return None
        if not _is_receipt(answer):
            self.alive -= 1
        return answer

    def unsent(self) -> list[Claim]:
        """Take back what no thread has begun with."""
        claims: list[Claim] = []
        while True:
            try:
                job = self._jobs.get_nowait()
            except Empty:
                return claims
            if job is not None:
                claims.append(job[0])

    def close(self) -> None:
        """Let the threads finish what they are at, and end them."""
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _work(self) -> None:
        transport = None
        try:
            while (job := self._jobs.get()) is not None:
                claim, parcel = job
                outcome: Receipt | BaseException
                try:
                    transport = transport or self._open()
                    outcome = transport.send(parcel)
                except BaseException as error:  # noqa: BLE001  (told to the sender, which raises what is a bug)
                    outcome = error
                answer = Answer(claim=claim, outcome=outcome)
                self._answers.put(answer)
                if not _is_receipt(answer):
                    return
        finally:
            if transport is not None:
                transport.close()


def _is_receipt(answer: Answer) -> bool:
    return not isinstance(answer.outcome, BaseException)
