"""Evening out a recording's timestamps, block by block: motion at one rate, as a device would have sampled it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.recording import Recording
from scoring.frames import DRIFT, MAX_RATE_HZ, MIN_RATE_HZ, Floats, Motion

Signal = NDArray[np.float64]

USUAL_RANGE_G: Final = 16.0
"""Taken for the range of a recording that does not tell: the widest that common devices have."""
BREAK_S: Final = 0.1
"""Where a recording skips this long (or five samples), a new stretch begins."""
REGULAR: Final = 0.1
"""Timestamps this close to an even grid (in samples) are taken for even; others are resampled."""


def rate_of(times_s: Signal) -> float:
    """Samples a second, by the mean interval with breaks left out: late samples must not stretch the time."""
    steps_s = np.diff(times_s)
    whole = steps_s[steps_s <= _break_s(float(1 / np.median(steps_s)))]
    return float(1 / whole.mean())


def is_served(rate_hz: float) -> bool:
    """Whether impacts can be detected at a rate."""
    return MIN_RATE_HZ * (1 - DRIFT) <= rate_hz <= MAX_RATE_HZ * (1 + DRIFT)


def even(blocks: Iterable[tuple[Signal, Signal]], rate_hz: float) -> Iterator[tuple[float, Floats]]:
    """Blocks of times (n,) and accelerations (n, 3) as evenly sampled pieces: (time of the first sample, (3, k)).

    A piece that does not follow the one before by one interval begins a new stretch. Slightly uneven timestamps
    are resampled by straight lines.
    """
    grid = _Grid(rate_hz)
    for times_s, acc_mps2 in blocks:
        yield from grid.feed(times_s, acc_mps2)


def motions_of(recording: Recording) -> tuple[Motion, ...]:
    """A whole recording as evenly sampled stretches at its own rate; stretches of one sample are left out."""
    rate_hz = rate_of(recording.acc_t_s)
    stretches: list[tuple[float, list[Floats]]] = []
    ends_s = -np.inf
    for at_s, piece in even([(recording.acc_t_s, recording.acc_mps2)], rate_hz):
        if at_s - ends_s > 0.5 / rate_hz:
            stretches.append((at_s, []))
        stretches[-1][1].append(piece)
        ends_s = at_s + piece.shape[1] / rate_hz
    full_scale_g = recording.full_scale_g if recording.full_scale_g > 0 else USUAL_RANGE_G
    whole = [(at_s, np.concatenate(pieces, axis=1)) for at_s, pieces in stretches]
    return tuple(
        Motion(acc, at_s, rate_hz, full_scale_g, max(recording.lowpass_hz, 0.0))
        for at_s, acc in whole
        if acc.shape[1] > 1
    )


def _break_s(rate_hz: float) -> float:
    return max(BREAK_S, 5 / rate_hz)


@dataclass(slots=True)
class _Grid:
    """The even grid of the present stretch: its first time, and how many samples it has given."""

    rate_hz: float
    origin_s: float = 0.0
    given: int = 0
    times_s: Signal | None = None
    acc: Signal | None = None

    def feed(self, times_s: Signal, acc_mps2: Signal) -> Iterator[tuple[float, Floats]]:
        """Take a block; what it gives."""
        if self.times_s is not None and self.acc is not None:
            times_s, acc_mps2 = np.concatenate([self.times_s, times_s]), np.concatenate([self.acc, acc_mps2])
        else:
            self.origin_s, self.given = float(times_s[0]), 0
        breaks = np.flatnonzero(np.diff(times_s) > _break_s(self.rate_hz)) + 1
        for first, last in zip([0, *breaks.tolist()], [*breaks.tolist(), times_s.size], strict=True):
            if first > 0:
                self.origin_s, self.given = float(times_s[first]), 0
            yield from self._give(times_s[first:last], acc_mps2[first:last])
        # The next block's first sample may need this one's last to lie between.
        self.times_s, self.acc = times_s[-1:], acc_mps2[-1:]

    def _give(self, times_s: Signal, acc_mps2: Signal) -> Iterator[tuple[float, Floats]]:
        count = int((times_s[-1] - self.origin_s) * self.rate_hz + REGULAR) + 1 - self.given
        if count <= 0:
            return
        at_s = self.origin_s + (self.given + np.arange(count)) / self.rate_hz
        known = times_s[-count:]
        if known.size == count and np.abs(at_s - known).max() <= REGULAR / self.rate_hz:
            piece: Floats = acc_mps2[-count:].T.astype(np.float32)
        else:
            piece = np.empty((3, count), dtype=np.float32)
            for axis in range(3):
                piece[axis] = np.interp(at_s, times_s, acc_mps2[:, axis])
        self.given += count
        yield float(at_s[0]), piece
