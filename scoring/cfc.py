"""Channel frequency classes: the low-passes of crash testing, for recordings sampled fast enough.

SAE J211-1 (appendix C) and ISO 6487 (annex A): a second-order Butterworth run forward and backward, so
that it has four poles and no phase. Its -3 dB corner is at CFC / 0.6: 100 Hz for CFC 60, 300 Hz for CFC 180.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import signal  # pyright: ignore[reportMissingTypeStubs]  # scipy has no types

Signal = NDArray[np.float64]

_signal: Any = signal

MIN_RATE_PER_CLASS: Final = 10.0
"""SAE J211-1: sample at no less than ten times the class; below it the corner nears half the rate."""
_DESIGN: Final = 2.0775
"""The class times this is the design corner of one pass in Hz (SAE J211-1, appendix C)."""
_PAD_SAMPLES: Final = 100
_PAD_S: Final = 0.010
"""Both ends are continued by a point mirror of this much, whichever is more (ISO 6487, annex A)."""


def serves(cfc: float, rate_hz: float) -> bool:
    """Whether a recording of this rate can be filtered to a class at all."""
    return rate_hz >= MIN_RATE_PER_CLASS * cfc


def coefficients(cfc: float, rate_hz: float) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Numerator and denominator of one pass: y = b0 x0 + b1 x1 + b2 x2 - a1 y1 - a2 y2, with a0 = 1.

    Raises ValueError where the rate does not serve the class.
    """
    if not serves(cfc, rate_hz):
        raise ValueError(
            f"CFC {cfc:g} needs {MIN_RATE_PER_CLASS * cfc:g} samples a second; these are {rate_hz:g}"
        )
    warped = math.tan(math.pi * cfc * _DESIGN / rate_hz)
    scale = 1 + math.sqrt(2) * warped + warped**2
    b0 = warped**2 / scale
    a1 = 2 * (warped**2 - 1) / scale
    a2 = (1 - math.sqrt(2) * warped + warped**2) / scale
    return (b0, 2 * b0, b0), (1.0, a1, a2)


def cfc_filter(acc: Signal, cfc: float, rate_hz: float) -> Signal:
    """The signal (..., n) filtered to a channel frequency class, in its own unit; raises ValueError as above."""
    numerator, denominator = coefficients(cfc, rate_hz)
    pad = min(max(_PAD_SAMPLES, round(_PAD_S * rate_hz)), acc.shape[-1] - 1)
    filtered: Signal = _signal.filtfilt(numerator, denominator, acc, axis=-1, padtype="odd", padlen=pad)
    return filtered
