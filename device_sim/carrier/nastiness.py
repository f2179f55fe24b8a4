"""What can go wrong at a carrier, by chance and on request. All off by default; times are real seconds."""

from __future__ import annotations

from random import Random
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

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
