"""A refresh and a consent's code exchange over https, beside the use that google-auth and its OAuth library document.

Run by name: `python tests/bench/bench_token_endpoint.py`. README.md beside this file says what the rows are.
"""

import argparse
import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

import certificates
import upstream
import ways
from google.auth.transport.requests import Request
from google.oauth2.credentials import Credentials
from google_auth_oauthlib.flow import Flow
from measuring import fdatasync, in_rounds, spread, syncing

from connector import wiring
from connector.domain import tokens
from connector.domain.ports import Services
from connector.domain.secret import AuthorizationCode, CodeVerifier, RefreshToken

SCOPE = "https://www.googleapis.com/auth/plus.stream.read"
TOKEN = {
    "access_token": secrets.token_urlsafe(120), "refresh_token": secrets.token_urlsafe(60), "expires_in": 3600,
    "token_type": "Bearer", "scope": SCOPE,
}  # fmt: skip
CALLBACK = "https://connector.example/callback"
DISK = "one fdatasync of this disk"
REFRESH = ("Credentials.refresh(Request())", "  with one Request kept", "connector: refresh", "  and its token stored")
CONNECT = ("Flow, as documented", "connector: address and exchange", "  and its tokens stored")


def main() -> None:
    """Measure and print; in a process that begins with the certificates, since libraries look for theirs early."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=30)
    arguments.add_argument("--each", type=int, default=20, help="of each kind in a round; a fifth of it as documented")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--certificates", type=Path, help=argparse.SUPPRESS)
    asked = arguments.parse_args()
    if asked.certificates is None:
        with tempfile.TemporaryDirectory() as made:
            certificates.write(Path(made))
            again = [sys.executable, __file__, *sys.argv[1:], "--certificates", made]
            sys.exit(subprocess.run(again, env=os.environ | certificates.trusted(Path(made))).returncode)
    body, folder, chance = json.dumps(TOKEN).encode(), asked.certificates, Random(asked.seed)  # noqa: S311
    print(f"seed {asked.seed}, {asked.rounds} rounds of {asked.each}, over https on loopback; ", end="")
    print(f"4 KiB and fdatasync on this disk: {fdatasync(folder, append=True)} µs")
    with (
        upstream.running(certificates.server(folder), body) as root,
        ways.product(root, folder / "instance") as svc,
        syncing(folder, append=True) as disk,
    ):
        refresh, connect = refreshes(svc, root), connects(svc, root)
        for title, calls in (("refresh", refresh), ("connect", connect)):
            documented = next(iter(calls))
            taken = in_rounds(
                {DISK: disk, **calls}, rounds=asked.rounds, each=asked.each, random=chance, costly=(documented,)
            )
            tell(title, taken, documented)


def refreshes(svc: Services, root: str) -> Mapping[str, object]:
    """By name, as documented first."""
    held, oauth, kept = RefreshToken(TOKEN["refresh_token"]), svc.network(wiring.PROVIDER).oauth, Request()

    def fresh() -> Credentials:
        return Credentials(
            None, refresh_token=TOKEN["refresh_token"], token_uri=f"{root}token", client_id="client",
            client_secret="secret", scopes=[SCOPE],
        )  # fmt: skip

    return dict(zip(REFRESH, (
        lambda: fresh().refresh(Request()),
        lambda: fresh().refresh(kept),
        lambda: oauth.refresh(held, [SCOPE]),
        lambda: stored(svc, oauth.refresh(held, [SCOPE])),
    ), strict=True))  # fmt: skip


def connects(svc: Services, root: str) -> Mapping[str, object]:
    """By name, as documented first."""
    oauth = svc.network(wiring.PROVIDER).oauth
    client = {"client_id": "client", "client_secret": "secret", "auth_uri": f"{root}auth", "token_uri": f"{root}token"}

    def documented() -> object:
        flow = Flow.from_client_config({"web": client}, scopes=[SCOPE], redirect_uri=CALLBACK)
        flow.authorization_url(access_type="offline")
        flow.fetch_token(code="code")
        return flow.credentials

    def ours() -> object:
        verifier = CodeVerifier(secrets.token_urlsafe(48))
        oauth.authorization_url(state="s", verifier=verifier, scopes=[SCOPE], ask_again=True, account=None)
        return oauth.exchange(AuthorizationCode("code"), verifier, [SCOPE])

    return dict(zip(CONNECT, (documented, ours, lambda: stored(svc, ours())), strict=True))


def stored(svc: Services, answer: object) -> None:
    """Both tokens sealed and on disk."""
    with svc.store.write() as tx:
        tokens.store(svc, tx, ways.CUSTOMER, ways.CONNECTION, answer, SCOPE)


def tell(title: str, taken: Mapping[str, Sequence[float]], documented: str) -> None:
    """Microseconds, and how many times the documented use takes longer, by rounds."""
    print(f"\n{title:36}{'µs':>28}{'documented / this':>20}")
    for name, seconds in taken.items():
        times = statistics.median(long / one for one, long in zip(seconds, taken[documented], strict=True))
        print(f"{name:36}{spread(seconds)!s:>28}{'' if name == DISK else f'{times:.1f}x':>20}")


if __name__ == "__main__":
    main()
