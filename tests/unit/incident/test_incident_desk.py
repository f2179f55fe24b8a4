"""Operators' telephones: whose rings when, who is connected with whom, and what happens when nobody comes."""

from __future__ import annotations

import pytest
from support.acts import app, close, moderate, severe, take
from support.scene import NEVER_ANSWERS, SILENT, Happening, Phone, presses

from incident.escalation.commands import CallDriver
from incident.escalation.events import CallEnded, CarrierDown, DeskAnswered, DeskDue, LineWaits
from incident.escalation.state import Task
from schemas.incident import Answer, CallParty, Phase

DRIVER, CONTACT, OPERATOR, CALLER = CallParty
EVERYBODY = {
    "taker_or_free": {"akiko": None},
    "all": {"akiko": None, "kenji": None},
    "supervisor": {"boss": None},
    "second_site": {"osaka": None},
}


def waits(party: CallParty, why: str = "silent_on_line") -> Happening:
    return lambda now: LineWaits(now, party, why)


def test_who_answers_a_severe_call_is_put_through_to_the_operator_who_comes() -> None:
    scene = severe(driver=SILENT, desk={"taker_or_free": {"akiko": 6.0}}).run_to(60)
    assert scene.story("ring", "desk_answered", "connect", "call driver") == [
        (0, "call driver 1"),
        (4, "ring akiko"),
        (10, "desk_answered"),
        (10, "connect driver"),
    ]
    assert (scene.state.phase, scene.state.taken_by, scene.state.on_line) == (Phase.HELPING, "akiko", "akiko")


def test_a_moderate_call_is_not_put_through_before_somebody_needs_it() -> None:
    scene = moderate(driver=SILENT, desk={"taker_or_free": {"akiko": 2.0}}).run_to(40)
    assert scene.times("ring akiko") == [32]  # picked up at 14 s, silent for 18 s
    assert scene.times("connect driver") == [34]


def test_the_rounds_follow_each_other_until_the_machine_is_alone() -> None:
    scene = severe(driver=SILENT, desk=EVERYBODY).run_to(70)
    assert scene.story("ring ", "desk_overflow") == [
        (4, "ring akiko"),
        (19, "ring akiko"),
        (19, "ring kenji"),
        (34, "ring boss"),
        (49, "ring osaka"),
        (64, "desk_overflow"),
    ]
    assert scene.state.waiting == (DRIVER,)
    assert Task.TAKE in scene.state.tasks


def test_after_an_overflow_the_next_level_of_the_alarm_rings_again() -> None:
    scene = severe(driver=SILENT).run_to(3)
    assert not scene.times("desk_overflow")
    scene.run_to(200)
    assert len(scene.times("desk_called")) > 4
    assert scene.state.waiting == (DRIVER,)


def test_nobody_at_the_desk_is_found_out_at_once() -> None:
    scene = severe(driver=SILENT, desk={"second_site": {"osaka": 5.0}}).run_to(30)
    assert scene.times("ring osaka") == [4]
    assert scene.times("connect driver") == [9]


def test_a_task_nobody_takes_rings_all_then_the_supervisor_then_the_second_site() -> None:
    scene = severe(desk=EVERYBODY).run_to(60)
    assert scene.story("ring ") == [
        (20, "ring akiko"),
        (20, "ring kenji"),
        (35, "ring boss"),
        (50, "ring osaka"),
    ]


def test_who_takes_it_by_telephone_has_it_and_the_driver_is_rung_for_them() -> None:
    # At 20 s nobody has taken it; at 23 s, between the driver's two calls, kenji does.
    scene = severe(desk={"all": {"kenji": 3.0}}).run_to(60)
    assert scene.state.taken_by == "kenji"
    assert scene.times("call driver") == [0, 23]
    assert scene.times("call contact") == []


def test_a_ringing_telephone_goes_on_ringing_for_the_operator_who_took_it() -> None:
    scene = severe(contact=SILENT, desk={"all": {"kenji": 13.0}}).run_to(43)
    assert scene.times("desk_answered") == [33]
    assert scene.times("call driver") == [0, 30]
    assert scene.times("withdraw driver") == []
    assert scene.state.driver.under_way


def test_two_who_press_at_once_only_one_has_it() -> None:
    scene = severe(driver=SILENT, desk={"all": {"akiko": 3.0, "kenji": 3.5}}).run_to(40)
    assert scene.state.on_line == "akiko"
    assert scene.times("desk_answered") == [7]
    assert scene.times("connect driver") == [7]


def test_an_operator_may_ask_to_be_connected() -> None:
    scene = moderate(desk={"taker_or_free": {"akiko": 4.0}}).run_to(5)
    scene.tell(lambda now: CallDriver(now, "akiko")).run_to(30)
    assert scene.times("ring akiko") == [5]
    assert scene.times("call driver") == [9]
    assert scene.state.taken_by == "akiko"


def test_taking_it_at_the_console_brings_the_takers_telephone_to_who_waits() -> None:
    scene = moderate(driver=SILENT).run_to(33)
    assert scene.state.waiting == (DRIVER,)
    scene.desk = {"taker_or_free": {"akiko": 2.0}}
    scene.tell(take).run_to(40)
    assert scene.times("ring akiko") == [33]
    assert scene.times("connect driver") == [35]


def test_the_operator_who_hangs_up_is_free_and_the_next_who_waits_rings_again() -> None:
    scene = severe(driver=SILENT, desk={"taker_or_free": {"akiko": 2.0}}).run_to(10)
    scene.tell(lambda now: CallEnded(now, OPERATOR, 1, "completed"))
    assert scene.state.on_line is None
    scene.tell(waits(CONTACT, "operator")).run_to(20)
    assert scene.times("ring akiko") == [4, 10]
    assert scene.times("connect contact") == [12]


def test_who_hangs_up_while_waiting_is_rung_by_a_person() -> None:
    scene = moderate(driver=Phone(picks_up_s=4, presses_s=10, hangs_up_s=5)).run_to(40)
    assert scene.times("line_waits") == [24]
    assert scene.times("operator_alarmed take left_waiting") == [29]
    assert scene.state.waiting == ()


def test_silence_is_put_through_and_still_no_answer() -> None:
    scene = moderate(driver=SILENT).run_to(40)
    assert scene.state.answer is None
    assert scene.state.phase is Phase.REACHING


def test_fine_calls_the_operators_telephone_off() -> None:
    scene = severe(driver=presses("1"), desk={"taker_or_free": {"akiko": 30.0}}).run_to(30)
    assert scene.state.phase is Phase.SETTLING
    assert scene.state.desk_round is None
    assert scene.times("desk_called") == [4]


def test_a_round_that_is_over_changes_nothing_later() -> None:
    scene = severe(driver=SILENT, desk={"taker_or_free": {"akiko": 2.0}}).run_to(10)
    before = scene.state
    scene.tell(lambda now: DeskDue(now, 0))
    scene.tell(lambda now: DeskAnswered(now, "kenji", 9))
    assert scene.state == before


def test_nothing_rings_for_a_closed_incident() -> None:
    scene = severe(driver=SILENT, desk=EVERYBODY).run_to(5).tell(close).run_to(200)
    assert scene.times("ring ") == [4]
    assert scene.timers == {}


@pytest.mark.parametrize("phone", [NEVER_ANSWERS, Phone(mute="waiting")])
def test_a_carrier_that_takes_no_calls_is_told_to_people(phone: Phone) -> None:
    scene = severe(driver=phone).run_to(1)
    scene.tell(lambda now: CarrierDown(now, now))
    assert scene.times("operator_alarmed take carrier_down") == [1]


def test_a_caller_who_rings_us_is_put_through_whatever_runs() -> None:
    scene = (
        severe(desk={"taker_or_free": {"akiko": 2.0}}).run_to(10).tell(waits(CALLER, "rang_us")).run_to(20)
    )
    assert scene.times("connect caller") == [12]
    assert scene.times("operator_alarmed take rang_us") == [10]


def test_who_was_told_by_the_app_that_all_is_well_is_not_rung_by_a_round_that_went_on() -> None:
    driver = Phone(picks_up_s=4, presses_s=200)
    scene = severe(driver=driver, desk=EVERYBODY).run_to(10).tell(app(Answer.FINE)).run_to(100)
    assert scene.story("ring ") == [(4, "ring akiko")]
