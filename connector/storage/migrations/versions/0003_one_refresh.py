"""Who is refreshing a token, and for which provider nobody may (R27, R29)."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Forward only."""
    op.create_table(
        "refresh_leases",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger()),
        sa.ForeignKeyConstraint(["connection"], ["connections.id"], name=op.f("fk_refresh_leases_connection")),
        sa.PrimaryKeyConstraint("connection", "scopes", name=op.f("pk_refresh_leases")),
    )
    op.create_table(
        "refresh_pauses",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("provider", name=op.f("pk_refresh_pauses")),
    )
