"""Incidents as operators see them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from api.fields import examples
from incident.escalation.state import Task
from schemas.impact import Severity
from schemas.incident import Answer, DispatchKind, DispatchState, Outcome, Phase, Trigger

AT = "2026-10-01T03:00:00Z"
_ID = "0b0f3c52-4f0e-4d0a-9a51-6d9f4a3a1c11"
_BRIEF: dict[str, Any] = {
    "kind": "guard",
    "state": "en_route",
    "unit_id": "guard-odawara",
    "eta_at": "2026-10-01T03:18:00Z",
}
INCIDENT: dict[str, Any] = {
    "id": _ID,
    "trigger": "impact",
    "severity": "severe",
    "phase": "reaching",
    "answer": None,
    "outcome": None,
    "taken_by": None,
    "device_id": "car-0001",
    "policy_id": "P-0001",
    "occurred_at": AT,
    "opened_at": "2026-10-01T03:00:01Z",
    "closed_at": None,
    "lat_deg": 35.2324,
    "lon_deg": 139.1069,
    "flags": [],
    "tasks": ["take"],
    "delta_v_kmh": 31.5,
    "pdof_deg": 330.0,
    "dispatches": [_BRIEF],
    "next": {"id": "step:0:3", "name": "call_driver", "due_at": "2026-10-01T03:00:31Z"},
    "pause": None,
    "merged_into": None,
}
_PAUSE: dict[str, Any] = {
    "since": AT,
    "until": "2026-10-01T03:05:00Z",
    "operator": "sato",
    "reason": "警察官が運転者と話している。",
}


class DispatchBrief(BaseModel):
    """A dispatch in a line: the latest of its kind."""

    model_config = examples(_BRIEF)

    kind: DispatchKind
    state: DispatchState
    unit_id: str | None
    eta_at: AwareDatetime | None = Field(description="When the unit expects to arrive.")


class NextStep(BaseModel):
    """What happens by itself unless somebody does something."""

    model_config = examples(INCIDENT["next"])

    id: str | None = Field(
        description="Names a step of the plan for steps/now and steps/off; null for what is no step. "
        "It changes with the plan."
    )
    name: str = Field(
        description="A step of the escalation plan (push, sms, call_driver, call_contact, alarm_operator, "
        "ask_ambulance, list_call_back, offer_help, send_help), offer_expires, remind, or resume (a pause ends)."
    )
    due_at: AwareDatetime


class PauseView(BaseModel):
    """The plan waits by an operator's order."""

    model_config = examples(_PAUSE)

    since: AwareDatetime
    until: AwareDatetime = Field(description="When it goes on by itself.")
    operator: str
    reason: str = Field(description="Empty once it was erased.")


class IncidentCore(BaseModel):
    """What every view of an incident tells."""

    id: UUID
    trigger: Trigger
    severity: Severity | None = Field(description="None where only the button was pressed.")
    phase: Phase
    answer: Answer | None
    outcome: Outcome | None
    taken_by: str | None = Field(description="The operator who has it.")
    device_id: str | None
    policy_id: str | None
    occurred_at: AwareDatetime
    opened_at: AwareDatetime
    closed_at: AwareDatetime | None
    lat_deg: float | None
    lon_deg: float | None
    flags: list[str] = Field(description="Such as late, no_position, no_policy, policy_lapsed.")
    tasks: list[Task] = Field(description="What waits for an operator.")
    delta_v_kmh: float | None = Field(description="Of the hardest impact.")
    pdof_deg: float | None = Field(
        description="Where its force came from, clockwise from the front; null while the mount is unknown."
    )
    next: NextStep | None
    pause: PauseView | None = Field(description="Null while the plan runs, or is over.")
    merged_into: UUID | None = Field(description="With outcome merged: where it goes on.")


class IncidentView(IncidentCore):
    """An incident in the operators' list."""

    model_config = examples(INCIDENT)

    dispatches: list[DispatchBrief] = Field(description="The latest of each kind.")


class IncidentList(BaseModel):
    """Incidents, newest first."""

    model_config = examples({"incidents": [INCIDENT]})

    incidents: list[IncidentView]
