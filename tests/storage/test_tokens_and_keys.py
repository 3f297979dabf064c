"""Sealed tokens and wrapped data keys."""

from dataclasses import replace
from datetime import timedelta

import pytest

from connector.domain.records import KeyRow, TokenRow


@pytest.fixture
def refresh(world, noon) -> TokenRow:
    """A refresh token of con_a."""
    return TokenRow("con_a", "cus_a", "refresh", "", b"\x00sealed\xff", noon, None, 1)


@pytest.fixture
def access(refresh, noon) -> TokenRow:
    """An access token of con_a for two scopes."""
    return replace(refresh, kind="access", scopes="s1 s2", expires_at=noon + timedelta(hours=1))


def test_a_token_is_kept_by_connection_kind_and_scopes(store, refresh, access):
    other = replace(access, scopes="s1")
    with store.write() as tx:
        for row in (refresh, access, other):
            tx.tokens.put(row)
    with store.read() as tx:
        assert tx.tokens.get("con_a", "refresh", "") == refresh
        assert tx.tokens.get("con_a", "access", "s1 s2") == access
        assert tx.tokens.get("con_a", "access", "s2") is None
        assert tx.tokens.get("con_b", "refresh", "") is None
        assert tx.tokens.access_tokens("con_a") == [other, access]
        assert tx.tokens.count() == 3


def test_a_replaced_token_goes_up_one_version(store, refresh, noon):
    newer = replace(refresh, sealed=b"newer", stored_at=noon + timedelta(seconds=1), version=1)
    with store.write() as tx:
        for row in (refresh, newer, newer):
            tx.tokens.put(row)
        assert tx.tokens.get("con_a", "refresh", "") == replace(newer, version=3)
        assert tx.tokens.count() == 1


def test_tokens_are_destroyed_all_or_access_only(store, refresh, access):
    with store.write() as tx:
        for row in (refresh, access, replace(refresh, connection="con_b", customer="cus_b")):
            tx.tokens.put(row)
        assert tx.tokens.destroy_access("con_a") == 1
        assert tx.tokens.get("con_a", "refresh", "") == refresh
        assert tx.tokens.destroy("con_a") == 1
        assert tx.tokens.destroy("con_a") == 0
        assert tx.tokens.count() == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_destroyed_token_is_not_left_in_the_file_or_its_log(store, refresh, tmp_path):
    """Finding 11: deleting leaves the bytes in place unless SQLite overwrites them."""
    with store.write() as tx:
        tx.tokens.put(replace(refresh, sealed=b"needle-in-the-file"))
    with store.write() as tx:
        tx.tokens.destroy("con_a")
    with store.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.rollback()
    found = b"".join(path.read_bytes() for path in tmp_path.glob("connector.db*"))
    assert b"con_a" in found
    assert b"needle-in-the-file" not in found


def test_the_newest_key_or_a_certain_one_is_found(store, noon):
    first, second = (KeyRow("cus_a", version, "file-1", b"wrapped", noon) for version in (1, 2))
    with store.write() as tx:
        tx.keys.add(second)
        tx.keys.add(first)
        tx.keys.add(KeyRow("operator", 1, "file-1", b"other", noon))
    with store.read() as tx:
        assert tx.keys.get("cus_a") == second
        assert tx.keys.get("cus_a", 1) == first
        assert tx.keys.get("cus_a", 3) is None
        assert tx.keys.get("cus_b") is None
        assert tx.keys.count() == 3


def test_a_key_that_is_there_already_stays(store, noon):
    first = KeyRow("cus_a", 1, "file-1", b"first", noon)
    with store.write() as tx:
        tx.keys.add(first)
        tx.keys.add(replace(first, wrapped=b"second"))
        assert tx.keys.get("cus_a") == first
