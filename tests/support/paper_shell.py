"""One incident on paper: what the shell keeps in the database, and what no decision may ever do.

It knows nothing of how decisions are made. An assertion here is a fault of `incident.escalation.decide`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from support.scene import START, default_plan

from incident.escalation import timers
from incident.escalation.commands import (
    AnswerFor,
    Command,
    Reopen,
    SendHelp,
    StepNow,
    StopHelp,
    Take,
    WithdrawAnswer,
)
from incident.escalation.decide import CommandRefused, decide, open_incident
from incident.escalation.effects import (
    CancelCalls,
    CheckCall,
    ClearTimers,
    ConnectLine,
    Decision,
    Effect,
    OfferNext,
    PlaceCall,
    RingDesk,
    SeekAgain,
    SetTimer,
    ShowLight,
    StandDown,
    TakeOver,
    WithdrawOffers,
)
from incident.escalation.events import (
    Absorbed,
    Answered,
    CallAgain,
    CallEnded,
    CallSilent,
    DepartDue,
    DeskAnswered,
    DeskDue,
    DeskRung,
    DeviceSilent,
    DispatchMoved,
    DroveOn,
    Event,
    Forgotten,
    Joined,
    LateDue,
    NobodyElse,
    OfferDue,
    Opened,
    PauseDue,
    RangUs,
    ReminderDue,
    RoadKnown,
    SafetyDue,
    SearchDue,
    StepDue,
    UnitSafe,
)
from incident.escalation.state import Light, State
from incident.plan.plan import Do
from schemas.incident import Answer, CallParty, DispatchKind, DispatchState, Phase, Reach, RoadKind

PLAN = default_plan()
CALLING = {CallParty.DRIVER: Do.CALL_DRIVER, CallParty.CONTACT: Do.CALL_CONTACT}
RUNG = tuple(CALLING)
COMING = (DispatchState.ACCEPTED, DispatchState.EN_ROUTE)
DUE = (
    StepDue,
    CallSilent,
    CallAgain,
    OfferDue,
    SearchDue,
    DepartDue,
    LateDue,
    SafetyDue,
    ReminderDue,
    DeskDue,
    PauseDue,
)


@dataclass
class Ring:
    """One call as the carrier knows it. `over` once it ended, or once it was given up."""

    party: CallParty
    attempt: int
    stage: str = "waiting"
    over: bool = False
    for_operator: bool = False
    """An operator waits to be connected by it."""


@dataclass
class Work:
    """The open dispatch of a kind, as its row stands."""

    state: DispatchState = DispatchState.REQUESTED
    unit: str | None = None
    beside: list[str] = field(default_factory=list[str])
    """Who is asked beside a unit that is late."""
    by_hand: bool = False
    """An operator sent it."""

    @property
    def only_asked(self) -> bool:
        """Nobody has accepted it."""
        return self.state in (DispatchState.REQUESTED, DispatchState.OFFERED)


class PaperShell:
    """Timers, calls and dispatches of one incident, and what has happened to it."""

    def begin(
        self,
        opened: Opened,
        *,
        numbers: tuple[bool, bool],
        free: Sequence[str],
        desk: Sequence[int] = (),
        contacts: int = 2,
    ) -> None:
        """The incident opens.

        `numbers` is whether driver and contact have one, `free` are units to ask, `desk` how many telephones
        ring in each round of it, `contacts` how many of them there are at most.
        """
        self.now_s = 0.0
        self.numbers = dict(zip(RUNG, numbers, strict=True))
        self.desk, self.contacts = desk, contacts
        self.desk_calls = 0
        self.free = free
        self.timers: dict[str, datetime] = {}
        self.ever: dict[str, datetime] = {}
        self.rings: list[Ring] = []
        self.work: dict[DispatchKind, Work] = {}
        self.refused: set[DispatchKind] = set()
        self.by_hand: dict[DispatchKind, bool] = {}
        self.light: Light | None = None
        self.happened: list[Event] = []
        self.offers = 0
        self.promised = False
        self.callers: dict[int, CallParty] = {}
        self.rang_us = 0
        self.closed_s = 0.0
        self.before_answer: tuple[bool, bool, set[DispatchKind]] = (False, False, set())
        decision = open_incident(opened, PLAN)
        self.began(decision.state)
        self.carry_out(None, decision)

    @property
    def now(self) -> datetime:
        return START + timedelta(seconds=self.now_s)

    def event_of(self, name: str) -> Event:
        def stage(party: CallParty, attempt: int) -> str:
            found = [ring.stage for ring in self.rings if (ring.party, ring.attempt) == (party, attempt)]
            return found[0] if found else "ended"

        return timers.event_of(name, self.now, moving=None, stage=stage)

    def happens(self, event: Event) -> None:
        self.happened.append(event)
        before = self.state
        try:
            decision = decide(before, event, PLAN)
        except CommandRefused:
            assert isinstance(event, Command)
            return
        self.check(before, event, decision)
        self.carry_out(event, decision)

    def carry_out(self, event: Event | None, decision: Decision) -> None:
        queue: list[Event] = []
        while True:
            self.state = decision.state
            for effect in decision.effects:
                queue += self.apply(effect, event)
            if not queue:
                return
            before, event = self.state, queue.pop(0)
            decision = decide(before, event, PLAN)
            self.check(before, event, decision)

    def apply(self, effect: Effect, event: Event | None) -> list[Event]:  # noqa: PLR0912  a case for each
        match effect:
            case SetTimer(name, due_at):
                self.timers[name] = self.ever[name] = due_at
            case ClearTimers(prefix):
                self.timers = {name: due for name, due in self.timers.items() if not name.startswith(prefix)}
            case PlaceCall():
                return self.ring(effect, event)
            case RingDesk(number, only):
                phones = 1 if only else self.desk[number] if number < len(self.desk) else 0
                self.desk_calls += phones
                return [DeskRung(self.now, number, phones)]
            case ConnectLine(party):
                assert self.state.on_line is not None, "connected with nobody"
            case CheckCall(party, attempt):
                for ring in self.rings:
                    if (ring.party, ring.attempt) == (party, attempt) and ring.stage != "answered":
                        assert ring.stage in ("placed", "ringing", "ended"), (
                            "given up although it never left us"
                        )
                        ring.over = True
            case CancelCalls(party):
                waiting = [
                    ring for ring in self.rings if ring.stage == "waiting" and party in (None, ring.party)
                ]
                for ring in waiting:
                    ring.stage, ring.over = "ended", True
                return [CallEnded(self.now, ring.party, ring.attempt, "withdrawn") for ring in waiting]
            case OfferNext(kind, expired_unit, operator):
                if kind not in self.work:
                    self.by_hand[kind] = operator is not None
                return self.offer(kind, expired_unit)
            case WithdrawOffers(kind):
                self.work[kind].beside.clear()
            case TakeOver(kind, _):
                assert kind not in self.work, "a second dispatch of one kind"
                assert isinstance(event, Absorbed)
                (handed,) = [handed for handed in event.handed if handed.kind is kind]
                self.work[kind] = Work(handed.state, handed.work.unit_id, by_hand=handed.by_hand)
                self.by_hand[kind] = handed.by_hand
            case SeekAgain(kind):
                return self.seek(kind)
            case StandDown(kind):
                assert kind in self.work, "called off what was not there"
                del self.work[kind]
                return [DispatchMoved(self.now, kind, DispatchState.STOOD_DOWN)]
            case ShowLight(light):
                self.light = light
            case _:
                pass
        return []

    def ring(self, call: PlaceCall, event: Event | None) -> list[Event]:
        party, attempt = call.party, call.attempt
        assert not self.under_way(party), "two calls to one party at once"
        assert attempt not in [ring.attempt for ring in self.rings if ring.party is party]
        if not isinstance(event, DeskAnswered):
            assert party not in self.callers.values(), "rung while they are on the line with us"
        # The plan pays for every call: each step that has come due, once, and the one that began the ladder.
        # Further contacts and an operator who wants to speak with the driver are paid for by themselves.
        if call.rank == 1 and not isinstance(event, DeskAnswered):
            self.calls[party] += 1
        early = party is CallParty.CONTACT and self.state.reach is Reach.TEXT  # a helper is told early
        assert self.calls[party] <= self.steps_due(party) + early, (
            "a call the plan does not have, or too early"
        )
        assert call.rank <= PLAN.rule(self.state.rule).contacts_tried
        if call.rank > self.contacts:
            # Nobody of that rank: it was no attempt at all.
            return [CallEnded(self.now, party, attempt, "no_number")]
        ring = Ring(party, attempt, for_operator=isinstance(event, DeskAnswered))
        self.rings.append(ring)
        if not self.numbers[party]:
            ring.stage, ring.over = "ended", True
            return [CallEnded(self.now, party, attempt, "no_number")]
        return []

    def offer(self, kind: DispatchKind, expired_unit: str | None) -> list[Event]:
        assert kind not in self.refused, "offered although it was called off"
        work = self.work.get(kind)
        if expired_unit is not None:
            return self.expire(kind, work, expired_unit) if work is not None else []
        coming = work is not None and work.state in COMING
        assert work is None or coming or work.state is DispatchState.REQUESTED, (
            "a second dispatch of one kind"
        )
        self.offers += 1
        if self.barred(kind) or not self.free or self.offers % 4 == 0:
            if coming:
                return [NobodyElse(self.now, kind)]
            self.work.pop(kind, None)
            return [DispatchMoved(self.now, kind, DispatchState.FAILED)]
        unit = f"{self.free[self.offers % len(self.free)]}-{self.offers}"
        if work is not None and coming:
            work.beside.append(unit)
        else:
            self.work[kind] = Work(DispatchState.OFFERED, unit, by_hand=self.by_hand[kind])
        return [DispatchMoved(self.now, kind, DispatchState.OFFERED, unit)]

    def expire(self, kind: DispatchKind, work: Work, unit: str) -> list[Event]:
        if unit in work.beside:
            work.beside.remove(unit)
        elif work.unit == unit and work.state in (DispatchState.OFFERED, DispatchState.ACCEPTED):
            work.state, work.unit = DispatchState.REQUESTED, None
            if work.beside:
                work.state, work.unit = DispatchState.OFFERED, work.beside.pop(0)
        else:
            return []
        return [DispatchMoved(self.now, kind, DispatchState.OFFER_EXPIRED, unit)]

    def seek(self, kind: DispatchKind) -> list[Event]:
        assert kind not in self.work, "sought although somebody was found"
        if self.barred(kind) or not self.free or self.offers % 3 == 0:
            return []
        self.work[kind] = Work(by_hand=self.by_hand[kind])
        return [DispatchMoved(self.now, kind, DispatchState.REQUESTED)]

    def barred(self, kind: DispatchKind) -> bool:
        """Who chooses among units passes every guard over for an expressway, unless an operator sends one."""
        return (
            kind is DispatchKind.GUARD and self.state.road is RoadKind.EXPRESSWAY and not self.by_hand[kind]
        )

    def under_way(self, party: CallParty) -> list[Ring]:
        return [ring for ring in self.rings if ring.party is party and not ring.over]

    def began(self, state: State) -> None:
        """A ladder began: from now on its own steps pay for calls."""
        self.ladder_from = self.now
        self.ladder = state.rule
        # Where the new ladder begins with a call, one that rings already is that call.
        self.ladder_over = False
        self.ordered: set[int] = set()
        self.paid_before = dict.fromkeys(RUNG, 0)
        self.calls = {party: min(len(self.under_way(party)), self.steps_due(party)) for party in RUNG}

    def steps_due(self, party: CallParty) -> int:
        since_s = (self.now - self.ladder_from).total_seconds()
        steps = PLAN.rule(self.ladder).steps
        due = sum(
            step.do is CALLING[party] and (step.after_s <= since_s or index in self.ordered)
            for index, step in enumerate(steps)
        )
        # What the rule for another road had begun by then is not begun again.
        return max(due, self.paid_before[party])

    # What must hold for each decision.

    def check(self, before: State, event: Event, decision: Decision) -> None:  # noqa: PLR0912  a case for each promise
        after, effects, notes = decision.state, decision.effects, decision.notes
        kinds = [note.kind for note in notes]
        if isinstance(event, AnswerFor) and event.answer is not before.answer:
            self.before_answer = self.ladder_over, self.promised, set(self.refused)
        self.note_ladder(before, event, after, kinds)
        self.note_refusals(before, event)
        self.note_undoing(before, event, after)
        if before.pause is not None and after.pause is not None:
            rung = any(isinstance(effect, PlaceCall) for effect in effects)
            assert not rung or isinstance(event, (DeskAnswered, StepNow)), "rung in a pause"
        if isinstance(event, RangUs):
            self.note_caller(before, event)
        if isinstance(event, CallEnded) and event.party is CallParty.CALLER:
            self.callers.pop(event.attempt, None)
        if isinstance(event, (Answered, AnswerFor)):
            told = [note for note in notes if note.kind == "answered"]
            assert [note.data["answer"] for note in told] == [event.answer]
            self.note_answer(before.phase, event, after.phase)
        if isinstance(event, StepDue) and (self.ladder_over or event.generation != before.generation):
            assert (after, effects) == (before, ()), "a step of a ladder that no longer runs"
        if before.phase is Phase.CLOSED and not isinstance(event, Reopen):
            assert after.phase is Phase.CLOSED
            # Who is on the scene is looked after: they are asked, and telephones of the desk ring for them.
            if not isinstance(event, (SafetyDue, UnitSafe, DeskRung, DeskDue, Forgotten)):
                quiet = (ClearTimers, CancelCalls)
                assert all(isinstance(effect, quiet) for effect in effects), "alive after closing"
            for effect in effects:
                assert not isinstance(effect, (PlaceCall, OfferNext, ConnectLine)), "alive after closing"
        assert after.generation >= before.generation
        if after.phase is Phase.HELPING and not isinstance(event, (Take, SendHelp, DeskAnswered)):
            assert not [effect for effect in effects if isinstance(effect, PlaceCall)]
        for effect in effects:
            if isinstance(effect, SetTimer):
                assert effect.due_at >= self.now
                if isinstance(event, DUE):
                    assert effect.due_at > self.now, "a timer that sets a timer for now would spin"

    def note_ladder(self, before: State, event: Event, after: State, kinds: Sequence[str]) -> None:
        """A ladder begins anew, or goes on by the rule for another road."""
        if "raised" in kinds:
            assert isinstance(event, (Joined, DeviceSilent))
            self.refused.clear()
            self.began(after)
        if "rule_for_road" in kinds:
            assert isinstance(event, RoadKnown)
            assert after.help_refused == before.help_refused
            assert after.plan_from == before.plan_from
            self.paid_before = {party: self.steps_due(party) for party in RUNG}
            self.ladder = after.rule
            self.ordered.clear()
        if "lowered" in kinds:
            assert isinstance(event, DroveOn)
            assert PLAN.outweighs(before.rule, after.rule)
            self.began(after)

    def note_undoing(self, before: State, event: Event, after: State) -> None:
        """What was over goes on, as it stood before; a step that was ordered is paid for by its order."""
        match event:
            case StepNow(step=step):
                self.ordered.add(step)
            case WithdrawAnswer():
                self.ladder_over, self.promised, refused = self.before_answer
                self.refused = set(refused)
            case Reopen():
                self.ladder_from += timedelta(seconds=self.now_s - self.closed_s)
                self.ladder_over = after.answer is not None
            case _:
                pass
        if before.phase is not Phase.CLOSED and after.phase is Phase.CLOSED:
            self.closed_s = self.now_s

    def note_caller(self, before: State, event: RangUs) -> None:
        """Whoever rings us is not rung meanwhile; a call that was taken from them for it does not count."""
        if before.phase is Phase.CLOSED:
            return
        self.callers[event.attempt] = event.party
        line = before.line(event.party)
        if line.under_way and not line.answered and line.rank == 1:
            self.calls[event.party] -= 1

    def note_answer(self, before: Phase, event: Answered | AnswerFor, after: Phase) -> None:
        """Hearing from the driver ends the ladder; whoever is fine and not done hears that a person will call."""
        if isinstance(event, Answered) and event.by is CallParty.CONTACT:
            return
        self.ladder_over = True
        if isinstance(event, AnswerFor):
            self.promised = False
        elif before is not after and after is Phase.CLOSED:
            assert not self.promised, "closed, and nobody calls back as promised"
        elif before is not after and after is Phase.SETTLING:
            self.promised = True

    def note_refusals(self, before: State, event: Event) -> None:
        """What was called off, by whom it may be: until somebody asks for that kind again."""
        match event:
            case StopHelp(kind=kind):
                self.refused.add(kind)
            case SendHelp(kind=kind):
                self.refused.discard(kind)
            case Absorbed(handed=handed):
                self.refused -= {each.kind for each in handed}
            case AnswerFor(answer=answer) | Answered(answer=answer, by=CallParty.DRIVER) if (
                before.phase is not Phase.CLOSED  # else it is only on record
            ):
                if answer in (Answer.FINE, Answer.MISTAKE):
                    self.refused = set(DispatchKind)
                elif answer in (Answer.HELP, Answer.AMBULANCE):
                    self.refused -= {PLAN.rule(before.rule).help}
            case _:
                pass
