"""The felt acceleration around an impact as one line, thin enough to send and draw. Pure.

Which way a device is mounted may not be known, so what is shown is the magnitude of what differs from
rest: nothing of it depends on the axes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.recording import G_MPS2
from scoring.frames import Motion

BEFORE_S: Final = 4.0
AFTER_S: Final = 6.0
MOST_POINTS: Final = 1000
REST_S: Final = 2.0
"""What the sensor reads at rest is the median of this long before the shock."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Acceleration in g each `step_s` from `from_s` on, in seconds from the impact; None where data are missing."""

    from_s: float
    step_s: float
    g: tuple[float | None, ...]


def trace(motion: Motion, uptime_s: float) -> Trace:
    """The ten seconds around an uptime. Of samples that share a point the largest stands: no peak is lost."""
    rest = at_rest_mps2(motion, uptime_s)
    part = motion.window(uptime_s - BEFORE_S, uptime_s + AFTER_S)
    felt = np.linalg.norm(part.acc_mps2.astype(np.float64) - rest[:, None], axis=0) / G_MPS2
    for start_s, end_s in part.gaps:
        felt[max(0, part.index_at(start_s)) : max(0, part.index_at(end_s))] = np.nan
    share = max(1, -(-part.samples // MOST_POINTS))
    padded = np.pad(felt, (0, -part.samples % share), constant_values=-1.0).reshape(-1, share)
    # A point any part of which is known is known.
    peaks = np.where(np.isnan(padded), -1.0, padded).max(axis=1, initial=-1.0)
    return Trace(
        round(part.uptime_s - uptime_s, 4),
        share / motion.rate_hz,
        tuple(None if value < 0 else round(float(value), 3) for value in peaks),
    )


def at_rest_mps2(motion: Motion, uptime_s: float) -> NDArray[np.float64]:
    """What the sensor read before the shock, (3,) in m/s2."""
    zero = min(max(motion.index_at(uptime_s), 1), motion.samples)
    before = motion.acc_mps2[:, max(0, zero - round(REST_S * motion.rate_hz)) : zero]
    return np.median(before.astype(np.float64), axis=1)
