"""What an issue leaves for the next one: papers that had no room, and the events behind those it tells of."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add both to the issues."""
    op.add_column("issues", sa.Column("held", sa.JSON, nullable=False, server_default="[]"))
    op.add_column("issues", sa.Column("covered_event", sa.Integer, nullable=False, server_default="0"))
