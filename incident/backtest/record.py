"""What an incident's record tells of the world outside: what happened, and how people, units and the carrier behaved.

Pure. Everything the system did by itself is left out: it follows from the plan, and is found anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from incident.escalation.commands import (
    AmbulanceMoved,
    AnswerFor,
    CallDriver,
    Close,
    PausePlan,
    Release,
    Reopen,
    ResumePlan,
    SendHelp,
    StopHelp,
    Take,
    WithdrawAnswer,
)
from incident.escalation.events import (
    Answered,
    CallEnded,
    CarrierDown,
    DeskAnswered,
    DeviceSilent,
    DroveOn,
    EtaChanged,
    Event,
    Joined,
    LineWaits,
    Opened,
    Placed,
    RangUs,
    RoadKnown,
    UnitSafe,
)
from schemas.impact import Severity
from schemas.incident import (
    AmbulanceState,
    Answer,
    CallParty,
    DispatchKind,
    DispatchState,
    Outcome,
    Reach,
    RoadKind,
    Trigger,
)

_ON_THE_LINE: Final = frozenset({"key", "voice", "speech"})
_MOVES: Final = {
    f"dispatch_{state}": state
    for state in (
        DispatchState.ACCEPTED,
        DispatchState.DECLINED,
        DispatchState.EN_ROUTE,
        DispatchState.ON_SCENE,
        DispatchState.SECURED,
        DispatchState.COMPLETED,
    )
} | {"dispatch_withdrawn": DispatchState.DECLINED}
_NEVER: Final = datetime.max.replace(tzinfo=UTC)
NOTHING: Final = frozenset({"none", "knock"})
"""Severities that open no incident."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the append-only record."""

    at: datetime
    kind: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody did on a line, so long after it was picked up; no answer is a wait for a person."""

    after_s: float
    answer: Answer | None
    via: str


@dataclass(frozen=True, slots=True)
class SeenCall:
    """How one attempt to ring somebody went, in seconds after it was queued; None is not at all."""

    queued_at: datetime
    rang_s: float | None = None
    picked_up_s: float | None = None
    ended_s: float | None = None
    status: str = ""
    said: tuple[Said, ...] = ()


@dataclass(frozen=True, slots=True)
class SeenOffer:
    """How one search for a unit went; unit None found nobody. `moves` are what it said, seconds after the offer."""

    at: datetime
    unit: str | None
    moves: tuple[tuple[float, DispatchState, datetime | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """One incident. `reports` opened or joined it, in order; `happened` is all else from outside."""

    began_at: datetime
    reports: tuple[Opened | Joined, ...]
    happened: tuple[Event, ...]
    calls: Mapping[tuple[CallParty, int], SeenCall] = field(
        default_factory=dict[tuple[CallParty, int], SeenCall]
    )
    offers: Mapping[DispatchKind, tuple[SeenOffer, ...]] = field(
        default_factory=dict[DispatchKind, tuple[SeenOffer, ...]]
    )
    phones: Mapping[str, int] = field(default_factory=dict[str, int])
    without_sms: bool = False
    contacts: int | None = None
    """How many emergency contacts there were, if more were sought; with none even the first call was no call."""
    stopped_at: datetime | None = None

    def revalued(self, severities: Sequence[str | None]) -> Record:
        """The same with other severities of its impacts, in their order; None keeps one.

        What another detector would have seen at once needs no revision; what it would not have
        reported at all did not happen. Without anything left to open it, the record has no reports.
        """
        reports: list[Opened | Joined] = []
        impacts = iter(severities)
        overruled = False
        for report in self.reports:
            if report.trigger is not Trigger.IMPACT:
                reports.append(report)
            elif isinstance(report, Joined) and report.revises:
                if not overruled:
                    reports.append(report)
            else:
                other = next(impacts, None)
                overruled = other is not None
                if other is None:
                    reports.append(report)
                elif other not in NOTHING:
                    reports.append(replace(report, severity=Severity(other)))
        return replace(self, reports=tuple(reports))


def read_record(
    rows: Iterable[Row], *, waits_for_stop: Callable[[str, str], float | None] | None = None
) -> Record:
    """Take the record of one incident apart, in the order it was written.

    `waits_for_stop(rule, channel)` is the second at which the plan would send that message once the
    car has stopped: a later one tells until when it moved. Kinds not known here are consequences.
    Raises ValueError for a record that does not begin with an opening.
    """
    reading = _Reading(waits_for_stop)
    for row in rows:
        reading.take(row)
    return reading.record()


class _Reading:
    def __init__(self, waits_for_stop: Callable[[str, str], float | None] | None) -> None:
        self._waits_for_stop = waits_for_stop
        self._reports: list[Opened | Joined] = []
        self._happened: list[Event] = []
        self._calls: dict[tuple[CallParty, int], SeenCall] = {}
        self._offers: dict[DispatchKind, list[SeenOffer]] = {}
        self._phones: dict[str, int] = {}
        self._without_sms = False
        self._rule: tuple[str, datetime] | None = None
        self._stopped_at: datetime | None = None
        self._callers = 0
        self._contacts: int | None = None
        self._last_at = _NEVER

    def record(self) -> Record:
        if not self._reports or not isinstance(self._reports[0], Opened):
            raise ValueError("the record does not begin with an opening")
        return Record(
            self._reports[0].at,
            tuple(self._reports),
            tuple(self._happened),
            self._calls,
            {kind: tuple(offers) for kind, offers in self._offers.items()},
            self._phones,
            self._without_sms,
            self._contacts,
            self._drove_until(),
        )

    def take(self, row: Row) -> None:
        at, data = row.at, row.data
        self._last_at = at
        match row.kind:
            case "opened":
                road, reach = RoadKind(data.get("road", "unknown")), Reach(data.get("reach", "voice"))
                self._reports.append(
                    Opened(at, Trigger(data["trigger"]), _severity(data), bool(data.get("late")), road, reach)
                )
                self._rule = (str(data["rule"]), at)
            case "impact_joined" | "impact_revised" | "press_joined" | "phone_crash_joined" | "rang_us":
                revises = row.kind == "impact_revised"
                self._reports.append(
                    Joined(at, Trigger(data["trigger"]), _severity(data), bool(data.get("late")), revises)
                )
            case "raised" | "lowered":
                self._rule = (str(data["rule"]), at)
            case "rule_for_road" if self._rule is not None:
                self._rule = (str(data["rule"]), self._rule[1])
            case "answered" | "line_waits" | "caller":
                self._heard(at, row.kind, data)
            case "effect_failed" | "no_further_contact":
                self._without_sms |= data.get("what") == "sms" and data.get("reason") == "no_number"
                self._contacts = data.get("contacts", self._contacts)
            case "push_queued" | "sms_queued":
                self._message(at, row.kind.removesuffix("_queued"))
            case "desk_called" | "desk_rung":
                before = self._phones.get(str(data["round"]), 0)
                self._phones[str(data["round"])] = int(data.get("phones", before))
            case kind if kind.startswith("call_") and "attempt" in data:
                self._call(at, kind.removeprefix("call_"), data)
            case kind if kind.startswith("dispatch_"):
                self._dispatch(at, kind, data)
            case _:
                if (event := _outside(row)) is not None:
                    self._happened.append(event)

    def _heard(self, at: datetime, kind: str, data: Mapping[str, Any]) -> None:
        """Somebody is on a line, or has told us something."""
        if kind == "caller":
            self._callers += 1
            if data.get("who") == "driver":
                self._happened.append(RangUs(at, CallParty.DRIVER, self._callers))
            return
        if kind == "line_waits":
            self._on_line(at, CallParty(data["party"]), None, str(data.get("reason", "")))
            return
        answer, via = Answer(data["answer"]), str(data.get("via", ""))
        if via == "operator":
            self._happened.append(AnswerFor(at, str(data.get("operator", "")), answer))
        else:
            self._on_line(at, CallParty(data["by"]), answer, via)

    def _on_line(self, at: datetime, party: CallParty, answer: Answer | None, via: str) -> None:
        """What was said on a call of ours moves with that call; all else stands at its time."""
        live = [
            key
            for key, call in self._calls.items()
            if key[0] is party and call.picked_up_s is not None and call.ended_s is None
        ]
        if live and (answer is None or via in _ON_THE_LINE):
            call = self._calls[live[-1]]
            after_s = (at - call.queued_at).total_seconds() - (call.picked_up_s or 0.0)
            self._calls[live[-1]] = replace(call, said=(*call.said, Said(after_s, answer, via)))
        elif answer is None:
            self._happened.append(LineWaits(at, party, via or "silent_on_line"))
        else:
            self._happened.append(Answered(at, answer, party, via))

    def _message(self, at: datetime, channel: str) -> None:
        if self._stopped_at is not None or (planned_at := self._planned_at(channel)) is None:
            return
        self._stopped_at = at if at > planned_at + timedelta(seconds=1) else planned_at

    def _planned_at(self, channel: str) -> datetime | None:
        """When the rule in force sends its first message of a channel that waits for the stop."""
        if self._rule is None or self._waits_for_stop is None:
            return None
        rule, since = self._rule
        after_s = self._waits_for_stop(rule, channel)
        return None if after_s is None else since + timedelta(seconds=after_s)

    def _drove_until(self) -> datetime | None:
        """A car whose messages were never sent drove on to the end."""
        planned = [self._planned_at(channel) for channel in ("push", "sms")]
        if self._stopped_at is None and any(at is not None and at < self._last_at for at in planned):
            return _NEVER
        return self._stopped_at

    def _call(self, at: datetime, stage: str, data: Mapping[str, Any]) -> None:
        key = CallParty(data["party"]), int(data["attempt"])
        if key[0] in (CallParty.OPERATOR, CallParty.CALLER):
            if stage == "ended":
                self._happened.append(CallEnded(at, *key, str(data.get("status", ""))))
            return
        call = self._calls.get(key) or SeenCall(at)
        after_s = (at - call.queued_at).total_seconds()
        match stage:
            case "ringing" if call.rang_s is None:
                call = replace(call, rang_s=after_s)
            case "answered" if call.picked_up_s is None:
                call = replace(call, picked_up_s=after_s)
            case "ended" if call.ended_s is None:
                call = replace(call, ended_s=after_s, status=str(data.get("status", "")))
            case "given_up":
                call = replace(call, status="given_up")
            case _:
                pass
        self._calls[key] = call

    def _dispatch(self, at: datetime, kind: str, data: Mapping[str, Any]) -> None:
        work = DispatchKind(data["dispatch"])
        offers = self._offers.setdefault(work, [])
        if kind == "dispatch_requested" and data.get("operator"):
            self._happened.append(SendHelp(at, str(data["operator"]), work))
        elif kind == "dispatch_offered":
            offers.append(SeenOffer(at, str(data.get("unit", ""))))
        elif kind == "dispatch_failed":
            offers.append(SeenOffer(at, None))
        elif kind == "dispatch_eta":
            eta_at = datetime.fromisoformat(data["eta_at"])
            self._happened.append(EtaChanged(at, work, str(data["unit"]), eta_at))
        elif kind in _MOVES:
            unit = data.get("unit")
            asked = next(
                (index for index in reversed(range(len(offers))) if offers[index].unit == unit), None
            )
            if asked is not None:
                offer, eta = offers[asked], data.get("eta_at")
                move = (
                    (at - offer.at).total_seconds(),
                    _MOVES[kind],
                    datetime.fromisoformat(eta) if isinstance(eta, str) else None,
                )
                offers[asked] = replace(offer, moves=(*offer.moves, move))


def _severity(data: Mapping[str, Any]) -> Severity | None:
    return Severity(data["severity"]) if data.get("severity") else None


def _outside(row: Row) -> Event | None:
    """The event a line stands for, if it came from outside and no rule above has it."""
    operator = str(row.data.get("operator", ""))
    if row.kind.startswith("ambulance_"):
        state = AmbulanceState(row.kind.removeprefix("ambulance_"))
        return AmbulanceMoved(row.at, operator, state) if operator else None
    if row.kind in ("closed", "plan_resumed") and not operator:
        return None  # a consequence, found anew
    make = _FROM_OUTSIDE.get(row.kind)
    return make(row.at, {"operator": "", **row.data}) if make is not None else None


_FROM_OUTSIDE: Final[Mapping[str, Callable[[datetime, Mapping[str, Any]], Event]]] = {
    "placed": lambda at, _: Placed(at),
    "device_silent": lambda at, data: DeviceSilent(at, datetime.fromisoformat(data["since"])),
    "carrier_down": lambda at, data: CarrierDown(at, datetime.fromisoformat(data["since"])),
    "drove_on": lambda at, data: DroveOn(at, float(data["speed_kmh"])),
    "road_known": lambda at, data: RoadKnown(at, RoadKind(data["road"])),
    "taken": lambda at, data: Take(at, data["operator"]),
    "desk_answered": lambda at, data: DeskAnswered(at, data["operator"], int(data["attempt"])),
    "call_driver_wanted": lambda at, data: CallDriver(at, data["operator"]),
    "unit_safe": lambda at, data: UnitSafe(at, DispatchKind(data["dispatch"]), data["unit"]),
    "help_called_off": lambda at, data: StopHelp(at, data["operator"], DispatchKind(data["dispatch"])),
    "released": lambda at, data: Release(at, data["operator"]),
    "plan_paused": lambda at, data: PausePlan(
        at, data["operator"], (datetime.fromisoformat(data["until"]) - at).total_seconds(), data["note_id"]
    ),
    "plan_resumed": lambda at, data: ResumePlan(at, data["operator"]),
    "answer_withdrawn": lambda at, data: WithdrawAnswer(at, data["operator"], Answer(data["answer"])),
    "reopened": lambda at, data: Reopen(at, data["operator"], data["note_id"]),
    "closed": lambda at, data: Close(at, data["operator"], Outcome(data["outcome"])),
}
