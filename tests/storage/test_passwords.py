"""Passwords (R54)."""

import argon2
import pytest

from connector.storage import Argon2Passwords


@pytest.fixture(scope="module")
def passwords() -> Argon2Passwords:
    """One for all tests; making it takes as long as checking a password."""
    return Argon2Passwords()


def test_a_password_is_kept_as_argon2id_with_46_mib(passwords):
    kept = argon2.extract_parameters(passwords.hash("correct horse"))
    assert (kept.type, kept.memory_cost, kept.time_cost, kept.parallelism) == (argon2.Type.ID, 46 * 1024, 1, 1)


@pytest.mark.parametrize("password", ["correct horse", "", "пароль 🐎", "\ud83d", "a" * 4096, "nul\0nul"])
def test_the_right_password_and_no_other_is_accepted(passwords, password):
    kept = passwords.hash(password)
    assert passwords.verify(kept, password)
    assert not passwords.verify(kept, password + "x")


def test_two_hashes_of_one_password_differ(passwords):
    assert passwords.hash("correct horse") != passwords.hash("correct horse")


@pytest.mark.parametrize("kept", [None, "", "plain", "$argon2id$broken"])
def test_without_a_usable_hash_nothing_is_accepted(passwords, kept):
    assert not passwords.verify(kept, "")
    assert not passwords.verify(kept, "plain")


def test_without_a_person_the_same_work_is_done(passwords, monkeypatch):
    done = []
    real = passwords._hasher.verify
    monkeypatch.setattr(
        argon2.PasswordHasher, "verify", lambda _self, kept, given: done.append(kept[:30]) or real(kept, given)
    )
    passwords.verify(passwords.hash("correct horse"), "wrong")
    passwords.verify(None, "wrong")
    assert done[0] == done[1]
