"""What an incident is: the plain value that `decide` turns, with an event, into the next one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from schemas.impact import Severity
from schemas.incident import (
    AmbulanceState,
    Answer,
    CallParty,
    DispatchKind,
    DispatchState,
    Outcome,
    Phase,
    Reach,
    RoadKind,
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
THERE = frozenset({DispatchState.ON_SCENE, DispatchState.SECURED})


class Task(StrEnum):
    """What waits for an operator."""

    TAKE = "take"
    CALL_BACK = "call_back"
    REQUEST_AMBULANCE = "request_ambulance"
    NO_UNIT = "no_unit"


URGENT = frozenset({Task.TAKE, Task.REQUEST_AMBULANCE, Task.NO_UNIT})
"""Tasks whose take-by time brings telephones to ring; a call back does so only where it was promised, and later."""


class Light(StrEnum):
    """What the device's light tells the people in the car."""

    CONNECTED = "CONNECTED"
    HELP_COMING = "HELP_COMING"
    ARRIVED = "ARRIVED"
    ENDED = "ENDED"


@dataclass(frozen=True, slots=True)
class Line:
    """The calls to one party: how many were placed, and how the last one stands.

    `wanted`: another one is due as soon as this one has ended and the line was left free for a while.
    `rank` is which of the emergency contacts was rung last, from 1. `began_at`, `ended_at`: the last one.
    """

    attempts: int = 0
    under_way: bool = False
    answered: bool = False
    wanted: bool = False
    rank: int = 1
    began_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """Who accepted a dispatch, and what the watch over them has come to.

    `promised_at` is the arrival they accepted with, `eta_at` the latest news of it. Within `depart_by` they
    must be on their way, and by `safe_by`, on the scene, confirm that they are well. `relieved`: another
    unit is asked because this one is so late.
    """

    unit_id: str
    promised_at: datetime | None = None
    eta_at: datetime | None = None
    depart_by: datetime | None = None
    reminded: bool = False
    late: bool = False
    relieved: bool = False
    safe_by: datetime | None = None
    safe_asked: bool = False


@dataclass(frozen=True, slots=True)
class Pause:
    """The plan waits by an operator's order.

    `note_id` is where the reason is written. `held` are the steps of the rule that came due meanwhile, in order,
    `owed` those who would have been rung again.
    """

    since: datetime
    until: datetime
    operator: str
    note_id: str
    held: tuple[int, ...] = ()
    owed: tuple[CallParty, ...] = ()


@dataclass(frozen=True, slots=True)
class Before:
    """How an incident stood before an operator's answer, or before it was closed: where undoing leads back to.

    `operator` is who did that, None the machine; `dispatches` were open.
    """

    at: datetime
    operator: str | None
    phase: Phase
    answer: Answer | None
    taken_by: str | None
    tasks: tuple[Task, ...]
    help_refused: tuple[DispatchKind, ...]
    ambulance: AmbulanceState | None
    call_back_promised: bool
    dispatches: dict[DispatchKind, DispatchState] = field(default_factory=dict[DispatchKind, DispatchState])


@dataclass(frozen=True, slots=True)
class State:
    """One incident, as far as deciding needs to know it.

    `plan_from` is the zero of the plan's clock; `generation` fences its timers: a step
    that fires with another generation belongs to a ladder that no longer runs, and one of
    `steps_done` has fired before.
    `help_refused` is what nobody may send by itself any more, `sent_by_hand` the kinds whose last dispatch an
    operator began. `call_back_promised` outlives a
    lighter ladder that begins meanwhile: the driver was told that a person will call. `call_back_by` is when
    telephones ring for a promised one that nobody has made.
    `waiting` are those on a line who wait for a person, `desk_round` is the round of the plan's desk whose
    telephones ring for it, `callers` which of those we ring are on the line by a call of their own, by its attempt,
    `on_line` the operator who came, by the call `on_line_attempt`. `alarm_level` is
    how often a task was left waiting for longer than its take-by time, `remind_at` when the next one is over.
    `silent` and `drove_on` are what was seen of the car since its last shock.
    `offers` are those who may still accept a dispatch, `works` those who have: a unit by its id, a provider's
    control centre by @ and its provider's.
    `before_answer` is how it stood before what an operator told for the driver, `before_closing` before it ended;
    `merged_into` is the incident that what belongs here goes on in.
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
    sent_by_hand: tuple[DispatchKind, ...] = ()
    call_back_promised: bool = False
    call_back_by: datetime | None = None
    tasks: tuple[Task, ...] = ()
    road: RoadKind = RoadKind.UNKNOWN
    reach: Reach = Reach.VOICE
    ambulance: AmbulanceState | None = None
    waiting: tuple[CallParty, ...] = ()
    desk_round: int | None = None
    callers: dict[int, CallParty] = field(default_factory=dict[int, CallParty])
    on_line: str | None = None
    on_line_attempt: int | None = None
    alarm_level: int = 0
    offers: dict[DispatchKind, tuple[str, ...]] = field(default_factory=dict[DispatchKind, tuple[str, ...]])
    works: dict[DispatchKind, Work] = field(default_factory=dict[DispatchKind, Work])
    remind_at: datetime | None = None
    silent: bool = False
    drove_on: bool = False
    pause: Pause | None = None
    before_answer: Before | None = None
    before_closing: Before | None = None
    merged_into: str | None = None

    def line(self, party: CallParty) -> Line:
        """The calls of ours to the driver or to the emergency contacts; others have none, and stay so."""
        match party:
            case CallParty.DRIVER:
                return self.driver
            case CallParty.CONTACT:
                return self.contact
            case _:
                return Line()

    @property
    def on_scene(self) -> bool:
        """Whether somebody we sent works there."""
        return bool(set(self.dispatches.values()) & {DispatchState.ON_SCENE, DispatchState.SECURED})

    @property
    def light(self) -> Light:
        """What the device should show: help is promised only while a unit is really coming."""
        states = set(self.dispatches.values())
        if self.phase is Phase.CLOSED:
            return Light.ENDED
        if self.on_scene:
            return Light.ARRIVED
        return Light.HELP_COMING if states & COMING else Light.CONNECTED
