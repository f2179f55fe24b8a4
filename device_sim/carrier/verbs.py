"""TwiML's verbs as values, and how long words take to say. Pure; `device_sim.carrier.twiml` reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

JAPANESE_CHARACTERS_PER_S: Final = 5.0
"""Japanese news is read at about 300 characters a minute, kana and kanji mixed (the newsreaders' rule of thumb)."""
LATIN_CHARACTERS_PER_S: Final = 14.0
"""About 150 English words a minute, spaces included."""
FIRST_CJK_CODE: Final = 0x2E80


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
    """Keys and words are waited for while the prompt is spoken and `timeout_s` beyond it.

    Who has spoken is waited for `speech_timeout_s` more.
    """

    action: str
    method: str
    num_digits: int | None
    timeout_s: float
    finish_on_key: str
    hears_keys: bool
    hears_speech: bool
    language: str
    speech_timeout_s: float
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
class Room:
    """A conference as one participant asks for it. `wait_url` None: the carrier's own music; empty: silence."""

    name: str
    starts: bool = True
    ends: bool = False
    muted: bool = False
    beep: str = "true"
    wait_url: str | None = None
    wait_method: str = "POST"
    most: int = 250
    record: bool = False
    callback_url: str = ""
    callback_method: str = "POST"
    callback_events: tuple[str, ...] = ()


@dataclass(frozen=True)
class Dial:
    """The person is connected with the first of `numbers` that answers, or joins a conference."""

    numbers: tuple[str, ...]
    action: str
    method: str
    timeout_s: float
    room: Room | None = None
    record: bool = False


Verb = Say | Pause | Ignored | Gather | Redirect | Hangup | Dial


def speech_s(text: str) -> float:
    """Seconds a voice needs for the words; see the rates above."""
    words = "".join(text.split())
    spaces = len(text.split()) - 1 if words else 0
    cjk = sum(ord(character) >= FIRST_CJK_CODE for character in words)
    return cjk / JAPANESE_CHARACTERS_PER_S + (len(words) - cjk + spaces) / LATIN_CHARACTERS_PER_S
