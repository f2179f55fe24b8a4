"""What a failure at the carrier means for a second try, and what is asked of the SDK."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
import requests
from requests.adapters import BaseAdapter
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.request_validator import RequestValidator
from twilio.rest.api.v2010.account.call import CallList
from twilio.rest.api.v2010.account.message import MessageList
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPSConnectionPool
from urllib3.exceptions import MaxRetryError, NameResolutionError, NewConnectionError, ProtocolError

from incident.channels.telephony import (
    Barred,
    CarrierError,
    Found,
    Overloaded,
    Rejected,
    Unanswered,
    Unreachable,
)
from incident.channels.twilio_carrier import TwilioCarrier
from runtime.settings import Settings

CALL = UUID("0b0f6a54-8d3c-4d58-9a1e-0123456789ab")
SINCE = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
POOL = HTTPSConnectionPool("api.twilio.com")
LINE = HTTPSConnection("api.twilio.com")


@dataclass
class Wire(BaseAdapter):
    """In place of the network: answers what it is told to, and keeps what was asked."""

    answer: Callable[[requests.PreparedRequest], tuple[int, str]] | Exception
    asked: list[tuple[str, str, dict[str, list[str]]]] = field(
        default_factory=list[tuple[str, str, dict[str, list[str]]]]
    )
    timeouts: list[object] = field(default_factory=list[object])

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:  # pyright: ignore[reportIncompatibleMethodOverride] the rest is passed on
        body = request.body if isinstance(request.body, str) else ""
        url = request.url or ""
        values = parse_qs(body or urlsplit(url).query)
        self.asked.append((str(request.method), url.partition("?")[0], values))
        self.timeouts.append(kwargs.get("timeout"))
        if isinstance(self.answer, Exception):
            raise self.answer
        status, text = self.answer(request)
        response = requests.Response()
        response.status_code = status
        response._content = text.encode()  # pyright: ignore[reportPrivateUsage] there is no other way to fill one
        response.request = request
        response.url = url
        return response

    def close(self) -> None:
        pass


def settings(**more: Any) -> Settings:
    return Settings(
        _env_file=None,  # pyright: ignore[reportCallIssue] pydantic-settings' own argument
        twilio_account_sid="AC" + "0" * 32,
        twilio_auth_token="secret",  # pyright: ignore[reportArgumentType] made a SecretStr
        public_url="https://button.example",
        **more,
    )


def carrier(
    answer: Callable[[requests.PreparedRequest], tuple[int, str]] | Exception, **more: Any
) -> tuple[TwilioCarrier, Wire]:
    made, wire = TwilioCarrier(settings(**more)), Wire(answer)
    session = made._client.http_client.session  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue, reportUnknownVariableType] the network is cut here
    session.mount("https://", wire)
    session.mount("http://", wire)
    return made, wire


def says(http: int, /, **body: object) -> Callable[[object], tuple[int, str]]:
    return lambda _: (http, json.dumps(body))


def place(answer: Callable[[requests.PreparedRequest], tuple[int, str]] | Exception) -> str:
    return carrier(answer)[0].place_call("+819000000001", CALL, 14)


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the machine must not matter either."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")


# The SDK reports an answer.


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Rejected),
        (401, Barred),
        (403, Rejected),
        (404, Rejected),
        (408, Unanswered),
        (429, Overloaded),
        (500, Unanswered),
        (502, Unanswered),
        (503, Unanswered),
        (504, Unanswered),
    ],
)
def test_by_http_class(status: int, kind: type[CarrierError]) -> None:
    with pytest.raises(kind, match=f"HTTP {status}, code 21211: .*Invalid 'To'") as caught:
        place(says(status, code=21211, message="Invalid 'To' Phone Number", status=status))
    assert type(caught.value) is kind
    assert isinstance(caught.value.__cause__, TwilioRestException)


@pytest.mark.parametrize(("status", "kind"), [(400, Rejected), (429, Overloaded), (500, Unanswered)])
def test_by_http_class_in_the_newer_form_of_errors(status: int, kind: type[CarrierError]) -> None:
    problem = {
        "type": "https://x.example",
        "title": "Bad",
        "status": status,
        "code": 20001,
        "detail": "no such",
    }
    with pytest.raises(kind, match=f"HTTP {status}, code 20001: no such") as caught:
        place(says(status, **problem))
    assert isinstance(caught.value.__cause__, TwilioServiceException)


@pytest.mark.parametrize("text", ["<html>Bad gateway</html>", ""])
def test_an_error_that_is_no_json_is_still_told_by_its_status(text: str) -> None:
    with pytest.raises(Unanswered, match="HTTP 502"):
        place(lambda _: (502, text))


@pytest.mark.parametrize("text", ["<html>Welcome to the hotel</html>", "", "{}", '{"sid": null}'])
def test_a_success_without_a_call_is_no_answer(text: str) -> None:
    with pytest.raises(Unanswered):
        place(lambda _: (201, text))


# The connection fails.


def test_a_refused_connection_did_nothing() -> None:
    reason = NewConnectionError(LINE, "Failed to establish a new connection: [Errno 111] Connection refused")
    with pytest.raises(Unreachable):
        place(requests.exceptions.ConnectionError(MaxRetryError(POOL, "/x", reason)))


def test_a_name_that_is_not_found_did_nothing() -> None:
    reason = NameResolutionError("api.twilio.com", LINE, OSError("Temporary failure in name resolution"))  # pyright: ignore[reportArgumentType] gaierror is an OSError
    with pytest.raises(Unreachable):
        place(requests.exceptions.ConnectionError(MaxRetryError(POOL, "/x", reason)))


def test_a_connection_not_made_in_time_did_nothing() -> None:
    with pytest.raises(Unreachable):
        place(requests.exceptions.ConnectTimeout("timed out"))


@pytest.mark.parametrize(
    "error",
    [
        requests.exceptions.ReadTimeout("read timed out"),
        requests.exceptions.ConnectionError(ProtocolError("Connection aborted.", ConnectionResetError(104))),
        requests.exceptions.ConnectionError(),
        requests.exceptions.ChunkedEncodingError("half an answer"),
        requests.exceptions.ContentDecodingError("garbled"),
        TwilioException("something else"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_anything_later_may_have_been_carried_out(error: Exception) -> None:
    with pytest.raises(Unanswered):
        place(error)


@pytest.mark.parametrize("fault", [AttributeError("'list' has no 'get'"), TypeError("x"), KeyError("sid")])
def test_an_answer_the_sdk_falls_over_is_no_answer(fault: Exception) -> None:
    with pytest.raises(Unanswered):
        place(fault)


def test_what_is_a_fault_of_ours_is_not_hidden() -> None:
    with pytest.raises(AssertionError):
        place(AssertionError("a bug"))


def test_a_refused_connection_for_real() -> None:
    with pytest.raises(Unreachable):
        TwilioCarrier(settings(twilio_base_url="http://127.0.0.1:1")).place_call("+819000000001", CALL, 14)


# What is asked.


def test_a_call_carries_our_attempt_in_every_webhook() -> None:
    made, wire = carrier(says(201, sid="CA1", status="queued"))
    assert made.place_call("+819000000001", CALL, 14.0) == "CA1"
    ((method, url, form),) = wire.asked
    assert (method, url) == ("POST", f"https://api.twilio.com/2010-04-01/Accounts/AC{'0' * 32}/Calls.json")
    assert form == {
        "To": ["+819000000001"],
        "From": ["+815000000000"],
        "Url": [f"https://button.example/twilio/voice/{CALL}#rc=5&rp=all"],
        "FallbackUrl": [f"https://button.example/twilio/fallback/{CALL}#rc=5&rp=all"],
        "StatusCallback": [f"https://button.example/twilio/status/{CALL}#rc=5&rp=all"],
        "StatusCallbackEvent": ["initiated", "ringing", "answered", "completed"],
        "MachineDetection": ["Enable"],
        "AsyncAmd": ["true"],
        "AsyncAmdStatusCallback": [f"https://button.example/twilio/amd/{CALL}#rc=5&rp=all"],
        "Timeout": ["14"],
    }
    assert wire.timeouts == [5.0]


@pytest.mark.parametrize(("amd", "detect"), [(False, True), (True, False)])
def test_no_guess_at_voicemail_where_none_is_wanted(amd: bool, detect: bool) -> None:
    made, wire = carrier(says(201, sid="CA1", status="queued"), amd=amd)
    made.place_call("+819000000001", CALL, 14.0, detect=detect)
    assert not {"MachineDetection", "AsyncAmd", "AsyncAmdStatusCallback"} & set(wire.asked[0][2])


def test_a_line_is_brought_to_the_conference() -> None:
    made, wire = carrier(says(200, sid="CA1", status="in-progress"))
    made.connect_call("CA1", CALL)
    ((method, url, form),) = wire.asked
    assert (method, url.rpartition("/")[2]) == ("POST", "CA1.json")
    assert form == {
        "Url": [f"https://button.example/twilio/connect/{CALL}#rc=5&rp=all"],
        "FallbackUrl": [f"https://button.example/twilio/fallback/{CALL}#rc=5&rp=all"],
    }


def test_a_line_that_is_gone_cannot_be_brought_anywhere() -> None:
    gone = says(400, code=21220, message="Unable to update record. Call is not in-progress.", status=400)
    with pytest.raises(Rejected):
        carrier(gone)[0].connect_call("CA1", CALL)


@pytest.mark.parametrize(
    ("more", "host"),
    [
        ({"twilio_edge": "tokyo", "twilio_region": "jp1"}, "api.tokyo.jp1.twilio.com"),
        # The SDK puts a region of its own beside an edge without one.
        ({"twilio_edge": "tokyo"}, "api.tokyo.us1.twilio.com"),
        ({}, "api.twilio.com"),
    ],
)
def test_requests_enter_by_the_edge_that_is_set(more: dict[str, str], host: str) -> None:
    made, wire = carrier(says(201, sid="CA1", status="queued"), **more)
    made.place_call("+819000000001", CALL, 14.0)
    assert urlsplit(wire.asked[0][1]).hostname == host


# What Twilio documents, https://www.twilio.com/docs/voice/api/call-resource and …/messaging/api/message-resource,
# as far as we send it: a parameter that is misspelt would be ignored there without a word.
CREATE_CALL = [
    "To",
    "From",
    "Method",
    "FallbackUrl",
    "FallbackMethod",
    "StatusCallback",
    "StatusCallbackEvent",
    "StatusCallbackMethod",
    "SendDigits",
    "Timeout",
    "Record",
    "RecordingChannels",
    "RecordingStatusCallback",
    "RecordingStatusCallbackMethod",
    "SipAuthUsername",
    "SipAuthPassword",
    "MachineDetection",
    "MachineDetectionTimeout",
    "RecordingStatusCallbackEvent",
    "Trim",
    "CallerId",
    "MachineDetectionSpeechThreshold",
    "MachineDetectionSpeechEndThreshold",
    "MachineDetectionSilenceTimeout",
    "AsyncAmd",
    "AsyncAmdStatusCallback",
    "AsyncAmdStatusCallbackMethod",
    "Byoc",
    "CallReason",
    "CallToken",
    "RecordingTrack",
    "TimeLimit",
    "ClientNotificationUrl",
    "Url",
    "Twiml",
    "ApplicationSid",
]
UPDATE_CALL = [
    "Url",
    "Method",
    "Status",
    "FallbackUrl",
    "FallbackMethod",
    "StatusCallback",
    "StatusCallbackMethod",
    "Twiml",
    "TimeLimit",
]
CREATE_MESSAGE = [
    "To",
    "From",
    "Body",
    "StatusCallback",
    "ApplicationSid",
    "MaxPrice",
    "ProvideFeedback",
    "Attempt",
    "ValidityPeriod",
    "ForceDelivery",
    "ContentRetention",
    "AddressRetention",
    "SmartEncoded",
    "PersistentAction",
    "TrafficType",
    "ShortenUrls",
    "ScheduleType",
    "SendAt",
    "SendAsMms",
    "ContentVariables",
    "RiskCheck",
    "MessagingServiceSid",
    "MediaUrl",
    "ContentSid",
]


def test_no_parameter_is_sent_that_twilio_does_not_document() -> None:
    made, wire = carrier(says(201, sid="CA1", status="canceled"))
    made.place_call("+819000000001", CALL, 14.0)
    made.connect_call("CA1", CALL)
    made.cancel_call("CA1")
    made.send_sms("+819000000001", "x", CALL)
    documented = [CREATE_CALL, UPDATE_CALL, UPDATE_CALL, CREATE_MESSAGE]
    for (_, _, form), names in zip(wire.asked, documented, strict=True):
        assert set(form) <= set(names)
    # The SDK itself knows the same names, spelt as Python spells them.
    for create, names in ((CallList.create, CREATE_CALL), (MessageList.create, CREATE_MESSAGE)):
        spelt = {name.rstrip("_") for name in inspect.signature(create).parameters} - {"self"}
        camel = {"".join(part.capitalize() for part in name.split("_")) for name in spelt}
        assert set(wire.asked[0][2] if names is CREATE_CALL else wire.asked[3][2]) <= camel & set(names)


# Vectors of the SDK's own tests (twilio-python, tests/unit/test_request_validator.py), after Twilio's documentation.


def test_signatures_are_those_of_twilios_documentation() -> None:
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    form = {
        "CallSid": "CA1234567890ABCDE",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
        "Caller": "+14158675309",
    }
    validator = RequestValidator("12345")
    assert validator.compute_signature(url, form) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    assert validator.validate(url, form, "RSOYDt4T1cUTdK1PDd93/VVr8B8=")
    assert not validator.validate(url, form | {"Digits": "1"}, "RSOYDt4T1cUTdK1PDd93/VVr8B8=")


def test_another_carrier_gets_the_same_request() -> None:
    made, wire = carrier(says(201, sid="CA1"), twilio_base_url="http://127.0.0.1:8123")
    made.place_call("+819000000001", CALL, 14)
    assert wire.asked[0][1] == f"http://127.0.0.1:8123/2010-04-01/Accounts/AC{'0' * 32}/Calls.json"


def listed(sid: str, seconds: float, **more: object) -> dict[str, object]:
    return {"sid": sid, "date_created": format_datetime(SINCE + timedelta(seconds=seconds)), **more}


def test_calls_are_found_by_number_the_oldest_first_and_queued_ones_too() -> None:
    calls = [
        listed("CA4", 3, status="queued", start_time=None),
        listed("CA3", 1, status="ringing"),
        listed("CA2", -20, status="completed"),
        listed("CA1", -40, status="completed"),
    ]
    made, wire = carrier(says(200, calls=calls, next_page_uri=None))
    assert made.find_calls("+819000000001", SINCE) == [
        Found("CA2", "completed"),
        Found("CA3", "ringing"),
        Found("CA4", "queued"),
    ]
    ((method, _, query),) = wire.asked
    assert method == "GET"
    # A filter on the start would leave out CA4, and the call would be made a second time.
    assert {name: values for name, values in query.items() if not name.startswith("Page")} == {
        "To": ["+819000000001"],
        "From": ["+815000000000"],
    }


def test_messages_are_found_by_their_very_text() -> None:
    messages = [
        listed("SM3", 2, status="queued", body="A", date_sent=None),
        listed("SM2", 1, status="sent", body="B"),
        listed("SM1", -60, status="delivered", body="A"),
    ]
    made, _ = carrier(says(200, messages=messages, next_page_uri=None))
    assert made.find_messages("+819000000001", "A", SINCE) == [Found("SM3", "queued")]


def test_withdrawing_says_how_the_call_stands_then() -> None:
    made, wire = carrier(says(200, sid="CA1", status="in-progress"))
    assert made.cancel_call("CA1") == "in-progress"
    assert wire.asked[0][2] == {"Status": ["canceled"]}
    assert made.call_status("CA1") == "in-progress"


def test_a_text() -> None:
    made, wire = carrier(says(201, sid="SM1"))
    assert made.send_sms("+819000000001", "到着", CALL) == "SM1"
    assert wire.asked[0][2]["StatusCallback"] == [f"https://button.example/twilio/sms/{CALL}#rc=5&rp=all"]
    assert wire.asked[0][2]["Body"] == ["到着"]
