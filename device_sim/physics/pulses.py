"""Crash pulses and wheels in potholes, as a sensor fixed to the car's body would measure them.

Axes are those of SAE J211: +x forward, +y right, +z down.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

import numpy as np

from device_sim.physics.filters import StreamFilter, lowpass
from schemas.recording import G_MPS2, Floats

SAMPLED_AT_HZ: Final = 3200.0
"""Least rate at which a shock is formed before the sensor's low-pass and its sampling."""
_SETTLING_S: Final = 0.08
_WHEELBASE_M: Final = 2.6


class Shape(StrEnum):
    """How the force of a crash grows and falls.

    HALF_SINE: a = A sin(pi x), delta-V = 2 A T / pi. HAVERSINE: a = A sin^2(pi x),
    delta-V = A T / 2 (both textbook idealisations of vehicle pulses). BARRIER: two humps,
    our own formula: 0.42 sin^2(pi (x / 0.45)^0.8) for x < 0.45, plus sin^2(pi x^1.8): a
    lower peak at 0.19 T as the front structure folds, a dip, and the main peak at 0.68 T as
    the engine meets the bulkhead. Peak times and heights follow a glance at full-frontal
    test 10146 of the US NHTSA (peaks of 17 g at 17 ms and 39 g at 63 ms of 93 ms).
    x is time over the duration T.
    """

    HALF_SINE = "half_sine"
    HAVERSINE = "haversine"
    BARRIER = "barrier"


def shape_at(shape: Shape, x: Floats) -> Floats:
    """The shape's value, not scaled, at shares of the duration; zero outside 0 to 1."""
    inside = np.clip(x, 0.0, 1.0)
    match shape:
        case Shape.HALF_SINE:
            return np.sin(np.pi * inside)
        case Shape.HAVERSINE:
            return np.sin(np.pi * inside) ** 2
        case Shape.BARRIER:
            front = 0.42 * np.sin(np.pi * (np.minimum(inside, 0.45) / 0.45) ** 0.8) ** 2
            return front + np.sin(np.pi * inside**1.8) ** 2


@cache
def _share_table(shape: Shape) -> tuple[Floats, float]:
    """Share of delta-V reached on a grid of 2,001 points, and the shape's mean."""
    values = shape_at(shape, np.linspace(0.0, 1.0, 2001))
    steps = np.concatenate([[0.0], np.cumsum((values[:-1] + values[1:]) / 2)]) / 2000.0
    return steps / steps[-1], float(steps[-1])


@dataclass(frozen=True, slots=True)
class Pulse:
    """A crash: change of velocity, the direction the force comes from, shape and duration.

    `pdof_deg` is clockwise from the car's front: 0 a frontal impact, 90 from the right.
    `ringing` is the vibration of the structure, 18-60 Hz, in shares of the mean
    acceleration; it leaves delta-V as it is. Raises ValueError outside 1-150 km/h and
    20-400 ms (real crash pulses: 60-200 ms).
    """

    delta_v_kmh: float
    pdof_deg: float = 0.0
    shape: Shape = Shape.BARRIER
    duration_ms: float = 100.0
    ringing: float = 0.12
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1.0 <= self.delta_v_kmh <= 150.0:
            raise ValueError(f"delta_v_kmh {self.delta_v_kmh} is outside 1 to 150")
        if not 20.0 <= self.duration_ms <= 400.0:
            raise ValueError(f"duration_ms {self.duration_ms} is outside 20 to 400")
        if not np.isfinite(self.pdof_deg):
            raise ValueError(f"pdof_deg {self.pdof_deg} is no angle")

    @property
    def delta_v_mps(self) -> Floats:
        """Change of the car's velocity (forward, right) in m/s: away from where the force comes."""
        angle = np.radians(self.pdof_deg)
        return -self.delta_v_kmh / 3.6 * np.asarray([np.cos(angle), np.sin(angle)])

    def share_at(self, elapsed_s: Floats) -> Floats:
        """Share of delta-V reached after so many seconds, 0 to 1."""
        table, _ = _share_table(self.shape)
        return np.interp(elapsed_s * 1000.0 / self.duration_ms, np.linspace(0.0, 1.0, table.size), table)

    def acceleration(self, elapsed_s: Floats) -> Floats:
        """Acceleration of the car's body (n, 3) in m/s2, unfiltered, seconds after time zero."""
        _, mean = _share_table(self.shape)
        duration_s = self.duration_ms / 1000.0
        envelope = shape_at(self.shape, elapsed_s / duration_s) / mean
        body = np.zeros((elapsed_s.size, 3))
        body[:, :2] = envelope[:, np.newaxis] * (self.delta_v_mps / duration_s)
        level = self.ringing * self.delta_v_kmh / 3.6 / duration_s
        return body + level * self._ringing(elapsed_s, envelope)

    def _ringing(self, elapsed_s: Floats, envelope: Floats) -> Floats:
        if not np.any(envelope > 0):
            return np.zeros((elapsed_s.size, 3))
        rng = np.random.default_rng([7, self.seed])
        frequency, phase = rng.uniform(18.0, 60.0, (6, 3)), rng.uniform(0.0, 2 * np.pi, (6, 3))
        waves = np.sin(2 * np.pi * frequency * elapsed_s[:, np.newaxis, np.newaxis] + phase)
        ringing = envelope[:, np.newaxis] * waves.sum(axis=1) / np.sqrt(3.0)
        return ringing - envelope[:, np.newaxis] * (ringing.sum(axis=0) / envelope.sum())


def sampled_pulse(pulse: Pulse, first_s: float, rate_hz: float, lowpass_hz: float) -> Floats:
    """What the sensor's samples (n, 3) hold of a pulse, in m/s2.

    `first_s` is the first sample's time after time zero, from 0 to one sample interval. The
    low-pass (0 = none) lets the pulse ring on for a moment after its end.
    """
    times_s, every = fine_times(pulse.duration_ms / 1000.0, first_s, rate_hz)
    return through_sensor(pulse.acceleration(times_s), every, rate_hz, lowpass_hz)


def fine_times(duration_s: float, first_s: float, rate_hz: float) -> tuple[Floats, int]:
    """Times to form a shock at, from one sample before the first, and how many make a sample."""
    every = int(np.ceil(SAMPLED_AT_HZ / rate_hz))
    samples = int(np.ceil((duration_s + _SETTLING_S) * rate_hz)) + 1
    return first_s + np.arange(-every, samples * every) / (rate_hz * every), every


def through_sensor(
    fine: Floats, every: int, rate_hz: float, lowpass_hz: float, settled_at: Floats | None = None
) -> Floats:
    """Low-pass finely sampled motion and take the sensor's samples of it."""
    if 0.0 < lowpass_hz < 0.45 * rate_hz * every:
        columns = fine.shape[1]
        fine = StreamFilter(lowpass(lowpass_hz, rate_hz * every), columns, settled_at)(fine)
    return fine[every::every]


def sampled_pothole(
    speed_mps: float, peak_g: float, first_s: float, rate_hz: float, lowpass_hz: float
) -> Floats:
    """A wheel through a pothole: samples (n, 3) in m/s2, mostly vertical.

    Each axle hops at 12 Hz and the body bounces after it at 1.5 Hz, the usual natural
    frequencies of a passenger car's unsprung (10-15 Hz) and sprung mass (1-2 Hz); the rear
    axle follows by wheelbase over speed. 15 % of it is felt lengthwise. `peak_g` is the
    largest vertical value before filtering; 1.8 g is the largest of 400 measured anomalies.
    Raises ValueError outside 0.05 to 4 g.
    """
    if not 0.05 <= peak_g <= 4.0:
        raise ValueError(f"peak_g {peak_g} is outside 0.05 to 4")
    behind_s = _WHEELBASE_M / max(speed_mps, 2.0)
    times_s, every = fine_times(behind_s + 1.2, first_s, rate_hz)
    vertical = _axle(times_s) + 0.8 * _axle(times_s - behind_s)
    vertical *= peak_g * G_MPS2 / float(np.abs(vertical).max())
    body = np.column_stack([-0.15 * np.abs(vertical), np.zeros_like(vertical), vertical])
    return through_sensor(body, every, rate_hz, lowpass_hz)


def _axle(since_s: Floats) -> Floats:
    """An axle's hop and the body's bounce, seconds after the wheel meets the edge."""
    after = np.maximum(since_s, 0.0)
    hop = np.exp(-0.15 * 2 * np.pi * 12.0 * after) * np.sin(2 * np.pi * 12.0 * after)
    bounce = 0.2 * np.exp(-0.3 * 2 * np.pi * 1.5 * after) * np.sin(2 * np.pi * 1.5 * after)
    return np.where(since_s > 0.0, hop + bounce, 0.0)
