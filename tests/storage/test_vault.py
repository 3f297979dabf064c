"""The vault: what was moved, edited or cut does not open (R18, R19, F35)."""

import json
import threading

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from connector.domain.errors import CannotOpen
from connector.domain.records import KeyRow
from connector.storage import FileKeks, SealedVault
from connector.storage import vault as vault_module

PLACE = ("con_1", "refresh")


@pytest.fixture
def sealed(store, vault) -> bytes:
    """A secret of cus_a at con_1, refresh; cus_b has a key too."""
    with store.write() as tx:
        vault.seal(tx, "cus_b", PLACE, b"another secret")
        return vault.seal(tx, "cus_a", PLACE, b"secret")


def opens(store, vault, sealed, owner="cus_a", place=PLACE):
    with store.read() as tx:
        return vault.open(tx, owner, place, sealed)


@pytest.mark.parametrize("plain", [b"", b"x", b"secret" * 1000])
def test_what_was_sealed_opens_for_its_owner_and_place(store, vault, plain):
    with store.write() as tx:
        sealed = vault.seal(tx, "cus_a", PLACE, plain)
        assert vault.open(tx, "cus_a", PLACE, sealed) == plain
    assert opens(store, vault, sealed) == plain
    assert plain == b"" or plain not in sealed or plain == b"x"


def test_another_process_with_the_same_key_file_opens_it(store, sealed, tmp_path, shreds, random, clock):
    elsewhere = SealedVault(FileKeks(tmp_path / "keys").ready_for({"file-1"}), shreds, random, clock)
    assert opens(store, elsewhere, sealed) == b"secret"


def test_the_same_secret_never_looks_the_same(store, vault):
    with store.write() as tx:
        assert len({vault.seal(tx, "cus_a", PLACE, b"secret") for _ in range(50)}) == 50


@pytest.mark.parametrize(
    ("owner", "place"),
    [
        ("cus_b", PLACE),
        ("operator", PLACE),
        ("cus_a", ("con_2", "refresh")),
        ("cus_a", ("con_1", "access")),
        ("cus_a", ("con_1,refresh", "")),
        ("cus_a", ("refresh", "con_1")),
    ],
)
def test_a_value_moved_to_another_customer_connection_or_field_does_not_open(store, vault, sealed, owner, place):
    with pytest.raises(CannotOpen):
        opens(store, vault, sealed, owner, place)


def test_every_flipped_bit_is_noticed(store, vault, sealed):
    with store.read() as tx:
        for bit in range(len(sealed) * 8):
            changed = bytearray(sealed)
            changed[bit // 8] ^= 1 << bit % 8
            with pytest.raises(CannotOpen):
                vault.open(tx, "cus_a", PLACE, bytes(changed))


def test_every_cut_is_noticed(store, vault, sealed):
    with store.read() as tx:
        for length in range(len(sealed)):
            with pytest.raises(CannotOpen):
                vault.open(tx, "cus_a", PLACE, sealed[:length])
        with pytest.raises(CannotOpen):
            vault.open(tx, "cus_a", PLACE, sealed + b"\0")


def test_an_edited_key_id_or_version_does_not_open(store, vault, sealed):
    assert sealed.count(b"cus_a") == 1
    renamed = sealed.replace(b"cus_a", b"cus_b")
    for owner in ("cus_a", "cus_b"):
        with pytest.raises(CannotOpen):
            opens(store, vault, renamed, owner)
    assert sealed[:5] == b"\x01\0\0\0\x01"
    with pytest.raises(CannotOpen, match="no data key 2"):
        opens(store, vault, b"\x01\0\0\0\x02" + sealed[5:])


def test_another_key_encryption_key_opens_nothing(store, sealed, tmp_path, shreds, random, clock):
    wrong = SealedVault(FileKeks(tmp_path / "other").ready_for(()), shreds, random, clock)
    with pytest.raises(CannotOpen):
        opens(store, wrong, sealed)


def test_a_data_key_under_a_key_that_is_not_at_hand_is_named(store, vault, clock):
    with store.write() as tx:
        tx.keys.add(KeyRow("cus_a", 1, "kms-7", b"wrapped", clock.now()))
        with pytest.raises(CannotOpen, match="kms-7"):
            vault.seal(tx, "cus_a", PLACE, b"secret")


def test_a_wrapped_key_copied_to_another_owner_or_version_does_not_open(
    store, vault, sealed, keks, shreds, random, clock
):
    with store.write() as tx:
        row = tx.keys.get("cus_a")
        tx.keys.add(KeyRow("cus_c", 1, row.kek, row.wrapped, row.created_at))
        tx.keys.add(KeyRow("cus_a", 2, row.kek, row.wrapped, row.created_at))
    fresh = SealedVault(keks, shreds, random, clock)
    for owner in ("cus_c", "cus_a"):
        with store.write() as tx, pytest.raises(CannotOpen):
            fresh.seal(tx, owner, PLACE, b"secret")


def test_a_data_key_that_was_rolled_back_is_never_used_again(store, vault, keks, shreds, random, clock):
    with pytest.raises(RuntimeError), store.write() as tx:
        vault.seal(tx, "cus_a", PLACE, b"first")
        vault.seal(tx, "cus_a", PLACE, b"second")  # finds the key in the database, not yet committed
        raise RuntimeError("the action failed")
    with store.read() as tx:
        assert tx.keys.count() == 0
    with store.write() as tx:
        sealed = vault.seal(tx, "cus_a", PLACE, b"third")
    with store.read() as tx:
        assert tx.keys.count() == 1
    assert opens(store, vault, sealed) == b"third"
    assert opens(store, SealedVault(keks, shreds, random, clock), sealed) == b"third"


def test_a_destroyed_key_is_forgotten_after_five_minutes_and_at_once_when_told(store, vault, sealed, clock):
    assert opens(store, vault, sealed) == b"secret"
    with store.write() as tx:
        tx.connection.exec_driver_sql("DELETE FROM data_keys")
    clock.advance(299)
    assert opens(store, vault, sealed) == b"secret"
    clock.advance(1)
    with pytest.raises(CannotOpen, match="no data key 1"):
        opens(store, vault, sealed)


def test_a_forgotten_key_is_read_again(store, vault, sealed):
    assert opens(store, vault, sealed) == b"secret"
    with store.write() as tx:
        tx.connection.exec_driver_sql("DELETE FROM data_keys")
    vault.forget("cus_a")
    with pytest.raises(CannotOpen):
        opens(store, vault, sealed)


def test_a_newer_key_seals_and_the_older_still_opens(store, vault, sealed, keks, clock):
    with store.write() as tx:
        assert vault.seal(tx, "cus_a", PLACE, b"so that it is held in memory")[:5] == b"\x01\0\0\0\x01"
        context = b'["v1","data key","cus_a",2,"file-1"]'
        kek = keks.current()
        tx.keys.add(KeyRow("cus_a", 2, kek.id, kek.wrap(b"k" * 32, context), clock.now()))
    clock.advance(299)
    with store.write() as tx:
        assert vault.seal(tx, "cus_a", PLACE, b"still")[:5] == b"\x01\0\0\0\x01"
    clock.advance(1)
    with store.write() as tx:
        newer = vault.seal(tx, "cus_a", PLACE, b"newer")
    assert newer[:5] == b"\x01\0\0\0\x02"
    assert [opens(store, vault, value) for value in (sealed, newer)] == [b"secret", b"newer"]


def test_eight_threads_that_seal_for_a_new_customer_end_with_one_key(store, keks, shreds, clock, make_random):
    together, sealed, problems = threading.Barrier(8, timeout=60), [], []

    def work(number):
        try:
            vault = SealedVault(keks, shreds, make_random(number), clock)
            together.wait()
            with store.write() as tx:
                sealed.append(vault.seal(tx, "cus_a", PLACE, b"secret"))
        except Exception as error:  # noqa: BLE001 — whatever it is, the test names it
            problems.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    with store.read() as tx:
        assert tx.keys.count() == 1
    last = SealedVault(keks, shreds, make_random(9), clock)
    assert [opens(store, last, value) for value in sealed] == [b"secret"] * 8


def test_nothing_that_fails_or_prints_shows_a_secret(store, vault, sealed, keks):
    with pytest.raises(CannotOpen) as refused:
        opens(store, vault, sealed, place=("con_2", "refresh"))
    said = str(refused.value)
    assert "cus_a" in said
    assert "con_2, refresh" in said
    with store.read() as tx:
        row = tx.keys.get("cus_a")
    shown = said + repr(refused.value) + repr(vault) + repr(keks) + repr(keks.current()) + repr(vars(vault)) + repr(row)
    for secret in ("secret", repr(row.wrapped)):
        assert secret not in shown


def test_a_key_that_was_opened_in_a_transaction_that_failed_is_never_used_again(store, vault):
    """Not for opening either: the next one of that version is another key."""
    with pytest.raises(RuntimeError), store.write() as tx:
        assert vault.open(tx, "cus_a", PLACE, vault.seal(tx, "cus_a", PLACE, b"first")) == b"first"
        raise RuntimeError("the action failed")
    with store.write() as tx:
        sealed = vault.seal(tx, "cus_a", PLACE, b"second")
    assert opens(store, vault, sealed) == b"second"


def test_what_is_forgotten_is_not_sealed_with_either(store, vault, sealed):
    with store.write() as tx:
        vault.seal(tx, "cus_a", PLACE, b"so that it is held in memory")
        tx.connection.exec_driver_sql("DELETE FROM data_keys WHERE owner = 'cus_a'")
    vault.forget("cus_a")
    with store.write() as tx:
        newer = vault.seal(tx, "cus_a", PLACE, b"newer")
        assert tx.keys.get("cus_a") is not None
    assert opens(store, vault, newer) == b"newer"
    with pytest.raises(CannotOpen):
        opens(store, vault, sealed)


def test_a_destroyed_key_leaves_memory_at_the_first_try(store, vault, sealed, shreds, clock):
    assert opens(store, vault, sealed) == b"secret"
    shreds.add("cus_a", 1, clock.now(), [])
    with pytest.raises(CannotOpen, match="data key 1 was destroyed"):
        opens(store, vault, sealed)
    assert not [owner for owner, _ in vault._known if owner == "cus_a"]


def test_only_what_was_sealed_under_a_destroyed_key_counts_as_shredded(vault, sealed, shreds, clock):
    assert vault.shredded("cus_a", sealed) is False
    shreds.add("cus_a", 1, clock.now(), [])
    assert vault.shredded("cus_a", sealed) is True
    for owner, value in (("cus_b", sealed), ("cus_a", b""), ("cus_a", b"\x02" + sealed[1:])):
        assert vault.shredded(owner, value) is False


def test_a_data_key_that_would_not_open_again_is_not_stored_under_the_new_key(store, vault, sealed, keks, monkeypatch):
    with store.read() as tx:
        row = tx.keys.get("cus_a")
    newer = keks.get(keks.make())
    monkeypatch.setattr(newer, "unwrap", lambda wrapped, context: b"another key")
    with pytest.raises(CannotOpen, match="a data key does not open again under file-2"):
        vault.rewrapped(row, "file-2")


@pytest.mark.parametrize("name", ['a","b', "a\\", "\x00\n", "\u2028é\U0001f600", ""])
def test_what_a_value_is_bound_to_is_plain_json_whatever_the_names_hold(name):
    """Values that are stored already were bound by it, so it never changes."""
    told = ["v1", name, "x", name, "y", 3]
    assert vault_module._context(name, ("x", name), "y", 3) == json.dumps(told, separators=(",", ":")).encode()
    told = ["v1", "data key", name, 3, name]
    assert vault_module._wrapping(name, 3, name) == json.dumps(told, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda sealed: sealed.replace(b"cus_a", b"cus_b"), "it was sealed for somebody else"),
        (lambda sealed: sealed[:-1] + b"\0", "it was changed, moved or sealed under another key"),
        (lambda sealed: b"\x02" + sealed[1:], "its format is not known"),
        (lambda sealed: sealed[:5], "its format is not known"),
        (lambda sealed: sealed[:1] + b"\0\0\0\0" + sealed[5:], "its key version is not possible"),
        (lambda sealed: sealed[:1] + b"\x80\0\0\0" + sealed[5:], "its key version is not possible"),
        (lambda sealed: sealed[:1] + b"\x7f\xff\xff\xff" + sealed[5:], "there is no data key 2147483647"),
        (lambda sealed: sealed[:38], "it is too short"),
        (lambda sealed: sealed.replace(b"cus_a", b"cus_\xff"), "its key id is not text"),
    ],
)
def test_the_operator_is_told_in_what_way_a_value_does_not_open(store, vault, sealed, damage, reason):
    with pytest.raises(CannotOpen) as no:
        opens(store, vault, damage(sealed))
    assert str(no.value) == f"the value of cus_a at con_1, refresh, does not open: {reason}"


def test_a_data_key_under_a_newer_key_is_the_same_data_key(store, vault, sealed, keks, shreds, random, clock):
    with store.read() as tx:
        row = tx.keys.get("cus_a")
    keks.make()
    newer = vault.rewrapped(row, "file-2")
    assert (newer.owner, newer.version, newer.kek) == (row.owner, row.version, "file-2")
    assert newer.wrapped != row.wrapped
    with store.write() as tx:
        tx.keys.replace([(row, newer)])
    assert opens(store, SealedVault(keks, shreds, random, clock), sealed) == b"secret"


def test_whether_a_data_key_opens_is_told_without_opening_a_value(store, vault, sealed, shreds, clock):
    with store.read() as tx:
        row = tx.keys.get("cus_a")
    cut = KeyRow(row.owner, row.version, row.kek, row.wrapped[:-1], row.created_at)
    assert [vault.opens(one) for one in (row, cut)] == [True, False]
    shreds.add("cus_a", 1, clock.now(), [])
    assert vault.opens(row) is False


@pytest.mark.parametrize("held", [True, False])
def test_who_comes_back_after_a_shred_is_sealed_for_under_a_new_version(held, store, vault, sealed, shreds, clock):
    if held:
        with store.write() as tx:
            vault.seal(tx, "cus_a", PLACE, b"so that it is held in memory")
    shreds.add("cus_a", 1, clock.now(), [])
    with store.write() as tx:
        newer = vault.seal(tx, "cus_a", PLACE, b"newer")
    assert newer[:5] == b"\x01\0\0\0\x02"
    assert opens(store, vault, newer) == b"newer"


def test_what_a_value_is_bound_to_is_written_as_it_was_when_todays_values_were_sealed(
    store, keks, shreds, random, clock
):
    """Another spelling would leave everything that is stored unreadable."""
    secret = b"k" * 32
    with store.write() as tx:
        kek = keks.current()
        wrapped = kek.wrap(secret, b'["v1","data key","cus_a",1,"file-1"]')
        tx.keys.add(KeyRow("cus_a", 1, kek.id, wrapped, clock.now()))
    bound = b'["v1","cus_a","con_1","refresh","cus_a",1]'
    stored = b"\x01\0\0\0\x01\x05cus_a" + b"n" * 12 + AESGCM(secret).encrypt(b"n" * 12, b"secret", bound)
    assert opens(store, SealedVault(keks, shreds, random, clock), stored) == b"secret"
