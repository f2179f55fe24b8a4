"""Timer names taken apart again: which event a due timer stands for. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from incident.escalation.events import (
    CallAgain,
    CallSilent,
    DepartDue,
    DeskDue,
    Event,
    LateDue,
    OfferDue,
    PauseDue,
    ReminderDue,
    SafetyDue,
    SearchDue,
    StepDue,
)
from schemas.incident import CallParty, DispatchKind


def event_of(
    name: str,
    at: datetime,
    *,
    due_at: datetime | None = None,
    moving: bool | None,
    stage: Callable[[CallParty, int], str],
) -> Event:
    """The event at `at` of a timer that came due at `due_at`; whoever sets it names it.

    Raises ValueError for a name of no kind known here.
    """
    kind, *rest = name.split(":")
    match kind, rest:
        case "step", [generation, step]:
            return StepDue(at, int(generation), int(step), moving, due_at)
        case "giveup", [party, attempt]:
            whom, number = CallParty(party), int(attempt)
            return CallSilent(at, whom, number, stage(whom, number))
        case "again", [party]:
            return CallAgain(at, CallParty(party))
        case "desk", [number]:
            return DeskDue(at, int(number))
        case "offer", [dispatch, unit_id]:
            return OfferDue(at, DispatchKind(dispatch), unit_id)
        case "search", [dispatch]:
            return SearchDue(at, DispatchKind(dispatch))
        case "depart", [dispatch, unit_id]:
            return DepartDue(at, DispatchKind(dispatch), unit_id)
        case "late", [dispatch, unit_id]:
            return LateDue(at, DispatchKind(dispatch), unit_id)
        case "safe", [dispatch, unit_id]:
            return SafetyDue(at, DispatchKind(dispatch), unit_id)
        case "remind", []:
            return ReminderDue(at)
        case "pause", []:
            return PauseDue(at)
        case _:
            raise ValueError(f"no such timer: {name}")
