"""The device's satellite receiver: one fix a second, with errors that drift as real ones do."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np

from device_sim.physics.routes import Route
from schemas.recording import Floats

_ERROR_M: Final = 2.5
_MEMORY: Final = 0.96  # per second: a receiver's error drifts over half a minute
_SPEED_ERROR_MPS: Final = 0.12
_COURSE_ERROR_DEG: Final = 2.0
_ACCURACY_M: Final = 4.0
# Below these a receiver keeps its last course, and reports a stand as no speed at all.
_COURSE_FROM_MPS: Final = 0.7
_SPEED_FROM_MPS: Final = 0.3


@dataclass(frozen=True, slots=True)
class GpsFix:
    """A position fix, `at_s` seconds after the start."""

    at_s: float
    lat_deg: float
    lon_deg: float
    speed_mps: float
    heading_deg: float
    accuracy_m: float


class GpsReceiver:
    """Makes fixes from true motion; asked once a second, in order.

    Each fix tells of `lag_s` seconds before: receivers smooth, and some are two seconds behind.
    """

    def __init__(self, route: Route, rng: np.random.Generator, course_deg: float, *, lag_s: int = 0) -> None:
        self._route = route
        self._rng = rng
        self._course_deg = course_deg
        self._error_m: Floats = rng.normal(0.0, _ERROR_M, 2)
        self._seen: deque[tuple[float, float, float, float]] = deque(maxlen=lag_s + 1)

    def fix(self, at_s: float, east_m: float, north_m: float, speed_mps: float, course_deg: float) -> GpsFix:
        """The fix for a true place on the route's plane, speed and course over ground."""
        self._seen.append((east_m, north_m, speed_mps, course_deg))
        east_m, north_m, speed_mps, course_deg = self._seen[0]
        drift, noise = self._rng.normal(0.0, 1.0, 2), self._rng.normal(0.0, 1.0, 2)
        self._error_m = _MEMORY * self._error_m + _ERROR_M * math.sqrt(1 - _MEMORY**2) * drift
        lat, lon = self._route.lat_lon(east_m + float(self._error_m[0]), north_m + float(self._error_m[1]))
        if speed_mps > _COURSE_FROM_MPS:
            wobble = _COURSE_ERROR_DEG * float(noise[0]) / max(speed_mps, 1.0)
            self._course_deg = (course_deg + wobble) % 360.0
        speed = abs(speed_mps + _SPEED_ERROR_MPS * float(noise[1])) if speed_mps > _SPEED_FROM_MPS else 0.0
        return GpsFix(at_s, lat, lon, speed, self._course_deg, _ACCURACY_M)
