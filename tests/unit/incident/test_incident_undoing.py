"""Taking back: what was taken, what was recorded, what was closed; and two incidents made one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.acts import app, close, joined, moderate, operator_says, severe, take
from support.scene import Happening, Phone, Scene, Unit, at, default_plan

from incident.escalation import merging
from incident.escalation.commands import (
    AmbulanceMoved,
    Merge,
    Release,
    Reopen,
    SendHelp,
    StopHelp,
    WithdrawAnswer,
)
from incident.escalation.decide import CommandRefused, decide
from incident.escalation.effects import Message, ShowLight, StandDown
from incident.escalation.events import DeskAnswered
from incident.escalation.state import Task
from incident.wording.refusals import Refusal
from schemas.impact import Severity
from schemas.incident import AmbulanceState, Answer, DispatchKind, DispatchState, Outcome, Phase

GUARD = DispatchKind.GUARD


def release(operator: str = "akiko") -> Happening:
    return lambda now: Release(now, operator)


def withdraw(answer: Answer) -> Happening:
    return lambda now: WithdrawAnswer(now, "akiko", answer)


def reopen(now: object) -> Reopen:
    return Reopen(now, "akiko", "n1")  # type: ignore[arg-type]


# Giving back.


def test_given_back_the_desk_is_rung_again_and_the_plan_makes_up_for_what_it_missed() -> None:
    desk = {"all": {"kenji": None}}
    scene = severe(desk=desk, units=(Unit("g1"),)).run_to(10).tell(take).run_to(100)
    assert (scene.times("call contact"), scene.times("ring kenji")) == ([], [])
    scene.tell(release()).run_to(130)
    assert (scene.state.phase, scene.state.taken_by) == (Phase.REACHING, None)
    assert Task.TAKE in scene.state.tasks
    assert scene.times("call driver") == [0, 100]
    assert scene.times("call contact") == [100]
    assert scene.times("ring kenji") == [120]


def test_given_back_after_an_answer_nobody_is_rung_by_the_plan() -> None:
    scene = severe().run_to(10).tell(take).tell(operator_says(Answer.HELP)).run_to(100).tell(release())
    scene.run_to(400)
    assert scene.state.phase is Phase.HELPING
    assert scene.times("call driver") == [0]
    assert Task.TAKE in scene.state.tasks


def test_only_who_has_it_gives_it_back_and_not_from_the_line() -> None:
    scene = severe().run_to(10).tell(take)
    with pytest.raises(CommandRefused, match="akiko has it"):
        scene.tell(release("kenji"))
    scene.tell(release())
    before = scene.state
    scene.tell(release())
    assert scene.state == before
    scene = severe(driver=Phone(picks_up_s=4, presses_s=900, hangs_up_s=None)).run_to(10)
    scene.tell(lambda now: DeskAnswered(now, "akiko", 1))
    with pytest.raises(CommandRefused, match="akiko is on the line"):
        scene.tell(release())


# An answer recorded by mistake.


def test_fine_by_mistake_is_withdrawn_and_help_is_sought_again() -> None:
    scene = severe(units=(Unit("g1"), Unit("g2"))).run_to(50)
    assert scene.state.dispatches[GUARD] is DispatchState.ACCEPTED
    scene.tell(operator_says(Answer.FINE)).run_to(55)
    assert scene.state.dispatches[GUARD] is DispatchState.STOOD_DOWN
    scene.tell(withdraw(Answer.FINE)).run_to(70)
    assert (scene.state.phase, scene.state.answer, scene.state.help_refused) == (Phase.REACHING, None, ())
    assert scene.times("dispatch_requested") == [30, 55]
    assert scene.state.taken_by is None
    assert Task.TAKE in scene.state.tasks
    assert Task.REQUEST_AMBULANCE in scene.state.tasks
    scene.run_to(100)
    assert scene.times("call contact") == [60]


def test_help_by_mistake_is_withdrawn_unless_a_unit_has_accepted() -> None:
    scene = moderate(units=(Unit("g1", after_s=30),)).run_to(5).tell(operator_says(Answer.HELP)).run_to(20)
    assert scene.state.dispatches[GUARD] is DispatchState.OFFERED
    scene.tell(withdraw(Answer.HELP)).run_to(200)
    assert scene.times("call driver")[0] == 20  # due at 10 s, and made up for
    assert scene.times("dispatch_requested") == [5, 180]
    scene = moderate(units=(Unit("g1", after_s=5),)).run_to(5).tell(operator_says(Answer.HELP)).run_to(20)
    with pytest.raises(CommandRefused, match="a guard is accepted since: call it off instead"):
        scene.tell(withdraw(Answer.HELP))


def test_an_ambulance_that_was_asked_for_is_not_taken_back() -> None:
    scene = severe().run_to(5).tell(operator_says(Answer.AMBULANCE)).run_to(10)
    asked = scene.state
    scene.tell(lambda now: AmbulanceMoved(now, "akiko", AmbulanceState.ASKED))
    with pytest.raises(CommandRefused, match="the ambulance is asked since"):
        scene.tell(withdraw(Answer.AMBULANCE))
    not_asked = decide(asked, WithdrawAnswer(at(12), "akiko", Answer.AMBULANCE), scene.plan).state
    assert not_asked.ambulance is None
    assert Task.REQUEST_AMBULANCE not in not_asked.tasks


@pytest.mark.parametrize(
    ("happening", "after_s", "why"),
    [
        (None, 61, "it was recorded 61 s ago"),
        (app(Answer.HELP), 5, "the answer is help"),
        (
            lambda now: StopHelp(now, "akiko", GUARD),
            5,
            "the answer is fine, which is not one to withdraw now",
        ),
        (
            lambda now: SendHelp(now, "akiko", GUARD),
            5,
            "the answer is fine, which is not one to withdraw now",
        ),
        (joined(Severity.VERY_SEVERE), 5, "the incident is reaching"),
    ],
)
def test_what_has_moved_on_is_not_withdrawn(happening: Happening | None, after_s: float, why: str) -> None:
    scene = severe().run_to(5).tell(operator_says(Answer.FINE))
    if happening is not None:
        scene.tell(happening)
    scene.run_to(5 + after_s)
    with pytest.raises(CommandRefused, match=why):
        scene.tell(withdraw(Answer.FINE))


def test_what_the_driver_said_is_no_operators_to_withdraw() -> None:
    scene = severe().run_to(5).tell(app(Answer.FINE))
    with pytest.raises(CommandRefused, match="not one to withdraw"):
        scene.tell(withdraw(Answer.FINE))


def test_the_same_answer_twice_leads_back_to_before_the_first() -> None:
    scene = severe().run_to(5).tell(operator_says(Answer.FINE)).run_to(8).tell(operator_says(Answer.FINE))
    scene.tell(withdraw(Answer.FINE))
    assert (scene.state.phase, scene.state.answer) == (Phase.REACHING, None)


# Reopening.


def test_reopened_it_goes_on_as_it_stood_on_a_clock_that_stood_still() -> None:
    scene = severe(units=(Unit("g1"), Unit("g2"))).run_to(50).tell(close).run_to(250)
    assert scene.times("dispatch_stood_down") == [50]
    scene.tell(reopen)
    assert (scene.state.phase, scene.state.outcome, scene.state.taken_by) == (Phase.REACHING, None, None)
    assert scene.state.plan_from == at(200)
    scene.run_to(300)
    assert scene.times("call driver") == [0, 30]  # none of them again
    assert scene.times("call contact") == [260]  # 10 s were left to it
    assert scene.times("dispatch_requested") == [30, 250]
    assert scene.story("light")[-1][1] == "light HELP_COMING"
    assert Task.TAKE in scene.state.tasks


def test_reopened_it_is_somebodys_if_it_was_somebodys() -> None:
    scene = severe().run_to(5).tell(take).tell(close).run_to(30).tell(reopen)
    assert (scene.state.phase, scene.state.taken_by) == (Phase.HELPING, "akiko")
    scene.run_to(400)
    assert scene.times("call contact") == []  # a person has it


def test_closed_by_fine_it_is_reopened_for_a_call_back() -> None:
    scene = moderate().run_to(5).tell(app(Answer.FINE)).run_to(30)
    assert scene.state.phase is Phase.CLOSED
    scene.tell(reopen).run_to(300)
    assert (scene.state.phase, scene.state.answer, scene.state.taken_by) == (
        Phase.SETTLING,
        Answer.FINE,
        "akiko",
    )
    assert scene.times("call driver") == []


def test_ten_minutes_later_it_is_over() -> None:
    scene = severe().run_to(5).tell(close).run_to(606)
    with pytest.raises(CommandRefused, match="it was closed 10 min ago, longer than 10"):
        scene.tell(reopen)


# Merging.


def merge(scene: Scene, handed: tuple[DispatchKind, ...] = ()) -> Scene:
    return scene.tell(lambda now: Merge(now, "akiko", "other", handed))


def test_the_merged_one_ends_quietly_and_turns_nobody_back_who_is_handed_over() -> None:
    scene = severe(units=(Unit("g1"),)).run_to(50)
    decision = decide(scene.state, Merge(at(50), "akiko", "other", (GUARD,)), scene.plan)
    assert (decision.state.phase, decision.state.outcome) == (Phase.CLOSED, Outcome.MERGED)
    assert not [effect for effect in decision.effects if isinstance(effect, (StandDown, Message, ShowLight))]
    assert GUARD not in decision.state.works


def test_what_is_handed_over_is_watched_where_it_goes() -> None:
    plan = default_plan()
    one = severe(units=(Unit("g1", eta_s=300),)).run_to(50).state
    other = severe().run_to(20).state
    handed = merging.goes_over(one, other)
    assert handed == (GUARD,)
    event = Merge(at(50), "akiko", "other", handed)
    (absorbed, *more) = merging.after(one, other, merging.absorbed(event, "one", one))
    assert more == []
    decision = decide(other, absorbed, plan)
    timers = {effect.name for effect in decision.effects if hasattr(effect, "name")}  # type: ignore[attr-defined]
    assert {"depart:guard:g1", "late:guard:g1"} <= timers
    assert decision.state.works[GUARD].unit_id == "g1"
    # Where one is on the way already, the other's is called off; where one is only sought, that gives way.
    coming = replace(other, dispatches={GUARD: DispatchState.EN_ROUTE})
    assert merging.goes_over(one, coming) == ()
    asked = replace(other, dispatches={GUARD: DispatchState.OFFERED})
    assert merging.goes_over(one, asked) == (GUARD,)
    assert [type(made).__name__ for made in merging.makes_room(asked, event)] == ["GiveWay"]


def test_who_had_the_one_has_the_other_and_its_answer_goes_along() -> None:
    one = severe().run_to(5).tell(take).tell(operator_says(Answer.HELP)).state
    other = severe().run_to(5).state
    event = Merge(at(10), "akiko", "other")
    events = merging.after(one, other, merging.absorbed(event, "one", one))
    assert [type(each).__name__ for each in events] == ["Absorbed", "Take", "AnswerFor"]
    fine = severe().run_to(5).tell(operator_says(Answer.FINE)).state
    assert [
        type(each).__name__ for each in merging.after(fine, other, merging.absorbed(event, "one", fine))
    ] == [
        "Absorbed",
        "Take",
    ]


def test_what_stands_in_the_way_of_merging() -> None:
    plan = default_plan()
    grave, light = severe().run_to(5).state, Scene().open(severity=Severity.LIGHT).run_to(5).state
    assert merging.obstacle(light, grave, plan) is None
    assert merging.obstacle(grave, light, plan) == Refusal.GRAVER_OF_TWO.of()
    closed = severe().run_to(5).tell(close).state
    assert merging.obstacle(grave, closed, plan) == Refusal.OTHER_IS_CLOSED.of()
    talking = severe(driver=Phone(picks_up_s=2, presses_s=900, hangs_up_s=None)).run_to(5).state
    assert merging.obstacle(talking, grave, plan) == Refusal.SOMEBODY_ON_THE_LINE.of()


def test_a_merged_one_is_not_reopened() -> None:
    scene = merge(severe().run_to(5))
    with pytest.raises(CommandRefused, match="it goes on in incident other"):
        scene.tell(reopen)
