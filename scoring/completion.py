"""How large the velocity change really was: what clipping hid is completed by GPS, what is unsure is said.

A clipped sensor gives a lower bound, and its rebuilt peaks an estimate that leans low. The speed that the car
lost at once is another lower bound of the same quantity, since no change of a vector is smaller than the
change of its length.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

UNSURE: Final = 0.05
"""With a low-pass of 42 Hz or less, nine of ten composed crashes came out this close (docs/detector.md)."""
UNSURE_SAMPLING: Final = 0.15
"""The same where the low-pass is unknown or too high for the rate, or the rate is below 100 Hz."""
UNSURE_GAP: Final = 0.30
UNSURE_LEAST_KMH: Final = 1.0
CLIPPED_BELOW: Final = 0.10
CLIPPED_ABOVE: Final = 0.40
"""How far rebuilt peaks are off either way, as a share of the estimate."""
COMPLETED_ABOVE: Final = 0.15
"""The same once GPS has shown the speed that was lost."""
BRAKED_KMH: Final = 5.0
"""What drivers brake away between two fixes besides a crash, and GPS smooths."""


@dataclass(frozen=True, slots=True)
class Extent:
    """A velocity change in km/h, the range it is expected in, and whether GPS raised it."""

    delta_v_kmh: float
    from_kmh: float
    to_kmh: float
    completed: bool = False


def extent_of(
    delta_v_kmh: float, *, is_clipped: bool, lost_kmh: float | None, poor_sampling: bool, gap: bool
) -> Extent:
    """What is known of a velocity change measured as `delta_v_kmh`, 0 or more.

    `lost_kmh` is the speed lost at once by GPS, less what was braked away; it only counts where samples
    clipped.
    """
    unsure = UNSURE_SAMPLING if poor_sampling else UNSURE
    if gap:
        unsure = max(unsure, UNSURE_GAP)
    margin_kmh = max(UNSURE_LEAST_KMH, unsure * delta_v_kmh)
    if not is_clipped:
        return Extent(delta_v_kmh, max(0.0, delta_v_kmh - margin_kmh), delta_v_kmh + margin_kmh)
    low_kmh = max(0.0, delta_v_kmh - max(margin_kmh, CLIPPED_BELOW * delta_v_kmh))
    if lost_kmh is None or lost_kmh <= delta_v_kmh:
        return Extent(delta_v_kmh, low_kmh, delta_v_kmh * (1 + max(unsure, CLIPPED_ABOVE)))
    return Extent(lost_kmh, max(low_kmh, lost_kmh - BRAKED_KMH), lost_kmh * (1 + COMPLETED_ABOVE), True)


def lost_along(before_kmh: float, after_kmh: float, along_cosine: float) -> float:
    """The velocity change at an angle to the car's way that takes its speed from one value to another, km/h.

    `along_cosine` is that of the angle between the force and the way back. Where no such change exists
    (GPS and direction disagree) the change of speed itself is given, which is the least there can be.
    """
    least_kmh = before_kmh - after_kmh
    inside = (before_kmh * along_cosine) ** 2 - before_kmh**2 + after_kmh**2
    if along_cosine <= 0 or inside < 0:
        return least_kmh
    return max(least_kmh, before_kmh * along_cosine - math.sqrt(inside))
