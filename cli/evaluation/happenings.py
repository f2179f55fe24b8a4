"""What happens to simulated cars and their devices while they drive, and how often.

Rates are guesses on the high side, so that the detector has more to tell apart than an ordinary car would give
it. Shapes come from a bank drawn once per seed and are scaled anew each time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cli.evaluation import disturbance
from cli.evaluation.pulse import FINE_HZ
from cli.evaluation.sensor import Sensor
from cli.evaluation.shaking import RATE_HZ
from cli.evaluation.traffic import TICK_HZ, Trips, how_many

Floats = NDArray[np.float32]
Shaper = Callable[[np.random.Generator, float], NDArray[np.float64]]

BANK: Final = 400
_MOVING_MPS: Final = 3.0


@dataclass(frozen=True, slots=True)
class Kind:
    """A sort of happening: its shape, how often per hour, and the speeds (km/h) at which it can happen."""

    shape: Shaper
    per_h: float
    from_kmh: float
    to_kmh: float


KINDS: Final[dict[str, Kind]] = {
    "pothole": Kind(disturbance.pothole, 80.0, 10, 130),
    "speed_bump": Kind(disturbance.speed_bump, 4.0, 5, 40),
    "kerb": Kind(disturbance.kerb, 3.0, 3, 40),
    "joints": Kind(disturbance.joints, 8.0, 15, 130),
    "door": Kind(disturbance.door, 40.0, -1, 1),
    "gear_shift": Kind(disturbance.gear_shift, 20.0, 3, 60),
    "rattle": Kind(disturbance.rattle, 1.0, 10, 130),
}
HANDS_PER_H: Final = {"handled": 0.2, "taken_off_and_put_back": 0.2, "shaken_in_hand": 0.05, "dropped": 0.05}
"""A device in somebody's hand, at any speed; a dropped one falls from its mount."""


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened to a car at a sample."""

    car: int
    first: int
    kind: str


def happen(rng: np.random.Generator, seed: int, trips: Trips, body: Floats) -> list[Happening]:
    """Let things happen: adds them to the motion (cars, 3, samples) in car axes, and says what they were."""
    cars, ticks = trips.speed_mps.shape
    hours = ticks / TICK_HZ / 3600
    found: list[Happening] = []
    speed_kmh = 3.6 * trips.speed_mps
    for name, kind in KINDS.items():
        bank = _bank(name, seed)
        count = how_many(rng, kind.per_h * hours * cars)
        places = zip(
            rng.integers(0, cars, count).tolist(), rng.integers(0, ticks, count).tolist(), strict=True
        )
        for car, tick in places:
            speed = float(speed_kmh[car, tick])
            if not kind.from_kmh <= speed <= kind.to_kmh:
                continue
            shape = _shape(rng, bank, speed / 3.6)
            first = tick * (RATE_HZ // TICK_HZ)
            room = body[car, :, first : first + shape.shape[1]]
            room += shape[:, : room.shape[1]] * np.float32(rng.uniform(0.7, 1.25))
            found.append(Happening(car, first, name))
    return found


def _shape(rng: np.random.Generator, bank: list[tuple[float, Floats]], speed_mps: float) -> Floats:
    """One of the bank's shapes made for about this speed."""
    for _ in range(8):
        made_for, shape = bank[int(rng.integers(len(bank)))]
        if made_for == 0.0 or 0.6 < made_for / max(speed_mps, 1.0) < 1.6:
            return shape
    return bank[int(rng.integers(len(bank)))][1]


@lru_cache(maxsize=16)
def _bank(name: str, seed: int) -> list[tuple[float, Floats]]:
    kind = KINDS[name]
    rng = np.random.default_rng([seed, 4, list(KINDS).index(name)])
    sensor = Sensor(RATE_HZ, 42.0)
    bank: list[tuple[float, Floats]] = []
    for _ in range(BANK):
        speed = rng.uniform(max(kind.from_kmh, 0.0), kind.to_kmh) / 3.6
        fine = kind.shape(rng, speed)
        sampled = sensor.sampled(fine, FINE_HZ, rng.uniform(0.0, 1 / RATE_HZ))
        bank.append((speed if kind.from_kmh >= 0 else 0.0, sampled.astype(np.float32)))
    return bank
