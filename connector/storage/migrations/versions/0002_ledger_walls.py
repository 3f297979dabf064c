"""The ledger's walls: nobody who writes through the database changes, removes or skips an entry (R57).

Sealed details alone may go, for erasure (R60): `sealed` becomes NULL and the entry still verifies.
The table of open intents follows the entries here too, in the same statement that adds one.
"""

from alembic import op

revision = "0002"
down_revision = "0001"

KEPT = (
    *("idx", "id", "kind", "at", "customer", "connection", "actor"),
    *("purpose", "operation", "decision", "reason", "intent", "owner", "entry"),
)

# REPLACE deletes without firing DELETE triggers, but only a row with the same index, and that is refused before.
SQLITE = (
    f"""
    CREATE TRIGGER ledger_entries_no_change BEFORE UPDATE ON ledger_entries
    WHEN NEW.sealed IS NOT NULL OR {" OR ".join(f'NEW."{name}" IS NOT OLD."{name}"' for name in KEPT)}
    BEGIN SELECT RAISE(ABORT, 'ledger entries are never changed'); END
    """,
    """
    CREATE TRIGGER ledger_entries_no_delete BEFORE DELETE ON ledger_entries
    BEGIN SELECT RAISE(ABORT, 'ledger entries are never deleted'); END
    """,
    """
    CREATE TRIGGER ledger_entries_no_gap BEFORE INSERT ON ledger_entries
    WHEN NEW.idx IS NOT (SELECT coalesce(max(idx) + 1, 0) FROM ledger_entries)
    BEGIN SELECT RAISE(ABORT, 'ledger entries are only appended'); END
    """,
    """
    CREATE TRIGGER ledger_entries_open AFTER INSERT ON ledger_entries WHEN NEW.decision = 'intent'
    BEGIN INSERT INTO open_intents (idx) VALUES (NEW.idx); END
    """,
    """
    CREATE TRIGGER ledger_entries_close AFTER INSERT ON ledger_entries WHEN NEW.intent IS NOT NULL
    BEGIN DELETE FROM open_intents WHERE idx = NEW.intent; END
    """,
)

POSTGRESQL = (
    """
    CREATE FUNCTION ledger_entries_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'ledger entries are never changed or deleted'
            USING ERRCODE = 'integrity_constraint_violation';
    END $$
    """,
    """
    CREATE FUNCTION ledger_entries_append() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.idx IS DISTINCT FROM (SELECT coalesce(max(idx) + 1, 0) FROM ledger_entries) THEN
            RAISE EXCEPTION 'ledger entries are only appended'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    f"""
    CREATE TRIGGER ledger_entries_no_change BEFORE UPDATE ON ledger_entries FOR EACH ROW
    WHEN (NEW.sealed IS NOT NULL OR {" OR ".join(f'NEW."{name}" IS DISTINCT FROM OLD."{name}"' for name in KEPT)})
    EXECUTE FUNCTION ledger_entries_refuse()
    """,
    """
    CREATE TRIGGER ledger_entries_no_delete BEFORE DELETE ON ledger_entries FOR EACH ROW
    EXECUTE FUNCTION ledger_entries_refuse()
    """,
    """
    CREATE TRIGGER ledger_entries_no_truncate BEFORE TRUNCATE ON ledger_entries
    EXECUTE FUNCTION ledger_entries_refuse()
    """,
    """
    CREATE TRIGGER ledger_entries_no_gap BEFORE INSERT ON ledger_entries FOR EACH ROW
    EXECUTE FUNCTION ledger_entries_append()
    """,
    """
    CREATE FUNCTION ledger_entries_follow() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.decision = 'intent' THEN
            INSERT INTO open_intents (idx) VALUES (NEW.idx);
        END IF;
        DELETE FROM open_intents WHERE idx = NEW.intent;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER ledger_entries_follow AFTER INSERT ON ledger_entries FOR EACH ROW
    EXECUTE FUNCTION ledger_entries_follow()
    """,
)


def upgrade() -> None:
    """Forward only."""
    for statement in POSTGRESQL if op.get_bind().dialect.name == "postgresql" else SQLITE:
        op.execute(statement)
