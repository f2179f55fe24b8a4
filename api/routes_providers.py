"""Administration of providers."""

from __future__ import annotations

from http import HTTPStatus
from secrets import token_urlsafe
from typing import Any, Final

from fastapi import APIRouter, Response

from api.access import Reason, log_access
from api.auth import Admin
from api.context import Here
from api.errors import Problem, problems
from api.field_units import FIELD
from api.fields import ThingId
from api.views_provider import ProviderAccess, ProviderList, ProviderRequest, ProviderView
from runtime.database import Connection

router: Final = APIRouter(prefix="/v1/providers", tags=["administration"])


@router.get("", operation_id="list_providers", summary="List providers", responses=problems(401, 403))
def list_providers(here: Here, _: Admin) -> ProviderList:
    """Providers in order of their ids."""
    with here.transaction() as conn:
        rows = conn.execute(FIELD["providers"]).fetchall()
    return ProviderList(providers=[ProviderView.model_validate(row) for row in rows])


@router.put(
    "/{provider_id}",
    operation_id="replace_provider",
    summary="Take a provider in, or replace it",
    responses={201: {"model": ProviderView, "description": "It is new."}} | problems(401, 403, 409, 413),
)
def replace_provider(
    here: Here, _: Admin, provider_id: ThingId, body: ProviderRequest, response: Response
) -> ProviderView:
    """One that is not active is asked for nothing new. Whether it is a centre cannot change."""
    if body.id != provider_id:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, f"body.id is {body.id}, the address says {provider_id}"
        )
    values = body.model_dump() | {"secret": token_urlsafe(32)}
    with here.transaction() as conn:
        made = conn.execute(FIELD["insert_provider"], values).fetchone()
        if made is None and conn.execute(FIELD["replace_provider"], values).fetchone() is None:
            raise Problem(HTTPStatus.CONFLICT, f"provider {provider_id} works in the other mode")
        response.status_code = HTTPStatus.CREATED if made else HTTPStatus.OK
        return ProviderView.model_validate(_known(conn, provider_id))


@router.post(
    "/{provider_id}/token",
    operation_id="issue_provider_token",
    summary="Make a control centre's token and secret",
    responses=problems(401, 403, 404),
)
def issue_provider_token(
    here: Here, who: Admin, provider_id: ThingId, reason: Reason = None
) -> ProviderAccess:
    """The token does not run out; the secret is new, and the one before is void. Making them is logged."""
    secret = token_urlsafe(32)
    with here.transaction() as conn:
        _known(conn, provider_id)
        conn.execute(FIELD["renew_secret"], {"id": provider_id, "secret": secret})
        log_access(conn, who, "provider.token", provider_id, reason)
    return ProviderAccess(token=here.tokens.for_provider(provider_id), secret=secret)


def _known(conn: Connection, provider_id: str) -> dict[str, Any]:
    row = conn.execute(FIELD["provider"], {"id": provider_id}).fetchone()
    if row is None:
        raise Problem(HTTPStatus.NOT_FOUND, f"there is no provider {provider_id}")
    return row
