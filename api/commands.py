"""What operators ask for, and what drivers answer."""

from __future__ import annotations

from pydantic import Field

from api.fields import Prose, Request, ThingId, examples
from schemas.incident import AmbulanceState, Answer, DispatchKind, Outcome, RoadKind


class AnswerRequest(Request):
    """What the driver said."""

    model_config = examples({"answer": "help"})

    answer: Answer


class DispatchRequest(Request):
    """What to send."""

    model_config = examples({"kind": "guard"}, {"kind": "guard", "unit_id": "guard-hakone"})

    kind: DispatchKind
    unit_id: ThingId | None = Field(
        default=None, description="The unit to ask first; without one whoever would be there soonest."
    )


class AmbulanceRequest(Request):
    """How the request for an ambulance stands, which an operator makes by telephone."""

    model_config = examples({"state": "accepted"})

    state: AmbulanceState


class RoadRequest(Request):
    """What kind of road the car is on."""

    model_config = examples({"road": "expressway"})

    road: RoadKind


class CloseRequest(Request):
    """What it turned out to be."""

    model_config = examples({"outcome": "accident"})

    outcome: Outcome


class NoteRequest(Request):
    """Words for the colleagues."""

    model_config = examples({"text": "同乗者が首の痛みを訴えている。119番に連絡済み。"})

    text: Prose
