"""What is not done at a provider for a while, of whatever kind (R29, R41)."""

import sqlalchemy as sa
from alembic import op

revision = "0004_pauses"
down_revision = "0003"


def upgrade() -> None:
    """Forward only."""
    op.create_table(
        "pauses",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("credentials", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "what", name=op.f("pk_pauses")),
    )
    op.execute(
        "INSERT INTO pauses (provider, what, reason, since, until, credentials) "
        "SELECT provider, 'refreshes', reason, since, until, '' FROM refresh_pauses"
    )
    op.drop_table("refresh_pauses")
