"""The device's accelerometer: its rate, range, filter, and the counts it delivers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.recording import G_MPS2, Floats
from schemas.wire.device_pb2 import Motion

Counts = NDArray[np.int16]

SLOWEST_HZ: Final = 50.0
FASTEST_HZ: Final = 1000.0


@dataclass(frozen=True, slots=True)
class Sensor:
    """Settings of the accelerometer; `lowpass_hz` 0 = unknown or none.

    Raises ValueError outside the wire format's 50-1,000 Hz and 2-200 g.
    """

    rate_hz: float = 100.0
    full_scale_g: float = 16.0
    lowpass_hz: float = 42.0

    def __post_init__(self) -> None:
        if not SLOWEST_HZ <= self.rate_hz <= FASTEST_HZ:
            raise ValueError(f"rate {self.rate_hz:g} Hz is outside {SLOWEST_HZ:g} to {FASTEST_HZ:g}")
        if not 2.0 <= self.full_scale_g <= 200.0:
            raise ValueError(f"full scale {self.full_scale_g:g} g is outside 2 to 200")
        if not 0.0 <= self.lowpass_hz <= 10_000.0:
            raise ValueError(f"low-pass {self.lowpass_hz:g} Hz is outside 0 to 10,000")

    @property
    def scale_mps2(self) -> float:
        """m/s2 per count of a 16-bit value over the whole range."""
        return self.full_scale_g * G_MPS2 / 32768.0

    def count(self, mps2: Floats) -> Counts:
        """Acceleration as counts, clipped at the ends of the range."""
        return np.clip(np.rint(mps2 / self.scale_mps2), -32768, 32767).astype(np.int16)

    def message(self, counts: Counts, rate_hz: float) -> Motion:
        """Counts (n, 3) as the wire's Motion: all x, then all y, then all z."""
        return Motion(
            rate_hz=rate_hz,
            samples=len(counts),
            scale_mps2=self.scale_mps2,
            full_scale_g=self.full_scale_g,
            lowpass_hz=self.lowpass_hz,
            counts=np.ascontiguousarray(counts.T, dtype="<i2").tobytes(),
        )
