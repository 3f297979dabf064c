"""What is not done at a provider for a while, in every process alike, and what the operator is told of it.

Each begins with one log line and one entry, and ends with one. None of them changes any customer's state.
"""

from datetime import timedelta

import structlog

from connector.domain import events, ledger
from connector.domain.errors import Paused
from connector.domain.ports import Services, Tx
from connector.domain.records import Pause, Pausing

__all__ = ["OUR_FAULT", "RETRY", "check_refreshes", "claim_refresh", "know_us", "not_known"]

RETRY = timedelta(seconds=60)  # between two tries while Google does not accept our own credentials
OUR_FAULT = frozenset({"deleted_client", "disabled_client", "invalid_client", "unauthorized_client"})

_log = structlog.get_logger(__name__)


def check_refreshes(svc: Services, tx: Tx, provider: str) -> None:
    """Raises: Paused while Google does not accept the credentials that this process has."""
    pause = tx.pauses.get(provider, Pausing.REFRESHES)
    if pause is not None and pause.until > svc.clock.now() and _is_ours(svc, pause):
        raise Paused(f"refreshing is paused: {pause.reason}")


def claim_refresh(svc: Services, tx: Tx, provider: str) -> bool:
    """Whether the refresh that follows is a trial: the one after a pause, or one with other credentials.

    Raises: Paused when somebody else makes the trial.
    """
    pause = tx.pauses.get(provider, Pausing.REFRESHES)
    if pause is None:
        return False
    now = svc.clock.now()
    if _is_ours(svc, pause) and not tx.pauses.claim(provider, Pausing.REFRESHES, now, now + RETRY):
        raise Paused
    return True


def not_known(svc: Services, provider: str, code: str) -> Paused:
    """Google does not accept our own credentials: pause refreshing, and tell the operator once. The error to raise."""
    now, credentials = svc.clock.now(), svc.network(provider).oauth.credentials
    with svc.store.write() as tx:
        before = tx.pauses.get(provider, Pausing.REFRESHES)
        if before is not None and before.credentials != credentials:
            tx.pauses.lift(provider, Pausing.REFRESHES)  # these are other ones, and no good either
        index = None
        if tx.pauses.begin(Pause(provider, Pausing.REFRESHES, code, now, now + RETRY, credentials)):
            index = ledger.note(
                svc, tx, events.TOKENS_PAUSED, actor=ledger.SYSTEM, decision="failed", reason=code,
                details={"code": code},
            )  # fmt: skip
        else:
            tx.pauses.claim(provider, Pausing.REFRESHES, now, now + RETRY)
    if index is not None:
        _log.error("refresh_paused", reason=code, index=index)
    return Paused(f"refreshing is paused: {code}")


def know_us(svc: Services, tx: Tx, provider: str) -> None:
    """Google has shown that it accepts our credentials: a pause ends."""
    if tx.pauses.lift(provider, Pausing.REFRESHES):
        index = ledger.note(svc, tx, events.TOKENS_RESUMED, actor=ledger.SYSTEM)
        _log.warning("refresh_resumed", index=index)


def _is_ours(svc: Services, pause: Pause) -> bool:
    return pause.credentials == svc.network(pause.provider).oauth.credentials
