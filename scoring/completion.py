"""How large the velocity change really was: what clipping hid is completed by GPS, what is unsure is said.

A clipped sensor gives a lower bound, and its rebuilt peaks an estimate that leans low. The speed that the car
lost at once is another lower bound of the same quantity, since no change of a vector is smaller than the
change of its length.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Signal = NDArray[np.float64]

UNSURE: Final = 0.05
"""With a low-pass of 42 Hz or less, nine of ten composed crashes came out this close (docs/detector.md)."""
UNSURE_SAMPLING: Final = 0.15
"""The same where the low-pass is unknown or too high for the rate, or the rate is below 100 Hz."""
UNSURE_GAP: Final = 0.30
UNSURE_LEAST_KMH: Final = 1.0
CLIPPED_BELOW: Final = 0.10
"""How far rebuilt peaks are too high, as a share of the estimate."""
COMPLETED_ABOVE: Final = 0.15
"""The same once GPS has shown the speed that was lost."""
HIDDEN_TIMES: Final = 2.0
"""What a clipped sample may hide, as a multiple of the range: a peak seldom is three times the range."""


@dataclass(frozen=True, slots=True)
class Extent:
    """A velocity change in km/h, the range it is expected in, and whether GPS raised it."""

    delta_v_kmh: float
    from_kmh: float
    to_kmh: float
    completed: bool = False


def extent_of(
    delta_v_kmh: float, *, hidden_kmh: float, needed_kmh: float | None, poor_sampling: bool, gap: bool
) -> Extent:
    """What is known of a velocity change measured as `delta_v_kmh`, 0 or more.

    `hidden_kmh` is the most that clipped samples can have hidden (`hidden_most`), 0 where none clipped.
    `needed_kmh` is the change that GPS needs to explain the speed afterwards (`needed`); it only counts
    for what was hidden.
    """
    unsure = UNSURE_SAMPLING if poor_sampling else UNSURE
    if gap:
        unsure = max(unsure, UNSURE_GAP)
    margin_kmh = max(UNSURE_LEAST_KMH, unsure * delta_v_kmh)
    low_kmh = max(0.0, delta_v_kmh - margin_kmh)
    if hidden_kmh <= 0:
        return Extent(delta_v_kmh, low_kmh, delta_v_kmh + margin_kmh)
    low_kmh = max(0.0, min(low_kmh, delta_v_kmh * (1 - CLIPPED_BELOW)))
    high_kmh = delta_v_kmh + max(margin_kmh, hidden_kmh)
    if needed_kmh is None or needed_kmh <= delta_v_kmh:
        return Extent(delta_v_kmh, low_kmh, high_kmh)
    completed_kmh = min(needed_kmh, delta_v_kmh + hidden_kmh)
    most_kmh = max(high_kmh, needed_kmh * (1 + COMPLETED_ABOVE))
    return Extent(completed_kmh, low_kmh, most_kmh, completed=True)


def hidden_most(clipped_samples: NDArray[np.intp], clip_mps2: float, rate_hz: float) -> float:
    """The most that `clipped_samples` (3,) per axis can have hidden of a velocity change, km/h."""
    return 3.6 * HIDDEN_TIMES * clip_mps2 / rate_hz * float(np.linalg.norm(clipped_samples))


def needed(
    before_mps: float, after_mps: float, pulse_mps: Signal, outside_mps: Signal, heading: Signal | None
) -> float:
    """How large a change along `pulse_mps` (2,) takes a car's speed from `before_mps` to `after_mps`, m/s.

    `outside_mps` (2,) is what else changed its velocity between the two fixes: brakes, sliding. `heading` (2,)
    is the car's way in the same axes; without it, and where direction and speeds disagree, the answer
    is the least change that can explain them, and 0 where nothing more is needed.
    """
    # Struck from behind a car is faster afterwards; either way no change of a vector is less than that of its length.
    least = max(0.0, abs(before_mps - after_mps) - float(np.linalg.norm(outside_mps)))
    size = float(np.linalg.norm(pulse_mps))
    if heading is None or size == 0:
        return least
    coasting = before_mps * heading + outside_mps
    along = float(coasting @ pulse_mps) / size
    inside = along**2 - float(coasting @ coasting) + after_mps**2
    if inside < 0:
        return least
    # |coasting + d pulse| = after: the smaller d is the change that did not first turn the car round.
    roots = (-along - math.sqrt(inside), -along + math.sqrt(inside))
    found = min((root for root in roots if root >= 0), default=least)
    return max(found, least)
