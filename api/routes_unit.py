"""Units in the field: their offer, their way, their report. Each sees only its own."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter

from api.auth import FieldUnit
from api.context import SQL, Context, Here
from api.errors import Problem, problems
from api.fields import Nothing
from api.tokens import Identity
from api.views_admin import UnitView
from api.views_field import (
    AcceptRequest,
    CarView,
    CompleteRequest,
    PositionRequest,
    SceneView,
    UnitDispatchView,
    UnitSituation,
)
from incident import units
from incident.units import NotYours
from runtime.database import Connection
from schemas.incident import DispatchState

router: Final = APIRouter(prefix="/v1/unit", tags=["units"])
_OWN: Final = problems(401, 403, 404, 413)
_REPORT: Final = problems(401, 403, 404, 409, 413)


@router.get("", operation_id="get_own_unit", summary="See one's work", responses=problems(401, 403, 404))
def get_own_unit(here: Here, who: FieldUnit) -> UnitSituation:
    """The unit, and the dispatch it was offered or does; no more of the incident than it needs."""
    with here.transaction() as conn:
        return _situation(conn, who.name)


@router.put("/position", operation_id="place_own_unit", summary="Say where one is", responses=_OWN)
def place_own_unit(here: Here, who: FieldUnit, body: PositionRequest) -> UnitView:
    """Only a unit on shift is offered work, the nearest first."""
    with here.transaction() as conn:
        row = conn.execute(SQL["place_unit"], body.model_dump() | {"id": who.name}).fetchone()
    return _unit_view(row, who.name)


@router.post(
    "/dispatches/{dispatch_id}/accept",
    operation_id="accept_dispatch",
    summary="Take the work",
    responses=_REPORT,
)
def accept_dispatch(here: Here, who: FieldUnit, dispatch_id: UUID, body: AcceptRequest) -> UnitSituation:
    """Until this nobody is told that somebody is coming. 409 when the offer has run out."""
    return _report(here, who, dispatch_id, DispatchState.ACCEPTED, eta_s=body.eta_s)


@router.post(
    "/dispatches/{dispatch_id}/decline",
    operation_id="decline_dispatch",
    summary="Not take the work",
    responses=_REPORT,
)
def decline_dispatch(
    here: Here, who: FieldUnit, dispatch_id: UUID, _: Nothing | None = None
) -> UnitSituation:
    """Another unit is asked. Also after accepting, when the unit cannot come after all."""
    return _report(here, who, dispatch_id, DispatchState.DECLINED)


@router.post(
    "/dispatches/{dispatch_id}/en_route", operation_id="start_driving", summary="Set off", responses=_REPORT
)
def start_driving(here: Here, who: FieldUnit, dispatch_id: UUID, _: Nothing | None = None) -> UnitSituation:
    """The unit drives."""
    return _report(here, who, dispatch_id, DispatchState.EN_ROUTE)


@router.post("/dispatches/{dispatch_id}/on_scene", operation_id="arrive", summary="Arrive", responses=_REPORT)
def arrive(here: Here, who: FieldUnit, dispatch_id: UUID, _: Nothing | None = None) -> UnitSituation:
    """The unit is there."""
    return _report(here, who, dispatch_id, DispatchState.ON_SCENE)


@router.post(
    "/dispatches/{dispatch_id}/secured",
    operation_id="secure_scene",
    summary="The scene is secured",
    responses=_REPORT,
)
def secure_scene(here: Here, who: FieldUnit, dispatch_id: UUID, _: Nothing | None = None) -> UnitSituation:
    """Nobody is in danger of traffic any more."""
    return _report(here, who, dispatch_id, DispatchState.SECURED)


@router.post(
    "/dispatches/{dispatch_id}/complete",
    operation_id="complete_dispatch",
    summary="Report and leave",
    responses=_REPORT,
)
def complete_dispatch(here: Here, who: FieldUnit, dispatch_id: UUID, body: CompleteRequest) -> UnitSituation:
    """The work is done; the unit is free again."""
    return _report(here, who, dispatch_id, DispatchState.COMPLETED, words=body.report)


def _report(
    here: Context,
    who: Identity,
    dispatch_id: UUID,
    wanted: DispatchState,
    *,
    eta_s: float | None = None,
    words: str | None = None,
) -> UnitSituation:
    with here.change() as conn:
        try:
            units.report(conn, here.incidents, who.name, dispatch_id, wanted, eta_s=eta_s, words=words)
        except NotYours:
            raise _stale_or_not_yours(conn, dispatch_id, who.name) from None
        return _situation(conn, who.name)


def _stale_or_not_yours(conn: Connection, dispatch_id: UUID, unit_id: str) -> Problem:
    row = conn.execute(SQL["once_offered"], {"id": dispatch_id, "unit_id": unit_id}).fetchone()
    if row is None:
        return Problem(HTTPStatus.NOT_FOUND, "there is no such dispatch for this unit")
    return Problem(
        HTTPStatus.CONFLICT,
        f"the offer has gone to others: the dispatch is {row['state']}",
        extra={"state": row["state"]},
    )


def _situation(conn: Connection, unit_id: str) -> UnitSituation:
    unit = _unit_view(conn.execute(SQL["unit"], {"id": unit_id}).fetchone(), unit_id)
    row = conn.execute(SQL["unit_dispatch"], {"unit_id": unit_id}).fetchone()
    return UnitSituation(unit=unit, dispatch=_dispatch_view(row) if row is not None else None)


def _unit_view(row: dict[str, Any] | None, unit_id: str) -> UnitView:
    if row is None:
        raise Problem(HTTPStatus.NOT_FOUND, f"there is no unit {unit_id}")
    return UnitView.model_validate(row)


def _dispatch_view(row: dict[str, Any]) -> UnitDispatchView:
    car = None
    if row["plate"] is not None:
        car = CarView(plate=row["plate"], model=row["model"], colour=row["colour"])
    return UnitDispatchView(
        id=row["id"],
        kind=row["kind"],
        state=row["state"],
        offer_expires_at=row["offer_expires_at"],
        eta_at=row["eta_at"],
        incident=SceneView(
            id=row["incident_id"],
            severity=row["severity"],
            occurred_at=row["occurred_at"],
            lat_deg=row["lat_deg"],
            lon_deg=row["lon_deg"],
            vehicle=car,
        ),
    )
