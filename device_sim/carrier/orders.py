"""What a client may ask of the carrier: form parameters become orders, or Twilio's own errors.

Pure. Unknown parameters are refused, which Twilio does not do: a misspelt one shall not pass here.
With `strict=False` they are ignored. The names are those of Twilio's call and message resources.
Codes as in Twilio's error dictionary; Twilio advises to act on the HTTP class, not on the code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from device_sim.carrier import twiml, webhooks
from device_sim.carrier.detection import Detection, Mode

E164: Final = re.compile(r"\+[1-9]\d{6,14}")
CALL_EVENTS: Final = ("initiated", "ringing", "answered", "completed")
DEFAULT_RING_S: Final = 60
LONGEST_RING_S: Final = 600
DEFAULT_LIMIT_S: Final = 4 * 3600
LONGEST_LIMIT_S: Final = 24 * 3600
LONGEST_BODY: Final = 1600
LONGEST_TWIML: Final = 4000

Form = Mapping[str, Sequence[str]]

_CALL: Final = frozenset(
    {"To", "From", "Url", "Method", "Twiml", "FallbackUrl", "FallbackMethod", "Timeout", "TimeLimit"}
    | {"StatusCallback", "StatusCallbackMethod", "StatusCallbackEvent"}
    | {"MachineDetection", "MachineDetectionTimeout", "MachineDetectionSpeechThreshold"}
    | {"MachineDetectionSpeechEndThreshold", "MachineDetectionSilenceTimeout"}
    | {"AsyncAmd", "AsyncAmdStatusCallback", "AsyncAmdStatusCallbackMethod"}
)
_CALL_WITHOUT_EFFECT: Final = frozenset(
    {"Record", "RecordingChannels", "RecordingStatusCallback", "RecordingStatusCallbackMethod"}
    | {"RecordingStatusCallbackEvent", "RecordingTrack", "RecordingConfigurationId", "Trim"}
    | {"CallReason", "CallerId", "CallToken"}
)
_CALL_NOT_SIMULATED: Final = frozenset(
    {"ApplicationSid", "SendDigits", "SipAuthUsername", "SipAuthPassword", "Byoc", "Passports"}
    | {"ClientNotificationUrl"}
)
_CHANGE: Final = frozenset({"Status", "Url", "Method", "Twiml", "FallbackUrl", "FallbackMethod"})
_CHANGE_NOT_SIMULATED: Final = frozenset({"StatusCallback", "StatusCallbackMethod", "TimeLimit"})
_MESSAGE: Final = frozenset({"To", "From", "Body", "StatusCallback"})
_MESSAGE_WITHOUT_EFFECT: Final = frozenset(
    {"ValidityPeriod", "SmartEncoded", "ProvideFeedback", "MaxPrice", "Attempt", "ForceDelivery"}
    | {"ContentRetention", "AddressRetention", "RiskCheck", "MessageIntent", "TrafficType"}
)
_MESSAGE_NOT_SIMULATED: Final = frozenset(
    {"MediaUrl", "MessagingServiceSid", "ContentSid", "ContentVariables", "ApplicationSid", "SendAsMms"}
    | {"ScheduleType", "SendAt", "ShortenUrls", "PersistentAction", "FallbackFrom"}
)

CALL_NAMES: Final = _CALL | _CALL_WITHOUT_EFFECT | _CALL_NOT_SIMULATED
CHANGE_NAMES: Final = _CHANGE | _CHANGE_NOT_SIMULATED
MESSAGE_NAMES: Final = _MESSAGE | _MESSAGE_WITHOUT_EFFECT | _MESSAGE_NOT_SIMULATED
"""Every parameter that Twilio documents for each request."""


class TwilioError(Exception):
    """A refusal in Twilio's form: HTTP status, code and words."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    @property
    def body(self) -> dict[str, object]:
        """The JSON that Twilio answers with."""
        return {
            "code": self.code,
            "message": self.message,
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }


@dataclass(frozen=True)
class CallOrder:
    """A call as it was asked for. Exactly one of `url` and `twiml` is set."""

    to: str
    from_: str
    url: str
    method: str
    twiml: str
    fallback_url: str
    fallback_method: str
    status_callback: str
    status_callback_method: str
    status_callback_events: tuple[str, ...]
    ring_s: int
    limit_s: int
    detection: Detection | None = None


@dataclass(frozen=True)
class CallChange:
    """An update of a call: end it (`status`), or go on with another document."""

    status: str
    url: str
    method: str
    twiml: str
    fallback_url: str = ""
    fallback_method: str = "POST"


@dataclass(frozen=True)
class MessageOrder:
    """A text message as it was asked for."""

    to: str
    from_: str
    body: str
    status_callback: str


def call_order(form: Form, from_numbers: frozenset[str] = frozenset(), *, strict: bool = True) -> CallOrder:
    """Check the parameters of POST Calls. `from_numbers` empty: any valid number may call.

    Raises:
        TwilioError: 400 with the code of the first thing wrong.
    """
    _check_names(form, _CALL, _CALL_WITHOUT_EFFECT, _CALL_NOT_SIMULATED, strict=strict)
    to, from_ = _numbers(form, from_numbers, missing_to=21201, missing_from=21213)
    url, document = _one(form, "Url"), _one(form, "Twiml")
    if bool(url) == bool(document):
        raise TwilioError(400, 21205, "Exactly one of Url and Twiml is required.")
    if url:
        _check_url(url, "Url", 21205)
    _check_twiml(document)
    fallback, callback = _one(form, "FallbackUrl"), _one(form, "StatusCallback")
    if fallback:
        _check_url(fallback, "FallbackUrl", 21205)
    if callback:
        _check_url(callback, "StatusCallback", 21609)
    events = tuple(form.get("StatusCallbackEvent", ())) or ("completed",)
    if wrong := sorted(set(events) - set(CALL_EVENTS)):
        raise TwilioError(400, 21626, f"Invalid StatusCallbackEvent: {', '.join(wrong)}")
    return CallOrder(
        to=to,
        from_=from_,
        url=url,
        method=_method(form, "Method"),
        twiml=document,
        fallback_url=fallback,
        fallback_method=_method(form, "FallbackMethod"),
        status_callback=callback,
        status_callback_method=_method(form, "StatusCallbackMethod"),
        status_callback_events=events,
        ring_s=_whole(form, "Timeout", DEFAULT_RING_S, 1, LONGEST_RING_S),
        limit_s=_whole(form, "TimeLimit", DEFAULT_LIMIT_S, 1, LONGEST_LIMIT_S),
        detection=_detection(form),
    )


def call_change(form: Form, *, strict: bool = True) -> CallChange:
    """Check the parameters of POST Calls/{sid}.

    Raises:
        TwilioError: 400 with the code of the first thing wrong.
    """
    _check_names(form, _CHANGE, frozenset(), _CHANGE_NOT_SIMULATED, strict=strict)
    change = CallChange(
        status=_one(form, "Status"),
        url=_one(form, "Url"),
        method=_method(form, "Method"),
        twiml=_one(form, "Twiml"),
        fallback_url=_one(form, "FallbackUrl"),
        fallback_method=_method(form, "FallbackMethod"),
    )
    if change.status not in {"", "canceled", "completed"}:
        raise TwilioError(400, 20001, f"Status {change.status!r} is not canceled or completed.")
    if [bool(change.status), bool(change.url), bool(change.twiml)].count(True) != 1:
        raise TwilioError(400, 20001, "Exactly one of Status, Url and Twiml is required.")
    if change.url:
        _check_url(change.url, "Url", 21205)
    if change.fallback_url:
        _check_url(change.fallback_url, "FallbackUrl", 21205)
    _check_twiml(change.twiml)
    return change


def message_order(
    form: Form, from_numbers: frozenset[str] = frozenset(), *, strict: bool = True
) -> MessageOrder:
    """Check the parameters of POST Messages.

    Raises:
        TwilioError: 400 with the code of the first thing wrong.
    """
    _check_names(form, _MESSAGE, _MESSAGE_WITHOUT_EFFECT, _MESSAGE_NOT_SIMULATED, strict=strict)
    to, from_ = _numbers(form, from_numbers, missing_to=21604, missing_from=21603)
    body, callback = _one(form, "Body"), _one(form, "StatusCallback")
    if not body:
        raise TwilioError(400, 21602, "Message body is required.")
    if len(body) > LONGEST_BODY:
        raise TwilioError(400, 21617, f"The message body exceeds the {LONGEST_BODY} character limit.")
    if callback:
        _check_url(callback, "StatusCallback", 21609)
    return MessageOrder(to, from_, body, callback)


def _detection(form: Form) -> Detection | None:
    """Ranges and defaults as Twilio documents them, in seconds and milliseconds."""
    mode, asynchronous = _one(form, "MachineDetection"), _one(form, "AsyncAmd") or "false"
    if asynchronous not in {"true", "false"}:
        raise TwilioError(400, 20001, f"AsyncAmd {asynchronous!r} is not true or false.")
    callback = _one(form, "AsyncAmdStatusCallback")
    if callback:
        _check_url(callback, "AsyncAmdStatusCallback", 21609)
    _whole(form, "MachineDetectionTimeout", 30, 3, 59)
    _whole(form, "MachineDetectionSpeechThreshold", 2400, 1000, 6000)
    _whole(form, "MachineDetectionSpeechEndThreshold", 1200, 500, 5000)
    silence_ms = _whole(form, "MachineDetectionSilenceTimeout", 5000, 2000, 10_000)
    if not mode:
        if callback or asynchronous == "true":
            raise TwilioError(400, 20001, "AsyncAmd without MachineDetection detects nothing.")
        return None
    if mode not in {"Enable", "DetectMessageEnd"}:
        raise TwilioError(400, 20001, f"MachineDetection {mode!r} is not Enable or DetectMessageEnd.")
    if asynchronous == "false":
        raise TwilioError(400, 20001, "MachineDetection without AsyncAmd is not simulated by this carrier.")
    return Detection(
        cast("Mode", mode), callback, _method(form, "AsyncAmdStatusCallbackMethod"), silence_ms / 1000
    )


def _check_names(
    form: Form,
    known: frozenset[str],
    without_effect: frozenset[str],
    not_simulated: frozenset[str],
    *,
    strict: bool,
) -> None:
    for name in form:
        if name in not_simulated:
            raise TwilioError(400, 20001, f"Parameter {name} is not simulated by this carrier.")
        if strict and name not in known | without_effect:
            raise TwilioError(400, 20001, f"Unknown parameter {name}.")


def _numbers(
    form: Form, from_numbers: frozenset[str], *, missing_to: int, missing_from: int
) -> tuple[str, str]:
    to, from_ = _one(form, "To"), _one(form, "From")
    if not to:
        raise TwilioError(400, missing_to, "No 'To' number is specified.")
    if not E164.fullmatch(to):
        raise TwilioError(400, 21211, f"Invalid 'To' Phone Number: {to}")
    if not from_:
        raise TwilioError(400, missing_from, "No 'From' number is specified.")
    if not E164.fullmatch(from_) or (from_numbers and from_ not in from_numbers):
        raise TwilioError(400, 21212, f"Invalid 'From' Phone Number: {from_}")
    if to == from_:
        raise TwilioError(400, 21211, "'To' and 'From' are the same number.")
    return to, from_


def _one(form: Form, name: str) -> str:
    values = form.get(name, ())
    if len(values) > 1:
        raise TwilioError(400, 20001, f"Parameter {name} is given {len(values)} times.")
    return values[0] if values else ""


def _method(form: Form, name: str) -> str:
    method = _one(form, name) or "POST"
    if method not in {"GET", "POST"}:
        raise TwilioError(400, 21209, f"{name} {method!r} is not GET or POST.")
    return method


def _whole(form: Form, name: str, default: int, least: int, most: int) -> int:
    written = _one(form, name)
    if not written:
        return default
    if not written.isdecimal() or not least <= int(written) <= most:
        raise TwilioError(400, 21208, f"{name} {written!r} is not a whole number from {least} to {most}.")
    return int(written)


def _check_url(url: str, name: str, code: int) -> None:
    try:
        webhooks.split(url, webhooks.Policy())
    except ValueError as error:
        raise TwilioError(400, code, f"{name} {url!r} is not a valid URL: {error}") from None


def _check_twiml(document: str) -> None:
    if not document:
        return
    if len(document) > LONGEST_TWIML:
        raise TwilioError(400, 21240, f"Twiml exceeds {LONGEST_TWIML} characters.")
    try:
        twiml.parse(document)
    except twiml.TwimlError as error:
        raise TwilioError(400, error.code, f"Twiml cannot be followed: {error}") from None
