"""The screen against a plain loop over frames that does the same without any short cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.shocks import UP_IN_CAR, driving, haversine, struck, turned

from schemas.recording import G_MPS2
from scoring.frames import CLIP_FRACTION
from scoring.screen import DV150_KMH, PEAK_G, ScreenResult, Tails, screen, tail_samples

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


def by_hand(
    counts: NDArray[np.int16], tails: Tails, frame: int, rate_hz: float, *, scale_mps2: float = SCALE_MPS2
) -> tuple[float, float]:
    """Largest horizontal velocity change (km/h) over every window on the grid, and peak (g), of one frame."""
    acc = np.concatenate([tails.acc_mps2[frame], counts[frame] * scale_mps2], axis=1).astype(np.float64)
    gravity = tails.gravity_mps2[frame].astype(np.float64)
    up = gravity / np.linalg.norm(gravity)
    tail, width, before = tails.acc_mps2.shape[2], round(0.15 * rate_hz), round(0.3 * rate_hz)
    largest = 0.0
    for end in range(acc.shape[1], tail, -max(1, int(0.02 * rate_hz))):
        rest = acc[:, end - width - before : end - width].mean(axis=1)
        change = (acc[:, end - width : end] - rest[:, None]).sum(axis=1) / rate_hz * 3.6
        largest = max(largest, float(np.linalg.norm(change - (change @ up) * up)))
    own = acc[:, tail:] - gravity[:, None]
    block = min(max(1, round(rate_hz / 100)), own.shape[1])
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


def tails_of(acc_mps2: NDArray[np.float32], gravity: NDArray[np.float32]) -> Tails:
    return Tails(acc_mps2, acc_mps2.min(axis=2), acc_mps2.max(axis=2), gravity)


def leaning(angle_deg: float, size_g: float = 1.0, *, noise_mps2: float = 0.1) -> ScreenResult:
    """One calm second that leans so from gravity, after a tail that leans alike."""
    rng = np.random.default_rng(7)
    level = turned((1, 1, 0), angle_deg) @ UP_IN_CAR * size_g
    read = level[:, None] + rng.normal(0, noise_mps2, (3, 145))
    counts = np.rint(read[:, 45:] / SCALE_MPS2).astype(np.int16)[None]
    tails = tails_of(read[None, :, :45].astype(np.float32), UP_IN_CAR[None].astype(np.float32))
    one = np.ones(1, np.float32)
    return screen(counts, SCALE_MPS2 * one, 100.0, 16 * one, tails)


@pytest.mark.parametrize("noise_mps2", [0.0, 0.1, 1.5])
@pytest.mark.parametrize("angle_deg", [0, 30, 43, 47, 90, 135, 180])
def test_a_frame_that_leans_from_gravity_is_a_candidate(angle_deg: float, noise_mps2: float) -> None:
    result = leaning(angle_deg, noise_mps2=noise_mps2)
    assert result.is_candidate[0] == (angle_deg >= 45)
    assert result.dv150_kmh[0] < DV150_KMH


@pytest.mark.parametrize(("size_g", "tells"), [(0.85, False), (0.95, True), (1.05, True), (1.15, False)])
def test_only_a_length_near_1_g_tells_where_down_is(size_g: float, tells: bool) -> None:
    assert leaning(60, size_g).is_candidate[0] == tells


@st.composite
def near_the_limits(draw: st.DrawFn) -> tuple[float, NDArray[np.int16], NDArray[np.float32], Tails, float]:
    """Frames whose velocity change or peak lies about the thresholds, made to get past the bounds.

    A rest, a push of about the length of the window at any moment, in any direction, from rising within one
    sample to none at all; on it noise, a spike, or an offset that is not in the remembered gravity.
    """
    rate_hz = draw(st.sampled_from([50.0, 51.3, 100.0, 104.0, 200.0, 1000.0]))
    samples = draw(st.integers(1, round(1.5 * rate_hz)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    frames, tail, full_scale_g = 40, tail_samples(rate_hz), draw(st.sampled_from([4.0, 16.0, 200.0]))
    scale = np.float32(full_scale_g * G_MPS2 / 32768)
    gravity = rng.normal(size=(frames, 3))
    gravity *= G_MPS2 / np.linalg.norm(gravity, axis=1, keepdims=True)
    read = np.repeat(gravity[:, :, None], tail + samples, axis=2)
    for frame in read:
        across = rng.normal(size=3)
        across -= across @ frame[:, 0] * frame[:, 0] / G_MPS2**2
        across /= np.linalg.norm(across)
        long = max(1, round(rate_hz * rng.choice([0.15, 0.15, 0.1, 0.3, 0.02])))
        at = int(rng.integers(0, tail + samples))
        size = DV150_KMH / 3.6 / 0.15 * rng.choice([1.0, rng.uniform(0.8, 1.4), 3.0])
        push = size * rng.choice([-1, 1]) * across
        frame[:, at : at + long] += push[:, None]
        if rng.random() < 0.3:
            frame[:, max(0, at - 2 * long) : at] -= push[:, None] / 2
        if rng.random() < 0.2:
            frame[:, int(rng.integers(tail, tail + samples))] += rng.normal(0, 15, 3)
        if rng.random() < 0.3:
            frame[:] += rng.normal(0, 3, (3, 1))
        frame[:] += rng.normal(0, rng.choice([0.0, 0.1, 1.0]), frame.shape)
    read = np.clip(read, -full_scale_g * G_MPS2, full_scale_g * G_MPS2)
    counts = np.clip(np.rint(read[:, :, tail:] / scale), -32768, 32767).astype(np.int16)
    tails = tails_of(read[:, :, :tail].astype(np.float32), gravity.astype(np.float32))
    return rate_hz, counts, np.full(frames, scale), tails, full_scale_g


@settings(max_examples=60, deadline=None)
@given(near_the_limits())
def test_nothing_above_a_threshold_is_ruled_out_and_float32_errs_by_no_more_than_stated(
    drawn: tuple[float, NDArray[np.int16], NDArray[np.float32], Tails, float],
) -> None:
    rate_hz, counts, scale, tails, full_scale_g = drawn
    result = screen(counts, scale, rate_hz, np.full(len(counts), full_scale_g, np.float32), tails)
    own = counts * scale.astype(np.float64)[:, None, None]
    acc = np.concatenate([tails.acc_mps2.astype(np.float64), own], axis=2)
    dynamic = acc - tails.gravity_mps2[:, :, None]
    largest = np.maximum(np.abs(acc), np.abs(dynamic)).max(axis=(1, 2))
    averaged = round(0.15 * rate_hz) + round(0.3 * rate_hz)
    dv150_err_kmh = 2 * (averaged + 12) * 2.0**-24 * largest
    peak_err_g = 0.18 * (max(1, round(rate_hz / 100)) + 8) * 2.0**-24 * largest
    clips = np.abs(own).max(axis=(1, 2)) >= CLIP_FRACTION * full_scale_g * G_MPS2
    level = own.mean(axis=2)
    size = np.linalg.norm(level, axis=1)
    cosine = np.einsum("fa,fa->f", level, tails.gravity_mps2) / size / G_MPS2
    leans = (np.abs(size - G_MPS2) < 0.999) & (cosine < np.cos(np.radians(45.01)))
    for frame in range(len(counts)):
        dv150_kmh, peak_g = by_hand(counts, tails, frame, rate_hz, scale_mps2=float(scale[frame]))
        above = dv150_kmh > DV150_KMH + dv150_err_kmh[frame] or peak_g > PEAK_G + peak_err_g[frame]
        if above or clips[frame] or leans[frame]:
            assert result.is_candidate[frame]
        if result.peak_g[frame] > 0:
            assert abs(result.dv150_kmh[frame] - dv150_kmh) <= dv150_err_kmh[frame]
            assert abs(result.peak_g[frame] - peak_g) <= peak_err_g[frame]


def test_float32_errs_by_no_more_than_stated_on_full_scale_noise() -> None:
    rng = np.random.default_rng(3)
    counts = rng.integers(-32768, 32768, (200, 3, 100)).astype(np.int16)
    acc = (rng.integers(-32768, 32768, (200, 3, 45)) * np.float32(SCALE_MPS2)).astype(np.float32)
    tails = tails_of(acc, np.tile(UP_IN_CAR.astype(np.float32), (200, 1)))
    scale = np.full(200, SCALE_MPS2, np.float32)
    result = screen(counts, scale, 100.0, np.full(200, 16, np.float32), tails)
    for frame in range(200):
        dv150_kmh, peak_g = by_hand(counts, tails, frame, 100.0, scale_mps2=float(scale[0]))
        assert abs(result.dv150_kmh[frame] - dv150_kmh) < 0.002
        assert abs(result.peak_g[frame] - peak_g) < 5e-5


def test_parts_of_the_batch_do_not_mix() -> None:
    counts, tails = batch(300, 100.0, 100, seed=11)
    scale, range_g = np.full(300, SCALE_MPS2, np.float32), np.full(300, 16, np.float32)
    once = screen(counts, scale, 100.0, range_g, tails)
    again = [*range(300)] * 20
    many = screen(
        counts[again],
        scale[:1].repeat(6000),
        100.0,
        range_g[:1].repeat(6000),
        Tails(
            tails.acc_mps2[again], tails.low_mps2[again], tails.high_mps2[again], tails.gravity_mps2[again]
        ),
    )
    assert once.is_candidate.sum() > 50
    np.testing.assert_array_equal(many.is_candidate, once.is_candidate[again])
    np.testing.assert_array_equal(many.peak_index, once.peak_index[again])
    np.testing.assert_allclose(many.dv150_kmh, once.dv150_kmh[again], atol=1e-4)
    np.testing.assert_allclose(many.level_mps2, once.level_mps2[again], atol=1e-4)
