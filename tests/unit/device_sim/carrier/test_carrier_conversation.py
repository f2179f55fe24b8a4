from dataclasses import replace

import pytest
from support.carrier_story import DESK, ORDER, Story

from device_sim.carrier import conversation, fetching
from device_sim.carrier.calls import Stage
from device_sim.carrier.orders import CallChange, TwilioError

ASK = (
    '<Response><Gather action="/gather/7" numDigits="1" timeout="5">'
    "<Say>けがをされた方はいますか。</Say></Gather><Say>聞こえません</Say></Response>"
)
THANKS = "<Response><Say>承知しました。</Say></Response>"


def test_a_driver_who_is_fine():
    story = Story("answers_fine")

    assert story.at(0.9).status == "queued"
    assert story.at(1.0).status == "ringing"
    assert story.at(4.9).answered_at is None
    call = story.at(5.0)
    assert (call.status, call.stage, call.answered_at) == ("in-progress", Stage.FETCHING, 5.0)
    assert call.fetch is not None
    assert call.fetch.url == ORDER.url

    story.give(ASK, 5.5)
    assert story.at(10.49).stage is Stage.GATHERING
    call = story.at(10.5)
    assert call.fetch is not None
    assert call.fetch.url == "https://insurer.example/gather/7"
    assert call.fetch.params["Digits"] == "1"
    assert call.fetch.params["CallStatus"] == "in-progress"

    story.give(THANKS, 11.0)
    assert story.at(12.3).stage is Stage.TALKING
    call = story.at(100.0)
    assert (call.status, call.ended_at) == ("completed", pytest.approx(11.0 + 7 / 5))
    assert story.statuses() == [
        ("0", "initiated"),
        ("1", "ringing"),
        ("2", "in-progress"),
        ("3", "completed"),
    ]
    assert story.callbacks[-1]["CallDuration"] == "8"
    assert story.lines == [
        (0.0, "dialling"),
        (1.0, "rang"),
        (5.0, "answered"),
        (5.0, "fetching"),
        (5.5, "said"),
        (10.5, "pressed"),
        (10.5, "fetching"),
        (11.0, "said"),
        (12.4, "ended"),
    ]


def test_time_scale_shortens_everything_but_the_network():
    story = Story("answers_fine", scale=0.1)
    story.give(ASK, 0.5)

    assert story.at(1.0).stage is Stage.FETCHING
    assert [line for line in story.lines if line[1] in {"rang", "answered", "pressed"}] == [
        (0.1, "rang"),
        (0.5, "answered"),
        (1.0, "pressed"),
    ]


@pytest.mark.parametrize(
    ("temperament", "status", "ended_at", "heard"),
    [
        ("never_answers", "no-answer", 15.0, ["initiated", "ringing", "no-answer"]),
        ("voicemail", "no-answer", 15.0, ["initiated", "ringing", "no-answer"]),
        ("declines", "busy", 3.0, ["initiated", "ringing", "busy"]),
        ("busy", "busy", 1.0, ["initiated", "busy"]),
        ("unreachable", "failed", 1.0, ["initiated", "failed"]),
    ],
)
def test_calls_nobody_takes(temperament: str, status: str, ended_at: float, heard: list[str]):
    story = Story(temperament)
    call = story.at(1000)

    assert (call.status, call.ended_at, call.answered_at) == (status, ended_at, None)
    assert [status for _, status in story.statuses()] == heard
    assert story.callbacks[-1]["CallDuration"] == "0"


def test_a_stranger_never_answers():
    story = Story("answers_fine", replace(ORDER, to="+819000000001"))

    assert story.at(1000).status == "no-answer"


def test_a_machine_answers_a_patient_caller_and_presses_nothing():
    story = Story("voicemail", replace(ORDER, ring_s=25))
    assert story.at(18).answered_by == "machine"
    story.give(ASK, 18)
    call = story.at(1000)

    assert call.status == "completed"
    assert [kind for _, kind in story.lines if kind in {"said", "pressed", "heard_nothing"}] == [
        "said",
        "heard_nothing",
        "said",
    ]


def test_who_stays_silent_hears_what_follows_the_question():
    story = Story("silent")
    story.give(ASK, 5)
    prompt_s = len("けがをされた方はいますか。") / 5

    assert story.at(5 + prompt_s + 4.9).stage is Stage.GATHERING
    assert story.at(5 + prompt_s + 5.1).stage is Stage.TALKING


def test_empty_answers_are_sent_where_the_document_asks_for_them():
    story = Story("silent")
    story.give(ASK.replace("<Gather ", '<Gather actionOnEmptyResult="true" '), 5)
    call = story.at(60)

    assert call.fetch is not None
    assert call.fetch.params["Digits"] == ""


def test_a_key_pressed_after_the_question_closed_is_not_heard():
    story = Story("answers_fine")
    story.give('<Response><Gather numDigits="1" timeout="2"><Say>痛い</Say></Gather></Response>', 5)
    call = story.at(60)

    assert call.status == "completed"
    assert "pressed" not in [kind for _, kind in story.lines]


def test_no_key_is_pressed_where_none_is_asked_for():
    story = Story("answers_fine")
    story.give("<Response><Say>承知しました。</Say><Pause length='20'/></Response>", 5)

    assert story.at(60).status == "completed"
    assert "pressed" not in [kind for _, kind in story.lines]


def test_a_wrong_key_is_followed_by_the_right_one():
    story = Story("wrong_key")
    story.give(ASK, 5)
    first = story.at(10).fetch
    story.give(ASK, 10)
    second = story.at(15).fetch

    assert first is not None
    assert second is not None
    assert (first.params["Digits"], second.params["Digits"]) == ("9", "1")


def test_several_digits_are_sent_when_the_person_stops():
    story = Story("asks_help")
    story.give('<Response><Gather timeout="5"><Say>番号</Say></Gather></Response>', 5)

    assert story.at(14.9).stage is Stage.GATHERING
    call = story.at(15.0)
    assert call.fetch is not None
    assert (call.fetch.params["Digits"], call.fetch.url) == ("2", ORDER.url)


def test_the_finishing_key_is_not_part_of_the_answer():
    story = Story("asks_help")
    story.give('<Response><Gather finishOnKey="2" timeout="9" numDigits="1"/></Response>', 5)
    call = story.at(10)

    assert call.fetch is not None
    assert (call.fetch.params["Digits"], call.fetch.params["FinishedOnKey"]) == ("", "2")


def test_who_asks_for_an_operator_is_put_through_and_then_the_call_ends():
    story = Story("wants_operator")
    story.give(f"<Response><Dial action='/after'>{DESK}</Dial></Response>", 5)

    assert story.at(12.9).stage is Stage.BRIDGED
    call = story.at(1000)
    assert (call.status, call.ended_at) == ("completed", 13)


def test_an_operator_leaves_a_machine_that_was_put_through():
    story = Story("voicemail", replace(ORDER, ring_s=25))
    story.give(f"<Response><Dial action='/after'>{DESK}</Dial></Response>", 18)
    call = story.at(26)

    assert call.fetch is not None
    assert (call.fetch.url, call.fetch.params["DialCallStatus"]) == (
        "https://insurer.example/after",
        "completed",
    )
    assert story.give("<Response/>", 26).status == "completed"


def test_a_desk_that_does_not_answer_is_said_to_the_document():
    story = Story("wants_operator", desk="never_answers")
    story.give(f"<Response><Dial action='/after' timeout='10'>{DESK}</Dial></Response>", 5)

    assert story.at(14.9).stage is Stage.BRIDGED
    call = story.at(15)
    assert call.fetch is not None
    assert call.fetch.params["DialCallStatus"] == "no-answer"


@pytest.mark.parametrize("address", ["http://[::1/next", "mailto:desk@insurer.example"])
def test_an_address_that_is_none_ends_the_call_and_not_the_carrier(address: str):
    story = Story("answers_fine")
    story.at(6.0)
    call = story.give(f"<Response><Redirect>{address}</Redirect></Response>", 6.0)

    assert (call.status, call.stage) == ("completed", Stage.ENDED)
    assert "application_error" in [kind for _, kind in story.lines]


def test_a_document_that_cannot_be_had_is_asked_of_the_fallback_once():
    story = Story("answers_fine", replace(ORDER, fallback_url="https://other.example/sorry"))
    story.at(5)
    call = story.fail(6)

    assert call.fetch is not None
    assert (call.fetch.url, call.fetch.params["ErrorCode"]) == ("https://other.example/sorry", "11200")
    assert story.give("<Response><Sey/></Response>", 7).status == "completed"
    assert story.lines[-2:] == [(7, "application_error"), (7, "ended")]


def test_an_answer_to_an_older_question_changes_nothing():
    story = Story("answers_fine")
    story.give(ASK, 5)
    call = story.at(10)
    step = conversation.document_came(call, 1, THANKS, 10, story.world)

    assert step.call == call
    assert not step.entries


def test_a_document_that_runs_in_a_circle_ends():
    story = Story("silent")
    story.at(5)
    for _ in range(200):
        if story.call.stage is Stage.ENDED:
            break
        story.give("<Response><Redirect/></Response>", 5)

    assert story.call.status == "completed"
    assert story.call.fetches == fetching.MOST_FETCHES


def test_nobody_listens_for_ever():
    story = Story("silent", replace(ORDER, limit_s=30))
    story.give("<Response><Pause length='500'/></Response>", 5)

    assert story.at(1000).ended_at == 35.0


def test_a_ringing_call_is_cancelled():
    story = Story("answers_fine")
    call = story.update(CallChange("canceled", "", "POST", ""), 3)

    assert (call.status, call.ended_at, call.next_at) == ("canceled", 3, None)
    assert story.callbacks[-1]["CallStatus"] == "canceled"
    assert story.at(1000) == call


def test_cancelling_leaves_an_answered_call_alone_and_completing_ends_it():
    story = Story("answers_fine")
    call = story.give(ASK, 5)

    left = conversation.update(call, CallChange("canceled", "", "POST", ""), 6, story.world)
    ended = conversation.update(call, CallChange("completed", "", "POST", ""), 6, story.world)

    assert left.call.status == "in-progress"
    assert (ended.call.status, ended.call.ended_at) == ("completed", 6)


@pytest.mark.parametrize(
    "change",
    [CallChange("canceled", "", "POST", ""), CallChange("", "https://insurer.example/b", "POST", "")],
)
def test_a_call_that_is_over_cannot_be_changed(change: CallChange):
    story = Story("busy")

    with pytest.raises(TwilioError) as caught:
        conversation.update(story.at(10), change, 10, story.world)
    assert caught.value.code == 21220


def test_an_answered_call_goes_on_with_another_document():
    story = Story("silent")
    story.give(ASK, 5)
    call = story.update(CallChange("", "https://insurer.example/b", "POST", ""), 6)

    assert call.fetch is not None
    assert call.fetch.url == "https://insurer.example/b"
    assert story.at(60).stage is Stage.FETCHING
