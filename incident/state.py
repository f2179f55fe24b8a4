"""What an incident is: the plain value that `decide` turns, with an event, into the next one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from schemas.impact import Severity
from schemas.incident import Answer, CallParty, DispatchKind, DispatchState, Outcome, Phase, Trigger

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
