import json
import logging
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
import responses

from connector.domain.errors import OutcomeUnknown, TokenRefused, UnreadableAnswer
from connector.domain.secret import AccessToken, AuthorizationCode, ClientSecret, CodeVerifier, RefreshToken
from connector.google import GoogleOAuth

TOKEN_URI, REVOKE_URI = "https://oauth2.googleapis.com/token", "https://oauth2.googleapis.com/revoke"
VERIFIER = CodeVerifier("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")  # RFC 7636 appendix B
CODE = AuthorizationCode("4/0code")
SCOPES = ("https://www.googleapis.com/auth/plus.stream.write", "https://www.googleapis.com/auth/plus.stream.read")
ANSWER = {
    "access_token": "ya29.canary",
    "token_type": "Bearer",
    "expires_in": 3599,
    "refresh_token": "1//canary",
    "scope": " ".join(SCOPES),
}
Make = Callable[..., GoogleOAuth]


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[GoogleOAuth] = []

    def one(*secrets: str) -> GoogleOAuth:
        made.append(
            GoogleOAuth(
                "app.apps.googleusercontent.com",
                [ClientSecret(secret) for secret in secrets or ("GOCSPX-new",)],
                auth_uri="https://accounts.google.com/o/oauth2/v2/auth",
                token_uri=TOKEN_URI,
                revoke_uri=REVOKE_URI,
                issuer="https://accounts.google.com",
                redirect_uri="https://connector.example/connect/google-plus/callback",
            )
        )
        return made[-1]

    yield one
    for oauth in made:
        oauth.close()


@pytest.fixture
def google() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


def sent(call: responses.Call) -> dict[str, str]:
    body = call.request.body
    return dict(parse_qsl(body.decode() if isinstance(body, bytes) else str(body), strict_parsing=True))


def test_the_authorization_address_asks_for_exactly_these_scopes_in_this_order(make: Make) -> None:
    url = make().authorization_url(
        state="our-state", verifier=VERIFIER, scopes=SCOPES, ask_again=True, account="100000000000000000009"
    )
    assert url.startswith("https://accounts.google.com/o/oauth2/v2/auth?")
    assert parse_qs(urlsplit(url).query, strict_parsing=True) == {
        "response_type": ["code"],
        "client_id": ["app.apps.googleusercontent.com"],
        "redirect_uri": ["https://connector.example/connect/google-plus/callback"],
        "scope": [" ".join(SCOPES)],
        "state": ["our-state"],
        "access_type": ["offline"],
        "prompt": ["consent"],
        "login_hint": ["100000000000000000009"],
        "code_challenge": ["E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"],
        "code_challenge_method": ["S256"],
    }


def test_without_need_google_is_not_made_to_ask_again(make: Make) -> None:
    url = make().authorization_url(state="s", verifier=VERIFIER, scopes=SCOPES, ask_again=False, account=None)
    asked = parse_qs(urlsplit(url).query)
    assert not {"prompt", "login_hint", "include_granted_scopes"} & asked.keys()


def test_neither_verifier_nor_client_secret_is_in_the_authorization_address(make: Make) -> None:
    url = make().authorization_url(state="s", verifier=VERIFIER, scopes=SCOPES, ask_again=True, account=None)
    assert VERIFIER.form_field() not in url
    assert "GOCSPX" not in url


@pytest.mark.parametrize("length", [42, 129])
def test_a_verifier_of_another_length_is_refused(make: Make, length: int) -> None:
    with pytest.raises(ValueError, match="43 to 128"):
        make().authorization_url(
            state="s", verifier=CodeVerifier("v" * length), scopes=SCOPES, ask_again=True, account=None
        )


def test_the_code_is_traded_with_everything_in_the_body(make: Make, google: responses.RequestsMock) -> None:
    google.post(TOKEN_URI, json=ANSWER)
    answer = make().exchange(CODE, VERIFIER, SCOPES)
    call = google.calls[0]
    assert call.request.url == TOKEN_URI
    assert "Authorization" not in call.request.headers
    assert sent(call) == {
        "grant_type": "authorization_code",
        "code": "4/0code",
        "code_verifier": VERIFIER.form_field(),
        "client_id": "app.apps.googleusercontent.com",
        "client_secret": "GOCSPX-new",
        "redirect_uri": "https://connector.example/connect/google-plus/callback",
    }
    assert answer.scopes == SCOPES


@pytest.mark.parametrize("scope", [SCOPES[0], f"{SCOPES[0]} {SCOPES[1]} openid", "", "something.else"])
def test_more_or_fewer_or_other_scopes_than_asked_are_a_normal_answer(
    make: Make, google: responses.RequestsMock, scope: str
) -> None:
    google.post(TOKEN_URI, json=ANSWER | {"scope": scope})
    answer = make().exchange(CODE, VERIFIER, SCOPES)
    assert answer.scopes == tuple(scope.split())
    assert answer.refresh is not None


def test_a_refresh_names_its_scopes_joined_by_a_space(make: Make, google: responses.RequestsMock) -> None:
    google.post(TOKEN_URI, json=ANSWER)
    make().refresh(RefreshToken("1//held"), SCOPES)
    assert google.calls[0].request.url == TOKEN_URI
    assert "Authorization" not in google.calls[0].request.headers
    assert sent(google.calls[0]) == {
        "grant_type": "refresh_token",
        "refresh_token": "1//held",
        "client_id": "app.apps.googleusercontent.com",
        "client_secret": "GOCSPX-new",
        "scope": " ".join(SCOPES),
    }


def test_a_refresh_for_everything_granted_names_no_scope(make: Make, google: responses.RequestsMock) -> None:
    google.post(TOKEN_URI, json=ANSWER)
    make().refresh(RefreshToken("1//held"), ())
    assert "scope" not in sent(google.calls[0])


@pytest.mark.parametrize("way", ["exchange", "refresh"])
def test_when_google_does_not_know_the_newest_secret_the_next_one_is_tried_once(
    make: Make, google: responses.RequestsMock, way: str
) -> None:
    google.post(TOKEN_URI, status=401, json={"error": "invalid_client"})
    google.post(TOKEN_URI, json=ANSWER)
    oauth = make("GOCSPX-new", "GOCSPX-old")
    if way == "exchange":
        oauth.exchange(CODE, VERIFIER, SCOPES)
    else:
        oauth.refresh(RefreshToken("1//held"), SCOPES)
    assert [sent(call)["client_secret"] for call in google.calls] == ["GOCSPX-new", "GOCSPX-old"]


def test_when_google_knows_no_secret_each_was_tried_once(make: Make, google: responses.RequestsMock) -> None:
    google.post(TOKEN_URI, status=401, json={"error": "invalid_client"})
    with pytest.raises(TokenRefused) as refused:
        make("GOCSPX-new", "GOCSPX-old").exchange(CODE, VERIFIER, SCOPES)
    assert refused.value.code == "invalid_client"
    assert len(google.calls) == 2


@pytest.mark.parametrize("answer", [{"status": 400, "json": {"error": "invalid_grant"}}, {"status": 503}])
def test_any_other_error_is_not_tried_with_another_secret(
    make: Make, google: responses.RequestsMock, answer: dict[str, object]
) -> None:
    google.post(TOKEN_URI, **answer)  # type: ignore[arg-type]
    with pytest.raises(TokenRefused):
        make("GOCSPX-new", "GOCSPX-old").exchange(CODE, VERIFIER, SCOPES)
    assert len(google.calls) == 1


def test_a_redirect_is_refused_and_the_code_goes_nowhere_else(make: Make, google: responses.RequestsMock) -> None:
    """F7: the endpoints are pinned."""
    google.post(TOKEN_URI, status=307, headers={"Location": "https://evil.example/token"})
    with pytest.raises(UnreadableAnswer, match="redirect"):
        make().exchange(CODE, VERIFIER, SCOPES)
    assert len(google.calls) == 1


def test_a_token_is_revoked_in_the_body_and_never_in_the_address(make: Make, google: responses.RequestsMock) -> None:
    google.post(REVOKE_URI, body=b"")
    oauth = make()
    assert oauth.revoke(RefreshToken("1//held")) == "confirmed"
    assert oauth.revoke(AccessToken("ya29.held")) == "confirmed"
    assert [call.request.url for call in google.calls] == [REVOKE_URI, REVOKE_URI]
    assert [sent(call) for call in google.calls] == [{"token": "1//held"}, {"token": "ya29.held"}]


def test_revoking_what_is_gone_already_says_so(make: Make, google: responses.RequestsMock) -> None:
    google.post(REVOKE_URI, status=400, json={"error": "invalid_token", "error_description": "expired or revoked"})
    assert make().revoke(RefreshToken("1//held")) == "already-gone"


@pytest.mark.parametrize(
    ("status", "code"), [(400, "unknown"), (403, "unknown"), (500, "temporary"), (429, "temporary")]
)
def test_a_refused_revocation_is_an_error(make: Make, google: responses.RequestsMock, status: int, code: str) -> None:
    google.post(REVOKE_URI, status=status, json={"error": "whatever"})
    with pytest.raises(TokenRefused) as refused:
        make().revoke(RefreshToken("1//held"))
    assert refused.value.code == code


def test_at_debug_no_library_logs_a_secret(
    make: Make, google: responses.RequestsMock, caplog: pytest.LogCaptureFixture
) -> None:
    google.post(TOKEN_URI, json=ANSWER)
    google.post(REVOKE_URI, body=b"")
    with caplog.at_level(logging.DEBUG):
        oauth = make()
        oauth.authorization_url(state="s", verifier=VERIFIER, scopes=SCOPES, ask_again=True, account=None)
        answer = oauth.exchange(CODE, VERIFIER, SCOPES)
        oauth.refresh(RefreshToken("1//canary"), SCOPES)
        oauth.revoke(answer.access)
    for secret in ("ya29.canary", "1//canary", "4/0code", "GOCSPX", VERIFIER.form_field()):
        assert secret not in caplog.text


def test_an_error_that_echoes_secrets_leaves_none_of_them_in_the_exception(
    make: Make, google: responses.RequestsMock
) -> None:
    echo = {"error": "invalid_request", "error_description": "GOCSPX-new 4/0code", "error_uri": "https://GOCSPX-new"}
    google.post(TOKEN_URI, status=400, body=json.dumps(echo))
    with pytest.raises(TokenRefused) as refused:
        make().exchange(CODE, VERIFIER, SCOPES)
    chain = [refused.value, refused.value.__cause__, refused.value.__context__]
    assert not any("GOCSPX" in repr(link) or "4/0code" in str(link) for link in chain)


def test_a_connection_error_does_not_carry_the_request_on(make: Make, google: responses.RequestsMock) -> None:
    # Nothing is registered, so `responses` raises its ConnectionError, as requests does when a connection breaks.
    google.assert_all_requests_are_fired = False
    with pytest.raises(OutcomeUnknown) as unknown:
        make().exchange(CODE, VERIFIER, SCOPES)
    assert unknown.value.__cause__ is None
    assert unknown.value.__suppress_context__


@pytest.mark.parametrize(
    "uri",
    [
        "http://oauth2.googleapis.com/token",
        "http://127.0.0.1.evil.example/token",
        "http://localhost.evil.example/token",
        "http://10.0.0.1/token",
        "ftp://127.0.0.1/token",
        "https:///token",
        "https://user@oauth2.googleapis.com/token",
        "https://oauth2.googleapis.com/token#x",
        "https://oauth2.googleapis.com/to ken",
        "/token",
        "",
    ],
)
def test_an_endpoint_that_is_not_https_or_on_this_machine_is_refused(uri: str) -> None:
    with pytest.raises(ValueError, match="plain http"):
        GoogleOAuth(
            "app",
            [ClientSecret("s")],
            auth_uri="https://accounts.google.com/o/oauth2/v2/auth",
            token_uri=uri,
            revoke_uri=REVOKE_URI,
            issuer="https://accounts.google.com",
            redirect_uri="https://connector.example/callback",
        )
