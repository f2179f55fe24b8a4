"""A device in somebody's hand: taken off its mount, turned, shaken, laid down, put back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation, Slerp  # pyright: ignore[reportMissingTypeStubs]  # scipy has no types

from cli.evaluation.sensor import random_rotation
from schemas.recording import G_MPS2

Signal = NDArray[np.float64]

_KNOCK_S: Final = 0.03


@dataclass(frozen=True, slots=True, eq=False)
class Handling:
    """How the device lies in the car by sample, rotations (n, 3, 3) from car axes, and what the hand adds (3, n)."""

    mounts: Signal
    added_mps2: Signal

    def felt(self, car_mps2: Signal) -> Signal:
        """Motion in car axes (3, n) as the device feels it."""
        return np.einsum("nij,jn->in", self.mounts, car_mps2) + self.added_mps2


def handled(
    rng: np.random.Generator, samples: int, rate_hz: float, mount: Signal, *, from_s: float, put_back: bool
) -> Handling:
    """Off the mount with a jerk, turned over a few times in the hand, then put back or laid down elsewhere."""
    stays = int(rng.integers(2, 6))
    poses = [mount, mount, *(random_rotation(rng) for _ in range(stays))]
    at_s = [0.0, from_s]
    for _ in range(stays):
        at_s.append(at_s[-1] + rng.uniform(0.4, 2.5))
    if put_back:
        poses.append(mount)
        at_s.append(at_s[-1] + rng.uniform(0.6, 2.0))
    poses.append(poses[-1])
    at_s.append(max(samples / rate_hz, at_s[-1]) + 1.0)
    times_s = np.arange(samples) / rate_hz
    mounts = Slerp(at_s, Rotation.from_matrix(np.array(poses)))(times_s).as_matrix()
    added = _trembling(rng, times_s, from_s, at_s[-2])
    for moment_s, low_g, high_g in ((from_s, 0.5, 3.0), (at_s[-2], 0.5, 4.0)):
        _knock(rng, added, times_s, moment_s, rng.uniform(low_g, high_g))
    return Handling(mounts, added)


def shaken(
    rng: np.random.Generator, samples: int, rate_hz: float, mount: Signal, *, from_s: float
) -> Handling:
    """Held and shaken to and fro along one direction, as to see whether it works."""
    times_s = np.arange(samples) / rate_hz
    along = rng.normal(size=3)
    along /= np.linalg.norm(along)
    long_s = rng.uniform(1.0, 3.0)
    envelope = np.clip((times_s - from_s) / 0.3, 0, 1) * np.clip((from_s + long_s - times_s) / 0.3, 0, 1)
    wave = (
        rng.uniform(0.3, 1.2)
        * G_MPS2
        * envelope
        * np.sin(2 * np.pi * rng.uniform(2, 4.5) * (times_s - from_s))
    )
    tilt = np.radians(rng.uniform(5, 40)) * envelope * np.sin(2 * np.pi * rng.uniform(1, 3) * times_s)
    axis = rng.normal(size=3)
    axis /= np.linalg.norm(axis)
    mounts = Rotation.from_rotvec(tilt[:, None] * axis).as_matrix() @ mount
    return Handling(mounts, along[:, None] * wave)


def _trembling(rng: np.random.Generator, times_s: Signal, from_s: float, to_s: float) -> Signal:
    """What an arm adds: waves of 0.5-4 Hz."""
    inside = (times_s >= from_s) & (times_s < to_s)
    waves = np.zeros((3, times_s.size))
    for axis in range(3):
        for _ in range(4):
            wave = np.sin(2 * np.pi * rng.uniform(0.5, 4) * times_s + rng.uniform(0, 2 * np.pi))
            waves[axis] += rng.uniform(0.03, 0.15) * G_MPS2 * wave
    return waves * inside


def _knock(rng: np.random.Generator, added: Signal, times_s: Signal, at_s: float, size_g: float) -> None:
    along = rng.normal(size=3)
    along /= np.linalg.norm(along)
    share = np.clip((times_s - at_s) / _KNOCK_S, 0, 1)
    added += size_g * G_MPS2 * np.sin(np.pi * share) * along[:, None]
