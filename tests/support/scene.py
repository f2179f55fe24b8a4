"""The escalation plan acted out at desk speed: timers, telephones and units in memory, time as a number.

Nothing here knows the rules of the ladder: what `decide` asks for is done literally, and what people
and carriers do is fixed beforehand. The log then says what happened at which second.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import incident
from incident.escalation import timers
from incident.escalation.decide import decide, open_incident
from incident.escalation.effects import (
    CancelCalls,
    CheckCall,
    ClearTimers,
    ConnectLine,
    Decision,
    Effect,
    Message,
    Note,
    OfferNext,
    PlaceCall,
    RankCall,
    RemindUnit,
    RingDesk,
    SeekAgain,
    SetTimer,
    ShowLight,
    StandDown,
    WithdrawOffers,
)
from incident.escalation.events import (
    Answered,
    CallEnded,
    CallMoved,
    DeskAnswered,
    DeskRung,
    DispatchMoved,
    Event,
    LineWaits,
    NobodyElse,
    Opened,
)
from incident.escalation.state import State
from incident.plan.plan import Plan, read_plan
from schemas.impact import Severity
from schemas.incident import Answer, CallParty, DispatchKind, DispatchState, Phase, Reach, RoadKind, Trigger

START = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
DEFAULT_PLAN_TOML = (Path(incident.__file__).parent / "plan" / "default.toml").read_text(encoding="utf-8")
Happening = Callable[[datetime], Event]
KEYS = {"1": Answer.FINE, "2": Answer.HELP, "3": Answer.AMBULANCE, "0": Answer.OPERATOR}


def default_plan(scale: float = 1.0) -> Plan:
    """The built-in plan."""
    return read_plan(DEFAULT_PLAN_TOML, scale=scale)


def at(seconds: float) -> datetime:
    """A moment of the scene."""
    return START + timedelta(seconds=seconds)


@dataclass(frozen=True)
class Phone:
    """What a number does: after how long it is picked up, the key, when it hangs up. None is never.

    `mute` is a carrier of which nothing more is heard once the call has reached that stage.
    """

    picks_up_s: float | None = None
    key: str | None = None
    presses_s: float = 5.0
    hangs_up_s: float | None = 2.0
    busy: bool = False
    has_number: bool = True
    mute: str | None = None


NEVER_ANSWERS = Phone()
BUSY = Phone(busy=True)
VOICEMAIL = Phone(picks_up_s=17.0, presses_s=30.0)
SILENT = Phone(picks_up_s=4.0, presses_s=18.0, hangs_up_s=None)


def presses(key: str) -> Phone:
    """Somebody who picks up after 4 s and presses a key 5 s later."""
    return Phone(picks_up_s=4.0, key=key)


@dataclass(frozen=True)
class Unit:
    """What a unit says to an offer, and after how long; None says nothing. `eta_s` is how soon it will be there."""

    name: str
    says: DispatchState | None = DispatchState.ACCEPTED
    after_s: float = 10.0
    eta_s: float | None = None


@dataclass(frozen=True)
class Call:
    """One call under way; a call withdrawn in between makes nothing of it come true any more."""

    party: CallParty
    attempt: int


@dataclass
class Scene:
    """One incident under the plan. `log` holds (second, words)."""

    plan: Plan = field(default_factory=default_plan)
    driver: Phone = NEVER_ANSWERS
    contact: Phone = NEVER_ANSWERS
    more_contacts: Sequence[Phone] = ()
    desk: Mapping[str, Mapping[str, float | None]] = field(
        default_factory=dict[str, Mapping[str, float | None]]
    )
    units: Sequence[Unit] = ()
    moving: Callable[[float], bool | None] = lambda _: False
    now_s: float = 0.0
    log: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])
    notes: list[Note] = field(default_factory=list[Note])
    effects: list[Effect] = field(default_factory=list[Effect])
    timers: dict[str, float] = field(default_factory=dict[str, float])
    stages: dict[Call, str] = field(default_factory=dict[Call, str])
    offered: dict[DispatchKind, str] = field(default_factory=dict[DispatchKind, str])
    asked: set[str] = field(default_factory=set[str])
    reliefs: dict[DispatchKind, str] = field(default_factory=dict[DispatchKind, str])
    """Who is asked beside a unit that is late."""
    _state: State | None = None
    _coming: list[tuple[float, int, Callable[[], Sequence[Event]]]] = field(
        default_factory=list[tuple[float, int, Callable[[], Sequence[Event]]]]
    )
    _number: int = 0
    _desk_calls: int = 0

    @property
    def state(self) -> State:
        """How the incident stands."""
        assert self._state is not None
        return self._state

    @property
    def at(self) -> datetime:
        """The present moment."""
        return at(self.now_s)

    def open(
        self,
        trigger: Trigger = Trigger.IMPACT,
        severity: Severity | None = None,
        *,
        late: bool = False,
        road: RoadKind = RoadKind.UNKNOWN,
        reach: Reach = Reach.VOICE,
    ) -> Scene:
        """Begin the incident."""
        self._carry_out(open_incident(Opened(self.at, trigger, severity, late, road, reach), self.plan))
        return self

    def tell(self, make: Happening) -> Scene:
        """Let an event happen now."""
        self._carry_out(decide(self.state, make(self.at), self.plan))
        return self

    def run_to(self, until_s: float) -> Scene:
        """Let time pass: timers fire, phones ring, units answer, each at its own second."""
        while True:
            due = [(due_s, 1, name) for name, due_s in self.timers.items()]
            coming = min(self._coming, default=None, key=lambda entry: entry[:2])
            timer = min(due, default=None)
            if coming is not None and (timer is None or coming[0] <= timer[0]):
                if coming[0] > until_s:
                    break
                self._coming.remove(coming)
                self.now_s = max(self.now_s, coming[0])
                for event in coming[2]():
                    self._carry_out(decide(self.state, event, self.plan))
            elif timer is not None and timer[0] <= until_s:
                self.now_s = max(self.now_s, timer[0])
                del self.timers[timer[2]]
                self._carry_out(decide(self.state, self.event_of(timer[2], due_s=timer[0]), self.plan))
            else:
                break
        self.now_s = until_s
        return self

    def away_until(self, second: float) -> Scene:
        """Nobody lets anything happen until then: the engine, or the database, is away."""
        self.now_s = second
        return self

    def event_of(self, name: str, *, due_s: float | None = None) -> Event:
        """What a timer stands for now, by its name."""
        return timers.event_of(
            name,
            self.at,
            due_at=at(due_s) if due_s is not None else None,
            moving=self.moving(self.now_s),
            stage=lambda party, attempt: self.stages.get(Call(party, attempt), "ended"),
        )

    def times(self, words: str) -> list[float]:
        """The seconds at which something beginning with these words happened."""
        return [second for second, logged in self.log if logged.startswith(words)]

    def story(self, *beginnings: str) -> list[tuple[float, str]]:
        """The part of the log that begins with one of these words."""
        return [(second, words) for second, words in self.log if words.startswith(beginnings)]

    def _say(self, words: str) -> None:
        self.log.append((round(self.now_s, 3), words))

    def _later(self, seconds: float, happening: Callable[[], Sequence[Event]]) -> None:
        self._number += 1
        self._coming.append((self.now_s + seconds * self.plan.scale, self._number, happening))

    def _carry_out(self, decision: Decision) -> None:
        following: list[Event] = []
        while True:
            self._state = decision.state
            for note in decision.notes:
                self.notes.append(note)
                words = [note.kind, *(str(note.data[key]) for key in ("task", "reason") if key in note.data)]
                self._say(" ".join(words))
            self.effects += decision.effects
            for effect in decision.effects:
                following += self._apply(effect)
            if not following:
                return
            decision = decide(self.state, following.pop(0), self.plan)

    def _apply(self, effect: Effect) -> Sequence[Event]:  # noqa: PLR0912  one case for each effect
        match effect:
            case SetTimer(name, due_at):
                self.timers[name] = (due_at - START).total_seconds()
            case ClearTimers(prefix):
                self.timers = {name: due for name, due in self.timers.items() if not name.startswith(prefix)}
            case PlaceCall(party, attempt, ring_s):
                return self._ring(Call(party, attempt), ring_s, effect.rank)
            case RingDesk(number, operator):
                return self._ring_desk(number, operator)
            case ConnectLine(party):
                self._say(f"connect {party}")
                for call, stage in self.stages.items():
                    if call.party is party and stage == "answered":
                        self.stages[call] = "connected"
            case RankCall():
                pass  # nothing waits in a queue here
            case CheckCall(party, attempt):
                self._say(f"check {party} {attempt}")
            case CancelCalls(party):
                return self._withdraw(party)
            case Message(channel, template):
                self._say(f"{channel} {template}")
            case OfferNext(kind, expired_unit):
                return self._offer(kind, expired_unit)
            case StandDown(kind):
                self.offered.pop(kind, None)
                self.reliefs.pop(kind, None)
                return [DispatchMoved(self.at, kind, DispatchState.STOOD_DOWN)]
            case WithdrawOffers(kind):
                self.reliefs.pop(kind, None)
            case RemindUnit(kind, unit_id, about):
                self._say(f"remind {unit_id} {about}")
            case SeekAgain(kind):
                return self._seek(kind)
            case ShowLight(light):
                self._say(f"light {light}")
            case _:
                raise TypeError(effect)
        return []

    def _ring_desk(self, number: int, operator: str | None) -> Sequence[Event]:
        """Who is at the desk: each takes it after so many seconds, or never."""
        name = self.plan.desk.rounds[number]
        phones = [*self.desk.get(name, {}).items()]
        for who, takes_s in phones:
            self._desk_calls += 1
            attempt = self._desk_calls
            self._say(f"ring {who}")
            if takes_s is not None:
                self._later(takes_s, lambda who=who, attempt=attempt: [DeskAnswered(self.at, who, attempt)])
        return [DeskRung(self.at, number, len(phones))]

    def _ring(self, call: Call, ring_s: float, rank: int) -> Sequence[Event]:
        phone = self.driver if call.party is CallParty.DRIVER else self.contact
        if call.party is CallParty.CONTACT and rank > 1:
            if rank - 2 >= len(self.more_contacts):
                return [CallEnded(self.at, call.party, call.attempt, "no_number")]
            phone = self.more_contacts[rank - 2]
        self._say(f"call {call.party} {call.attempt}")
        if not phone.has_number:
            return [CallEnded(self.at, call.party, call.attempt, "no_number")]
        self.stages[call] = phone.mute or "ringing"
        if phone.mute is not None:
            return []
        if phone.busy:
            self._later(1.0, lambda: self._end(call, "busy"))
        elif phone.picks_up_s is None or phone.picks_up_s > ring_s:
            self._later(ring_s, lambda: self._end(call, "no-answer"))
        else:
            self._later(phone.picks_up_s, lambda: self._pick_up(call, phone))
        return []

    def _pick_up(self, call: Call, phone: Phone) -> Sequence[Event]:
        if self.stages[call] != "ringing":
            return []
        self.stages[call] = "answered"
        if phone.key is None:
            self._later(phone.presses_s, lambda: self._say_nothing(call))
        else:
            answer = KEYS[phone.key]
            self._later(
                phone.presses_s,
                lambda: (
                    [] if self.stages[call] == "ended" else [Answered(self.at, answer, call.party, "key")]
                ),
            )
        if phone.hangs_up_s is not None:
            self._later(phone.presses_s + phone.hangs_up_s, lambda: self._end(call, "completed"))
        return [CallMoved(self.at, call.party, call.attempt, "answered")]

    def _say_nothing(self, call: Call) -> Sequence[Event]:
        return [] if self.stages[call] != "answered" else [LineWaits(self.at, call.party)]

    def _end(self, call: Call, status: str) -> Sequence[Event]:
        if self.stages[call] == "ended":
            return []
        self.stages[call] = "ended"
        return [CallEnded(self.at, call.party, call.attempt, status)]

    def _withdraw(self, party: CallParty | None) -> Sequence[Event]:
        ringing = [
            call for call, stage in self.stages.items() if stage == "ringing" and party in (None, call.party)
        ]
        if ringing:
            self._say("withdraw " + ", ".join(f"{call.party} {call.attempt}" for call in ringing))
        return [event for call in ringing for event in self._end(call, "canceled")]

    def _offer(self, kind: DispatchKind, expired_unit: str | None) -> Sequence[Event]:
        coming = self.state.dispatches.get(kind) in (DispatchState.ACCEPTED, DispatchState.EN_ROUTE)
        asked = self.reliefs if coming and expired_unit != self.offered.get(kind) else self.offered
        if expired_unit is not None:
            if asked.get(kind) != expired_unit:
                return []
            del asked[kind]
            return [DispatchMoved(self.at, kind, DispatchState.OFFER_EXPIRED, expired_unit)]
        unit = next((unit for unit in self.units if unit.name not in self.asked), None)
        if unit is None:
            return [
                NobodyElse(self.at, kind) if coming else DispatchMoved(self.at, kind, DispatchState.FAILED)
            ]
        self.asked.add(unit.name)
        asked[kind] = unit.name
        self._say(f"offer {kind} to {unit.name}")
        if unit.says is not None:
            self._later(unit.after_s, lambda: self._reply(kind, unit))
        return [DispatchMoved(self.at, kind, DispatchState.OFFERED, unit.name)]

    def _seek(self, kind: DispatchKind) -> Sequence[Event]:
        if all(unit.name in self.asked for unit in self.units):
            return []
        return [DispatchMoved(self.at, kind, DispatchState.REQUESTED)]

    def _reply(self, kind: DispatchKind, unit: Unit) -> Sequence[Event]:
        asked = next((by for by in (self.offered, self.reliefs) if by.get(kind) == unit.name), None)
        if asked is None or unit.says is None or self.state.phase is Phase.CLOSED:
            return []
        if unit.says is DispatchState.DECLINED:
            del asked[kind]
            return [DispatchMoved(self.at, kind, unit.says, unit.name)]
        self.reliefs.pop(kind, None)
        self.offered[kind] = unit.name
        eta_at = None if unit.eta_s is None else self.at + timedelta(seconds=unit.eta_s)
        return [DispatchMoved(self.at, kind, unit.says, unit.name, eta_at)]
