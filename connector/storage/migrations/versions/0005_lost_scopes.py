"""Which scopes a provider gives no longer, though they were granted (F18)."""

import sqlalchemy as sa
from alembic import op

revision = "0005_lost_scopes"
down_revision = "0004_pauses"


def upgrade() -> None:
    """Forward only."""
    op.create_table(
        "lost_scopes",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["connection"], ["connections.id"], name=op.f("fk_lost_scopes_connection")),
        sa.PrimaryKeyConstraint("connection", "scope", name=op.f("pk_lost_scopes")),
    )
