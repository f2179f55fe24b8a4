"""Calls that meet in a conference, as Twilio documents it."""

from dataclasses import replace

import pytest
from support.carrier_story import DESK, ORDER, TO, Calls

from device_sim.carrier.calls import Stage
from device_sim.carrier.orders import CallChange
from device_sim.carrier.people import Person, Temperament

CONTACT = "+819011113333"
TOLD = 'statusCallback="/room" statusCallbackEvent="start end join leave"'


def dial(attributes: str = "", *, name: str = "cb-7", action: str = "", after: str = "") -> str:
    asked = f' action="{action}"' if action else ""
    return f"<Response><Dial{asked}><Conference {attributes}>{name}</Conference></Dial>{after}</Response>"


def meeting(
    driver: str = "wants_operator",
    desk: str = "takes_call",
    *,
    driver_hears: str = dial(TOLD, action="/left"),
    desk_hears: str = dial(),
) -> Calls:
    """The driver joins at 10 s, the operator at 20 s, having been put through by the machine."""
    calls = Calls({TO: driver, DESK: desk, CONTACT: "answers_fine"})
    calls.answer("driver", driver_hears, 10)
    calls.answer("desk", desk_hears, 20, replace(ORDER, to=DESK))
    return calls


def events(calls: Calls) -> list[str]:
    return [params["StatusCallbackEvent"] for params in calls.sent("conference")]


def test_two_people_meet_talk_and_hang_up():
    calls = meeting()
    calls.at(1000)

    assert calls.kinds("driver")[-4:] == [(10, "joined"), (20, "met"), (28, "ended"), (28, "left")]
    assert calls.kinds("desk")[-4:] == [(20, "joined"), (20, "met"), (29, "ended"), (29, "left")]
    (room,) = calls.rooms.values()
    assert (room.name, room.status, room.created_at, room.started_at, room.ended_at) == (
        *("cb-7", "completed", 10, 20, 29),
    )


def test_the_events_of_a_conference_are_told_in_order_to_whom_the_first_named():
    calls = meeting(desk_hears=dial('statusCallback="/other" statusCallbackEvent="join"'))
    calls.at(1000)

    assert events(calls) == [
        *("participant-join", "participant-join", "conference-start"),
        *("participant-leave", "participant-leave", "conference-end"),
    ]
    told = calls.sent("conference")
    assert [params["SequenceNumber"] for params in told] == ["1", "2", "3", "4", "5", "6"]
    assert {params["FriendlyName"] for params in told} == {"cb-7"}
    assert len({params["ConferenceSid"] for params in told}) == 1
    assert [params.get("CallSid") for params in told] == ["driver", "desk", None, "driver", "desk", None]
    assert told[3]["ReasonParticipantLeft"] == "participant_hung_up"
    assert told[3]["ParticipantCallStatus"] == "completed"
    assert told[5]["ReasonConferenceEnded"] == "last-participant-left"
    assert {each.url for each in calls.outgoing if each.kind == "conference"} == {
        "https://insurer.example/room"
    }


def test_only_the_events_that_were_asked_for_are_told():
    calls = meeting(driver_hears=dial('statusCallback="/room" statusCallbackEvent="end"'))
    calls.at(1000)

    assert events(calls) == ["conference-end"]


def test_the_action_is_told_when_a_participant_hangs_up_and_its_answer_changes_nothing():
    calls = meeting()
    calls.at(1000)

    (asked,) = calls.sent("action")
    assert (asked["CallSid"], asked["CallStatus"], asked["DialCallStatus"]) == (
        *("driver", "completed", "answered"),
    )
    assert "DialCallDuration" not in asked


def test_whoever_is_left_by_a_participant_who_ends_it_goes_on_with_the_action():
    calls = meeting(
        driver="wants_operator",
        driver_hears=dial('endConferenceOnExit="true" ' + TOLD),
        desk_hears=dial(action="/after"),
    )
    calls.at(28)

    desk = calls.known["desk"]
    assert desk.fetch is not None
    assert (desk.stage, desk.fetch.url) == (Stage.FETCHING, "https://insurer.example/after")
    assert (desk.fetch.params["DialCallStatus"], desk.fetch.params["CallStatus"]) == (
        "answered",
        "in-progress",
    )
    assert events(calls)[-3:] == ["participant-leave", "participant-leave", "conference-end"]
    left, ended = calls.sent("conference")[-2:]
    assert left["ReasonParticipantLeft"] == "moderator_ended_conference"
    assert ended["ReasonConferenceEnded"] == "participant-with-end-conference-on-exit-left"
    assert ended["CallSidEndingConference"] == "driver"


def test_without_an_action_the_document_goes_on():
    calls = meeting(
        driver_hears=dial('endConferenceOnExit="true"'), desk_hears=dial(after="<Say>ありがとう</Say>")
    )
    calls.at(28)

    assert calls.kinds("desk")[-2:] == [(28, "left"), (28, "said")]


def test_who_was_dropped_may_join_the_next_conference_of_the_same_name():
    again = "<Dial><Conference>cb-7</Conference></Dial>"
    calls = meeting(driver_hears=dial('endConferenceOnExit="true"'), desk_hears=dial(after=again))
    calls.at(30)

    first, second = calls.rooms.values()
    assert (first.status, second.status) == ("completed", "init")
    assert [member.call_sid for member in second.members] == ["desk"]
    calls.at(5000)
    assert calls.known["desk"].stage is Stage.ENDED
    assert not calls.board.conferences


@pytest.mark.parametrize("quiet", ["silent", "pocket"])
def test_an_operator_leaves_who_does_not_speak_and_the_line_stays_open(quiet: str):
    calls = meeting(quiet)
    calls.at(100)

    assert calls.known["desk"].ended_at == 28
    assert calls.known["driver"].stage is Stage.CONFERENCE
    calls.at(1000)
    assert calls.known["driver"].ended_at == 10 - 5 + 5 + 180


def test_a_machine_in_a_conference_is_talked_to_and_left():
    calls = Calls({TO: "voicemail", DESK: "takes_call"})
    calls.place("driver", replace(ORDER, ring_s=30), 0)
    calls.give("driver", dial(), 18)
    calls.answer("desk", dial(), 20, replace(ORDER, to=DESK))
    calls.at(50)

    assert calls.known["desk"].ended_at == 28
    assert calls.known["driver"].stage is Stage.CONFERENCE


def test_alone_in_a_conference_one_waits_until_the_patience_runs_out():
    calls = Calls({TO: "answers_fine"})
    calls.answer("driver", dial(), 10)
    calls.at(1000)

    assert calls.known["driver"].ended_at == 190
    (room,) = calls.rooms.values()
    assert (room.started_at, room.status) == (None, "completed")


def test_nobody_loses_patience_while_talking():
    calls = Calls({TO: "wants_operator", DESK: "takes_call"})
    calls.answer("driver", dial(), 10)
    calls.answer("desk", dial(), 188, replace(ORDER, to=DESK))
    calls.at(1000)

    assert calls.known["driver"].ended_at == 196


def test_a_talk_lasts_as_long_as_the_person_talks():
    calls = Calls({TO: Person(temperament=Temperament.WANTS_OPERATOR, talks_s=30), DESK: "takes_call"})
    calls.answer("driver", dial(), 10)
    calls.answer("desk", dial(), 20, replace(ORDER, to=DESK))
    calls.at(1000)

    # The operator has said what there is to say after 8 s; who is left alone hangs up.
    assert (calls.known["desk"].ended_at, calls.known["driver"].ended_at) == (28, 29)


def test_a_third_participant_is_talked_with_too():
    calls = meeting()
    calls.answer("contact", dial(), 26, replace(ORDER, to=CONTACT))
    calls.at(1000)

    assert [calls.known[sid].ended_at for sid in ("driver", "desk", "contact")] == [34, 34, 35]
    assert ("met", 26) in [(kind, at) for at, kind in calls.kinds("driver")]


def test_it_begins_only_when_somebody_may_start_it():
    calls = meeting(
        driver_hears=dial('startConferenceOnEnter="false" ' + TOLD),
        desk_hears=dial('startConferenceOnEnter="false"'),
    )
    calls.at(40)
    assert events(calls) == ["participant-join", "participant-join"]
    assert calls.known["driver"].stage is Stage.CONFERENCE

    calls.answer("contact", dial(), 50, replace(ORDER, to=CONTACT))
    assert events(calls)[-1] == "conference-start"


def test_a_call_in_a_conference_is_redirected_and_ended_by_the_client():
    calls = meeting()
    driver = calls.update("driver", CallChange("", "https://insurer.example/b", "POST", ""), 24)
    assert driver.fetch is not None
    assert (driver.stage, driver.fetch.url) == (Stage.FETCHING, "https://insurer.example/b")
    assert calls.sent("conference")[-1]["ReasonParticipantLeft"] == "participant_updated_via_api"
    assert not calls.sent("action")

    calls = meeting()
    assert calls.update("driver", CallChange("completed", "", "POST", ""), 24).ended_at == 24
    calls.at(1000)
    assert calls.known["desk"].ended_at == 25


def test_words_of_the_client_take_a_call_out_of_its_conference():
    calls = meeting()
    calls.update("driver", CallChange("", "", "POST", "<Response><Say>お待ちください</Say></Response>"), 24)
    assert calls.kinds("driver")[-2:] == [(24, "said"), (24, "left")]
    calls.at(1000)

    assert not calls.sent("action")
    assert (calls.known["driver"].ended_at, calls.known["desk"].ended_at) == (24 + 7 / 5, 25)


def test_a_live_call_is_redirected_into_a_conference():
    calls = Calls({TO: "silent", DESK: "takes_call"})
    calls.answer("driver", "<Response><Pause length='100'/></Response>", 10)
    calls.answer("desk", dial(), 20, replace(ORDER, to=DESK))
    calls.update("driver", CallChange("", "https://insurer.example/join", "POST", ""), 22)
    calls.give("driver", dial(), 23)

    (room,) = calls.board.conferences.values()
    assert [member.number for member in room.members] == [DESK, TO]


def test_a_full_conference_takes_nobody_more():
    calls = meeting()
    calls.answer("contact", dial('maxParticipants="2"', action="/full"), 22, replace(ORDER, to=CONTACT))

    contact = calls.known["contact"]
    assert contact.fetch is not None
    assert contact.fetch.params["DialCallStatus"] == "failed"


def test_what_is_heard_while_waiting_loops_by_its_redirect_until_the_conference_begins():
    calls = Calls({TO: "wants_operator", DESK: "takes_call"})
    calls.answer("driver", dial('waitUrl="/wait" waitMethod="GET"'), 10)
    waiting = "<Response><Say>おつなぎしています。</Say><Pause length='4'/><Redirect/></Response>"
    driver = calls.known["driver"]
    assert driver.fetch is not None
    assert (driver.fetch.url, driver.fetch.method) == ("https://insurer.example/wait", "GET")

    calls.give("driver", waiting, 11)
    calls.at(17)
    assert calls.known["driver"].fetch is not None
    calls.give("driver", waiting.replace("<Redirect/>", ""), 17)
    calls.at(40)
    assert calls.known["driver"].fetch is None
    assert [at for at, kind in calls.kinds("driver") if kind == "said"] == [11, 17]

    calls.answer("desk", dial(), 50, replace(ORDER, to=DESK))
    calls.at(1000)
    assert calls.known["driver"].ended_at == 58


def test_who_waits_long_has_not_run_in_a_circle():
    calls = Calls({TO: Person(temperament=Temperament.WANTS_OPERATOR, patience_s=7200)})
    calls.answer("driver", dial('waitUrl="/wait"', action="/left"), 10, replace(ORDER, limit_s=7200))
    for n in range(150):
        calls.give("driver", "<Response><Redirect/></Response>", 10 + n)
        calls.at(11 + n)

    driver = calls.update("driver", CallChange("", "https://insurer.example/b", "POST", ""), 200)
    assert driver.stage is Stage.FETCHING


def test_no_waiting_document_is_asked_for_where_there_is_none_or_somebody_is_there():
    assert meeting(driver_hears=dial('waitUrl=""')).known["driver"].fetch is None
    assert meeting().known["driver"].fetch is None
    assert meeting(desk_hears=dial('waitUrl="/wait"')).known["desk"].fetch is None


def test_a_late_waiting_document_changes_nothing():
    calls = Calls({TO: "wants_operator", DESK: "takes_call"})
    calls.answer("driver", dial('waitUrl="/wait"'), 10)
    number = calls.known["driver"].fetches
    calls.answer("desk", dial(), 20, replace(ORDER, to=DESK))

    assert calls.known["driver"].fetch is None
    assert number == calls.known["driver"].fetches
    calls.at(1000)
    assert calls.known["driver"].ended_at == 28


@pytest.mark.parametrize("document", ["<Response><Gather/></Response>", "no document"])
def test_a_waiting_document_that_cannot_be_followed_fails_the_dial(document: str):
    calls = Calls({TO: "wants_operator"})
    calls.answer("driver", dial('waitUrl="/wait"', action="/left"), 10)
    driver = calls.give("driver", document, 11)

    assert driver.fetch is not None
    assert (driver.fetch.url, driver.fetch.params["DialCallStatus"]) == (
        *("https://insurer.example/left", "failed"),
    )
    assert not calls.board.conferences


def test_conferences_of_other_names_do_not_meet():
    calls = meeting(desk_hears=dial(name="cb-8"))
    calls.at(30)

    assert {name: len(room.members) for name, room in calls.board.conferences.items()} == {
        "cb-7": 1,
        "cb-8": 1,
    }


def test_a_recording_is_noted():
    calls = meeting(driver_hears=dial('record="record-from-start"'))

    assert "recorded" in [kind for _, kind in calls.kinds("driver")]
