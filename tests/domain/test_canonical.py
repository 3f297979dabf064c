"""The canonical form is RFC 8785's, whichever encoder writes it."""

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from connector.domain.canonical import canonical

TEXT = st.text(st.characters(codec="utf-8"))
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
)


@given(ANYTHING)
@example({'\x00\x1f\x7f\b\f\n\r\t"\\/': '\x00\x1f\x7f\b\f\n\r\t"\\/<\u2028\U0001f600'})
@example({"\uffff": 1, "\U0001f600": 2, "a": 1.0, "b": 1e21})
@example({"b": [True, None, -0.0], "a": {}, "B": [], "": ""})
def test_every_value_has_the_bytes_that_an_implementation_of_rfc_8785_gives_it(value):
    assert canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("value", [2**53, -(2**53), float("nan"), "\ud800", {"\ud800": 1}, {1: 1}, {"a": b"b"}])
def test_what_has_no_canonical_form_is_refused(value):
    with pytest.raises((rfc8785.CanonicalizationError, UnicodeEncodeError)):
        canonical(value)
