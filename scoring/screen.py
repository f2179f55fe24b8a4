"""Which frames of a batch may hold an impact: fast, and never missing one.

Two passes without a Python loop over frames. The first looks at the int16 counts only: from the
largest and smallest count per axis follows a bound that no velocity change and no peak of the
frame can exceed, and most driving stays below the thresholds by it. What remains is measured:
gravity off, horizontal velocity change over 150 ms against the mean before, peak, clipping.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.recording import G_MPS2
from scoring.frames import CLIP_FRACTION, Counts, Floats

Mask = NDArray[np.bool_]
Indices = NDArray[np.intp]

WINDOW_S: Final = 0.150
BEFORE_S: Final = 0.300
"""A window's velocity change is taken against the mean of this long before it, which takes gravity, braking
and cornering off."""
STEP_S: Final = 0.020
"""Windows begin this far apart at most; between two of them a velocity change hardly differs."""
DV150_KMH: Final = 3.5
"""Candidate from here: the highest of 1.18 h of real driving was 3.99, the lowest class begins at 4."""
PEAK_G: Final = 2.0
OVER_S: Final = 0.1
"""A velocity change is taken for over when this much of the frame follows its window."""
MEDIAN_STRIDE: Final = 3
"""The median of a frame without tail is that of every third sample."""
PEAK_HZ: Final = 100.0
"""Peaks are those of the mean over 10 ms, whatever the rate."""
BLOCK: Final = 512
"""Frames measured at a time, so that the work stays in the processor's cache."""
SINGLE_THREAD: Final = 2**18
"""OpenBLAS multiplies in several threads from here on (multiplications); on a shared machine their
waiting for each other costs ten times what they gain."""


@dataclass(frozen=True, slots=True, eq=False)
class Tails:
    """What came before each of F frames, in m/s2.

    `acc_mps2` (F, 3, T) with T = tail_samples(rate); `low_mps2` and `high_mps2` (F, 3) bound its
    samples; `gravity_mps2` (F, 3) is the remembered gravity.
    """

    acc_mps2: Floats
    low_mps2: Floats
    high_mps2: Floats
    gravity_mps2: Floats


@dataclass(frozen=True, slots=True, eq=False)
class ScreenResult:
    """One entry per frame.

    `is_candidate`; `dv150_kmh` and `peak_g`, 0 where the bound ruled the frame out unmeasured;
    `peak_index`, the sample of its strongest moment (-1 there; negative too where it lies in the
    tail); `is_over`, whether the velocity change lies at least 0.1 s before the frame's end;
    `low_mps2` and `high_mps2` (F, 3) bound the frame's samples, `level_mps2` (F, 3) is about their
    mean.
    """

    is_candidate: Mask
    dv150_kmh: Floats
    peak_g: Floats
    peak_index: Indices
    is_over: Mask
    low_mps2: Floats
    high_mps2: Floats
    level_mps2: Floats


def tail_samples(rate_hz: float) -> int:
    """How many samples before a frame its windows reach back to (0.45 s)."""
    return round(BEFORE_S * rate_hz) + round(WINDOW_S * rate_hz)


def screen(
    counts: Counts, scale_mps2: Floats, rate_hz: float, full_scale_g: Floats, tails: Tails | None = None
) -> ScreenResult:
    """Screen F frames of N samples of one rate.

    `counts` is int16 (F, 3, N) and contiguous, `scale_mps2` (F,) m/s2 per count, `full_scale_g`
    (F,). Without `tails` each frame is taken to follow rest: gravity is its own median.
    """
    low, high = _extremes(counts)
    low_mps2, high_mps2 = low * scale_mps2[:, None], high * scale_mps2[:, None]
    level = ((low_mps2 + high_mps2) * 0.5).astype(np.float32, copy=False)
    if tails is None:
        gravity, lowest, highest = level, low_mps2, high_mps2
    else:
        gravity = tails.gravity_mps2
        lowest, highest = np.minimum(low_mps2, tails.low_mps2), np.maximum(high_mps2, tails.high_mps2)
    # Both means of a window's difference lie between the extremes of their axis.
    window_s = round(WINDOW_S * rate_hz) / rate_hz
    reach_kmh = np.linalg.norm(highest - lowest, axis=1) * (3.6 * window_s)
    farthest = np.linalg.norm(np.maximum(high_mps2 - gravity, gravity - low_mps2), axis=1)
    if tails is None:
        # The median may lie anywhere in the range.
        farthest *= 2
    clips = np.maximum(high_mps2, -low_mps2).max(axis=1) >= CLIP_FRACTION * G_MPS2 * full_scale_g
    remaining = np.flatnonzero((reach_kmh >= DV150_KMH) | (farthest >= PEAK_G * G_MPS2) | clips)

    frames = int(counts.shape[0])
    result = ScreenResult(
        is_candidate=np.asarray(clips),
        dv150_kmh=np.zeros(frames, dtype=np.float32),
        peak_g=np.zeros(frames, dtype=np.float32),
        peak_index=np.full(frames, -1, dtype=np.intp),
        is_over=np.zeros(frames, dtype=np.bool_),
        low_mps2=low_mps2,
        high_mps2=high_mps2,
        level_mps2=level,
    )
    for first in range(0, remaining.size, BLOCK):
        which = remaining[first : first + BLOCK]
        _enter(result, _free_of_gravity(which, counts, scale_mps2, tail_samples(rate_hz), tails), rate_hz)
    return result


def _extremes(counts: Counts) -> tuple[Counts, Counts]:
    """The smallest and largest count per frame and axis, (F, 3) each."""
    frames, axes, samples = counts.shape
    # reduceat over the flat array takes half the time of a reduction over the last axis.
    flat = counts.reshape(-1)
    starts: Indices = np.arange(0, flat.size, samples, dtype=np.intp)
    low, high = np.minimum.reduceat(flat, starts), np.maximum.reduceat(flat, starts)
    return low.reshape(frames, axes), high.reshape(frames, axes)


@dataclass(frozen=True, slots=True, eq=False)
class _Remaining:
    """Frames to be measured: (S, 3, T + N) in m/s2 free of gravity, and gravity (S, 3)."""

    which: Indices
    dynamic_mps2: Floats
    gravity_mps2: Floats
    level_mps2: Floats


def _free_of_gravity(
    which: Indices, counts: Counts, scale_mps2: Floats, tail: int, tails: Tails | None
) -> _Remaining:
    samples = counts.shape[2]
    acc = np.empty((which.size, 3, tail + samples), dtype=np.float32)
    np.multiply(counts[which], scale_mps2[which, None, None], out=acc[:, :, tail:])
    level: Floats = acc[:, :, tail:].mean(axis=2)
    if tails is None:
        gravity: Floats = np.median(acc[:, :, tail::MEDIAN_STRIDE], axis=2).astype(np.float32)
        acc[:, :, :tail] = gravity[:, :, None]
    else:
        gravity = tails.gravity_mps2[which]
        acc[:, :, :tail] = tails.acc_mps2[which]
    # Gravity falls out of every window's difference; without it float32 sums stay exact enough.
    acc -= gravity[:, :, None]
    return _Remaining(which, acc, gravity, level)


def _enter(result: ScreenResult, remaining: _Remaining, rate_hz: float) -> None:
    """Measure what remained, and enter it in the result."""
    which, tail = remaining.which, tail_samples(rate_hz)
    samples = remaining.dynamic_mps2.shape[2] - tail
    horizontal_kmh, ends = _horizontal_changes(remaining, samples, rate_hz)
    strongest = np.argmax(horizontal_kmh, axis=1)
    dv150_kmh = np.take_along_axis(horizontal_kmh, strongest[:, None], axis=1)[:, 0]

    per_block = min(max(1, round(rate_hz / PEAK_HZ)), samples)
    blocks = samples // per_block
    dynamic = remaining.dynamic_mps2[:, :, tail : tail + blocks * per_block]
    if per_block > 1:
        dynamic = dynamic.reshape(which.size, 3, blocks, per_block).mean(axis=3)
    squared = np.einsum("fak,fak->fk", dynamic, dynamic)
    highest = np.argmax(squared, axis=1)
    peak_g = np.sqrt(np.take_along_axis(squared, highest[:, None], axis=1)[:, 0]) / np.float32(G_MPS2)

    by_change = dv150_kmh >= DV150_KMH
    centre = ends[strongest] - round(WINDOW_S * rate_hz) // 2 - tail
    result.level_mps2[which] = remaining.level_mps2
    result.dv150_kmh[which] = dv150_kmh
    result.peak_g[which] = peak_g
    result.peak_index[which] = np.where(by_change, centre, highest * per_block)
    result.is_candidate[which] |= by_change | (peak_g >= PEAK_G)
    result.is_over[which] = ends[strongest] <= tail + samples - round(OVER_S * rate_hz)


def _horizontal_changes(remaining: _Remaining, samples: int, rate_hz: float) -> tuple[Floats, Indices]:
    """Horizontal velocity changes (S, K) in km/h of K windows, and where each ends."""
    weights, ends = _windows(samples, rate_hz)
    rows = 3 * remaining.which.size
    at_once = max(1, SINGLE_THREAD // (3 * weights.size)) * 3
    flat = remaining.dynamic_mps2.reshape(rows, -1)
    change = np.empty((rows, ends.size), dtype=np.float32)
    whole = rows - rows % at_once
    np.matmul(
        flat[:whole].reshape(-1, at_once, flat.shape[1]),
        weights,
        out=change[:whole].reshape(-1, at_once, ends.size),
    )
    np.matmul(flat[whole:], weights, out=change[whole:])
    change = change.reshape(-1, 3, ends.size)
    gravity = remaining.gravity_mps2
    up = gravity / np.maximum(np.linalg.norm(gravity, axis=1, keepdims=True), np.float32(1e-6))
    along = np.einsum("fa,fak->fk", up, change)
    across = np.einsum("fak,fak->fk", change, change) - along**2
    return np.sqrt(np.maximum(across, 0)) * np.float32(3.6), ends


@lru_cache(maxsize=64)
def _windows(samples: int, rate_hz: float) -> tuple[Floats, Indices]:
    """Weights (tail + samples, K) that give K windows' velocity changes in m/s, and where each ends.

    Every window ends inside the frame, the last one with it: those that end before were the
    previous frame's.
    """
    width, before = round(WINDOW_S * rate_hz), round(BEFORE_S * rate_hz)
    tail = width + before
    step = max(1, int(STEP_S * rate_hz))
    ends: Indices = np.arange(tail + samples, tail, -step, dtype=np.intp)[::-1].copy()
    weights = np.zeros((tail + samples, ends.size), dtype=np.float32)
    for column, end in enumerate(ends.tolist()):
        weights[end - width : end, column] = 1 / rate_hz
        weights[end - width - before : end - width, column] = -width / before / rate_hz
    return weights, ends
