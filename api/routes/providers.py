"""Administration of providers."""

from __future__ import annotations

from http import HTTPStatus
from secrets import token_urlsafe
from typing import Any, Final

from fastapi import APIRouter, Response

from api.auth import Admin
from api.context import Here
from api.errors import Problem, problems
from api.field_units import FIELD
from api.fields import ThingId
from api.views.provider import ProviderList, ProviderRequest, ProviderView
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


def _known(conn: Connection, provider_id: str) -> dict[str, Any]:
    row = conn.execute(FIELD["provider"], {"id": provider_id}).fetchone()
    if row is None:
        raise Problem(HTTPStatus.NOT_FOUND, f"there is no provider {provider_id}")
    return row
