"""The car's speed over ground around a moment, as its GPS gave it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Signal = NDArray[np.float64]

FRESH_S: Final = 3.0
"""GPS fixes come once a second; one older than this says nothing of the moment asked for."""


@dataclass(frozen=True, slots=True, eq=False)
class SpeedTrack:
    """Fixes in order of time: uptime in s, speed in m/s, course in degrees clockwise from north, all (m,).

    NaN stands for what a fix did not tell. Raises ValueError for arrays of different lengths or
    times that do not rise.
    """

    uptime_s: Signal
    speed_mps: Signal
    heading_deg: Signal

    def __post_init__(self) -> None:
        if not self.uptime_s.shape == self.speed_mps.shape == self.heading_deg.shape:
            raise ValueError(
                f"uptime_s is {self.uptime_s.shape}, speed_mps {self.speed_mps.shape}, "
                f"heading_deg {self.heading_deg.shape}; wanted three alike"
            )
        if self.uptime_s.ndim != 1 or not np.all(np.diff(self.uptime_s) > 0):
            raise ValueError("uptime_s must be one row of rising seconds")

    def speed_before_kmh(self, uptime_s: float) -> float | None:
        """The last speed told before a moment, if fresh."""
        known = (
            np.isfinite(self.speed_mps) & (self.uptime_s <= uptime_s) & (self.uptime_s >= uptime_s - FRESH_S)
        )
        found = np.flatnonzero(known)
        return float(self.speed_mps[found[-1]] * 3.6) if found.size else None

    def speed_after_kmh(self, uptime_s: float) -> float | None:
        """The first speed told from a moment on, if fresh."""
        known = (
            np.isfinite(self.speed_mps) & (self.uptime_s >= uptime_s) & (self.uptime_s <= uptime_s + FRESH_S)
        )
        found = np.flatnonzero(known)
        return float(self.speed_mps[found[0]] * 3.6) if found.size else None
