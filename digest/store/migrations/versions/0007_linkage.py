"""Works that turn out to be one: a key that finds them, and a log of those that were merged."""

import sqlalchemy as sa
from alembic import op

from digest.identity import title_key
from digest.linkage import block
from digest.store.dialect import WHOLE

revision = "0007"
down_revision = "0006"

_CHUNK = 5000


def upgrade() -> None:
    """Add the key, filled for the papers that are there, the log, and what finds all that points to a paper."""
    op.add_column("papers", sa.Column("block", WHOLE))
    _fill(op.get_bind())
    op.create_index("ix_papers_block", "papers", ["block"])
    op.create_table(
        "merges",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("gone", sa.Integer, nullable=False),
        sa.Column("kept", sa.Integer, nullable=False),
        sa.Column("title", sa.Text),
        sa.Column("abstract", sa.Text),
        sa.PrimaryKeyConstraint("number", name="pk_merges"),
        sa.ForeignKeyConstraint(["kept"], ["papers.seq"], name="fk_merges_kept_papers"),
        sa.UniqueConstraint("gone", name="uq_merges_gone"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_merges_kept", "merges", ["kept"])
    for table in ("revisions", "issue_papers", "judgements"):
        op.create_index(f"ix_{table}_seq", table, ["seq"])


def _fill(connection: sa.Connection) -> None:
    # The key is what the program compares with, so it is made by the program as it is: another key needs a migration
    # that fills the column again.
    papers = sa.table("papers", *(sa.column(name) for name in ("seq", "title", "block")), sa.column("authors", sa.JSON))
    update = papers.update().where(papers.c.seq == sa.bindparam("number")).values(block=sa.bindparam("key"))
    last = 0
    while True:
        query = sa.select(papers).where(papers.c.seq > last).order_by(papers.c.seq).limit(_CHUNK)
        rows = connection.execute(query).all()
        if not rows:
            return
        connection.execute(
            update, [{"number": row.seq, "key": block(row.title, title_key(row.title), row.authors)} for row in rows]
        )
        last = rows[-1].seq
