"""Finding shocks in a stretch of acceleration and measuring each one's velocity change.

Two steps: a characteristic function with hysteresis marks where anything at all happens, in
three dimensions and generously; each such run is then measured against its own rest before it,
in the horizontal plane. Everything about a sample depends on samples a bounded time away, so a
shock measures the same however the stretch around it was cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from schemas.recording import G_MPS2

Signal = NDArray[np.float64]
Mask = NDArray[np.bool_]

EDR_STEP_MPS: Final = 0.8 / 3.6
EDR_STEP_S: Final = 0.020
"""An event lasts while the velocity changes by more than 0.8 km/h within 20 ms (49 CFR 563.5)."""
SEPARATE_S: Final = 0.100
"""A shock that begins this soon after the end of another is part of it."""
LONGEST_S: Final = 0.400
"""Velocity change is summed for this long after time zero: the longest collisions take 0.25 s,
and an event data recorder keeps 0.25 to 0.3 s (49 CFR 563.8)."""
REST_FROM_S: Final = 1.0
REST_TO_S: Final = 0.1
"""The bias is the mean of this span before a shock: gravity, braking and cornering together."""
UP_FROM_S: Final = 6.0
"""Which way is up is the median of this long before a shock: braking rarely fills half of it."""
FLANK_S: Final = 0.100
"""How far the flanks below the 0.8 km/h rule are followed on either side."""
FLANK_FLOOR_MPS2: Final = 0.5
WINDOW_S: Final = 0.150
TILTED_DEG: Final = 40.0
"""A device at rest that leans this much more after a shock was turned by it: sliding at 0.7 g
leans the apparent vertical by 35 degrees, and makes it longer than 1.2 g."""


@dataclass(frozen=True, slots=True, eq=False)
class Pulse:
    """One shock: samples [start, end) by the 0.8 km/h rule, and what it did, in device axes.

    `delta_v_mps` (3,) is horizontal, `vertical_mps` the largest change along `up` (3,), both
    bias-corrected; `dv150_kmh` is the largest horizontal change within 150 ms, `largest_step` the
    share of the velocity change that its biggest single sample made. `ended` is False when the
    stretch stops before the shock has.
    """

    start: int
    end: int
    delta_v_mps: Signal
    dv150_kmh: float
    vertical_mps: float
    peak_g: float
    largest_step: float
    clipped: bool
    ended: bool
    up: Signal

    @property
    def delta_v_kmh(self) -> float:
        """The horizontal velocity change, km/h."""
        return float(np.linalg.norm(self.delta_v_mps)) * 3.6


def find_pulses(
    acc_mps2: Signal, clipped: Mask, rate_hz: float, *, up: Signal | None = None, gravity: Signal | None = None
) -> tuple[Pulse, ...]:
    """All shocks of a stretch in order of time.

    `acc_mps2` (3, n) is low-passed, `clipped` (n,) tells samples whose reading is a lower bound.
    `up` is a known unit vector (from a mount); `gravity` a remembered one (m/s2), used where the
    stretch holds too little of the time before a shock.
    """
    measure = _Measure(acc_mps2, clipped, rate_hz, up, gravity)
    for first, last in _runs(_shaken(acc_mps2, rate_hz), rate_hz):
        measure.run(first, last)
    return tuple(measure.pulses)


def _shaken(acc_mps2: Signal, rate_hz: float) -> Mask:
    """The characteristic function, thresholded: 20 ms from each sample on, against the second before.

    The median, because a mean would carry a strong shock into its own aftermath.
    """
    samples = acc_mps2.shape[1]
    width = min(round(rate_hz), samples)
    medians = _running_median(acc_mps2, width, max(1, round(rate_hz / 50)))
    centre = np.arange(samples) - round(0.7 * rate_hz)
    rest = medians[:, np.clip(centre, min(width // 2, samples - 1), None)]
    return _stepping(acc_mps2 - rest, rate_hz)


def _running_median(acc_mps2: Signal, width: int, stride: int) -> Signal:
    """Medians over `width` samples around each, looking at every stride-th sample only.

    Each phase of the stride is filtered on its own: many times faster at 1 kHz, and still the
    same for a sample wherever the stretch begins.
    """
    medians = np.empty_like(acc_mps2)
    for axis in range(3):
        for phase in range(min(stride, acc_mps2.shape[1])):
            part = np.ascontiguousarray(acc_mps2[axis, phase::stride])
            medians[axis, phase::stride] = median_filter(part, size=max(1, width // stride), mode="nearest")
    return medians


def _stepping(dynamic_mps2: Signal, rate_hz: float) -> Mask:
    width = max(1, round(EDR_STEP_S * rate_hz))
    if dynamic_mps2.shape[1] < width:
        return np.zeros(dynamic_mps2.shape[1], dtype=np.bool_)
    # Means of windows rather than sums, so that a rate of 51 Hz keeps the same threshold.
    sums = np.cumsum(np.pad(dynamic_mps2, ((0, 0), (1, 0))), axis=1)
    means = (sums[:, width:] - sums[:, :-width]) / width
    stepping = np.linalg.norm(means, axis=0) * EDR_STEP_S > EDR_STEP_MPS
    return np.pad(stepping, (0, width - 1))


def _runs(stepping: Mask, rate_hz: float) -> list[tuple[int, int]]:
    """[first, last) of stretches that step, joined where less than 100 ms lies between."""
    width = max(1, round(EDR_STEP_S * rate_hz))
    edges = np.flatnonzero(np.diff(stepping.astype(np.int8), prepend=0, append=0))
    runs: list[tuple[int, int]] = []
    for first, after in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        last = min(after - 1 + width, stepping.size)
        if runs and first - runs[-1][1] <= SEPARATE_S * rate_hz:
            runs[-1] = (runs[-1][0], last)
        else:
            runs.append((first, last))
    return runs


class _Measure:
    """Measures one run after another; what was shaken already is no rest for the next."""

    def __init__(
        self, acc_mps2: Signal, clipped: Mask, rate_hz: float, up: Signal | None, gravity: Signal | None
    ) -> None:
        self._acc = acc_mps2
        self._clipped = clipped
        self._rate_hz = rate_hz
        self._known_up = up
        self._gravity = gravity
        self._calm = np.ones(acc_mps2.shape[1], dtype=np.bool_)
        self._bias: Signal | None = None
        self.pulses: list[Pulse] = []

    def run(self, first: int, last: int) -> None:
        """Measure the shocks of one run."""
        bias = self._bias_before(first)
        up = self._up_before(first, bias)
        flank = round(FLANK_S * self._rate_hz)
        begin, stop = max(0, first - flank), min(self._acc.shape[1], last + flank)
        dynamic = self._acc[:, begin:stop] - self._rest_across(bias, up, first, last, begin, stop)
        along = up @ dynamic
        horizontal = dynamic - up[:, None] * along
        events = _runs(_stepping(horizontal, self._rate_hz), self._rate_hz)
        for start, end in events or [(first - begin, last - begin)]:
            self.pulses.append(self._pulse(horizontal, along, begin, start, end, up))
        self._calm[begin:stop] = False
        self._bias = bias

    def _pulse(self, horizontal: Signal, along: Signal, begin: int, start: int, end: int, up: Signal) -> Pulse:
        end = min(end, start + round(LONGEST_S * self._rate_hz))
        low, high = _with_flanks(horizontal, start, end, self._rate_hz)
        steps = horizontal[:, low:high] / self._rate_hz
        velocity = np.cumsum(steps, axis=1)
        largest = int(np.argmax(np.linalg.norm(velocity, axis=0)))
        delta_v = velocity[:, largest]
        size = float(np.linalg.norm(delta_v))
        biggest = float(np.max(delta_v @ steps[:, : largest + 1])) / size if size > 0 else 0.0
        strength = np.hypot(np.linalg.norm(horizontal[:, low:high], axis=0), along[low:high])
        return Pulse(
            start=begin + start,
            end=begin + end,
            delta_v_mps=delta_v,
            dv150_kmh=_largest_within(horizontal[:, low:high], self._rate_hz) * 3.6,
            vertical_mps=float(np.max(np.abs(np.cumsum(along[low:high])))) / self._rate_hz,
            peak_g=float(strength.max()) / G_MPS2,
            largest_step=biggest / size if size > 0 else 0.0,
            clipped=bool(self._clipped[begin + low : begin + high].any()),
            ended=begin + end + round(SEPARATE_S * self._rate_hz) <= self._acc.shape[1],
            up=up,
        )

    def _bias_before(self, first: int) -> Signal:
        span = self._calm_before(first, REST_FROM_S)
        if span.shape[1] >= REST_TO_S * self._rate_hz:
            return span.mean(axis=1)
        if self._bias is not None:
            return self._bias
        return self._gravity if self._gravity is not None else np.median(self._acc, axis=1)

    def _up_before(self, first: int, bias: Signal) -> Signal:
        if self._known_up is not None:
            return self._known_up
        span = self._calm_before(first, UP_FROM_S)
        if self._gravity is not None and span.shape[1] < 0.5 * UP_FROM_S * self._rate_hz:
            gravity = self._gravity
        else:
            gravity = np.median(span, axis=1) if span.shape[1] >= 0.5 * self._rate_hz else bias
        length = float(np.linalg.norm(gravity))
        return gravity / length if length > 0 else np.array([0.0, 0.0, 1.0])

    def _calm_before(self, first: int, from_s: float) -> Signal:
        begin = max(0, first - round(from_s * self._rate_hz))
        stop = max(begin, first - round(REST_TO_S * self._rate_hz))
        return self._acc[:, begin:stop][:, self._calm[begin:stop]]

    def _rest_across(self, bias: Signal, up: Signal, first: int, last: int, begin: int, stop: int) -> Signal:
        """What acceleration the shock is measured against, (3, stop - begin).

        The bias before; where the device came to rest leaning elsewhere, a ramp from the bias
        to the new rest, or its turning would be taken for a velocity change.
        """
        after = self._acc[:, last + round(REST_TO_S * self._rate_hz) : last + round(0.6 * self._rate_hz)]
        settled = rest_of(after) if after.shape[1] >= 0.4 * self._rate_hz else None
        if settled is None or angle_deg(settled, up) < TILTED_DEG:
            return bias[:, None]
        share = np.clip((np.arange(begin, stop) - first) / max(1, last - first), 0.0, 1.0)
        return bias[:, None] + (settled - bias)[:, None] * share


def _largest_within(horizontal: Signal, rate_hz: float) -> float:
    """The largest velocity change within 150 ms, m/s."""
    width = min(round(WINDOW_S * rate_hz), horizontal.shape[1])
    sums = np.cumsum(np.pad(horizontal, ((0, 0), (1, 0))), axis=1)
    return float(np.linalg.norm(sums[:, width:] - sums[:, :-width], axis=0).max()) / rate_hz


def _with_flanks(horizontal: Signal, start: int, end: int, rate_hz: float) -> tuple[int, int]:
    """Widen [start, end) over the flanks: while the pull along the pulse keeps falling off."""
    pull = horizontal.T @ horizontal[:, start:end].sum(axis=1)
    size = np.linalg.norm(horizontal[:, start:end].sum(axis=1))
    pull = pull / size if size > 0 else pull
    flank = round(FLANK_S * rate_hz)
    low = start - _falling(pull[max(0, start - flank) : start][::-1])
    high = end + _falling(pull[end : end + flank])
    return low, high


def _falling(flank: Signal) -> int:
    lowest = np.minimum.accumulate(flank)
    stops = np.flatnonzero((flank <= FLANK_FLOOR_MPS2) | (flank > lowest + FLANK_FLOOR_MPS2))
    return int(stops[0]) if stops.size else flank.size


def rest_of(acc_mps2: Signal) -> Signal | None:
    """The mean (3,) of a span in which a device lay still, None where it did not.

    Still: the mean is between 0.8 and 1.2 g long, and the samples stay within 0.15 g of it (rms).
    """
    if acc_mps2.shape[1] == 0:
        return None
    mean = acc_mps2.mean(axis=1)
    spread = float(np.sqrt(np.mean(np.sum((acc_mps2 - mean[:, None]) ** 2, axis=0))))
    if not 0.8 <= float(np.linalg.norm(mean)) / G_MPS2 <= 1.2 or spread > 0.15 * G_MPS2:
        return None
    return mean


def angle_deg(one: Sequence[float] | Signal, other: Sequence[float] | Signal) -> float:
    """The angle between two vectors, 0 to 180; 0 when one of them is nothing."""
    first, second = np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64)
    size = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(np.degrees(np.arccos(np.clip(first @ second / size, -1.0, 1.0)))) if size > 0 else 0.0
