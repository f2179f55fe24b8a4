"""What can happen to an incident: plain values.

Every event carries the moment at which the database recorded it (`at`), so that deciding never reads a clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from incident.escalation.state import Task, Work
from schemas.impact import Severity
from schemas.incident import (
    AmbulanceState,
    Answer,
    CallParty,
    DispatchKind,
    DispatchState,
    Reach,
    RoadKind,
    Trigger,
)


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
    road: RoadKind = RoadKind.UNKNOWN
    reach: Reach = Reach.VOICE


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
    """A step of the plan has come due. `moving` is whether the car drives; None is unknown.

    `due_at` is when it should have happened: long before `at` where nobody was there to let it happen.
    """

    generation: int
    step: int
    moving: bool | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CallMoved(Event):
    """The carrier has taken a call, rings, or somebody picked up; `stage` says which.

    `machine` is the carrier's guess at voicemail, a hint for people only.
    """

    party: CallParty
    attempt: int
    stage: str
    machine: bool | None = None


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
class Wrote(Event):
    """A person wrote to the operators, by `via`: link, app or sms; `message_id` is where the words are."""

    by: CallParty
    message_id: str
    via: str


@dataclass(frozen=True, slots=True)
class CallAgain(Event):
    """The line was left free for long enough after an attempt."""

    party: CallParty


@dataclass(frozen=True, slots=True)
class LineWaits(Event):
    """Somebody on the line needs a person: they asked, said what no machine understands, or are silent."""

    party: CallParty
    why: str = "silent_on_line"


@dataclass(frozen=True, slots=True)
class RangUs(Event):
    """Somebody whom we ring has rung us: `attempt` is the number of their own call, of party caller."""

    party: CallParty
    attempt: int


@dataclass(frozen=True, slots=True)
class CarrierDown(Event):
    """The carrier has taken no call for a while, since `since`."""

    since: datetime


@dataclass(frozen=True, slots=True)
class DeskRung(Event):
    """So many operators' telephones ring in a round of the plan's desk."""

    round: int
    phones: int


@dataclass(frozen=True, slots=True)
class DeskDue(Event):
    """A round's time is over."""

    round: int


@dataclass(frozen=True, slots=True)
class DeskAnswered(Event):
    """An operator has picked up and pressed the key to take it; `attempt` is their call's number."""

    operator: str
    attempt: int


@dataclass(frozen=True, slots=True)
class DeviceSilent(Event):
    """Nothing is heard of the device since a shock at `since`, although others are heard."""

    since: datetime


@dataclass(frozen=True, slots=True)
class DroveOn(Event):
    """The car drives on as usual after the shock."""

    speed_kmh: float


@dataclass(frozen=True, slots=True)
class RoadKnown(Event):
    """It has become known, or was said by an operator, what kind of road the car is on."""

    road: RoadKind


@dataclass(frozen=True, slots=True)
class DispatchMoved(Event):
    """A dispatch of this incident changed its state. `withdrawn`: not by the unit's own word."""

    kind: DispatchKind
    state: DispatchState
    unit_id: str | None = None
    eta_at: datetime | None = None
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class OfferDue(Event):
    """A unit's time to answer an offer has run out."""

    kind: DispatchKind
    unit_id: str


@dataclass(frozen=True, slots=True)
class NobodyElse(Event):
    """There is nobody who could come in place of a unit that is late."""

    kind: DispatchKind


@dataclass(frozen=True, slots=True)
class SearchDue(Event):
    """Nobody was free a while ago: perhaps somebody is now."""

    kind: DispatchKind


@dataclass(frozen=True, slots=True)
class DepartDue(Event):
    """A unit that accepted should be on its way."""

    kind: DispatchKind
    unit_id: str


@dataclass(frozen=True, slots=True)
class LateDue(Event):
    """A unit should have arrived a while ago."""

    kind: DispatchKind
    unit_id: str


@dataclass(frozen=True, slots=True)
class EtaChanged(Event):
    """A unit tells anew when it expects to arrive."""

    kind: DispatchKind
    unit_id: str
    eta_at: datetime


@dataclass(frozen=True, slots=True)
class SafetyDue(Event):
    """Nothing was heard for a while of a unit that works alone on the scene."""

    kind: DispatchKind
    unit_id: str


@dataclass(frozen=True, slots=True)
class UnitSafe(Event):
    """A unit on the scene confirms that it is well."""

    kind: DispatchKind
    unit_id: str


@dataclass(frozen=True, slots=True)
class Placed(Event):
    """It has become known where the incident is."""


@dataclass(frozen=True, slots=True)
class ReminderDue(Event):
    """Nobody has taken the incident for a while."""


@dataclass(frozen=True, slots=True)
class PauseDue(Event):
    """The time for which the plan was paused is over."""


@dataclass(frozen=True, slots=True)
class GiveWay(Event):
    """What is only sought here is on its way already, by an incident that is merged into this one."""

    kind: DispatchKind


@dataclass(frozen=True, slots=True)
class Handed:
    """A dispatch that is handed over: how it stands, who has it, whether an operator sent it."""

    kind: DispatchKind
    state: DispatchState
    work: Work
    by_hand: bool


@dataclass(frozen=True, slots=True)
class Absorbed(Event):
    """Another incident was merged into this one, with what was under way there and what waited for a person.

    `sought` is help that was looked for there.
    """

    operator: str
    incident: str
    handed: tuple[Handed, ...] = ()
    sought: tuple[DispatchKind, ...] = ()
    tasks: tuple[Task, ...] = ()
    ambulance: AmbulanceState | None = None
    severity: Severity | None = None
    call_back_promised: bool = False


@dataclass(frozen=True, slots=True)
class Forgotten(Event):
    """The auditor found that nothing would come of the incident any more; `why` is a word for the record."""

    why: str
