"""The key file (R21)."""

import os
import stat
import threading

import pytest

from connector.domain.errors import CannotOpen, NotSetUp
from connector.storage import FileKeks


def test_the_first_use_makes_a_key_for_its_owner_only(tmp_path):
    keks = FileKeks(tmp_path / "instance" / "keys").ready_for(())
    path = tmp_path / "instance" / "keys" / "kek-1.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [made.name for made in path.parent.iterdir()] == ["kek-1.key"]
    assert path.read_text().strip() not in repr(keks) + str(keks) + repr(keks.current())


def test_the_second_use_reads_the_same_key(tmp_path):
    wrapped = FileKeks(tmp_path / "keys").ready_for(()).current().wrap(b"data key", b"context")
    assert FileKeks(tmp_path / "keys").ready_for(()).current().unwrap(wrapped, b"context") == b"data key"


@pytest.mark.parametrize("context", [b"", b"other"])
def test_a_wrapped_key_opens_in_its_own_context_only(tmp_path, context):
    kek = FileKeks(tmp_path / "keys").ready_for(()).current()
    with pytest.raises(CannotOpen):
        kek.unwrap(kek.wrap(b"data key", b"context"), context)


@pytest.mark.parametrize("length", [0, 5, 12, 20])
def test_a_wrapped_key_that_was_cut_does_not_open(tmp_path, length):
    kek = FileKeks(tmp_path / "keys").ready_for(()).current()
    with pytest.raises(CannotOpen):
        kek.unwrap(kek.wrap(b"data key", b"context")[:length], b"context")


def test_a_missing_key_is_never_replaced_while_sealed_data_exists(tmp_path):
    with pytest.raises(NotSetUp, match="missing and the database holds sealed data"):
        FileKeks(tmp_path / "keys").ready_for({"file-1"})
    assert not (tmp_path / "keys").exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_key_that_others_can_reach_is_refused_with_the_command_that_helps(tmp_path, mode):
    FileKeks(tmp_path / "keys").ready_for(())
    (tmp_path / "keys" / "kek-1.key").chmod(mode)
    with pytest.raises(NotSetUp, match="chmod 600"):
        FileKeks(tmp_path / "keys").ready_for({"file-1"})


def test_a_folder_that_others_can_write_is_refused(tmp_path):
    FileKeks(tmp_path / "keys").ready_for(())
    (tmp_path / "keys").chmod(0o770)
    with pytest.raises(NotSetUp, match="chmod 700"):
        FileKeks(tmp_path / "keys").ready_for({"file-1"})


@pytest.mark.parametrize("text", ["", "short", "A" * 42, "not base64 !" * 4, "A" * 500])
def test_a_malformed_key_is_refused(tmp_path, text):
    (tmp_path / "keys").mkdir(mode=0o700)
    path = tmp_path / "keys" / "kek-1.key"
    path.touch(mode=0o600)
    path.write_text(text)
    with pytest.raises(NotSetUp, match="32 bytes in base64") as refused:
        FileKeks(tmp_path / "keys").ready_for({"file-1"})
    assert not text or text not in str(refused.value)


@pytest.mark.parametrize("exists", [True, False])
def test_a_link_is_not_followed(tmp_path, exists):
    FileKeks(tmp_path / "elsewhere").ready_for(())
    if not exists:
        (tmp_path / "elsewhere" / "kek-1.key").unlink()
    (tmp_path / "keys").mkdir(mode=0o700)
    (tmp_path / "keys" / "kek-1.key").symlink_to(tmp_path / "elsewhere" / "kek-1.key")
    for named in ({"file-1"}, ()):
        with pytest.raises(NotSetUp, match="plain file"):
            FileKeks(tmp_path / "keys").ready_for(named)


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_only_a_plain_file_is_a_key(tmp_path, make):
    (tmp_path / "keys").mkdir(mode=0o700)
    make(tmp_path / "keys" / "kek-1.key")
    with pytest.raises(NotSetUp, match="not a plain file"):
        FileKeks(tmp_path / "keys").ready_for({"file-1"})


def test_programs_that_start_at_once_share_one_key(tmp_path):
    keks, together = [], threading.Barrier(8, timeout=60)

    def start():
        together.wait()
        keks.append(FileKeks(tmp_path / "keys").ready_for(()).current())

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wrapped = keks[0].wrap(b"data key", b"context")
    assert [kek.unwrap(wrapped, b"context") for kek in keks] == [b"data key"] * 8
    assert [made.name for made in (tmp_path / "keys").iterdir()] == ["kek-1.key"]


def test_a_newer_key_wraps_and_the_older_still_unwraps_in_a_process_that_knew_only_that(tmp_path):
    running = FileKeks(tmp_path / "keys").ready_for(())
    wrapped = running.current().wrap(b"data key", b"context")
    assert FileKeks(tmp_path / "keys").ready_for(()).make() == "file-2"
    assert (running.current().id, running.ids()) == ("file-2", ["file-1", "file-2"])
    assert running.get("file-1").unwrap(wrapped, b"context") == b"data key"
    with pytest.raises(CannotOpen):
        running.get("file-2").unwrap(wrapped, b"context")


def test_the_tenth_key_is_newer_than_the_ninth(tmp_path):
    keks = FileKeks(tmp_path / "keys").ready_for(())
    for _ in range(9):
        keks.make()
    assert keks.current().id == "file-10"


def test_a_retired_key_is_not_used_but_kept_and_its_number_is_not_used_again(tmp_path):
    keks = FileKeks(tmp_path / "keys").ready_for(())
    keks.make()
    keks.retire("file-1")
    assert keks.ids() == ["file-2"]
    assert stat.S_IMODE((tmp_path / "keys" / "kek-1.retired").stat().st_mode) == 0o600
    with pytest.raises(CannotOpen, match="file-1"):
        FileKeks(tmp_path / "keys").ready_for(()).get("file-1")
    (tmp_path / "keys" / "kek-2.key").rename(tmp_path / "keys" / "kek-2.retired")
    assert FileKeks(tmp_path / "keys").ready_for(()).ids() == ["file-3"]


def test_a_database_from_before_a_retirement_is_told_what_to_rename(tmp_path):
    keks = FileKeks(tmp_path / "keys").ready_for(())
    keks.make()
    keks.retire("file-1")
    with pytest.raises(NotSetUp, match=r"Rename .*kek-1.retired to kek-1.key, then run: connector keys rotate"):
        FileKeks(tmp_path / "keys").ready_for({"file-1"})
    assert FileKeks(tmp_path / "keys").ready_for({"file-2"}).ids() == ["file-2"]


def test_data_keys_under_something_that_is_no_key_file_are_named(tmp_path):
    with pytest.raises(NotSetUp, match="kms-7"):
        FileKeks(tmp_path / "keys").ready_for({"kms-7"})
    assert not (tmp_path / "keys").exists()


def test_a_new_key_has_a_number_above_every_one_that_was_ever_used(tmp_path):
    empty = FileKeks(tmp_path / "keys")
    assert empty.make() == "file-1"
    (tmp_path / "keys" / "kek-1.key").rename(tmp_path / "keys" / "kek-7.retired")
    assert [empty.make(), empty.make()] == ["file-8", "file-9"]
    assert repr(FileKeks(tmp_path / "keys")) == "<FileKeks file-8, file-9>"


def test_a_key_that_was_made_since_the_keys_were_read_is_not_missing_and_excuses_no_other(tmp_path):
    early = FileKeks(tmp_path / "keys").ready_for(())
    FileKeks(tmp_path / "keys").make()
    assert early.ready_for({"file-1", "file-2"}).ids() == ["file-1", "file-2"]
    with pytest.raises(NotSetUp, match=r"kek-9.key is missing"):
        FileKeks(tmp_path / "keys").ready_for({"file-9"})
    late = FileKeks(tmp_path / "keys")
    late.make()
    with pytest.raises(NotSetUp, match=r"kek-9.key is missing"):
        late.ready_for({"file-3", "file-9"})


def test_where_there_is_a_key_none_is_made_whatever_was_retired(tmp_path):
    FileKeks(tmp_path / "keys").ready_for(())
    folder = tmp_path / "keys"
    (folder / "kek-1.key").rename(folder / "kek-5.key")
    (folder / "kek-1.retired").touch(mode=0o600)
    assert FileKeks(folder).ready_for({"file-5"}).ids() == ["file-5"]


def test_a_data_key_that_does_not_open_names_the_key_it_was_tried_with(tmp_path):
    kek = FileKeks(tmp_path / "keys").ready_for(()).current()
    with pytest.raises(CannotOpen, match="does not open under the key-encryption key file-1"):
        kek.unwrap(b"x" * 60, b"context")


@pytest.mark.parametrize("odd", ["!", " ", "\n", "é"])
def test_a_key_with_a_stray_character_in_it_is_not_repaired(tmp_path, odd):
    FileKeks(tmp_path / "keys").ready_for(())
    path = tmp_path / "keys" / "kek-1.key"
    text = path.read_text()
    path.write_text(text[:10] + odd + text[10:])
    with pytest.raises(NotSetUp, match="32 bytes in base64"):
        FileKeks(tmp_path / "keys")
