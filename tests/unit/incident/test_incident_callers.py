"""They ring us while we ring them: one call at a time, and the ladder goes on when theirs came to nothing."""

from __future__ import annotations

import pytest
from support.acts import joined, moderate, severe, take
from support.scene import NEVER_ANSWERS, SILENT, Happening, Phone, Scene

from incident.escalation.events import CallEnded, LineWaits, RangUs
from incident.escalation.state import Task
from schemas.impact import Severity
from schemas.incident import CallParty, Phase

DRIVER, CONTACT, CALLER = CallParty.DRIVER, CallParty.CONTACT, CallParty.CALLER
CALLS = ("call driver", "call contact", "withdraw")


def rings_us(scene: Scene, party: CallParty = DRIVER, attempt: int = 1) -> Scene:
    scene.tell(lambda now: RangUs(now, party, attempt))
    return scene.tell(lambda now: LineWaits(now, CALLER, "rang_us"))


def hangs_up(attempt: int = 1) -> Happening:
    return lambda now: CallEnded(now, CALLER, attempt, "completed")


def test_our_ringing_call_is_withdrawn_and_made_up_for_when_they_hang_up_unheard() -> None:
    scene = rings_us(severe().run_to(5)).run_to(20)
    assert scene.story(*CALLS) == [(0, "call driver 1"), (5, "withdraw driver 1")]
    scene.tell(hangs_up()).run_to(33)
    assert scene.times("call driver 2") == [20]
    assert scene.state.driver.wanted  # the plan's call at 30 s, which waits for the end of this one
    assert Task.TAKE in scene.state.tasks


def test_nobody_is_rung_while_they_are_on_the_line() -> None:
    scene = rings_us(severe().run_to(20)).run_to(55)
    assert scene.story(*CALLS) == [(0, "call driver 1")]
    scene.tell(hangs_up()).run_to(200)
    assert scene.times("call driver 2") == [55]
    assert scene.times("call contact 1") == [60]
    assert not scene.times("call driver 3")


def test_nothing_is_made_up_for_where_nothing_was_taken_away() -> None:
    scene = rings_us(moderate().run_to(2)).run_to(8).tell(hangs_up()).run_to(59)
    assert scene.story(*CALLS) == [(10, "call driver 1")]


def test_a_call_already_answered_is_left() -> None:
    scene = rings_us(severe(driver=SILENT).run_to(8)).run_to(9)
    assert scene.story("withdraw") == []
    assert scene.state.driver.answered
    assert not scene.state.driver.wanted


def test_a_person_who_came_to_them_need_not_be_made_up_for() -> None:
    scene = rings_us(severe(desk={"taker_or_free": {"akiko": 6.0}}).run_to(5)).run_to(100)
    assert scene.state.on_line == "akiko"
    scene.tell(hangs_up()).run_to(300)
    assert scene.story("call driver") == [(0, "call driver 1")]


def test_a_contact_who_rings_us_is_not_rung_and_the_same_contact_is_rung_afterwards() -> None:
    scene = severe(contact=Phone(busy=True))
    scene.more_contacts = [NEVER_ANSWERS]
    scene.run_to(65)
    assert scene.state.contact.rank == 2
    rings_us(scene, CONTACT).run_to(70)
    assert scene.times("withdraw contact 2") == [65]
    scene.tell(hangs_up()).run_to(71)
    assert scene.times("call contact 3") == [70]
    assert scene.state.contact.rank == 2


def test_of_two_calls_of_theirs_the_last_one_counts() -> None:
    scene = rings_us(severe().run_to(5)).run_to(10)
    rings_us(scene, attempt=2).tell(hangs_up(1)).run_to(20)
    assert not scene.times("call driver 2")
    assert scene.tell(hangs_up(2)).times("call driver 2") == [20]


def test_a_graver_shock_meanwhile_waits_for_them_too() -> None:
    scene = rings_us(moderate().run_to(12)).run_to(15).tell(joined(Severity.SEVERE)).run_to(20)
    assert scene.story("call driver") == [(10, "call driver 1")]
    assert scene.tell(hangs_up()).times("call driver 2") == [20]


@pytest.mark.parametrize("ends_s", [130, 400])
def test_the_carrier_is_asked_whether_they_still_speak_with_us(ends_s: int) -> None:
    scene = rings_us(severe().run_to(5)).run_to(ends_s)
    # Each minute since the plan's last call to them, at 30 s, was held back.
    assert scene.times("check caller 1") == list(range(90, ends_s, 60))
    assert scene.tell(hangs_up()).times("call driver 2") == [ends_s]


def test_an_operator_who_has_it_is_not_followed_by_our_call() -> None:
    scene = rings_us(severe().run_to(5)).tell(take).run_to(30).tell(hangs_up()).run_to(300)
    assert scene.state.phase is Phase.HELPING
    assert scene.story("call driver") == [(0, "call driver 1")]
