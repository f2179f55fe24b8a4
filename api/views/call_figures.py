"""Figures as they are shown."""

from __future__ import annotations

from typing import Any, Final

from pydantic import AwareDatetime, BaseModel, Field

from api.fields import examples
from incident.channels.carrier_health import CarrierState

_WAITING: Final[dict[str, Any]] = {
    "urgency": "severe_first",
    "waiting": 12,
    "longest_wait_s": 4.2,
    "predicted_wait_s": 12.0,
}
_CARRIER: Final[dict[str, Any]] = {"state": "ok", "since": None, "succeeded_at": "2026-10-01T03:00:00Z"}


class WaitingView(BaseModel):
    """One class of calls in the queue."""

    model_config = examples(_WAITING)

    urgency: str = Field(
        description="operator, then severe, moderate (each _first, _again, _contact), then minor: so they leave."
    )
    waiting: int
    longest_wait_s: float = Field(description="How long the first of them is due already.")
    predicted_wait_s: float | None = Field(
        description="How long a call queued now would wait; null while the carrier is down."
    )


class CarrierView(BaseModel):
    """How the telephone carrier does."""

    model_config = examples(_CARRIER)

    state: CarrierState = Field(
        description="ok; slow: the last requests failed; down: none succeeded for 20 s while calls waited."
    )
    since: AwareDatetime | None = Field(description="When the present trouble began.")
    succeeded_at: AwareDatetime | None = Field(description="The last request that succeeded.")


class CallFiguresView(BaseModel):
    """The queue of calls and the carrier."""

    model_config = examples(
        {"calls_per_s": 1.0, "started_last_minute": 41, "carrier": _CARRIER, "queue": [_WAITING]}
    )

    calls_per_s: float = Field(description="Calls that may be started per second.")
    started_last_minute: int
    carrier: CarrierView
    queue: list[WaitingView] = Field(description="Every class, the most urgent first.")
