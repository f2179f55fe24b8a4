"""Administration of tokens: by them the apps of units and policyholders, and control centres, are known."""

from __future__ import annotations

from http import HTTPStatus
from secrets import token_urlsafe
from typing import Final
from uuid import UUID

from fastapi import APIRouter

from api import tokens
from api.access import Reason, log_access
from api.auth import Admin, UnitChief
from api.context import Here
from api.errors import Problem, problems
from api.field_units import FIELD
from api.fields import ThingId
from api.second_factor import qr_svg
from api.tokens import Identity, Role
from api.views.admin import TokenView, UnitAccess
from api.views.provider import ProviderAccess
from runtime.database import Connection

router: Final = APIRouter(prefix="/v1", tags=["administration"])
_ANSWERS: Final = problems(401, 403, 404)
_NOUNS: Final = {Role.UNIT: "unit", Role.PROVIDER: "provider", Role.DRIVER: "policyholder"}
_LOGGED: Final = {Role.UNIT: "unit", Role.PROVIDER: "provider", Role.DRIVER: "holder"}


@router.post(
    "/units/{unit_id}/token",
    operation_id="issue_unit_token",
    summary="Make a unit's token",
    responses=_ANSWERS,
)
def issue_unit_token(here: Here, who: UnitChief, unit_id: ThingId, reason: Reason = None) -> UnitAccess:
    """By this token the unit's app is known, until another is made: then it is void. Making it is logged."""
    with here.transaction() as conn:
        made = _renew(conn, who, Role.UNIT, unit_id, reason)
    token = here.tokens.sign(made)
    link = f"{here.settings.api_url}/unit#token={token}"
    return UnitAccess(token=token, link=link, qr_svg=qr_svg(link))


@router.delete(
    "/units/{unit_id}/token",
    operation_id="revoke_unit_token",
    summary="Revoke a unit's token",
    status_code=HTTPStatus.NO_CONTENT,
    responses=_ANSWERS,
)
def revoke_unit_token(here: Here, who: UnitChief, unit_id: ThingId, reason: Reason = None) -> None:
    """The unit is off shift, and nobody is known by its token any more."""
    with here.transaction() as conn:
        _revoke(conn, who, Role.UNIT, unit_id, reason)


@router.post(
    "/holders/{holder_id}/token",
    operation_id="issue_driver_token",
    summary="Make a driver's token",
    responses=_ANSWERS,
)
def issue_driver_token(here: Here, who: Admin, holder_id: UUID, reason: Reason = None) -> TokenView:
    """By this token the policyholder's app is known, until another is made: then it is void. Making it is logged."""
    with here.transaction() as conn:
        made = _renew(conn, who, Role.DRIVER, str(holder_id), reason)
    return TokenView(token=here.tokens.sign(made))


@router.delete(
    "/holders/{holder_id}/token",
    operation_id="revoke_driver_token",
    summary="Revoke a driver's token",
    status_code=HTTPStatus.NO_CONTENT,
    responses=_ANSWERS,
)
def revoke_driver_token(here: Here, who: Admin, holder_id: UUID, reason: Reason = None) -> None:
    """Nobody is known by it any more."""
    with here.transaction() as conn:
        _revoke(conn, who, Role.DRIVER, str(holder_id), reason)


@router.post(
    "/providers/{provider_id}/token",
    operation_id="issue_provider_token",
    summary="Make a control centre's token and secret",
    responses=_ANSWERS,
)
def issue_provider_token(
    here: Here, who: Admin, provider_id: ThingId, reason: Reason = None
) -> ProviderAccess:
    """Both are new, and those before are void. Making them is logged."""
    secret = token_urlsafe(32)
    with here.transaction() as conn:
        made = _renew(conn, who, Role.PROVIDER, provider_id, reason)
        conn.execute(FIELD["renew_secret"], {"id": provider_id, "secret": secret})
    return ProviderAccess(token=here.tokens.sign(made), secret=secret)


@router.delete(
    "/providers/{provider_id}/token",
    operation_id="revoke_provider_token",
    summary="Revoke a control centre's token",
    status_code=HTTPStatus.NO_CONTENT,
    responses=_ANSWERS,
)
def revoke_provider_token(here: Here, who: Admin, provider_id: ThingId, reason: Reason = None) -> None:
    """Nobody is known by it any more. The secret of what is posted to it stays."""
    with here.transaction() as conn:
        _revoke(conn, who, Role.PROVIDER, provider_id, reason)


def _renew(conn: Connection, who: Identity, role: Role, name: str, reason: str | None) -> Identity:
    identity = tokens.renew(conn, role, name)
    if identity is None:
        raise _unknown(role, name)
    log_access(conn, who, f"{_LOGGED[role]}.token", name, reason)
    return identity


def _revoke(conn: Connection, who: Identity, role: Role, name: str, reason: str | None) -> None:
    if not tokens.revoke(conn, role, name):
        raise _unknown(role, name)
    log_access(conn, who, f"{_LOGGED[role]}.token_revoked", name, reason)


def _unknown(role: Role, name: str) -> Problem:
    return Problem(HTTPStatus.NOT_FOUND, f"there is no {_NOUNS[role]} {name}")
