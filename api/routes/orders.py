"""Operators: the plan waits or goes on, one step now or not at all, what was a mistake taken back, two made one.

What is ordered is refused with 409 and what has changed, where the incident does not stand as it was seen any more.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from fastapi import APIRouter

from api import reading
from api.auth import Admitted, Operator
from api.commands import (
    MergeRequest,
    PauseRequest,
    ReopenRequest,
    StepOffRequest,
    StepRequest,
    WithdrawRequest,
)
from api.context import SQL, Context, Here
from api.errors import problems
from api.fields import Nothing
from api.stale import refuse_stale
from api.views.incident import IncidentView
from incident import joining
from incident.escalation.commands import (
    Command,
    PausePlan,
    Release,
    ResumePlan,
    StepNow,
    StepOff,
    WithdrawAnswer,
)
from incident.service import UnknownIncident
from runtime.database import Connection

router: Final = APIRouter(prefix="/v1/incidents", tags=["incidents"])
_ACT: Final = problems(401, 403, 404, 409, 413)


@router.post(
    "/{incident_id}/release", operation_id="release_incident", summary="Give it back", responses=_ACT
)
def release_incident(here: Here, who: Operator, incident_id: UUID, _: Nothing | None = None) -> IncidentView:
    """Nobody has it any more: operators are called to it, and where nobody has answered the plan goes on.

    409 where another operator has it, or somebody of the desk is on the line with them.
    """
    return _order(here, who, incident_id, lambda at: Release(at, who.name))


@router.post("/{incident_id}/pause", operation_id="pause_plan", summary="Pause the plan", responses=_ACT)
def pause_plan(here: Here, who: Operator, incident_id: UUID, body: PauseRequest) -> IncidentView:
    """What the plan does by itself waits, and is done when the pause ends, in its order.

    Alarms, the desk's telephones and the watch over units go on. It ends by itself, also when a further impact or
    press comes or somebody answers. Who paused it may pause it again with another end, up to 30 minutes in all; 409
    where another operator paused it.
    """
    with here.change() as conn:
        note_id = str(_because(conn, who, incident_id, body.reason))
        return _ordered(
            here, conn, who, incident_id, lambda at: PausePlan(at, who.name, body.minutes * 60.0, note_id)
        )


@router.post("/{incident_id}/resume", operation_id="resume_plan", summary="Let it go on", responses=_ACT)
def resume_plan(here: Here, who: Operator, incident_id: UUID, _: Nothing | None = None) -> IncidentView:
    """What became due during the pause is done now. A plan that runs goes on running."""
    return _order(here, who, incident_id, lambda at: ResumePlan(at, who.name))


@router.post(
    "/{incident_id}/steps/now", operation_id="step_now", summary="Do a planned step now", responses=_ACT
)
def step_now(here: Here, who: Operator, incident_id: UUID, body: StepRequest) -> IncidentView:
    """Neither the night nor a pause keeps it. 409 where it was done, called off, or is not planned any more."""
    generation, step = _numbers(body.step)
    return _order(here, who, incident_id, lambda at: StepNow(at, who.name, generation, step))


@router.post(
    "/{incident_id}/steps/off", operation_id="step_off", summary="Call a planned step off", responses=_ACT
)
def step_off(here: Here, who: Operator, incident_id: UUID, body: StepOffRequest) -> IncidentView:
    """It is not done. 409 where it was done, called off, or is not planned any more."""
    generation, step = _numbers(body.step)
    with here.change() as conn:
        note_id = str(_because(conn, who, incident_id, body.reason))
        return _ordered(
            here, conn, who, incident_id, lambda at: StepOff(at, who.name, generation, step, note_id)
        )


@router.post(
    "/{incident_id}/answer/withdraw",
    operation_id="withdraw_answer",
    summary="Withdraw an answer that was passed on",
    responses=_ACT,
)
def withdraw_answer(here: Here, who: Operator, incident_id: UUID, body: WithdrawRequest) -> IncidentView:
    """Within 60 s, and only what an operator recorded: it stands again as before, and the plan goes on.

    409 where another answer came, or something has come of it that is not taken back, as a unit that accepted.
    """
    return _order(here, who, incident_id, lambda at: WithdrawAnswer(at, who.name, body.answer))


@router.post("/{incident_id}/reopen", operation_id="reopen_incident", summary="Reopen it", responses=_ACT)
def reopen_incident(here: Here, who: Operator, incident_id: UUID, body: ReopenRequest) -> IncidentView:
    """Within 10 minutes: it goes on as it stood; what was called off is planned anew, calls are not made again.

    409 later, where it was merged, or where its car has another open incident.
    """
    with here.change() as conn:
        note_id = _because(conn, who, incident_id, body.reason)
        joining.reopen(conn, here.incidents, incident_id, operator=who.name, note_id=note_id)
        return reading.view(conn, incident_id)


@router.post("/{incident_id}/merge", operation_id="merge_incident", summary="Merge it", responses=_ACT)
def merge_incident(here: Here, who: Operator, incident_id: UUID, body: MergeRequest) -> IncidentView:
    """It is about the same event as another one: it ends, and goes on there with whoever is on the way.

    What people say to it later is heard there. 409 into itself, into a closed one, of the graver into the lighter,
    while somebody waits on its line, and of two policies without a reason. The answer is the one that ended.
    """
    with here.change() as conn:
        note_id = _because(conn, who, incident_id, body.reason) if body.reason is not None else None
        joining.merge(conn, here.incidents, incident_id, body.into, operator=who.name, note_id=note_id)
        return reading.view(conn, incident_id)


def _because(conn: Connection, who: Admitted, incident_id: UUID, reason: str) -> UUID:
    """Keep a reason where it can be erased; the record refers to it. Raises UnknownIncident."""
    note_id = uuid4()
    values = {"id": note_id, "incident_id": incident_id, "author": who.name, "text": reason}
    if conn.execute(SQL["note_reason"], values).fetchone() is None:
        raise UnknownIncident(incident_id)
    return note_id


def _order(
    here: Context, who: Admitted, incident_id: UUID, command: Callable[[datetime], Command]
) -> IncidentView:
    with here.change() as conn:
        return _ordered(here, conn, who, incident_id, command)


def _ordered(
    here: Context, conn: Connection, who: Admitted, incident_id: UUID, command: Callable[[datetime], Command]
) -> IncidentView:
    refuse_stale(conn, here.incidents, incident_id, who)
    here.incidents.handle(conn, incident_id, command, actor=f"operator:{who.name}")
    return reading.view(conn, incident_id)


def _numbers(step: str) -> tuple[int, int]:
    _, generation, index = step.split(":")
    return int(generation), int(index)
