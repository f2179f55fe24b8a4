"""Units in the field: their offer, their way, the scene, their report. Each sees only its own."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Body

from api import field_units
from api.auth import FieldUnit
from api.context import Context, Here
from api.errors import Problem, problems
from api.field_units import FIELD
from api.fields import Nothing
from api.tokens import Identity
from api.views.admin import UnitView
from api.views.field import (
    AcceptRequest,
    CheckRequest,
    CompleteRequest,
    DeclineRequest,
    PhotoView,
    PositionRequest,
    SecureRequest,
    UnitSituation,
)
from incident.dispatch.checklist import Item
from incident.field import scene_work, units
from incident.field.scene_work import PhotoRefused
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
    """Only a unit on shift is offered work, whoever would be there soonest first."""
    with here.change() as conn:
        row = conn.execute(FIELD["place_unit"], body.model_dump() | {"id": who.name}).fetchone()
        if row is not None and body.on_shift and not row["was_on_shift"]:
            units.release_searches(conn)
        return field_units.read(conn, who.name)


@router.post(
    "/dispatches/{dispatch_id}/accept",
    operation_id="accept_dispatch",
    summary="Take the work",
    responses=_REPORT,
)
def accept_dispatch(here: Here, who: FieldUnit, dispatch_id: UUID, body: AcceptRequest) -> UnitSituation:
    """Until this nobody is told that somebody is coming. 409 when the offer has run out or another took it."""
    return _report(here, who, dispatch_id, DispatchState.ACCEPTED, eta_s=body.eta_s)


@router.post(
    "/dispatches/{dispatch_id}/decline",
    operation_id="decline_dispatch",
    summary="Not take the work",
    responses=_REPORT,
)
def decline_dispatch(
    here: Here, who: FieldUnit, dispatch_id: UUID, body: DeclineRequest | None = None
) -> UnitSituation:
    """Another unit is asked. Also after accepting, when the unit cannot come after all."""
    return _report(here, who, dispatch_id, DispatchState.DECLINED, reason=body.reason if body else "")


@router.post(
    "/dispatches/{dispatch_id}/en_route", operation_id="start_driving", summary="Set off", responses=_REPORT
)
def start_driving(here: Here, who: FieldUnit, dispatch_id: UUID, _: Nothing | None = None) -> UnitSituation:
    """The unit drives."""
    return _report(here, who, dispatch_id, DispatchState.EN_ROUTE)


@router.post(
    "/dispatches/{dispatch_id}/eta",
    operation_id="expect_arrival",
    summary="Tell a new time of arrival",
    responses=_REPORT,
)
def expect_arrival(here: Here, who: FieldUnit, dispatch_id: UUID, body: AcceptRequest) -> UnitSituation:
    """Before it is late, or when it is: the driver hears the new time, and nobody is sent instead."""
    with here.change() as conn:
        units.expect(conn, here.incidents, who.name, dispatch_id, body.eta_s)
        return _situation(conn, who.name)


@router.post("/dispatches/{dispatch_id}/on_scene", operation_id="arrive", summary="Arrive", responses=_REPORT)
def arrive(here: Here, who: FieldUnit, dispatch_id: UUID, _: Nothing | None = None) -> UnitSituation:
    """The unit is there."""
    return _report(here, who, dispatch_id, DispatchState.ON_SCENE)


@router.put(
    "/dispatches/{dispatch_id}/checklist/{item}",
    operation_id="check_item",
    summary="Say what became of an item",
    responses=_REPORT,
)
def check_item(
    here: Here, who: FieldUnit, dispatch_id: UUID, item: Item, body: CheckRequest
) -> UnitSituation:
    """Done or not needed, with a note; the latest word counts, and each is on record with its time."""
    with here.change() as conn:
        scene_work.check(
            conn, here.incidents, who.name, dispatch_id, item=item, state=body.state, note=body.note
        )
        return _situation(conn, who.name)


@router.post(
    "/dispatches/{dispatch_id}/photos",
    operation_id="add_photo",
    summary="Add a photo",
    status_code=HTTPStatus.CREATED,
    responses=_REPORT,
)
def add_photo(
    here: Here,
    who: FieldUnit,
    dispatch_id: UUID,
    jpeg: Annotated[bytes, Body(media_type="image/jpeg", examples=["the file itself"])],
) -> PhotoView:
    """A JPEG of up to 5 MB, kept as it is; up to ten of them."""
    with here.change() as conn:
        try:
            return PhotoView(id=scene_work.add_photo(conn, here.incidents, who.name, dispatch_id, jpeg))
        except PhotoRefused as error:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, error.why) from None


@router.post(
    "/dispatches/{dispatch_id}/i_am_safe",
    operation_id="confirm_safe",
    summary="Say that one is well",
    responses=_REPORT,
)
def confirm_safe(here: Here, who: FieldUnit, dispatch_id: UUID, _: Nothing | None = None) -> UnitSituation:
    """Whoever works on the scene is asked for this every few minutes (reminder confirm_safe)."""
    with here.change() as conn:
        units.confirm_safe(conn, here.incidents, who.name, dispatch_id)
        return _situation(conn, who.name)


@router.post(
    "/dispatches/{dispatch_id}/secured",
    operation_id="secure_scene",
    summary="The scene is secured",
    responses=_REPORT,
)
def secure_scene(
    here: Here, who: FieldUnit, dispatch_id: UUID, body: SecureRequest | None = None
) -> UnitSituation:
    """Nobody is in danger of traffic any more.

    409 while people_safe, triangle_and_hazard_lights or secondary_accident_prevention is open and no reason
    is given.
    """
    return _report(here, who, dispatch_id, DispatchState.SECURED, reason=body.reason if body else "")


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
    here: Context, who: Identity, dispatch_id: UUID, wanted: DispatchState, **said: Any
) -> UnitSituation:
    with here.change() as conn:
        units.report(conn, here.incidents, who.name, dispatch_id, wanted, **said)
        return _situation(conn, who.name)


def _situation(conn: Connection, unit_id: str) -> UnitSituation:
    unit = field_units.read(conn, unit_id)
    row = conn.execute(FIELD["work_of_unit"], {"unit_id": unit_id}).fetchone()
    work = field_units.work(conn, row["dispatch_id"], unit_id, unit.language) if row is not None else None
    return UnitSituation(unit=unit, dispatch=work)
