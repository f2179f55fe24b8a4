"""Every cell of the table of decisions: listed events lead where it says, all others change nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from support.scene import at, default_plan

from incident import dispatch
from incident.dispatch import DispatchRefused, check_move
from incident.escalation import commands, diagram, events
from incident.escalation.commands import (
    AmbulanceMoved,
    AnswerFor,
    CallDriver,
    Close,
    Command,
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
from incident.escalation.decide import CommandRefused, decide
from incident.escalation.events import (
    Absorbed,
    Answered,
    CallAgain,
    CallEnded,
    CallMoved,
    CallSilent,
    CarrierDown,
    DepartDue,
    DeskAnswered,
    DeskDue,
    DeskRung,
    DeviceSilent,
    DispatchMoved,
    DroveOn,
    EtaChanged,
    Event,
    Forgotten,
    GiveWay,
    Handed,
    Joined,
    LateDue,
    LineWaits,
    NobodyElse,
    OfferDue,
    Opened,
    PauseDue,
    Placed,
    RangUs,
    ReminderDue,
    RoadKnown,
    SafetyDue,
    SearchDue,
    StepDue,
    UnitSafe,
    Wrote,
)
from incident.escalation.state import Before, Line, Pause, State, Task, Work
from incident.escalation.transitions import TRANSITIONS
from schemas.impact import Severity
from schemas.incident import (
    AmbulanceState,
    Answer,
    CallParty,
    DispatchKind,
    DispatchState,
    Outcome,
    Phase,
    RoadKind,
    Trigger,
)

PLAN = default_plan()
NOW = at(40)
DRIVER, CONTACT = CallParty.DRIVER, CallParty.CONTACT
GUARD, ROADSIDE = DispatchKind.GUARD, DispatchKind.ROADSIDE
REACHING, HELPING, SETTLING, CLOSED = Phase

KINDS = tuple(
    kind
    for kind in (*vars(events).values(), *vars(commands).values())
    if isinstance(kind, type) and issubclass(kind, Event) and kind not in (Event, Command)
)


SAMPLES: dict[type[Event], list[Event]] = {
    Opened: [Opened(NOW, Trigger.IMPACT, Severity.SEVERE)],
    Joined: [
        *(
            Joined(NOW, Trigger.IMPACT, severity, late, revises)
            for severity in (Severity.LIGHT, Severity.SEVERE)
            for late, revises in ((False, False), (True, False), (False, True))
        ),
        Joined(NOW, Trigger.LONG_PRESS, None),
    ],
    StepDue: [StepDue(NOW, generation, step) for generation in (0, 1) for step in range(3)],
    CallMoved: [CallMoved(NOW, DRIVER, 1, "answered")],
    CallEnded: [CallEnded(NOW, DRIVER, 1, "busy"), CallEnded(NOW, CONTACT, 7, "completed")],
    CallSilent: [
        CallSilent(NOW, DRIVER, 1, stage)
        for stage in ("waiting", "sending", "unknown", "placed", "ringing", "answered", "ended")
    ],
    Answered: [
        *(Answered(NOW, answer, DRIVER, "key") for answer in Answer),
        Answered(NOW, Answer.FINE, CONTACT, "key"),
        Answered(NOW, Answer.OPERATOR, CONTACT, "key"),
    ],
    CallAgain: [CallAgain(NOW, DRIVER)],
    LineWaits: [LineWaits(NOW, DRIVER)],
    RangUs: [RangUs(NOW, DRIVER, 1), RangUs(NOW, CONTACT, 2)],
    Wrote: [Wrote(NOW, DRIVER, "m1", "link"), Wrote(NOW, CONTACT, "m2", "link")],
    CarrierDown: [CarrierDown(NOW, at(20))],
    DeskRung: [DeskRung(NOW, 0, 1), DeskRung(NOW, 0, 0)],
    DeskDue: [DeskDue(NOW, 0)],
    DeskAnswered: [DeskAnswered(NOW, "akiko", 1)],
    DeviceSilent: [DeviceSilent(NOW, at(0))],
    DroveOn: [DroveOn(NOW, 40.0)],
    RoadKnown: [RoadKnown(NOW, RoadKind.EXPRESSWAY), RoadKnown(NOW, RoadKind.GENERAL)],
    DispatchMoved: [DispatchMoved(NOW, GUARD, moved, "g1", at(700)) for moved in DispatchState],
    OfferDue: [OfferDue(NOW, GUARD, "g1")],
    NobodyElse: [NobodyElse(NOW, GUARD)],
    SearchDue: [SearchDue(NOW, GUARD)],
    DepartDue: [DepartDue(NOW, GUARD, "g1")],
    LateDue: [LateDue(NOW, GUARD, "g1")],
    EtaChanged: [EtaChanged(NOW, GUARD, "g1", at(700))],
    SafetyDue: [SafetyDue(NOW, GUARD, "g1")],
    UnitSafe: [UnitSafe(NOW, GUARD, "g1")],
    Placed: [Placed(NOW)],
    ReminderDue: [ReminderDue(NOW)],
    Forgotten: [Forgotten(NOW, "nothing_waits")],
    Take: [Take(NOW, "akiko")],
    CallDriver: [CallDriver(NOW, "akiko")],
    AmbulanceMoved: [AmbulanceMoved(NOW, "akiko", AmbulanceState.ASKED)],
    AnswerFor: [AnswerFor(NOW, "akiko", answer) for answer in Answer],
    SendHelp: [SendHelp(NOW, "akiko", ROADSIDE)],
    StopHelp: [StopHelp(NOW, "akiko", GUARD), StopHelp(NOW, "akiko", ROADSIDE)],
    Close: [Close(NOW, "akiko", Outcome.TROUBLE)],
    Release: [Release(NOW, "akiko")],
    PausePlan: [PausePlan(NOW, "akiko", 300.0, "n1")],
    PauseDue: [PauseDue(NOW)],
    ResumePlan: [ResumePlan(NOW, "akiko")],
    StepNow: [StepNow(NOW, "akiko", 0, step) for step in range(5)],
    StepOff: [StepOff(NOW, "akiko", 0, step, "n1") for step in range(5)],
    WithdrawAnswer: [WithdrawAnswer(NOW, "akiko", answer) for answer in Answer],
    Reopen: [Reopen(NOW, "akiko", "n1")],
    Merge: [Merge(NOW, "akiko", "other"), Merge(NOW, "akiko", "other", (GUARD,), "n1")],
    GiveWay: [GiveWay(NOW, GUARD)],
    Absorbed: [
        Absorbed(NOW, "akiko", "other", (Handed(GUARD, DispatchState.EN_ROUTE, Work("g9"), by_hand=False),))
    ],
}
"""Examples of every kind of event, wide enough to reach every phase it may lead to."""


BY_WHAT_WAS_SEEN = (Release, StepNow, StepOff, WithdrawAnswer, Reopen)
"""Refused in a phase where they make sense, if the incident does not stand as whoever orders them saw it."""


def states(phase: Phase) -> Iterator[State]:
    """How an incident may stand in a phase."""
    answers: dict[Phase, tuple[Answer | None, ...]] = {
        REACHING: (None,),
        HELPING: (None, Answer.HELP, Answer.AMBULANCE, Answer.OPERATOR, Answer.FINE),
        SETTLING: (Answer.FINE,),
        CLOSED: (None, Answer.FINE),
    }
    for rule in ("severe", "moderate", "light", "trouble", "late"):
        for answer in answers[phase]:
            for dispatches in (
                {},
                {GUARD: DispatchState.OFFERED},
                {GUARD: DispatchState.ACCEPTED},
                {GUARD: DispatchState.FAILED},
            ):
                yield State(
                    phase=phase,
                    trigger=Trigger.IMPACT,
                    severity=Severity.MODERATE,
                    rule=rule,
                    plan_from=at(0),
                    answer=answer,
                    outcome=Outcome.ACCIDENT if phase is CLOSED else None,
                    driver=Line(1, under_way=True, wanted=True),
                    contact=Line(1),
                    dispatches={} if phase in (SETTLING, CLOSED) else dispatches,
                    tasks=() if phase is CLOSED else (Task.TAKE,),
                    taken_by="akiko" if phase is HELPING and answer is None else None,
                )


def later(state: State) -> Iterator[State]:
    """The same, and as it stands with something that can be undone, or with its plan paused."""
    yield state
    for phase in (REACHING, HELPING, SETTLING):
        before = Before(at(30), "akiko", phase, None, None, (Task.TAKE,), (), None, call_back_promised=False)
        if state.phase is CLOSED:
            yield dataclasses.replace(state, before_closing=before)
        elif state.answer is not None:
            yield dataclasses.replace(state, before_answer=before)
    if state.phase in (REACHING, HELPING):
        yield dataclasses.replace(state, pause=Pause(at(0), at(39), "akiko", "n1", held=(1,), owed=(DRIVER,)))


def test_there_are_examples_of_every_kind_of_event() -> None:
    assert set(KINDS) == {Opened, *diagram.events()} == set(SAMPLES)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("phase", Phase)
def test_cell(phase: Phase, kind: type[Event]) -> None:
    allowed = TRANSITIONS[phase].get(kind)
    reached: set[Phase] = set()
    for before in (each for state in states(phase) for each in later(state)):
        for event in SAMPLES[kind]:
            kept = dataclasses.replace(before)
            if allowed is None and issubclass(kind, Command):
                with pytest.raises(CommandRefused) as refusal:
                    decide(before, event, PLAN)
                assert (refusal.value.command, refusal.value.phase) == (kind.__name__, phase)
                assert str(phase) in str(refusal.value)
            elif allowed is None:
                decision = decide(before, event, PLAN)
                assert (decision.state, decision.effects, decision.notes) == (before, (), ())
            elif kind in BY_WHAT_WAS_SEEN:
                with suppress(CommandRefused):  # which of them is refused, and why, has tests of its own
                    reached.add(decide(before, event, PLAN).state.phase)
            else:
                reached.add(decide(before, event, PLAN).state.phase)
            assert before == kept
    # Nothing leads elsewhere, and the table promises nothing that never happens.
    assert reached == (allowed or set())


@pytest.mark.parametrize("phase", [REACHING, HELPING, SETTLING])
def test_what_is_there_is_not_sent_again(phase: Phase) -> None:
    for before in states(phase):
        moving = dataclasses.replace(before, dispatches={ROADSIDE: DispatchState.EN_ROUTE})
        with pytest.raises(CommandRefused, match="a roadside is already en_route"):
            decide(moving, SendHelp(NOW, "akiko", ROADSIDE), PLAN)


def test_an_event_that_breaks_the_table_is_a_fault_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    narrowed = {**TRANSITIONS, REACHING: {**TRANSITIONS[REACHING], Take: frozenset({REACHING})}}
    monkeypatch.setattr("incident.escalation.decide.TRANSITIONS", narrowed)
    with pytest.raises(AssertionError, match="Take: reaching -> helping is not in the table"):
        decide(next(states(REACHING)), Take(NOW, "akiko"), PLAN)


@pytest.mark.parametrize("wanted", DispatchState)
@pytest.mark.parametrize("before", DispatchState)
def test_dispatch_cell(before: DispatchState, wanted: DispatchState) -> None:
    if wanted in dispatch.TRANSITIONS.get(before, frozenset()):
        check_move(before, wanted)
        return
    with pytest.raises(DispatchRefused, match=f"the dispatch is {before}, so it cannot become {wanted}"):
        check_move(before, wanted)


def test_the_drawing_is_what_the_tables_say() -> None:
    page = Path(__file__).parents[3] / "docs" / "state_machine.md"
    assert page.read_text(encoding="utf-8") == diagram.document(), "run python -m incident.escalation.diagram"


def test_the_drawing_tells_refused_from_stale_and_names_every_arrow(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = diagram.document()
    assert "| Close | An operator ends the incident | closed | closed | closed | refused |" in drawn
    assert "| StepDue | A step of the plan has come due | reaching | helping | stale | stale |" in drawn
    assert "    settling --> reaching: Joined, WithdrawAnswer\n" in drawn
    monkeypatch.setitem(dispatch.TRANSITIONS, DispatchState.SECURED, frozenset({DispatchState.FAILED}))  # pyright: ignore[reportArgumentType] a plain dict
    assert "    secured --> failed\n" in diagram.document()
