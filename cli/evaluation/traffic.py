"""Many simulated cars at once: how they drive, at ten moments a second.

A model. Each car is in town, in the country or on a motorway for its whole trip. It follows a schedule of speeds to
reach, with an accelerating and a braking rate drawn for each; most are gentle, about one braking in sixty reaches
0.5 to 0.9 g. Bends, lane changes and now and then a swerve push it sideways.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from schemas.recording import G_MPS2

Floats = NDArray[np.float32]
Signal = NDArray[np.float64]

TICK_HZ: Final = 10
SETTINGS: Final = ("town", "country", "motorway")
_SETTING_SHARES: Final = (0.5, 0.3, 0.2)
_SPEEDS_KMH: Final = {"town": (20.0, 60.0), "country": (50.0, 95.0), "motorway": (75.0, 125.0)}
_STOPS: Final = {"town": 0.35, "country": 0.12, "motorway": 0.03}
_HOLDS_S: Final = {"town": (4.0, 40.0), "country": (10.0, 90.0), "motorway": (20.0, 150.0)}
_HARD_SHARE: Final = 1 / 60
_HARD_MPS2: Final = (4.9, 8.8)
_JERK_S: Final = 0.15
_SIDEWAYS_PER_H: Final = {"bend": 70.0, "lane_change": 15.0, "swerve": 1.0}
_MAX_SIDEWAYS_G: Final = 0.9


@dataclass(frozen=True, slots=True, eq=False)
class Trips:
    """`cars` trips of equal length, by tick: (cars, ticks) speed in m/s, acceleration in m/s2, course in degrees."""

    settings: tuple[str, ...]
    speed_mps: Signal
    forward_mps2: Signal
    right_mps2: Signal
    course_deg: Signal

    @property
    def ticks(self) -> int:
        """How many."""
        return int(self.speed_mps.shape[1])


def drive(rng: np.random.Generator, cars: int, duration_s: float) -> Trips:
    """Drive so many cars from a stand, each for so long."""
    ticks = round(duration_s * TICK_HZ)
    settings = tuple(rng.choice(SETTINGS, cars, p=_SETTING_SHARES).tolist())
    target, gain, brake = (np.empty((ticks, cars)) for _ in range(3))
    for car, setting in enumerate(settings):
        _schedule(rng, setting, target[:, car], gain[:, car], brake[:, car])
    speed = np.empty((ticks, cars))
    now = np.zeros(cars)
    for tick in range(ticks):
        now = now + np.clip(target[tick] - now, -brake[tick] / TICK_HZ, gain[tick] / TICK_HZ)
        speed[tick] = now
    smooth = _smoothed(np.ascontiguousarray(speed.T))
    forward = np.gradient(smooth, axis=1) * TICK_HZ
    right = _sideways(rng, settings, smooth)
    turn = np.degrees(right / np.maximum(smooth, 2.0)) / TICK_HZ
    course = rng.uniform(0, 360, (cars, 1)) + np.cumsum(turn, axis=1)
    return Trips(settings, smooth, forward + _grade(rng, smooth), right, course)


def how_many(rng: np.random.Generator, expected: float) -> int:
    """A Poisson number of happenings."""
    drawn: Any = rng.poisson(expected)
    return int(drawn)


def _schedule(rng: np.random.Generator, setting: str, target: Signal, gain: Signal, brake: Signal) -> None:
    """Fill one car's columns: a speed to reach for a while, then another."""
    tick = 0
    while tick < target.size:
        held_s = rng.uniform(*_HOLDS_S[setting])
        stops = tick == 0 or rng.random() < _STOPS[setting]
        span = slice(tick, tick + max(1, round(held_s * TICK_HZ)))
        target[span] = 0.0 if stops else rng.uniform(*_SPEEDS_KMH[setting]) / 3.6
        gain[span] = rng.uniform(0.7, 2.8)
        hard = rng.random() < _HARD_SHARE
        brake[span] = rng.uniform(*_HARD_MPS2) if hard else min(rng.lognormal(0.5, 0.35), 4.0)
        tick = span.stop


def _smoothed(speed: Signal) -> Signal:
    reach = max(1, round(3 * _JERK_S * TICK_HZ))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / (_JERK_S * TICK_HZ)) ** 2)
    kernel /= kernel.sum()
    padded = np.pad(speed, ((0, 0), (reach, reach)), mode="edge")
    smooth = np.zeros_like(speed)
    for offset, weight in enumerate(kernel.tolist()):
        smooth += weight * padded[:, offset : offset + speed.shape[1]]
    return smooth


def _sideways(rng: np.random.Generator, settings: tuple[str, ...], speed: Signal) -> Signal:
    right = np.zeros_like(speed)
    ticks = speed.shape[1]
    hours = ticks / TICK_HZ / 3600
    for car in range(len(settings)):
        for kind, per_h in _SIDEWAYS_PER_H.items():
            for first in rng.integers(0, ticks, how_many(rng, per_h * hours)).tolist():
                push = _push(rng, kind)[: ticks - first]
                right[car, first : first + push.size] += push
    grip = np.minimum(_MAX_SIDEWAYS_G * G_MPS2, speed**2 / 6.0)
    return np.clip(right, -grip, grip)


def _push(rng: np.random.Generator, kind: str) -> Signal:
    side = 1.0 if rng.random() < 0.5 else -1.0
    if kind == "bend":
        x = np.linspace(0, 1, round(rng.uniform(3, 12) * TICK_HZ))
        return side * min(rng.lognormal(0.3, 0.5), 4.5) * np.sin(np.pi * x)
    size, long_s = (
        (rng.uniform(0.5, 2.0), rng.uniform(3, 6))
        if kind == "lane_change"
        else (
            rng.uniform(4, 9),
            rng.uniform(1.2, 2.5),
        )
    )
    x = np.linspace(0, 1, round(long_s * TICK_HZ))
    return side * size * np.sin(2 * np.pi * x)


def _grade(rng: np.random.Generator, speed: Signal) -> Signal:
    """Gravity along the car on a road that rises and falls by some per cent, (cars, ticks)."""
    cars, ticks = speed.shape
    knots = rng.normal(0, 0.02, (cars, ticks // (30 * TICK_HZ) + 2))
    at: Signal = np.linspace(0, knots.shape[1] - 1, ticks, dtype=np.float64)
    low = np.minimum(at.astype(int), knots.shape[1] - 2)
    share = at - low
    rolling = np.clip(speed / 5.0, 0.0, 1.0)
    return G_MPS2 * (knots[:, low] * (1 - share) + knots[:, low + 1] * share) * rolling
