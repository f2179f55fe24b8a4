"""Second-order digital filters that keep their state from block to block.

Written with NumPy alone, because a device needs three kinds of filter and importing
scipy.signal costs more start-up time than everything else of a simulated car. A block of
samples is one small matrix product: output = H input + O state, where H holds the impulse
response and O the response to the state (state-space form of a linear filter).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from schemas.recording import Floats

_BLOCK: Final = 128


@dataclass(frozen=True, slots=True)
class Filter:
    """y[n] = b0 x[n] + b1 x[n-1] + b2 x[n-2] - a1 y[n-1] - a2 y[n-2]."""

    b0: float
    b1: float
    b2: float
    a1: float
    a2: float


def lowpass(corner_hz: float, rate_hz: float) -> Filter:
    """Second-order Butterworth low-pass, -3 dB at the corner.

    Bilinear transform of 1 / (s^2 + sqrt(2) s + 1) with the corner prewarped.
    """
    c = 1.0 / np.tan(np.pi * corner_hz / rate_hz)
    scale = 1.0 / (1.0 + np.sqrt(2.0) * c + c * c)
    return Filter(
        b0=float(scale),
        b1=float(2.0 * scale),
        b2=float(scale),
        a1=float(2.0 * scale * (1.0 - c * c)),
        a2=float(scale * (1.0 - np.sqrt(2.0) * c + c * c)),
    )


def bandpass(low_hz: float, high_hz: float, rate_hz: float) -> Filter:
    """Butterworth band-pass of first order on either side, -3 dB at both corners.

    Bilinear transform of B s / (s^2 + B s + w1 w2), B = w2 - w1, with the corners prewarped.
    """
    low, high = np.tan(np.pi * low_hz / rate_hz), np.tan(np.pi * high_hz / rate_hz)
    width, square = high - low, low * high
    scale = 1.0 / (1.0 + width + square)
    return Filter(
        b0=float(scale * width),
        b1=0.0,
        b2=float(-scale * width),
        a1=float(2.0 * scale * (square - 1.0)),
        a2=float(scale * (1.0 - width + square)),
    )


def smoothing(time_constant_s: float, rate_hz: float) -> Filter:
    """First-order low-pass (exponential average) with the given time constant."""
    keep = float(np.exp(-1.0 / (time_constant_s * rate_hz)))
    return Filter(b0=1.0 - keep, b1=0.0, b2=0.0, a1=-keep, a2=0.0)


def noise_gain(coefficients: Filter) -> float:
    """Standard deviation of what the filter makes of white noise of unit variance."""
    impulse = np.zeros((1 << 15, 1))
    impulse[0] = 1.0
    return float(np.linalg.norm(StreamFilter(coefficients, 1)(impulse)))


@dataclass(frozen=True, slots=True, eq=False)
class _Matrices:
    """What makes a block of outputs and the next state; (n) stands for up to `_BLOCK` samples."""

    impulse: Floats
    """(n, n): output by input."""
    observed: Floats
    """(n, 2): output by state."""
    reached: Floats
    """(2, n): state after the block by input; of a shorter block the last columns."""
    kept: Floats
    """(n + 1, 2, 2): state after so many samples by state."""


@lru_cache(maxsize=64)
def _matrices(f: Filter) -> _Matrices:
    # Transposed direct form II: s1' = b1 x - a1 y + s2, s2' = b2 x - a2 y, y = b0 x + s1.
    step = np.asarray([[-f.a1, 1.0], [-f.a2, 0.0]])
    fed = np.asarray([f.b1 - f.a1 * f.b0, f.b2 - f.a2 * f.b0])
    kept = np.empty((_BLOCK + 1, 2, 2))
    kept[0] = np.eye(2)
    for count in range(_BLOCK):
        kept[count + 1] = step @ kept[count]
    reached = (kept[:_BLOCK] @ fed)[::-1].T
    response = np.concatenate([[f.b0], (kept[: _BLOCK - 1] @ fed)[:, 0]])
    lag = np.arange(_BLOCK)[:, np.newaxis] - np.arange(_BLOCK)
    impulse = np.where(lag >= 0, response[np.maximum(lag, 0)], 0.0)
    return _Matrices(impulse, kept[:_BLOCK, 0].copy(), np.ascontiguousarray(reached), kept)


class StreamFilter:
    """A filter over columns that goes on where the last block ended."""

    def __init__(self, coefficients: Filter, columns: int, settled_at: Floats | None = None) -> None:
        """`settled_at` (columns,) starts as if it had been the input for ever; else zero."""
        self._matrices = _matrices(coefficients)
        self._state: Floats = np.zeros((2, columns))
        if settled_at is not None:
            f = coefficients
            gain = (f.b0 + f.b1 + f.b2) / (1.0 + f.a1 + f.a2)
            self._state = np.outer(np.asarray([gain - f.b0, f.b2 - f.a2 * gain]), settled_at)

    def __call__(self, block: Floats) -> Floats:
        """Filter a block (n, columns); n may be 0."""
        filtered = np.empty_like(block)
        m = self._matrices
        for begin in range(0, len(block), _BLOCK):
            piece = block[begin : begin + _BLOCK]
            size = len(piece)
            filtered[begin : begin + size] = m.impulse[:size, :size] @ piece + m.observed[:size] @ self._state
            self._state = m.kept[size] @ self._state + m.reached[:, _BLOCK - size :] @ piece
        return filtered
