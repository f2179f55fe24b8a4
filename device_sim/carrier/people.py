"""People at the other end of a call: how they take a ringing telephone and which keys they press.

Pure. All times are seconds of the simulated world, unscaled, and fixed per person, so that a
story told twice goes the same way.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Temperament(StrEnum):
    """How somebody takes a call."""

    ANSWERS_FINE = "answers_fine"
    ASKS_HELP = "asks_help"
    ASKS_AMBULANCE = "asks_ambulance"
    WANTS_OPERATOR = "wants_operator"
    VOICEMAIL = "voicemail"
    NEVER_ANSWERS = "never_answers"
    BUSY = "busy"
    SILENT = "silent"
    WRONG_KEY = "wrong_key"
    DECLINES = "declines"
    UNREACHABLE = "unreachable"
    """The network finds no such telephone: calls fail, messages stay undelivered."""


ANSWER_AFTER_S: Final = 4.0
VOICEMAIL_AFTER_S: Final = 17.0
"""Japanese networks hand over to voicemail after about 15 to 20 s of ringing."""
DECLINE_AFTER_S: Final = 2.0
PRESS_AFTER_S: Final = 5.0
PATIENCE_S: Final = 180.0
MACHINE_RECORDS_S: Final = 60.0

_KEYS: Final[dict[Temperament, str]] = {
    Temperament.ANSWERS_FINE: "1",
    Temperament.ASKS_HELP: "2",
    Temperament.ASKS_AMBULANCE: "3",
    Temperament.WANTS_OPERATOR: "0",
    Temperament.WRONG_KEY: "91",
}

Result = Literal["human", "machine", "busy", "failed", "nothing"]


class Person(BaseModel):
    """One telephone number's owner. Times left out take the temperament's usual value."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    temperament: Temperament
    answer_after_s: float | None = Field(
        default=None, ge=0, description="Ringing until picked up or declined."
    )
    press_after_s: float = Field(
        default=PRESS_AFTER_S, ge=0, description="From hearing the question to the key."
    )
    patience_s: float | None = Field(
        default=None, gt=0, description="From picking up to hanging up in any case."
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
        return MACHINE_RECORDS_S if self.temperament is Temperament.VOICEMAIL else PATIENCE_S


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


def key_for(person: Person, question: int) -> str | None:
    """The key this person presses at the n-th question of a call, counted from 0; None for none.

    Whoever pressed a wrong key presses the right one when asked again.
    """
    keys = _KEYS.get(person.temperament, "")
    return keys[min(question, len(keys) - 1)] if keys else None


def _or(value: float | None, usual: float) -> float:
    return usual if value is None else value
