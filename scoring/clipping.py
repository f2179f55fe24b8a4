"""Rebuilding what a sensor could not show: peaks beyond its range.

An estimate, never more: whatever is integrated over rebuilt samples stays marked as a lower
bound. Two steps. The force of a collision keeps nearly one direction, and a sensor mounted at
an angle seldom clips on all its axes at once, so an axis that clipped is first filled from those
that did not. What is left is bridged by a cubic that continues the slopes on both sides.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.recording import G_MPS2
from scoring.onset import Run, joined, runs

Signal = NDArray[np.float64]
Mask = NDArray[np.bool_]

NEAR_S: Final = 0.1
"""The direction is learnt from this long around a clipped run."""
REST_S: Final = 1.0
"""What the sensor read at rest is the median of this long before it."""
MIN_ALIGNED: Final = 0.8
"""Share of the horizontal energy around a run that must lie along one direction for it to be used."""
STRAY_MPS2: Final = 0.7 * G_MPS2
VERTICAL_MPS2: Final = 3.0 * G_MPS2
"""How far samples of a collision stray sideways, and how hard the floor shakes up and down meanwhile."""
MAX_UNSURE: Final = 0.25
"""An axis is filled where the others tell the force to within this share of the clip level, or of itself."""
MAX_FILLED: Final = 4.0
STEEP_SAMPLES: Final = 3
LONGEST_S: Final = 0.2
FLANK_SHARE: Final = 0.1
"""A half-sine is tried where so many samples clipped in a row, but no longer than a collision lasts; its flanks
reach down to this share of the level."""
MAX_HALF_SINE: Final = 3.0
MAX_BRIDGED: Final = 2.0
"""A sample filled, by a half-sine or bridged is at most this many times the level at which it clipped."""


def clipped(acc_mps2: Signal, clip_mps2: float) -> Mask:
    """Which samples clip, (3, n)."""
    return np.abs(acc_mps2) >= clip_mps2


def rebuild_clipped(acc_mps2: Signal, clip_mps2: float, rate_hz: float) -> Signal:
    """The acceleration (3, n) with clipped runs estimated, never below what was read.

    Samples that nothing tells about, at the very edge of the stretch, stay as they are.
    """
    mask = clipped(acc_mps2, clip_mps2)
    if not mask.any():
        return acc_mps2
    rebuilt = acc_mps2.copy()
    open_ = mask.copy()
    near = round(NEAR_S * rate_hz)
    for run in joined(runs(np.any(mask, axis=0)), near):
        _fill(rebuilt, mask, open_, run, rate_hz)
    for axis in range(3):
        for first, after in runs(open_[axis]):
            if first >= 2 and after + 2 <= mask.shape[1]:
                _bridge(rebuilt[axis], first, after, clip_mps2, rate_hz)
    return rebuilt


def _fill(rebuilt: Signal, mask: Mask, open_: Mask, run: Run, rate_hz: float) -> None:
    """Fill clipped axes of one run from the others.

    Around the run, a sample is rest + s d + v u + noise: s along the shock's horizontal direction
    d, v along the vertical u. The axes in range give s and v by least squares, v being held
    small by its expected size.
    """
    near = round(NEAR_S * rate_hz)
    low, high = max(0, run[0] - near), min(mask.shape[1], run[1] + near)
    rest = np.median(rebuilt[:, max(0, low - round(REST_S * rate_hz)) : max(low, 1)], axis=1)
    gravity = float(np.linalg.norm(rest))
    if gravity < 0.5 * G_MPS2:
        return
    up = rest / gravity
    dynamic = rebuilt[:, low:high] - rest[:, None]
    in_range = ~mask[:, low:high]
    shown = in_range.all(axis=0)
    direction = _direction(dynamic[:, shown], up)
    if direction is None:
        return
    force, lift, unsure = _solve(dynamic, in_range, direction, up)
    for axis in range(3):
        told = unsure * abs(direction[axis]) <= MAX_UNSURE * np.abs(
            rebuilt[axis, low:high] + force * direction[axis]
        )
        fill = ~in_range[axis] & told
        read = rebuilt[axis, low:high][fill]
        guess = (rest[axis] + direction[axis] * force + up[axis] * lift)[fill] * np.sign(read)
        rebuilt[axis, low:high][fill] = np.sign(read) * np.clip(
            guess, np.abs(read), MAX_FILLED * np.abs(read)
        )
        open_[axis, low:high][fill] = False


def _direction(dynamic: Signal, up: Signal) -> Signal | None:
    """The horizontal direction that shown samples of a shock share; None where they do not."""
    horizontal = dynamic - up[:, None] * (up @ dynamic)
    # Weak samples are road and engine, not the shock.
    strong = horizontal[:, np.linalg.norm(horizontal, axis=0) > G_MPS2]
    if strong.shape[1] < 2:
        return None
    vectors, sizes, _ = np.linalg.svd(strong, full_matrices=False)
    return vectors[:, 0] if sizes[0] ** 2 >= MIN_ALIGNED * np.sum(sizes**2) else None


def _solve(dynamic: Signal, in_range: Mask, direction: Signal, up: Signal) -> tuple[Signal, Signal, Signal]:
    """Force along `direction`, lift along `up`, and the force's standard error, for every sample."""
    told = in_range.astype(np.float64)
    dd, uu, du = (direction**2) @ told, (up**2) @ told, (direction * up) @ told
    uu = uu + (STRAY_MPS2 / VERTICAL_MPS2) ** 2
    dx, ux = (direction[:, None] * dynamic * told).sum(axis=0), (up[:, None] * dynamic * told).sum(axis=0)
    determinant = np.maximum(dd * uu - du**2, 1e-9)
    force, lift = (uu * dx - du * ux) / determinant, (dd * ux - du * dx) / determinant
    return force, lift, STRAY_MPS2 * np.sqrt(uu / determinant)


def _bridge(axis_mps2: Signal, first: int, after: int, level_mps2: float, rate_hz: float) -> None:
    """Bridge [first, after) of one axis: by a cubic Hermite span, or a half-sine where the flanks are too steep."""
    sign = 1.0 if axis_mps2[first] > 0 else -1.0
    shown = sign * axis_mps2
    span = after - first + 1
    share = np.arange(1, span) / span
    left, right = shown[first - 1], shown[after]
    rise, fall = left - shown[first - 2], right - shown[after + 1]
    bridged = shown[first:after]
    if rise > 0 and fall > 0:
        cubic = (
            (2 * share**3 - 3 * share**2 + 1) * left
            + (share**3 - 2 * share**2 + share) * span * rise
            + (3 * share**2 - 2 * share**3) * right
            + (share**2 - share**3) * span * fall
        )
        bridged = np.maximum(bridged, np.minimum(cubic, MAX_BRIDGED * bridged))
    if STEEP_SAMPLES <= after - first <= LONGEST_S * rate_hz:
        wave = _half_sine(shown, first, after, level_mps2)
        bridged = np.maximum(bridged, np.minimum(wave, MAX_HALF_SINE * shown[first:after]))
    axis_mps2[first:after] = sign * bridged


def _half_sine(shown: Signal, first: int, after: int, level_mps2: float) -> Signal:
    """The samples of [first, after) by the half-sine that stays above the level for as long.

    A half-sine of duration D lies above c for W when its peak is c / sin(pi (D - W) / 2 D). Half a sample on either
    side is as far as the crossings are known.
    """
    begin, end = first, after
    while begin > 0 and shown[begin - 1] > FLANK_SHARE * level_mps2 and first - begin < after - first:
        begin -= 1
    while end < shown.size and shown[end] > FLANK_SHARE * level_mps2 and end - after < after - first:
        end += 1
    duration = end - begin + 1.0
    above = float(after - first)
    peak = level_mps2 / np.sin(np.pi * (duration - above) / (2 * duration))
    at: Signal = np.arange(first, after, dtype=np.float64) - begin + 1.0
    return peak * np.sin(np.pi * at / duration)
