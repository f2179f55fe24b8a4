"""What the road does to many cars at once: vibration by road class and speed.

Bands and sizes are those of `device_sim.physics.vibration`, with a third for the structure. Road classes multiply them,
up to cobbles and gravel, which shake about as hard as the roughest recording at hand.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import signal  # pyright: ignore[reportMissingTypeStubs]  # scipy has no types

from cli.evaluation.sensor import times_of
from cli.evaluation.traffic import TICK_HZ, Trips

Floats = NDArray[np.float32]

_signal: Any = signal

RATE_HZ: Final = 100
_BANDS: Final = (
    ((0.9, 2.4), (0.10, 0.12, 0.35)),
    ((8.0, 17.0), (0.16, 0.18, 0.40)),
    ((18.0, 38.0), (0.08, 0.08, 0.12)),
)
"""Hz, and m/s2 (standard deviation) forward, right and down at 50 km/h on an even town road."""
_REFERENCE_MPS: Final = 50.0 / 3.6
ROADS: Final = {"new asphalt": 0.5, "town": 1.0, "worn": 1.8, "patched": 2.6, "cobbles": 4.0}
_ROAD_SHARES: Final = (0.3, 0.4, 0.18, 0.09, 0.03)
_ROAD_S: Final = (20.0, 120.0)
_IDLE_HZ: Final = 26.7
_IDLE_MPS2: Final = 0.06
_SENSOR_MPS2: Final = 0.02


def shaken(rng: np.random.Generator, trips: Trips, roughness: Floats) -> Floats:
    """Vibration (cars, 3, samples) at 100 Hz; `roughness` (cars, ticks)."""
    cars, ticks = trips.speed_mps.shape
    samples = ticks * (RATE_HZ // TICK_HZ)
    strength: Floats = (roughness * (trips.speed_mps / _REFERENCE_MPS) ** 0.8).astype(np.float32)
    fine = upsampled(strength)
    white = rng.standard_normal((cars, 3, samples), dtype=np.float32)
    out = white * np.float32(_SENSOR_MPS2)
    for (low_hz, high_hz), sizes in _BANDS:
        sections = _signal.butter(1, (low_hz, high_hz), "bandpass", fs=RATE_HZ, output="sos").astype(
            np.float32
        )
        band: Floats = _signal.sosfilt(sections, white, axis=2)
        gain = np.array(sizes, dtype=np.float32) / np.float32(_gain(sections))
        band *= gain[None, :, None]
        band *= fine[:, None, :]
        out += band
    idle = upsampled(np.exp(-trips.speed_mps).astype(np.float32) * np.float32(_IDLE_MPS2))
    firing: Floats = np.sin(2 * np.pi * _IDLE_HZ * times_of(samples, RATE_HZ)).astype(np.float32)
    out += (idle * firing)[:, None, :]
    return out


def roads(rng: np.random.Generator, cars: int, ticks: int) -> Floats:
    """How rough the road is under each car, (cars, ticks)."""
    rough = np.empty((cars, ticks), dtype=np.float32)
    for car in range(cars):
        tick = 0
        while tick < ticks:
            after = tick + round(rng.uniform(*_ROAD_S) * TICK_HZ)
            rough[car, tick:after] = rng.choice(list(ROADS.values()), p=_ROAD_SHARES) * rng.uniform(0.8, 1.25)
            tick = after
    return rough


def upsampled(by_tick: Floats) -> Floats:
    """(cars, ticks) at 100 Hz by straight lines; the last tick is held."""
    per = RATE_HZ // TICK_HZ
    after = np.concatenate([by_tick[:, 1:], by_tick[:, -1:]], axis=1)
    share = (np.arange(per, dtype=np.float32) / per)[None, None, :]
    fine: Floats = (by_tick[:, :, None] * (1 - share) + after[:, :, None] * share).astype(np.float32)
    return fine.reshape(by_tick.shape[0], -1)


def _gain(sections: Floats) -> float:
    impulse = np.zeros(4096, dtype=np.float32)
    impulse[0] = 1
    response: Floats = _signal.sosfilt(sections, impulse)
    return float(np.linalg.norm(response))
