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


def sudden_losses(
    trip: NDArray[np.int64], uptime_s: Signal, speed_mps: Signal, *, lost_kmh: float, within_s: float
) -> NDArray[np.intp]:
    """The indices of fixes that show `lost_kmh` or more less than the fix before, at most `within_s` earlier.

    Fixes (n,) of many devices at once: `trip` tells devices and boots apart, rows are in order of trip, then
    time. NaN speeds, and two fixes of one moment, tell nothing.
    """
    lost = 3.6 * (speed_mps[:-1] - speed_mps[1:])
    apart_s = uptime_s[1:] - uptime_s[:-1]
    with np.errstate(invalid="ignore"):
        sudden = (trip[1:] == trip[:-1]) & (apart_s > 0) & (apart_s <= within_s) & (lost >= lost_kmh)
    return np.flatnonzero(sudden) + 1
