"""What operators order of the plan: to wait, to go on, one step at once, one step not at all."""

from __future__ import annotations

import pytest
from support.acts import app, close, joined, moderate, severe, take
from support.scene import Happening, Phone, Scene, Unit, at

from incident.escalation.commands import PausePlan, ResumePlan, StepNow, StepOff
from incident.escalation.decide import CommandRefused
from incident.escalation.events import DroveOn
from incident.escalation.state import Task
from schemas.impact import Severity
from schemas.incident import Answer, DispatchKind, Phase, Trigger

# Steps of the rule for a severe impact in the default plan, by their place in it.
SECOND_CALL, CONTACT = 3, 6


def pause(minutes: float = 5, operator: str = "akiko") -> Happening:
    return lambda now: PausePlan(now, operator, minutes * 60, "n1")


def resume(now: object) -> ResumePlan:
    return ResumePlan(now, "akiko")  # type: ignore[arg-type]


def step_now(step: int, generation: int = 0) -> Happening:
    return lambda now: StepNow(now, "akiko", generation, step)


def step_off(step: int, generation: int = 0) -> Happening:
    return lambda now: StepOff(now, "akiko", generation, step, "n1")


def test_what_came_due_in_a_pause_is_done_at_its_end_and_in_order() -> None:
    scene = severe(units=(Unit("g1"),)).run_to(20).tell(pause()).run_to(319)
    assert scene.times("call driver") == [0]
    assert scene.times("call contact") == []
    assert scene.times("dispatch_requested") == []
    scene.run_to(330)
    assert scene.times("plan_resumed") == [320]
    assert scene.times("call driver") == [0, 320]
    assert scene.times("call contact") == [320]
    assert scene.times("dispatch_requested") == [320]
    order = [words.split()[0] for second, words in scene.log if second == 320]
    assert order.index("dispatch_requested") < len(order)
    assert scene.state.pause is None


def test_operators_are_alarmed_and_reminded_in_a_pause_as_ever() -> None:
    desk = {"all": {"akiko": None}, "supervisor": {"boss": None}}
    scene = severe(desk=desk).run_to(1).tell(pause(30)).run_to(120)
    assert scene.times("operator_alarmed take")[:2] == [0, 20]
    assert scene.times("ring akiko")[0] == 20
    assert scene.times("ambulance_needed") == [30]
    # In the rule for a moderate impact the operators' own step comes at 90 s.
    scene = moderate(desk=desk).run_to(1).tell(pause(30)).run_to(120)
    assert scene.times("operator_alarmed take")[:1] == [90]
    assert scene.times("call driver") == []


def test_who_paused_it_lets_it_go_on_and_then_it_does_what_it_missed() -> None:
    scene = severe().run_to(20).tell(pause()).run_to(100).tell(resume).run_to(110)
    assert scene.times("call driver") == [0, 100]
    assert scene.times("call contact") == [100]
    scene.tell(resume).run_to(400)
    assert scene.times("plan_resumed") == [100]
    assert scene.times("call driver") == [0, 100]


def test_a_call_that_waited_for_another_one_to_end_waits_for_the_end_of_the_pause() -> None:
    """The second call is due while the first one rings; that ends in the pause."""
    scene = severe(driver=Phone(picks_up_s=4, presses_s=34)).run_to(31).tell(pause(2))
    scene.run_to(150)
    assert scene.times("call driver") == [0]
    scene.run_to(152)
    assert scene.times("call driver") == [0, 151]


@pytest.mark.parametrize(
    ("happening", "why"),
    [
        (joined(Severity.VERY_SEVERE), "raised"),
        (joined(None, Trigger.LONG_PRESS), "raised"),
        (joined(Severity.LIGHT), "joined"),
        (app(Answer.HELP), "answered"),
        (app(Answer.AMBULANCE), "answered"),
        (close, "closed"),
    ],
    ids=["graver", "press", "lighter", "help", "ambulance", "close"],
)
def test_news_that_nobody_knew_when_it_was_paused_end_the_pause(happening: Happening, why: str) -> None:
    scene = moderate().run_to(5).tell(pause(30)).run_to(100).tell(happening)
    assert scene.state.pause is None
    assert scene.story("plan_resumed") == [(100, f"plan_resumed {why}")] or scene.times("plan_resumed") == [
        100
    ]
    if scene.state.phase is Phase.REACHING:
        assert scene.times("call driver") == [100]


def test_what_only_weighs_or_came_late_leaves_the_pause_alone() -> None:
    scene = moderate().run_to(5).tell(pause(30)).run_to(20)
    scene.tell(joined(Severity.LIGHT, late=True)).tell(joined(Severity.LIGHT, revises=True))
    scene.tell(lambda now: DroveOn(now, 40.0)).run_to(120)
    assert scene.state.pause is not None
    assert scene.times("call driver") == []
    assert scene.state.rule == "light"
    scene.run_to(2000)
    assert scene.times("plan_resumed") == [1805]


def test_a_pause_is_one_operators_and_thirty_minutes_at_most() -> None:
    scene = severe().run_to(10).tell(pause(30)).run_to(910)
    with pytest.raises(CommandRefused, match="akiko paused it until 03:30:10"):
        scene.tell(pause(5, "kenji"))
    scene.tell(pause(30))
    assert scene.state.pause is not None
    assert scene.state.pause.until == at(1810)
    scene.tell(pause(1))
    assert scene.state.pause.until == at(970)
    scene.run_to(980)
    assert scene.times("plan_resumed") == [970]


def test_nobody_was_there_at_the_end_of_the_pause_and_nothing_is_lost() -> None:
    scene = severe(units=(Unit("g1"),)).run_to(20).tell(pause(1)).away_until(500).run_to(501)
    assert scene.times("plan_resumed") == [500]
    assert scene.times("call driver") == [0, 500]
    assert scene.times("call contact") == [500]
    assert scene.times("dispatch_requested") == [500]


def test_one_step_now_is_done_once() -> None:
    scene = severe().run_to(20).tell(step_now(SECOND_CALL))
    assert scene.times("call driver") == [0, 20] or scene.state.driver.wanted
    scene.run_to(25).tell(step_now(CONTACT))
    assert scene.times("call contact") == [25]
    with pytest.raises(CommandRefused, match="call_contact was done or called off already"):
        scene.tell(step_now(CONTACT))
    scene.run_to(300)
    assert scene.times("call contact") == [25]
    assert len(scene.times("call driver")) == 2


def test_one_step_now_in_a_pause_is_the_only_one() -> None:
    scene = severe().run_to(16).tell(pause()).run_to(40).tell(step_now(CONTACT)).run_to(200)
    assert scene.times("call contact") == [40]
    assert scene.times("call driver") == [0]
    scene.run_to(400)
    assert scene.times("call contact") == [40]
    assert scene.times("call driver") == [0, 316]


def test_a_step_that_is_called_off_does_not_happen() -> None:
    scene = severe().run_to(20).tell(step_off(CONTACT)).run_to(600)
    assert scene.times("call contact") == []
    with pytest.raises(CommandRefused, match="call_contact was done or called off already"):
        scene.tell(step_off(CONTACT))


def test_with_the_last_step_called_off_a_person_looks() -> None:
    scene = Scene().open(severity=Severity.LIGHT).run_to(30)
    for index in range(len(scene.plan.rule("light").steps)):
        if index not in scene.state.steps_done:
            scene.tell(step_off(index))
    assert scene.state.tasks == (Task.TAKE,)
    assert scene.times("operator_alarmed take plan_over") or scene.times("operator_alarmed take")
    scene.run_to(300)
    assert len(scene.times("operator_alarmed take")) > 1


def test_a_step_of_a_plan_that_has_moved_on_is_refused_with_what_has_changed() -> None:
    scene = moderate().run_to(5).tell(joined(Severity.SEVERE))
    with pytest.raises(CommandRefused, match="the plan has changed: it goes by rule severe now"):
        scene.tell(step_now(2))
    with pytest.raises(CommandRefused, match="there is no such step"):
        scene.tell(step_now(40, generation=1))
    scene.tell(take)
    with pytest.raises(CommandRefused, match="call_contact is not planned any more: akiko has it"):
        scene.tell(step_now(CONTACT, generation=1))
    scene.tell(app(Answer.HELP))
    with pytest.raises(CommandRefused, match="the plan has changed"):
        scene.tell(step_off(CONTACT, generation=1))


def test_help_that_was_called_off_is_not_sent_by_a_step() -> None:
    from incident.escalation.commands import StopHelp

    scene = severe(units=(Unit("g1"),)).run_to(10)
    scene.tell(lambda now: StopHelp(now, "akiko", DispatchKind.GUARD))
    index = [str(step.do) for step in scene.plan.rule("severe").steps].index("offer_help")
    with pytest.raises(CommandRefused, match="the guard was called off"):
        scene.tell(step_now(index))
