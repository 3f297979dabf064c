"""What is taken for an access token: what we signed for the API, while it lasts, in the one header; nothing else."""

import base64
import hashlib
import hmac
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from connector.api.jwts import Jwts, TokenRejected
from connector.domain import admitting
from connector.domain.records import Actor
from connector.storage import FileTokenKeys

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
OPERATOR = Actor("staff", "operator", "The operator")
LIST = "/api/v1/connections"


@pytest.fixture
def keys(settings, clock):
    """The keys that the application signs with."""
    return FileTokenKeys(settings.instance / "keys", clock)


@pytest.fixture
def program(wire, add_program):
    return add_program()


@pytest.fixture
def token(wire, program):
    return wire.token(*program).json["access_token"]


@pytest.fixture
def shown(wire):
    """`shown(token)`: the status that the API answers to it."""

    def show(token):
        reply = wire.send("GET", LIST, {"Authorization": f"Bearer {token}"})
        if reply.status == 401:
            assert reply.code == "token-invalid"
            assert reply.headers["www-authenticate"] == 'Bearer error="invalid_token"'
        return reply.status

    return show


def coded(part):
    data = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def parts(token):
    return [json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2]]


def test_a_token_says_what_rfc_9068_wants_and_nothing_of_the_secret(token, program, settings, clock, keys):
    header, claims = parts(token)
    now = int(clock.now().timestamp())
    assert header == {"alg": "Ed25519", "typ": "at+jwt", "kid": keys.newest().id}
    assert claims.pop("jti").startswith("tok_")
    assert claims.pop("secret_id").startswith("sec_")
    assert claims == {
        "iss": settings.base_url, "aud": f"{settings.base_url}/api/v1", "sub": program[0], "client_id": program[0],
        "iat": now, "exp": now + 600, "scope": "read-messages reply-to-messages",
    }  # fmt: skip
    assert hashlib.sha256(program[1].encode()).hexdigest() not in str(claims)


def test_it_serves_ten_minutes(shown, token, clock):
    assert shown(token) == 200
    clock.advance(600)
    assert shown(token) == 200  # the clocks of two machines may differ by five seconds
    clock.advance(5)
    assert shown(token) == 401


def test_a_token_that_somebody_made_or_changed_is_refused(shown, token, keys, settings, tmp_path, clock):
    header, claims = parts(token)
    ours = OKPKey.import_key(keys.newest().for_signing())
    public = ours.as_pem(private=False)
    head, payload, signature = token.split(".")

    def signed(key=ours, *, alg="Ed25519", header=header, drop=(), **changed):
        told = {name: value for name, value in {**claims, **changed}.items() if name not in drop}
        return jwt.encode({**header, "alg": alg}, told, key, algorithms=[alg], default_type=None)

    def hs256(secret):
        text = f"{coded({**header, 'alg': 'HS256'})}.{payload}"
        return f"{text}.{coded(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"

    raw = base64.urlsafe_b64decode(ours.as_dict(private=False)["x"] + "=")
    stranger = OKPKey.import_key(ed25519.Ed25519PrivateKey.generate())
    other = FileTokenKeys(tmp_path / "other", clock)
    now = int(clock.now().timestamp())
    without = {name: value for name, value in header.items() if name != "typ"}
    made = {
        "alg none": f"{coded({**header, 'alg': 'none'})}.{payload}.",
        "alg none, signed": f"{coded({**header, 'alg': 'none'})}.{payload}.{signature}",
        "alg NONE": f"{coded({**header, 'alg': 'NONE'})}.{payload}.{signature}",
        "HS256 with the public key in PEM": hs256(public),
        "HS256 with the public key's bytes": hs256(raw),
        "HS256 with nothing": hs256(b""),
        "EdDSA, the older name": f"{coded({**header, 'alg': 'EdDSA'})}.{payload}.{signature}",
        "ES256 by a stranger": signed(ECKey.import_key(ec.generate_private_key(ec.SECP256R1())), alg="ES256"),
        "RS256 by a stranger": signed(RSAKey.import_key(rsa.generate_private_key(65537, 2048)), alg="RS256"),
        "a stranger's key under our kid": signed(stranger),
        "another instance's key": signed(OKPKey.import_key(other.newest().for_signing())),
        "another kid": signed(header={**header, "kid": "token-1"}),
        "a kid that is a path": signed(header={**header, "kid": "../token-1538827200"}),
        "a kid that is a number": f"{coded({**header, 'kid': 1})}.{payload}.{signature}",
        "no kid": signed(header={"alg": "Ed25519", "typ": "at+jwt"}),
        "a key of its own": signed(stranger, header={**header, "jwk": stranger.as_dict(private=False)}),
        "a header to understand": signed(header={**header, "crit": ["kid"]}),
        "typ JWT": signed(header={**header, "typ": "JWT"}),
        "typ AT+JWT": signed(header={**header, "typ": "AT+JWT"}),
        "no typ": signed(header=without),
        "another issuer": signed(iss="https://evil.example"),
        "no issuer": signed(drop=["iss"]),
        "another audience": signed(aud="https://evil.example"),
        "two audiences, neither ours": signed(aud=["a", "b"]),
        "no audience": signed(drop=["aud"]),
        "run out": signed(exp=now - 6),
        "never": signed(drop=["exp"]),
        "an end in words": signed(exp="9999999999"),
        "issued tomorrow": signed(iat=now + 86_400, exp=now + 90_000),
        "no program": signed(drop=["sub"]),
        "no scope": signed(drop=["scope"]),
        "a scope that is a list": signed(scope=["read-messages"]),
        "no secret": signed(drop=["secret_id"]),
        "a claim changed": f"{head}.{coded({**claims, 'scope': 'analyse'})}.{signature}",
        "no signature": f"{head}.{payload}.",
        "half a signature": f"{head}.{payload}.{signature[:40]}",
        "five parts": f"{head}.{payload}.{signature}.{signature}.{signature}",
        "padding": f"{head}.{payload}.{signature}==",
        "too long": f"{head}.{payload}.{signature}{'A' * 2048}",
        "a header that is a list": f"{coded([1])}.{payload}.{signature}",
        "a header that is deep": f"{coded(b'[' * 900)}.{payload}.{signature}",
        "nothing": "",
        "a word": "token",
    }  # fmt: skip
    assert {name: shown(one) for name, one in made.items() if shown(one) != 401} == {}
    assert shown(token) == shown(signed()) == 200


def test_a_token_counts_in_its_one_header_only(wire, token, people):
    bearer = {"Authorization": f"Bearer {token}"}
    assert wire.send("GET", LIST, bearer).status == 200
    assert wire.send("GET", LIST, {"Authorization": f"bearer {token}"}).status == 200
    for headers, target in (
        ({}, LIST), ({}, f"{LIST}?access_token={token}"), ({"Cookie": f"session={people.member.cookie}"}, LIST),
        ({"Cookie": f"access_token={token}"}, LIST), ({"X-Access-Token": token}, LIST),
    ):  # fmt: skip
        reply = wire.send("GET", target, headers)
        assert (reply.status, reply.code) == (401, "token-missing")
        assert reply.headers["www-authenticate"] == "Bearer"
        assert "set-cookie" not in reply.headers
    for headers in ({"Authorization": f"Basic {token}"}, {"Authorization": token}, {"Authorization": "Bearer"}):
        assert wire.send("GET", LIST, headers).code == "token-invalid"


def test_a_token_opens_no_page_and_a_cookie_no_part_of_the_api(wire, token, people):
    bearer, cookie = {"Authorization": f"Bearer {token}"}, {"Cookie": f"session={people.member.cookie}"}
    for path in ("/settings", "/inbox", "/activity"):
        assert wire.send("GET", path, bearer).status == 303
        assert wire.send("GET", path, cookie).status == 200
    assert wire.send("GET", "/admin/grants", bearer).status == 303
    assert wire.send("POST", "/settings/programs/x/end", bearer, b"").status == 403
    assert wire.send("GET", LIST, cookie).status == 401


def test_a_new_signing_key_takes_over_and_after_a_leak_ends_every_token_that_is_out(
    wire, token, program, shown, svc, keys, clock
):
    admitting.new_token_key(svc, OPERATOR, keys, only=False)
    newer = wire.token(*program).json["access_token"]
    assert parts(newer)[0]["kid"] != parts(token)[0]["kid"]
    assert shown(token) == shown(newer) == 200
    admitting.new_token_key(svc, OPERATOR, keys, only=True)
    assert (shown(token), shown(newer)) == (401, 401)
    assert shown(wire.token(*program).json["access_token"]) == 200


def test_a_token_for_a_program_that_was_never_here_is_refused(keys, clock, random, settings, wire):
    """As after a restored backup: the key is there and the program is not."""
    now = int(clock.now().timestamp())
    claims = {
        "iss": settings.base_url, "aud": f"{settings.base_url}/api/v1", "sub": "prg_gone", "client_id": "prg_gone",
        "iat": now, "exp": now + 600, "jti": "tok_1", "scope": "read-messages", "secret_id": "sec_gone",
    }  # fmt: skip
    assert wire.send("GET", LIST).status == 401  # makes the key, where it was not made
    key = keys.newest()
    made = jwt.encode(
        {"alg": "Ed25519", "typ": "at+jwt", "kid": key.id},
        claims,
        OKPKey.import_key(key.for_signing()),
        algorithms=["Ed25519"],
    )
    reply = wire.send("GET", LIST, {"Authorization": f"Bearer {made}"})
    assert (reply.status, reply.code) == (401, "program-ended")


@hypothesis_settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    shown_text=st.one_of(
        st.text(max_size=300),
        st.lists(st.binary(max_size=60).map(coded), min_size=3, max_size=3).map(".".join),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
                st.sampled_from(["alg", "typ", "kid", "crit", "b64", "jwk", "x5c", "x"]), inner, max_size=4
            ),
        ).map(lambda header: f"{coded(header)}.e30.AAAA"),
    )
)  # fmt: skip
def test_whatever_else_is_shown_is_refused_in_the_same_words(keys, clock, random, shown_text):
    with pytest.raises(TokenRejected) as no:
        Jwts(keys, clock, random, "http://127.0.0.1:8080").read(shown_text)
    assert no.value.public == "This access token is not valid here, or it has run out."
