"""What shakes a sensor in a car besides driving itself: the road, the engine, its own noise."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np

from device_sim.physics.filters import Filter, StreamFilter, bandpass, noise_gain
from schemas.recording import Floats

# Bands of a car on a road: the body on its springs (1-2 Hz), the wheels (10-15 Hz), and the
# driver's small corrections (below 1 Hz); the usual ride frequencies of passenger cars.
_BODY_HZ: Final = (0.9, 2.4)
_WHEELS_HZ: Final = (8.0, 17.0)
_STEERING_HZ: Final = (0.15, 0.7)

# Standard deviation in m/s2 at 50 km/h on an even town road: forward, right, down.
_BODY_MPS2: Final = np.asarray([0.10, 0.12, 0.35])
_WHEELS_MPS2: Final = np.asarray([0.16, 0.18, 0.40])
_STEERING_MPS2: Final = np.asarray([0.06, 0.16, 0.0])
_REFERENCE_MPS: Final = 50.0 / 3.6

# Four cylinders idling at 800 rpm fire 26.7 times a second.
_IDLE_HZ: Final = 26.7
_IDLE_MPS2: Final = np.asarray([0.04, 0.07, 0.06])
_SENSOR_MPS2: Final = 0.012


class Vibration:
    """A stream of vibration for one car; the same seed gives the same stream however it is cut."""

    def __init__(self, rng: np.random.Generator, rate_hz: float) -> None:
        self._rng = rng
        self._rate_hz = rate_hz
        self._bands = [
            (StreamFilter(band, 3), level / gain)
            for band, gain, level in (
                (*_band(_BODY_HZ, rate_hz), _BODY_MPS2),
                (*_band(_WHEELS_HZ, rate_hz), _WHEELS_MPS2),
                (*_band(_STEERING_HZ, rate_hz), _STEERING_MPS2),
            )
        ]

    def block(self, times_s: Floats, speed_mps: Floats, roughness: float, *, engine: bool) -> Floats:
        """Vibration (n, 3) in the car's axes in m/s2, rising with speed."""
        white: Floats = self._rng.standard_normal((times_s.size, 3))
        driven = sum(band(white) * level for band, level in self._bands)
        strength = roughness * (speed_mps / _REFERENCE_MPS) ** 0.8
        shaken = driven * strength[:, np.newaxis] + _SENSOR_MPS2 * white
        if engine:
            idle = np.exp(-speed_mps) * np.sin(2 * np.pi * _IDLE_HZ * times_s)
            shaken = shaken + idle[:, np.newaxis] * _IDLE_MPS2
        return shaken


@lru_cache(maxsize=32)
def _band(band_hz: tuple[float, float], rate_hz: float) -> tuple[Filter, float]:
    band = bandpass(*band_hz, rate_hz)
    return band, noise_gain(band)
