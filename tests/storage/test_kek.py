"""The key file (R21)."""

import os
import stat
import threading

import pytest

from connector.domain.errors import CannotOpen, NotSetUp
from connector.storage import FileKek


def test_the_first_use_makes_a_key_for_its_owner_only(tmp_path):
    kek = FileKek.open(tmp_path / "instance" / "keys", sealed_data_exists=False)
    path = tmp_path / "instance" / "keys" / "kek-1.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [made.name for made in path.parent.iterdir()] == ["kek-1.key"]
    assert path.read_text().strip() not in repr(kek) + str(kek)


def test_the_second_use_reads_the_same_key(tmp_path):
    wrapped = FileKek(tmp_path / "keys").wrap(b"data key", b"context")
    assert FileKek(tmp_path / "keys").unwrap(wrapped, b"context") == b"data key"


@pytest.mark.parametrize("context", [b"", b"other"])
def test_a_wrapped_key_opens_in_its_own_context_only(tmp_path, context):
    kek = FileKek(tmp_path / "keys")
    with pytest.raises(CannotOpen):
        kek.unwrap(kek.wrap(b"data key", b"context"), context)


@pytest.mark.parametrize("length", [0, 5, 12, 20])
def test_a_wrapped_key_that_was_cut_does_not_open(tmp_path, length):
    kek = FileKek(tmp_path / "keys")
    with pytest.raises(CannotOpen):
        kek.unwrap(kek.wrap(b"data key", b"context")[:length], b"context")


def test_a_missing_key_is_never_replaced_while_sealed_data_exists(tmp_path):
    with pytest.raises(NotSetUp, match="missing and the database holds sealed data"):
        FileKek.open(tmp_path / "keys", sealed_data_exists=True)
    assert not (tmp_path / "keys").exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_key_that_others_can_reach_is_refused_with_the_command_that_helps(tmp_path, mode):
    FileKek(tmp_path / "keys")
    (tmp_path / "keys" / "kek-1.key").chmod(mode)
    with pytest.raises(NotSetUp, match="chmod 600"):
        FileKek.open(tmp_path / "keys", sealed_data_exists=True)


def test_a_folder_that_others_can_write_is_refused(tmp_path):
    FileKek(tmp_path / "keys")
    (tmp_path / "keys").chmod(0o770)
    with pytest.raises(NotSetUp, match="chmod 700"):
        FileKek.open(tmp_path / "keys", sealed_data_exists=True)


@pytest.mark.parametrize("text", ["", "short", "A" * 42, "not base64 !" * 4, "A" * 500])
def test_a_malformed_key_is_refused(tmp_path, text):
    (tmp_path / "keys").mkdir(mode=0o700)
    path = tmp_path / "keys" / "kek-1.key"
    path.touch(mode=0o600)
    path.write_text(text)
    with pytest.raises(NotSetUp, match="32 bytes in base64") as refused:
        FileKek.open(tmp_path / "keys", sealed_data_exists=True)
    assert not text or text not in str(refused.value)


@pytest.mark.parametrize("exists", [True, False])
def test_a_link_is_not_followed(tmp_path, exists):
    FileKek(tmp_path / "elsewhere")
    if not exists:
        (tmp_path / "elsewhere" / "kek-1.key").unlink()
    (tmp_path / "keys").mkdir(mode=0o700)
    (tmp_path / "keys" / "kek-1.key").symlink_to(tmp_path / "elsewhere" / "kek-1.key")
    for sealed_data_exists in (True, False):
        with pytest.raises(NotSetUp, match="plain file"):
            FileKek.open(tmp_path / "keys", sealed_data_exists=sealed_data_exists)


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_only_a_plain_file_is_a_key(tmp_path, make):
    (tmp_path / "keys").mkdir(mode=0o700)
    make(tmp_path / "keys" / "kek-1.key")
    with pytest.raises(NotSetUp, match="not a plain file"):
        FileKek.open(tmp_path / "keys", sealed_data_exists=True)


def test_programs_that_start_at_once_share_one_key(tmp_path):
    keks, together = [], threading.Barrier(8, timeout=60)

    def start():
        together.wait()
        keks.append(FileKek(tmp_path / "keys"))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wrapped = keks[0].wrap(b"data key", b"context")
    assert [kek.unwrap(wrapped, b"context") for kek in keks] == [b"data key"] * 8
    assert [made.name for made in (tmp_path / "keys").iterdir()] == ["kek-1.key"]


def test_a_destroyed_key_is_gone(tmp_path):
    FileKek(tmp_path / "keys").destroy()
    with pytest.raises(NotSetUp, match="missing"):
        FileKek.open(tmp_path / "keys", sealed_data_exists=True)
