"""What can go wrong, named for what the caller can do about it.

`public` is the sentence a customer may read; `str(error)` is for the operator and never holds a secret.
"""

from datetime import UTC, datetime

import scopes
from connector.domain.trouble import TOLD, Trouble, in_words

__all__ = [
    "AlreadyDone",
    "BadInput",
    "CallbackRejected",
    "CannotOpen",
    "ConnectorError",
    "GoogleBusy",
    "GoogleRefused",
    "KeyServiceDown",
    "LedgerUnwritable",
    "NeedsConsent",
    "NotFound",
    "NotSent",
    "NotSetUp",
    "OutcomeUnknown",
    "OutcomeUnrecorded",
    "Paused",
    "QuotaSpent",
    "Refused",
    "Revoked",
    "TokenRefused",
    "UnreadableAnswer",
]


class ConnectorError(Exception):
    """Base of every error the connector raises on purpose."""

    status = 500
    public = "Something went wrong on our side. Nothing was changed. Try again in a moment."


class NotSetUp(ConnectorError):
    """The instance cannot start or run a command; the message says what to do. Commands exit with 2."""


class BadInput(ConnectorError):
    """What the person or program sent cannot be used as it is."""

    status = 400

    def __init__(self, public: str) -> None:
        super().__init__(public)
        self.public = public


class NotFound(ConnectorError):
    """There is no such thing, or it is another customer's: the two are told in the same words."""

    status = 404
    public = "There is nothing here under that address."


class AlreadyDone(ConnectorError):
    """The same request came twice; the first one counted."""

    status = 409
    public = "This was already done. Nothing was done a second time."


class Refused(ConnectorError):
    """The gate said no before any token was opened. `reason` is a stable code, `public` says why in a sentence."""

    status = 403

    def __init__(self, reason: str, sentence: str, missing: frozenset[str] = frozenset()) -> None:
        super().__init__(f"{reason}: {sentence}")
        self.reason, self.public, self.missing = reason, sentence, missing

    @classmethod
    def because(cls, refusal: scopes.Refusal) -> "Refused":
        """Turn the pure package's answer into the error that the edge raises."""
        return cls(refusal.reason, refusal.sentence, refusal.missing)


class Revoked(Refused):
    """The grant was ended; only a new consent helps."""

    status = 409

    def __init__(self, sentence: str = "This account is no longer connected. Connect it again to continue.") -> None:
        super().__init__("revoked", sentence)


class CallbackRejected(Refused):
    """What came back from Google's consent page cannot be accepted; no token request was made."""

    status = 400

    def __init__(self, reason: str, sentence: str | None = None) -> None:
        super().__init__(reason, sentence or "This answer from Google cannot be used. Start again from Connect.")


class NeedsConsent(Refused):
    """There is nothing to call Google with; only a new consent helps."""

    status = 409

    def __init__(self, sentence: str = "Google has to be asked again. Connect this account again.") -> None:
        super().__init__("needs-consent", sentence)


class QuotaSpent(Refused):
    """The provider's quota is spent; nothing is sent there before `until`."""

    status = 503

    def __init__(self, until: datetime) -> None:
        at = until.astimezone(UTC)
        told = TOLD[Trouble.QUOTA_SPENT].sentence
        super().__init__(Trouble.QUOTA_SPENT.value, f"{told} Nothing is sent before {at.day} {at:%B %Y, %H:%M} UTC.")
        self.until = until


class GoogleRefused(ConnectorError):
    """Google answered, and the answer is an error.

    `code` is Google's reason, a word from a fixed set or `unknown`; `trouble` is what it means for what comes next.
    """

    def __init__(
        self, http_status: int, code: str, trouble: Trouble = Trouble.OTHER, *, when: str = "a moment"
    ) -> None:
        super().__init__(f"Google answered {http_status} ({code})")
        self.http_status, self.code, self.trouble = http_status, code, trouble
        self.status = TOLD[trouble].status
        self.public = TOLD[trouble].sentence.format(status=http_status, code=code, when=when)

    @property
    def reason(self) -> str:
        """The ledger's word for it."""
        return f"http-{self.http_status}" if self.trouble is Trouble.OTHER else self.trouble.value


class GoogleBusy(GoogleRefused):
    """Too many requests in a short time. `retry_after` is how long Google asks to wait (seconds), if it said."""

    def __init__(self, http_status: int, code: str, retry_after: float | None = None) -> None:
        super().__init__(http_status, code, Trouble.RATE_LIMITED, when=in_words(retry_after))
        self.retry_after = retry_after


class TokenRefused(GoogleRefused):
    """The token endpoint said no, for example `invalid_grant`. `cause` is the closer reason when it gave one."""

    def __init__(self, http_status: int, code: str, cause: str | None = None) -> None:
        super().__init__(http_status, code)
        self.cause = cause or code


class NotSent(ConnectorError):
    """Google could not be reached; nothing left this machine, so trying again is safe."""

    status = 503
    public = "Google cannot be reached right now. Nothing was sent. Try again in a moment."


class Paused(NotSent):
    """The provider does not accept this instance's own credentials. It is the operator's to mend, not a customer's."""

    public = (
        "Google does not accept our own credentials right now. The mistake is on our side: nothing is lost, and no "
        "account has to be connected again. The operator has been told."
    )


class OutcomeUnknown(ConnectorError):
    """The request went out and no complete answer came back: it may or may not have been done. Never sent again."""

    status = 504
    public = "Google did not answer, so it is not known whether this was done. It was not sent a second time."


class UnreadableAnswer(ConnectorError):
    """An answer came that breaks the protocol's rules. `flaw` is a fixed phrase, never a part of the answer."""

    status = 502
    public = "Google sent an answer that cannot be used. What was stored before stays as it was."

    def __init__(self, flaw: str) -> None:
        super().__init__(f"unreadable answer: {flaw}")
        self.flaw = flaw


class CannotOpen(ConnectorError):
    """A sealed value does not open under the key and place it is filed under: tampered, moved, or shredded."""

    public = "A stored secret could not be opened, so nothing was done. The operator has been told."


class KeyServiceDown(ConnectorError):
    """The service that holds the key-encryption key does not give a data key: away, slow, denying or misconfigured.

    Nothing is opened or sealed without it, and nothing is sealed in another way. `cause` is a word of a fixed set.
    """

    status = 503
    public = (
        "The service that guards the stored keys is not available to us right now, so nothing was done. What was "
        "stored before is kept, and no account has to be connected again. Try again in a few minutes."
    )

    def __init__(self, service: str, cause: str, advice: str = "") -> None:
        super().__init__(f"The key service {service} does not serve ({cause}). Nothing was changed. {advice}".strip())
        self.service, self.cause = service, cause


class LedgerUnwritable(ConnectorError):
    """The record could not be written, so the action did not happen."""

    status = 503
    public = "The record of this action could not be written, so the action was not done. Try again in a moment."


class OutcomeUnrecorded(LedgerUnwritable):
    """The request went out and its outcome could not be written down. The intent stands, and reads "unknown"."""

    public = (
        "Google was asked, but what came of it could not be recorded, so it may have been done. "
        "Look before you do it again."
    )
