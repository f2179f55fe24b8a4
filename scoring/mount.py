"""How a device sits in its car, learnt from gravity and from what GPS says the car was doing.

The method: gravity gives the tilt; the one angle left, about the vertical, is the one that best
maps the horizontal acceleration onto the car's own, forward dv/dt and to the right
v d(heading)/dt from GPS. In two dimensions this orthogonal Procrustes problem has a closed form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from scoring.frames import Motion
from scoring.rest import angle_deg
from scoring.speed import SpeedTrack

Signal = NDArray[np.float64]

MOVING_MPS: Final = 3.0
"""Slower, a GPS course means little."""
MIN_MOVING_S: Final = 60.0
"""A minute of movement gave the angle to 2.5 degrees (median) and 9.5 (90 %) on a real trip; three
minutes to 1.9 and 4.4. A direction of force is told to a clock hour of 30 degrees."""
MIN_CORRELATION: Final = 0.6
MIN_STRENGTH_MPS2: Final = 0.2
"""Root mean square of the car's own acceleration: below it there is nothing to fit. One axis alone will do."""
MAX_UNSURE_DEG: Final = 12.0
"""The standard error of the angle, by what the fit leaves over: less than half a clock hour."""
LAGS_S: Final = tuple(0.25 * step for step in range(11))
"""Receivers smooth: a fix may tell of up to 2.5 s ago. The lag at which motion fits best is taken."""
SPAN_S: Final = 4.0
"""GPS speed and course are differentiated by straight lines over this long; motion is averaged alike."""
STEP_S: Final = 1.0
MAX_LEAN_DEG: Final = 20.0
"""A device whose vertical leans further than this from its mount's was moved since: 10 degrees, and as much
again for a long curve or a long braking, which lean the vertical seen in the seconds before."""


@dataclass(frozen=True, slots=True, eq=False)
class Mount:
    """A rotation (3, 3) from device axes to the car's: x forward, y right, z down (SAE J211).

    `quality` is the correlation between the motion and the car's acceleration by GPS, `moving_s` how much
    driving it was learnt from.
    """

    rotation: Signal
    quality: float
    moving_s: float

    def fits(self, up: Signal) -> bool:
        """Whether a vertical, a vector (3,) in device axes, is still the mount's own."""
        return angle_deg(-self.rotation[2], up) <= MAX_LEAN_DEG

    def to_dict(self) -> dict[str, Any]:
        """Plain values to store as JSON."""
        return {"rotation": self.rotation.tolist(), "quality": self.quality, "moving_s": self.moving_s}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Mount:
        """The mount stored by to_dict; raises ValueError when its rotation is none."""
        rotation = np.asarray(stored["rotation"], dtype=np.float64)
        if rotation.shape != (3, 3) or not np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-3):
            raise ValueError(f"stored mount holds no rotation: {stored['rotation']!r}")
        return cls(rotation, float(stored["quality"]), float(stored["moving_s"]))


def learn_mount(motion: Motion, fixes: SpeedTrack) -> Mount | None:
    """Learn how the device sits from a stretch of driving; None where it does not tell.

    Needs a minute of movement with some braking or turning, and motion that follows the GPS (correlation 0.6),
    so closely that the angle is sure to a few degrees.
    """
    if motion.samples < SPAN_S * motion.rate_hz:
        return None
    at_s = np.arange(motion.uptime_s + SPAN_S / 2, motion.end_s - SPAN_S / 2, STEP_S)
    mean = _means(motion, at_s)
    up = np.median(mean, axis=1)
    down = -up / np.linalg.norm(up)
    first = np.cross(down, np.eye(3)[np.argmin(np.abs(down))])
    first /= np.linalg.norm(first)
    second = np.cross(down, first)
    horizontal = np.asarray(np.stack([first, second]) @ mean, dtype=np.float64)
    fits = [fit for lag_s in LAGS_S if (fit := _fit(fixes, at_s, horizontal, lag_s)) is not None]
    best: _Fit | None = max(fits, key=lambda fit: fit.quality, default=None)
    if best is None or best.quality < MIN_CORRELATION or best.unsure_deg > MAX_UNSURE_DEG:
        return None
    forward = np.cos(best.angle) * first + np.sin(best.angle) * second
    rotation: Signal = np.asarray([forward, np.cross(down, forward), down], dtype=np.float64)
    return Mount(rotation, best.quality, best.moving_s)


@dataclass(frozen=True, slots=True)
class _Fit:
    """The angle (radians) at which motion fits GPS for one lag, and how well."""

    angle: float
    quality: float
    unsure_deg: float
    moving_s: float


def _fit(fixes: SpeedTrack, at_s: Signal, horizontal: Signal, lag_s: float) -> _Fit | None:
    ahead, right, moving = _car_acceleration(fixes, at_s + lag_s)
    moving_s = float(moving.sum() * STEP_S)
    if moving_s < MIN_MOVING_S:
        return None
    h = horizontal[:, moving]
    h = h - np.median(h, axis=1, keepdims=True)
    ahead, right = ahead[moving] - np.median(ahead[moving]), right[moving] - np.median(right[moving])
    strength = float(np.hypot(_rms(ahead), _rms(right)))
    if strength < MIN_STRENGTH_MPS2:
        return None
    # ahead = cos h1 + sin h2 and right = -sin h1 + cos h2, fitted over both at once.
    angle = float(np.arctan2(ahead @ h[1] - right @ h[0], ahead @ h[0] + right @ h[1]))
    turned = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) @ h
    left = float(np.hypot(_rms(turned[0] - ahead), _rms(turned[1] - right)))
    independent = max(1.0, moving_s / SPAN_S)
    return _Fit(
        angle=angle,
        quality=_correlation(turned.reshape(-1), np.concatenate([ahead, right])),
        unsure_deg=float(np.degrees(left / strength / np.sqrt(independent))),
        moving_s=moving_s,
    )


def _car_acceleration(fixes: SpeedTrack, at_s: Signal) -> tuple[Signal, Signal, NDArray[np.bool_]]:
    """Forward and rightward acceleration (k,) at the times asked, and where it is known."""
    known = np.isfinite(fixes.speed_mps) & np.isfinite(fixes.heading_deg)
    time_s, speed = fixes.uptime_s[known], fixes.speed_mps[known]
    course = np.unwrap(np.radians(fixes.heading_deg[known]))
    low = np.searchsorted(time_s, at_s - SPAN_S / 2)
    high = np.searchsorted(time_s, at_s + SPAN_S / 2)
    usable = high - low >= 3
    low, high = np.where(usable, low, 0), np.where(usable, high, 0)
    count = np.maximum(high - low, 1)
    last = np.maximum(high - 1, 0)
    if time_s.size:
        usable &= time_s[last] - time_s[np.minimum(low, time_s.size - 1)] >= SPAN_S / 2
        slow = _sums((speed < MOVING_MPS).astype(np.float64))
        usable &= slow[high] == slow[low]
    mean_speed = (_sums(speed)[high] - _sums(speed)[low]) / count
    ahead = _slopes(time_s, speed, low, high)
    right = mean_speed * _slopes(time_s, course, low, high)
    return np.where(usable, ahead, 0.0), np.where(usable, right, 0.0), usable


def _slopes(time_s: Signal, values: Signal, low: NDArray[np.intp], high: NDArray[np.intp]) -> Signal:
    """The slope of the straight line through the values of every [low, high), by least squares."""
    time_s = time_s - time_s[0] if time_s.size else time_s
    count = np.maximum(high - low, 1)
    t, y, tt, ty = (
        (sums[high] - sums[low]) / count
        for sums in map(_sums, (time_s, values, time_s * time_s, time_s * values))
    )
    spread = tt - t * t
    return np.where(spread > 1e-6, (ty - t * y) / np.where(spread > 1e-6, spread, 1.0), 0.0)


def _sums(values: Signal) -> Signal:
    return np.concatenate([[0.0], np.cumsum(values)])


def _means(motion: Motion, at_s: Signal) -> Signal:
    """The mean acceleration (3, k) over the span around each time."""
    sums = np.cumsum(np.pad(motion.acc_mps2.astype(np.float64), ((0, 0), (1, 0))), axis=1)
    first = np.clip(
        np.rint((at_s - SPAN_S / 2 - motion.uptime_s) * motion.rate_hz).astype(int), 0, motion.samples
    )
    last = np.clip(first + round(SPAN_S * motion.rate_hz), 1, motion.samples)
    return (sums[:, last] - sums[:, first]) / np.maximum(last - first, 1)


def _rms(values: Signal) -> float:
    return float(np.sqrt(np.mean(values**2)))


def _correlation(one: Signal, other: Signal) -> float:
    size = float(np.linalg.norm(one - one.mean()) * np.linalg.norm(other - other.mean()))
    return float((one - one.mean()) @ (other - other.mean())) / size if size > 0 else 0.0
