"""A form counts only when it was sent from one of our own pages and carries that page's token (R51).

Two checks, both needed. The browser's own word: `Sec-Fetch-Site`, else `Origin`, else `Referer`; none of them is a no.
And a token in the form: the session's once somebody is signed in, before that a random one that the form shares
with a cookie (`__Host-form`, which no other site and no neighbouring host can set).

NOTE: our pages send `Referrer-Policy: no-referrer`, and then browsers write `Origin: null` on our own forms
(Fetch standard, "append a request Origin header"). So `null` says nothing, and `Sec-Fetch-Site` has to.
"""

import hmac
import re

from flask import Response, g, request
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from connector.web.refusals import NoCookie, OtherSite, StaleForm
from connector.web.settings import services, settings

__all__ = [
    "FIELD",
    "SAFE",
    "field",
    "keep_in_browser",
    "refuse_other_sites",
    "require_browser_token",
    "require_token",
    "token_for_browser",
]

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
FIELD = "csrf"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{32,128}")


def refuse_other_sites() -> None:
    """Raises: OtherSite, when a state-changing request does not come from our own pages."""
    if request.method not in SAFE and not _from_our_own_pages():
        raise OtherSite


def _from_our_own_pages() -> bool:
    own = settings().origin
    site, origin, referer = (request.headers.get(name) for name in ("Sec-Fetch-Site", "Origin", "Referer"))
    if site is not None:
        return site == "same-origin" and origin in (None, "null", own)
    if origin is not None:
        return origin == own
    return referer is not None and f"{referer}/".startswith(f"{own}/")


def require_token(expected: str) -> None:
    """Raises: StaleForm, when a state-changing request does not carry this token."""
    if request.method in SAFE:
        return
    given = request.form.getlist(FIELD)
    if len(given) != 1 or not expected or not hmac.compare_digest(given[0].encode(), expected.encode()):
        raise StaleForm


def require_browser_token() -> None:
    """As `require_token`, for forms that are filled in before anybody is signed in. Raises: NoCookie, StaleForm."""
    if request.method in SAFE:
        return
    cookie = request.cookies.get(_cookie_name())
    if cookie is None or not _TOKEN.fullmatch(cookie):
        raise NoCookie
    require_token(cookie)


def keep_in_browser(response: Response | AnyResponse, token: str) -> None:
    """Keep the token of an open page's form in the browser."""
    response.set_cookie(_cookie_name(), token, secure=settings().https, httponly=True, samesite="Lax", path="/")


def token_for_browser() -> str:
    """The token that this browser's open forms carry: the one it has, so that two tabs both work, or a new one."""
    cookie = request.cookies.get(_cookie_name(), "")
    return cookie if _TOKEN.fullmatch(cookie) else services().random.token()


def field() -> Markup:
    """The hidden field, for templates. Open views put their token into `g.form_token` first."""
    token = g.get("form_token")
    if token is None and g.get("visitor"):
        token = g.visitor[0].csrf
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, token or "")


def _cookie_name() -> str:
    return "__Host-form" if settings().https else "form"
