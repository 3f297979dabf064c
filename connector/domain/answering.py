"""What an error answer of the API leads to, and whether the same request goes out once more (R41).

A 401 was not executed: the token that was sent is forgotten, and the request goes out once more with a fresh one. Too
many requests: it waits, longer each time, as long as Google asks for and this module has patience. Everything else is
the answer. Only a 401 ever leads to a refresh, and no answer of the API changes what a customer granted.
"""

from datetime import timedelta

from connector.domain import pauses, tokens
from connector.domain.errors import GoogleBusy, GoogleRefused
from connector.domain.grants import Permit
from connector.domain.ports import Services
from connector.domain.secret import AccessToken
from connector.domain.trouble import Trouble

__all__ = ["PATIENCE", "SOON", "Answering"]

PATIENCE = 5.0  # seconds that one call waits for a busy Google, all told
FIRST_WAIT = 0.5  # seconds; each next one is twice as long
MOST_WAITS = 3
# A request is sent again only this soon after the call began: a whole second round then still ends before the ledger
# takes the call for abandoned (ledger.CALL_LIMIT).
SOON = timedelta(seconds=10)


class Answering:
    """One call's patience: at most one fresh token, and at most PATIENCE seconds of waiting."""

    def __init__(self, svc: Services) -> None:
        self._svc = svc
        self._began = svc.clock.now()
        self._fresh_token = False
        self._waits, self._waited = 0, 0.0

    def again(self, permit: Permit, token: AccessToken, refusal: GoogleRefused | None) -> bool:
        """Do what the answer asks for; whether the request is to be sent again. It waits here if it has to."""
        provider = permit.connection.provider
        match refusal:
            case GoogleRefused(trouble=Trouble.TOKEN_ENDED):
                return self._forget(permit, token)
            case GoogleBusy():
                return self._wait(refusal.retry_after)
            case GoogleRefused(trouble=Trouble.QUOTA_SPENT):
                pauses.quota_spent(self._svc, provider, refusal.code)
            case GoogleRefused(trouble=Trouble.API_NOT_ENABLED):
                pauses.api_not_enabled(self._svc, provider, refusal.code)
        return False

    def _forget(self, permit: Permit, token: AccessToken) -> bool:
        if self._fresh_token:
            return False  # the token is new, so it is not the token
        with self._svc.store.write(durable=False) as tx:
            tokens.forget(self._svc, tx, permit.connection.id, token)
        self._fresh_token = True
        return not self._is_late()

    def _wait(self, asked: float | None) -> bool:
        """Wait as long as Google asks, and a little more so that not all come back at once; not beyond patience."""
        spread = self._svc.random.bytes(1)[0] / 255  # 0 to 1
        least = FIRST_WAIT * 2**self._waits * (0.5 + spread / 2)
        if asked is not None:
            least = max(least, asked + FIRST_WAIT * spread)
        if self._waits == MOST_WAITS or self._waited + least > PATIENCE or self._is_late():
            return False
        self._svc.sleep(least)
        self._waits, self._waited = self._waits + 1, self._waited + least
        return True

    def _is_late(self) -> bool:
        return self._svc.clock.now() - self._began > SOON
