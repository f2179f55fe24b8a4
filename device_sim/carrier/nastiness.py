"""What can go wrong at a carrier, by chance and on request. All off by default; times are real seconds."""

from __future__ import annotations

from random import Random
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from device_sim.carrier.detection import Luck
from device_sim.carrier.people import Person, reaction

REORDER_S = 0.3
"""A reordered callback follows this long after the one it should have preceded."""

DeliveryState = Literal["pending", "held", "lost", "delivered", "failed"]


class Nastiness(BaseModel):
    """Probabilities from 0 to 1, each drawn on its own, and times in real seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lost_call_answer_p: float = Field(
        default=0, ge=0, le=1, description="POST Calls accepted, connection cut."
    )
    lost_message_answer_p: float = Field(
        default=0, ge=0, le=1, description="POST Messages accepted, connection cut."
    )
    callback_lost_p: float = Field(default=0, ge=0, le=1, description="A status callback is never sent.")
    callback_doubled_p: float = Field(default=0, ge=0, le=1, description="A status callback is sent twice.")
    callback_late_p: float = Field(default=0, ge=0, le=1, description="A status callback comes late.")
    callback_late_s: float = Field(default=3, ge=0, description="The longest lateness of a late callback.")
    callback_reordered_p: float = Field(
        default=0, ge=0, le=1, description="A status callback comes after the next one of its call."
    )
    late_answer_p: float = Field(
        default=0, ge=0, le=1, description="POST Calls or Messages is answered late, after callbacks even."
    )
    late_answer_s: float = Field(default=2, ge=0, description="How late such an answer is.")
    human_taken_for_machine_p: float = Field(
        default=0, ge=0, le=1, description="Answering-machine detection."
    )
    machine_taken_for_human_p: float = Field(
        default=0, ge=0, le=1, description="Answering-machine detection."
    )
    detection_unknown_p: float = Field(default=0, ge=0, le=1, description="AnsweredBy is unknown.")
    list_lag_s: float = Field(
        default=0, ge=0, description="New calls and messages are missing from lists so long."
    )
    seed: int | None = Field(default=None, description="Makes the draws repeatable.")


class Delivery(NamedTuple):
    """When one copy of a callback goes out, if it does. A held one waits for the next of its call."""

    due_at: float
    state: DeliveryState


def deliveries(nasty: Nastiness, chance: Random, at: float, *, is_final: bool) -> tuple[Delivery, ...]:
    """The copies of a callback that is ready at `at`. The last callback of a call cannot be overtaken."""
    if chance.random() < nasty.callback_lost_p:
        return (Delivery(at, "lost"),)
    if chance.random() < nasty.callback_late_p:
        at += chance.uniform(0, nasty.callback_late_s)
    held = chance.random() < nasty.callback_reordered_p and not is_final
    first = Delivery(at, "held" if held else "pending")
    if chance.random() < nasty.callback_doubled_p:
        return first, Delivery(at + chance.uniform(0, max(nasty.callback_late_s, REORDER_S)), "pending")
    return (first,)


def luck(nasty: Nastiness, chance: Random, person: Person) -> Luck:
    """How answering-machine detection will fare with this person, or with their machine."""
    if chance.random() < nasty.detection_unknown_p:
        return "unknown"
    machine = reaction(person).result == "machine"
    wrong_p = nasty.machine_taken_for_human_p if machine else nasty.human_taken_for_machine_p
    return "wrong" if chance.random() < wrong_p else "right"
