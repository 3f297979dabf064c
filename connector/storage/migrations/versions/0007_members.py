"""What a member may not do: nothing is kept from anybody until somebody says so."""

import sqlalchemy as sa
from alembic import op

revision = "0007_members"
down_revision = "0006_programs"


def upgrade() -> None:
    """Forward only."""
    op.add_column("people", sa.Column("may_not", sa.Text(), nullable=False, server_default=sa.text("'[]'")))
