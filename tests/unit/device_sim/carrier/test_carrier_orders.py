import inspect
import re

import pytest
from twilio.rest.api.v2010.account.call import CallContext, CallList
from twilio.rest.api.v2010.account.message import MessageList

from device_sim.carrier.detection import Detection
from device_sim.carrier.messages import segments
from device_sim.carrier.orders import (
    CALL_NAMES,
    CHANGE_NAMES,
    MESSAGE_NAMES,
    CallChange,
    CallOrder,
    MessageOrder,
    TwilioError,
    call_change,
    call_order,
    message_order,
)

CALL = {"To": ["+819011112222"], "From": ["+815000000000"], "Url": ["https://insurer.example/v"]}
MESSAGE = {"To": ["+819011112222"], "From": ["+815000000000"], "Body": ["大丈夫ですか"]}


def test_a_plain_call_takes_the_documented_defaults():
    assert call_order(CALL) == CallOrder(
        to="+819011112222",
        from_="+815000000000",
        url="https://insurer.example/v",
        method="POST",
        twiml="",
        fallback_url="",
        fallback_method="POST",
        status_callback="",
        status_callback_method="POST",
        status_callback_events=("completed",),
        ring_s=60,
        limit_s=14400,
    )


def test_repeated_events_are_all_kept():
    order = call_order(CALL | {"StatusCallbackEvent": ["ringing", "answered"], "Timeout": ["14"]})

    assert order.status_callback_events == ("ringing", "answered")
    assert order.ring_s == 14


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"To": []}, 21201),
        ({"To": ["09011112222"]}, 21211),
        ({"To": ["+81 90 1111"]}, 21211),
        ({"To": ["+815000000000"]}, 21211),
        ({"From": []}, 21213),
        ({"From": ["insurer"]}, 21212),
        ({"From": ["+815000000009"]}, 21212),
        ({"Url": []}, 21205),
        ({"Url": ["/voice"]}, 21205),
        ({"Url": ["ftp://insurer.example/v"]}, 21205),
        ({"Url": ["https://insurer.example/v#rc=9"]}, 21205),
        ({"Url": ["https://insurer.example/v#retries=2"]}, 21205),
        ({"Twiml": ["<Response/>"]}, 21205),
        ({"Url": [], "Twiml": ["<Response><Sey/></Response>"]}, 12200),
        ({"StatusCallback": ["insurer.example"]}, 21609),
        ({"StatusCallbackEvent": ["in-progress"]}, 21626),
        ({"StatusCallbackEvent": ["initiated ringing"]}, 21626),
        ({"Timeout": ["soon"]}, 21208),
        ({"Timeout": ["0"]}, 21208),
        ({"Timeout": ["601"]}, 21208),
        ({"Timeout": ["14", "15"]}, 20001),
        ({"Method": ["PUT"]}, 21209),
        ({"TimeOut": ["14"]}, 20001),
        ({"MachineDetection": ["Enable"]}, 20001),
        ({"MachineDetection": ["Human"], "AsyncAmd": ["true"]}, 20001),
        ({"MachineDetection": ["Enable"], "AsyncAmd": ["yes"]}, 20001),
        ({"MachineDetection": ["Enable"], "AsyncAmd": ["true"], "AsyncAmdStatusCallback": ["amd"]}, 21609),
        ({"AsyncAmdStatusCallback": ["https://insurer.example/amd"]}, 20001),
        ({"MachineDetectionSilenceTimeout": ["1"]}, 21208),
        ({"ValidityPeriod": ["10"]}, 20001),
        ({"AsyncAMD": ["true"]}, 20001),
    ],
)
def test_a_call_with_something_wrong_is_refused(changes: dict[str, list[str]], code: int):
    with pytest.raises(TwilioError) as caught:
        call_order(CALL | changes, frozenset({"+815000000000"}))

    assert (caught.value.status, caught.value.code) == (400, code)
    assert caught.value.body["more_info"] == f"https://www.twilio.com/docs/errors/{code}"


def test_detection_is_asked_for_with_a_call():
    asked = {
        "MachineDetection": ["DetectMessageEnd"],
        "AsyncAmd": ["true"],
        "AsyncAmdStatusCallback": ["https://insurer.example/amd"],
        "AsyncAmdStatusCallbackMethod": ["GET"],
        "MachineDetectionSilenceTimeout": ["3000"],
    }

    assert call_order(CALL | asked).detection == Detection(
        "DetectMessageEnd", "https://insurer.example/amd", "GET", 3.0
    )


def test_what_twilio_would_ignore_is_ignored_where_that_is_wanted():
    assert call_order(CALL | {"ValidityPeriod": ["10"]}, strict=False) == call_order(CALL)
    assert message_order(MESSAGE | {"Text": ["a"]}, strict=False) == message_order(MESSAGE)
    assert call_change({"Status": ["canceled"], "Why": ["a"]}, strict=False).status == "canceled"


@pytest.mark.parametrize(
    ("resource", "method", "known"),
    [
        (CallList, "_create", CALL_NAMES),
        (CallContext, "_update", CHANGE_NAMES),
        (MessageList, "_create", MESSAGE_NAMES),
    ],
)
def test_the_parameters_known_are_those_of_the_sdk(resource: type, method: str, known: frozenset[str]):
    """The SDK is made from Twilio's own description of its API."""
    sends = set(re.findall(r'"([A-Z]\w+)":', inspect.getsource(getattr(resource, method)))) - {"Accept"}

    assert sends == known


def test_changes_of_a_call():
    assert call_change({"Status": ["canceled"]}) == CallChange("canceled", "", "POST", "")
    on = {"Url": ["https://a.example"], "FallbackUrl": ["https://b.example"], "FallbackMethod": ["GET"]}
    assert call_change(on) == CallChange("", "https://a.example", "POST", "", "https://b.example", "GET")
    for wrong in ({"Status": ["busy"]}, {}, {"Status": ["completed"], "Url": ["https://a.example"]}):
        with pytest.raises(TwilioError):
            call_change(wrong)


def test_messages():
    assert message_order(MESSAGE | {"ValidityPeriod": ["60"]}) == MessageOrder(
        "+819011112222", "+815000000000", "大丈夫ですか", ""
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"To": []}, 21604),
        ({"From": []}, 21603),
        ({"Body": [""]}, 21602),
        ({"Body": ["x" * 1601]}, 21617),
        ({"StatusCallback": ["nowhere"]}, 21609),
        ({"Text": ["hello"]}, 20001),
        ({"MessagingServiceSid": ["MG1"]}, 20001),
    ],
)
def test_a_message_with_something_wrong_is_refused(changes: dict[str, list[str]], code: int):
    with pytest.raises(TwilioError) as caught:
        message_order(MESSAGE | changes)

    assert caught.value.code == code


@pytest.mark.parametrize(
    ("body", "count"),
    [("a" * 160, 1), ("a" * 161, 2), ("あ" * 70, 1), ("あ" * 71, 2), ("あ" * 135, 3), ("é" * 160, 1)],
)
def test_segments_are_counted_as_the_network_does(body: str, count: int):
    assert segments(body) == count
