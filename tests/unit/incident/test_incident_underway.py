"""The watch over a unit that has accepted, at desk speed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest
from support.acts import app, close, moderate
from support.scene import Happening, Scene, Unit, at

from incident.escalation.effects import CancelCalls
from incident.escalation.events import DispatchMoved, EtaChanged, Forgotten, UnitSafe
from incident.escalation.state import Light, Task
from schemas.incident import Answer, CallParty, DispatchKind, DispatchState, Phase

GUARD = DispatchKind.GUARD
EN_ROUTE, ON_SCENE, SECURED = DispatchState.EN_ROUTE, DispatchState.ON_SCENE, DispatchState.SECURED


def sent(*units: Unit) -> Scene:
    """A driver asked for help; the first unit accepts after 10 s and promises to be there 600 s later."""
    return moderate(units=units).tell(app(Answer.HELP)).run_to(20)


def moves(state: DispatchState, unit: str = "g1"):
    return lambda now: DispatchMoved(now, GUARD, state, unit)


def eta(seconds: float, unit: str = "g1"):
    return lambda now: EtaChanged(now, GUARD, unit, now + timedelta(seconds=seconds))


PROMPT, SPARE = Unit("g1", eta_s=600), Unit("g2", eta_s=300)


def test_who_does_not_set_off_is_reminded_once_and_then_replaced() -> None:
    scene = sent(PROMPT, SPARE).run_to(400)
    assert scene.story("remind", "operator_alarmed take not", "unit_did", "offer", "dispatch_accepted") == [
        (0, "offer guard to g1"),
        (10, "dispatch_accepted"),
        (190, "operator_alarmed take not_departed"),
        (190, "remind g1 depart"),
        (370, "unit_did_not_depart"),
        (370, "offer guard to g2"),
        (380, "dispatch_accepted"),
    ]
    assert scene.state.works[GUARD].unit_id == "g2"
    assert scene.story("light") == [
        (0, "light CONNECTED"),
        (10, "light HELP_COMING"),
        (370, "light CONNECTED"),
        (380, "light HELP_COMING"),
    ]


def test_who_sets_off_in_time_is_left_in_peace() -> None:
    scene = sent(PROMPT, SPARE).tell(moves(EN_ROUTE)).run_to(800)
    assert not scene.times("remind")
    assert not scene.times("unit_")


def test_a_late_unit_is_said_to_be_late_and_then_somebody_else_is_asked_too() -> None:
    scene = sent(PROMPT, SPARE).tell(moves(EN_ROUTE)).run_to(1215)
    assert scene.story("push help_late", "sms help_late", "unit_late", "relief", "offer guard to g2") == [
        (910, "unit_late"),
        (910, "push help_late"),
        (910, "sms help_late"),
        (1210, "relief_sought"),
        (1210, "offer guard to g2"),
    ]
    assert scene.times("operator_alarmed take unit_late") == [910]
    # Until somebody else accepts the late one has it, and help is still promised.
    assert (scene.state.dispatches[GUARD], scene.state.works[GUARD].unit_id) == (EN_ROUTE, "g1")
    assert scene.state.light is Light.HELP_COMING
    scene.run_to(1225)
    assert scene.state.works[GUARD].unit_id == "g2"
    assert scene.times("unit_replaced") == [1220]
    assert [name for name in scene.timers if name.endswith(":g1")] == []


def test_a_late_unit_that_arrives_first_keeps_the_work() -> None:
    scene = sent(PROMPT, Unit("g2", says=None)).tell(moves(EN_ROUTE)).run_to(1215).tell(moves(ON_SCENE))
    assert scene.state.offers[GUARD] == ()
    assert scene.reliefs == {}
    assert (scene.state.dispatches[GUARD], scene.state.works[GUARD].unit_id) == (ON_SCENE, "g1")
    assert not [name for name in scene.timers if name.startswith(("offer:", "late:", "depart:"))]


def test_a_relief_that_declines_leaves_the_late_unit_on_its_way() -> None:
    units = (PROMPT, Unit("g2", says=DispatchState.DECLINED))
    scene = sent(*units).tell(moves(EN_ROUTE)).run_to(1225)
    assert (scene.state.dispatches[GUARD], scene.state.works[GUARD].unit_id) == (EN_ROUTE, "g1")
    assert scene.times("operator_alarmed no_unit nobody_else") == [1220]
    assert Task.NO_UNIT in scene.state.tasks


def test_a_new_time_of_arrival_is_told_and_calls_the_relief_off() -> None:
    scene = sent(PROMPT, Unit("g2", says=None)).tell(moves(EN_ROUTE)).run_to(1215).tell(eta(120))
    assert scene.times("push help_late") == [910, 1215]
    assert scene.state.offers[GUARD] == ()
    assert scene.times("operator_alarmed take unit_much_later") == [1215]
    scene.run_to(1600)
    assert scene.times("unit_late") == [910]
    scene.run_to(1700)
    assert scene.times("unit_late") == [910, 1635]


def test_a_little_later_than_said_is_on_record_and_disturbs_nobody() -> None:
    scene = sent(PROMPT).tell(moves(EN_ROUTE)).run_to(100).tell(eta(600)).run_to(950)
    assert scene.times("dispatch_eta") == [100]
    assert not scene.times("push help_late")
    assert not scene.times("unit_late")


def test_who_works_alone_is_asked_and_then_looked_after() -> None:
    scene = sent(PROMPT).tell(moves(ON_SCENE)).run_to(800)
    assert scene.story("remind", "operator_alarmed take lone") == [
        (620, "remind g1 confirm_safe"),
        (740, "operator_alarmed take lone_worker"),
    ]
    scene.tell(lambda now: UnitSafe(now, GUARD, "g1")).tell(moves(SECURED)).run_to(1405)
    assert scene.times("remind g1 confirm_safe") == [620, 1400]
    scene.tell(moves(DispatchState.COMPLETED)).run_to(3000)
    assert scene.times("operator_alarmed take lone_worker") == [740]


def test_who_is_on_the_scene_is_looked_after_beyond_the_end_of_the_incident() -> None:
    scene = sent(PROMPT).tell(moves(ON_SCENE)).run_to(100).tell(close).run_to(800)
    assert scene.state.dispatches[GUARD] is ON_SCENE
    assert scene.story("remind", "operator_alarmed take lone") == [
        (620, "remind g1 confirm_safe"),
        (740, "operator_alarmed take lone_worker"),
    ]
    scene.tell(moves(DispatchState.COMPLETED))
    assert scene.timers == {}
    assert scene.state.tasks == ()


DESK: Mapping[str, Mapping[str, float | None]] = {
    "taker_or_free": {"akiko": None},
    "supervisor": {"boss": 5.0},
}


def closed_over(unit: Unit, desk: Mapping[str, Mapping[str, float | None]]) -> Scene:
    """An operator closes it while a unit is still on the scene."""
    scene = sent(unit).tell(moves(ON_SCENE)).run_to(100).tell(close)
    scene.desk = desk
    return scene


def test_when_nothing_is_heard_of_them_after_the_end_telephones_ring_until_somebody_comes() -> None:
    scene = closed_over(PROMPT, DESK).run_to(1300)
    assert scene.story("ring", "desk_answered") == [
        (740, "ring akiko"),
        (755, "ring boss"),
        (760, "desk_answered"),
    ]
    assert not [second for second in scene.times("call driver") if second > 100]
    assert scene.state.phase is Phase.CLOSED
    # Whoever took it may have forgotten: the unit is asked, and looked after, until it has reported.
    scene.run_to(1400)
    assert scene.times("ring akiko") == [740, 1340]


def test_where_no_telephone_is_answered_they_ring_again() -> None:
    scene = closed_over(PROMPT, {"supervisor": {"boss": None}}).run_to(2000)
    assert scene.times("ring boss") == [740, 1340, 1940]


@pytest.mark.parametrize("word", [lambda now: UnitSafe(now, GUARD, "g1"), moves(DispatchState.COMPLETED)])
def test_they_stop_ringing_once_the_unit_is_well(word: Happening) -> None:
    scene = closed_over(PROMPT, DESK).run_to(745).tell(word).run_to(765)
    assert scene.times("ring") == [740]
    assert scene.state.desk_round is None
    assert [effect for effect in scene.effects if effect == CancelCalls(CallParty.OPERATOR)]


def test_what_the_auditor_brings_is_looked_after_again() -> None:
    scene = closed_over(PROMPT, DESK).run_to(200)
    scene.timers.clear()
    scene.run_to(3000).tell(lambda now: Forgotten(now, "unit_unwatched")).run_to(3001)
    assert scene.times("remind g1 confirm_safe") == [3001]


def test_timers_of_another_moment_or_unit_change_nothing() -> None:
    scene = sent(PROMPT, SPARE).tell(moves(EN_ROUTE)).run_to(100).tell(eta(1000))
    before = scene.state
    for name in ("depart:guard:g1", "late:guard:g1", "late:guard:g2", "safe:guard:g1"):
        scene.tell(lambda _, name=name: scene.event_of(name))
    assert scene.state == before


def test_a_doubled_reminder_to_set_off_costs_nobody_the_work() -> None:
    scene = sent(PROMPT, SPARE).run_to(100)
    early = scene.event_of("depart:guard:g1")
    scene.tell(lambda _: early)
    assert not scene.times("remind")
    scene.run_to(200).tell(lambda _: scene.event_of("depart:guard:g1"))
    assert scene.times("remind g1 depart") == [190]
    assert not scene.times("unit_did_not_depart")


def test_a_unit_that_becomes_free_is_asked_where_nobody_was() -> None:
    scene = moderate().tell(app(Answer.HELP)).run_to(30)
    assert scene.state.dispatches[GUARD] is DispatchState.FAILED
    scene.units = [PROMPT]
    scene.run_to(75)
    assert scene.story("offer", "dispatch_accepted") == [(60, "offer guard to g1"), (70, "dispatch_accepted")]
    assert Task.NO_UNIT not in scene.state.tasks
    assert scene.state.works[GUARD].eta_at == at(670)
