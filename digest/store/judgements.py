"""What readers say of single papers, kept until it is part of their profiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from digest.store.dialect import insert
from digest.store.papers import seq_of
from digest.store.tables import judgements, papers
from digest.types import Judgement

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import ColumnElement


def add(connection: sa.Connection, profile: str, judgement: Judgement) -> bool:
    """Note what a reader says of a paper, in place of what the reader said of it before, whatever day that was.

    False, and nothing, if no paper bears the id.
    """
    seq = seq_of(connection, judgement.paper)
    if seq is None:
        return False
    said = {"liked": judgement.liked, "day": judgement.day}
    row = insert(connection, judgements).values(profile=profile, seq=seq, **said)
    connection.execute(row.on_conflict_do_update(index_elements=["profile", "seq"], set_=said))
    return True


def remove(connection: sa.Connection, profile: str, paper_id: str) -> bool:
    """Take back what a reader said of a paper; False, and nothing, if there is no such judgement."""
    here = _of_paper(connection, profile, paper_id)
    return connection.execute(judgements.delete().where(here)).rowcount == 1


def settle(connection: sa.Connection, profile: str, judgement: Judgement) -> bool:
    """Remove a judgement that has become part of the profile; False, and nothing, if the reader said otherwise since.

    Comparing keeps what was said between reading the judgements and writing the profile.
    """
    here = sa.and_(
        _of_paper(connection, profile, judgement.paper),
        judgements.c.liked == judgement.liked,
        judgements.c.day == judgement.day,
    )
    return connection.execute(judgements.delete().where(here)).rowcount == 1


def of(connection: sa.Connection, profile: str) -> tuple[Judgement, ...]:
    """What a reader said, under the papers' canonical ids, in order of day and then of id."""
    query = (
        sa.select(papers.c.id, judgements.c.liked, judgements.c.day)
        .join(papers, papers.c.seq == judgements.c.seq)
        .where(judgements.c.profile == profile)
        .order_by(judgements.c.day, papers.c.id)
    )
    return tuple(Judgement(paper=row.id, liked=row.liked, day=row.day) for row in connection.execute(query))


def _of_paper(connection: sa.Connection, profile: str, paper_id: str) -> ColumnElement[bool]:
    return sa.and_(judgements.c.profile == profile, judgements.c.seq == seq_of(connection, paper_id))
