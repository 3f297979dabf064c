"""Programs that act for a customer, and their secrets."""

import sqlalchemy as sa
from alembic import op

revision = "0006_programs"
down_revision = "0005_lost_scopes"


def upgrade() -> None:
    """Forward only."""
    op.create_table(
        "programs",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("customer", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("purposes", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("used_at", sa.BigInteger()),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("ended_by", sa.Text()),
        sa.ForeignKeyConstraint(["customer"], ["customers.id"], name=op.f("fk_programs_customer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_programs")),
    )
    op.create_index(op.f("ix_programs_customer"), "programs", ["customer"])
    op.create_table(
        "program_secrets",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("program", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger()),
        sa.Column("ended_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["program"], ["programs.id"], name=op.f("fk_program_secrets_program")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_program_secrets")),
    )
    op.create_index(op.f("ix_program_secrets_program"), "program_secrets", ["program"])
