"""Supervisors: which units are not asked, whatever they say of themselves."""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from api import field_units
from api.access import log_access
from api.auth import UnitChief
from api.context import Here
from api.errors import Problem, problems
from api.fields import ThingId
from api.views.admin import OutOfServiceRequest, UnitView
from incident.field import out_of_service
from incident.field.out_of_service import OtherwiseNow, Outage
from incident.service import now
from incident.wording import JAPAN_TIME
from incident.wording.refusals import Called, Refusal
from runtime.database import Connection

router: Final = APIRouter(prefix="/v1/units", tags=["administration"])
_ANSWERS: Final = problems(401, 403, 404, 409, 413)
_LONGEST: Final = timedelta(days=366)


@router.put(
    "/{unit_id}/out_of_service",
    operation_id="take_unit_out_of_service",
    summary="Take a unit out of service",
    responses=_ANSWERS,
)
def take_unit_out_of_service(
    here: Here, who: UnitChief, unit_id: ThingId, body: OutOfServiceRequest
) -> UnitView:
    """It is not asked until it is back, whatever it says of its shift; the work it has accepted it keeps.

    What it was offered and has not answered is taken back. 409 where it is out of service otherwise than was seen.
    It is logged.
    """
    with here.change() as conn:
        unit = field_units.read(conn, unit_id)
        _require_ahead(conn, body.until)
        try:
            changed = out_of_service.take_out(
                conn, unit_id, (body.reason, body.until), by=who.name, seen=body.replaces
            )
        except OtherwiseNow as error:
            raise _otherwise(unit, error.stands) from None
        if changed:
            log_access(conn, who, "unit.out_of_service", unit_id, quote(_told(body)))
        return field_units.read(conn, unit_id)


@router.delete(
    "/{unit_id}/out_of_service",
    operation_id="put_unit_back_into_service",
    summary="Put a unit back into service",
    responses=_ANSWERS,
)
def put_unit_back_into_service(
    here: Here,
    who: UnitChief,
    unit_id: ThingId,
    since: Annotated[AwareDatetime, Query(description="`since` of what ends, as it was seen.")],
) -> UnitView:
    """It is asked again while it is on shift, and whoever found nobody looks at once. It is logged.

    409 where it is out of service otherwise than was seen.
    """
    with here.change() as conn:
        unit = field_units.read(conn, unit_id)
        try:
            ended = out_of_service.put_back(conn, unit_id, since)
        except OtherwiseNow as error:
            raise _otherwise(unit, error.stands) from None
        if ended is not None:
            log_access(conn, who, "unit.in_service", unit_id, quote(ended.reason))
        return field_units.read(conn, unit_id)


def _require_ahead(conn: Connection, until: datetime | None) -> None:
    at = now(conn)
    if until is not None and not at < until <= at + _LONGEST:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, Refusal.OUT_TOO_LONG.of())


def _told(body: OutOfServiceRequest) -> str:
    until = f" (until {body.until.astimezone(JAPAN_TIME):%Y-%m-%d %H:%M} in Japan)" if body.until else ""
    return f"{body.reason}{until}"


def _otherwise(unit: UnitView, stands: Outage) -> Problem:
    called = Called(unit.id, unit.name, unit.name)
    why = Refusal.UNIT_IS_OUT_BY.of(unit=called, who=stands.taken_by, why=stands.reason)
    return Problem(HTTPStatus.CONFLICT, why)
