"""Crash pulses of a known velocity change, finely sampled, in car axes.

Axes are those of SAE J211: forward, right, down. A scaled pulse of a severe test is not a real mild one; that
is why measured and ideal pulses are reported apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cli.evaluation.sensor import interpolated, times_of
from schemas.crash_recording import CrashRecording

Signal = NDArray[np.float64]

FINE_HZ: Final = 10_000.0
SHAPES: Final = ("half_sine", "haversine", "triangle")
LONGEST_S: Final = 0.300
"""An event data recorder keeps this much of a pulse (49 CFR 563); sensors drift on after it."""
_EDR_STEP_MPS: Final = 0.8 / 3.6
_EDR_STEP_S: Final = 0.020
_TAPER_S: Final = 0.010


@dataclass(frozen=True, slots=True, eq=False)
class Pulse:
    """Acceleration (3, n) of a car's body at `FINE_HZ` from 20 ms before it begins.

    `delta_v_mps` (2,) is the largest horizontal change of velocity (forward, right); `begins_s` and
    `ends_s` are by the rule of 0.8 km/h within 20 ms (49 CFR 563.5), from the first sample.
    """

    name: str
    is_measured: bool
    acc_mps2: Signal
    delta_v_mps: Signal
    begins_s: float
    ends_s: float

    @property
    def delta_v_kmh(self) -> float:
        """Size of the velocity change."""
        return float(np.linalg.norm(self.delta_v_mps)) * 3.6

    @property
    def pdof_deg(self) -> float:
        """Where the force came from, clockwise from the front, 0 to 360."""
        return float(np.degrees(np.arctan2(-self.delta_v_mps[1], -self.delta_v_mps[0])) % 360)


def measured_pulse(crash: CrashRecording, delta_v_kmh: float, *, stretch: float, yaw_deg: float) -> Pulse:
    """A measured crash, slowed by `stretch`, scaled to a velocity change, and turned about the vertical."""
    known_s = times_of(crash.acc_mps2.shape[1], crash.rate_hz)
    times_s = times_of(int(known_s[-1] * stretch * FINE_HZ), FINE_HZ)
    acc = interpolated(times_s / stretch, known_s, crash.acc_mps2)
    begin, _ = _edges(acc)
    first = max(0, begin - round(_EDR_STEP_S * FINE_HZ))
    acc = acc[:, first : first + round(LONGEST_S * FINE_HZ * stretch)] * _taper(acc.shape[1] - first, stretch)
    return _scaled(crash.name, acc, delta_v_kmh, yaw_deg, is_measured=True)


def ideal_pulse(shape: str, delta_v_kmh: float, *, duration_s: float, yaw_deg: float) -> Pulse:
    """A textbook pulse; raises ValueError for an unknown shape."""
    before = round(_EDR_STEP_S * FINE_HZ)
    x = (np.arange(before + round(duration_s * FINE_HZ)) - before) / (duration_s * FINE_HZ)
    x = np.clip(x, 0.0, 1.0)
    match shape:
        case "half_sine":
            force = np.sin(np.pi * x)
        case "haversine":
            force = np.sin(np.pi * x) ** 2
        case "triangle":
            force = 1 - np.abs(2 * x - 1)
        case _:
            raise ValueError(f"no shape {shape}; there are {', '.join(SHAPES)}")
    acc = np.zeros((3, x.size))
    acc[0] = -force
    return _scaled(shape, acc, delta_v_kmh, yaw_deg, is_measured=False)


def turned_about_vertical(acc: Signal, yaw_deg: float) -> Signal:
    """(3, n) turned clockwise seen from above."""
    sin, cos = np.sin(np.radians(yaw_deg)), np.cos(np.radians(yaw_deg))
    return np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]]) @ acc


def _scaled(name: str, acc: Signal, delta_v_kmh: float, yaw_deg: float, *, is_measured: bool) -> Pulse:
    size = float(np.linalg.norm(_velocity(acc), axis=0).max())
    acc = turned_about_vertical(acc * (delta_v_kmh / 3.6 / size), yaw_deg)
    velocity = _velocity(acc)
    largest = int(np.argmax(np.linalg.norm(velocity, axis=0)))
    begin, end = _edges(acc)
    return Pulse(name, is_measured, acc, velocity[:, largest], begin / FINE_HZ, end / FINE_HZ)


def _velocity(acc: Signal) -> Signal:
    return np.cumsum(acc[:2], axis=1) / FINE_HZ


def _edges(acc: Signal) -> tuple[int, int]:
    """The first sample of the first 20 ms that change the velocity enough, and the last sample of the last."""
    width = round(_EDR_STEP_S * FINE_HZ)
    velocity = np.pad(_velocity(acc), ((0, 0), (1, width - 1)), mode="edge")
    fast = np.flatnonzero(np.linalg.norm(velocity[:, width:] - velocity[:, :-width], axis=0) > _EDR_STEP_MPS)
    if fast.size == 0:
        return 0, acc.shape[1]
    return int(fast[0]), min(int(fast[-1]) + width, acc.shape[1])


def _taper(samples: int, stretch: float) -> Signal:
    """Ones that fall off to zero at the end of what is kept."""
    kept = min(samples, round(LONGEST_S * FINE_HZ * stretch))
    weight = np.ones(kept)
    width = min(kept, round(_TAPER_S * FINE_HZ))
    weight[kept - width :] = np.linspace(1.0, 0.0, width)
    return weight
