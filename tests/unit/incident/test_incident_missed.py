"""What was missed while the engine or the database was away is caught up on by a rule."""

from __future__ import annotations

from itertools import pairwise

import pytest
from support.acts import moderate, severe
from support.scene import Scene, Unit, default_plan

from incident.escalation.events import StepDue
from schemas.impact import Severity
from schemas.incident import DispatchState, Trigger


def light(scale: float = 1.0) -> Scene:
    return Scene(plan=default_plan(scale)).open(Trigger.IMPACT, Severity.LIGHT).run_to(1)


ACTIONS = (
    "push",
    "sms",
    "skipped_late",
    "call driver",
    "call contact",
    "operator_alarmed take plan",
    "offer",
)


def test_calls_alarms_and_help_are_never_too_late() -> None:
    scene = moderate(units=(Unit("g1", says=DispatchState.ACCEPTED),)).away_until(600).run_to(600)
    assert scene.story(*ACTIONS) == [
        (0, "push moderate"),
        (600, "call driver 1"),
        (600, "operator_alarmed take plan"),
        (600, "call contact 1"),
        (600, "offer guard to g1"),
    ]


def test_two_calls_missed_together_keep_their_distance() -> None:
    scene = moderate().away_until(600).run_to(700)
    assert scene.times("call driver") == [600, 650]  # by the plan at 10 and 60 s
    assert scene.times("call contact")[0] == 600


def test_a_call_that_was_missed_alone_is_made_at_once() -> None:
    scene = moderate().run_to(30).away_until(75).run_to(75)
    assert scene.times("call driver") == [10, 75]


@pytest.mark.parametrize("away_s", [5.0, 45.0, 75.0, 200.0, 3600.0])
def test_nobody_is_rung_twice_at_once_after_an_outage_of_any_length(away_s: float) -> None:
    for scene in (severe(), moderate()):
        scene.run_to(1).away_until(1 + away_s).run_to(1 + away_s + 200)
        times = scene.times("call driver")
        assert len(times) == 2
        assert all(later - before >= 28 for before, later in pairwise(times))


def test_words_whose_moment_is_past_are_not_sent_and_the_record_says_so() -> None:
    scene = light().away_until(60 + 121).run_to(181)
    assert scene.times("sms") == []
    (skipped,) = [note for note in scene.notes if note.kind == "skipped_late"]
    assert skipped.data == {"step": "sms", "late_s": 121}
    assert "operator_alarmed call_back plan" in [words for _, words in scene.story("operator_alarmed")]
    scene.run_to(1000)
    assert scene.times("sms") == []


def test_words_that_are_a_little_late_are_sent() -> None:
    assert light().away_until(60 + 119).run_to(179).times("sms") == [179]


def test_lateness_is_of_the_plans_clock() -> None:
    scene = light(scale=0.1).away_until(6 + 13).run_to(19)
    assert [note.data["late_s"] for note in scene.notes if note.kind == "skipped_late"] == [130]


def test_help_that_was_accepted_is_told_however_late() -> None:
    scene = severe(units=(Unit("g1", says=DispatchState.ACCEPTED),)).run_to(29).away_until(900).run_to(1000)
    assert scene.times("push help_accepted")
    assert scene.times("sms help_accepted")


def test_a_step_of_which_nobody_said_when_it_was_due_is_carried_out() -> None:
    scene: Scene = light().away_until(5000)
    scene.tell(lambda now: StepDue(now, 0, 1))
    assert scene.times("sms") == [5000]
