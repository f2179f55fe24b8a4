"""Which frames of a batch may hold an impact: fast, and never missing one.

Three passes without a Python loop over frames, each over what the one before left. The first looks at
the int16 counts only: from the largest and smallest count per axis follows a bound that no velocity
change, no peak and no lean of the frame can exceed. The second takes every third velocity change, and
bounds those between. What then remains is measured: gravity off, horizontal velocity change over 150 ms
against the mean before, peak, clipping, and whether the frame leans from where down was.

Arithmetic is float32. With n the samples of a window and of the mean before it (45 at 100 Hz), b those of
a peak's mean, and M the largest sample in m/s2 with gravity or without, a measured dv150_kmh is off by at
most 2 (n + 12) 2^-24 M, and a measured peak_g by at most 0.18 (b + 8) 2^-24 M (Higham, Accuracy and
Stability of Numerical Algorithms, 2002, section 3.1): 0.002 km/h at 100 Hz and 16 g.
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
LEAN_COSINE: Final = 0.7071
"""Candidate from 45 degrees between a frame's mean and remembered gravity: it rolled over, or was moved."""
CALM_MPS2: Final = 1.0
"""A mean within this of 1 g tells where down is: hardly braking or turning."""
BOUND: Final = 0.999
"""Bounds rule out below this share of a threshold, which is more than float32 may round them down."""
SIEVE: Final = 3
"""The second pass looks at one window of so many, and bounds those between."""
BOUNDED: Final = 4096
MEASURED: Final = 512
"""Frames taken at a time in the first pass and in those after it, so that the work stays in the processor's cache."""
SINGLE_THREAD: Final = 2**18
"""OpenBLAS multiplies in several threads from here on (multiplications); on a shared machine their
waiting for each other costs ten times what they gain."""

_ONES: Final = np.ones(3, dtype=np.float32)


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

    `is_candidate`; `dv150_kmh` and `peak_g`, 0 where a bound ruled the frame out unmeasured;
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
    frames = int(counts.shape[0])
    result = ScreenResult(
        is_candidate=np.zeros(frames, dtype=np.bool_),
        dv150_kmh=np.zeros(frames, dtype=np.float32),
        peak_g=np.zeros(frames, dtype=np.float32),
        peak_index=np.full(frames, -1, dtype=np.intp),
        is_over=np.zeros(frames, dtype=np.bool_),
        low_mps2=np.empty((frames, 3), dtype=np.float32),
        high_mps2=np.empty((frames, 3), dtype=np.float32),
        level_mps2=np.empty((frames, 3), dtype=np.float32),
    )
    batch = _Batch(counts, scale_mps2, rate_hz, full_scale_g, tails)
    left: list[Indices] = []
    for first in range(0, frames, BOUNDED):
        which, reach_kmh = _bounded(batch, result, slice(first, first + BOUNDED))
        # Without tails, what was before is yet to be found: all are measured.
        left += [which] if tails is None else _sifted(batch, tails, result, which, reach_kmh)
    remaining = np.concatenate(left) if left else np.zeros(0, dtype=np.intp)
    for first in range(0, remaining.size, MEASURED):
        _enter(result, _free_of_gravity(batch, remaining[first : first + MEASURED]), rate_hz)
    return result


@dataclass(frozen=True, slots=True, eq=False)
class _Batch:
    """What `screen` was given."""

    counts: Counts
    scale_mps2: Floats
    rate_hz: float
    full_scale_g: Floats
    tails: Tails | None


def _bounded(batch: _Batch, result: ScreenResult, part: slice) -> tuple[Indices, Floats]:
    """First pass, over a part: frames that their extremes do not rule out, and bounds of dv150_kmh."""
    scale, tails = batch.scale_mps2[part, None], batch.tails
    lowest, highest = _extremes(batch.counts[part])
    low: Floats = np.multiply(lowest, scale, out=result.low_mps2[part])
    high: Floats = np.multiply(highest, scale, out=result.high_mps2[part])
    level: Floats = np.multiply(low + high, np.float32(0.5), out=result.level_mps2[part])
    clip_mps2 = np.float32(CLIP_FRACTION * G_MPS2) * batch.full_scale_g[part]
    farthest = np.maximum(high, -low)
    clips = np.maximum(np.maximum(farthest[:, 0], farthest[:, 1]), farthest[:, 2]) >= clip_mps2
    result.is_candidate[part] = clips
    if tails is None:
        gravity, spread = level, high - low
        # The median may lie anywhere in the range.
        away = spread
    else:
        gravity = tails.gravity_mps2[part]
        spread = np.maximum(high, tails.high_mps2[part]) - np.minimum(low, tails.low_mps2[part])
        away = np.maximum(high - gravity, gravity - low)
    # Both means of a window's difference lie between the extremes of their axis.
    window_s = round(WINDOW_S * batch.rate_hz) / batch.rate_hz
    reach_kmh: Floats = np.sqrt(_squared(spread)) * np.float32(3.6 * window_s)
    # What leans by 45 degrees is at least 0.71 of gravity away from it.
    limit = np.minimum(np.float32(0.5) * _squared(gravity), np.float32((PEAK_G * G_MPS2) ** 2))
    remains = (reach_kmh >= BOUND * DV150_KMH) | (_squared(away) >= BOUND**2 * limit) | clips
    found = np.flatnonzero(remains)
    return found + part.start, reach_kmh[found]


def _squared(vectors: Floats) -> Floats:
    """The squared lengths (F,) of vectors (F, 3): half to a tenth of the time of `norm` or `einsum`."""
    return _dot(vectors, vectors)


def _dot(some: Floats, others: Floats) -> Floats:
    products: Floats = some * others
    return np.matmul(products, _ONES)


def _extremes(counts: Counts) -> tuple[Counts, Counts]:
    """The smallest and largest count per frame and axis, (F, 3) each."""
    frames, axes, samples = counts.shape
    # reduceat over the flat array takes half the time of a reduction over the last axis.
    flat = counts.reshape(-1)
    starts: Indices = np.arange(0, flat.size, samples, dtype=np.intp)
    low, high = np.minimum.reduceat(flat, starts), np.maximum.reduceat(flat, starts)
    return low.reshape(frames, axes), high.reshape(frames, axes)


def _sifted(
    batch: _Batch, tails: Tails, result: ScreenResult, bounded: Indices, reach_kmh: Floats
) -> list[Indices]:
    """Second pass, over what the first left: those that may exceed a threshold by some of their windows."""
    return [
        _sift(batch, tails, result, bounded[first : first + MEASURED], reach_kmh[first : first + MEASURED])
        for first in range(0, bounded.size, MEASURED)
    ]


def _sift(batch: _Batch, tails: Tails, result: ScreenResult, which: Indices, reach_kmh: Floats) -> Indices:
    samples, gravity = batch.counts.shape[2], tails.gravity_mps2[which]
    own, before, shift = _sieve(samples, batch.rate_hz)
    rows = 3 * which.size
    taken = np.take(batch.counts, which, axis=0).reshape(rows, samples)
    sums = _product(taken.astype(np.float32), own).reshape(which.size, 3, -1)
    sums *= batch.scale_mps2[which, None, None]
    level: Floats = np.ascontiguousarray(sums[:, :, -1])
    change = sums[:, :, :-1]
    change[:, :, : before.shape[1]] += _product(tails.acc_mps2[which].reshape(rows, -1), before).reshape(
        which.size, 3, -1
    )
    result.level_mps2[which] = level
    dv150_kmh = _horizontal_kmh(change, gravity).max(axis=1) + np.float32(shift) * reach_kmh
    away = np.maximum(result.high_mps2[which] - gravity, gravity - result.low_mps2[which])
    remains = (dv150_kmh >= BOUND * DV150_KMH) | (_squared(away) >= (BOUND * PEAK_G * G_MPS2) ** 2)
    return which[remains | result.is_candidate[which] | _leans(level, gravity)]


@lru_cache(maxsize=64)
def _sieve(samples: int, rate_hz: float) -> tuple[Floats, Floats, float]:
    """Weights of a frame's own samples and of its tail for every `SIEVE`th window; the last own column is the mean.

    Those of the tail are only for the first windows, which reach back to it. With how far any other window may
    differ, as a share of the bound by extremes: shifted by k samples, a mean over n exchanges k of them, each
    for one within the range.
    """
    weights, ends = _windows(samples, rate_hz)
    tail = tail_samples(rate_hz)
    middles = np.minimum(np.arange(0, ends.size, SIEVE) + SIEVE // 2, ends.size - 1)
    chosen = weights[:, middles]
    own = np.concatenate([chosen[tail:], np.full((samples, 1), 1 / samples, dtype=np.float32)], axis=1)
    step = max(1, int(STEP_S * rate_hz))
    farthest = SIEVE // 2 * step
    shift = farthest / round(WINDOW_S * rate_hz) + farthest / round(BEFORE_S * rate_hz)
    reaching = int(np.count_nonzero(ends[middles] - tail < tail))
    return np.ascontiguousarray(own), np.ascontiguousarray(chosen[:tail, :reaching]), shift


def _leans(level: Floats, gravity: Floats) -> Mask:
    """Whether levels (F, 3) of about 1 g lean by `LEAN_COSINE` or more from gravity (F, 3)."""
    size = np.sqrt(_squared(level))
    cosine = LEAN_COSINE * size * np.sqrt(_squared(gravity))
    return (np.abs(size - G_MPS2) <= CALM_MPS2) & (_dot(level, gravity) <= cosine)


@dataclass(frozen=True, slots=True, eq=False)
class _Remaining:
    """Frames to be measured: (S, 3, T + N) in m/s2 free of gravity, and gravity (S, 3)."""

    which: Indices
    dynamic_mps2: Floats
    gravity_mps2: Floats
    level_mps2: Floats


def _free_of_gravity(batch: _Batch, which: Indices) -> _Remaining:
    samples, tail, tails = batch.counts.shape[2], tail_samples(batch.rate_hz), batch.tails
    acc = np.empty((which.size, 3, tail + samples), dtype=np.float32)
    np.multiply(batch.counts[which], batch.scale_mps2[which, None, None], out=acc[:, :, tail:])
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
    leans = _leans(remaining.level_mps2, remaining.gravity_mps2)
    result.is_candidate[which] |= by_change | (peak_g >= PEAK_G) | leans
    result.is_over[which] = ends[strongest] <= tail + samples - round(OVER_S * rate_hz)


def _horizontal_changes(remaining: _Remaining, samples: int, rate_hz: float) -> tuple[Floats, Indices]:
    """Horizontal velocity changes (S, K) in km/h of K windows, and where each ends."""
    weights, ends = _windows(samples, rate_hz)
    flat = remaining.dynamic_mps2.reshape(3 * remaining.which.size, -1)
    change = _product(flat, weights).reshape(-1, 3, ends.size)
    return _horizontal_kmh(change, remaining.gravity_mps2), ends


def _horizontal_kmh(change_mps: Floats, gravity: Floats) -> Floats:
    """The horizontal length (S, K) in km/h of velocity changes (S, 3, K) in m/s."""
    up = gravity / np.maximum(np.sqrt(_squared(gravity)), np.float32(1e-6))[:, None]
    along = np.einsum("fa,fak->fk", up, change_mps)
    # Taken off before squaring: a difference of squares would lose half the digits.
    across = change_mps - up[:, :, None] * along[:, None, :]
    return np.sqrt(np.einsum("fak,fak->fk", across, across)) * np.float32(3.6)


def _product(rows: Floats, weights: Floats) -> Floats:
    """The matrix product, in portions that OpenBLAS multiplies in one thread."""
    at_once = max(1, SINGLE_THREAD // weights.size)
    out = np.empty((rows.shape[0], weights.shape[1]), dtype=np.float32)
    whole = rows.shape[0] - rows.shape[0] % at_once
    np.matmul(
        rows[:whole].reshape(-1, at_once, rows.shape[1]),
        weights,
        out=out[:whole].reshape(-1, at_once, weights.shape[1]),
    )
    np.matmul(rows[whole:], weights, out=out[whole:])
    return out


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
