"""What answers lead to, and what happens when something more happens while an incident is open."""

from __future__ import annotations

import pytest
from support.acts import app, joined, moderate, operator_says, severe, take
from support.scene import (
    DEFAULT_PLAN_TOML,
    SILENT,
    Happening,
    Phone,
    Scene,
    Unit,
    at,
    presses,
)

from incident.escalation.commands import SendHelp, StopHelp, Take
from incident.escalation.events import Answered, LineWaits
from incident.escalation.state import Task
from incident.plan.plan import read_plan
from schemas.impact import Severity
from schemas.incident import Answer, CallParty, DispatchKind, DispatchState, Outcome, Phase, Trigger

DRIVER, CONTACT = CallParty.DRIVER, CallParty.CONTACT
GUARD, ROADSIDE = DispatchKind.GUARD, DispatchKind.ROADSIDE


# Answers.


def test_fine_on_severe_stops_everything_but_the_call_back() -> None:
    scene = severe(driver=Phone(picks_up_s=4, key="1", presses_s=41), units=(Unit("g1"),)).run_to(300)
    assert scene.times("dispatch_accepted") == [40]
    assert scene.times("answered") == [45]
    assert scene.story("dispatch_stood_down", "light") == [
        (0, "light CONNECTED"),
        (40, "light HELP_COMING"),
        (45, "dispatch_stood_down"),
        (45, "light CONNECTED"),
    ]
    assert (scene.state.phase, scene.state.tasks) == (Phase.SETTLING, (Task.CALL_BACK,))
    assert scene.times("operator_alarmed call_back") == [45, 105, 165, 225, 285]
    assert scene.times("call contact") == []
    assert scene.times("call driver") == [0]


DESK = {"all": {"akiko": None}, "supervisor": {"boss": None}, "second_site": {"osaka": None}}


def test_an_accident_behind_a_short_press_brings_an_operators_telephone_to_ring_at_once() -> None:
    scene = Scene(desk=DESK).open(trigger=Trigger.SHORT_PRESS).run_to(5)
    scene.tell(app(Answer.ACCIDENT)).run_to(8)
    assert scene.story("ring") == [(5, "ring akiko")]
    assert (scene.state.phase, scene.state.tasks) == (Phase.HELPING, (Task.TAKE,))
    scene.tell(app(Answer.ACCIDENT)).run_to(9)
    assert scene.times("ring akiko") == [5]


def test_a_press_by_mistake_is_closed_as_one() -> None:
    scene = Scene().open(trigger=Trigger.SHORT_PRESS).run_to(5)
    scene.tell(app(Answer.MISTAKE)).run_to(200)
    assert (scene.state.phase, scene.state.outcome) == (Phase.CLOSED, Outcome.MISTAKE)
    # Where the plan wants a person to look after all, it stays open for their call.
    scene = severe().run_to(5).tell(app(Answer.MISTAKE)).run_to(10)
    assert (scene.state.phase, scene.state.tasks) == (Phase.SETTLING, (Task.CALL_BACK,))


def test_a_promised_call_back_that_nobody_makes_brings_telephones_to_ring_round_by_round() -> None:
    scene = severe(driver=presses("1")).run_to(10)
    scene.desk = DESK
    assert scene.times("answered") == [9]
    scene.run_to(620)
    assert scene.story("ring") == [
        (309, "ring akiko"),
        (324, "ring boss"),
        (339, "ring osaka"),
        (609, "ring akiko"),
    ]


def test_whoever_takes_it_then_is_connected_with_the_driver() -> None:
    scene = severe(driver=presses("1")).run_to(10)
    scene.desk = {"all": {"akiko": 4.0}}
    scene.run_to(400)
    assert scene.times("desk_answered") == [313]
    assert scene.times("call driver") == [0, 313]
    scene.tell(operator_says(Answer.FINE)).run_to(2000)
    assert scene.times("ring akiko") == [309]


def test_so_does_one_that_a_contact_was_promised_and_the_plan_says_when() -> None:
    plan = read_plan(DEFAULT_PLAN_TOML.replace("call_back_s = 300", "call_back_s = 100"), scale=0.1)
    scene = Scene(plan=plan).open(severity=Severity.SEVERE).run_to(1)
    scene.tell(lambda now: Answered(now, Answer.FINE, CONTACT, "key"))
    assert scene.state.call_back_by == at(11)


def test_the_list_of_call_backs_never_rings() -> None:
    scene = Scene(desk=DESK).open(severity=Severity.LIGHT).run_to(4000)
    assert scene.state.tasks == (Task.CALL_BACK,)
    assert not scene.times("ring")


def test_the_call_back_is_done_when_an_operator_has_heard_the_driver() -> None:
    scene = severe(driver=presses("1")).run_to(20).tell(operator_says(Answer.FINE)).run_to(200)
    assert (scene.state.phase, scene.state.tasks) == (Phase.SETTLING, ())
    assert scene.times("operator_alarmed call_back") == [9]


def test_who_passes_on_that_all_is_well_has_it_then() -> None:
    scene = severe().run_to(20).tell(operator_says(Answer.FINE)).run_to(400)
    assert (scene.state.phase, scene.state.taken_by) == (Phase.SETTLING, "akiko")
    other = severe().run_to(1).tell(lambda now: Take(now, "kenji")).tell(operator_says(Answer.FINE))
    assert other.state.taken_by == "kenji"


def test_fine_on_moderate_closes() -> None:
    scene = moderate(driver=presses("1")).run_to(19)
    assert scene.timers == {}
    scene.run_to(300)
    assert scene.story("call driver", "answered", "closed", "light") == [
        (0, "light CONNECTED"),
        (10, "call driver 1"),
        (19, "answered"),
        (19, "closed"),
        (19, "light ENDED"),
    ]
    assert (scene.state.phase, scene.state.outcome) == (Phase.CLOSED, Outcome.DRIVER_FINE)


@pytest.mark.parametrize("key", ["2", "3", "0"])
def test_asking_for_people_ends_the_ladder_and_alarms_an_operator(key: str) -> None:
    scene = moderate(driver=presses(key), units=(Unit("g1"),)).run_to(100)
    assert scene.state.phase is Phase.HELPING
    assert scene.times("operator_alarmed take") == [19, 79]
    assert scene.times("offer guard to g1") == ([] if key == "0" else [19])
    assert scene.times("ambulance_needed") == ([19] if key == "3" else [])
    assert (Task.REQUEST_AMBULANCE in scene.state.tasks) is (key == "3")
    assert scene.times("call") == [10, 14, 19 + 2]  # called, picked up, hung up


def test_after_an_answer_the_plan_sends_nothing_of_its_own() -> None:
    scene = severe(driver=presses("0"), units=(Unit("g1"),)).run_to(300)
    assert scene.state.phase is Phase.HELPING
    assert not scene.times("offer")
    assert not scene.times("ambulance_needed")


def test_an_answer_in_the_app_withdraws_the_ringing_call() -> None:
    scene = severe().run_to(5).tell(app(Answer.HELP)).run_to(100)
    assert scene.story("withdraw", "call driver", "call contact") == [
        (0, "call driver 1"),
        (5, "withdraw driver 1"),
    ]


def test_an_answer_heard_twice_counts_once() -> None:
    scene = moderate(units=(Unit("g1"),)).run_to(5).tell(app(Answer.HELP)).tell(app(Answer.HELP)).run_to(6)
    assert scene.times("answered") == [5, 5]
    assert scene.times("operator_alarmed") == [5]
    assert scene.times("offer") == [5]


def test_asking_again_counts_when_what_was_sent_has_left_again() -> None:
    scene = moderate(units=(Unit("g1"), Unit("g2"))).tell(app(Answer.HELP)).run_to(20)
    scene.tell(lambda now: StopHelp(now, "akiko", GUARD)).run_to(30)
    assert scene.state.dispatches[GUARD] is DispatchState.STOOD_DOWN
    scene.tell(app(Answer.HELP)).run_to(50)
    assert scene.times("offer guard to g2") == [30]
    assert scene.state.dispatches[GUARD] is DispatchState.ACCEPTED


def test_asking_for_an_operator_again_counts_once_the_first_request_was_taken() -> None:
    scene = moderate().tell(app(Answer.OPERATOR)).run_to(5).tell(app(Answer.OPERATOR)).run_to(10).tell(take)
    scene.run_to(100).tell(app(Answer.OPERATOR))
    assert scene.times("operator_alarmed take operator") == [0, 100]


def test_what_an_operator_passes_on_alarms_nobody_who_has_it_in_hand() -> None:
    scene = (
        moderate(units=(Unit("g1"),)).tell(take).run_to(5).tell(operator_says(Answer.AMBULANCE)).run_to(150)
    )
    assert not scene.times("operator_alarmed")
    assert scene.times("offer guard to g1") == [5]
    assert Task.REQUEST_AMBULANCE in scene.state.tasks
    passed_on = moderate().tell(operator_says(Answer.OPERATOR))
    assert passed_on.times("operator_alarmed take operator") == [0]  # somebody heard it, but nobody took it


def test_fine_counts_again_after_an_operator_sent_help() -> None:
    scene = severe(units=(Unit("g1"),)).tell(app(Answer.FINE))
    scene.tell(lambda now: SendHelp(now, "akiko", GUARD)).run_to(20)
    assert scene.state.phase is Phase.HELPING
    scene.tell(app(Answer.FINE))
    assert scene.state.phase is Phase.SETTLING
    assert scene.state.dispatches[GUARD] is DispatchState.STOOD_DOWN


def test_a_relative_who_knows_something_is_heard_by_people_and_the_ladder_climbs_on() -> None:
    scene = severe(contact=presses("1"), units=(Unit("g1", says=None), Unit("g2", says=None))).run_to(100)
    assert scene.times("answered") == [69]
    assert scene.times("operator_alarmed call_back contact") == [69]
    assert scene.state.phase is Phase.REACHING
    assert scene.times("offer guard") == [30, 90]


def test_a_contact_who_wants_an_operator_alarms_one() -> None:
    scene = severe(contact=presses("0")).run_to(80)
    assert scene.times("operator_alarmed take contact") == [69]


def test_silence_on_a_line_that_was_settled_meanwhile_still_calls_a_person_to_it() -> None:
    scene = severe(driver=SILENT).run_to(10).tell(app(Answer.FINE)).run_to(11)
    scene.tell(lambda now: LineWaits(now, DRIVER))
    assert Task.TAKE in scene.state.tasks
    assert scene.times("operator_alarmed take silent_on_line") == [11]


# Something more happens while it is open.


def test_a_second_harder_impact_raises_without_ringing_twice() -> None:
    scene = moderate().run_to(20).tell(joined(Severity.SEVERE)).run_to(200)
    assert scene.times("raised") == [20]
    assert scene.story("call driver", "call contact", "ambulance_needed") == [
        (10, "call driver 1"),  # rings until 24 s
        (50, "call driver 2"),
        (50, "ambulance_needed"),
        (80, "call contact 1"),
    ]
    assert scene.times("operator_alarmed take plan") == [20]


def test_a_call_that_was_due_in_the_lighter_ladder_is_not_made_on_top() -> None:
    # The first call holds the line until 76 s; the second is due since 60 s, and the raise comes at 70 s.
    scene = moderate(driver=Phone(picks_up_s=4, presses_s=18, hangs_up_s=44)).run_to(70)
    scene.tell(joined(Severity.SEVERE)).run_to(170)
    assert scene.times("call driver") == [10, 100]


def test_a_raise_between_two_calls_rings_at_once() -> None:
    scene = moderate().run_to(26).tell(joined(None, Trigger.LONG_PRESS)).run_to(100)
    assert scene.times("call driver") == [10, 26, 56]


@pytest.mark.parametrize(
    "more",
    [
        joined(Severity.MODERATE),
        joined(Severity.LIGHT),
        joined(None, Trigger.SHORT_PRESS),
        joined(Severity.LIGHT, revises=True),
    ],
)
def test_what_weighs_no_more_joins_without_a_new_ladder(more: Happening) -> None:
    scene = moderate().run_to(20).tell(more).run_to(200)
    assert not scene.times("raised")
    assert scene.times("call driver") == [10, 60]


def test_better_knowledge_of_the_same_impact_raises_too() -> None:
    scene = Scene().open(severity=Severity.LIGHT).run_to(2).tell(joined(Severity.SEVERE, revises=True))
    assert scene.state.severity is Severity.SEVERE
    assert scene.times("call driver") == [2]
    assert scene.times("impact_revised") == [2]


def test_a_late_one_alarms_people_and_raises_nothing() -> None:
    scene = moderate().run_to(20).tell(joined(Severity.VERY_SEVERE, late=True)).run_to(50)
    assert not scene.times("raised")
    assert scene.times("operator_alarmed take joined") == [20]
    assert scene.state.severity is Severity.VERY_SEVERE


def test_a_grave_impact_while_people_help_begins_anew() -> None:
    """Whoever could answer before the second crash may not be able to now, and who took it may have left."""
    scene = moderate().tell(app(Answer.OPERATOR)).run_to(5).tell(take).run_to(20)
    scene.tell(joined(Severity.SEVERE))
    assert (scene.state.phase, scene.state.rule, scene.state.taken_by) == (Phase.REACHING, "severe", "akiko")
    scene.run_to(60)
    assert scene.times("call driver") == [20, 50]
    assert scene.times("operator_alarmed take") == [0, 20, 40, 60]


def test_a_lighter_impact_while_people_help_only_alarms_them() -> None:
    scene = moderate().tell(app(Answer.OPERATOR)).run_to(5).tell(take).run_to(20)
    scene.tell(joined(Severity.MODERATE)).run_to(60)
    assert scene.state.phase is Phase.HELPING
    assert not scene.times("call driver")
    assert scene.times("operator_alarmed take joined") == [20]


def test_no_call_comes_between_a_driver_and_the_operator_on_the_line() -> None:
    scene = severe(driver=SILENT, desk={"taker_or_free": {"akiko": 4.0}}).run_to(20)
    assert scene.state.on_line == "akiko"
    scene.tell(joined(Severity.VERY_SEVERE)).run_to(60)
    assert scene.times("call driver") == [0]
    assert scene.times("operator_alarmed take joined") == [20]


def test_after_fine_a_new_press_begins_a_ladder_of_its_own() -> None:
    scene = severe().run_to(5).tell(app(Answer.FINE)).run_to(20).tell(joined(None, Trigger.SHORT_PRESS))
    assert scene.state.phase is Phase.REACHING
    scene.run_to(120)
    assert scene.times("push trouble") == [20]
    assert scene.times("call driver") == [0, 50]


def test_the_promised_call_back_survives_a_lighter_ladder_and_a_second_fine() -> None:
    scene = severe().run_to(5).tell(app(Answer.FINE)).run_to(20).tell(joined(None, Trigger.SHORT_PRESS))
    scene.tell(app(Answer.FINE)).run_to(30)
    assert scene.state.phase is Phase.SETTLING
    assert Task.CALL_BACK in scene.state.tasks


def test_operators_are_reminded_of_a_ladder_that_began_after_one_of_them_took_it() -> None:
    scene = severe(units=(Unit("g1"),)).run_to(1).tell(take).run_to(5).tell(operator_says(Answer.FINE))
    scene.run_to(100).tell(joined(Severity.SEVERE)).run_to(230)
    assert scene.times("operator_alarmed take still_waiting") == [120, 140, 160, 180]


def test_better_knowledge_after_fine_alarms_but_rings_nobody() -> None:
    scene = severe().run_to(5).tell(app(Answer.FINE)).run_to(10)
    scene.tell(joined(Severity.VERY_SEVERE, revises=True)).run_to(60)
    assert scene.state.phase is Phase.SETTLING
    assert scene.times("operator_alarmed take joined") == [10]
    assert scene.times("call driver") == [0]
