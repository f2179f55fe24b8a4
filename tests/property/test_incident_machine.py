"""Any order of things: timers late, twice and out of order, webhooks doubled, people changing their minds.

The machine below keeps what the shell would keep (timers, calls, dispatches) and knows nothing of how
decisions are made; what must hold whatever happens is written down beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from pydantic import TypeAdapter
from support.scene import START, default_plan

from incident import timers
from incident.decide import CommandRefused, decide, open_incident
from incident.dispatch import TRANSITIONS
from incident.plan import Do
from incident.state import (
    OPEN_DISPATCH,
    Answered,
    AnswerFor,
    CallEnded,
    CallMoved,
    CallSilent,
    CancelCalls,
    CheckCall,
    ClearTimers,
    Close,
    Command,
    Decision,
    DispatchMoved,
    Effect,
    Event,
    HeldLine,
    Joined,
    Light,
    OfferDue,
    OfferNext,
    Opened,
    PlaceCall,
    Placed,
    ReminderDue,
    SendHelp,
    SetTimer,
    ShowLight,
    StandDown,
    State,
    StepDue,
    StopHelp,
    Take,
    Task,
)
from schemas.impact import Severity
from schemas.incident import Answer, CallParty, DispatchKind, DispatchState, Outcome, Phase, Trigger

PLAN = default_plan()
JSON: TypeAdapter[State] = TypeAdapter(State)
DRIVER, CONTACT = CallParty.DRIVER, CallParty.CONTACT
CALLING = {DRIVER: Do.CALL_DRIVER, CONTACT: Do.CALL_CONTACT}
SEVERITIES = st.sampled_from([Severity.LIGHT, Severity.MODERATE, Severity.SEVERE, Severity.VERY_SEVERE])
OPERATORS = st.sampled_from(["akiko", "kenji"])
PICK = st.integers(0, 10**6)
# Waits that lie between, on and beyond the plan's own, and one long outage.
WAITS = st.sampled_from([0.0, 0.5, 4.0, 14.0, 30.0, 45.0, 60.0, 61.0, 90.0, 600.0])


@dataclass
class Ring:
    """One call as the carrier knows it. `over` once it ended, or once it was given up."""

    party: CallParty
    attempt: int
    stage: str = "waiting"
    over: bool = False


@dataclass
class Work:
    """The open dispatch of a kind, as its row stands."""

    state: DispatchState = DispatchState.REQUESTED
    unit: str | None = None


class Incident(RuleBasedStateMachine):
    """One incident; each rule is one thing that happens to it."""

    now_s = 0.0

    @initialize(
        trigger=st.sampled_from(Trigger),
        severity=SEVERITIES,
        late=st.booleans(),
        units=st.integers(0, 3),
        numbers=st.sampled_from([(True, True), (True, True), (True, False), (False, True), (False, False)]),
        quiet=st.integers(0, 30),
    )
    def open(
        self,
        trigger: Trigger,
        severity: Severity,
        late: bool,
        units: int,
        numbers: tuple[bool, bool],
        quiet: int,
    ) -> None:
        self.quiet = quiet  # so many things happen before anybody answers or takes it
        self.numbers = dict(zip(CallParty, numbers, strict=True))
        self.free = [f"u{number}" for number in range(units)]
        self.timers: dict[str, datetime] = {}
        self.ever: dict[str, datetime] = {}
        self.rings: list[Ring] = []
        self.work: dict[DispatchKind, Work] = {}
        self.refused: set[DispatchKind] = set()
        self.light: Light | None = None
        self.happened: list[Event] = []
        self.offers = 0
        self.promised = False
        opened = Opened(self.now, trigger, severity if trigger is Trigger.IMPACT else None, late)
        decision = open_incident(opened, PLAN)
        self.began(decision.state)
        self.carry_out(None, decision)

    # What happens.

    @rule(seconds=WAITS)
    def time_passes(self, seconds: float) -> None:
        self.now_s += seconds

    @rule(count=st.integers(1, 6))
    def next_timers(self, count: int) -> None:
        """The engine does what it should: the earliest timers fire, each at its time."""
        for _ in range(count):
            if not self.timers:
                return
            name = min(self.timers, key=lambda name: (self.timers[name], name))
            self.now_s = max(self.now_s, (self.timers[name] - START).total_seconds())
            del self.timers[name]
            self.happens(self.event_of(name))

    @rule(pick=PICK, beginning=st.sampled_from(["", "step:"]))
    def any_timer_that_ever_was(self, pick: int, beginning: str) -> None:
        """A timer fires late, twice, out of order, or although it was cleared. Never early."""
        due = sorted(name for name, at in self.ever.items() if at <= self.now and name.startswith(beginning))
        assume(due)
        name = due[pick % len(due)]
        if self.timers.get(name, self.now) <= self.now:
            self.timers.pop(name, None)
        self.happens(self.event_of(name))

    @rule(pick=PICK, stage=st.sampled_from(["sending", "unknown", "placed", "ringing", "answered"]))
    def call_moves(self, pick: int, stage: str) -> None:
        assume(self.rings)
        ring = self.rings[pick % len(self.rings)]
        order = ["waiting", "sending", "unknown", "placed", "ringing", "answered", "ended"]
        if order.index(stage) > order.index(ring.stage):
            ring.stage = stage
        if stage in ("placed", "ringing", "answered"):
            self.happens(CallMoved(self.now, ring.party, ring.attempt, stage))

    @rule(pick=PICK, status=st.sampled_from(["completed", "busy", "no-answer", "failed", "canceled"]))
    def call_ends(self, pick: int, status: str) -> None:
        assume(self.rings)
        ring = self.rings[pick % len(self.rings)]
        ring.stage, ring.over = "ended", True
        self.happens(CallEnded(self.now, ring.party, ring.attempt, status))

    @precondition(lambda self: len(self.happened) >= self.quiet)
    @rule(answer=st.sampled_from(Answer), via=st.sampled_from(["key", "app"]))
    def driver_answers(self, answer: Answer, via: str) -> None:
        self.happens(Answered(self.now, answer, DRIVER, via))

    @rule(answer=st.sampled_from([Answer.FINE, Answer.OPERATOR]))
    def contact_answers(self, answer: Answer) -> None:
        self.happens(Answered(self.now, answer, CONTACT, "key"))

    @rule(party=st.sampled_from(CallParty))
    def silence_on_the_line(self, party: CallParty) -> None:
        self.happens(HeldLine(self.now, party))

    @rule(severity=SEVERITIES, late=st.booleans(), revises=st.booleans())
    def another_impact(self, severity: Severity, late: bool, revises: bool) -> None:
        assume(self.state.phase is not Phase.CLOSED)  # the door opens a new incident then
        self.happens(Joined(self.now, Trigger.IMPACT, severity, late, revises))

    @rule(trigger=st.sampled_from([Trigger.LONG_PRESS, Trigger.SHORT_PRESS]), late=st.booleans())
    def another_press(self, trigger: Trigger, late: bool) -> None:
        assume(self.state.phase is not Phase.CLOSED)
        self.happens(Joined(self.now, trigger, None, late))

    @rule(pick=PICK, eta_s=st.none() | st.integers(0, 3600))
    def unit_reports(self, pick: int, eta_s: int | None) -> None:
        """A unit says what it may say; the row decides, as in the shell."""
        moves = [
            (kind, work, wanted)
            for kind, work in sorted(self.work.items())
            for wanted in sorted(TRANSITIONS.get(work.state, ()))
        ]
        assume(moves)
        kind, work, wanted = moves[pick % len(moves)]
        unit = work.unit
        if wanted is DispatchState.DECLINED:
            work.state, work.unit = DispatchState.REQUESTED, None
        elif wanted is DispatchState.COMPLETED:
            del self.work[kind]
        else:
            work.state = wanted
        eta_at = None if eta_s is None else self.now + timedelta(seconds=eta_s)
        self.happens(DispatchMoved(self.now, kind, wanted, unit, eta_at))

    @rule()
    def place_becomes_known(self) -> None:
        self.happens(Placed(self.now))

    @precondition(lambda self: len(self.happened) >= self.quiet)
    @rule(operator=OPERATORS)
    def operator_takes(self, operator: str) -> None:
        self.happens(Take(self.now, operator))

    @precondition(lambda self: len(self.happened) >= self.quiet)
    @rule(operator=OPERATORS, answer=st.sampled_from(Answer))
    def operator_passes_on(self, operator: str, answer: Answer) -> None:
        self.happens(AnswerFor(self.now, operator, answer))

    @rule(operator=OPERATORS, kind=st.sampled_from(DispatchKind))
    def operator_sends(self, operator: str, kind: DispatchKind) -> None:
        self.happens(SendHelp(self.now, operator, kind))

    @rule(operator=OPERATORS, kind=st.sampled_from(DispatchKind))
    def operator_calls_off(self, operator: str, kind: DispatchKind) -> None:
        self.happens(StopHelp(self.now, operator, kind))

    @precondition(lambda self: self.now_s > 300)
    @rule(operator=OPERATORS, outcome=st.sampled_from(Outcome))
    def operator_closes(self, operator: str, outcome: Outcome) -> None:
        self.happens(Close(self.now, operator, outcome))

    @rule(pick=PICK)
    def the_same_once_more(self, pick: int) -> None:
        """A webhook or report is delivered twice; operators' commands and dispatches are guarded by locks."""
        again = [
            e for e in self.happened if isinstance(e, (CallMoved, CallEnded, Answered, HeldLine, OfferDue))
        ]
        assume(again)
        self.happens(replace(again[pick % len(again)], at=self.now))

    # The shell.

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

    def apply(self, effect: Effect, event: Event | None) -> list[Event]:
        match effect:
            case SetTimer(name, due_at):
                self.timers[name] = self.ever[name] = due_at
            case ClearTimers(prefix):
                self.timers = {name: due for name, due in self.timers.items() if not name.startswith(prefix)}
            case PlaceCall(party, attempt, _):
                return self.ring(party, attempt, event)
            case CheckCall(party, attempt):
                for ring in self.rings:
                    if (ring.party, ring.attempt) == (party, attempt) and ring.stage != "answered":
                        assert ring.stage in ("placed", "ringing", "ended"), (
                            "given up although it never left us"
                        )
                        ring.over = True
            case CancelCalls():
                waiting = [ring for ring in self.rings if ring.stage == "waiting"]
                for ring in waiting:
                    ring.stage, ring.over = "ended", True
                return [CallEnded(self.now, ring.party, ring.attempt, "withdrawn") for ring in waiting]
            case OfferNext(kind, expired_unit):
                return self.offer(kind, expired_unit)
            case StandDown(kind):
                assert kind in self.work, "called off what was not there"
                del self.work[kind]
                return [DispatchMoved(self.now, kind, DispatchState.STOOD_DOWN)]
            case ShowLight(light):
                self.light = light
            case _:
                pass
        return []

    def ring(self, party: CallParty, attempt: int, event: Event | None) -> list[Event]:
        assert not self.under_way(party), "two calls to one party at once"
        assert attempt not in [ring.attempt for ring in self.rings if ring.party is party]
        # The plan pays for every call: each step that has come due, once, and the one that began the ladder.
        self.calls[party] += 1
        assert self.calls[party] <= self.steps_due(party), "a call the plan does not have, or too early"
        ring = Ring(party, attempt)
        self.rings.append(ring)
        if not self.numbers[party]:
            ring.stage, ring.over = "ended", True
            return [CallEnded(self.now, party, attempt, "no_number")]
        return []

    def offer(self, kind: DispatchKind, expired_unit: str | None) -> list[Event]:
        assert kind not in self.refused, "offered although it was called off"
        work = self.work.get(kind)
        if expired_unit is not None:
            if work is None or work.state is not DispatchState.OFFERED or work.unit != expired_unit:
                return []
            work.state, work.unit = DispatchState.REQUESTED, None
            return [DispatchMoved(self.now, kind, DispatchState.OFFER_EXPIRED, expired_unit)]
        assert work is None or work.state is DispatchState.REQUESTED, "a second dispatch of one kind"
        self.offers += 1
        if not self.free or self.offers % 4 == 0:
            self.work.pop(kind, None)
            return [DispatchMoved(self.now, kind, DispatchState.FAILED)]
        unit = f"{self.free[self.offers % len(self.free)]}-{self.offers}"
        self.work[kind] = Work(DispatchState.OFFERED, unit)
        return [DispatchMoved(self.now, kind, DispatchState.OFFERED, unit)]

    def under_way(self, party: CallParty) -> list[Ring]:
        return [ring for ring in self.rings if ring.party is party and not ring.over]

    def began(self, state: State) -> None:
        """A ladder began: from now on its own steps pay for calls."""
        self.ladder_from = self.now
        self.ladder = state.rule
        # Where the new ladder begins with a call, one that rings already is that call.
        self.ladder_over = False
        self.calls = {party: min(len(self.under_way(party)), self.steps_due(party)) for party in CallParty}

    def steps_due(self, party: CallParty) -> int:
        since_s = (self.now - self.ladder_from).total_seconds()
        steps = PLAN.rule(self.ladder).steps
        return sum(step.do is CALLING[party] and step.after_s <= since_s for step in steps)

    # What must hold for each decision.

    def check(self, before: State, event: Event, decision: Decision) -> None:
        after, effects, notes = decision.state, decision.effects, decision.notes
        kinds = [note.kind for note in notes]
        if "raised" in kinds:
            assert isinstance(event, Joined)
            self.refused.clear()
            self.began(after)
        self.note_refusals(before, event)
        if isinstance(event, (Answered, AnswerFor)):
            told = [note for note in notes if note.kind == "answered"]
            assert [note.data["answer"] for note in told] == [event.answer]
            self.note_answer(before.phase, event, after.phase)
        if isinstance(event, StepDue) and (self.ladder_over or event.generation != before.generation):
            assert (after, effects) == (before, ()), "a step of a ladder that no longer runs"
        if before.phase is Phase.CLOSED:
            assert after.phase is Phase.CLOSED
            assert all(isinstance(effect, ClearTimers) for effect in effects), "alive after closing"
        assert after.generation >= before.generation
        if after.phase is Phase.HELPING and not isinstance(event, (Take, SendHelp)):
            assert not [effect for effect in effects if isinstance(effect, PlaceCall)]
        for effect in effects:
            if isinstance(effect, SetTimer):
                assert effect.due_at >= self.now
                if isinstance(event, (StepDue, CallSilent, OfferDue, ReminderDue)):
                    assert effect.due_at > self.now, "a timer that sets a timer for now would spin"

    def note_answer(self, before: Phase, event: Answered | AnswerFor, after: Phase) -> None:
        """Hearing from the driver ends the ladder; whoever is fine and not done hears that a person will call."""
        if isinstance(event, Answered) and event.by is CONTACT:
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
            case AnswerFor(answer=answer) | Answered(answer=answer, by=CallParty.DRIVER):
                if answer is Answer.FINE:
                    self.refused = set(DispatchKind)
                elif answer in (Answer.HELP, Answer.AMBULANCE):
                    self.refused.discard(PLAN.rule(before.rule).help)
            case _:
                pass

    # What must hold at any time.

    @invariant()
    def somebody_or_something_is_on_it(self) -> None:
        if self.state.phase is not Phase.REACHING:
            return
        steps = [name for name in self.timers if name.startswith(f"step:{self.state.generation}:")]
        alarmed = bool(self.state.tasks) and ("remind" in self.timers or self.state.taken_by is not None)
        assert steps or alarmed or self.state.driver.under_way or self.state.contact.under_way

    @invariant()
    def an_open_task_is_remembered(self) -> None:
        if Task.TAKE in self.state.tasks:
            assert "remind" in self.timers

    @invariant()
    def a_call_under_way_is_watched(self) -> None:
        for party in CallParty:
            line = self.state.line(party)
            if line.under_way and self.state.phase is not Phase.CLOSED:
                assert f"giveup:{party}:{line.attempts}" in self.timers
            going = [ring.attempt for ring in self.under_way(party)]
            assert going == ([line.attempts] if line.under_way else [])

    @invariant()
    def closed_is_closed(self) -> None:
        if self.state.phase is Phase.CLOSED:
            assert not self.timers
            assert not self.work
            assert not self.state.tasks
            assert self.state.outcome is not None
            assert self.light is Light.ENDED
            assert not [ring for ring in self.rings if ring.stage == "waiting"]

    @invariant()
    def rows_and_state_agree_about_help(self) -> None:
        known = {kind: state for kind, state in self.state.dispatches.items() if state in OPEN_DISPATCH}
        assert known == {kind: work.state for kind, work in self.work.items()}
        for kind, work in self.work.items():
            assert (f"offer:{kind}:{work.unit}" in self.timers) is (work.state is DispatchState.OFFERED)
        assert len([name for name in self.timers if name.startswith("offer:")]) == len(
            [work for work in self.work.values() if work.state is DispatchState.OFFERED]
        )

    @invariant()
    def the_light_tells_the_truth(self) -> None:
        assert self.light is self.state.light

    @invariant()
    def who_was_promised_a_call_back_gets_one(self) -> None:
        if self.promised and self.state.phase is not Phase.CLOSED:
            assert Task.CALL_BACK in self.state.tasks

    @invariant()
    def the_state_survives_the_database(self) -> None:
        stored: Any = JSON.dump_python(self.state, mode="json")
        assert JSON.validate_python(stored) == self.state
        assert len(set(self.state.tasks)) == len(self.state.tasks)
        assert len(set(self.state.help_refused)) == len(self.state.help_refused)

    @property
    def state(self) -> State:
        return self._state

    @state.setter
    def state(self, state: State) -> None:
        self._state = state


Incident.TestCase.settings = settings(
    max_examples=300,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
TestIncident = Incident.TestCase
