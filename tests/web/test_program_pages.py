"""Programs that act for a customer, as the customer and the staff see them and end them."""

import pytest


def test_a_customer_sees_their_programs_what_each_is_for_and_when_it_was_last_used(ada, world, make_program):
    world.acting.append(make_program(id="prg_two", name="=cmd|<b>", used_at=None))
    world.acting.append(make_program(id="prg_old", name="Old one", ended_at=world.acting[0].used_at))
    text = ada.get("/settings").text
    for words in ("Programs that act for you", "Answering service", "Read messages", "Last used", "Not used yet."):
        assert words in text
    assert "=cmd|&lt;b&gt;" in text
    assert "Ended on " in text
    assert 'href="/settings/programs/prg_one/end"' in text
    assert 'href="/settings/programs/prg_old/end"' not in text


def test_a_customer_without_programs_is_not_told_of_any(ada, world):
    world.acting.clear()
    assert "Programs that act for you" not in ada.get("/settings").text


def test_ending_a_program_asks_first(ada, world):
    text = ada.get("/settings/programs/prg_one/end").text
    for words in ("End the program Answering service?", "What ends now", "What remains"):
        assert words in text
    assert not world.asked("end_program")
    answer = ada.post("/settings/programs/prg_one/end")
    assert answer.headers["Location"] == "/settings?notice=program-ended#programs"
    assert world.asked("end_program") == [("per_ada", "prg_one", None)]


def test_staff_see_every_program_and_end_one_with_a_reason(sam, world):
    text = sam.get("/admin/programs").text
    for words in ("Mapleford Bakery", "Answering service", "prg_one", "This look is on the ledger"):
        assert words in text
    assert world.asked("staff_programs") == [("per_sam",)]
    assert "End the program Answering service?" in sam.get("/admin/programs/prg_one/end").text
    missing = sam.post("/admin/programs/prg_one/end", {"reason": " "})
    assert missing.status_code == 400
    assert "A reason is missing" in missing.text
    assert not world.asked("end_program")
    assert sam.post("/admin/programs/prg_one/end", {"reason": "It leaked."}).status_code == 303
    assert world.asked("end_program") == [("per_sam", "prg_one", "It leaked.")]


@pytest.mark.parametrize("path", ["/settings/programs/prg_foreign/end", "/settings/programs/%00/end"])
def test_a_program_of_others_reads_like_a_missing_page(ada, world, path):
    missing = ada.get("/no-such-page").text
    assert (ada.get(path).status_code, ada.get(path).text) == (404, missing)
    assert (ada.post(path).status_code, ada.post(path).text) == (404, missing)
    assert not world.asked("end_program")
