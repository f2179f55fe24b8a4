"""Five published rules to compare with, on the identical recordings.

Each gets gravity as well as it can be had, the median of the ten seconds before, though simple devices do worse.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.recording import G_MPS2
from scoring.frames import Motion
from scoring.speed import SpeedTrack

Signal = NDArray[np.float64]
Mask = NDArray[np.bool_]

SAME_EVENT_S: Final = 1.0
"""What a rule says within a second is one event, as for the detector."""
_GRAVITY_S: Final = 10.0
_SPEED_KMH: Final = 24.0


@dataclass(frozen=True, slots=True, eq=False)
class Felt:
    """A stretch made ready: |a| (n,) as read, horizontal motion (3, n) free of gravity, its rate, the speed."""

    size_mps2: Signal
    horizontal_mps2: Signal
    motion: Motion
    speed: SpeedTrack | None


@dataclass(frozen=True, slots=True)
class Baseline:
    """A rule with a name and where it comes from."""

    name: str
    rule: str
    source: str
    fires: Callable[[Felt], Mask]


def felt(motion: Motion, speed: SpeedTrack | None) -> Felt:
    """Make a stretch ready for all rules."""
    acc = motion.acc_mps2.astype(np.float64)
    gravity = _gravity(acc, motion.rate_hz)
    up = gravity / np.maximum(np.linalg.norm(gravity, axis=0), 1e-6)
    dynamic = acc - gravity
    along = np.einsum("an,an->n", up, dynamic)
    return Felt(np.linalg.norm(acc, axis=0), dynamic - up * along, motion, speed)


def events(baseline: Baseline, ready: Felt) -> list[float]:
    """When a rule fires, in uptime seconds, once per event."""
    fired = np.flatnonzero(baseline.fires(ready)) / ready.motion.rate_hz + ready.motion.uptime_s
    found: list[float] = []
    for moment in fired.tolist():
        if not found or moment - found[-1] > SAME_EVENT_S:
            found.append(moment)
    return found


def _gravity(acc: Signal, rate_hz: float) -> Signal:
    """The median of the ten seconds before each second, held through it."""
    second, back = round(rate_hz), round(_GRAVITY_S * rate_hz)
    gravity = np.empty_like(acc)
    stride = max(1, round(rate_hz / 25))
    for first in range(0, acc.shape[1], second):
        before = acc[:, max(0, first - back) : max(first, second) : stride]
        gravity[:, first : first + second] = np.median(before, axis=1)[:, None]
    return gravity


def _strong_and_driving(ready: Felt) -> Mask:
    fired = ready.size_mps2 > 4 * G_MPS2
    if ready.speed is None:
        return np.zeros_like(fired)
    for index in np.flatnonzero(fired).tolist():
        speed_kmh = ready.speed.speed_before_kmh(ready.motion.time_at(index))
        fired[index] = speed_kmh is not None and speed_kmh > _SPEED_KMH
    return fired


def _horizontal_peak(ready: Felt) -> Mask:
    return np.linalg.norm(ready.horizontal_mps2, axis=0) > 2.5 * G_MPS2


def _velocity_change(delta_v_kmh: float, within_s: float) -> Callable[[Felt], Mask]:
    def fires(ready: Felt) -> Mask:
        samples = ready.size_mps2.size
        width = max(1, round(within_s * ready.motion.rate_hz))
        if samples < width:
            return np.zeros(samples, dtype=np.bool_)
        sums = np.cumsum(np.pad(ready.horizontal_mps2, ((0, 0), (1, 0))), axis=1)
        change = np.linalg.norm(sums[:, width:] - sums[:, :-width], axis=0) / ready.motion.rate_hz
        return np.pad(3.6 * change > delta_v_kmh, (0, samples - change.size))

    return fires


def _lasting(ready: Felt) -> Mask:
    over = ready.size_mps2 > 4 * G_MPS2
    width = max(1, round(0.020 * ready.motion.rate_hz))
    run = np.convolve(over.astype(np.int64), np.ones(width, dtype=np.int64), mode="full")[: over.size]
    return run >= width


BASELINES: Final = (
    Baseline("B1", "|a| > 4 g and speed > 24 km/h", "WreckWatch (White et al. 2011)", _strong_and_driving),
    Baseline("B2", "horizontal |a| > 2.5 g", "Geotab's published rule", _horizontal_peak),
    Baseline("B3", "7 km/h within 120 ms", "Digital Matter's published rule", _velocity_change(7.0, 0.120)),
    Baseline(
        "B4",
        "8 km/h within 150 ms",
        "trigger of event data recorders, 49 CFR 563",
        _velocity_change(8.0, 0.150),
    ),
    Baseline("B5", "|a| > 4 g for 20 ms", "ToolSense's published rule", _lasting),
)
