"""Answering-machine detection as Twilio documents it (AsyncAmd): who picked up, said some seconds afterwards.

Pure. It is a hint and can be wrong: `luck` is drawn when a call is placed. Synchronous detection,
which leaves the person in silence, is not simulated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from device_sim.carrier.people import Person, Result

Mode = Literal["Enable", "DetectMessageEnd"]
Luck = Literal["right", "wrong", "unknown"]

HUMAN_AFTER_S: Final = 3.0
MACHINE_AFTER_S: Final = 4.0
GREETING_ENDS_AFTER_S: Final = 12.0


@dataclass(frozen=True)
class Detection:
    """What was asked for with a call."""

    mode: Mode
    callback_url: str = ""
    callback_method: str = "POST"
    silence_s: float = 5.0
    """Silence at the start for so long gives "unknown"."""


@dataclass(frozen=True)
class Verdict:
    """AnsweredBy, and how long after the answer it comes (unscaled)."""

    answered_by: str
    after_s: float


def verdict(asked: Detection, person: Person, picked_up: Result, luck: Luck) -> Verdict:
    """What the detection will say of whoever picked up."""
    is_machine = (picked_up == "machine") != (luck == "wrong")
    if luck == "unknown" or (picked_up == "human" and not person.talks and luck == "right"):
        return Verdict("unknown", asked.silence_s)
    if not is_machine:
        return Verdict("human", HUMAN_AFTER_S)
    if asked.mode == "Enable":
        return Verdict("machine_start", MACHINE_AFTER_S)
    return Verdict("machine_end_beep", GREETING_ENDS_AFTER_S)
