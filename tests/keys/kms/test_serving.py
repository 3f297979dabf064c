"""Serving while the keys are elsewhere: no transaction waits for them, and their absence is told (R64, F34)."""

import functools
import threading
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

import connector
from connector import config
from connector.demo import run_demo
from connector.domain import members, people, programs
from connector.domain.errors import CannotOpen, KeyServiceDown
from connector.domain.ledger import OPERATOR, SYSTEM
from connector.domain.records import Actor
from connector.storage import SealedVault
from connector.storage.kms.asking import PAUSE, Asking

PLACE = ("con_1", "refresh")
STAFF = Actor(kind="staff", id="operator", name="The operator")


@pytest.fixture
def backend(vault_backend):
    """One of them is enough here."""
    return vault_backend


@pytest.fixture
def svc(start, at_service, clock):
    """An instance at Vault, with a clock that the test moves."""
    made = start()
    return replace(made, vault=SealedVault(made.vault.keks, made.vault.shreds, made.random, clock), clock=clock)


def seal(svc, owner="cus_a"):
    with svc.store.write() as tx:
        return svc.vault.seal(tx, owner, PLACE, b"secret")


def opens(svc, sealed, owner="cus_a"):
    with svc.store.read() as tx:
        return svc.vault.open(tx, owner, PLACE, sealed)


def test_a_key_at_hand_is_not_asked_for_again(svc, asks):
    svc.vault.ready(svc.store, "cus_a")
    asked = len(asks)
    sealed = seal(svc)
    for _ in range(50):
        svc.vault.ready(svc.store, "cus_a")
        assert opens(svc, sealed) == b"secret"
    assert len(asks) == asked


def test_a_key_is_fetched_anew_before_it_ends_and_never_kept_longer_than_five_minutes(svc, clock, asks):
    svc.vault.ready(svc.store, "cus_a")
    sealed, asked = seal(svc), len(asks)
    clock.advance(119)
    svc.vault.ready(svc.store, "cus_a")
    assert len(asks) == asked
    clock.advance(2)
    svc.vault.ready(svc.store, "cus_a")
    assert len(asks) == asked + 1
    clock.advance(301)
    assert opens(svc, sealed) == b"secret"
    assert len(asks) == asked + 2


def test_f34_while_the_service_is_down_a_key_begins_work_for_three_minutes_ends_it_for_five_and_then_nothing_opens(
    svc, clock, backend
):
    svc.vault.ready(svc.store, "cus_a")
    sealed = seal(svc)
    backend.server.fault = 503
    clock.advance(179)
    svc.vault.ready(svc.store, "cus_a")
    clock.advance(2)
    with pytest.raises(KeyServiceDown):
        svc.vault.ready(svc.store, "cus_a")
    clock.advance(118)  # 4:59
    assert opens(svc, sealed) == b"secret"
    assert opens(svc, seal(svc)) == b"secret"
    clock.advance(1)
    with pytest.raises(KeyServiceDown):
        opens(svc, sealed)
    with pytest.raises(KeyServiceDown):
        seal(svc)


def test_a_data_key_at_hand_serves_its_owner_and_version_alone(svc):
    for owner in ("cus_a", "cus_b"):
        svc.vault.ready(svc.store, owner)
    sealed = seal(svc)
    assert opens(svc, sealed) == b"secret"
    for owner, value in (
        ("cus_b", sealed),
        ("cus_b", sealed.replace(b"cus_a", b"cus_b")),
        ("cus_a", _version_2(sealed)),
    ):
        with pytest.raises(CannotOpen):
            opens(svc, value, owner)


def _version_2(sealed):
    return sealed[:4] + b"\x02" + sealed[5:]


def test_threads_that_need_one_owners_key_ask_for_it_once(svc, asks, backend):
    together, problems = threading.Barrier(8, timeout=30), []

    def work():
        try:
            together.wait()
            svc.vault.ready(svc.store, "cus_a")
        except Exception as error:  # noqa: BLE001 — whatever it is, the test names it
            problems.append(error)

    before = backend.server.asked("encrypt")
    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (problems, backend.server.asked("encrypt") - before) == ([], 1)


def test_two_processes_that_make_a_customers_key_at_once_end_with_one(start, at_service):
    processes, together = [start() for _ in range(4)], threading.Barrier(4, timeout=30)
    sealed, problems = [], []

    def work(svc):
        try:
            together.wait()
            svc.vault.ready(svc.store, "cus_a")
            sealed.append(seal(svc))
        except Exception as error:  # noqa: BLE001 — whatever it is, the test names it
            problems.append(error)

    threads = [threading.Thread(target=work, args=(svc,)) for svc in processes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert [opens(svc, value) for svc in processes for value in sealed] == [b"secret"] * 16


def test_who_forgot_to_ask_before_is_right_all_the_same_and_it_is_logged(svc, asks):
    with capture_logs() as told:
        sealed = seal(svc)  # makes a key inside the transaction
    assert [line["event"] for line in told] == ["key_service_asked_in_transaction"]
    assert True in asks
    svc.vault.forget("cus_a")
    with capture_logs() as told:
        assert opens(svc, sealed) == b"secret"  # a transaction that only reads keeps nobody waiting
    assert told == []
    svc.vault.ready(svc.store, "cus_a")
    with capture_logs() as told:
        seal(svc)
    assert told == []


def test_r64_the_whole_journey_asks_the_service_and_never_inside_a_transaction_that_writes(
    tmp_path, backend, asks, capsys
):
    folder = tmp_path / "demo"
    folder.mkdir(mode=0o700)
    named = {name.removeprefix("CONNECTOR_").lower(): value for name, value in backend.settings.items()}
    lines = [f'{name} = "{value}"\n' for name, value in {**named, "key_backend": "vault"}.items()]
    (folder / "config.toml").write_text("".join(lines))
    with capture_logs() as told:
        assert run_demo(check=True, instance=folder, port=0) == 0, capsys.readouterr().out
    assert [line for line in told if line["event"] == "key_service_asked_in_transaction"] == []
    assert True not in asks
    assert backend.server.asked("encrypt") >= 4  # two customers, the operator and the try at the start


def test_r64_staff_who_act_for_a_customer_whose_key_is_not_at_hand_keep_no_writer_waiting(svc, asks):
    customer = people.add_customer(svc, SYSTEM, "Harbour Cafés").id
    mia, _ = people.add_person(svc, SYSTEM, email="mia@harbour.example", name="Mia", role="member", customer=customer)
    program, _ = programs.add(svc, STAFF, customer=customer, name="Answers", purposes=["read-messages"])
    (first,) = programs.one(svc, STAFF, program.id).secrets
    for act in (
        lambda: members.allow(svc, STAFF, mia.id, "reply-to-messages", on=False),
        lambda: programs.add_secret(svc, STAFF, program.id),
        lambda: programs.end_secret(svc, STAFF, first.id),
        lambda: programs.end(svc, STAFF, program.id),
    ):
        svc.vault.forget(customer)
        asks.clear()
        act()
        assert asks == [False]


@pytest.fixture
def browser(svc, at_service):
    """A browser of a member of a customer, signed in."""
    app = connector.create_app(config.load(at_service), svc)
    customer = people.add_customer(svc, SYSTEM, "Harbour Cafés")
    _, link = people.add_person(
        svc, SYSTEM, email="mia@harbour.example", name="Mia", role="owner", customer=customer.id
    )
    people.accept_link(svc, link, "four random words here")
    signed_in = people.sign_in(svc, "mia@harbour.example", "four random words here", address="127.0.0.1")
    client = app.test_client()
    client.set_cookie("session", signed_in.cookie, domain="127.0.0.1")
    return functools.partial(client.get, base_url="http://127.0.0.1:8080")


def test_f34_pages_say_what_is_kept_and_readyz_says_why(browser, backend, clock):
    assert (browser("/settings").status_code, browser("/readyz").text) == (200, "ready\n")
    backend.server.fault = 503
    clock.advance(301)
    page = browser("/settings")
    assert page.status_code == 503
    assert "What was stored before is kept, and no account has to be connected again." in page.text
    assert "Try again in a few minutes." in page.text
    ready = browser("/readyz")
    assert (ready.status_code, ready.text) == (503, "the key service does not serve (sealed)\n")
    assert browser("/healthz").status_code == 200


def test_the_operators_key_alone_keeps_readyz_going(browser, backend, clock):
    browser("/readyz")
    backend.server.fault = 503
    clock.advance(60)
    assert browser("/readyz").status_code == 200


def test_the_pages_come_back_with_the_service(browser, backend, clock, svc):
    backend.server.fault = 503
    clock.advance(301)
    assert browser("/settings").status_code == 503
    backend.server.fault = None
    assert browser("/settings").status_code == 503  # it is not asked again so soon
    svc.vault.keks._backend._ask._again_at = 0.0  # the pause is over
    assert browser("/settings").status_code == 200


class Ticking:
    """A clock in seconds."""

    now = 100.0

    def __call__(self):
        return self.now


def test_a_service_that_was_down_is_asked_by_one_when_the_pause_is_over():
    time, asked = Ticking(), []
    ask = Asking("vault", now=time)

    def down():
        asked.append("down")
        raise KeyServiceDown("vault", "in-trouble")

    ask(lambda: "well")
    with capture_logs() as told:
        for _ in range(3):
            with pytest.raises(KeyServiceDown, match="in-trouble"):
                ask(down)
    assert len(asked) == 1
    assert [(line["event"], line["reason"]) for line in told] == [("key_service_down", "in-trouble")]
    time.now += PAUSE

    def another_meanwhile():
        with pytest.raises(KeyServiceDown):
            ask(lambda: asked.append("meanwhile"))
        return "well"

    with capture_logs() as told:
        assert ask(another_meanwhile) == "well"
        assert ask(lambda: "well") == "well"
    assert asked == ["down"]
    assert [line["event"] for line in told] == ["key_service_back"]


def test_a_no_to_one_ciphertext_is_an_answer_and_the_others_go_on():
    time = Ticking()
    ask = Asking("vault", now=time)

    def down():
        raise KeyServiceDown("vault", "no-answer")

    def damaged():
        raise CannotOpen("it is damaged")

    with pytest.raises(KeyServiceDown):
        ask(down)
    time.now += PAUSE
    with pytest.raises(CannotOpen):
        ask(damaged)
    assert ask(lambda: "well") == "well"


def test_an_unexpected_error_is_the_caller_s_and_no_outage():
    ask = Asking("vault")

    def broken():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ask(broken)
    assert ask(lambda: 1) == 1


def test_an_operator_without_a_customer_can_still_work(svc):
    svc.vault.ready(svc.store, OPERATOR)
    assert people.add_customer(svc, SYSTEM, "Another").id.startswith("cus_")
