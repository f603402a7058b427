"""Summaries that a model wrote of papers, kept so that none is asked for twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from digest.store.dialect import insert
from digest.store.tables import paper_ids, summaries

if TYPE_CHECKING:
    from datetime import datetime


def find(connection: sa.Connection, paper_id: str, *, model: str, question: str) -> str | None:
    """What the model answered to this question (its fingerprint) about the paper; None if it was not asked."""
    query = (
        sa.select(summaries.c.text)
        .join(paper_ids, paper_ids.c.seq == summaries.c.seq)
        .where(paper_ids.c.id == paper_id, summaries.c.model == model, summaries.c.question == question)
    )
    return connection.execute(query).scalar()


def keep(connection: sa.Connection, paper_id: str, text: str, *, model: str, question: str, now: datetime) -> None:
    """Keep an answer in the place of an earlier one of the same model; nothing where the paper is not known."""
    seq = connection.execute(sa.select(paper_ids.c.seq).where(paper_ids.c.id == paper_id)).scalar()
    if seq is None:
        return
    row = {"question": question, "text": text, "written": now}
    statement = insert(connection, summaries).values(seq=seq, model=model, **row)
    connection.execute(statement.on_conflict_do_update(index_elements=["seq", "model"], set_=row))
