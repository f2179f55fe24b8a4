"""Signs that the device itself was moved, not the car: falling freely, being thrown or carried."""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.recording import G_MPS2
from scoring.onset import joined, runs
from scoring.pulse import Pulse

Signal = NDArray[np.float64]

FREE_FALL_G: Final = 0.35
FREE_FALL_S: Final = 0.15
"""A mounted device never weighs this little this long; 37 recorded drops of a phone all did, for 0.62 s
and more before they landed."""
JOLT_S: Final = 0.020
FALL_WITHIN_S: Final = 1.5
"""A fall from this long before a shock explains it: bounces included."""
THROW_BEFORE_S: Final = 0.3
THROW_G: Final = 4.0
"""A hand accelerates a device by less than this, and lets go of it within 0.3 s."""
LOOSE_S: Final = 10.0
"""For this long after a fall the device counts as loose: picked up, put back."""
LOOSE_DV150_KMH: Final = 15.0
LOOSE_PEAK_G: Final = 5.0
"""What only a collision does, even to a device that lies loose in the car."""
CARRIED_G: Final = 3.0
"""A shock weaker than this after which the device rests turned was a hand's."""


class Cause(Enum):
    """What a device did by itself."""

    DROPPED = auto()
    THROWN = auto()
    LOOSE = auto()


def free_falls(acc_mps2: Signal, rate_hz: float) -> list[tuple[int, int]]:
    """[first, after) of every free fall in a stretch (3, n): |a| below 0.35 g for 0.15 s and more.

    A spinning device's jolts, of 20 ms at most, do not interrupt it.
    """
    weightless = np.linalg.norm(acc_mps2, axis=0) < FREE_FALL_G * G_MPS2
    found = joined(runs(weightless), JOLT_S * rate_hz)
    return [(first, after) for first, after in found if after - first >= FREE_FALL_S * rate_hz]


def moved_by_itself(
    pulse: Pulse, falls: list[tuple[int, int]], last_fall_end: int | None, rate_hz: float
) -> Cause | None:
    """Why a shock says nothing about the car; None when it may.

    `last_fall_end` is the sample at which the last shock explained by a fall ended.
    """
    for first, after in falls:
        if first < pulse.start and pulse.start - after <= FALL_WITHIN_S * rate_hz:
            return Cause.DROPPED
    throw_end = pulse.end + THROW_BEFORE_S * rate_hz
    if pulse.peak_g < THROW_G and any(pulse.start <= first <= throw_end for first, _ in falls):
        return Cause.THROWN
    is_loose = last_fall_end is not None and pulse.start - last_fall_end <= LOOSE_S * rate_hz
    if is_loose and not (pulse.dv150_kmh >= LOOSE_DV150_KMH and pulse.peak_g >= LOOSE_PEAK_G):
        return Cause.LOOSE
    return None
