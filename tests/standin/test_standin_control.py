"""The control plane: for tests on the same machine only, and never a place where secrets are written down."""

import io
import json

import pytest


def _from(peer, standin, path="/test/requests"):
    """Ask the application itself, as if the request came from that address."""
    head = []
    environ = {
        "REQUEST_METHOD": "GET",
        "REQUEST_URI": path,
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "standin",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": peer,
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
    }
    list(standin.front(environ, lambda status, headers: head.append(int(status[:3]))))
    return head[0]


@pytest.mark.parametrize(
    ("peer", "status"),
    [
        ("127.0.0.1", 200),
        ("127.8.8.8", 200),
        ("::1", 200),
        ("::ffff:127.0.0.1", 200),
        ("10.0.0.5", 404),
        ("fe80::1", 404),
        ("", 404),
        ("x", 404),
    ],
)
def test_only_peers_on_the_same_machine_reach_it(standin, peer, status):
    assert _from(peer, standin) == status


def test_a_web_page_in_a_browser_does_not_reach_it(visitor):
    answer = visitor.http.post(f"{visitor.url}/test/reset", headers={"Origin": "https://evil.example"})
    assert answer.status_code == 404


def test_requests_are_recorded_without_any_secret(visitor):
    code = visitor.consent(code_challenge="c" * 43, state="secret-state")["code"]
    token = visitor.exchange(code, code_verifier="c" * 43).json()
    visitor.refresh(token["refresh_token"], scope=visitor.six[0])
    visitor.get(token["access_token"], "people/me", fields="id")
    visitor.http.get(f"{visitor.url}/plusPages/v2/people/me", params={"access_token": token["access_token"]})
    visitor.http.get(visitor.auth_url(state="secret-state"))
    visitor.http.get(f"{visitor.url}/tokeninfo", params={"access_token": token["access_token"]})
    visitor.revoke(token["refresh_token"])
    records = visitor.recorded()
    assert [record["endpoint"] for record in records] == [
        "token",
        "token",
        "plusPages.people.get",
        "plusPages.people.get",
        "auth",
        "tokeninfo",
        "revoke",
    ]
    written = json.dumps(records)
    for secret in (code, *token.values(), visitor.secret, "c" * 43, "secret-state"):
        if isinstance(secret, str) and secret not in ("Bearer", token["scope"]):
            assert secret not in written.replace('"code_challenge": "' + "c" * 43, "")


def test_a_record_says_what_was_asked_and_what_came_of_it(visitor, token):
    visitor.get(token, "people/me", fields="id")
    record = visitor.recorded()[-1]
    assert record.pop("at").endswith("Z")
    assert record == {
        "method": "GET",
        "path": "/plusPages/v2/people/me",
        "query": {"fields": "id"},
        "endpoint": "plusPages.people.get",
        "operation": "plusPages.people.get",
        "status": 200,
        "acted": True,
        "authorization": "present",
        "form": None,
        "token_scopes": sorted(visitor.six),
    }
    form = visitor.recorded()[0]["form"]
    assert form == {"names": ["code", "grant_type", "redirect_uri"], "grant_type": "authorization_code"}


def test_a_refusal_is_recorded_as_not_acted(visitor, token):
    visitor.get(token, f"people/{visitor.nile}/circles")
    record = visitor.recorded()[-1]
    assert (record["status"], record["acted"]) == (403, False)
    visitor.http.get(f"{visitor.url}/elsewhere")
    record = visitor.recorded()[-1]
    assert (record["endpoint"], record["operation"], record["status"]) == (None, None, 404)


def test_the_control_plane_records_nothing_of_itself(visitor, token):
    visitor.http.delete(f"{visitor.url}/test/requests")
    visitor.fault("token", "status", times=1)
    assert visitor.recorded() == []


def test_tokens_are_counted_and_not_shown(visitor):
    token = visitor.tokens()
    visitor.refresh(token["refresh_token"])
    answer = visitor.http.get(f"{visitor.url}/test/tokens")
    grant = {"account": visitor.ana, "client": visitor.client_id, "scopes": sorted(visitor.six)}
    assert answer.json() == {
        "grants": [grant | {"live_refresh": 1, "live_access": 2}],
        "live_refresh": 1,
        "live_access": 2,
    }
    assert token["access_token"] not in answer.text


def test_a_person_can_take_the_grant_away_at_googles_side(visitor):
    token = visitor.tokens()
    assert visitor.http.delete(f"{visitor.url}/test/grants/{visitor.ana}").status_code == 200
    assert visitor.refresh(token["refresh_token"]).json()["error"] == "invalid_grant"
    assert visitor.get(token["access_token"], "people/me").status_code == 401


def test_the_clock_can_be_set_and_moved(visitor):
    clock = f"{visitor.url}/test/clock"
    assert (
        visitor.http.post(clock, json={"now": "2018-10-06T09:00:00+00:00"}).json()["now"].startswith("2018-10-06T09:00")
    )
    assert visitor.http.post(clock, json={"advance": 3600}).json()["now"].startswith("2018-10-06T10:00")
    assert visitor.http.get(f"{visitor.url}/tokeninfo").headers["Date"].startswith("Sat, 06 Oct 2018 10:00")
    for wrong in ({"now": "2018-10-06T09:00:00"}, {"now": "soon"}, {"advance": "much"}, {}):
        assert visitor.http.post(clock, json=wrong).status_code == 400


def test_a_reset_brings_everything_back_but_clients_and_settings(visitor, token):
    post = visitor.newest_post(token)
    visitor.call(token, "DELETE", f"activities/{post['id']}", onBehalfOf=visitor.cafe)
    visitor.fault("token", "status")
    visitor.http.post(f"{visitor.url}/test/settings", json={"issuer": "https://accounts.google.com"})
    visitor.http.post(f"{visitor.url}/test/clock", json={"now": "2018-10-06T09:00:00+00:00"})
    visitor.http.post(f"{visitor.url}/test/reset")
    assert visitor.recorded() == []
    assert visitor.http.get(f"{visitor.url}/test/tokens").json()["grants"] == []
    assert visitor.get(token, "people/me").status_code == 401
    fresh = visitor.tokens()["access_token"]
    assert visitor.newest_post(fresh) == post
    assert visitor.consent()["iss"] == "https://accounts.google.com"


def test_the_world_can_be_taken_out_and_put_back(visitor, token, tmp_path):
    post = visitor.newest_post(token)
    visitor.call(token, "DELETE", f"activities/{post['id']}", onBehalfOf=visitor.cafe)
    kept = visitor.http.get(f"{visitor.url}/test/world").json()
    visitor.http.post(f"{visitor.url}/test/reset")
    assert visitor.http.post(f"{visitor.url}/test/world", json=kept).status_code == 200
    assert visitor.http.get(f"{visitor.url}/test/world").json() == kept
    file = tmp_path / "world.json"
    file.write_text(json.dumps(kept), encoding="utf-8")
    answer = visitor.http.post(f"{visitor.url}/test/world", json={"file": str(file)})
    assert answer.json()["activities"] == len(kept["activities"])


@pytest.mark.parametrize(
    ("world", "said"),
    [
        ({"accounts": [{"id": "1", "displayName": "x"}]}, "accounts[0]"),
        ({"circles": [{"id": "c", "owner": "nobody", "displayName": "x"}]}, "circles[0]"),
        ({"clients": [{"client_id": "x", "redirect_uris": ["http://a.example"]}]}, "client_secret"),
        ({"file": "no/such/file"}, "cannot be read"),
    ],
)
def test_a_world_that_does_not_add_up_changes_nothing(visitor, world, said):
    before = visitor.http.get(f"{visitor.url}/test/world").json()
    answer = visitor.http.post(f"{visitor.url}/test/world", json=world)
    assert answer.status_code == 400
    assert said in answer.json()["error"]
    assert visitor.http.get(f"{visitor.url}/test/world").json() == before


def test_a_world_file_can_bring_clients(visitor):
    client = {"client_id": "mine", "client_secret": ["one", "two"], "redirect_uris": [visitor.redirect_uri]}
    world = visitor.http.get(f"{visitor.url}/test/world").json()
    visitor.http.post(f"{visitor.url}/test/world", json=world | {"clients": [client]})
    assert visitor.consent(client_id="mine")["code"]


@pytest.mark.parametrize(
    "client",
    [
        {"client_id": "x", "redirect_uris": ["http://a.example"]},
        {"client_id": "x", "client_secret": "", "redirect_uris": ["http://a.example"]},
        {"client_id": "x", "client_secret": [], "redirect_uris": ["http://a.example"]},
        {"client_id": "x", "client_secret": "s"},
        {"client_secret": "s", "redirect_uris": ["http://a.example"]},
    ],
)
def test_there_is_no_client_without_a_secret_or_an_address(visitor, client):
    assert visitor.http.post(f"{visitor.url}/test/clients", json=client).status_code == 400


def test_a_consent_of_nobody_or_for_nothing_is_refused(visitor):
    consent = f"{visitor.url}/test/consent"
    assert visitor.http.post(consent, json={"url": visitor.auth_url(), "account": "1"}).status_code == 400
    assert visitor.http.post(consent, json={"url": "nonsense", "account": visitor.ana}).status_code == 400
    wrong = visitor.http.post(consent, json={"url": visitor.auth_url(scope="x"), "account": visitor.ana})
    assert wrong.json()["error"] == "invalid_scope"
    silent = visitor.http.post(consent, json={"url": visitor.auth_url(prompt="none"), "account": visitor.ana})
    assert "interaction_required" in silent.json()["location"]
