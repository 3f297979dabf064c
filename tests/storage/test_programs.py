"""Programs and their secrets as rows."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from connector.domain.records import Customer, Program, ProgramSecretRow

MINUTE = timedelta(minutes=1)


@pytest.fixture
def program(store, noon) -> Program:
    """A program of cus_a; cus_b has none."""
    made = Program("prg_a", "cus_a", "Answers", ("read-messages", "reply-to-messages"), noon, "operator")
    with store.write() as tx:
        tx.accounts.add_customer(Customer("cus_a", "Customer A", noon))
        tx.accounts.add_customer(Customer("cus_b", "Customer B", noon))
        tx.programs.add(made)
    return made


def test_a_program_comes_back_as_it_was_kept_and_only_to_its_customer(store, program, noon):
    later = replace(program, id="prg_b", created_at=noon + MINUTE)
    with store.write() as tx:
        tx.programs.add(later)
    with store.read() as tx:
        assert tx.programs.get("prg_a") == program
        assert tx.programs.get("prg_c") is None
        assert tx.programs.listed("cus_a") == [later, program]
        assert tx.programs.listed("cus_b") == []
        assert tx.programs.listed() == [later, program]


def test_an_end_says_when_and_by_whom(store, program, noon):
    with store.write() as tx:
        assert tx.programs.locked("prg_a") == program
        tx.programs.end("prg_a", noon + MINUTE, "per_x")
    with store.read() as tx:
        assert tx.programs.get("prg_a") == replace(program, ended_at=noon + MINUTE, ended_by="per_x")


def test_secrets_are_listed_newest_first_and_ended_ones_only_by_their_id(store, program, noon):
    one, two = (ProgramSecretRow(f"sec_{n}", "prg_a", f"digest {n}", noon + n * MINUTE) for n in (1, 2))
    with store.write() as tx:
        tx.programs.add_secret(one)
        tx.programs.add_secret(two)
        assert tx.programs.secrets("prg_a") == [two, one]
        tx.programs.end_secret("sec_1", noon + 3 * MINUTE)
        tx.programs.used("prg_a", "sec_2", noon + 4 * MINUTE)
    with store.read() as tx:
        assert tx.programs.secrets("prg_a") == [replace(two, used_at=noon + 4 * MINUTE)]
        assert tx.programs.secret("sec_1") == replace(one, ended_at=noon + 3 * MINUTE)
        assert tx.programs.secret("sec_3") is None
        assert tx.programs.get("prg_a").used_at == noon + 4 * MINUTE


def test_a_program_of_no_customer_and_a_secret_of_no_program_cannot_be_kept(store, program, noon):
    with pytest.raises(IntegrityError), store.write() as tx:
        tx.programs.add(replace(program, id="prg_x", customer="cus_x"))
    with pytest.raises(IntegrityError), store.write() as tx:
        tx.programs.add_secret(ProgramSecretRow("sec_x", "prg_x", "digest", noon))
