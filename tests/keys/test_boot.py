"""A wrong key is found at the start and not at first use (F33)."""

import base64
import secrets
import shutil
from dataclasses import replace

import pytest

from connector.domain import keys, ledger
from connector.domain.errors import CannotOpen, NotSetUp


def other_key(path):
    """A good key file with another key."""
    path.write_bytes(base64.b64encode(secrets.token_bytes(32)) + b"\n")


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_another_key_is_refused_at_the_start(start, fill, folder):
    fill(start(), 3)
    other_key(folder / "kek-1.key")
    before = files(folder)
    with pytest.raises(NotSetUp, match=r"file-1 .* opens no data key of this database. Restore"):
        start()
    assert files(folder) == before


def test_another_key_is_refused_where_the_operators_own_is_the_only_row(start, folder):
    svc = start()
    with svc.store.write() as tx:
        svc.vault.seal(tx, ledger.OPERATOR, ("led_1", "ledger"), b"one entry")
    other_key(folder / "kek-1.key")
    with pytest.raises(NotSetUp):
        start()


def test_a_wrong_key_of_an_unfinished_rotation_is_refused_whichever_it_is(start, fill, folder):
    svc = start()
    values = fill(svc, 40)

    def killed(_done, _of):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        keys.rotate(svc, ledger.SYSTEM, killed, batch=20)
    for name in ("kek-1.key", "kek-2.key"):
        good = (folder / name).read_bytes()
        other_key(folder / name)
        with pytest.raises(NotSetUp, match="Restore"):
            start()
        (folder / name).write_bytes(good)
    assert values.all_open(start())


def test_a_missing_old_key_is_refused_while_rows_name_it(start, fill, folder):
    svc = start()
    fill(svc, 5)
    svc.vault.keks.make()
    (folder / "kek-1.key").rename(folder / "elsewhere")
    with pytest.raises(NotSetUp, match=r"kek-1.key is missing"):
        start()
    assert not (folder / "kek-1.key").exists()


def test_yesterdays_database_opens_again_when_its_retired_key_is_renamed(start, fill, folder, tmp_path):
    svc = start()
    values = fill(svc, 5)
    with svc.store.read() as tx:
        yesterday = list(tx.keys.page(("", 0), 100))
    keys.rotate(svc, ledger.SYSTEM)
    with svc.store.write() as tx:
        for row in yesterday:
            tx.keys.destroy(row.owner, row.version)
            tx.keys.add(row)
    with pytest.raises(NotSetUp, match=r"Rename .*kek-1.retired to kek-1.key, then run: connector keys rotate"):
        start()
    (folder / "kek-1.retired").rename(folder / "kek-1.key")
    again = start()
    assert values.all_open(again)
    assert keys.rotate(again, ledger.SYSTEM).retired == ["file-1"]
    assert values.all_open(start())


def test_one_damaged_row_of_many_stops_nobody_else(start, fill):
    svc = start()
    values = fill(svc, 5)
    with svc.store.write() as tx:
        row = tx.keys.get("cus_000")
        tx.keys.replace([(row, replace(row, wrapped=row.wrapped[:-1] + bytes([row.wrapped[-1] ^ 1])))])
    fresh = start()
    assert values.opens(fresh, "cus_001") == b"cus_001"
    with pytest.raises(CannotOpen):
        values.opens(fresh, "cus_000")


@pytest.mark.parametrize("damage", ["swapped", "another customer's name", "cut", "another version"])
def test_f35_a_swapped_edited_or_cut_row_fails_closed_and_others_are_unaffected(start, fill, damage):
    svc = start()
    values = fill(svc, 4)
    one, two = values.sealed["cus_000"], values.sealed["cus_001"]
    values.sealed["cus_000"] = {
        "swapped": two,
        "another customer's name": one.replace(b"cus_000", b"cus_001"),
        "cut": one[:-1],
        "another version": one[:4] + b"\x02" + one[5:],
    }[damage]
    with pytest.raises(CannotOpen):
        values.opens(svc, "cus_000")
    assert values.opens(svc, "cus_002") == b"cus_002"


def test_two_customers_wrapped_keys_swapped_in_the_database_open_neither(start, fill):
    svc = start()
    values = fill(svc, 4)
    with svc.store.write() as tx:
        one, two = tx.keys.get("cus_000"), tx.keys.get("cus_001")
        tx.keys.replace([(one, replace(one, wrapped=two.wrapped))])
        tx.keys.replace([(two, replace(two, wrapped=one.wrapped))])
    fresh = start()
    for owner in ("cus_000", "cus_001"):
        with pytest.raises(CannotOpen):
            values.opens(fresh, owner)
    assert values.opens(fresh, "cus_002") == b"cus_002"
    assert [row.owner for row in keys.status(fresh).stuck] == ["cus_000", "cus_001"]


def test_a_first_start_makes_the_key_once_and_later_ones_keep_it(start, folder):
    start()
    before = files(folder)
    start()
    assert files(folder) == before
    assert list(before) == ["kek-1.key"]
    shutil.rmtree(folder)
    start()  # nothing was sealed yet, so nothing is lost
