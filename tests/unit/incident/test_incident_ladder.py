"""The default plan, rule by rule: what happens at which second while nobody answers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.acts import joined, moderate, severe
from support.scene import (
    BUSY,
    DEFAULT_PLAN_TOML,
    NEVER_ANSWERS,
    SILENT,
    VOICEMAIL,
    Call,
    Phone,
    Scene,
    Unit,
    at,
    default_plan,
)

from incident.escalation.effects import PlaceCall
from incident.escalation.events import CallEnded, CallMoved, CallSilent, RangUs, StepDue
from incident.escalation.state import Task
from incident.plan.plan import read_plan
from schemas.impact import Severity
from schemas.incident import CallParty, Phase, RoadKind, Trigger

DRIVER, CONTACT = CallParty.DRIVER, CallParty.CONTACT
ACTIONS = (
    "push",
    "sms",
    "call driver",
    "call contact",
    "operator_alarmed",
    "ambulance_needed",
    "offer",
    "closed",
)
NO_NUMBER = Phone(has_number=False)


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
        (20, "operator_alarmed take still_waiting"),
        (30, "call driver 2"),
        (30, "offer guard to g1"),
        (30, "ambulance_needed"),
        (40, "operator_alarmed take still_waiting"),
        (60, "operator_alarmed take still_waiting"),
        (60, "call contact 1"),
        (
            80,
            "operator_alarmed take still_waiting",
        ),  # every round of the desk was rung: from now on each minute
        (90, "offer guard to g2"),
        (140, "operator_alarmed take still_waiting"),
        (150, "operator_alarmed no_unit no_unit"),
        (200, "operator_alarmed take still_waiting"),
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


def test_a_speed_that_is_not_known_yet_counts_as_driving() -> None:
    scene = (
        Scene(moving=lambda second: None if second < 7 else False).open(severity=Severity.LIGHT).run_to(59)
    )
    assert scene.times("push light") == [10]
    scene = (
        Scene(moving=lambda second: None if second < 7 else True).open(severity=Severity.LIGHT).run_to(200)
    )
    assert scene.times("push light") == []


@pytest.mark.parametrize("scale", [1.0, 0.1])
def test_a_device_that_lost_its_gps_silences_us_for_no_longer_than_20_s(scale: float) -> None:
    scene = Scene(plan=default_plan(scale), moving=lambda _: None)
    scene.open(severity=Severity.MODERATE, road=RoadKind.EXPRESSWAY).run_to(200 * scale)
    assert scene.times("sms expressway") == [pytest.approx(20 * scale)]
    late = Scene(moving=lambda _: None).open(severity=Severity.LIGHT).away_until(3).run_to(50)
    assert late.times("push light") == [20]  # looked at 3, 8, 13 and 18 s


def test_what_is_due_later_does_not_wait_for_a_speed_again() -> None:
    scene = Scene(moving=lambda _: None).open(severity=Severity.LIGHT).run_to(200)
    assert scene.story("push", "sms") == [(20, "push light"), (60, "sms light")]


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
    assert scene.story("push", "call driver", "call contact", "offer", "ambulance_needed") == [
        (0, "push late"),
        (0, "call driver 1"),
        (30, "call driver 2"),
        (60, "call contact 1"),
    ]
    assert scene.times("operator_alarmed take")[:3] == [0, 60, 120]


def test_the_time_scale_shortens_every_wait_but_not_the_ringing_asked_for() -> None:
    scene = Scene(default_plan(0.1), units=[Unit("g1", says=None)]).open(severity=Severity.SEVERE).run_to(10)
    assert scene.times("call driver") == [0, 3]
    assert scene.times("call contact") == [6]
    assert scene.times("operator_alarmed take still_waiting") == [2, 4, 6, 8]
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
    assert scene.times("call driver") == [0, 52 + 15]
    assert scene.times("operator_alarmed take silent_on_line") == [22, 67 + 22]


def test_a_second_call_that_was_due_twice_meanwhile_is_made_once() -> None:
    twice = DEFAULT_PLAN_TOML.replace(
        '{ after_s = 30, do = "offer_help" },', '{ after_s = 40, do = "call_driver" },'
    )
    scene = Scene(read_plan(twice), driver=Phone(picks_up_s=4, presses_s=18, hangs_up_s=30))
    scene.open(severity=Severity.SEVERE).run_to(120)
    assert scene.times("call driver") == [0, 52 + 15]


@pytest.mark.parametrize("stage", ["placed", "ringing"])
def test_a_call_of_which_nothing_more_is_heard_is_given_up_and_asked_about(stage: str) -> None:
    scene = severe(driver=Phone(mute=stage)).run_to(100)
    assert scene.story("call driver", "check", "call_given_up") == [
        (0, "call driver 1"),
        (45, "call_given_up"),
        (45, "check driver 1"),
        (60, "call driver 2"),  # due since 30 s; the line was left free for 15 s
    ]


@pytest.mark.parametrize("stage", ["waiting", "sending", "unknown"])
def test_a_call_that_has_not_left_us_is_never_given_up(stage: str) -> None:
    scene = severe(driver=Phone(mute=stage)).run_to(300)
    assert scene.times("call driver") == [0]
    assert not scene.times("call_given_up")
    assert not scene.times("check")
    assert "giveup:driver:1" in scene.timers


def test_a_call_that_waited_in_our_queue_rings_for_its_whole_time() -> None:
    scene = severe(driver=Phone(mute="waiting")).run_to(40)
    scene.stages[Call(DRIVER, 1)] = "ringing"
    scene.tell(lambda now: CallMoved(now, DRIVER, 1, "ringing")).run_to(100)
    assert scene.times("call_given_up") == [85]


def test_an_answered_call_is_asked_about_but_not_given_up() -> None:
    scene = severe(driver=SILENT).run_to(100)
    assert scene.times("call driver") == [0]
    assert scene.times("check driver 1") == [45, 90]
    assert not scene.times("call_given_up")


def test_news_of_an_attempt_given_up_changes_nothing_for_the_next() -> None:
    scene = severe(driver=Phone(mute="ringing")).run_to(65)
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


# Timers that come late, twice, or belong to another ladder.


# The contact hears that we cannot reach the driver: not while the driver is on the line.


def picked_up_again(picks_up_s: float, phone: Phone) -> Scene:
    """Nobody picks up at first, and this one so many seconds after the beginning."""
    scene = severe().run_to(29)
    scene.driver = replace(phone, picks_up_s=picks_up_s - 30)
    return scene


def test_no_relative_is_told_that_the_driver_cannot_be_reached_while_they_are_on_the_line() -> None:
    scene = picked_up_again(42, Phone(key="1", presses_s=22)).run_to(300)
    assert scene.times("answered") == [64]
    assert not scene.times("call contact")


def test_the_contact_is_rung_soon_after_the_driver_has_hung_up_unheard() -> None:
    scene = picked_up_again(42, Phone(presses_s=60, hangs_up_s=-37)).run_to(300)
    assert scene.times("call_ended")[1] == 65
    assert scene.times("call contact") == [65]


def test_voicemail_holds_the_contact_up_for_half_a_minute_at_most() -> None:
    scene = picked_up_again(40, Phone(presses_s=200)).run_to(300)
    assert scene.times("call contact") == [90]


def test_nor_is_the_next_relative() -> None:
    scene = severe()
    scene.more_contacts = [NEVER_ANSWERS]
    scene.run_to(70).tell(lambda now: RangUs(now, DRIVER, 1)).run_to(200)
    assert scene.times("call contact") == [60, 104]


def test_who_rings_us_is_on_the_line_too() -> None:
    scene = severe().run_to(50).tell(lambda now: RangUs(now, DRIVER, 1)).run_to(70)
    assert not scene.times("call contact")
    scene.tell(lambda now: CallEnded(now, CallParty.CALLER, 1, "completed")).run_to(76)
    assert scene.times("call contact") == [75]


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
    assert scene.times("call driver") == [0, 100 + 15]  # that the first had ended was heard at 100 s
    assert scene.times("call contact") == [100]
    assert scene.times("ambulance_needed") == [100]
