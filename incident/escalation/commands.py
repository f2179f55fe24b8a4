"""What operators order. They are events as others are, and may be refused. Pure values."""

from __future__ import annotations

from dataclasses import dataclass

from incident.escalation.events import Event
from schemas.incident import AmbulanceState, Answer, DispatchKind, Outcome


@dataclass(frozen=True, slots=True)
class Command(Event):
    """Something an operator wants; refused, not ignored, where it makes no sense."""

    operator: str


@dataclass(frozen=True, slots=True)
class Take(Command):
    """An operator makes the incident theirs."""


@dataclass(frozen=True, slots=True)
class Release(Command):
    """Who has the incident gives it back."""


@dataclass(frozen=True, slots=True)
class PausePlan(Command):
    """An operator has the plan wait for so many seconds; the reason is a note of the incident."""

    for_s: float
    note_id: str


@dataclass(frozen=True, slots=True)
class ResumePlan(Command):
    """An operator lets a paused plan go on."""


@dataclass(frozen=True, slots=True)
class StepNow(Command):
    """An operator wants one planned step at once."""

    generation: int
    step: int


@dataclass(frozen=True, slots=True)
class StepOff(Command):
    """An operator wants one planned step not at all; the reason is a note of the incident."""

    generation: int
    step: int
    note_id: str


@dataclass(frozen=True, slots=True)
class CallDriver(Command):
    """An operator wants to be connected with the driver."""


@dataclass(frozen=True, slots=True)
class AmbulanceMoved(Command):
    """An operator tells how the request for an ambulance stands."""

    state: AmbulanceState


@dataclass(frozen=True, slots=True)
class AnswerFor(Command):
    """An operator passes on what they heard from the driver."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class WithdrawAnswer(Command):
    """An answer that an operator recorded was not given; `answer` is which."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class SendHelp(Command):
    """An operator sends a unit: the one they chose, or whoever would be there soonest."""

    kind: DispatchKind
    unit_id: str | None = None


@dataclass(frozen=True, slots=True)
class StopHelp(Command):
    """An operator calls a unit off."""

    kind: DispatchKind


@dataclass(frozen=True, slots=True)
class Close(Command):
    """An operator ends the incident."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Reopen(Command):
    """An operator takes a closed incident up again; the reason is a note of it."""

    note_id: str


@dataclass(frozen=True, slots=True)
class Merge(Command):
    """An operator ends the incident because it is about the same as another: there it goes on.

    `handed` are the dispatches that go over with whoever is on the way; `note_id` is where the reason is, if any.
    """

    into: str
    handed: tuple[DispatchKind, ...] = ()
    note_id: str | None = None
