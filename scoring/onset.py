"""Where something begins and ends: the characteristic function of a shock, and its runs.

The rule is that of event data recorders: an event lasts while the velocity changes by more than
0.8 km/h within 20 ms (49 CFR 563.5).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter  # pyright: ignore[reportUnknownVariableType]  # scipy has no types

Signal = NDArray[np.float64]
Mask = NDArray[np.bool_]
Run = tuple[int, int]

EDR_STEP_MPS: Final = 0.8 / 3.6
EDR_STEP_S: Final = 0.020
SEPARATE_S: Final = 0.100
"""A shock that begins this soon after the end of another is part of it."""
CONTINUES_MPS: Final = 4.0 / 3.6
"""A shock that goes on after a quiet spell is the same event when it does as much again as a knock."""
REST_CENTRE_S: Final = 0.7
REST_WIDTH_S: Final = 1.0
"""Where something happens is judged against the median from 1.2 to 0.2 s before."""
MEDIAN_HZ: Final = 50.0
"""Medians look at this many samples a second; more would say the same."""


def shaken(acc_mps2: Signal, rate_hz: float) -> list[Run]:
    """[first, after) of every stretch of (3, n) in which anything happens, in any direction.

    Generous: hard braking over rough road is marked as well. Measured against the median of the
    second before, because a mean would carry a strong shock into its own aftermath.
    """
    samples = acc_mps2.shape[1]
    width = min(round(REST_WIDTH_S * rate_hz), samples)
    medians = _running_median(acc_mps2, width, max(1, round(rate_hz / MEDIAN_HZ)))
    earliest = min(width // 2, samples - 1)
    centre = np.maximum(np.arange(samples, dtype=np.intp) - round(REST_CENTRE_S * rate_hz), earliest)
    return stepping(acc_mps2 - medians[:, centre], rate_hz)


def stepping(dynamic_mps2: Signal, rate_hz: float) -> list[Run]:
    """[first, after) of every stretch that obeys the 0.8 km/h rule, joined where under 100 ms apart.

    `dynamic_mps2` (3, n) has what was there before taken off. A mean over the samples nearest to
    20 ms stands for the window, so that a rate of 51 Hz keeps the same threshold.
    """
    samples, width = dynamic_mps2.shape[1], _step_samples(rate_hz)
    # A window is known by its first sample; the stretch ends with the last window's last.
    found = [(first, min(after - 1 + width, samples)) for first, after in _fast(dynamic_mps2, rate_hz)]
    return joined(found, SEPARATE_S * rate_hz)


def _fast(dynamic_mps2: Signal, rate_hz: float) -> list[Run]:
    """Runs of first samples of windows of 20 ms that change the velocity by more than 0.8 km/h."""
    width = _step_samples(rate_hz)
    if dynamic_mps2.shape[1] < width:
        return []
    sums = np.cumsum(np.pad(dynamic_mps2, ((0, 0), (1, 0))), axis=1)
    means = (sums[:, width:] - sums[:, :-width]) / width
    return runs(np.linalg.norm(means, axis=0) * EDR_STEP_S > EDR_STEP_MPS)


def _step_samples(rate_hz: float) -> int:
    return max(1, round(EDR_STEP_S * rate_hz))


def event(dynamic_mps2: Signal, rate_hz: float) -> Run | None:
    """Time zero and end of the first event of (k, n), as samples; None where nothing obeys the rule.

    Time zero begins the first 20 ms in which the velocity changes by more than 0.8 km/h; the event ends
    where the next 20 ms change it by no more (49 CFR 563.5). A quiet spell is no end while what follows
    within 100 ms changes the velocity by another 4 km/h.
    """
    found = _fast(dynamic_mps2, rate_hz)
    if not found:
        return None
    first, end = found[0]
    for begin, after in found[1:]:
        if begin - end > SEPARATE_S * rate_hz:
            break
        change = np.linalg.norm(dynamic_mps2[:, begin:after].sum(axis=1)) / rate_hz
        if change >= CONTINUES_MPS:
            end = after
    return first, end


def runs(mask: Mask) -> list[Run]:
    """[first, after) of every unbroken run of True."""
    edges = np.flatnonzero(np.diff(mask.astype(np.int8), prepend=0, append=0)).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))


def joined(found: list[Run], apart: float) -> list[Run]:
    """The runs, those at most `apart` samples from each other taken together."""
    kept: list[Run] = []
    for first, after in found:
        if kept and first - kept[-1][1] <= apart:
            kept[-1] = (kept[-1][0], after)
        else:
            kept.append((first, after))
    return kept


def _running_median(acc_mps2: Signal, width: int, stride: int) -> Signal:
    """Medians over `width` samples around each, looking at every stride-th sample only.

    Each phase of the stride is filtered on its own: many times faster at 1 kHz, and still the
    same for a sample wherever the stretch begins.
    """
    medians = np.empty_like(acc_mps2)
    size = max(1, width // stride)
    for axis in range(3):
        for phase in range(min(stride, acc_mps2.shape[1])):
            part = np.ascontiguousarray(acc_mps2[axis, phase::stride])
            medians[axis, phase::stride] = median_filter(part, size=size, mode="nearest")
    return medians
