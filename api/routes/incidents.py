"""Operators: incidents as they stand, as they happen, and what is done about them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final, Literal
from uuid import UUID, uuid4

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from api import field_units, reading, veil
from api.access import Reason, log_access
from api.auth import Admitted, Operator, Reader, Watcher
from api.commands import (
    AmbulanceRequest,
    AnswerRequest,
    CloseRequest,
    DispatchRequest,
    NoteRequest,
    RoadRequest,
)
from api.context import SQL, Context, Here
from api.errors import Problem, problems
from api.fields import Nothing
from api.stale import refuse_stale
from api.views.admin import UnitView
from api.views.detail import IncidentDetail
from api.views.event import EventList
from api.views.incident import IncidentList, IncidentView
from incident.dispatch.skills import skills_for
from incident.escalation.commands import (
    AmbulanceMoved,
    AnswerFor,
    CallDriver,
    Close,
    Command,
    SendHelp,
    StopHelp,
    Take,
)
from incident.escalation.effects import Note
from incident.escalation.events import RoadKnown
from incident.record import members
from incident.service import UnknownIncident
from incident.wording.refusals import Called, Refusal
from schemas.incident import DispatchKind, Phase

router: Final = APIRouter(prefix="/v1/incidents", tags=["incidents"])
_DENIED: Final = (401, 403)
_LOOK: Final = problems(*_DENIED, 404)
_ACT: Final = problems(*_DENIED, 404, 409, 413)


@router.get("", operation_id="list_incidents", summary="List incidents", responses=problems(*_DENIED))
def list_incidents(
    here: Here,
    _: Watcher,
    phase: Annotated[
        Phase | Literal["open"] | None, Query(description="One phase, or open for all that are not closed.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[
        UUID | AwareDatetime | None,
        Query(description="Only those opened before this one (its id), or before a moment."),
    ] = None,
) -> IncidentList:
    """Newest first. The id of the last one as `before` gives the next page."""
    wanted = None if phase == "open" else phase
    with here.transaction() as conn:
        try:
            found = reading.page(conn, wanted, only_open=phase == "open", before=before, limit=limit)
        except UnknownIncident:
            raise Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY, "query.before: there is no such incident"
            ) from None
    return IncidentList(incidents=found)


@router.get("/{incident_id}", operation_id="get_incident", summary="Look an incident up", responses=_LOOK)
def get_incident(here: Here, who: Reader, incident_id: UUID, reason: Reason = None) -> IncidentDetail:
    """One incident with what belongs to it; of events, messages, impacts, presses and notes the newest 500.

    The look-up is logged with its reason.
    """
    with here.transaction() as conn:
        found = reading.detail(conn, incident_id)
        log_access(conn, who, "incident.read", str(incident_id), reason)
    return veil.incident(found, who)


@router.get(
    "/{incident_id}/events",
    operation_id="get_incident_events",
    summary="Read an incident's record",
    responses=_LOOK,
)
def get_incident_events(
    here: Here,
    who: Reader,
    incident_id: UUID,
    *,
    reason: Reason = None,
    after: Annotated[int, Query(ge=0, description="Only what lies behind this position.")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 1000,
) -> EventList:
    """What happened, oldest first, a page at a time. The look-up is logged with its reason."""
    with here.transaction() as conn:
        found = reading.events(conn, incident_id, after=after, limit=limit)
        log_access(conn, who, "incident.events", str(incident_id), reason)
    return EventList(events=veil.events(found, who))


@router.post("/{incident_id}/take", operation_id="take_incident", summary="Take it over", responses=_ACT)
def take_incident(here: Here, who: Operator, incident_id: UUID, _: Nothing | None = None) -> IncidentView:
    """The incident is this operator's now; the machine stops ringing."""
    return _command(here, who, incident_id, lambda at: Take(at, who.name))


@router.post(
    "/{incident_id}/answer",
    operation_id="answer_incident",
    summary="Pass on the driver's answer",
    responses=_ACT,
)
def answer_incident(here: Here, who: Operator, incident_id: UUID, body: AnswerRequest) -> IncidentView:
    """What an operator heard from the driver counts as the driver's answer."""
    return _command(here, who, incident_id, lambda at: AnswerFor(at, who.name, body.answer))


@router.post("/{incident_id}/dispatches", operation_id="send_help", summary="Send a unit", responses=_ACT)
def send_help(here: Here, who: Operator, incident_id: UUID, body: DispatchRequest) -> IncidentView:
    """Offers the work to the chosen unit, or to whoever would be there soonest.

    409 while one of the kind is under way, and where the chosen unit cannot come; 404 where there is none such.
    """
    with here.change() as conn:
        refuse_stale(conn, here.incidents, incident_id, who)
        if body.unit_id is not None:
            _require_able(field_units.read(conn, body.unit_id), body.kind)
        here.incidents.handle(
            conn,
            incident_id,
            lambda at: SendHelp(at, who.name, body.kind, body.unit_id),
            actor=f"operator:{who.name}",
        )
        return reading.view(conn, incident_id)


@router.delete(
    "/{incident_id}/dispatches/{kind}",
    operation_id="stop_help",
    summary="Call a unit off",
    responses=_ACT,
)
def stop_help(here: Here, who: Operator, incident_id: UUID, kind: DispatchKind) -> IncidentView:
    """Calls off what is under way, and keeps the plan from sending any by itself."""
    return _command(here, who, incident_id, lambda at: StopHelp(at, who.name, kind))


@router.post("/{incident_id}/call", operation_id="call_driver", summary="Call the driver", responses=_ACT)
def call_driver(here: Here, who: Operator, incident_id: UUID, _: Nothing | None = None) -> IncidentView:
    """This operator's own telephone rings first, and after key 1 they are connected with the driver.

    409 where they have not signed in with a telephone.
    """
    with here.change() as conn:
        if not members.can_be_rung(conn, who.name):
            raise Problem(HTTPStatus.CONFLICT, Refusal.NO_TELEPHONE.of())
        refuse_stale(conn, here.incidents, incident_id, who)
        here.incidents.handle(
            conn, incident_id, lambda at: CallDriver(at, who.name), actor=f"operator:{who.name}"
        )
        return reading.view(conn, incident_id)


@router.post(
    "/{incident_id}/ambulance",
    operation_id="move_ambulance",
    summary="Tell how the ambulance stands",
    responses=_ACT,
)
def move_ambulance(here: Here, who: Operator, incident_id: UUID, body: AmbulanceRequest) -> IncidentView:
    """Asked, accepted, arrived, refused or cancelled, as the fire headquarters says; 409 out of order."""
    return _command(here, who, incident_id, lambda at: AmbulanceMoved(at, who.name, body.state))


@router.put("/{incident_id}/road", operation_id="set_road", summary="Set the kind of road", responses=_ACT)
def set_road(here: Here, who: Operator, incident_id: UUID, body: RoadRequest) -> IncidentView:
    """What an operator was told; on an expressway the plan for expressways goes on."""
    with here.change() as conn:
        refuse_stale(conn, here.incidents, incident_id, who)
        here.incidents.handle(
            conn, incident_id, lambda at: RoadKnown(at, body.road), actor=f"operator:{who.name}"
        )
        return reading.view(conn, incident_id)


@router.post("/{incident_id}/close", operation_id="close_incident", summary="Close it", responses=_ACT)
def close_incident(here: Here, who: Operator, incident_id: UUID, body: CloseRequest) -> IncidentView:
    """Ends the incident; calls and units on their way are called off."""
    return _command(here, who, incident_id, lambda at: Close(at, who.name, body.outcome))


@router.post("/{incident_id}/notes", operation_id="add_note", summary="Write a note", responses=_ACT)
def add_note(here: Here, who: Operator, incident_id: UUID, body: NoteRequest) -> IncidentView:
    """The words are kept where they can be erased; the record refers to them by `note_id`."""
    with here.change() as conn:
        incident = here.incidents.hands(conn, incident_id)
        if incident is None:
            raise UnknownIncident(incident_id)
        note_id = body.id or uuid4()
        new = conn.execute(
            SQL["insert_note"],
            {
                "id": note_id,
                "incident_id": incident_id,
                "at": incident.at,
                "author": who.name,
                "text": body.text,
            },
        ).fetchone()
        if new is not None:
            incident.write([Note("note", {"note_id": str(note_id)})], f"operator:{who.name}")
        return reading.view(conn, incident_id)


def _require_able(unit: UnitView, kind: DispatchKind) -> None:
    called = Called(unit.id, unit.name, unit.name)
    if not set(unit.skills) & skills_for(kind):
        raise Problem(HTTPStatus.CONFLICT, Refusal.UNIT_DOES_NOT.of(unit=called, skills=unit.skills))
    if unit.status == "out_of_service" and unit.out_of_service is not None:
        why = Refusal.UNIT_IS_OUT.of(unit=called, why=unit.out_of_service.reason)
        raise Problem(HTTPStatus.CONFLICT, why)
    if unit.status != "free":
        raise Problem(
            HTTPStatus.CONFLICT, Refusal.UNIT_IS.of(unit=called, status=unit.status.replace("_", " "))
        )


def _command(
    here: Context, who: Admitted, incident_id: UUID, command: Callable[[datetime], Command]
) -> IncidentView:
    with here.change() as conn:
        refuse_stale(conn, here.incidents, incident_id, who)
        here.incidents.handle(conn, incident_id, command, actor=f"operator:{who.name}")
        return reading.view(conn, incident_id)
