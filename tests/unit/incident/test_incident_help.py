"""What operators do, and how help is found."""

from __future__ import annotations

import pytest
from support.acts import app, close, moderate, severe, take
from support.scene import (
    Phone,
    Unit,
    at,
    default_plan,
)

from incident.escalation.commands import SendHelp, StopHelp
from incident.escalation.decide import decide
from incident.escalation.effects import ClearTimers, OfferNext
from incident.escalation.events import DispatchMoved, Placed
from incident.escalation.state import Light, Task
from schemas.incident import Answer, DispatchKind, DispatchState, Phase

GUARD, ROADSIDE = DispatchKind.GUARD, DispatchKind.ROADSIDE


# Operators.


def test_taking_stops_the_ringing_and_lets_help_go_on() -> None:
    scene = severe(units=(Unit("g1"),)).run_to(5).tell(take).run_to(200)
    assert scene.state.phase is Phase.HELPING
    assert scene.story("withdraw", "call driver", "call contact", "offer", "ambulance_needed") == [
        (0, "call driver 1"),
        (5, "withdraw driver 1"),
        (30, "offer guard to g1"),
        (30, "ambulance_needed"),
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
