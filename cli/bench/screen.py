"""`cbutton bench screen`: bytes screened a second over the bytes that np.copyto moves, on one core.

The frames are int16 (F, 3, 100), in batches that do not fit the cache, with the tails of the live system.
"""

from __future__ import annotations

import cProfile
import pstats
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from cli.bench.measure import cache_bytes, in_turn, machine, ratios, spread, tell
from cli.bench.noise import RATE_HZ, SAMPLES, Noise, driving_noise
from scoring.screen import ScreenResult, screen

FRAME_BYTES: Final = 3 * SAMPLES * 2
MIN_BATCH_BYTES: Final = 64 * 2**20
SMALL_BATCH: Final = 2048
"""Frames of a batch as the bulk lane takes them; its copy stays in the cache, so that this ratio is harder."""


def measured(
    folder: Path | None, *, megabytes: int, rounds: int, seed: int, batch_bytes: int | None = None
) -> dict[str, Any]:
    """The figures; each round streams so many megabytes (10^6 bytes) through each contestant."""
    facts = machine()
    batch = (batch_bytes or max(MIN_BATCH_BYTES, 2 * cache_bytes())) // FRAME_BYTES
    tell("making noise")
    # Two batches: what was read of one has left the cache once the other was.
    noise = driving_noise(folder, 2 * batch, seed)
    batches = [noise.part(first, batch) for first in (0, batch)]
    passes = max(1, -(-megabytes * 10**6 // (2 * batch * FRAME_BYTES)))
    large = _raced(batches * passes, rounds)
    small = _raced(
        [noise.part(first, SMALL_BATCH) for first in range(0, 2 * batch - SMALL_BATCH + 1, SMALL_BATCH)],
        rounds,
    )
    results = [_screened(part) for part in batches]
    frames = passes * 2 * batch
    candidates = sum(int(result.is_candidate.sum()) for result in results)
    return {
        "bench": "screen",
        "ratio": large["ratio"]["median"],
        "frames_per_s": round(frames / statistics.median(large["seconds"])),
        "ratio_spread": large["ratio"],
        "max_min_alone": large["max_min_alone"],
        "copied_gb_per_s": round(frames * FRAME_BYTES / statistics.median(large["copied"]) / 1e9, 2),
        "small_batches": {
            "frames": SMALL_BATCH,
            "ratio": small["ratio"],
            "max_min_alone": small["max_min_alone"],
        },
        "measured_share": round(float(np.mean([(result.peak_g > 0).mean() for result in results])), 5),
        "candidates_per_h": round(candidates / (2 * batch * SAMPLES / RATE_HZ / 3600), 2),
        "noise": noise.source,
        "noise_recorded_h": round(noise.recorded_h, 3),
        "batch_frames": batch,
        "streamed_mb_per_round": round(frames * FRAME_BYTES / 1e6),
        "rounds": rounds,
        "machine": facts,
    }


def profiled(folder: Path | None, *, seed: int) -> None:
    """Tell on standard error where the time of the screen goes."""
    batch = max(MIN_BATCH_BYTES, 2 * cache_bytes()) // FRAME_BYTES
    noise = driving_noise(folder, batch, seed)
    _screened(noise)
    profile = cProfile.Profile(time.process_time)
    for _ in range(8):
        profile.runcall(_screened, noise)
    pstats.Stats(profile, stream=sys.stderr).strip_dirs().sort_stats("tottime").print_stats(16)


def _raced(batches: list[Noise], rounds: int) -> dict[str, Any]:
    room = np.zeros_like(batches[0].counts)
    seconds = in_turn(
        {
            "copy": [_copying(part, room) for part in batches],
            "screen": [_screening(part) for part in batches],
            "max_min": [_spanning(part) for part in batches],
        },
        rounds,
        tell,
    )
    return {
        "ratio": spread(ratios(seconds["copy"], seconds["screen"])),
        "max_min_alone": spread(ratios(seconds["copy"], seconds["max_min"])),
        "seconds": seconds["screen"],
        "copied": seconds["copy"],
    }


def _screened(noise: Noise) -> ScreenResult:
    return screen(noise.counts, noise.scale_mps2, RATE_HZ, noise.full_scale_g, noise.tails)


def _screening(noise: Noise) -> Callable[[], object]:
    return lambda: _screened(noise)


def _copying(noise: Noise, room: np.ndarray[Any, np.dtype[np.int16]]) -> Callable[[], object]:
    return lambda: np.copyto(room, noise.counts)


def _spanning(noise: Noise) -> Callable[[], object]:
    return lambda: noise.counts.max(axis=2) - noise.counts.min(axis=2)
