"""The screen against a plain loop over frames that does the same without any short cut."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from support.shocks import UP_IN_CAR, driving, haversine, struck, turned

from schemas.recording import G_MPS2
from scoring.screen import DV150_KMH, PEAK_G, Tails, screen, tail_samples

SCALE_MPS2 = 16 * G_MPS2 / 32767


def batch(frames: int, rate_hz: float, samples: int, seed: int) -> tuple[NDArray[np.int16], Tails]:
    """Frames of driving that is now and then struck, each with its tail, in turned axes."""
    rng = np.random.default_rng(seed)
    tail = tail_samples(rate_hz)
    mount = turned((1, 2, 3), 77)
    counts = np.empty((frames, 3, samples), dtype=np.int16)
    tails = np.empty((frames, 3, tail), dtype=np.float32)
    for frame in range(frames):
        car = driving(
            (tail + samples) / rate_hz, rate_hz, noise_mps2=rng.uniform(0.1, 2.5), seed=seed + frame
        )
        if rng.random() < 0.6:
            pulse = haversine(rng.uniform(0.5, 12), rng.uniform(0.05, 0.2), rate_hz)[: samples // 2]
            vertical = rng.random() < 0.3
            shock = np.outer([0, 0, -1], pulse) if vertical else pulse
            car = struck(car, shock, int(rng.integers(0, tail + samples // 2)), from_deg=rng.uniform(0, 360))
        read = mount @ car
        tails[frame] = read[:, :tail]
        counts[frame] = np.rint(read[:, tail:] / SCALE_MPS2)
    gravity = np.tile((mount @ UP_IN_CAR).astype(np.float32), (frames, 1))
    return counts, Tails(tails, tails.min(axis=2), tails.max(axis=2), gravity)


def by_hand(counts: NDArray[np.int16], tails: Tails, frame: int, rate_hz: float) -> tuple[float, float]:
    """Largest horizontal velocity change (km/h) over every window on the grid, and peak (g), of one frame."""
    acc = np.concatenate([tails.acc_mps2[frame], counts[frame] * SCALE_MPS2], axis=1).astype(np.float64)
    gravity = tails.gravity_mps2[frame].astype(np.float64)
    up = gravity / np.linalg.norm(gravity)
    tail, width, before = tails.acc_mps2.shape[2], round(0.15 * rate_hz), round(0.3 * rate_hz)
    largest = 0.0
    for end in range(acc.shape[1], tail, -max(1, int(0.02 * rate_hz))):
        rest = acc[:, end - width - before : end - width].mean(axis=1)
        change = (acc[:, end - width : end] - rest[:, None]).sum(axis=1) / rate_hz * 3.6
        largest = max(largest, float(np.linalg.norm(change - (change @ up) * up)))
    own = acc[:, tail:] - gravity[:, None]
    block = max(1, round(rate_hz / 100))
    means = own[:, : own.shape[1] // block * block].reshape(3, -1, block).mean(axis=2)
    return largest, float(np.linalg.norm(means, axis=0).max()) / G_MPS2


@pytest.mark.parametrize(("rate_hz", "samples"), [(100.0, 100), (50.0, 50), (104.0, 37), (500.0, 500)])
def test_agrees_with_the_plain_loop(rate_hz: float, samples: int) -> None:
    counts, tails = batch(120, rate_hz, samples, seed=round(rate_hz))
    result = screen(
        counts, np.full(120, SCALE_MPS2, np.float32), rate_hz, np.full(120, 16, np.float32), tails
    )
    ruled_out = 0
    for frame in range(120):
        dv150_kmh, peak_g = by_hand(counts, tails, frame, rate_hz)
        expected = dv150_kmh >= DV150_KMH or peak_g >= PEAK_G
        if min(abs(dv150_kmh - DV150_KMH), abs(peak_g - PEAK_G)) > 1e-3:
            assert result.is_candidate[frame] == expected, frame
        if result.peak_g[frame] == 0:
            ruled_out += 1
            assert not expected
        else:
            assert result.dv150_kmh[frame] == pytest.approx(dv150_kmh, abs=2e-3)
            assert result.peak_g[frame] == pytest.approx(peak_g, abs=1e-3)
    assert 0 < ruled_out < 120
    assert 0 < result.is_candidate.sum() < 120


def test_the_strongest_moment_is_the_middle_of_the_shock() -> None:
    tail = tail_samples(100.0)
    read = struck(driving(1.45), haversine(20, 0.1), tail + 40)
    counts = np.rint(read[:, tail:] / SCALE_MPS2).astype(np.int16)[None]
    tails = Tails(
        read[None, :, :tail].astype(np.float32),
        read[None, :, :tail].min(axis=2).astype(np.float32),
        read[None, :, :tail].max(axis=2).astype(np.float32),
        UP_IN_CAR[None].astype(np.float32),
    )
    one = np.ones(1, np.float32)
    result = screen(counts, SCALE_MPS2 * one, 100.0, 16 * one, tails)
    assert result.is_candidate[0]
    assert result.peak_index[0] == pytest.approx(45, abs=4)
    assert result.is_over[0]


def test_clipping_alone_makes_a_candidate() -> None:
    counts = np.zeros((2, 3, 100), dtype=np.int16)
    counts[:, 2] = round(G_MPS2 / SCALE_MPS2)
    counts[1, 2, 50] = round(2 * 0.985 * G_MPS2 / SCALE_MPS2)
    scale, two_g = np.full(2, SCALE_MPS2, np.float32), np.full(2, 2.0, np.float32)
    assert screen(counts, scale, 100.0, two_g).is_candidate.tolist() == [False, True]


def test_without_tails_a_frame_follows_its_own_rest() -> None:
    calm = driving(1.0)
    hit = struck(calm, haversine(12, 0.1), 50)
    counts = np.rint(np.stack([calm, hit]) / SCALE_MPS2).astype(np.int16)
    result = screen(counts, np.full(2, SCALE_MPS2, np.float32), 100.0, np.full(2, 16, np.float32))
    assert result.is_candidate.tolist() == [False, True]
    assert result.dv150_kmh[1] == pytest.approx(12, rel=0.1)


@pytest.mark.parametrize("step_mps2", [6.2, 6.6, 7.5])
def test_the_bound_of_the_first_pass_is_tight_and_sound(step_mps2: float) -> None:
    """A step is the motion whose velocity change comes nearest to what its range allows."""
    read = np.tile(UP_IN_CAR[:, None], (1, 145))
    read[0, 80:] += step_mps2
    counts = np.rint(read[:, 45:] / SCALE_MPS2).astype(np.int16)[None]
    tail = read[None, :, :45].astype(np.float32)
    one = np.ones(1, np.float32)
    tails = Tails(tail, tail.min(axis=2), tail.max(axis=2), UP_IN_CAR[None].astype(np.float32))
    result = screen(counts, SCALE_MPS2 * one, 100.0, 16 * one, tails)
    assert result.is_candidate[0] == (step_mps2 * 0.15 * 3.6 > DV150_KMH)
    assert (result.peak_g[0] > 0) == result.is_candidate[0]


def test_an_empty_batch_is_nothing() -> None:
    none = np.zeros(0, np.float32)
    result = screen(np.zeros((0, 3, 100), dtype=np.int16), none, 100.0, none)
    assert result.is_candidate.shape == (0,)
