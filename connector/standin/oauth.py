"""The OAuth addresses: consent page, token, revoke, tokeninfo."""

from flask import Blueprint, Response, jsonify, render_template, request
from werkzeug.datastructures import MultiDict

from connector.standin.authserver import Form, GoogleServer, ordered
from connector.standin.clock import microseconds
from connector.standin.consent import Asked, ConsentDesk, Redirect, Refused
from connector.standin.state import StandIn

__all__ = ["blueprint"]

_NO_STORE = {"Cache-Control": "no-cache, no-store, max-age=0, must-revalidate", "Pragma": "no-cache"}
_PAGE = {
    **_NO_STORE,
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}


def blueprint(standin: StandIn, server: GoogleServer, desk: ConsentDesk) -> Blueprint:
    """Routes over one stand-in."""
    oauth = Blueprint("oauth", __name__, template_folder="templates")

    @oauth.get("/o/oauth2/v2/auth")
    def page() -> Response:
        with standin.lock:
            return _consent_page(standin, desk.ask(_form(request.args)), "")

    @oauth.post("/o/oauth2/v2/auth")
    def decision() -> Response:
        with standin.lock:
            asked = desk.waiting(request.form.get("request", ""))
            account = standin.world.account(request.form.get("account", ""))
            choice = request.form.get("decision")
            if choice not in ("allow", "deny") or (account is None and choice == "allow"):
                return _consent_page(standin, asked, "Choose an account, then allow or deny.")
            location = desk.decide(asked, account, request.form.getlist("scope"), allow=choice == "allow")
        return _away(location)

    @oauth.post("/token")
    def token() -> Response:
        with standin.lock:
            answer = server.create_token_response(_form(request.form))
        return Response(answer.body, answer.status, headers={**answer.headers, **_NO_STORE})

    @oauth.post("/revoke")
    def revoke() -> Response:
        with standin.lock:
            known = standin.tokens.revoke(request.values.get("token", ""))
        if known:
            return jsonify({})
        return _refusal("invalid_token", "Token expired or revoked")

    @oauth.route("/tokeninfo", methods=["GET", "POST"])
    def tokeninfo() -> Response:
        with standin.lock:
            access = standin.tokens.access(request.values.get("access_token", ""))
            if access is None:
                return _refusal("invalid_token", "Invalid Value")
            left = int((access.expires - standin.clock.now()).total_seconds())
            account = standin.world.account(access.account)
        info = {
            "azp": access.client_id,
            "aud": access.client_id,
            "sub": access.account,
            "scope": ordered(access.scopes),
            "exp": str(microseconds(access.expires) // 1_000_000),
            "expires_in": str(left),
            "access_type": "offline" if access.offline else "online",
        }
        if account and "https://www.googleapis.com/auth/userinfo.email" in access.scopes:
            info |= {"email": account.email or "", "email_verified": "true"}
        return jsonify(info)

    @oauth.errorhandler(Refused)
    def refused(error: Refused) -> tuple[str, int, dict[str, str]]:
        return render_template("refused.html", error=error), 400, _PAGE

    @oauth.errorhandler(Redirect)
    def straight_back(error: Redirect) -> Response:
        return _away(error.location)

    return oauth


def _form(values: MultiDict[str, str]) -> Form:
    return Form(request.method, request.url, request.headers, values)  # type: ignore[arg-type]  # Headers maps str to str


def _consent_page(standin: StandIn, asked: Asked, problem: str) -> Response:
    hint = asked.form.values.get("login_hint", "")
    accounts = standin.world.accounts()
    chosen = next((person.id for person in accounts if hint and hint in (person.id, person.email)), "")
    body = render_template("consent.html", asked=asked, accounts=accounts, chosen=chosen, problem=problem)
    return Response(body, 400 if problem else 200, headers=_PAGE, content_type="text/html; charset=utf-8")


def _away(location: str) -> Response:
    answer = Response("", 302, headers=_NO_STORE)
    answer.headers["Location"] = location
    return answer


def _refusal(error: str, text: str) -> Response:
    answer = jsonify({"error": error, "error_description": text})
    answer.status_code = 400
    return answer
