"""Deliveries: claimed by one sender at a time, moved by legal moves only."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.outbox import LEASE, LEGAL, WAITING, DeliveryState, IllegalMoveError
from digest.store import Store, carryover, deliveries, issues, outbox, papers, subscribers
from digest.store.deliveries import Claim, Settled
from digest.store.outbox import Refusal
from digest.types import Issue, Match, Paper, Section

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.databases import Place

NOW = datetime(2025, 5, 9, 6, tzinfo=UTC)
READERS = ("ada", "bob", "cyd")
SECOND = timedelta(seconds=1)


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    """A database with one queued delivery for each of three readers."""
    with Store(place) as opened:
        with opened.writing() as connection:
            for reader in READERS:
                queue(connection, reader)
        yield opened


def queue(connection: sa.Connection, reader: str) -> None:
    """Put an issue without papers into the outbox."""
    issue = Issue(
        id=f"issue-{reader}",
        profile=reader,
        name=reader.title(),
        day=date(2025, 5, 9),
        composed=NOW,
        sections=(),
        considered=0,
        passed=0,
    )
    assert issues.add(
        connection, issue, covered=issues.Coverage(day=issue.day, seq=0), recipient=f"{reader}@example.org", now=NOW
    )


def rows(connection: sa.Connection) -> list[tuple[Any, ...]]:
    """All deliveries as they are kept."""
    return [tuple(row) for row in connection.execute(sa.text("SELECT * FROM deliveries ORDER BY subscriber"))]


def state(connection: sa.Connection, reader: str) -> DeliveryState:
    """Where a reader's delivery stands."""
    query = sa.text("SELECT state FROM deliveries WHERE subscriber = :reader")
    return DeliveryState(connection.execute(query, {"reader": reader}).scalar_one())


def claimed(
    store: Store, now: datetime = NOW, limit: int = 10, holder: str = "", dead: frozenset[str] = frozenset()
) -> list[Claim]:
    """What a sender may take now."""
    with store.writing() as connection:
        return deliveries.claim(connection, now=now, limit=limit, holder=holder, dead=dead)


def settle(store: Store, *outcomes: Settled, now: datetime = NOW) -> set[Claim]:
    """Record outcomes; those that count."""
    with store.writing() as connection:
        return deliveries.settle(connection, outcomes, now=now)


def sent(claim: Claim) -> Settled:
    """It was handed over."""
    return Settled(claim=claim, state=DeliveryState.SENT)


def deferred(claim: Claim, due: datetime) -> Settled:
    """It was put off."""
    return Settled(claim=claim, state=DeliveryState.DEFERRED, due=due, why="451 later", failed=1)


def test_a_claim_says_what_to_send_and_to_whom(store: Store) -> None:
    """Claims come in order of issue and reader, with the address that was queued."""
    assert claimed(store) == [
        Claim(issue_id=f"issue-{reader}", subscriber=reader, recipient=f"{reader}@example.org", attempt=1)
        for reader in READERS
    ]


def test_what_is_held_is_not_claimed(store: Store) -> None:
    """While a lease runs nobody else gets the delivery, and it is counted as held, not as waiting."""
    claimed(store)
    just_before = NOW + LEASE - SECOND
    assert claimed(store, just_before) == []
    with store.reading() as connection:
        assert (deliveries.waiting(connection, now=just_before), deliveries.held(connection, now=just_before)) == (0, 3)


def test_a_lease_that_ran_out_is_claimed_again(store: Store) -> None:
    """The next sender takes over what a dead one held; a late word of the dead one changes nothing."""
    [dead, *_] = claimed(store)
    [alive, *_] = claimed(store, NOW + LEASE)
    assert alive == replace(dead, attempt=2)
    with store.reading() as connection:
        before = rows(connection)
    assert settle(store, sent(dead), now=NOW + LEASE) == set()
    assert settle(store, deferred(dead, NOW), now=NOW + LEASE) == set()
    with store.reading() as connection:
        assert rows(connection) == before
    assert settle(store, sent(alive), now=NOW + LEASE) == {alive}
    assert settle(store, deferred(dead, NOW), now=NOW + LEASE) == set()
    with store.reading() as connection:
        assert state(connection, "ada") is DeliveryState.SENT


def test_what_a_dead_sender_held_is_claimed_at_once(store: Store) -> None:
    """Who is known to be dead needs no lease to run out; who is not keeps what it has."""
    dead = claimed(store, limit=2, holder="dead")
    claimed(store, holder="alive")
    with store.reading() as connection:
        assert deliveries.holders(connection) == {"dead", "alive"}
    taken = claimed(store, NOW + SECOND, holder="next", dead=frozenset({"dead", "stranger"}))
    assert taken == [replace(claim, attempt=2) for claim in dead]


def test_who_gives_a_sign_of_life_keeps_what_it_holds(store: Store) -> None:
    """Renewed leases run on from then; what another one has taken over is not among them."""
    mine = claimed(store, limit=2)
    with store.writing() as connection:
        assert deliveries.renew(connection, mine[:1], now=NOW + LEASE / 2) == {mine[0]}
    assert [claim.subscriber for claim in claimed(store, NOW + LEASE)] == ["bob", "cyd"]
    with store.writing() as connection:
        assert deliveries.renew(connection, mine, now=NOW + LEASE) == {mine[0]}


def test_what_was_sent_is_never_claimed_again(store: Store) -> None:
    """A delivery that is done stays done, long after."""
    claims = claimed(store)
    assert settle(store, *map(sent, claims)) == set(claims)
    assert claimed(store, NOW + 100 * LEASE) == []
    with store.reading() as connection:
        later = NOW + 100 * LEASE
        assert (deliveries.waiting(connection, now=later), deliveries.held(connection, now=later)) == (0, 0)
        assert deliveries.sent_since(connection, NOW) == len(READERS)
        assert deliveries.sent_since(connection, NOW + SECOND) == 0


def test_what_was_put_off_is_due_when_it_was_said(store: Store) -> None:
    """Before its time nobody gets it, and then with the count of its failures."""
    [first] = claimed(store, limit=1)
    later = NOW + timedelta(minutes=5)
    settle(store, deferred(first, later))
    with store.reading() as connection:
        assert deliveries.next_due(connection, [DeliveryState.DEFERRED]) == later
    assert [claim.subscriber for claim in claimed(store, later - SECOND)] == ["bob", "cyd"]
    assert claimed(store, later) == [replace(first, attempt=2, tries=1)]


def test_what_is_given_back_is_as_it_was(store: Store) -> None:
    """A sender that did not begin with a mail leaves it due, and no failure counted."""
    claims = claimed(store)
    settle(store, *(Settled(claim=claim, state=DeliveryState.QUEUED) for claim in claims))
    assert claimed(store) == [replace(claim, attempt=2) for claim in claims]


def test_an_uncertain_delivery_without_a_time_is_due_no_more(store: Store) -> None:
    """Where nobody knows whether it came, twice over, it is left alone."""
    [first] = claimed(store, limit=1)
    settle(store, Settled(claim=first, state=DeliveryState.UNCERTAIN, lost=1))
    assert "ada" not in {claim.subscriber for claim in claimed(store, NOW + timedelta(days=30))}


SETTLED = (DeliveryState.QUEUED, DeliveryState.DEFERRED, DeliveryState.SENT, DeliveryState.REJECTED)


@pytest.mark.parametrize("start", SETTLED)
@pytest.mark.parametrize("target", [DeliveryState.SENT, DeliveryState.DEFERRED, DeliveryState.REJECTED])
def test_an_illegal_move_raises_and_changes_nothing(store: Store, start: DeliveryState, target: DeliveryState) -> None:
    """What nobody holds can be neither sent nor put off nor refused."""
    assert target not in LEGAL[start]
    held = Claim(issue_id="issue-ada", subscriber="ada", recipient="ada@example.org", attempt=0)
    if start is not DeliveryState.QUEUED:
        [held] = claimed(store, limit=1)
        settle(store, Settled(claim=held, state=start, due=NOW))
    with store.reading() as connection:
        before = rows(connection)
    with pytest.raises(IllegalMoveError, match=f"from {start} to {target}") as caught:
        settle(store, Settled(claim=held, state=target))
    assert "@" not in str(caught.value)
    with store.reading() as connection:
        assert rows(connection) == before


def test_a_sender_cannot_end_what_only_others_end(store: Store) -> None:
    """Whether a mail came back or is dropped is not for a sender to say."""
    [held] = claimed(store, limit=1)
    for target in (DeliveryState.BOUNCED, DeliveryState.DROPPED, DeliveryState.EXPIRED):
        with pytest.raises(IllegalMoveError):
            settle(store, Settled(claim=held, state=target))


def test_an_unknown_delivery_cannot_move(store: Store) -> None:
    """A claim that nobody handed out is a bug, not an outcome."""
    (held, *_) = claimed(store)
    with pytest.raises(IllegalMoveError):
        settle(store, sent(replace(held, subscriber="nobody")))


def test_what_becomes_of_a_forgotten_readers_mail_is_nobodys(store: Store) -> None:
    """A sender whose mail was on its way when its reader was forgotten records nothing, and goes on."""
    held, *others = claimed(store)
    with store.writing() as connection:
        subscribers.forget_reader(connection, held.subscriber)
    assert settle(store, sent(held), *map(sent, others)) == set(others)


# papers of what the reader did not get


def compose(store: Store, day: date, *titles: str) -> str:
    """An issue for dee with papers of these titles; its id."""
    batch = [Paper(id=f"doi:10.1000/{title}", title=title, announced=day) for title in titles]
    matches = tuple(Match(paper=paper, score=50.0, interest="owls") for paper in batch)
    issue = Issue(
        id=f"dee-{day}",
        profile="dee",
        name="Dee",
        day=day,
        composed=NOW,
        sections=(Section(heading="", matches=matches),),
        considered=9,
        passed=9,
    )
    with store.writing() as connection:
        papers.add(connection, batch, day)
        covered = issues.Coverage(day=day, seq=papers.last_seq(connection))
        assert issues.add(connection, issue, covered=covered, recipient="dee@example.org", now=NOW)
    return issue.id


def waits(store: Store) -> int:
    """How many papers wait for dee's next issue."""
    with store.reading() as connection:
        return len(carryover.of(connection, "dee"))


def of_dee(store: Store) -> outbox.Delivery:
    """Dee's last delivery."""
    with store.reading() as connection:
        return next(each for each in outbox.find(connection) if each.subscriber == "dee")


def test_papers_of_a_refused_issue_are_candidates_again(store: Store) -> None:
    """They leave the ledger and wait for the next issue."""
    compose(store, date(2025, 5, 9), "owls", "voles")
    claim = next(each for each in claimed(store) if each.subscriber == "dee")
    assert waits(store) == 0
    settle(store, Settled(claim=claim, state=DeliveryState.REJECTED, why="550 no such user"))
    assert waits(store) == 2
    with store.reading() as connection:
        assert issues.recommended(connection, "dee") == set()


def test_what_became_too_old_ends_and_gives_its_papers_back(store: Store) -> None:
    """Only what waits ends so: what a sender holds, what was sent and what may have come stays."""
    compose(store, date(2025, 5, 9), "owls")
    mine = {claim.subscriber: claim for claim in claimed(store)}
    settle(store, sent(mine["ada"]), deferred(mine["dee"], NOW))
    settle(store, Settled(claim=mine["bob"], state=DeliveryState.UNCERTAIN, due=NOW, lost=1))
    with store.writing() as connection:
        ended = deliveries.end_waiting(connection, now=NOW, oldest=NOW + SECOND)
        assert ended == {DeliveryState.EXPIRED: 1}
        assert state(connection, "dee") is DeliveryState.EXPIRED
        assert deliveries.end_waiting(connection, now=NOW, oldest=NOW + SECOND) == {}
    assert waits(store) == 1


def test_nothing_is_sent_to_a_suppressed_address(store: Store) -> None:
    """In whatever letters it is written."""
    with store.writing() as connection:
        connection.execute(
            sa.text("INSERT INTO suppressions VALUES ('ada@example.org', 'hard bounce', '', '2025-05-01')")
        )
        connection.execute(sa.text("UPDATE deliveries SET recipient = 'Ada@Example.org' WHERE subscriber = 'ada'"))
        assert deliveries.end_waiting(connection, now=NOW, oldest=NOW) == {DeliveryState.SUPPRESSED: 1}
    assert [claim.subscriber for claim in claimed(store)] == ["bob", "cyd"]


def test_what_a_dead_sender_held_is_not_sent_to_a_suppressed_address(store: Store) -> None:
    """Once its lease has run out it ends, and is not taken over."""
    claimed(store)
    with store.writing() as connection:
        connection.execute(
            sa.text("INSERT INTO suppressions VALUES ('ada@example.org', 'complaint', '', '2025-05-01')")
        )
        assert deliveries.end_waiting(connection, now=NOW, oldest=NOW) == {}
        assert deliveries.end_waiting(connection, now=NOW + LEASE, oldest=NOW) == {DeliveryState.SUPPRESSED: 1}
    assert [claim.subscriber for claim in claimed(store, NOW + LEASE)] == ["bob", "cyd"]


def test_an_operator_sends_after_all_what_was_refused(store: Store) -> None:
    """To the address of today, with its papers in the ledger again and all its attempts before it."""
    compose(store, date(2025, 5, 9), "owls", "voles")
    claim = next(each for each in claimed(store) if each.subscriber == "dee")
    settle(store, Settled(claim=claim, state=DeliveryState.REJECTED, why="550 no such user"))
    found = of_dee(store)
    assert (found.name, found.why) == ("2025-05-09-dee", "550 no such user")
    later = NOW + timedelta(days=9)
    with store.writing() as connection:
        assert outbox.retry(connection, found, recipient="dee2@example.org", now=later) is None
        deliveries.end_waiting(connection, now=later, oldest=later - timedelta(days=3))
    assert waits(store) == 0
    again = next(each for each in claimed(store, later) if each.subscriber == "dee")
    assert (again.recipient, again.tries) == ("dee2@example.org", 0)
    with store.reading() as connection:
        assert len(issues.recommended(connection, "dee")) == 2


def test_papers_that_came_in_another_issue_are_not_sent_after_all(store: Store) -> None:
    """A refused issue stays refused once the next one has its papers: nothing is recommended twice."""
    compose(store, date(2025, 5, 9), "owls")
    claim = next(each for each in claimed(store) if each.subscriber == "dee")
    settle(store, Settled(claim=claim, state=DeliveryState.REJECTED, why="550"))
    refused = of_dee(store)
    compose(store, date(2025, 5, 10), "owls")
    with store.writing() as connection:
        assert outbox.retry(connection, refused, recipient=None, now=NOW) is Refusal.REPLACED
        assert state_of(connection, refused) is DeliveryState.REJECTED


def state_of(connection: sa.Connection, found: outbox.Delivery) -> DeliveryState:
    """Where a delivery stands by now."""
    return next(each for each in outbox.find(connection, names=[found.name])).state


def test_what_an_operator_may_not_touch(store: Store) -> None:
    """What was sent is not sent again or taken out, nor what a sender has in hand; what is over is over."""
    [ada, *_] = claimed(store)
    settle(store, sent(ada))
    with store.writing() as connection:
        by_reader = {each.subscriber: each for each in outbox.find(connection)}
        assert outbox.retry(connection, by_reader["ada"], recipient=None, now=NOW) is Refusal.SENT
        assert outbox.drop(connection, by_reader["ada"], now=NOW) is Refusal.SENT
        assert outbox.retry(connection, by_reader["bob"], recipient=None, now=NOW) is Refusal.HELD
        assert outbox.drop(connection, by_reader["bob"], now=NOW) is Refusal.HELD


def test_what_is_dropped_gives_its_papers_back(store: Store) -> None:
    """An operator takes a mail out; the reader's next issue may have its papers."""
    compose(store, date(2025, 5, 9), "owls")
    with store.writing() as connection:
        found = next(each for each in outbox.find(connection) if each.subscriber == "dee")
        assert outbox.drop(connection, found, now=NOW) is None
        assert outbox.count(connection) == {DeliveryState.QUEUED: 3, DeliveryState.DROPPED: 1}
    assert waits(store) == 1
    with store.writing() as connection:
        assert outbox.drop(connection, of_dee_in(connection), now=NOW) is Refusal.OVER


def of_dee_in(connection: sa.Connection) -> outbox.Delivery:
    """Dee's delivery, within a transaction."""
    return next(each for each in outbox.find(connection) if each.subscriber == "dee")


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["claim", *(each.value for each in LEGAL[DeliveryState.SENDING] - {DeliveryState.SENDING})]),
        st.integers(0, 1),
        st.sampled_from([0, 20, 130]),
    ),
    max_size=12,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(operations=OPERATIONS)
def test_two_senders_never_break_the_rules(store: Store, operations: list[tuple[str, int, int]]) -> None:
    """Whatever two senders do in whatever order: moves are in the table, and only the last claim decides."""
    with store.writing() as connection:
        savepoint = connection.begin_nested()
        now, newest, ends = NOW, 0, 0
        claims: list[Claim | None] = [None, None]
        for operation, sender, wait in operations:
            now += timedelta(seconds=wait)
            before = state(connection, "ada")
            mine = claims[sender]
            if operation == "claim":
                for claim in deliveries.claim(connection, now=now, limit=1):
                    if claim.subscriber == "ada":
                        assert claim.attempt == newest + 1
                        claims[sender], newest = claim, claim.attempt
            elif mine is not None:
                claims[sender] = None
                target = DeliveryState(operation)
                due = now if target in WAITING - {DeliveryState.QUEUED} else None
                recorded = deliveries.settle(connection, [Settled(claim=mine, state=target, due=due)], now=now)
                assert recorded == ({mine} if mine.attempt == newest else set())
                ends += bool(recorded) and target in {DeliveryState.SENT, DeliveryState.REJECTED}
            after = state(connection, "ada")
            assert after is before or after in LEGAL[before]
        assert ends <= 1
        savepoint.rollback()


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)  # a server plans by how large tables are
def test_recording_reads_no_other_deliveries(store: Store) -> None:
    """However many deliveries were ever made, a sender finds its own by the table's keys."""
    statements: list[tuple[str, Any]] = []
    claims = claimed(store)
    with store.writing() as connection:
        engine = connection.engine
        sa.event.listen(engine, "before_cursor_execute", lambda *told: statements.append((told[2], told[3])))
        deliveries.renew(connection, claims, now=NOW)
        deliveries.settle(connection, [Settled(claim=claim, state=DeliveryState.SENT) for claim in claims], now=NOW)
        # Of a statement for many rows the first ones' values.
        asked = [
            (text, values[0] if isinstance(values, list) else values)
            for text, values in statements
            if text.startswith(("SELECT", "UPDATE"))
        ]
        plans = [connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values).all() for text, values in asked]
    assert len(plans) >= 3
    assert not [row for plan in plans for row in plan if row.detail.startswith("SCAN deliveries")]
