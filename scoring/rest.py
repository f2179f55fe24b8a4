"""What a device reads when nothing happens: lying still, and which way it leans."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from schemas.recording import G_MPS2

Signal = NDArray[np.float64]


def rest_of(acc_mps2: Signal) -> Signal | None:
    """The mean (3,) of a span (3, n) in which a device lay still; None where it did not.

    Still: the mean is between 0.8 and 1.2 g long, and the samples stay within 0.3 g of it (rms): a car on
    a rough road shakes it that much.
    """
    if acc_mps2.shape[1] == 0:
        return None
    mean: Signal = acc_mps2.mean(axis=1)
    spread = math.sqrt(float(np.sum(np.square(acc_mps2 - mean[:, None]))) / acc_mps2.shape[1])
    if not 0.8 <= float(np.linalg.norm(mean)) / G_MPS2 <= 1.2 or spread > 0.3 * G_MPS2:
        return None
    return mean


def angle_deg(one: Signal, other: Signal) -> float:
    """The angle between two vectors, 0 to 180 degrees; 0 when one of them is nothing."""
    size = float(np.linalg.norm(one) * np.linalg.norm(other))
    return math.degrees(math.acos(min(max(float(one @ other) / size, -1.0), 1.0))) if size > 0 else 0.0
