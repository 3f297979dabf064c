"""The keys that sign programs' tokens: made once, kept to oneself, changed while the product runs."""

import stat
import threading

import pytest

from connector.domain.admitting import TOKEN_LIFE
from connector.domain.errors import NotSetUp
from connector.storage import FileTokenKeys
from connector.storage.token_keys import SLACK


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "keys"


def files(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_first_key_is_made_on_first_use_for_this_user_alone(folder, clock):
    key = FileTokenKeys(folder, clock).newest()
    path = folder / f"{key.id}.pem"
    assert files(folder) == [path.name]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert path.read_text() == key.for_signing()
    again = FileTokenKeys(folder, clock).newest()
    assert (again.id, again) == (key.id, key)


def test_a_new_key_signs_at_once_in_every_process_and_the_one_before_counts_as_long_as_its_tokens_live(folder, clock):
    here, elsewhere = FileTokenKeys(folder, clock), FileTokenKeys(folder, clock)
    old = here.newest()
    clock.advance(3600)
    new = here.make()
    assert elsewhere.newest() == new != old
    assert elsewhere.find(old.id) == old
    clock.advance((TOKEN_LIFE + SLACK).total_seconds() - 1)
    assert elsewhere.find(old.id) == old
    clock.advance(1)
    assert elsewhere.find(old.id) is here.find(old.id) is None
    assert elsewhere.find(new.id) == new


def test_the_next_key_deletes_what_counts_no_more(folder, clock):
    keys = FileTokenKeys(folder, clock)
    first = keys.newest()
    clock.advance(3600)
    second = keys.make()
    clock.advance(3600)
    third = keys.make()
    assert files(folder) == [f"{second.id}.pem", f"{third.id}.pem"]
    assert keys.find(first.id) is None


def test_after_a_leak_only_the_new_key_counts(folder, clock):
    keys, elsewhere = FileTokenKeys(folder, clock), FileTokenKeys(folder, clock)
    old = keys.newest()
    new = keys.make(only=True)  # in the same second
    assert elsewhere.find(old.id) is None
    assert elsewhere.find(new.id) == new
    assert files(folder) == [f"{new.id}.pem"]


def test_a_clock_that_went_back_does_not_make_an_old_key_the_newest(folder, clock):
    keys = FileTokenKeys(folder, clock)
    old = keys.newest()
    clock.advance(-86_400)
    assert keys.make().id > old.id


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: path.chmod(0o640), "Others can read"),
        (lambda path: path.parent.chmod(0o770), "Others can replace"),
        (lambda path: path.write_text("nothing like it"), "no Ed25519 key"),
    ],
)
def test_a_key_that_others_may_have_or_that_is_none_stops_the_start(folder, clock, spoil, said):
    key = FileTokenKeys(folder, clock).newest()
    spoil(folder / f"{key.id}.pem")
    with pytest.raises(NotSetUp, match=said):
        FileTokenKeys(folder, clock)


@pytest.mark.parametrize("id", ["token-1", "token-0", "signing", "kek-1", "../token-1", "", "token-1538827200.pem"])
def test_a_name_that_is_no_key_finds_nothing(folder, clock, id):
    assert FileTokenKeys(folder, clock).find(id) is None


def test_processes_that_start_at_once_agree_on_a_key(folder, clock):
    found = []
    threads = [threading.Thread(target=lambda: found.append(FileTokenKeys(folder, clock).newest())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_a_key_does_not_print(folder, clock):
    key = FileTokenKeys(folder, clock).newest()
    assert "PRIVATE" not in f"{key!r} {key} {key:>20}"
