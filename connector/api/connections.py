"""`/api/v1/connections`: what a program may use, and the ids it needs to begin."""

from typing import Any

from flask import Blueprint

from connector.api.guard import current_caller
from connector.api.settings import services
from connector.domain import grants
from connector.domain.records import ConnectionState

__all__ = ["blueprint"]

blueprint = Blueprint("connections", __name__)


@blueprint.get("/api/v1/connections")
def listed() -> dict[str, Any]:
    """The customer's connections that have not ended, with the purposes of this token and how they stand."""
    caller = current_caller()
    views = grants.overview(services(), caller.program.customer)
    return {
        "connections": [
            {
                "id": view.id,
                "provider": view.provider,
                "account_name": view.account_name,
                "state": str(view.state),
                "pages": [{"id": page.provider_id, "name": page.name} for page in view.pages],
                "purposes": [
                    {"id": purpose.id, "state": purpose.state}
                    for purpose in view.purposes
                    if purpose.id in caller.purposes
                ],
            }
            for view in views
            if view.state is not ConnectionState.REVOKED
        ]
    }
