"""People at the other end of a call: how they take a ringing telephone, which keys they press, what they say.

Pure. All times are seconds of the simulated world, unscaled, and fixed per person, so that a
story told twice goes the same way.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Temperament(StrEnum):
    """How somebody takes a call; `TEMPERAMENTS` says each in words."""

    ANSWERS_FINE = "answers_fine"
    ASKS_HELP = "asks_help"
    ASKS_AMBULANCE = "asks_ambulance"
    WANTS_OPERATOR = "wants_operator"
    TAKES_CALL = "takes_call"
    SPEAKS_FINE = "speaks_fine"
    SPEAKS_HELP = "speaks_help"
    SPEAKS_YES = "speaks_yes"
    SPEAKS_NO = "speaks_no"
    MUMBLES = "mumbles"
    SILENT = "silent"
    WRONG_KEY = "wrong_key"
    POCKET = "pocket"
    PRESSES_LATE = "presses_late"
    SLOW_THEN_FINE = "slow_then_fine"
    HANGS_UP_AT_ONCE = "hangs_up_at_once"
    VOICEMAIL = "voicemail"
    NEVER_ANSWERS = "never_answers"
    BUSY = "busy"
    DECLINES = "declines"
    UNREACHABLE = "unreachable"


TEMPERAMENTS: Final[dict[Temperament, str]] = {
    Temperament.ANSWERS_FINE: "presses 1",
    Temperament.ASKS_HELP: "presses 2",
    Temperament.ASKS_AMBULANCE: "presses 3",
    Temperament.WANTS_OPERATOR: "presses 0",
    Temperament.TAKES_CALL: "an operator: presses 1 after 2 s and is patient",
    Temperament.SPEAKS_FINE: "presses nothing, says 大丈夫です",
    Temperament.SPEAKS_HELP: "presses nothing, says 助けて",
    Temperament.SPEAKS_YES: "presses nothing, says はい",
    Temperament.SPEAKS_NO: "presses nothing, says いいえ",
    Temperament.MUMBLES: "says a word that means nothing, recognised with little confidence",
    Temperament.SILENT: "answers, says and presses nothing",
    Temperament.WRONG_KEY: "presses 9, and 1 when asked again",
    Temperament.POCKET: "a telephone in a pocket: one of 5, 7 and * once, then nothing",
    Temperament.PRESSES_LATE: "presses 1, 20 s after the first question",
    Temperament.SLOW_THEN_FINE: "nothing at the first question, 1 at the second",
    Temperament.HANGS_UP_AT_ONCE: "answers, and hangs up after 2 s",
    Temperament.VOICEMAIL: "a machine takes over after 17 s of ringing",
    Temperament.NEVER_ANSWERS: "lets it ring",
    Temperament.BUSY: "is on the telephone",
    Temperament.DECLINES: "declines after 2 s of ringing",
    Temperament.UNREACHABLE: "the network finds no such telephone: calls fail, messages stay undelivered",
}

ANSWER_AFTER_S: Final = 4.0
VOICEMAIL_AFTER_S: Final = 17.0
"""Japanese networks hand over to voicemail after about 15 to 20 s of ringing."""
DECLINE_AFTER_S: Final = 2.0
PRESS_AFTER_S: Final = 5.0
PRESS_LATE_AFTER_S: Final = 20.0
TAKE_AFTER_S: Final = 2.0
PATIENCE_S: Final = 180.0
OPERATOR_STAYS_S: Final = 1800.0
MACHINE_RECORDS_S: Final = 60.0
AT_ONCE_S: Final = 2.0
FOLLOW_AFTER_S: Final = 20.0
CONFIDENCE: Final = 0.92
MUMBLED_CONFIDENCE: Final = 0.31
USELESS_KEYS: Final = "57*"

_KEYS: Final[dict[Temperament, tuple[str, ...]]] = {
    Temperament.ANSWERS_FINE: ("1",),
    Temperament.ASKS_HELP: ("2",),
    Temperament.ASKS_AMBULANCE: ("3",),
    Temperament.WANTS_OPERATOR: ("0",),
    Temperament.TAKES_CALL: ("1",),
    Temperament.WRONG_KEY: ("9", "1"),
    Temperament.PRESSES_LATE: ("1",),
    Temperament.SLOW_THEN_FINE: ("", "1"),
}
_WORDS: Final[dict[Temperament, tuple[str, str]]] = {
    Temperament.SPEAKS_FINE: ("大丈夫です", "I'm fine"),
    Temperament.SPEAKS_HELP: ("助けて", "Help me"),
    Temperament.SPEAKS_YES: ("はい", "Yes"),
    Temperament.SPEAKS_NO: ("いいえ", "No"),
    Temperament.MUMBLES: ("えーと", "Erm"),
}
"""In Japanese, and in any other language that is listened for."""
_SPEECHLESS: Final = frozenset({Temperament.SILENT, Temperament.POCKET})

Result = Literal["human", "machine", "busy", "failed", "nothing"]


class Person(BaseModel):
    """One telephone number's owner. Times left out take the temperament's usual value."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    temperament: Temperament
    answer_after_s: float | None = Field(
        default=None, ge=0, description="Ringing until picked up or declined."
    )
    press_after_s: float | None = Field(
        default=None, ge=0, description="From hearing the question to the key or the first word."
    )
    patience_s: float | None = Field(
        default=None, gt=0, description="From picking up to hanging up in any case."
    )
    presses: tuple[str, ...] = Field(
        default=(), description="Which keys, one for each question; empty: none. In place of the usual ones."
    )
    says: tuple[str, ...] = Field(
        default=(),
        description="What is said, one for each question, the last again; empty: nothing.",
    )
    confidence: float | None = Field(default=None, ge=0, le=1, description="Of what is understood.")
    talks_s: float | None = Field(
        default=None,
        gt=0,
        description="How long a talk in a conference lasts; by default the carrier's bridge_s.",
    )
    follows_link: str | None = Field(
        default=None,
        min_length=1,
        description="What is answered on the page a text message links to: fine, help, ambulance…",
    )
    follows_link_after_s: float = Field(
        default=FOLLOW_AFTER_S, ge=0, description="From the message to the answer."
    )

    @model_validator(mode="before")
    @classmethod
    def _from_word(cls, value: object) -> object:
        return {"temperament": value} if isinstance(value, str) else value

    @property
    def stays_s(self) -> float:
        """The longest this person, or this machine, stays on the line."""
        if self.patience_s is not None:
            return self.patience_s
        match self.temperament:
            case Temperament.VOICEMAIL:
                return MACHINE_RECORDS_S
            case Temperament.HANGS_UP_AT_ONCE:
                return AT_ONCE_S
            case Temperament.TAKES_CALL:
                return OPERATOR_STAYS_S
            case _:
                return PATIENCE_S

    @property
    def reacts_after_s(self) -> float:
        """From hearing a question to the key or the first word."""
        match self.temperament:
            case Temperament.PRESSES_LATE:
                usual = PRESS_LATE_AFTER_S
            case Temperament.TAKES_CALL:
                usual = TAKE_AFTER_S
            case _:
                usual = PRESS_AFTER_S
        return _or(self.press_after_s, usual)

    @property
    def understood(self) -> float:
        """The confidence with which this person's words are recognised, 0 to 1."""
        mumbles = self.temperament is Temperament.MUMBLES
        return _or(self.confidence, MUMBLED_CONFIDENCE if mumbles else CONFIDENCE)

    @property
    def talks(self) -> bool:
        """Whether this person talks with whoever else is on the line, and hangs up afterwards."""
        return self.temperament not in _SPEECHLESS


STRANGER: Final = Person(temperament=Temperament.NEVER_ANSWERS)
"""Whoever owns a number nobody has described."""


@dataclass(frozen=True)
class Reaction:
    """What becomes of the ringing: `result` comes `after_s` of it. Busy and failed lines may not ring at all."""

    result: Result
    after_s: float = 0.0
    rings: bool = True


def reaction(person: Person) -> Reaction:
    """How this person takes a telephone that begins to ring now."""
    match person.temperament:
        case Temperament.NEVER_ANSWERS:
            return Reaction("nothing")
        case Temperament.BUSY:
            return Reaction("busy", rings=False)
        case Temperament.UNREACHABLE:
            return Reaction("failed", rings=False)
        case Temperament.DECLINES:
            return Reaction("busy", _or(person.answer_after_s, DECLINE_AFTER_S))
        case Temperament.VOICEMAIL:
            return Reaction("machine", _or(person.answer_after_s, VOICEMAIL_AFTER_S))
        case _:
            return Reaction("human", _or(person.answer_after_s, ANSWER_AFTER_S))


def key_for(person: Person, question: int, number: str = "", *, again: bool = True) -> str | None:
    """The key this person presses at the n-th question of a call, counted from 0; None for none.

    Whoever pressed a wrong key presses the right one when asked again. The last key is pressed
    `again` at every later question, or not. `number` decides what presses itself in a pocket.
    """
    keys = person.presses or _KEYS.get(person.temperament, ())
    if person.temperament is Temperament.POCKET and not person.presses:
        keys = (USELESS_KEYS[sum(number.encode()) % len(USELESS_KEYS)], "")
    return _at(keys, question) or None if again or question < len(keys) else None


def is_named(key: str, prompt: str) -> bool:
    """Whether a prompt offers this very key: "1を押して", "場合は3、" or "press 1", not "119番" or "3分"."""
    words = unicodedata.normalize("NFKC", prompt)
    return re.search(rf"(?<![0-9]){re.escape(key)}(?=\s*(?:[を、。,.でか]|$))", words) is not None


def words_for(person: Person, question: int, language: str) -> str | None:
    """What this person says at the n-th question of a call, heard in `language` (BCP 47); None for nothing."""
    if person.says:
        return _at(person.says, question) or None
    words = _WORDS.get(person.temperament)
    return None if words is None else words[0 if language.startswith("ja") else 1]


def _at(given: tuple[str, ...], question: int) -> str:
    return given[min(question, len(given) - 1)] if given else ""


def _or(value: float | None, usual: float) -> float:
    return usual if value is None else value
