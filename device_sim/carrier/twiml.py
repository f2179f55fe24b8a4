"""TwiML as the carrier reads it: a document becomes a tuple of verbs, or a clear error.

Pure. Stricter than Twilio on purpose: an unknown verb or attribute, which Twilio would only
warn about (12200), is an error here, so that a misspelt attribute does not pass unnoticed.
"""

from __future__ import annotations

from typing import Final
from xml.etree import ElementTree

from device_sim.carrier.verbs import Dial, Gather, Hangup, Ignored, Pause, Redirect, Room, Say, Verb

DEFAULT_GATHER_TIMEOUT_S: Final = 5.0
DEFAULT_DIAL_TIMEOUT_S: Final = 30.0
AUTO_SPEECH_TIMEOUT_S: Final = 1.0
"""With speechTimeout="auto" the carrier takes a pause for the end of the words; about a second, in our experience."""
MOST_PARTICIPANTS: Final = 250
ROOM_EVENTS: Final = frozenset(
    {"start", "end", "join", "leave", "mute", "hold", "modify", "speaker", "announcement"}
)

_SSML: Final = frozenset(
    {"break", "emphasis", "lang", "p", "phoneme", "prosody", "s", "say-as", "sub", "w", "amazon:domain"}
)
_RECORDING: Final = frozenset(
    {"recordingStatusCallback", "recordingStatusCallbackMethod", "recordingStatusCallbackEvent"}
    | {"trim", "recordingTrack"}
)
_ATTRIBUTES: Final[dict[str, frozenset[str]]] = {
    "Say": frozenset({"voice", "language", "loop"}),
    "Pause": frozenset({"length"}),
    "Play": frozenset({"loop", "digits"}),
    "Record": frozenset({"action", "method", "timeout", "finishOnKey", "maxLength", "playBeep", "transcribe"})
    | _RECORDING,
    "Gather": frozenset(
        {"action", "method", "numDigits", "timeout", "finishOnKey", "input", "language", "hints"}
        | {"actionOnEmptyResult", "speechTimeout", "speechModel", "enhanced", "profanityFilter", "bargeIn"}
    ),
    "Redirect": frozenset({"method"}),
    "Hangup": frozenset(),
    "Dial": frozenset(
        {"action", "method", "timeout", "callerId", "hangupOnStar", "timeLimit", "answerOnBridge", "ringTone"}
        | {"record"}
    )
    | _RECORDING,
    "Number": frozenset({"statusCallback", "statusCallbackEvent", "statusCallbackMethod", "url", "method"}),
    "Conference": frozenset(
        {"muted", "beep", "startConferenceOnEnter", "endConferenceOnExit", "participantLabel", "waitUrl"}
        | {"waitMethod", "maxParticipants", "record", "region", "jitterBufferSize", "statusCallback"}
        | {"statusCallbackMethod", "statusCallbackEvent", "coach", "eventCallbackUrl"}
    )
    | _RECORDING,
}


class TwimlError(ValueError):
    """A document the carrier cannot follow; `code` is Twilio's number for it."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def parse(document: str) -> tuple[Verb, ...]:
    """The verbs of a document, in order.

    Raises:
        TwimlError: 12100 not XML, 12102 no Response root, 12200 a verb, attribute or value not known.
    """
    try:
        # The peer is the system under test, not the open internet; expat bounds entity expansion itself.
        root = ElementTree.fromstring(document.strip())  # noqa: S314
    except ElementTree.ParseError as error:
        raise TwimlError(12100, f"document is not XML: {error}") from None
    if root.tag != "Response":
        raise TwimlError(12102, f"root element is {root.tag}, not Response")
    return tuple(_verb(element) for element in root)


def _verb(element: ElementTree.Element) -> Verb:
    _check_attributes(element)
    match element.tag:
        case "Say" | "Pause" | "Play" | "Record":
            return _spoken(element)
        case "Gather":
            return _gather(element)
        case "Redirect":
            return Redirect(_text(element), _method(element))
        case "Hangup":
            return Hangup()
        case "Dial":
            return _dial(element)
        case tag:
            raise TwimlError(12200, f"verb {tag} is not simulated")


def _spoken(element: ElementTree.Element) -> Say | Pause | Ignored:
    match element.tag:
        case "Say":
            for inner in element.iter():
                if inner is not element and inner.tag not in _SSML:
                    raise TwimlError(12200, f"{inner.tag} is not allowed in Say")
            times = _number(element, "loop", 1)
            if not 1 <= times <= 1000 or times != int(times):
                raise TwimlError(12200, "Say loop must be 1 to 1000 here")
            return Say(_text(element), element.get("language", "en-US"), int(times))
        case "Pause":
            return Pause(_number(element, "length", 1))
        case tag:
            return Ignored(tag)


def _gather(element: ElementTree.Element) -> Gather:
    prompt: list[Say | Pause | Ignored] = []
    for child in element:
        if child.tag not in {"Say", "Pause", "Play"}:
            raise TwimlError(12200, f"{child.tag} is not allowed in Gather")
        _check_attributes(child)
        prompt.append(_spoken(child))
    inputs = frozenset(element.get("input", "dtmf").split())
    if not inputs or not inputs <= {"dtmf", "speech"}:
        raise TwimlError(12200, f"Gather input {element.get('input')!r} is not dtmf, speech or both")
    digits = _number(element, "numDigits", 0)
    if "numDigits" in element.attrib and (digits < 1 or digits != int(digits)):
        raise TwimlError(12200, "Gather numDigits must be a positive whole number")
    finish = element.get("finishOnKey", "#")
    if len(finish) > 1 or (finish and finish not in "0123456789*#"):
        raise TwimlError(12200, f"Gather finishOnKey {finish!r} is not one key")
    timeout_s = (
        DEFAULT_GATHER_TIMEOUT_S
        if element.get("timeout") == "auto"
        else _number(element, "timeout", DEFAULT_GATHER_TIMEOUT_S)
    )
    speech_timeout_s = (
        AUTO_SPEECH_TIMEOUT_S
        if element.get("speechTimeout") == "auto"
        else _number(element, "speechTimeout", timeout_s)
    )
    return Gather(
        action=element.get("action", ""),
        method=_method(element),
        num_digits=int(digits) or None,
        timeout_s=timeout_s,
        finish_on_key=finish,
        hears_keys="dtmf" in inputs,
        hears_speech="speech" in inputs,
        language=element.get("language", "en-US"),
        speech_timeout_s=speech_timeout_s,
        action_on_empty=_boolean(element, "actionOnEmptyResult"),
        prompt=tuple(prompt),
    )


def _dial(element: ElementTree.Element) -> Dial:
    numbers = [own] if (own := (element.text or "").strip()) else []
    room: Room | None = None
    for child in element:
        _check_attributes(child)
        match child.tag:
            case "Number":
                numbers.append(_text(child))
            case "Conference" if room is None:
                room = _room(child)
            case tag:
                raise TwimlError(12200, f"Dial to {tag} is not simulated")
    if bool(numbers) == (room is not None):
        raise TwimlError(12200, "Dial names neither or both of number and conference")
    return Dial(
        tuple(numbers),
        element.get("action", ""),
        _method(element),
        _number(element, "timeout", DEFAULT_DIAL_TIMEOUT_S),
        room,
        record=element.get("record", "do-not-record") not in {"do-not-record", "false"},
    )


def _room(element: ElementTree.Element) -> Room:
    name = _text(element)
    if not name:
        raise TwimlError(13213, "Conference has no name")
    events = tuple(element.get("statusCallbackEvent", "").split())
    if unknown := sorted(set(events) - ROOM_EVENTS):
        raise TwimlError(13242, f"Conference has no event {', '.join(unknown)}")
    beep = element.get("beep", "true")
    if beep not in {"true", "false", "onEnter", "onExit"}:
        raise TwimlError(13231, f"Conference beep {beep!r} is not true, false, onEnter or onExit")
    record = element.get("record", "do-not-record")
    if record not in {"do-not-record", "record-from-start"}:
        raise TwimlError(12200, f"Conference record {record!r} is not do-not-record or record-from-start")
    most = _number(element, "maxParticipants", MOST_PARTICIPANTS)
    if not 2 <= most <= MOST_PARTICIPANTS:
        raise TwimlError(13234, f"Conference maxParticipants is not from 2 to {MOST_PARTICIPANTS}")
    return Room(
        name=name,
        starts=_boolean(element, "startConferenceOnEnter", default=True),
        ends=_boolean(element, "endConferenceOnExit"),
        muted=_boolean(element, "muted"),
        beep=beep,
        wait_url=element.get("waitUrl"),
        wait_method=_method(element, "waitMethod"),
        most=int(most),
        record=record == "record-from-start",
        callback_url=element.get("statusCallback", ""),
        callback_method=_method(element, "statusCallbackMethod"),
        callback_events=events,
    )


def _text(element: ElementTree.Element) -> str:
    return " ".join("".join(element.itertext()).split())


def _check_attributes(element: ElementTree.Element) -> None:
    known = _ATTRIBUTES.get(element.tag)
    if known is None:
        raise TwimlError(12200, f"verb {element.tag} is not simulated")
    if unknown := sorted(set(element.attrib) - known):
        raise TwimlError(12200, f"{element.tag} has no attribute {', '.join(unknown)}")


def _method(element: ElementTree.Element, name: str = "method") -> str:
    method = element.get(name, "POST").upper()
    if method not in {"GET", "POST"}:
        raise TwimlError(12200, f"{element.tag} {name} {method} is not GET or POST")
    return method


def _number(element: ElementTree.Element, name: str, default: float) -> float:
    written = element.get(name)
    if written is None:
        return default
    if not written.isdecimal():
        raise TwimlError(12200, f"{element.tag} {name} {written!r} is not a whole number")
    return float(written)


def _boolean(element: ElementTree.Element, name: str, *, default: bool = False) -> bool:
    written = element.get(name, "true" if default else "false")
    if written not in {"true", "false"}:
        raise TwimlError(12200, f"{element.tag} {name} {written!r} is not true or false")
    return written == "true"
