"""The default plan, rule by rule: what happens at which second, for people who do not answer and people who do."""

from __future__ import annotations

from datetime import datetime

import pytest
from support.scene import (
    BUSY,
    DEFAULT_PLAN_TOML,
    NEVER_ANSWERS,
    SILENT,
    VOICEMAIL,
    Happening,
    Phone,
    Scene,
    Unit,
    at,
    default_plan,
    presses,
)

from incident.decide import decide
from incident.plan import read_plan
from incident.state import (
    Answered,
    AnswerFor,
    CallEnded,
    CallSilent,
    ClearTimers,
    Close,
    DispatchMoved,
    HeldLine,
    Joined,
    Light,
    OfferNext,
    PlaceCall,
    Placed,
    SendHelp,
    StepDue,
    StopHelp,
    Take,
    Task,
)
from schemas.impact import Severity
from schemas.incident import Answer, CallParty, DispatchKind, DispatchState, Outcome, Phase, Trigger

DRIVER, CONTACT = CallParty.DRIVER, CallParty.CONTACT
GUARD, ROADSIDE = DispatchKind.GUARD, DispatchKind.ROADSIDE
ACTIONS = (
    "push",
    "sms",
    "call driver",
    "call contact",
    "operator_alarmed",
    "ambulance_asked",
    "offer",
    "closed",
)
NO_NUMBER = Phone(has_number=False)


def severe(
    *, driver: Phone = NEVER_ANSWERS, contact: Phone = NEVER_ANSWERS, units: tuple[Unit, ...] = ()
) -> Scene:
    return Scene(driver=driver, contact=contact, units=units).open(severity=Severity.SEVERE)


def moderate(
    *, driver: Phone = NEVER_ANSWERS, contact: Phone = NEVER_ANSWERS, units: tuple[Unit, ...] = ()
) -> Scene:
    return Scene(driver=driver, contact=contact, units=units).open(severity=Severity.MODERATE)


def app(answer: Answer) -> Happening:
    return lambda now: Answered(now, answer, DRIVER, "app")


def joined(severity: Severity | None, trigger: Trigger = Trigger.IMPACT, **more: bool) -> Happening:
    return lambda now: Joined(now, trigger, severity, **more)


def operator_says(answer: Answer) -> Happening:
    return lambda now: AnswerFor(now, "akiko", answer)


def take(now: datetime) -> Take:
    return Take(now, "akiko")


def close(now: datetime) -> Close:
    return Close(now, "akiko", Outcome.ACCIDENT)


# Nobody answers.


@pytest.mark.parametrize(
    ("trigger", "severity"),
    [(Trigger.IMPACT, Severity.VERY_SEVERE), (Trigger.IMPACT, Severity.SEVERE), (Trigger.LONG_PRESS, None)],
)
def test_severe_and_long_press(trigger: Trigger, severity: Severity | None) -> None:
    scene = Scene(units=[Unit("g1", says=None), Unit("g2", says=None)]).open(trigger, severity).run_to(200)
    assert scene.story(*ACTIONS) == [
        (0, "operator_alarmed take plan"),
        (0, "push severe"),
        (0, "call driver 1"),
        (30, "call driver 2"),
        (30, "offer guard to g1"),
        (30, "ambulance_asked"),
        (60, "operator_alarmed take still_waiting"),
        (60, "call contact 1"),
        (90, "offer guard to g2"),
        (120, "operator_alarmed take still_waiting"),
        (150, "operator_alarmed no_unit no_unit"),
    ]
    assert scene.state.phase is Phase.REACHING
    assert set(scene.state.tasks) == {Task.TAKE, Task.REQUEST_AMBULANCE, Task.NO_UNIT}


def test_moderate() -> None:
    scene = moderate(units=(Unit("g1", says=None),)).run_to(200)
    assert scene.story(*ACTIONS) == [
        (0, "push moderate"),
        (10, "call driver 1"),
        (60, "call driver 2"),
        (90, "operator_alarmed take plan"),
        (90, "call contact 1"),
        (150, "operator_alarmed take still_waiting"),
        (180, "offer guard to g1"),
    ]


def test_light_waits_until_the_car_stands() -> None:
    scene = Scene(moving=lambda second: second < 22).open(severity=Severity.LIGHT).run_to(200)
    assert scene.story(*ACTIONS) == [
        (25, "push light"),  # looked at 0, then every 5 s
        (60, "sms light"),
        (180, "operator_alarmed call_back plan"),
    ]


def test_light_in_a_car_that_drives_on_still_reaches_an_operator() -> None:
    scene = Scene(moving=lambda _: True).open(severity=Severity.LIGHT).run_to(200)
    assert scene.story(*ACTIONS) == [(180, "operator_alarmed call_back plan")]


def test_light_asks_at_once_where_the_speed_is_unknown() -> None:
    scene = Scene(moving=lambda _: None).open(severity=Severity.LIGHT).run_to(1)
    assert scene.times("push light") == [0]


def test_short_press() -> None:
    scene = Scene(units=[Unit("r1", says=None)]).open(Trigger.SHORT_PRESS).run_to(200)
    assert scene.story(*ACTIONS) == [
        (0, "push trouble"),
        (30, "call driver 1"),
        (90, "operator_alarmed take plan"),
        (150, "operator_alarmed take still_waiting"),
        (180, "offer roadside to r1"),
    ]


@pytest.mark.parametrize(
    ("trigger", "severity"), [(Trigger.IMPACT, Severity.VERY_SEVERE), (Trigger.SHORT_PRESS, None)]
)
def test_what_was_held_back_for_long_is_for_people_and_sends_nothing(
    trigger: Trigger, severity: Severity | None
) -> None:
    scene = Scene(units=[Unit("g1")]).open(trigger, severity, late=True).run_to(300)
    assert scene.story("push", "call driver", "call contact", "offer", "ambulance_asked") == [
        (0, "push late"),
        (0, "call driver 1"),
        (30, "call driver 2"),
        (60, "call contact 1"),
    ]
    assert scene.times("operator_alarmed take") == [0, 60, 120, 180, 240, 300]


def test_the_time_scale_shortens_every_wait_but_not_the_ringing_asked_for() -> None:
    scene = Scene(default_plan(0.1), units=[Unit("g1", says=None)]).open(severity=Severity.SEVERE).run_to(10)
    assert scene.times("call driver") == [0, 3]
    assert scene.times("call contact") == [6]
    assert scene.times("operator_alarmed take still_waiting") == [6]
    assert scene.times("dispatch_offer_expired") == [9]
    rung = Scene(default_plan(0.1)).open(severity=Severity.SEVERE)
    assert [effect.ring_s for effect in rung.effects if isinstance(effect, PlaceCall)] == [14]


# Calls.


def test_voicemail_busy_and_silence_are_no_answers() -> None:
    for phone in (VOICEMAIL, BUSY, NO_NUMBER, Phone(picks_up_s=4, hangs_up_s=1.0)):
        scene = severe(driver=phone).run_to(100)
        assert scene.times("call driver") == [0, 30]
        assert scene.times("call contact") == [60]
        assert "answered" not in [note.kind for note in scene.notes]


def test_a_second_call_waits_for_the_first_to_end() -> None:
    # Somebody holds the line from 4 s on, says nothing, and hangs up at 52 s.
    scene = severe(driver=Phone(picks_up_s=4, presses_s=18, hangs_up_s=30)).run_to(100)
    assert scene.times("call driver") == [0, 52]
    assert scene.times("operator_alarmed take silent_on_line") == [22, 52 + 22]


def test_a_second_call_that_was_due_twice_meanwhile_is_made_once() -> None:
    twice = DEFAULT_PLAN_TOML.replace(
        '{ after_s = 30, do = "offer_help" },', '{ after_s = 40, do = "call_driver" },'
    )
    scene = Scene(read_plan(twice), driver=Phone(picks_up_s=4, presses_s=18, hangs_up_s=30))
    scene.open(severity=Severity.SEVERE).run_to(120)
    assert scene.times("call driver") == [0, 52]


@pytest.mark.parametrize("stage", ["placed", "ringing"])
def test_a_call_of_which_nothing_more_is_heard_is_given_up_and_asked_about(stage: str) -> None:
    scene = severe(driver=Phone(mute=stage)).run_to(100)
    assert scene.story("call driver", "check", "call_given_up") == [
        (0, "call driver 1"),
        (45, "call_given_up"),
        (45, "check driver 1"),
        (45, "call driver 2"),  # due since 30 s
        (90, "call_given_up"),
        (90, "check driver 2"),
    ]


@pytest.mark.parametrize("stage", ["waiting", "sending", "unknown"])
def test_a_call_that_has_not_left_us_is_never_given_up(stage: str) -> None:
    scene = severe(driver=Phone(mute=stage)).run_to(300)
    assert scene.times("call driver") == [0]
    assert not scene.times("call_given_up")
    assert not scene.times("check")
    assert "giveup:driver:1" in scene.timers


def test_an_answered_call_is_asked_about_but_not_given_up() -> None:
    scene = severe(driver=SILENT).run_to(100)
    assert scene.times("call driver") == [0]
    assert scene.times("check driver 1") == [45, 90]
    assert not scene.times("call_given_up")


def test_news_of_an_attempt_given_up_changes_nothing_for_the_next() -> None:
    scene = severe(driver=Phone(mute="ringing")).run_to(50)
    assert scene.state.driver.attempts == 2
    scene.tell(lambda now: CallEnded(now, DRIVER, 1, "no-answer"))
    scene.tell(lambda now: CallSilent(now, DRIVER, 1, "ringing"))
    assert scene.state.driver.under_way
    assert scene.times("call_given_up") == [45]


def test_without_any_number_the_ladder_still_climbs() -> None:
    scene = severe(driver=NO_NUMBER, contact=NO_NUMBER, units=(Unit("g1"),)).run_to(100)
    assert scene.times("operator_alarmed take plan") == [0]
    assert scene.times("offer guard") == [30]
    assert scene.times("dispatch_accepted") == [40]


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


def test_the_call_back_is_done_when_an_operator_has_heard_the_driver() -> None:
    scene = severe(driver=presses("1")).run_to(20).tell(operator_says(Answer.FINE)).run_to(200)
    assert (scene.state.phase, scene.state.tasks) == (Phase.SETTLING, ())
    assert scene.times("operator_alarmed call_back") == [9]


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
    assert scene.times("ambulance_asked") == ([19] if key == "3" else [])
    assert (Task.REQUEST_AMBULANCE in scene.state.tasks) is (key == "3")
    assert scene.times("call") == [10, 14, 19 + 2]  # called, picked up, hung up


def test_after_an_answer_the_plan_sends_nothing_of_its_own() -> None:
    scene = severe(driver=presses("0"), units=(Unit("g1"),)).run_to(300)
    assert scene.state.phase is Phase.HELPING
    assert not scene.times("offer")
    assert not scene.times("ambulance_asked")


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
    scene.tell(lambda now: HeldLine(now, DRIVER))
    assert Task.TAKE in scene.state.tasks
    assert scene.times("operator_alarmed take silent_on_line") == [11]


# Something more happens while it is open.


def test_a_second_harder_impact_raises_without_ringing_twice() -> None:
    scene = moderate().run_to(20).tell(joined(Severity.SEVERE)).run_to(200)
    assert scene.times("raised") == [20]
    assert scene.story("call driver", "call contact", "ambulance_asked") == [
        (10, "call driver 1"),  # rings until 24 s
        (50, "call driver 2"),
        (50, "ambulance_asked"),
        (80, "call contact 1"),
    ]
    assert scene.times("operator_alarmed take plan") == [20]


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


def test_while_people_help_a_second_impact_alarms_them() -> None:
    scene = (
        moderate().tell(app(Answer.OPERATOR)).run_to(5).tell(take).run_to(20).tell(joined(Severity.SEVERE))
    )
    assert scene.state.phase is Phase.HELPING
    assert Task.TAKE in scene.state.tasks
    scene.run_to(100)
    assert scene.times("operator_alarmed take still_waiting") == [80]


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
    assert scene.times("operator_alarmed take still_waiting") == [160, 220]


def test_better_knowledge_after_fine_alarms_but_rings_nobody() -> None:
    scene = severe().run_to(5).tell(app(Answer.FINE)).run_to(10)
    scene.tell(joined(Severity.VERY_SEVERE, revises=True)).run_to(60)
    assert scene.state.phase is Phase.SETTLING
    assert scene.times("operator_alarmed take joined") == [10]
    assert scene.times("call driver") == [0]


# Operators.


def test_taking_stops_the_ringing_and_lets_help_go_on() -> None:
    scene = severe(units=(Unit("g1"),)).run_to(5).tell(take).run_to(200)
    assert scene.state.phase is Phase.HELPING
    assert scene.story("withdraw", "call driver", "call contact", "offer", "ambulance_asked") == [
        (0, "call driver 1"),
        (5, "withdraw driver 1"),
        (30, "offer guard to g1"),
        (30, "ambulance_asked"),
    ]
    assert not scene.times("operator_alarmed take still_waiting")


def test_a_call_that_was_due_when_an_operator_took_over_is_not_made_any_more() -> None:
    # The first call holds the line until 52 s, the second is due since 30 s.
    scene = severe(driver=Phone(picks_up_s=4, presses_s=18, hangs_up_s=30)).run_to(40).tell(take).run_to(200)
    assert scene.times("call driver") == [0]


@pytest.mark.parametrize("moved", DispatchState)
def test_a_closed_incident_only_writes_down_what_becomes_of_a_dispatch(moved: DispatchState) -> None:
    closed = severe().tell(close).state
    decision = decide(closed, DispatchMoved(at(50), GUARD, moved, "g1"), default_plan())
    assert decision.effects == (ClearTimers("offer:guard:"),)
    assert [note.kind for note in decision.notes] == [f"dispatch_{moved}"]


@pytest.mark.parametrize("moved", [DispatchState.DECLINED, DispatchState.OFFER_EXPIRED])
def test_nobody_is_asked_next_for_what_was_called_off(moved: DispatchState) -> None:
    refused = severe().tell(lambda now: StopHelp(now, "akiko", GUARD)).state
    for kind, asked in ((GUARD, 0), (ROADSIDE, 1)):
        decision = decide(refused, DispatchMoved(at(50), kind, moved, "u1"), default_plan())
        assert len([effect for effect in decision.effects if isinstance(effect, OfferNext)]) == asked


def test_a_place_that_becomes_known_sends_what_could_not_be_sent() -> None:
    scene = severe().run_to(40)
    assert scene.state.dispatches[GUARD] is DispatchState.FAILED
    scene.units = [Unit("g1", says=None)]
    scene.tell(Placed)
    assert scene.times("offer guard to g1") == [40]
    assert Task.NO_UNIT not in scene.state.tasks


def test_a_place_that_becomes_known_sends_only_what_was_not_called_off() -> None:
    scene = severe().run_to(40).tell(lambda now: StopHelp(now, "akiko", GUARD))
    scene.tell(lambda now: SendHelp(now, "akiko", ROADSIDE))
    assert set(scene.state.dispatches.values()) == {DispatchState.FAILED}
    scene.units = [Unit("r1", says=None)]
    scene.tell(Placed)
    assert scene.story("offer") == [(40, "offer roadside to r1")]


def test_stopping_help_before_it_was_sent_holds_it_back() -> None:
    scene = severe(units=(Unit("g1"),)).run_to(5).tell(lambda now: StopHelp(now, "akiko", GUARD)).run_to(200)
    assert not scene.times("offer")
    assert scene.times("call driver") == [0, 30]


def test_stopping_one_kind_leaves_the_other_alone() -> None:
    units = (Unit("r1", says=DispatchState.DECLINED), Unit("r2"))
    scene = severe(units=units).run_to(5)
    scene.tell(lambda now: SendHelp(now, "akiko", ROADSIDE)).tell(lambda now: StopHelp(now, "akiko", GUARD))
    scene.run_to(200)
    assert scene.story("offer") == [(5, "offer roadside to r1"), (15, "offer roadside to r2")]
    assert scene.state.dispatches == {ROADSIDE: DispatchState.ACCEPTED}


def test_sending_one_kind_does_not_send_the_other_that_was_called_off() -> None:
    scene = severe(units=(Unit("r1"), Unit("r2"))).run_to(5).tell(lambda now: StopHelp(now, "akiko", GUARD))
    scene.tell(lambda now: SendHelp(now, "akiko", ROADSIDE)).run_to(200)
    assert scene.story("offer") == [(5, "offer roadside to r1")]


def test_closing_ends_it_all() -> None:
    scene = severe(units=(Unit("g1"),)).run_to(40).tell(close)
    assert scene.timers == {}
    scene.run_to(300)
    assert scene.state.phase is Phase.CLOSED
    assert scene.state.dispatches[GUARD] is DispatchState.STOOD_DOWN
    assert scene.log[-1][0] == 40
    assert scene.story("light")[-1] == (40, "light ENDED")


# Help.


def test_who_declines_or_does_not_answer_is_followed_by_the_next() -> None:
    units = (Unit("g1", says=DispatchState.DECLINED), Unit("g2", says=None), Unit("g3"))
    scene = moderate(units=units).tell(app(Answer.HELP)).run_to(200)
    assert scene.story("offer guard", "dispatch_accepted") == [
        (0, "offer guard to g1"),
        (10, "offer guard to g2"),
        (70, "offer guard to g3"),
        (80, "dispatch_accepted"),
    ]
    assert scene.story("push help", "sms help", "light HELP") == [
        (80, "push help_accepted"),
        (80, "sms help_accepted"),
        (80, "light HELP_COMING"),
    ]


def test_a_unit_that_cannot_come_after_all_takes_the_promise_back() -> None:
    scene = moderate(units=(Unit("g1"),)).tell(app(Answer.HELP)).run_to(15)
    assert scene.state.light is Light.HELP_COMING
    scene.tell(lambda now: DispatchMoved(now, GUARD, DispatchState.DECLINED, "g1"))
    assert scene.story("light") == [
        (0, "light CONNECTED"),
        (10, "light HELP_COMING"),
        (15, "light CONNECTED"),
    ]
    assert Task.NO_UNIT in scene.state.tasks


def test_the_light_still_promises_help_while_another_kind_is_coming() -> None:
    scene = moderate(units=(Unit("g1"), Unit("r1"))).tell(app(Answer.HELP))
    scene.tell(lambda now: SendHelp(now, "akiko", ROADSIDE)).run_to(15)
    scene.tell(lambda now: StopHelp(now, "akiko", GUARD))
    assert scene.story("light") == [(0, "light CONNECTED"), (10, "light HELP_COMING")]


def test_nobody_to_send_is_a_task_and_the_plan_asks_again() -> None:
    scene = severe().run_to(100)
    assert scene.times("dispatch_failed") == [30, 90]
    assert scene.times("operator_alarmed no_unit") == [30, 90]


def test_an_offer_that_ran_out_after_it_was_taken_changes_nothing() -> None:
    scene = moderate(units=(Unit("g1"),)).tell(app(Answer.HELP)).run_to(5)
    offer = scene.event_of("offer:guard:g1")
    scene.run_to(15).tell(lambda _: offer)
    assert scene.state.dispatches[GUARD] is DispatchState.ACCEPTED


# Timers that come late, twice, or belong to another ladder.


def test_a_step_that_fires_twice_is_done_once() -> None:
    scene = severe(driver=BUSY).run_to(32)
    again = StepDue(at(40), generation=0, step=3)
    scene.run_to(40).tell(lambda _: again)
    assert scene.times("call driver") == [0, 30]


def test_a_step_of_an_earlier_ladder_is_stale() -> None:
    scene = moderate().run_to(26).tell(joined(Severity.SEVERE)).run_to(27)
    before = scene.state
    scene.tell(lambda now: StepDue(now, generation=0, step=5))
    assert scene.state == before


def test_after_an_outage_what_is_due_is_done_at_once_and_calls_still_wait_for_each_other() -> None:
    scene = severe().run_to(1)
    scene.now_s = 100.0  # nothing was fired for 99 s
    scene.run_to(300)
    assert scene.times("call driver") == [0, 100]
    assert scene.times("call contact") == [100]
    assert scene.times("ambulance_asked") == [100]
