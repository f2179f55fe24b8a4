"""What an incident is, what can happen to it, and what it asks for: plain values.

`decide` turns a State and an Event into a Decision. Every event carries the moment at
which the database recorded it (`at`), so that deciding never reads a clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from schemas.impact import Severity
from schemas.incident import (
    Answer,
    CallParty,
    DispatchKind,
    DispatchState,
    Outcome,
    Phase,
    Trigger,
)

OPEN_DISPATCH = frozenset(
    {
        DispatchState.REQUESTED,
        DispatchState.OFFERED,
        DispatchState.ACCEPTED,
        DispatchState.EN_ROUTE,
        DispatchState.ON_SCENE,
        DispatchState.SECURED,
    }
)
COMING = OPEN_DISPATCH - {DispatchState.REQUESTED, DispatchState.OFFERED}


class Task(StrEnum):
    """What waits for an operator."""

    TAKE = "take"
    CALL_BACK = "call_back"
    REQUEST_AMBULANCE = "request_ambulance"
    NO_UNIT = "no_unit"


class Light(StrEnum):
    """What the device's light tells the people in the car."""

    CONNECTED = "CONNECTED"
    HELP_COMING = "HELP_COMING"
    ARRIVED = "ARRIVED"
    ENDED = "ENDED"


@dataclass(frozen=True, slots=True)
class Line:
    """The calls to one party: how many were placed, and whether one is still under way."""

    attempts: int = 0
    under_way: bool = False
    wanted: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """One incident, as far as deciding needs to know it.

    `plan_from` is the zero of the plan's clock; `generation` fences its timers: a step
    that fires with another generation belongs to a ladder that no longer runs, and one of
    `steps_done` has fired before.
    `help_refused` is what nobody may send by itself any more. `call_back_promised` outlives a
    lighter ladder that begins meanwhile: the driver was told that a person will call.
    """

    phase: Phase
    trigger: Trigger
    severity: Severity | None
    rule: str
    plan_from: datetime
    generation: int = 0
    steps_done: tuple[int, ...] = ()
    answer: Answer | None = None
    outcome: Outcome | None = None
    taken_by: str | None = None
    driver: Line = field(default_factory=Line)
    contact: Line = field(default_factory=Line)
    dispatches: dict[DispatchKind, DispatchState] = field(default_factory=dict[DispatchKind, DispatchState])
    help_refused: tuple[DispatchKind, ...] = ()
    call_back_promised: bool = False
    tasks: tuple[Task, ...] = ()

    def line(self, party: CallParty) -> Line:
        """The calls to the driver or to the emergency contact."""
        return self.driver if party is CallParty.DRIVER else self.contact

    @property
    def light(self) -> Light:
        """What the device should show: help is promised only while a unit is really coming."""
        states = set(self.dispatches.values())
        if self.phase is Phase.CLOSED:
            return Light.ENDED
        if states & {DispatchState.ON_SCENE, DispatchState.SECURED}:
            return Light.ARRIVED
        return Light.HELP_COMING if states & COMING else Light.CONNECTED


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened; `at` is the database's time of recording it."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Opened(Event):
    """A press or an impact began the incident."""

    trigger: Trigger
    severity: Severity | None
    late: bool = False


@dataclass(frozen=True, slots=True)
class Joined(Event):
    """A further press or impact of the same car while the incident is open.

    `revises` says that it is no new impact, but better knowledge of one that belongs here.
    """

    trigger: Trigger
    severity: Severity | None
    late: bool = False
    revises: bool = False


@dataclass(frozen=True, slots=True)
class StepDue(Event):
    """A step of the plan has come due. `moving` is whether the car drives; None is unknown."""

    generation: int
    step: int
    moving: bool | None = None


@dataclass(frozen=True, slots=True)
class CallMoved(Event):
    """The carrier has taken a call, rings, or somebody picked up; `stage` says which."""

    party: CallParty
    attempt: int
    stage: str


@dataclass(frozen=True, slots=True)
class CallEnded(Event):
    """The carrier says a call is over, or it could not be placed at all."""

    party: CallParty
    attempt: int
    status: str


@dataclass(frozen=True, slots=True)
class CallSilent(Event):
    """Nothing was heard of a call for a while; `stage` is how it stood last (column calls.state)."""

    party: CallParty
    attempt: int
    stage: str


@dataclass(frozen=True, slots=True)
class Answered(Event):
    """A person told us something: by key, app, or through an operator."""

    answer: Answer
    by: CallParty
    via: str


@dataclass(frozen=True, slots=True)
class HeldLine(Event):
    """A call was answered, and then nothing was pressed or said: a person must listen in."""

    party: CallParty


@dataclass(frozen=True, slots=True)
class DispatchMoved(Event):
    """A dispatch of this incident changed its state."""

    kind: DispatchKind
    state: DispatchState
    unit_id: str | None = None
    eta_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OfferDue(Event):
    """A unit's time to answer an offer has run out."""

    kind: DispatchKind
    unit_id: str


@dataclass(frozen=True, slots=True)
class Placed(Event):
    """It has become known where the incident is."""


@dataclass(frozen=True, slots=True)
class ReminderDue(Event):
    """Nobody has taken the incident for a while."""


@dataclass(frozen=True, slots=True)
class Command(Event):
    """Something an operator wants; refused, not ignored, where it makes no sense."""

    operator: str


@dataclass(frozen=True, slots=True)
class Take(Command):
    """An operator makes the incident theirs."""


@dataclass(frozen=True, slots=True)
class AnswerFor(Command):
    """An operator passes on what they heard from the driver."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class SendHelp(Command):
    """An operator sends a unit."""

    kind: DispatchKind


@dataclass(frozen=True, slots=True)
class StopHelp(Command):
    """An operator calls a unit off."""

    kind: DispatchKind


@dataclass(frozen=True, slots=True)
class Close(Command):
    """An operator ends the incident."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Effect:
    """Something the shell must do in the same transaction, or queue there."""


@dataclass(frozen=True, slots=True)
class SetTimer(Effect):
    """Wake the incident at a moment; a timer of the same name is replaced."""

    name: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class ClearTimers(Effect):
    """Forget the timers whose names begin so."""

    prefix: str


@dataclass(frozen=True, slots=True)
class PlaceCall(Effect):
    """Ring somebody, for so many seconds at most."""

    party: CallParty
    attempt: int
    ring_s: float


@dataclass(frozen=True, slots=True)
class CheckCall(Effect):
    """Ask the carrier what became of a call; one that still rings unheard is withdrawn."""

    party: CallParty
    attempt: int


@dataclass(frozen=True, slots=True)
class CancelCalls(Effect):
    """Withdraw every call that is still waiting or ringing."""


@dataclass(frozen=True, slots=True)
class Message(Effect):
    """Send a text to the driver: `push` or `sms`, by the name of its wording."""

    channel: str
    template: str


@dataclass(frozen=True, slots=True)
class OfferNext(Effect):
    """Offer the work to the nearest free unit that was not asked yet.

    `expired_unit` names the unit whose offer ran out and is withdrawn first.
    """

    kind: DispatchKind
    expired_unit: str | None = None


@dataclass(frozen=True, slots=True)
class StandDown(Effect):
    """Call a dispatch off."""

    kind: DispatchKind


@dataclass(frozen=True, slots=True)
class ShowLight(Effect):
    """Change the device's light."""

    light: Light


@dataclass(frozen=True, slots=True)
class Note:
    """A line of the incident's record."""

    kind: str
    data: dict[str, str | int | float | bool | None] = field(
        default_factory=dict[str, str | int | float | bool | None]
    )


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows from one event: the next state, what to do, what to write down."""

    state: State
    effects: tuple[Effect, ...] = ()
    notes: tuple[Note, ...] = ()
