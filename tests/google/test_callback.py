import pytest

from connector.domain.errors import CallbackRejected
from connector.google.callback import read_callback

ISSUER = "https://accounts.google.com"
Query = list[tuple[str, str]]
GOOD: Query = [("state", "s" * 43), ("iss", ISSUER), ("code", "4/0abc"), ("scope", "a b"), ("authuser", "0")]


def changed(**other: str | None) -> Query:
    query = dict(GOOD) | other
    return [(name, value) for name, value in query.items() if value is not None]


def test_a_code_comes_back_as_a_secret() -> None:
    back = read_callback(GOOD, issuer=ISSUER, issuer_required=True)
    assert back.code is not None
    assert back.code.form_field() == "4/0abc"
    assert (back.state, back.error) == ("s" * 43, None)
    assert "4/0abc" not in repr(back)


@pytest.mark.parametrize(
    ("error", "word"),
    [
        ("access_denied", "access_denied"),
        ("admin_policy_enforced", "admin_policy_enforced"),
        ("org_internal", "org_internal"),
        ("redirect_uri_mismatch", "redirect_uri_mismatch"),
        ("disallowed_useragent", "disallowed_useragent"),
        ("server_error", "server_error"),
        ("<script>alert(1)</script>", "unknown"),
        ("ACCESS_DENIED", "unknown"),
    ],
)
def test_an_error_comes_back_as_a_word_of_a_fixed_set(error: str, word: str) -> None:
    back = read_callback(changed(code=None, error=error), issuer=ISSUER, issuer_required=True)
    assert (back.code, back.error) == (None, word)


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ([*GOOD, ("state", "other")], "repeated-parameter"),
        ([*GOOD, ("state", "s" * 43)], "repeated-parameter"),
        ([*GOOD, ("code", "4/0other")], "repeated-parameter"),
        ([*GOOD, ("iss", ISSUER)], "repeated-parameter"),
        ([*GOOD, ("scope", "c")], "repeated-parameter"),
        (changed(error="access_denied"), "code-and-error"),
        (changed(code=None), "incomplete"),
        (changed(code=""), "incomplete"),
        (changed(state=None), "incomplete"),
        (changed(state=""), "incomplete"),
        (changed(code=None, error="access_denied", state=None), "incomplete"),
        (changed(code="4/0\nabc"), "incomplete"),
        (changed(code="4/0\x00"), "incomplete"),
        (changed(code="4/0é"), "incomplete"),
        (changed(code="c" * 257), "too-long"),
        (changed(state="s" * 9000), "too-long"),
        (changed(junk="é" * 4200), "too-long"),
        ([("a" * 100, ""), *[(f"p{n}", "v" * 1000) for n in range(1000)]], "too-long"),
        (changed(iss="https://accounts.google.com/"), "wrong-issuer"),
        (changed(iss="https://ACCOUNTS.google.com"), "wrong-issuer"),
        (changed(iss="https://evil.example"), "wrong-issuer"),
        (changed(iss=None), "no-issuer"),
        (changed(iss=""), "no-issuer"),
        (changed(iss=None, code=None, error="access_denied"), "no-issuer"),
        ([], "no-issuer"),
        ([("iss", ISSUER)], "incomplete"),
    ],
)
def test_a_callback_that_breaks_a_rule_is_refused_with_its_reason(query: Query, reason: str) -> None:
    """F6, F7."""
    with pytest.raises(CallbackRejected) as refused:
        read_callback(query, issuer=ISSUER, issuer_required=True)
    assert refused.value.reason == reason
    assert "4/0" not in f"{refused.value} {refused.value.public}"


def test_a_code_may_have_exactly_googles_length() -> None:
    back = read_callback(changed(code="c" * 256), issuer=ISSUER, issuer_required=True)
    assert back.code is not None


@pytest.mark.parametrize("name", ["code", "state", "iss", "junk"])
def test_bytes_that_are_not_utf_8_are_refused_and_not_repaired(name: str) -> None:
    with pytest.raises(CallbackRejected) as refused:
        read_callback(changed(**{name: "x\udcff"}), issuer=ISSUER, issuer_required=True)
    assert refused.value.reason == "not-utf-8"


def test_a_missing_issuer_passes_where_the_server_never_promised_one_but_a_wrong_one_does_not() -> None:
    assert read_callback(changed(iss=None), issuer=ISSUER, issuer_required=False).error is None
    with pytest.raises(CallbackRejected):
        read_callback(changed(iss="https://evil.example"), issuer=ISSUER, issuer_required=False)
