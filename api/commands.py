"""What operators ask for, and what drivers answer."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from pydantic import AfterValidator, Field

from api.fields import Prose, Request, ThingId, examples
from schemas.incident import AmbulanceState, Answer, DispatchKind, Outcome, RoadKind

_OTHER: Final = "0b0f3c52-4f0e-4d0a-9a51-6d9f4a3a1c11"


def _not_merged(outcome: Outcome) -> Outcome:
    if outcome is Outcome.MERGED:
        raise ValueError("only merging it into another incident ends it so")
    return outcome


Why = Annotated[
    Prose,
    Field(description="For the colleagues, and for whoever asks later; kept as a note.", max_length=1000),
]
StepId = Annotated[
    str, Field(pattern=r"^step:[0-9]{1,9}:[0-9]{1,3}$", description="As `ahead` of the incident names it.")
]


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

    outcome: Annotated[Outcome, AfterValidator(_not_merged)]


class NoteRequest(Request):
    """Words for the colleagues."""

    model_config = examples({"text": "同乗者が首の痛みを訴えている。119番に連絡済み。"})

    text: Prose


class PauseRequest(Request):
    """For how long the plan waits, and why."""

    model_config = examples({"reason": "警察官が運転者と話している。", "minutes": 5})

    reason: Why
    minutes: Annotated[int, Field(ge=1, le=30)] = 5


class StepRequest(Request):
    """Which step of the plan."""

    model_config = examples({"step": "step:0:3"})

    step: StepId


class StepOffRequest(StepRequest):
    """Which step of the plan is not done, and why."""

    model_config = examples({"step": "step:0:3", "reason": "緊急連絡先には担当者から連絡済み。"})

    reason: Why


class WithdrawRequest(Request):
    """Which answer was recorded by mistake: the one that was seen."""

    model_config = examples({"answer": "fine"})

    answer: Answer


class ReopenRequest(Request):
    """Why it goes on."""

    model_config = examples({"reason": "別の案件と取り違えて終了した。"})

    reason: Why


class MergeRequest(Request):
    """The incident that it goes on in, and why; of two policies only with a reason."""

    model_config = examples({"into": _OTHER, "reason": "同じ事故についての電話。"})

    into: UUID
    reason: Why | None = None
