"""Digital filters that keep their state from block to block; the one place that calls SciPy."""

from __future__ import annotations

from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray
from scipy import signal

Floats = NDArray[np.float64]

_signal: Final = cast("Any", signal)  # SciPy carries no types


def lowpass(corner_hz: float, rate_hz: float) -> Floats:
    """Second-order Butterworth low-pass, -3 dB at the corner, as second-order sections."""
    return _signal.butter(2, corner_hz, "lowpass", fs=rate_hz, output="sos")


def bandpass(low_hz: float, high_hz: float, rate_hz: float) -> Floats:
    """Butterworth band-pass (first order on either side), as second-order sections."""
    return _signal.butter(1, (low_hz, high_hz), "bandpass", fs=rate_hz, output="sos")


def smoothing(time_constant_s: float, rate_hz: float) -> Floats:
    """First-order low-pass (exponential average) with the given time constant."""
    keep = float(np.exp(-1.0 / (time_constant_s * rate_hz)))
    return np.asarray([[1.0 - keep, 0.0, 0.0, 1.0, -keep, 0.0]])


def noise_gain(sections: Floats) -> float:
    """Standard deviation of what the filter makes of white noise of unit variance."""
    impulse = np.zeros((1 << 15, 1))
    impulse[0] = 1.0
    response = StreamFilter(sections, 1)(impulse)
    return float(np.sqrt(np.sum(response**2)))


class StreamFilter:
    """A filter over columns that goes on where the last block ended."""

    def __init__(self, sections: Floats, columns: int, settled_at: Floats | None = None) -> None:
        """`settled_at` (columns,) starts as if it had been the input for ever; else zero."""
        self._sections = sections
        self._state: Floats = np.zeros((len(sections), 2, columns))
        if settled_at is not None:
            unit: Floats = _signal.sosfilt_zi(sections)
            self._state = unit[:, :, np.newaxis] * settled_at

    def __call__(self, block: Floats) -> Floats:
        """Filter a block (n, columns); n may be 0."""
        if not len(block):
            return block
        filtered, self._state = _signal.sosfilt(self._sections, block, axis=0, zi=self._state)
        return filtered
