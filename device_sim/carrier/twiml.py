"""TwiML as the carrier reads it: a document becomes a tuple of verbs, or a clear error.

Pure. Stricter than Twilio on purpose: an unknown verb or attribute, which Twilio would only
warn about (12200), is an error here, so that a misspelt attribute does not pass unnoticed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree

JAPANESE_CHARACTERS_PER_S: Final = 5.0
"""Japanese news is read at about 300 characters a minute, kana and kanji mixed (the newsreaders' rule of thumb)."""
LATIN_CHARACTERS_PER_S: Final = 14.0
"""About 150 English words a minute, spaces included."""
FIRST_CJK_CODE: Final = 0x2E80

DEFAULT_GATHER_TIMEOUT_S: Final = 5.0
DEFAULT_DIAL_TIMEOUT_S: Final = 30.0

_SSML: Final = frozenset(
    {"break", "emphasis", "lang", "p", "phoneme", "prosody", "s", "say-as", "sub", "w", "amazon:domain"}
)
_ATTRIBUTES: Final[dict[str, frozenset[str]]] = {
    "Say": frozenset({"voice", "language", "loop"}),
    "Pause": frozenset({"length"}),
    "Play": frozenset({"loop", "digits"}),
    "Record": frozenset(
        {"action", "method", "timeout", "finishOnKey", "maxLength", "playBeep", "trim", "transcribe"}
        | {"recordingStatusCallback", "recordingStatusCallbackMethod", "recordingStatusCallbackEvent"}
    ),
    "Gather": frozenset(
        {"action", "method", "numDigits", "timeout", "finishOnKey", "input", "language", "hints"}
        | {"actionOnEmptyResult", "speechTimeout", "speechModel", "enhanced", "profanityFilter", "bargeIn"}
    ),
    "Redirect": frozenset({"method"}),
    "Hangup": frozenset(),
    "Dial": frozenset(
        {"action", "method", "timeout", "callerId", "hangupOnStar", "timeLimit", "answerOnBridge", "ringTone"}
    ),
    "Number": frozenset({"statusCallback", "statusCallbackEvent", "statusCallbackMethod", "url", "method"}),
}


class TwimlError(ValueError):
    """A document the carrier cannot follow; `code` is Twilio's number for it."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Say:
    """Words spoken to the person, `times` over."""

    text: str
    language: str
    times: int = 1

    @property
    def seconds(self) -> float:
        """How long the words take, unscaled."""
        return speech_s(self.text) * self.times


@dataclass(frozen=True)
class Pause:
    """Silence."""

    seconds: float


@dataclass(frozen=True)
class Ignored:
    """Play and Record: accepted, taking no time, noted in the timeline."""

    verb: str


@dataclass(frozen=True)
class Gather:
    """Keys are waited for while the prompt is spoken and `timeout_s` beyond it."""

    action: str
    method: str
    num_digits: int | None
    timeout_s: float
    finish_on_key: str
    hears_keys: bool
    action_on_empty: bool
    prompt: tuple[Say | Pause | Ignored, ...]

    @property
    def prompt_s(self) -> float:
        """How long the prompt takes, unscaled."""
        return sum(verb.seconds for verb in self.prompt if not isinstance(verb, Ignored))


@dataclass(frozen=True)
class Redirect:
    """The call goes on with another document; an empty address means this one again."""

    url: str
    method: str


@dataclass(frozen=True)
class Hangup:
    """The call ends here."""


@dataclass(frozen=True)
class Dial:
    """The person is connected with the first of `numbers` that answers."""

    numbers: tuple[str, ...]
    action: str
    method: str
    timeout_s: float


Verb = Say | Pause | Ignored | Gather | Redirect | Hangup | Dial


def speech_s(text: str) -> float:
    """Seconds a voice needs for the words; see the rates above."""
    words = "".join(text.split())
    spaces = len(text.split()) - 1 if words else 0
    cjk = sum(ord(character) >= FIRST_CJK_CODE for character in words)
    return cjk / JAPANESE_CHARACTERS_PER_S + (len(words) - cjk + spaces) / LATIN_CHARACTERS_PER_S


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
    return Gather(
        action=element.get("action", ""),
        method=_method(element),
        num_digits=int(digits) or None,
        timeout_s=timeout_s,
        finish_on_key=finish,
        hears_keys="dtmf" in inputs,
        action_on_empty=_boolean(element, "actionOnEmptyResult"),
        prompt=tuple(prompt),
    )


def _dial(element: ElementTree.Element) -> Dial:
    numbers = list(_numbers(element))
    if not numbers:
        raise TwimlError(12200, "Dial names no number")
    return Dial(
        tuple(numbers),
        element.get("action", ""),
        _method(element),
        _number(element, "timeout", DEFAULT_DIAL_TIMEOUT_S),
    )


def _numbers(element: ElementTree.Element) -> Iterator[str]:
    if own := (element.text or "").strip():
        yield own
    for child in element:
        if child.tag != "Number":
            raise TwimlError(12200, f"Dial to {child.tag} is not simulated")
        _check_attributes(child)
        yield _text(child)


def _text(element: ElementTree.Element) -> str:
    return " ".join("".join(element.itertext()).split())


def _check_attributes(element: ElementTree.Element) -> None:
    known = _ATTRIBUTES.get(element.tag)
    if known is None:
        raise TwimlError(12200, f"verb {element.tag} is not simulated")
    if unknown := sorted(set(element.attrib) - known):
        raise TwimlError(12200, f"{element.tag} has no attribute {', '.join(unknown)}")


def _method(element: ElementTree.Element) -> str:
    method = element.get("method", "POST").upper()
    if method not in {"GET", "POST"}:
        raise TwimlError(12200, f"{element.tag} method {method} is not GET or POST")
    return method


def _number(element: ElementTree.Element, name: str, default: float) -> float:
    written = element.get(name)
    if written is None:
        return default
    if not written.isdecimal():
        raise TwimlError(12200, f"{element.tag} {name} {written!r} is not a whole number")
    return float(written)


def _boolean(element: ElementTree.Element, name: str) -> bool:
    written = element.get(name, "false")
    if written not in {"true", "false"}:
        raise TwimlError(12200, f"{element.tag} {name} {written!r} is not true or false")
    return written == "true"
