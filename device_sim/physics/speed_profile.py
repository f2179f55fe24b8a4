"""How fast a driver goes along a route: limits, curves, red lights, gentle pedals.

The highest speed at every metre is the least of the limit, what the curve allows
(v = sqrt(a_lat / |curvature|)) and zero at a red light; then a pass in either direction
keeps acceleration and braking within the driver's comfort (v^2 changes by at most
2 a ds per step). Smoothing the speed over time bounds the jerk.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from device_sim.physics.routes import STEP_M, Route, load_route
from schemas.recording import Floats

STYLES: Final = 16
TICK_S: Final = 0.1
_JERK_SMOOTHING_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Driver:
    """A driver's comfort: lateral, accelerating and braking in m/s2, share of the limit driven."""

    lateral_mps2: float
    accelerate_mps2: float
    brake_mps2: float
    of_limit: float


@dataclass(frozen=True, slots=True, eq=False)
class Lap:
    """Once around a route, every `TICK_S`: distance, speed and acceleration along it."""

    along_m: Floats
    speed_mps: Floats
    along_mps2: Floats

    @property
    def duration_s(self) -> float:
        """Until the lap begins again."""
        return (self.along_m.size - 1) * TICK_S


@lru_cache(maxsize=64)
def drive_lap(route_id: str, style: int) -> Lap:
    """A lap of one of `STYLES` drivers with their luck at the lights; shared by all cars alike."""
    route = load_route(route_id)
    rng = np.random.default_rng([20260901, style])
    driver = Driver(
        lateral_mps2=float(rng.uniform(1.6, 2.6)),
        accelerate_mps2=float(rng.uniform(1.1, 1.8)),
        brake_mps2=float(rng.uniform(1.4, 2.2)),
        of_limit=float(rng.uniform(0.92, 1.08)),
    )
    return _lap(route, driver, rng)


def _lap(route: Route, driver: Driver, rng: np.random.Generator) -> Lap:
    stops = [0, route.along_m.size - 1]
    waits_s = [0.0, float(rng.uniform(8.0, 25.0))]
    for row in np.searchsorted(route.along_m, route.signals_m).tolist():
        if rng.random() < 0.45:
            stops.append(int(row))
            waits_s.append(float(rng.uniform(8.0, 45.0)))
    order = np.argsort(stops)
    speed = _speed_by_distance(route, driver, np.asarray(stops), rng)
    return _over_time(route.along_m, speed, np.asarray(stops)[order], np.asarray(waits_s)[order])


def _speed_by_distance(
    route: Route, driver: Driver, stops: NDArray[np.int64], rng: np.random.Generator
) -> Floats:
    # Traffic ahead makes the speed wander by some per cent over hundreds of metres.
    knots = rng.normal(0.0, 0.035, max(2, round(route.length_m / 300.0)))
    traffic = np.interp(route.along_m, np.linspace(0.0, route.length_m, knots.size), knots)
    in_curve = np.sqrt(driver.lateral_mps2 / np.maximum(np.abs(route.curvature_per_m), 1e-5))
    highest: Floats = np.minimum(route.limit_mps * driver.of_limit * (1.0 + traffic), in_curve)
    highest[stops] = 0.0
    squared = _rising_at_most(highest**2, 2 * driver.accelerate_mps2 * STEP_M)
    squared = _rising_at_most(squared[::-1], 2 * driver.brake_mps2 * STEP_M)[::-1]
    return np.asarray(np.sqrt(squared), dtype=np.float64)


def _rising_at_most(values: Floats, per_step: float) -> Floats:
    """The greatest curve below `values` that rises by at most `per_step` from one to the next."""
    ramp: Floats = per_step * np.arange(values.size, dtype=np.float64)
    return np.minimum.accumulate(values - ramp) + ramp


def _over_time(along_m: Floats, speed: Floats, stops: NDArray[np.int64], waits_s: Floats) -> Lap:
    steps_s = 2.0 * np.diff(along_m) / (speed[:-1] + speed[1:])
    at_s: Floats = np.concatenate([[0.0], np.cumsum(steps_s)])
    # A stop appears twice: when the car arrives and when it leaves.
    waited = np.zeros(along_m.size)
    waited[stops] = waits_s
    leaves_s = at_s + np.cumsum(waited)
    arrives_s = leaves_s - waited
    node_s = np.insert(arrives_s, stops + 1, leaves_s[stops])
    node_speed = np.insert(speed, stops + 1, 0.0)
    ticks = np.arange(0.0, node_s[-1] + TICK_S, TICK_S)
    velocity = _smoothed(np.interp(ticks, node_s, node_speed))
    driven: Floats = np.concatenate([[0.0], np.cumsum((velocity[:-1] + velocity[1:]) * TICK_S / 2)])
    slope: Floats = np.gradient(velocity, TICK_S)
    return Lap(driven * (along_m[-1] / driven[-1]), velocity, slope)


def _smoothed(velocity: Floats) -> Floats:
    reach = round(3 * _JERK_SMOOTHING_S / TICK_S)
    kernel: Floats = np.exp(-0.5 * (np.arange(-reach, reach + 1) * TICK_S / _JERK_SMOOTHING_S) ** 2)
    kernel /= kernel.sum()
    padded: Floats = np.pad(velocity, reach, mode="edge")
    smooth: Floats = np.convolve(padded, kernel, mode="valid")
    return smooth
