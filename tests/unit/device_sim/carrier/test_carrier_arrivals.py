"""People who ring our number, or write to it."""

from dataclasses import replace

import pytest
from pydantic import ValidationError
from support.carrier_story import ORDER, TO, WE, Calls

from device_sim.carrier import inbound, messages
from device_sim.carrier.calls import Pace, Stage
from device_sim.carrier.inbound import OurNumber, Ring, Text
from device_sim.carrier.orders import MessageOrder, TwilioError
from device_sim.carrier.people import Person, Temperament
from device_sim.carrier.twiml import TwimlError

NUMBER = OurNumber(
    voice_url="https://insurer.example/in",
    voice_fallback_url="https://other.example/in",
    status_callback="https://insurer.example/in-status",
)
RING = Ring.model_validate({"from": TO, "to": WE})
ORDERED = inbound.call_order(RING, NUMBER)
ASK = "<Response><Gather action='/key' numDigits='1'><Say>ご用件は</Say></Gather></Response>"


def ringing(temperament: str = "asks_help") -> Calls:
    calls = Calls({TO: temperament})
    calls.ring_us("CA1", TO, order=ORDERED)
    return calls


def test_our_address_is_asked_while_it_rings_and_its_document_answers():
    calls = ringing()
    call = calls.known["CA1"]
    assert call.fetch is not None
    assert (call.status, call.fetch.url) == ("ringing", "https://insurer.example/in")
    asked = {name: call.fetch.params[name] for name in ("From", "To", "Direction", "CallStatus", "CallSid")}
    assert asked == {"From": TO, "To": WE, "Direction": "inbound", "CallStatus": "ringing", "CallSid": "CA1"}

    call = calls.give("CA1", ASK, 2)
    assert (call.status, call.answered_at) == ("in-progress", 2)
    calls.at(7)
    call = calls.known["CA1"]
    assert call.fetch is not None
    assert (call.fetch.params["Digits"], call.fetch.params["CallStatus"]) == ("2", "in-progress")


def test_only_the_end_of_a_call_that_came_in_is_told():
    calls = ringing()
    calls.give("CA1", "<Response><Say>はい</Say></Response>", 2)
    calls.at(60)

    (told,) = calls.sent("status")
    assert (told["CallStatus"], told["Direction"], told["CallDuration"]) == ("completed", "inbound", "1")


def test_the_fallback_is_asked_while_it_still_rings():
    calls = ringing()
    call = calls.fail("CA1", 3)

    assert call.fetch is not None
    assert (call.status, call.fetch.url, call.fetch.params["ErrorCode"]) == (
        *("ringing", "https://other.example/in", "11200"),
    )
    assert calls.give("CA1", ASK, 4).status == "in-progress"


def test_who_is_not_answered_gives_up():
    calls = ringing("hangs_up_at_once")
    calls.at(10)

    call = calls.known["CA1"]
    assert (call.status, call.ended_at, call.answered_at) == ("canceled", 2, None)


def test_a_caller_meets_an_operator_in_a_conference():
    calls = Calls({TO: "wants_operator", "+819099990000": "takes_call"})
    calls.ring_us("CA1", TO, order=ORDERED)
    join = "<Response><Dial><Conference>cb-9</Conference></Dial></Response>"
    calls.give("CA1", join, 1)
    calls.answer("CA2", join, 20, replace(ORDER, to="+819099990000"))
    calls.at(100)

    assert (calls.known["CA1"].ended_at, calls.known["CA1"].stage) == (28, Stage.ENDED)


def test_a_number_without_an_address_cannot_be_rung():
    with pytest.raises(TwilioError):
        inbound.call_order(RING, OurNumber())


def test_a_caller_may_be_described_or_not():
    given = {"from": TO, "to": WE}

    assert RING.caller is None
    assert Ring.model_validate(given | {"temperament": "silent"}).caller == Person(
        temperament=Temperament.SILENT
    )
    caller = Ring.model_validate(given | {"person": {"temperament": "silent", "says": ["はい"]}}).caller
    assert caller == Person(temperament=Temperament.SILENT, says=("はい",))
    with pytest.raises(ValidationError):
        Ring.model_validate({"from": "me", "to": WE})


def test_a_message_to_us_is_told_as_twilio_does():
    order = inbound.message_order(Text.model_validate({"from": TO, "to": WE, "body": "大丈夫です"}))
    change = messages.received("SM1", "AC1", order, 5.0, url="https://insurer.example/sms", method="POST")

    assert (change.record.status, change.record.direction, change.record.ended_at) == (
        "received",
        "inbound",
        5,
    )
    (told,) = change.outgoing
    assert (told.kind, told.url) == ("sms", "https://insurer.example/sms")
    assert {name: told.params[name] for name in ("MessageSid", "From", "To", "Body", "NumMedia")} == {
        "MessageSid": "SM1",
        "From": TO,
        "To": WE,
        "Body": "大丈夫です",
        "NumMedia": "0",
    }


def test_messages_that_answer_are_read():
    assert inbound.replies("") == []
    assert inbound.replies("<Response/>") == []
    assert inbound.replies(
        "<Response><Message>はい</Message><Message><Body>a</Body></Message></Response>"
    ) == [
        *("はい", "a"),
    ]
    for wrong in ("hello", "<Reply/>", "<Response><Say>a</Say></Response>"):
        with pytest.raises(TwimlError):
            inbound.replies(wrong)


@pytest.mark.parametrize(
    ("body", "link"),
    [
        ("こちらから: https://x.example/a/Ab3?v=1 走行中は", "https://x.example/a/Ab3?v=1"),
        ("こちらからhttp://127.0.0.1:8000/a/t.k-n_9。走行中は", "http://127.0.0.1:8000/a/t.k-n_9"),
        ("https://x.example/b/1 https://x.example/a/2", "https://x.example/a/2"),
        ("https://x.example/b/1", None),
    ],
)
def test_who_follows_links_answers_on_the_page(body: str, link: str | None):
    order = MessageOrder(TO, WE, body, "")
    message = messages.placed("SM1", "AC1", order, 0.0, Pace(0.1)).record
    people = {TO: Person(temperament=Temperament.SILENT, follows_link="help", follows_link_after_s=30)}
    change = messages.advance(message, 100.0, people, Pace(0.1))

    visits = [(each.url, each.params, each.after_s) for each in change.outgoing if each.kind == "link"]
    assert visits == ([] if link is None else [(link, {"answer": "help"}, 3.0)])


def test_who_does_not_get_the_message_follows_no_link():
    message = messages.placed(
        "SM1", "AC1", MessageOrder(TO, WE, "https://x.example/a/1", ""), 0.0, Pace()
    ).record
    lost = {TO: Person(temperament=Temperament.UNREACHABLE, follows_link="help")}

    assert not messages.advance(message, 100.0, lost, Pace()).outgoing
    assert not messages.advance(message, 100.0, {}, Pace()).outgoing
