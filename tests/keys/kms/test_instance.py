"""An instance whose keys are at a service: start, rotation, move, shred (R19-R21, F33-F36)."""

from dataclasses import replace

import pytest

from connector.domain import events, evidence, keys
from connector.domain.errors import CannotOpen, KeyServiceDown, NotSetUp
from connector.domain.ledger import SYSTEM


def by_kek(svc):
    with svc.store.read() as tx:
        return dict(tx.keys.by_kek())


def rows(svc):
    with svc.store.read() as tx:
        return list(tx.keys.page(("", 0), 1000))


def put(svc, restored):
    """What a restored backup of the database does."""
    with svc.store.write() as tx:
        for row in restored:
            tx.keys.destroy(row.owner, row.version)
            tx.keys.add(row)


def test_data_keys_are_wrapped_by_the_service_and_a_restart_opens_everything(start, fill, at_service, backend, folder):
    svc = start()
    values = fill(svc, 3)
    assert by_kek(svc) == {backend.id_of(1): 4}
    assert values.all_open(start())
    assert [path.name for path in folder.glob("kek-*")] == []
    assert keys.status(svc).good


def test_a_wrapped_key_moved_to_another_owner_or_version_does_not_open(start, fill, at_service, backend):
    svc = start()
    values = fill(svc, 3)
    one, two = (next(row for row in rows(svc) if row.owner == owner) for owner in ("cus_000", "cus_001"))
    put(svc, [replace(one, wrapped=two.wrapped), replace(two, wrapped=one.wrapped)])
    fresh = start()
    for owner in ("cus_000", "cus_001"):
        with pytest.raises(CannotOpen):
            values.opens(fresh, owner)
    assert values.opens(fresh, "cus_002") == b"cus_002"
    assert [row.owner for row in keys.status(fresh).stuck] == ["cus_000", "cus_001"]


def test_other_keys_under_the_same_name_are_found_at_the_start(start, fill, at_service, backend):
    fill(start(), 3)
    backend.lose_keys()
    with pytest.raises((NotSetUp, KeyServiceDown)) as refused:
        start()
    assert backend.id_of(1) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_rotation_puts_everything_under_a_newer_key_and_locks_the_old_one(
    start, fill, at_service, backend, kinds, environ
):
    values = fill(start(), 12)
    backend.prepare_rotation(environ)
    svc, told = start(), []
    done = keys.rotate(svc, SYSTEM, lambda *progress: told.append(progress), batch=5)
    assert (done.current, done.rewrapped, done.stuck) == (backend.id_of(2), 13, [])
    assert (done.retired, told) == ([backend.id_of(1)], [(5, 13), (10, 13), (13, 13)])
    match backend.name:
        case "vault":
            assert (backend.server.least, done.left) == ({"connector": 2}, [])
        case "gcp-kms":
            assert (backend.server.states, done.left) == (["DISABLED", "ENABLED"], [])
        case _:
            assert done.left == [
                f"Disable {backend.id_of(1)} in AWS KMS and take it out of CONNECTOR_AWS_KMS_KEYS. Schedule its "
                "deletion when no backup from before is kept."
            ]
    assert by_kek(svc) == {backend.id_of(2): 13}
    assert kinds(svc)[-1] == events.KEK_RETIRED.id
    assert values.all_open(start())
    assert keys.status(svc).good
    assert evidence.verify(svc).good


def test_a_rotation_that_loses_its_service_keeps_what_it_did_and_goes_on_later(
    start, fill, at_service, backend, environ
):
    values = fill(start(), 12)
    backend.prepare_rotation(environ)
    svc = start()

    def down(_done, _of):
        backend.server.fault = 503

    with pytest.raises(KeyServiceDown):
        keys.rotate(svc, SYSTEM, down, batch=5)
    backend.server.fault = None
    fresh = start()
    assert by_kek(fresh) == {backend.id_of(1): 8, backend.id_of(2): 5}
    assert values.all_open(fresh)
    assert not keys.status(fresh).good
    done = keys.rotate(fresh, SYSTEM)
    assert (done.resumed, done.rewrapped, done.stuck, done.retired) == (True, 8, [], [backend.id_of(1)])
    assert values.all_open(start())


def test_a_row_that_does_not_open_is_left_and_keeps_its_key_from_being_locked(
    start, fill, at_service, backend, environ
):
    svc = start()
    values = fill(svc, 4)
    one, two = rows(svc)[:2]
    put(svc, [replace(one, wrapped=two.wrapped)])
    backend.prepare_rotation(environ)
    svc = start()
    done = keys.rotate(svc, SYSTEM)
    assert ([row.owner for row in done.stuck], done.retired, done.left) == ([one.owner], [], [])
    put(svc, [one])  # its row from a backup
    assert keys.rotate(svc, SYSTEM).retired == [backend.id_of(1)]
    assert values.all_open(start())


def test_without_the_right_to_make_a_key_a_rotation_says_who_can_and_takes_what_they_made(
    start, fill, at_service, backend, environ, kinds
):
    svc = start()
    values = fill(svc, 3)
    if backend.name != "aws-kms":  # where nobody but a person makes keys
        backend.deny("rotate", "config", "create", "update")
    with pytest.raises(NotSetUp, match=r"run this again|run: connector keys rotate"):
        keys.rotate(svc, SYSTEM)
    assert kinds(svc)[-2:] == [events.ROTATION_BEGUN.id, events.KEK_NOT_MADE.id]
    assert by_kek(svc) == {backend.id_of(1): 4}
    match backend.name:
        case "vault":
            backend.server.keys["connector"].append(bytes(range(32)))
        case "gcp-kms":
            backend.server.versions.append(bytes(range(32)))
            backend.server.states.append("ENABLED")
            backend.server.primary = 2
        case _:
            backend.prepare_rotation(environ)
    done = keys.rotate(start(), SYSTEM)
    assert (done.current, done.retired) == (backend.id_of(2), [backend.id_of(1)])
    assert len(done.left) == 1  # locking the old one is left to that person too
    assert values.all_open(start())


def test_an_instance_moves_from_key_files_to_a_service_and_back(start, fill, environ, backend, folder):
    values = fill(start(), 5)
    environ.update(backend.settings)
    assert values.all_open(start())  # the settings of a service alone change nothing
    assert (by_kek(start()), backend.server.seen) == ({"file-1": 6}, [])
    environ["CONNECTOR_KEY_BACKEND"] = backend.name
    moving = start()
    assert values.all_open(moving)
    assert moving.vault.keks.ids() == ["file-1", backend.id_of(1)]
    done = keys.rotate(moving, SYSTEM)
    assert (done.current, done.retired, done.left) == (backend.id_of(1), ["file-1"], [])
    assert (by_kek(moving), (folder / "kek-1.retired").exists()) == ({backend.id_of(1): 6}, True)
    environ["CONNECTOR_KEY_BACKEND"] = "file"
    back = start()
    assert values.all_open(back)
    assert back.vault.keks.ids() == [backend.id_of(1), "file-2"]
    assert keys.rotate(back, SYSTEM).retired == [backend.id_of(1)]
    for name in backend.settings:
        del environ[name]
    last = start()
    assert (by_kek(last), values.all_open(last)) == ({"file-2": 6}, True)


def test_rows_under_a_service_that_is_not_set_any_more_are_refused_at_the_start(start, fill, at_service, backend):
    fill(start(), 2)
    for name in [*backend.settings, "CONNECTOR_KEY_BACKEND"]:
        del at_service[name]
    with pytest.raises(NotSetUp, match="Set that key service's settings again"):
        start()


def test_yesterdays_database_says_how_its_retired_key_is_allowed_again(
    start, fill, at_service, backend, environ, folder
):
    svc = start()
    values, yesterday = fill(svc, 3), rows(svc)
    backend.prepare_rotation(environ)
    keys.rotate(start(), SYSTEM)
    put(svc, yesterday)
    with pytest.raises(NotSetUp, match=r"from before .* was retired. Allow it again at its service, remove its line"):
        start()
    lines = (folder / "services.jsonl").read_text().splitlines()
    (folder / "services.jsonl").write_text("".join(f"{line}\n" for line in lines if "retired" not in line))
    if backend.name == "vault":
        backend.server.least["connector"] = 1
    if backend.name == "gcp-kms":
        backend.server.states[0] = "ENABLED"
    again = start()
    assert values.all_open(again)
    assert keys.rotate(again, SYSTEM).retired == [backend.id_of(1)]


def test_without_its_list_an_instance_finds_its_keys_by_the_rows(start, fill, at_service, backend, environ, folder):
    values = fill(start(), 2)
    backend.prepare_rotation(environ)
    keys.rotate(start(), SYSTEM)
    (folder / "services.jsonl").unlink()
    assert start().vault.keks.ids()[-1] == backend.id_of(2)
    assert values.all_open(start())


def test_a_shredded_customers_keys_open_nowhere_though_the_service_would(start, fill, at_service):
    svc = start()
    values, yesterday = fill(svc, 3), rows(svc)
    assert keys.shred(svc, SYSTEM, "cus_001").keys == 1
    put(svc, yesterday)
    for process in (svc, start()):
        with pytest.raises(CannotOpen):
            values.opens(process, "cus_001")
        assert values.opens(process, "cus_002") == b"cus_002"


def test_a_key_retired_between_wrapping_and_storing_is_not_used(start, at_service, backend, environ, monkeypatch):
    slow = start()
    backend.prepare_rotation(environ)
    kek, ring, rotated = slow.vault.keks.current(), slow.vault.keks, []
    wrap = type(kek).wrap

    def wrapping(self, key, context):
        wrapped = wrap(self, key, context)
        if not rotated:
            rotated.append(True)
            rotated.append(keys.rotate(start(), SYSTEM))
            assert rotated[1].retired == [backend.id_of(1)]
        return wrapped

    if backend.name == "aws-kms":  # it has to know of the key that the other one rotates to
        slow = start()
        ring = slow.vault.keks
        monkeypatch.setattr(ring._backend, "_keys", (backend.id_of(2), backend.id_of(1)))
    monkeypatch.setattr(type(kek), "wrap", wrapping)
    slow.vault.ready(slow.store, "cus_new")
    assert by_kek(slow) == {backend.id_of(2): 2}  # the operator's and the new one's
    assert keys.status(start()).good
