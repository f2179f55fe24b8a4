"""Measuring shocks: the velocity change of each, against its own rest before it, in the horizontal plane.

Everything about a sample depends on samples a bounded time away, so a shock measures the same
however the stretch around it was cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.recording import G_MPS2
from scoring.onset import SEPARATE_S, Run, shaken, stepping
from scoring.rest import angle_deg, rest_of

Signal = NDArray[np.float64]
Mask = NDArray[np.bool_]

LONGEST_S: Final = 0.400
"""Velocity change is summed for this long after time zero: the longest collisions take 0.25 s,
and an event data recorder keeps 0.25 to 0.3 s (49 CFR 563.8)."""
BIAS_FROM_S: Final = 1.0
BIAS_TO_S: Final = 0.1
"""The bias is the mean of this span before a shock: gravity, braking and cornering together."""
UP_FROM_S: Final = 6.0
"""Gravity is the median of this long before a shock: braking rarely fills half of it."""
FLANK_S: Final = 0.100
FLANK_FLOOR_MPS2: Final = 0.5
"""How far, and down to what, the flanks below the 0.8 km/h rule are followed on either side."""
WINDOW_S: Final = 0.150
TILTED_DEG: Final = 40.0
"""A device at rest that leans this much more after a shock was turned by it: sliding at 0.7 g
leans the apparent vertical by 35 degrees, and makes it longer than 1.2 g."""
SETTLED_FROM_S: Final = 0.1
SETTLED_TO_S: Final = 0.6


@dataclass(frozen=True, slots=True, eq=False)
class Pulse:
    """One shock: samples [start, end) by the 0.8 km/h rule, and what it did, in device axes.

    `delta_v_mps` (3,) is horizontal, `vertical_mps` the largest change along `up` (3,), both
    bias-corrected; `dv150_kmh` is the largest horizontal change within 150 ms, and `pull_g` the largest
    horizontal acceleration, against the bias or against rest, whichever is less: a swerve from
    one side to the other is large against its own beginning only. `largest_step` is the share of
    the velocity change that its biggest single sample made. `ended` is False when the stretch
    stops before the shock has. `bias` (3,) is what was read right before it, gravity included, and
    `braking_mps2` the horizontal part of it that is braking or cornering.
    """

    start: int
    end: int
    delta_v_mps: Signal
    dv150_kmh: float
    pull_g: float
    vertical_mps: float
    peak_g: float
    largest_step: float
    clipped: bool
    ended: bool
    up: Signal
    bias: Signal
    braking_mps2: float

    @property
    def delta_v_kmh(self) -> float:
        """The horizontal velocity change, km/h."""
        return float(np.linalg.norm(self.delta_v_mps)) * 3.6


def find_pulses(
    acc_mps2: Signal, clipped: Mask, rate_hz: float, *, gravity: Signal | None = None
) -> tuple[Pulse, ...]:
    """All shocks of a stretch in order of time.

    `acc_mps2` (3, n) is low-passed, `clipped` (n,) tells samples whose reading is a lower bound.
    `gravity` is a remembered one (3,) in m/s2, used where the stretch holds too little of the time
    before a shock. A run that shakes up and down only gives one pulse without velocity change.
    """
    measure = _Measure(acc_mps2, clipped, rate_hz, gravity)
    for run in shaken(acc_mps2, rate_hz):
        measure.add(run)
    return tuple(measure.pulses)


@dataclass(frozen=True, slots=True, eq=False)
class _Shaking:
    """The samples from `begin` on of one run and its flanks, each row free of what was there before."""

    begin: int
    horizontal: Signal
    horizontal_from_rest: Signal
    along: Signal
    up: Signal
    bias: Signal
    braking_mps2: float


class _Measure:
    """Measures one run after another; what was shaken already is no rest for the next."""

    def __init__(self, acc_mps2: Signal, clipped: Mask, rate_hz: float, gravity: Signal | None) -> None:
        self._acc = acc_mps2
        self._clipped = clipped
        self._rate_hz = rate_hz
        self._gravity = gravity
        self._calm = np.ones(acc_mps2.shape[1], dtype=np.bool_)
        self._bias: Signal | None = None
        self.pulses: list[Pulse] = []

    def add(self, run: Run) -> None:
        """Measure the shocks of one run."""
        first, after = run
        flank = round(FLANK_S * self._rate_hz)
        begin, stop = max(0, first - flank), min(self._acc.shape[1], after + flank)
        bias = self._bias_before(first)
        gravity = self._gravity_before(first, bias)
        length = float(np.linalg.norm(gravity))
        up = gravity / length if length > 0 else np.array([0.0, 0.0, 1.0])
        settled = self._settled_elsewhere(after, up)
        share: Signal = np.clip(
            (np.arange(begin, stop, dtype=np.float64) - first) / (after - first), 0.0, 1.0
        )
        span = self._acc[:, begin:stop]
        dynamic = span - _ramp(bias, settled, share)
        from_rest = span - _ramp(gravity, settled, share)
        along = up @ dynamic
        shaking = _Shaking(
            begin,
            dynamic - up[:, None] * along,
            from_rest - up[:, None] * (up @ from_rest),
            along,
            up,
            bias,
            float(np.linalg.norm(bias - up * (up @ bias))),
        )
        events = stepping(shaking.horizontal, self._rate_hz)
        self.pulses += [self._pulse(shaking, event) for event in events or [(first - begin, after - begin)]]
        self._calm[begin:stop] = False
        self._bias = bias

    def _pulse(self, shaking: _Shaking, event: Run) -> Pulse:
        start, end = event[0], min(event[1], event[0] + round(LONGEST_S * self._rate_hz))
        low, high = _with_flanks(shaking.horizontal, start, end, self._rate_hz)
        steps = shaking.horizontal[:, low:high] / self._rate_hz
        velocity = np.cumsum(steps, axis=1)
        largest = int(np.argmax(np.linalg.norm(velocity, axis=0)))
        delta_v = velocity[:, largest]
        squared = float(delta_v @ delta_v)
        along = shaking.along[low:high]
        within = (shaking.horizontal[:, low:high], shaking.horizontal_from_rest[:, low:high])
        first, after = shaking.begin + low, shaking.begin + high
        return Pulse(
            start=shaking.begin + start,
            end=shaking.begin + end,
            delta_v_mps=delta_v,
            dv150_kmh=3.6 * min(_largest_within(part, self._rate_hz) for part in within),
            pull_g=min(float(np.linalg.norm(part, axis=0).max()) for part in within) / G_MPS2,
            vertical_mps=float(np.abs(np.cumsum(along)).max()) / self._rate_hz,
            peak_g=float(np.hypot(np.linalg.norm(within[0], axis=0), along).max()) / G_MPS2,
            largest_step=float(np.max(delta_v @ steps[:, : largest + 1])) / squared if squared > 0 else 0.0,
            clipped=bool(np.any(self._clipped[first:after])),
            ended=shaking.begin + end + round(SEPARATE_S * self._rate_hz) <= self._acc.shape[1],
            up=shaking.up,
            bias=shaking.bias,
            braking_mps2=shaking.braking_mps2,
        )

    def _bias_before(self, first: int) -> Signal:
        span = self._calm_before(first, BIAS_FROM_S)
        if span.shape[1] >= BIAS_TO_S * self._rate_hz:
            return span.mean(axis=1)
        if self._bias is not None:
            return self._bias
        return self._gravity if self._gravity is not None else np.median(self._acc, axis=1)

    def _gravity_before(self, first: int, bias: Signal) -> Signal:
        span = self._calm_before(first, UP_FROM_S)
        if self._gravity is not None and span.shape[1] < 0.5 * UP_FROM_S * self._rate_hz:
            return self._gravity
        return np.median(span, axis=1) if span.shape[1] >= 0.5 * self._rate_hz else bias

    def _calm_before(self, first: int, from_s: float) -> Signal:
        begin = max(0, first - round(from_s * self._rate_hz))
        stop = max(begin, first - round(BIAS_TO_S * self._rate_hz))
        return self._acc[:, begin:stop][:, self._calm[begin:stop]]

    def _settled_elsewhere(self, after: int, up: Signal) -> Signal | None:
        """What the device reads at rest after a run that turned it; None when it was not turned."""
        begin, stop = (
            after + round(SETTLED_FROM_S * self._rate_hz),
            after + round(SETTLED_TO_S * self._rate_hz),
        )
        if stop > self._acc.shape[1]:
            return None
        settled = rest_of(self._acc[:, begin:stop])
        return settled if settled is not None and angle_deg(settled, up) >= TILTED_DEG else None


def _ramp(before: Signal, settled: Signal | None, share: Signal) -> Signal:
    """What a shock is measured against, (3, n) or (3, 1): what was read before.

    Where the device came to rest leaning elsewhere, a ramp to the new rest, or its turning would
    be taken for a velocity change.
    """
    if settled is None:
        return before[:, None]
    return before[:, None] + (settled - before)[:, None] * share


def _largest_within(horizontal: Signal, rate_hz: float) -> float:
    """The largest velocity change within 150 ms, m/s."""
    width = min(round(WINDOW_S * rate_hz), horizontal.shape[1])
    sums = np.cumsum(np.pad(horizontal, ((0, 0), (1, 0))), axis=1)
    return float(np.linalg.norm(sums[:, width:] - sums[:, :-width], axis=0).max()) / rate_hz


def _with_flanks(horizontal: Signal, start: int, end: int, rate_hz: float) -> Run:
    """Widen [start, end) over the flanks: while the pull along the pulse keeps falling off."""
    impulse = horizontal[:, start:end].sum(axis=1)
    size = float(np.linalg.norm(impulse))
    if size == 0:
        return start, end
    pull = impulse @ horizontal / size
    flank = round(FLANK_S * rate_hz)
    return start - _falling(pull[max(0, start - flank) : start][::-1]), end + _falling(
        pull[end : end + flank]
    )


def _falling(flank: Signal) -> int:
    lowest = np.minimum.accumulate(flank)
    stops = np.flatnonzero((flank <= FLANK_FLOOR_MPS2) | (flank > lowest + FLANK_FLOOR_MPS2))
    return int(stops[0]) if stops.size else flank.size
