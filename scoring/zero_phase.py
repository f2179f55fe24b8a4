"""Second-order Butterworth low-passes, run forward and backward so that they have four poles and no phase.

Plain numbers, because the sections are short and `scipy.signal` takes a process longer to load than all the
rest of it: a reader of devices that was killed is back a second sooner.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Signal = NDArray[np.float64]
Section = tuple[tuple[float, float, float], tuple[float, float, float]]
"""Numerator and denominator: y = b0 x0 + b1 x1 + b2 x2 - a1 y1 - a2 y2, with a0 = 1."""


def butterworth(corner_hz: float, rate_hz: float) -> Section:
    """One pass with its -3 dB corner at this frequency, below half the rate (bilinear transform, prewarped)."""
    warped = math.tan(math.pi * corner_hz / rate_hz)
    scale = 1 + math.sqrt(2) * warped + warped**2
    b0 = warped**2 / scale
    a1 = 2 * (warped**2 - 1) / scale
    a2 = (1 - math.sqrt(2) * warped + warped**2) / scale
    return (b0, 2 * b0, b0), (1.0, a1, a2)


def zero_phase(section: Section, signal: Signal, pad: int) -> Signal:
    """The signal (..., n) run through forward and backward; (..., n).

    Both ends are continued by a point mirror of `pad` samples, fewer than n, and each pass begins as if
    its first sample had been there for ever.
    """
    first, last = signal[..., :1], signal[..., -1:]
    before = 2 * first - signal[..., pad:0:-1]
    after = 2 * last - signal[..., -2 : -2 - pad : -1]
    longer = np.concatenate([before, signal, after], axis=-1)
    filtered = np.empty_like(longer)
    for row in np.ndindex(longer.shape[:-1]):
        backward = _pass(section, longer[row].tolist())[::-1]
        filtered[row] = _pass(section, backward)[::-1]
    return filtered[..., pad : pad + signal.shape[-1]]


def _pass(section: Section, samples: list[float]) -> list[float]:
    (b0, b1, b2), (_, a1, a2) = section
    gain = (b0 + b1 + b2) / (1 + a1 + a2)
    late, later = (gain - b0) * samples[0], (b2 - a2 * gain) * samples[0]
    passed: list[float] = []
    for sample in samples:
        out = b0 * sample + late
        late = b1 * sample - a1 * out + later
        later = b2 * sample - a2 * out
        passed.append(out)
    return passed
