"""What is not done at a provider for a while, in every process alike, and what the operator is told of it.

Each begins with one log line and one entry, and ends with one. None of them changes any customer's state.
"""

from collections.abc import Mapping
from datetime import timedelta

import structlog

from connector.domain import events, ledger
from connector.domain.errors import Paused
from connector.domain.events import Event
from connector.domain.ports import Services, Tx
from connector.domain.records import Pause, Pausing

__all__ = [
    "OUR_FAULT",
    "RETRY",
    "api_not_enabled",
    "check_refreshes",
    "claim_refresh",
    "know_us",
    "narrows",
    "not_known",
    "not_narrowed",
    "quota_back",
    "quota_spent",
]

RETRY = timedelta(seconds=60)  # between two tries while Google does not accept our own credentials
QUIET = timedelta(days=1)  # between two alarms that the API is not enabled, and two tries to narrow
# A quota that is spent right after it began anew: their clock may be behind ours, or the request was from before.
AT_RESET, AFTER_RESET = timedelta(hours=1), timedelta(minutes=10)
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
    svc.vault.ready(svc.store, ledger.OPERATOR)
    with svc.store.write() as tx:
        before = tx.pauses.get(provider, Pausing.REFRESHES)
        if before is not None and before.credentials != credentials:
            tx.pauses.lift(provider, Pausing.REFRESHES)  # these are other ones, and no good either
        began = tx.pauses.begin(Pause(provider, Pausing.REFRESHES, code, now, now + RETRY, credentials))
        if began:
            index = _note(svc, tx, events.TOKENS_PAUSED, {"code": code})
        else:
            tx.pauses.claim(provider, Pausing.REFRESHES, now, now + RETRY)
    if began:
        _log.error("refresh_paused", reason=code, index=index)
    return Paused(f"refreshing is paused: {code}")


def know_us(svc: Services, tx: Tx, provider: str) -> None:
    """Google has shown that it accepts our credentials: a pause ends."""
    if tx.pauses.lift(provider, Pausing.REFRESHES):
        index = ledger.note(svc, tx, events.TOKENS_RESUMED, actor=ledger.SYSTEM)
        _log.warning("refresh_resumed", index=index)


def narrows(svc: Services, tx: Tx, provider: str) -> bool:
    """Whether to ask for a purpose's scopes alone: the setting says so, and it was not refused within the last day."""
    if not svc.network(provider).narrowing:
        return False
    refused = tx.pauses.get(provider, Pausing.NARROWING)
    return refused is None or tx.pauses.lift(provider, Pausing.NARROWING, over=svc.clock.now())


def not_narrowed(svc: Services, tx: Tx, provider: str) -> None:
    """Google gave a token for all that was granted, after it had refused one for less: do not ask in vain today."""
    now = svc.clock.now()
    if tx.pauses.begin(Pause(provider, Pausing.NARROWING, "invalid_scope", now, now + QUIET)):
        _log.warning("narrowing_refused", reason="invalid_scope")


def quota_spent(svc: Services, provider: str, code: str) -> None:
    """Send no call to this provider until its quota begins anew, and tell the operator once."""
    now, api = svc.clock.now(), svc.network(provider).api
    just_reset = api.quota_resets_at(now - AT_RESET) <= now
    until = now + AFTER_RESET if just_reset else api.quota_resets_at(now)
    svc.vault.ready(svc.store, ledger.OPERATOR)
    with svc.store.write() as tx:
        if not tx.pauses.begin(Pause(provider, Pausing.CALLS, code, now, until)):
            return
        index = _note(svc, tx, events.QUOTA_SPENT, {"code": code, "until": until.isoformat(timespec="minutes")})
    _log.error("quota_spent", reason=code, index=index)


def quota_back(svc: Services, provider: str) -> None:
    """The time has come at which the quota begins anew: whoever notices it first says so."""
    svc.vault.ready(svc.store, ledger.OPERATOR)
    with svc.store.write() as tx:
        if not tx.pauses.lift(provider, Pausing.CALLS, over=svc.clock.now()):
            return
        index = ledger.note(svc, tx, events.QUOTA_BACK, actor=ledger.SYSTEM)
    _log.warning("quota_back", index=index)


def api_not_enabled(svc: Services, provider: str, code: str) -> None:
    """Tell the operator, once a day, that Google has not enabled its API for this app's project. Nothing is paused."""
    now = svc.clock.now()
    svc.vault.ready(svc.store, ledger.OPERATOR)
    with svc.store.write() as tx:
        again = tx.pauses.claim(provider, Pausing.ALARM, now, now + QUIET)
        if not again and not tx.pauses.begin(Pause(provider, Pausing.ALARM, code, now, now + QUIET)):
            return
        index = _note(svc, tx, events.API_NOT_ENABLED, {"code": code})
    _log.error("api_not_enabled", reason=code, index=index)


def _note(svc: Services, tx: Tx, event: Event, told: Mapping[str, str]) -> int:
    return ledger.note(svc, tx, event, actor=ledger.SYSTEM, decision="failed", reason=told["code"], details=told)


def _is_ours(svc: Services, pause: Pause) -> bool:
    return pause.credentials == svc.network(pause.provider).oauth.credentials
