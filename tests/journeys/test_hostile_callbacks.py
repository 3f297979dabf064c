"""What comes back from the browser is not to be trusted: no code is traded for an answer that is not to our request.

Each rule on both databases, at the function that holds it. `test_hostile_requests.py` sends hundreds on the wire (T4).
"""

import threading
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import pytest

from connector import wiring
from connector.domain import connect as connecting
from connector.domain.errors import AlreadyDone, CallbackRejected
from connector.domain.records import ConnectionState

TABLES = ("connections", "grants", "tokens", "pages", "switches")


def with_(pairs, name, value):
    return [(n, value if n == name else v) for n, v in pairs]


def without(pairs, *names):
    return [(n, v) for n, v in pairs if n not in names]


def tampered(state):
    return ("A" if state[0] != "A" else "B") + state[1:]


KINDS = {
    "a tampered state": (lambda q: with_(q, "state", tampered(dict(q)["state"])), "unknown-state"),
    "a state nobody made": (lambda q: with_(q, "state", "x" * 43), "unknown-state"),
    "a state cut short": (lambda q: with_(q, "state", dict(q)["state"][:-1]), "unknown-state"),
    "a state with a space after it": (lambda q: with_(q, "state", dict(q)["state"] + " "), "unknown-state"),
    "no state": (lambda q: without(q, "state"), "incomplete"),
    "an empty state": (lambda q: with_(q, "state", ""), "incomplete"),
    "no code": (lambda q: without(q, "code"), "incomplete"),
    "an empty code": (lambda q: with_(q, "code", ""), "incomplete"),
    "a code with a control character": (lambda q: with_(q, "code", "4/0A\n"), "incomplete"),
    "a code with a letter beyond ASCII": (lambda q: with_(q, "code", "4/0Aé"), "incomplete"),
    "no parameters at all": (lambda q: [], "no-issuer"),
    "no issuer": (lambda q: without(q, "iss"), "no-issuer"),
    "an empty issuer": (lambda q: with_(q, "iss", ""), "no-issuer"),
    "another issuer": (lambda q: with_(q, "iss", "https://accounts.evil.example"), "wrong-issuer"),
    "the issuer with a slash": (lambda q: with_(q, "iss", dict(q)["iss"] + "/"), "wrong-issuer"),
    "the issuer in capitals": (lambda q: with_(q, "iss", dict(q)["iss"].upper()), "wrong-issuer"),
    "the state twice": (lambda q: [*q, ("state", dict(q)["state"])], "repeated-parameter"),
    "two codes": (lambda q: [*q, ("code", "4/0other")], "repeated-parameter"),
    "the issuer twice": (lambda q: [*q, ("iss", dict(q)["iss"])], "repeated-parameter"),
    "an unused parameter twice": (lambda q: [*q, ("x", "1"), ("x", "2")], "repeated-parameter"),
    "code and error": (lambda q: [*q, ("error", "access_denied")], "code-and-error"),
    "a code that is too long": (lambda q: with_(q, "code", "4/" + "a" * 255), "too-long"),
    "a query that is too long": (lambda q: [*q, ("pad", "a" * 8192)], "too-long"),
    "a name that is too long": (lambda q: [*q, ("p" * 8192, "")], "too-long"),
}


@pytest.fixture
def rows(svc):
    def count():
        with svc.store.read() as tx:
            sql = tx.connection
            return {
                table: sql.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()  # noqa: S608 - names above
                for table in TABLES
            }

    return count


@pytest.fixture
def finish(svc):
    def back(who, query, *, provider=wiring.PROVIDER, services=None):
        return connecting.finish(
            services or svc, person=who.person, session=who.session, provider=provider, query=query
        )

    return back


@pytest.fixture
def brought(go_to_google):
    """An honest answer's query, on its way."""
    _, address = go_to_google()
    return parse_qsl(urlsplit(address).query)


@pytest.fixture
def nothing_came_of_it(google, rows, entries):
    """Run a hostile callback: no token request, no row, one ledger entry with the reason."""

    def check(reason, hostile):
        before = rows()
        with pytest.raises(CallbackRejected) as refused:
            hostile()
        assert refused.value.reason == reason
        assert refused.value.public.endswith("Start again from Connect.")
        assert google.requests() == []
        assert rows() == before
        assert [(one["decision"], one["reason"]) for one in entries("connect:refused")] == [("refused", reason)]

    return check


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("kind", KINDS)
def test_a_malformed_answer_is_refused_with_its_reason(kind, brought, finish, people, nothing_came_of_it, google):
    """F5, F6, F7: a state of nobody, repeated and contradicting parameters, another issuer or none."""
    change, reason = KINDS[kind]
    nothing_came_of_it(reason, lambda: finish(people.member, change(brought)))
    assert finish(people.member, brought).state == "complete"  # and the honest one is not spoilt by it


def test_an_answer_in_another_browser_of_the_same_person_is_refused(
    brought, finish, people, sign_in, nothing_came_of_it
):
    """F5."""
    nothing_came_of_it("session", lambda: finish(sign_in(people.member.person), brought))
    assert finish(people.member, brought).state == "complete"


def test_an_answer_brought_by_another_customers_member_is_refused(brought, finish, people, nothing_came_of_it):
    """F5."""
    nothing_came_of_it("session", lambda: finish(people.other, brought))
    assert finish(people.member, brought).state == "complete"


def test_an_answer_brought_by_another_person_with_the_same_session_is_refused(
    brought, finish, people, nothing_came_of_it
):
    """F5."""
    thief = replace(people.other, session=people.member.session)
    nothing_came_of_it("session", lambda: finish(thief, brought))


def test_a_person_who_was_removed_meanwhile_connects_nothing(brought, finish, people, svc, nothing_came_of_it):
    """F5."""
    with svc.store.write() as tx:
        tx.connection.exec_driver_sql("UPDATE people SET disabled = true")
    nothing_came_of_it("person", lambda: finish(people.member, brought))


def test_a_person_who_moved_to_another_customer_meanwhile_connects_nothing(
    brought, finish, people, svc, nothing_came_of_it
):
    """F5."""
    moved = replace(people.member, person=replace(people.member.person, customer=people.tandem.id))
    with svc.store.write() as tx:
        tx.connection.exec_driver_sql(
            f"UPDATE people SET customer = '{people.tandem.id}' WHERE id = '{moved.person.id}'"  # noqa: S608 - our ids
        )
    nothing_came_of_it("person", lambda: finish(moved, brought))


def test_an_answer_after_more_than_ten_minutes_is_refused(brought, finish, people, clock, google, rows, entries):
    """F5."""
    before = rows()
    clock.advance(601)
    with pytest.raises(CallbackRejected) as refused:
        finish(people.member, brought)
    assert refused.value.public == "This took longer than ten minutes. Start again from Connect."
    assert google.requests() == []
    assert rows() == before
    assert [one["reason"] for one in entries("connect:refused")] == ["expired"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_answer_to_a_browser_without_a_session_is_recorded_and_refused(brought, svc, google, rows, entries):
    before = rows()
    connecting.refuse_anonymous(svc, wiring.PROVIDER)
    assert google.requests() == []
    assert rows() == before
    assert [one["reason"] for one in entries("connect:refused")] == ["session"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("error", "says"),
    [
        ("access_denied", "You did not give a permission at Google."),
        ("admin_policy_enforced", "The administrator of this Google account does not allow this app."),
        ("org_internal", "The administrator of this Google account does not allow this app."),
        ("disallowed_useragent", "Google does not accept this browser for consent."),
        ("redirect_uri_mismatch", "Google ended the request."),
        ("<script>alert(1)</script>", "Google ended the request."),
    ],
)
def test_every_error_at_google_ends_in_one_state_with_a_plain_sentence(
    error, says, brought, finish, people, google, rows, entries
):
    """R13."""
    before = rows()
    query = [*without(brought, "code"), ("error", error), ("error_description", "<b>raw</b> words")]
    done = finish(people.member, query)
    assert (done.connection, done.state) == (None, "nothing")
    assert done.sentence.startswith(says)
    assert "<" not in done.sentence
    assert "raw" not in done.sentence
    assert google.requests() == []
    assert rows() == before
    assert [one["decision"] for one in entries("connect:declined")] == ["refused"]


def test_an_answer_that_comes_twice_is_traded_once(brought, finish, people, google, rows):
    """F5: replayed."""
    first = finish(people.member, brought)
    after = rows()
    google.forget_requests()
    with pytest.raises(AlreadyDone):
        finish(people.member, brought)
    assert google.requests() == []
    assert rows() == after
    assert first.state == "complete"


def test_an_answer_that_comes_twice_at_the_same_moment_is_traded_once(brought, finish, people, google, svc):
    together, ends = threading.Barrier(2), []

    def bring():
        together.wait()
        try:
            ends.append(finish(people.member, brought).state)
        except AlreadyDone:
            ends.append("already done")

    threads = [threading.Thread(target=bring) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ends) == ["already done", "complete"]
    codes = [one for one in google.requests("token") if one["form"]["grant_type"] == "authorization_code"]
    assert len(codes) == 1
    with svc.store.read() as tx:
        assert [one.state for one in tx.connections.of_customer(people.member.customer)] == [ConnectionState.ACTIVE]


def test_a_code_that_google_refuses_leaves_nothing_behind(brought, finish, people, google, rows, entries):
    from connector.domain.errors import TokenRefused

    before = rows()
    with pytest.raises(TokenRefused):
        finish(people.member, with_(brought, "code", "4/0A" + "x" * 40))
    assert rows() == before
    (failed,) = entries("connect:failed")
    assert (failed["decision"], failed["reason"]) == ("failed", "token-invalid_grant")
    with pytest.raises(AlreadyDone):
        finish(people.member, brought)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_exchange_whose_answer_is_lost_is_recorded_as_unknown_and_not_tried_again(
    brought, finish, people, google, rows, entries
):
    from connector.domain.errors import OutcomeUnknown

    before = rows()
    google.fault("token", "drop_after", times=1)
    with pytest.raises(OutcomeUnknown):
        finish(people.member, brought)
    assert len(google.requests("token")) == 1
    assert rows() == before
    assert [one["decision"] for one in entries("connect:failed")] == ["unknown"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "body",
    [
        "<html>ok</html>",
        "[]",
        '{"access_token": 1}',
        '{"access_token": "a", "token_type": "mac", "expires_in": 10}',
        "",
    ],
)
def test_a_token_answer_that_breaks_the_rules_leaves_nothing_behind(body, brought, finish, people, google, rows):
    from connector.domain.errors import UnreadableAnswer

    before = rows()
    google.fault("token", "body", body=body, times=1)
    with pytest.raises(UnreadableAnswer):
        finish(people.member, brought)
    assert rows() == before


def test_a_code_that_was_given_for_another_purpose_is_worth_nothing_in_this_request(
    go_to_google, finish, people, google, rows, entries
):
    """F5. Both requests are this browser's own, so the state alone cannot tell; the verifier at Google does (PKCE)."""
    from connector.domain.errors import TokenRefused

    narrow, wide = (
        parse_qsl(urlsplit(go_to_google(purposes=purposes)[1]).query)
        for purposes in (("show-profile",), ("publish-to-circles",))
    )
    before = rows()
    with pytest.raises(TokenRefused):
        finish(people.member, with_(narrow, "code", dict(wide)["code"]))
    assert rows() == before
    assert [one["reason"] for one in entries("connect:failed")] == ["token-invalid_grant"]
