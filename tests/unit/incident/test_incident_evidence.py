"""What joins an incident besides impacts and presses: silence, driving on, the phone's word, the road, and needs."""

from __future__ import annotations

import pytest
from support.acts import app, joined, moderate, severe, take
from support.scene import DEFAULT_PLAN_TOML, NEVER_ANSWERS, Happening, Phone, Scene, Unit, at, presses

from incident.escalation.commands import AmbulanceMoved, SendHelp, StopHelp
from incident.escalation.decide import CommandRefused
from incident.escalation.events import DeviceSilent, DroveOn, RoadKnown
from incident.escalation.state import Task
from incident.plan.plan import read_plan
from schemas.impact import Severity
from schemas.incident import (
    AmbulanceState,
    Answer,
    DispatchKind,
    DispatchState,
    Phase,
    Reach,
    RoadKind,
    Trigger,
)

GUARD = DispatchKind.GUARD


def silent(now: object) -> DeviceSilent:
    return DeviceSilent(now, at(0))  # type: ignore[arg-type]


def drove_on(now: object) -> DroveOn:
    return DroveOn(now, 43.0)  # type: ignore[arg-type]


def ambulance(state: AmbulanceState) -> Happening:
    return lambda now: AmbulanceMoved(now, "akiko", state)


# Silence.


def test_a_device_that_falls_silent_after_a_moderate_shock_makes_it_grave() -> None:
    scene = moderate().run_to(40).tell(silent).run_to(42)
    assert scene.state.rule == "severe"
    assert scene.times("raised") == [40]
    assert scene.times("call driver") == [10, 40]


def test_silence_in_a_grave_incident_calls_people_to_it() -> None:
    scene = severe().run_to(40).tell(silent)
    assert not scene.times("raised")
    assert scene.times("operator_alarmed take device_silent") == [40]


def test_silence_after_an_answer_alarms_and_rings_nobody() -> None:
    scene = moderate(driver=presses("2"), units=(Unit("g1"),)).run_to(30).tell(silent).run_to(60)
    assert scene.state.phase is Phase.HELPING
    assert scene.times("call driver") == [10]
    assert scene.times("operator_alarmed take device_silent") == [30]


# Driving on.


def test_a_car_that_drives_on_lowers_a_moderate_one_and_never_ends_it() -> None:
    scene = moderate().run_to(30).tell(drove_on).run_to(300)
    assert scene.state.rule == "light"
    assert scene.times("lowered") == [30]
    assert scene.times("call driver") == [10]
    assert scene.times("sms light") == [90]
    assert Task.CALL_BACK in scene.state.tasks


def test_a_car_that_drives_on_after_a_severe_shock_changes_nothing_by_itself() -> None:
    scene = severe().run_to(10).tell(drove_on).run_to(50)
    assert scene.state.rule == "severe"
    assert scene.times("call driver") == [0, 30]


def test_the_severity_itself_is_never_taken_back() -> None:
    scene = moderate().run_to(30).tell(drove_on)
    assert scene.state.severity is Severity.MODERATE


# The phone's own crash detection.


def test_the_phones_word_opens_like_a_grave_impact() -> None:
    scene = Scene().open(Trigger.PHONE_CRASH).run_to(70)
    assert scene.state.rule == "severe"
    assert scene.times("call driver") == [0, 30]


def test_the_phones_word_joins_and_raises_without_a_second_call() -> None:
    scene = moderate().run_to(12).tell(joined(None, Trigger.PHONE_CRASH)).run_to(40)
    assert scene.times("phone_crash_joined") == [12]
    assert scene.state.rule == "severe"
    assert scene.times("call driver") == [10]


def test_a_call_to_us_joins_without_a_ladder_of_its_own() -> None:
    scene = severe().run_to(20).tell(joined(None, Trigger.CALL)).run_to(70)
    assert scene.times("rang_us") == [20]
    assert scene.times("call driver") == [0, 30]


# The road.


def test_on_an_expressway_nobody_is_sent_by_itself() -> None:
    scene = Scene(units=[Unit("g1")]).open(severity=Severity.SEVERE, road=RoadKind.EXPRESSWAY).run_to(400)
    assert not scene.times("offer")
    assert scene.times("sms expressway") == [0]
    assert scene.times("ambulance_needed") == [30]
    assert scene.times("operator_alarmed take plan") == [0]


def test_on_an_expressway_help_asked_for_is_an_operators_to_send() -> None:
    scene = Scene(units=[Unit("g1")], driver=presses("2")).open(
        severity=Severity.SEVERE, road=RoadKind.EXPRESSWAY
    )
    scene.run_to(20)
    assert not scene.times("offer")
    assert scene.times("operator_alarmed take help") == [9]
    scene.tell(lambda now: SendHelp(now, "akiko", GUARD)).run_to(40)
    assert scene.state.dispatches[GUARD] is DispatchState.ACCEPTED


def test_learning_that_it_is_an_expressway_changes_the_rule_before_the_guard_is_sent() -> None:
    scene = severe(units=(Unit("g1"),)).run_to(10)
    scene.tell(lambda now: RoadKnown(now, RoadKind.EXPRESSWAY)).run_to(200)
    assert scene.state.rule == "severe_expressway"
    assert not scene.times("offer")
    assert scene.times("call driver") == [0, 30]
    assert scene.times("ambulance_needed") == [30]
    assert scene.times("push severe") == [0]
    assert scene.times("push expressway") == scene.times("sms expressway") == [10]


def test_learning_of_the_road_right_after_a_call_leaves_the_line_free() -> None:
    scene = severe().run_to(15)
    assert scene.times("call_ended") == [14]
    scene.tell(lambda now: RoadKnown(now, RoadKind.EXPRESSWAY)).run_to(200)
    assert scene.times("call driver") == [0, 30]
    assert scene.times("operator_alarmed take plan") == [0]


def test_learning_of_the_road_makes_up_for_what_its_rule_would_have_done() -> None:
    scene = Scene().open(Trigger.SHORT_PRESS).run_to(20)
    scene.tell(lambda now: RoadKnown(now, RoadKind.EXPRESSWAY)).run_to(100)
    assert scene.times("call driver") == [20]
    assert scene.times("operator_alarmed take plan") == [30]


def test_a_call_that_was_due_while_the_first_rang_is_still_made() -> None:
    scene = severe(driver=Phone(mute="ringing")).run_to(31)
    assert scene.state.driver.wanted
    scene.tell(lambda now: RoadKnown(now, RoadKind.EXPRESSWAY)).run_to(100)
    assert scene.times("call driver") == [0, 60]  # given up at 45 s


def test_a_call_that_rang_already_when_it_was_raised_is_the_first_on_any_road() -> None:
    scene = moderate().run_to(12).tell(joined(Severity.SEVERE)).run_to(14)
    scene.tell(lambda now: RoadKnown(now, RoadKind.EXPRESSWAY)).run_to(200)
    assert scene.times("call driver") == [10, 42]


def test_help_that_was_called_off_stays_called_off_on_whatever_road() -> None:
    scene = Scene(units=[Unit("g1")]).open(severity=Severity.SEVERE, road=RoadKind.EXPRESSWAY).run_to(5)
    scene.tell(lambda now: StopHelp(now, "akiko", GUARD))
    scene.tell(lambda now: RoadKnown(now, RoadKind.GENERAL)).run_to(300)
    assert scene.state.rule == "severe"
    assert not scene.times("dispatch_requested")


def test_help_comes_when_it_turns_out_to_be_no_expressway() -> None:
    scene = Scene(units=[Unit("g1")]).open(severity=Severity.SEVERE, road=RoadKind.EXPRESSWAY).run_to(50)
    scene.tell(lambda now: RoadKnown(now, RoadKind.GENERAL)).run_to(100)
    assert scene.times("offer guard") == [50]
    assert scene.times("call driver") == [0, 30]
    assert scene.times("call contact") == [60]


def test_a_guard_who_was_only_asked_is_not_sent_to_an_expressway() -> None:
    scene = severe(units=(Unit("g1", says=None), Unit("g2"))).run_to(31)
    scene.tell(lambda now: RoadKnown(now, RoadKind.EXPRESSWAY)).run_to(300)
    assert scene.state.dispatches[GUARD] is DispatchState.STOOD_DOWN
    assert scene.times("offer guard") == [30]
    assert scene.times("operator_alarmed no_unit expressway") == [31]


def test_nor_is_one_whom_somebody_asked_for_before_the_road_was_known() -> None:
    scene = moderate(driver=presses("2"), units=(Unit("g1", says=None),)).run_to(25)
    assert scene.times("offer guard") == [19]
    scene.tell(lambda now: RoadKnown(now, RoadKind.EXPRESSWAY))
    assert scene.state.phase is Phase.HELPING
    assert scene.state.dispatches[GUARD] is DispatchState.STOOD_DOWN
    assert Task.NO_UNIT in scene.state.tasks


def test_a_guard_whom_an_operator_sent_is_sent_to_an_expressway_too() -> None:
    scene = severe(units=(Unit("g1", after_s=60),)).run_to(5)
    scene.tell(lambda now: SendHelp(now, "akiko", GUARD)).run_to(10)
    scene.tell(lambda now: RoadKnown(now, RoadKind.EXPRESSWAY)).run_to(70)
    assert scene.state.dispatches[GUARD] is DispatchState.ACCEPTED
    assert not scene.times("operator_alarmed take guard_to_expressway")


def test_a_guard_who_is_on_the_way_by_the_plan_is_an_operators_to_judge() -> None:
    scene = severe(units=(Unit("g1"),)).run_to(45)
    scene.tell(lambda now: RoadKnown(now, RoadKind.EXPRESSWAY))
    assert scene.state.dispatches[GUARD] is DispatchState.ACCEPTED
    assert scene.times("operator_alarmed take guard_to_expressway") == [45]


def test_a_roadside_unit_goes_to_an_expressway() -> None:
    scene = Scene(driver=presses("2"), units=[Unit("r1", says=None)]).open(Trigger.SHORT_PRESS).run_to(45)
    scene.tell(lambda now: RoadKnown(now, RoadKind.EXPRESSWAY))
    assert scene.state.dispatches[DispatchKind.ROADSIDE] is DispatchState.OFFERED


def test_the_same_road_again_changes_nothing() -> None:
    scene = severe().run_to(10)
    before = scene.state
    scene.tell(lambda now: RoadKnown(now, RoadKind.UNKNOWN))
    assert scene.state == before


# Somebody who cannot hear or speak.


def test_who_cannot_hear_is_written_to_and_never_rung() -> None:
    scene = Scene().open(severity=Severity.SEVERE, reach=Reach.TEXT).run_to(100)
    assert scene.times("call driver") == []
    assert scene.times("sms reach_text") == [0, 30]


def test_a_helper_of_who_cannot_hear_is_told_early_and_once() -> None:
    scene = Scene(contact=NEVER_ANSWERS).open(severity=Severity.SEVERE, reach=Reach.TEXT).run_to(200)
    assert scene.times("call contact") == [0]


def test_the_next_contact_is_tried_when_one_does_not_answer() -> None:
    scene = severe(contact=NEVER_ANSWERS)
    scene.more_contacts = [Phone(picks_up_s=3, key="1")]
    scene.run_to(90)
    assert scene.times("call contact") == [60, 74]
    assert scene.times("operator_alarmed call_back contact") == [82]


def test_a_contact_who_is_not_there_is_no_attempt() -> None:
    sent = '{ after_s = 90, do = "send_help" },'
    toml = DEFAULT_PLAN_TOML.replace(sent, sent + '{ after_s = 150, do = "call_contact" },')
    scene = Scene(plan=read_plan(toml)).open(severity=Severity.SEVERE).run_to(149)  # the plan would try two
    assert scene.times("call contact") == [60]
    ended = [
        note.data for note in scene.notes if note.kind == "call_ended" and note.data["party"] == "contact"
    ]
    assert [(data["attempt"], data["status"]) for data in ended] == [(1, "no-answer")]
    assert [note.data for note in scene.notes if note.kind == "no_further_contact"] == [{"contacts": 1}]
    line = scene.state.contact
    assert (line.attempts, line.rank, line.under_way, line.ended_at) == (1, 1, False, at(74))
    assert not [name for name in scene.timers if name.startswith("giveup:contact")]
    # What follows goes on, and another call to the one who is there has the next number.
    assert scene.run_to(151).times("call contact 2") == [150]


def test_no_further_contact_is_tried_once_one_has_answered() -> None:
    scene = severe(contact=presses("1"))
    scene.more_contacts = [NEVER_ANSWERS]
    scene.run_to(200)
    assert scene.times("call contact") == [60]


# The ambulance.


def test_an_ambulance_is_asked_for_by_a_person_and_promised_when_accepted() -> None:
    scene = severe().run_to(35)
    assert scene.state.ambulance is AmbulanceState.NEEDED
    scene.tell(take).tell(ambulance(AmbulanceState.ASKED))
    assert Task.REQUEST_AMBULANCE not in scene.state.tasks
    assert not scene.times("push ambulance_accepted")
    scene.tell(ambulance(AmbulanceState.ACCEPTED))
    assert scene.times("push ambulance_accepted") == scene.times("sms ambulance_accepted") == [35]
    scene.tell(ambulance(AmbulanceState.ACCEPTED)).tell(ambulance(AmbulanceState.ARRIVED))
    assert len(scene.times("push ambulance_accepted")) == 1
    assert scene.state.ambulance is AmbulanceState.ARRIVED


def test_a_refused_ambulance_is_a_task_again() -> None:
    scene = severe().run_to(35).tell(ambulance(AmbulanceState.ASKED)).tell(ambulance(AmbulanceState.REFUSED))
    assert Task.REQUEST_AMBULANCE in scene.state.tasks
    assert scene.times("operator_alarmed request_ambulance ambulance_refused") == [35]


@pytest.mark.parametrize("wanted", [AmbulanceState.ARRIVED, AmbulanceState.REFUSED])
def test_what_was_not_asked_for_cannot_have_arrived(wanted: AmbulanceState) -> None:
    with pytest.raises(CommandRefused, match="the ambulance is not asked for"):
        moderate().tell(ambulance(wanted))


def test_asking_again_for_an_ambulance_that_comes_is_no_new_task() -> None:
    scene = severe().run_to(35).tell(ambulance(AmbulanceState.ACCEPTED)).tell(app(Answer.AMBULANCE))
    assert Task.REQUEST_AMBULANCE not in scene.state.tasks
