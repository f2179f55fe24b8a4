"""Second-order digital filters that keep their state from block to block; the one place that calls SciPy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray
from scipy import signal

Floats = NDArray[np.float64]

_signal: Final = cast("Any", signal)  # SciPy carries no types


@dataclass(frozen=True, slots=True, eq=False)
class Filter:
    """Coefficients of the feed-forward and feed-back side, at most second order."""

    forward: Floats
    back: Floats


def lowpass(corner_hz: float, rate_hz: float) -> Filter:
    """Second-order Butterworth low-pass, -3 dB at the corner."""
    return Filter(*_signal.butter(2, corner_hz, "lowpass", fs=rate_hz))


def bandpass(low_hz: float, high_hz: float, rate_hz: float) -> Filter:
    """Butterworth band-pass, first order on either side."""
    return Filter(*_signal.butter(1, (low_hz, high_hz), "bandpass", fs=rate_hz))


def smoothing(time_constant_s: float, rate_hz: float) -> Filter:
    """First-order low-pass (exponential average) with the given time constant."""
    keep = float(np.exp(-1.0 / (time_constant_s * rate_hz)))
    return Filter(np.asarray([1.0 - keep, 0.0]), np.asarray([1.0, -keep]))


def noise_gain(coefficients: Filter) -> float:
    """Standard deviation of what the filter makes of white noise of unit variance."""
    impulse = np.zeros((1 << 15, 1))
    impulse[0] = 1.0
    response = StreamFilter(coefficients, 1)(impulse)
    return float(np.sqrt(np.sum(response**2)))


class StreamFilter:
    """A filter over columns that goes on where the last block ended."""

    def __init__(self, coefficients: Filter, columns: int, settled_at: Floats | None = None) -> None:
        """`settled_at` (columns,) starts as if it had been the input for ever; else zero."""
        self._forward, self._back = coefficients.forward, coefficients.back
        self._state: Floats = np.zeros((len(self._back) - 1, columns))
        if settled_at is not None:
            unit: Floats = _signal.lfilter_zi(self._forward, self._back)
            self._state = unit[:, np.newaxis] * settled_at

    def __call__(self, block: Floats) -> Floats:
        """Filter a block (n, columns); n may be 0."""
        if not len(block):
            return block
        filtered, self._state = _signal.lfilter(self._forward, self._back, block, axis=0, zi=self._state)
        return filtered
