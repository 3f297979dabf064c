"""For load balancers and operators: is the process alive, and can it work."""

from flask.typing import ResponseReturnValue

from connector.domain.errors import KeyServiceDown
from connector.domain.ledger import OPERATOR
from connector.web import session
from connector.web.settings import services

__all__ = ["blueprint"]

blueprint = session.guarded("health", "anyone")
_PLAIN = {"Content-Type": "text/plain; charset=utf-8"}


@blueprint.get("/healthz")
@session.open_to_anyone
def alive() -> ResponseReturnValue:
    """The process answers."""
    return "ok\n", 200, _PLAIN


@blueprint.get("/readyz")
@session.open_to_anyone
def ready() -> ResponseReturnValue:
    """The store can be read, and there is a key to seal the record with (R69, F34)."""
    svc = services()
    with svc.store.read() as tx:
        tx.ledger.count()
    svc.vault.ready(svc.store, OPERATOR)
    return "ready\n", 200, _PLAIN


@blueprint.errorhandler(KeyServiceDown)
def no_key(error: KeyServiceDown) -> ResponseReturnValue:
    """Data keys at hand still serve for minutes; the cause is a word of a fixed set."""
    return f"the key service does not serve ({error.cause})\n", 503, _PLAIN


@blueprint.errorhandler(Exception)
def not_ready(_error: Exception) -> ResponseReturnValue:
    """Whatever the database raised, a load balancer needs the same plain word."""
    return "the store cannot be read\n", 503, _PLAIN
