"""What an accelerometer in a car makes of the car's motion: its filter, its sampling, its range, its counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import signal  # pyright: ignore[reportMissingTypeStubs]  # scipy has no types

from schemas.recording import G_MPS2

Signal = NDArray[np.float64]

_signal: Any = signal

_RINGS_S: Final = 0.1
"""What a second-order low-pass of 20 Hz still gives after its input ended."""


@dataclass(frozen=True, slots=True)
class Sensor:
    """A device's accelerometer."""

    rate_hz: float = 100.0
    lowpass_hz: float = 42.0
    full_scale_g: float = 16.0

    @property
    def is_good(self) -> bool:
        """Whether it is one for which the aims hold: a low-pass of 42 Hz or less, a range of 8 g or more."""
        return self.lowpass_hz <= 42.0 and self.full_scale_g >= 8.0

    @property
    def scale_mps2(self) -> float:
        """m/s2 per count."""
        return self.full_scale_g * G_MPS2 / 32768

    def sampled(self, fine_mps2: Signal, fine_hz: float, first_s: float) -> Signal:
        """Finely sampled motion (3, n) that begins and ends at zero, low-passed, and sampled from `first_s` on."""
        padded = np.pad(fine_mps2, ((0, 0), (0, round(_RINGS_S * fine_hz))))
        sections = _signal.butter(2, self.lowpass_hz, fs=fine_hz, output="sos")
        smooth: Signal = _signal.sosfilt(sections, padded, axis=1)
        count = int((padded.shape[1] / fine_hz - first_s) * self.rate_hz)
        at_s = times_of(count, self.rate_hz, first_s)
        known_s = times_of(padded.shape[1], fine_hz)
        return interpolated(at_s, known_s, smooth)

    def read(self, acc_mps2: Signal) -> Signal:
        """Sampled motion as the counts tell it, in m/s2: clipped to the range and rounded."""
        counts = np.clip(np.rint(acc_mps2 / self.scale_mps2), -32768, 32767)
        return counts * self.scale_mps2

    def clips(self, acc_mps2: Signal) -> bool:
        """Whether any of the samples lies beyond the range."""
        return bool(np.any(np.abs(acc_mps2) >= 0.98 * self.full_scale_g * G_MPS2))


def random_rotation(rng: np.random.Generator) -> Signal:
    """A rotation (3, 3) from all rotations alike, by a normalised Gaussian quaternion (Shoemake 1992)."""
    quaternion = rng.normal(size=4)
    w, x, y, z = (quaternion / np.linalg.norm(quaternion)).tolist()
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def times_of(samples: int, rate_hz: float, first_s: float = 0.0) -> Signal:
    """When the samples of a stretch were taken, in seconds."""
    times_s: Signal = np.arange(samples, dtype=np.float64) / rate_hz
    return first_s + times_s


def interpolated(at: Signal, known: Signal, rows: Signal) -> Signal:
    """Rows (3, n) known at some moments, by straight lines at others, (3, k)."""
    out = np.empty((rows.shape[0], at.size))
    for row, values in zip(out, rows, strict=True):
        row[:] = np.interp(at, known, values)
    return out


def resampled(acc_mps2: Signal, from_hz: float, to_hz: float) -> Signal:
    """Motion (3, n) at another rate; what the new rate cannot show is low-passed off first (without phase)."""
    if to_hz < 0.95 * from_hz:
        sections = _signal.butter(2, 0.4 * to_hz, fs=from_hz, output="sos")
        acc_mps2 = _signal.sosfiltfilt(sections, acc_mps2, axis=1)
    samples = acc_mps2.shape[1]
    at = times_of(int((samples - 1) * to_hz / from_hz) + 1, to_hz / from_hz)
    known = times_of(samples, 1.0)
    return interpolated(at, known, acc_mps2)
