"""Any order of things: timers late, twice and out of order, webhooks doubled, people changing their minds.

`PaperShell` keeps what the shell would keep and checks each decision; the invariants here hold at any time.
MACHINES=300,40 runs so many examples of so many steps.
"""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from pydantic import TypeAdapter
from support.paper_shell import PLAN, PaperShell
from support.scene import START

from incident.dispatch import TRANSITIONS
from incident.escalation.commands import (
    AmbulanceMoved,
    AnswerFor,
    CallDriver,
    Close,
    Merge,
    PausePlan,
    Release,
    Reopen,
    ResumePlan,
    SendHelp,
    StepNow,
    StepOff,
    StopHelp,
    Take,
    WithdrawAnswer,
)
from incident.escalation.events import (
    Absorbed,
    Answered,
    CallEnded,
    CallMoved,
    CarrierDown,
    DeskAnswered,
    DeviceSilent,
    DispatchMoved,
    DroveOn,
    EtaChanged,
    GiveWay,
    Handed,
    Joined,
    LineWaits,
    OfferDue,
    Opened,
    Placed,
    RangUs,
    RoadKnown,
    UnitSafe,
)
from incident.escalation.state import OPEN_DISPATCH, Light, State, Task, Work
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

EXAMPLES, STEPS = (int(word) for word in os.environ.get("MACHINES", "100,40").split(","))
JSON: TypeAdapter[State] = TypeAdapter(State)
DRIVER, CONTACT = CallParty.DRIVER, CallParty.CONTACT
THERE = (DispatchState.ON_SCENE, DispatchState.SECURED)
SEVERITIES = st.sampled_from([Severity.LIGHT, Severity.MODERATE, Severity.SEVERE, Severity.VERY_SEVERE])
OPERATORS = st.sampled_from(["akiko", "kenji"])
PICK = st.integers(0, 10**6)
# Waits that lie between, on and beyond the plan's own, and one long outage.
WAITS = st.sampled_from([0.0, 0.5, 4.0, 14.0, 30.0, 45.0, 60.0, 61.0, 90.0, 600.0])


class Incident(PaperShell, RuleBasedStateMachine):
    """One incident; each rule is one thing that happens to it."""

    @initialize(
        trigger=st.sampled_from(Trigger),
        severity=SEVERITIES,
        late=st.booleans(),
        units=st.integers(0, 3),
        numbers=st.sampled_from([(True, True), (True, True), (True, False), (False, True), (False, False)]),
        quiet=st.integers(0, 30),
        desk=st.tuples(*[st.integers(0, 2)] * 4),
        road=st.sampled_from(RoadKind),
        reach=st.sampled_from([Reach.VOICE, Reach.VOICE, Reach.SLOW_VOICE, Reach.TEXT]),
        contacts=st.integers(1, 2),
    )
    def open(
        self,
        trigger: Trigger,
        severity: Severity,
        late: bool,
        units: int,
        numbers: tuple[bool, bool],
        quiet: int,
        desk: tuple[int, ...],
        road: RoadKind,
        reach: Reach,
        contacts: int,
    ) -> None:
        self.quiet = quiet  # so many things happen before anybody answers or takes it
        opened = Opened(START, trigger, severity if trigger is Trigger.IMPACT else None, late, road, reach)
        self.begin(
            opened,
            numbers=numbers,
            free=[f"u{number}" for number in range(units)],
            desk=desk,
            contacts=contacts,
        )

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
        if not due:
            return
        name = due[pick % len(due)]
        if self.timers.get(name, self.now) <= self.now:
            self.timers.pop(name, None)
        self.happens(self.event_of(name))

    @rule(pick=PICK, stage=st.sampled_from(["sending", "unknown", "placed", "ringing", "answered"]))
    def call_moves(self, pick: int, stage: str) -> None:
        if not self.rings:
            return
        ring = self.rings[pick % len(self.rings)]
        order = ["waiting", "sending", "unknown", "placed", "ringing", "answered", "ended"]
        if order.index(stage) > order.index(ring.stage):
            ring.stage = stage
        if stage in ("placed", "ringing", "answered"):
            self.happens(CallMoved(self.now, ring.party, ring.attempt, stage))

    @rule(pick=PICK, status=st.sampled_from(["completed", "busy", "no-answer", "failed", "canceled"]))
    def call_ends(self, pick: int, status: str) -> None:
        if not self.rings:
            return
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

    @rule(party=st.sampled_from([DRIVER, CONTACT, CallParty.CALLER]))
    def silence_on_the_line(self, party: CallParty) -> None:
        self.happens(LineWaits(self.now, party))

    @precondition(lambda self: len(self.happened) >= self.quiet)
    @rule(operator=OPERATORS)
    def operator_picks_up(self, operator: str) -> None:
        if self.desk_calls:
            self.happens(DeskAnswered(self.now, operator, self.desk_calls))

    @rule(status=st.sampled_from(["completed", "no-answer"]))
    def operator_hangs_up(self, status: str) -> None:
        if self.desk_calls:
            self.happens(CallEnded(self.now, CallParty.OPERATOR, self.desk_calls, status))

    @precondition(lambda self: len(self.happened) >= self.quiet)
    @rule(operator=OPERATORS)
    def operator_wants_to_speak(self, operator: str) -> None:
        self.happens(CallDriver(self.now, operator))

    @rule(party=st.sampled_from([DRIVER, DRIVER, CONTACT]))
    def somebody_we_ring_rings_us(self, party: CallParty) -> None:
        self.rang_us += 1
        self.happens(RangUs(self.now, party, self.rang_us))
        self.happens(LineWaits(self.now, CallParty.CALLER, "rang_us"))

    @rule(pick=PICK)
    def caller_hangs_up(self, pick: int) -> None:
        attempts = [*self.callers, 1]
        self.happens(CallEnded(self.now, CallParty.CALLER, attempts[pick % len(attempts)], "completed"))

    @rule(operator=OPERATORS, wanted=st.sampled_from(AmbulanceState))
    def ambulance_moves(self, operator: str, wanted: AmbulanceState) -> None:
        self.happens(AmbulanceMoved(self.now, operator, wanted))

    @rule()
    def device_falls_silent(self) -> None:
        self.happens(DeviceSilent(self.now, self.now))

    @rule()
    def car_drives_on(self) -> None:
        self.happens(DroveOn(self.now, 40.0))

    @rule(road=st.sampled_from(RoadKind))
    def road_becomes_known(self, road: RoadKind) -> None:
        self.happens(RoadKnown(self.now, road))

    @rule()
    def carrier_is_down(self) -> None:
        self.happens(CarrierDown(self.now, self.now))

    @rule(severity=SEVERITIES, late=st.booleans(), revises=st.booleans())
    def another_impact(self, severity: Severity, late: bool, revises: bool) -> None:
        if self.state.phase is Phase.CLOSED:
            return  # the door opens a new incident then
        self.happens(Joined(self.now, Trigger.IMPACT, severity, late, revises))

    @rule(
        trigger=st.sampled_from([trigger for trigger in Trigger if trigger is not Trigger.IMPACT]),
        late=st.booleans(),
    )
    def another_press(self, trigger: Trigger, late: bool) -> None:
        if self.state.phase is Phase.CLOSED:
            return
        self.happens(Joined(self.now, trigger, None, late))

    @rule(pick=PICK, eta_s=st.none() | st.integers(0, 3600))
    def unit_reports(self, pick: int, eta_s: int | None) -> None:
        """A unit says what it may say; the row decides, as in the shell."""
        moves = [
            (kind, work, wanted)
            for kind, work in sorted(self.work.items())
            for wanted in sorted(TRANSITIONS.get(work.state, ()))
        ]
        if not moves:
            return
        kind, work, wanted = moves[pick % len(moves)]
        unit = work.unit
        if wanted is DispatchState.DECLINED:
            work.state, work.unit = DispatchState.REQUESTED, None
            if work.beside:
                work.state, work.unit = DispatchState.OFFERED, work.beside.pop(0)
        elif wanted is DispatchState.COMPLETED:
            del self.work[kind]
        else:
            work.state = wanted
        eta_at = None if eta_s is None else self.now + timedelta(seconds=eta_s)
        self.happens(DispatchMoved(self.now, kind, wanted, unit, eta_at))

    @rule(pick=PICK, accepts=st.booleans(), eta_s=st.none() | st.integers(0, 3600))
    def somebody_asked_beside_answers(self, pick: int, accepts: bool, eta_s: int | None) -> None:
        """Beside a unit that is late another one is asked: whoever accepts has it."""
        asked = [(kind, work, unit) for kind, work in sorted(self.work.items()) for unit in work.beside]
        if not asked:
            return
        kind, work, unit = asked[pick % len(asked)]
        if not accepts:
            work.beside.remove(unit)
            self.happens(DispatchMoved(self.now, kind, DispatchState.DECLINED, unit))
            return
        work.state, work.unit = DispatchState.ACCEPTED, unit
        work.beside.clear()
        eta_at = None if eta_s is None else self.now + timedelta(seconds=eta_s)
        self.happens(DispatchMoved(self.now, kind, DispatchState.ACCEPTED, unit, eta_at))

    @rule(pick=PICK, eta_s=st.integers(0, 3600))
    def unit_tells_of_itself(self, pick: int, eta_s: int) -> None:
        """A new time of arrival on the way, word that all is well on the scene."""
        works = [(kind, work) for kind, work in sorted(self.work.items()) if work.unit is not None]
        if not works:
            return
        kind, work = works[pick % len(works)]
        unit = work.unit or ""
        if work.state in (DispatchState.ACCEPTED, DispatchState.EN_ROUTE):
            self.happens(EtaChanged(self.now, kind, unit, self.now + timedelta(seconds=eta_s)))
        elif work.state in THERE:
            self.happens(UnitSafe(self.now, kind, unit))

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
    @rule(operator=OPERATORS, outcome=st.sampled_from(sorted(set(Outcome) - {Outcome.MERGED})))
    def operator_closes(self, operator: str, outcome: Outcome) -> None:
        self.happens(Close(self.now, operator, outcome))

    # What operators order of the plan, and take back.

    @rule(operator=OPERATORS, minutes=st.sampled_from([1, 5, 30]))
    def operator_pauses(self, operator: str, minutes: int) -> None:
        self.happens(PausePlan(self.now, operator, 60.0 * minutes, "n1"))

    @rule(operator=OPERATORS)
    def operator_lets_it_go_on(self, operator: str) -> None:
        self.happens(ResumePlan(self.now, operator))

    @rule(operator=OPERATORS, step=st.integers(0, 8), now=st.booleans(), stale=st.booleans())
    def operator_orders_a_step(self, operator: str, step: int, now: bool, stale: bool) -> None:
        generation = self.state.generation - (1 if stale else 0)
        if now:
            self.happens(StepNow(self.now, operator, generation, step))
        else:
            self.happens(StepOff(self.now, operator, generation, step, "n1"))

    @rule(operator=OPERATORS)
    def operator_gives_it_back(self, operator: str) -> None:
        self.happens(Release(self.now, operator))

    @rule(operator=OPERATORS)
    def operator_withdraws_the_answer(self, operator: str) -> None:
        if self.state.answer is not None:
            self.happens(WithdrawAnswer(self.now, operator, self.state.answer))

    @rule(operator=OPERATORS)
    def operator_reopens(self, operator: str) -> None:
        self.happens(Reopen(self.now, operator, "n1"))

    @rule(operator=OPERATORS, minutes=st.sampled_from([1, 30]))
    def operator_pauses_and_the_calls_end(self, operator: str, minutes: int) -> None:
        self.happens(PausePlan(self.now, operator, 60.0 * minutes, "n1"))
        for ring in [*self.under_way(DRIVER), *self.under_way(CONTACT)]:
            ring.stage, ring.over = "ended", True
            self.happens(CallEnded(self.now, ring.party, ring.attempt, "no-answer"))

    @precondition(lambda self: len(self.happened) >= self.quiet)
    @rule(operator=OPERATORS, seconds=WAITS)
    def operator_takes_it_and_gives_it_back(self, operator: str, seconds: float) -> None:
        self.happens(Take(self.now, operator))
        self.now_s += seconds
        self.happens(Release(self.now, operator))

    @precondition(lambda self: self.now_s > 300 or any(not work.only_asked for work in self.work.values()))
    @rule(operator=OPERATORS)
    def it_is_merged_into_another(self, operator: str) -> None:
        """Who is on the way goes over; the other has nobody."""
        if self.state.phase is Phase.CLOSED:
            return
        handed = tuple(kind for kind, work in self.work.items() if not work.only_asked)
        self.happens(Merge(self.now, operator, "another", handed))
        for kind in handed:
            del self.work[kind]

    @rule(
        operator=OPERATORS,
        kind=st.sampled_from(DispatchKind),
        state=st.sampled_from([DispatchState.ACCEPTED, DispatchState.EN_ROUTE, DispatchState.ON_SCENE]),
        eta_s=st.none() | st.integers(-600, 3600),
    )
    def another_is_merged_into_it(
        self, operator: str, kind: DispatchKind, state: DispatchState, eta_s: int | None
    ) -> None:
        if self.state.phase is Phase.CLOSED:
            return
        work = self.work.get(kind)
        if work is not None and not work.only_asked:
            self.happens(Absorbed(self.now, operator, "another", sought=(kind,), tasks=(Task.TAKE,)))
            return
        if work is not None:
            self.happens(GiveWay(self.now, kind))
        there = state in THERE
        unit = Work(
            f"m{len(self.happened)}",
            eta_at=None if eta_s is None else self.now + timedelta(seconds=eta_s),
            depart_by=self.now,
            safe_by=self.now + timedelta(seconds=300) if there else None,
        )
        handed = Handed(kind, state, unit, by_hand=True)
        self.happens(Absorbed(self.now, operator, "another", (handed,)))

    @rule(pick=PICK)
    def the_same_once_more(self, pick: int) -> None:
        """A webhook or report is delivered twice; operators' commands and dispatches are guarded by locks."""
        again = [
            e for e in self.happened if isinstance(e, (CallMoved, CallEnded, Answered, LineWaits, OfferDue))
        ]
        if not again:
            return
        self.happens(replace(again[pick % len(again)], at=self.now))

    # What must hold at any time.

    @invariant()
    def somebody_or_something_is_on_it(self) -> None:
        if self.state.phase is Phase.CLOSED or (
            self.state.phase is not Phase.REACHING and self.state.taken_by is not None
        ):
            return  # over, or somebody's own
        done = {f"step:{self.state.generation}:{index}" for index in self.state.steps_done}
        steps = [
            name
            for name in self.timers
            if name not in done and name.startswith((f"step:{self.state.generation}:", "pause"))
        ]
        alarmed = bool(self.state.tasks) and ("remind" in self.timers or self.state.taken_by is not None)
        assert steps or alarmed or self.state.driver.under_way or self.state.contact.under_way

    @invariant()
    def no_step_is_lost(self) -> None:
        """Each was done or called off, or waits for its time or for the end of a pause."""
        state = self.state
        if state.phase is Phase.REACHING:
            for index in range(len(PLAN.rule(state.rule).steps)):
                held = state.pause is not None and index in state.pause.held
                timer = f"step:{state.generation}:{index}" in self.timers
                assert index in state.steps_done or held or timer

    @invariant()
    def a_pause_ends(self) -> None:
        if self.state.pause is not None:
            assert self.state.phase is not Phase.CLOSED
            assert self.timers["pause"] == self.state.pause.until
            assert self.state.pause.until <= self.state.pause.since + timedelta(minutes=30)
        else:
            assert "pause" not in self.timers

    @invariant()
    def an_open_task_is_remembered(self) -> None:
        if Task.TAKE in self.state.tasks:
            assert "remind" in self.timers

    @invariant()
    def who_waits_on_a_line_is_somebodys(self) -> None:
        """An operator comes, a telephone of theirs rings, or the alarm stands and rings again."""
        if self.state.waiting and self.state.on_line is None:
            ringing = self.state.desk_round is not None and f"desk:{self.state.desk_round}" in self.timers
            assert ringing or "remind" in self.timers

    @invariant()
    def the_driver_who_cannot_hear_is_never_rung(self) -> None:
        assert self.state.reach is not Reach.TEXT or not self.state.driver.attempts

    @invariant()
    def a_call_under_way_is_watched(self) -> None:
        for party in (DRIVER, CONTACT):
            line = self.state.line(party)
            if line.under_way and self.state.phase is not Phase.CLOSED:
                assert f"giveup:{party}:{line.attempts}" in self.timers
            going = [ring.attempt for ring in self.under_way(party)]
            assert going == ([line.attempts] if line.under_way else [])

    @invariant()
    def who_rings_us_is_not_rung(self) -> None:
        """Neither by a call that waits; and one that is owed to them comes, whatever becomes of the news of theirs."""
        for party in (DRIVER, CONTACT):
            line = self.state.line(party)
            # An operator who has come may have them rung, and the carrier's queue holds that back.
            waiting = [
                ring for ring in self.under_way(party) if ring.stage == "waiting" and not ring.for_operator
            ]
            assert not waiting or party not in self.callers.values()
            owed = self.state.pause is not None and party in self.state.pause.owed
            if line.wanted and not line.under_way and self.state.phase is Phase.REACHING and not owed:
                assert f"again:{party}" in self.timers

    @invariant()
    def closed_is_closed(self) -> None:
        if self.state.phase is Phase.CLOSED:
            # Who is on the scene finishes, and is looked after until then.
            assert all(name.startswith(("safe:", "desk:")) for name in self.timers)
            for kind, work in self.work.items():
                assert f"safe:{kind}:{work.unit}" in self.timers
            assert all(work.state in THERE for work in self.work.values())
            assert not self.state.tasks
            assert self.state.outcome is not None
            assert not self.state.waiting
            assert self.work or self.state.desk_round is None
            if self.state.desk_round is not None:
                assert f"desk:{self.state.desk_round}" in self.timers
            assert self.light is Light.ENDED or self.state.merged_into is not None
            assert not [ring for ring in self.rings if ring.stage == "waiting"]

    @invariant()
    def rows_and_state_agree_about_help(self) -> None:
        known = {kind: state for kind, state in self.state.dispatches.items() if state in OPEN_DISPATCH}
        assert known == {kind: work.state for kind, work in self.work.items()}
        asked = {
            f"offer:{kind}:{unit}"
            for kind, work in self.work.items()
            for unit in (*work.beside, *([work.unit] if work.state is DispatchState.OFFERED else []))
        }
        assert {name for name in self.timers if name.startswith("offer:")} >= asked
        assert {
            f"offer:{kind}:{unit}" for kind, units in self.state.offers.items() for unit in units
        } == asked

    @invariant()
    def no_guard_is_asked_onto_an_expressway_but_by_a_person(self) -> None:
        work = self.work.get(DispatchKind.GUARD)
        if work is not None and self.state.road is RoadKind.EXPRESSWAY:
            assert work.by_hand or not work.only_asked

    @invariant()
    def who_comes_is_watched(self) -> None:
        for kind, work in self.work.items():
            watched = {name.split(":")[0] for name in self.timers if name.endswith(f":{kind}:{work.unit}")}
            if work.state is DispatchState.ACCEPTED:
                assert "depart" in watched
            if work.state in THERE:
                assert watched == {"safe"}
            held = self.state.works.get(kind)
            assert (held.unit_id if held else None) == (
                None if work.state in (DispatchState.REQUESTED, DispatchState.OFFERED) else work.unit
            )

    @invariant()
    def the_light_tells_the_truth(self) -> None:
        if self.state.merged_into is None:  # else it is the other incident's to say
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


Incident.TestCase.settings = settings(max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None)
TestIncident = Incident.TestCase
