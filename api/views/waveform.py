"""What an impact felt like, thin enough to draw at once."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel, Field

from api.fields import examples

SPEED_BEFORE_S: Final = 60.0
SPEED_AFTER_S: Final = 30.0
_POINT: Final[dict[str, Any]] = {"at_s": -1.4, "kmh": 45.2}


class SpeedPoint(BaseModel):
    """The speed by GPS."""

    model_config = examples(_POINT)

    at_s: float = Field(description="Seconds from the impact.")
    kmh: float


class WaveformView(BaseModel):
    """Ten seconds of acceleration around an impact, as one line."""

    model_config = examples(
        {"from_s": -4.0, "step_s": 0.01, "g": [0.02, 0.03, None], "pulse_s": 0.11, "speed": [_POINT]}
    )

    from_s: float = Field(description="Of the first value, in seconds from the impact.")
    step_s: float
    g: list[float | None] = Field(
        description="The magnitude of what differs from rest, whichever way the device is mounted; null where "
        "data are missing."
    )
    pulse_s: float = Field(description="How long the shock lasted, from 0 on.")
    speed: list[SpeedPoint] = Field(description="A minute before to half a minute after.")
