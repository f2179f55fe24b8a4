"""A device that falls from its holder: free fall, a hard landing, bounces, another way up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from device_sim.physics.pulses import SAMPLED_AT_HZ, through_sensor
from schemas.recording import G_MPS2, Floats

_RESTITUTION: Final = 0.2
_SLOWEST_BOUNCE_MPS: Final = 0.35
_LYING_S: Final = 0.4


@dataclass(frozen=True, slots=True)
class Drop:
    """How far and how hard: seconds of free fall and the landing's peak.

    0.35-0.6 s and 16-24 g are what dropped phones show (F. Saliby's public recordings of
    drops and throws: falls of 0.6 s and more, clipped at 16 g; peaks of 16-24 g where not).
    Raises ValueError outside 0.1-1.5 s and 4-60 g.
    """

    fall_s: float
    peak_g: float

    def __post_init__(self) -> None:
        if not 0.1 <= self.fall_s <= 1.5:
            raise ValueError(f"fall_s {self.fall_s} is outside 0.1 to 1.5")
        if not 4.0 <= self.peak_g <= 60.0:
            raise ValueError(f"peak_g {self.peak_g} is outside 4 to 60")


def random_drop(rng: np.random.Generator) -> Drop:
    """A drop as a phone's: 0.35-0.6 s, 16-24 g."""
    return Drop(fall_s=float(rng.uniform(0.35, 0.6)), peak_g=float(rng.uniform(16.0, 24.0)))


def sampled_drop(
    drop: Drop,
    rng: np.random.Generator,
    *,
    before_mps2: Floats,
    after_mps2: Floats,
    rate_hz: float,
    lowpass_hz: float,
) -> Floats:
    """Samples (n, 3) in device axes from the moment of falling until it lies still.

    `before_mps2` and `after_mps2` (3,) are what the sensor reads at rest in either position.
    A body in free fall reads nothing but its own tumbling (r omega^2, under 0.2 g). It lands
    with v = g t and leaves with 0.2 v; the landing is a half-sine whose duration follows
    from momentum, T = pi 1.2 v / (2 A).
    """
    every = int(np.ceil(SAMPLED_AT_HZ / rate_hz))
    fine_hz = rate_hz * every
    pieces = [np.tile(before_mps2, (every, 1)), _tumbling(rng, drop.fall_s, fine_hz)]
    speed_mps, peak_mps2 = G_MPS2 * drop.fall_s, drop.peak_g * G_MPS2
    while speed_mps > _SLOWEST_BOUNCE_MPS:
        pieces.append(_landing(rng, speed_mps, peak_mps2, fine_hz))
        speed_mps, peak_mps2 = _RESTITUTION * speed_mps, 0.45 * peak_mps2
        pieces.append(_tumbling(rng, 2 * speed_mps / G_MPS2, fine_hz))
    pieces.append(_rocking(after_mps2, fine_hz))
    fine = np.concatenate(pieces)
    return through_sensor(fine, every, rate_hz, lowpass_hz, settled_at=before_mps2)


def _tumbling(rng: np.random.Generator, duration_s: float, fine_hz: float) -> Floats:
    times_s = np.arange(round(duration_s * fine_hz)) / fine_hz
    turns_hz, pull_mps2 = rng.uniform(0.8, 2.0), rng.uniform(0.4, 1.8)
    angle = 2 * np.pi * turns_hz * times_s + rng.uniform(0.0, 2 * np.pi)
    first, second = _direction(rng), _direction(rng)
    return pull_mps2 / np.sqrt(2) * (np.outer(np.cos(angle), first) + np.outer(np.sin(angle), second))


def _landing(rng: np.random.Generator, speed_mps: float, peak_mps2: float, fine_hz: float) -> Floats:
    duration_s = np.pi * (1.0 + _RESTITUTION) * speed_mps / (2.0 * peak_mps2)
    steps = max(2, round(duration_s * fine_hz))
    return np.outer(peak_mps2 * np.sin(np.pi * np.arange(steps) / steps), _direction(rng))


def _rocking(after_mps2: Floats, fine_hz: float) -> Floats:
    times_s = np.arange(round(_LYING_S * fine_hz)) / fine_hz
    sway = 0.3 * np.exp(-times_s / 0.08) * np.sin(2 * np.pi * 9.0 * times_s)
    return after_mps2 * (1.0 + sway)[:, np.newaxis]


def _direction(rng: np.random.Generator) -> Floats:
    vector: Floats = rng.normal(size=3)
    return vector / np.linalg.norm(vector)
