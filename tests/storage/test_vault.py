"""The vault: what was moved, edited or cut does not open."""

import pytest

from connector.domain.errors import CannotOpen


def test_what_was_sealed_opens_for_its_owner_and_place(store, vault):
    with store.write() as tx:
        sealed = vault.seal(tx, "cus_a", ("con_1", "refresh"), b"secret")
        assert vault.open(tx, "cus_a", ("con_1", "refresh"), sealed) == b"secret"
    with store.read() as tx:
        assert vault.open(tx, "cus_a", ("con_1", "refresh"), sealed) == b"secret"
    with store.read() as tx, pytest.raises(CannotOpen):
        vault.open(tx, "cus_b", ("con_1", "refresh"), sealed)
