"""Driving to screen: frames of many cars in random mounts, with the tails the live system would remember."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cli.evaluation.material import read_material
from cli.evaluation.sensor import random_rotation, resampled
from cli.evaluation.shaking import roads, shaken, upsampled
from cli.evaluation.traffic import drive
from schemas.recording import G_MPS2
from scoring.frames import Motion, frames_of
from scoring.memory import Memory, screen_batch
from scoring.sampling import motions_of
from scoring.screen import Tails, tail_samples

Counts = NDArray[np.int16]
Floats = NDArray[np.float32]

RATE_HZ: Final = 100.0
SAMPLES: Final = 100
_CARS: Final = 24
_TRIP_S: Final = 300.0
_RANGE_G: Final = 16.0


@dataclass(frozen=True, slots=True, eq=False)
class Noise:
    """F frames of one second at 100 Hz, in random order as a fleet sends them: what `scoring.screen` takes.

    `source` says where the driving is from; `recorded_h` is how much of it was recorded or simulated, before it
    was turned into so many mounts.
    """

    counts: Counts
    scale_mps2: Floats
    full_scale_g: Floats
    tails: Tails
    source: str
    recorded_h: float

    def part(self, first: int, count: int) -> Noise:
        """Some of the frames, without copying."""
        some, tails = slice(first, first + count), self.tails
        return Noise(
            self.counts[some],
            self.scale_mps2[some],
            self.full_scale_g[some],
            Tails(
                tails.acc_mps2[some], tails.low_mps2[some], tails.high_mps2[some], tails.gravity_mps2[some]
            ),
            self.source,
            self.recorded_h,
        )


def driving_noise(folder: Path | None, frames: int, seed: int) -> Noise:
    """So many frames of the recordings in a folder, or of simulated driving where there is none."""
    rng = np.random.default_rng(seed)
    drives = _recorded(folder) if folder is not None else []
    source = f"real driving, {len(drives)} stretches of {folder}"
    if not drives:
        drives = _simulated(rng)
        source = f"simulated driving that mimics real noise, {len(drives)} cars: no recordings were given"
    gravities = [_gravities(motion) for motion in drives]
    parts: list[tuple[Counts, Floats, float]] = []
    missing = frames
    while missing > 0:
        for motion, gravity in zip(drives, gravities, strict=True):
            parts.append(_mounted(motion, gravity, random_rotation(rng).astype(np.float32)))
            missing -= len(parts[-1][0])
    order = rng.permutation(frames)
    counts = np.concatenate([counts for counts, _, _ in parts])[order]
    # Views of the whole state, as `scoring.memory` hands it over.
    state = np.concatenate([state for _, state, _ in parts])[order]
    range_g = np.concatenate([np.full(len(counts), each_g) for counts, _, each_g in parts])[order]
    tails = Tails(state[:, :, :-3], state[:, :, -3], state[:, :, -2], state[:, :, -1])
    recorded_h = sum(motion.samples for motion in drives) / RATE_HZ / 3600
    return Noise(
        counts,
        (range_g * (G_MPS2 / 32767)).astype(np.float32),
        range_g.astype(np.float32),
        tails,
        source,
        recorded_h,
    )


def _recorded(folder: Path) -> list[Motion]:
    """Every stretch of driving in a folder that gives two frames or more, at 100 Hz."""
    found: list[Motion] = []
    for recording in read_material(folder).drives:
        for motion in motions_of(recording):
            acc = resampled(motion.acc_mps2.astype(np.float64), motion.rate_hz, RATE_HZ).astype(np.float32)
            if acc.shape[1] >= 2 * SAMPLES:
                found.append(Motion(acc, 0.0, RATE_HZ, motion.full_scale_g, motion.lowpass_hz))
    return found


def _simulated(rng: np.random.Generator) -> list[Motion]:
    trips = drive(rng, _CARS, _TRIP_S)
    body = shaken(rng, trips, roads(rng, _CARS, trips.ticks))
    body[:, 0] += upsampled(trips.forward_mps2.astype(np.float32))
    body[:, 1] += upsampled(trips.right_mps2.astype(np.float32))
    body[:, 2] -= np.float32(G_MPS2)
    return [Motion(acc, 0.0, RATE_HZ, _RANGE_G, 42.0) for acc in body]


def _gravities(motion: Motion) -> Floats:
    """Gravity as remembered before each whole frame but the first, (frames - 1, 3)."""
    memories: dict[Hashable, Memory] = {}
    met: list[Floats] = []
    for frame in frames_of(motion, SAMPLES)[: motion.samples // SAMPLES]:
        met += [memory.gravity_mps2 for memory in memories.values()]
        memories.update(screen_batch(memories, (frame,))[0])
    return np.stack(met)


def _mounted(motion: Motion, gravity: Floats, mount: Floats) -> tuple[Counts, Floats, float]:
    """Whole frames in another mount, the first left out: counts, the state before each, and the range in g."""
    count = motion.samples // SAMPLES
    scale_mps2 = np.float32(motion.full_scale_g * G_MPS2 / 32767)
    read = np.rint(mount @ motion.acc_mps2[:, : count * SAMPLES] / scale_mps2)
    counts = np.clip(read, -32768, 32767).astype(np.int16).reshape(3, count, SAMPLES).transpose(1, 0, 2)
    before = counts[:-1] * scale_mps2
    tail = tail_samples(RATE_HZ)
    state = np.empty((count - 1, 3, tail + 3), dtype=np.float32)
    state[:, :, :tail] = before[:, :, SAMPLES - tail :]
    state[:, :, -3], state[:, :, -2] = before.min(axis=2), before.max(axis=2)
    state[:, :, -1] = gravity @ mount.T
    return counts[1:], state, motion.full_scale_g
