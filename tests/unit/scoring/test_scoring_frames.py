"""Joining frames by their uptimes."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from support.shocks import driving, motion_of

from scoring.frames import Frame, FrameError, frames_of, stretch_around, stretches

MOTION = motion_of(driving(8.0))
FRAMES = frames_of(MOTION, 100)
STEP_MPS2 = 16 * 9.80665 / 32767


def test_frames_give_back_the_motion_they_were_cut_from() -> None:
    (joined,) = stretches(FRAMES)
    np.testing.assert_allclose(joined.acc_mps2, MOTION.acc_mps2, atol=STEP_MPS2)
    assert (joined.uptime_s, joined.rate_hz, joined.gaps) == (pytest.approx(100.0), 100.0, ())


def test_order_and_repeats_do_not_matter() -> None:
    (joined,) = stretches(FRAMES)
    for mixed in (FRAMES[::-1], FRAMES + FRAMES, (*FRAMES[4:], *FRAMES[:6])):
        (other,) = stretches(mixed)
        np.testing.assert_array_equal(other.acc_mps2, joined.acc_mps2)


def test_single_sample_frames_sent_twice_are_dropped() -> None:
    ones = frames_of(motion_of(driving(0.3)), 1)
    (joined,) = stretches(ones + ones)
    assert joined.samples == 30


def test_samples_an_earlier_frame_gave_are_dropped() -> None:
    overlapping = frames_of(MOTION.window(102.5, 104.5), 200)
    (joined,) = stretches((*FRAMES[:4], *overlapping))
    assert joined.samples == 450
    np.testing.assert_allclose(joined.acc_mps2, MOTION.acc_mps2[:, :450], atol=STEP_MPS2)


def test_jitter_makes_neither_gaps_nor_a_false_rate() -> None:
    rng = np.random.default_rng(1)
    shaken = [replace(frame, uptime_ms=frame.uptime_ms + int(rng.integers(-2, 3))) for frame in FRAMES]
    (joined,) = stretches(shaken)
    assert joined.samples == MOTION.samples
    assert (joined.rate_hz, joined.gaps) == (100.0, ())
    assert joined.uptime_s == pytest.approx(100.0, abs=0.002)


@pytest.mark.parametrize("drift", [-0.009, 0.009])
def test_a_drifting_clock_is_followed(drift: float) -> None:
    late = [
        replace(frame, uptime_ms=round(100_000 + index * 1000 * (1 + drift)))
        for index, frame in enumerate(FRAMES)
    ]
    (joined,) = stretches(late)
    assert joined.gaps == ()
    assert joined.samples == MOTION.samples
    assert joined.rate_hz == pytest.approx(100 / (1 + drift), rel=5e-4)


def test_a_short_silence_is_bridged_and_flagged() -> None:
    (joined,) = stretches((*FRAMES[:3], *FRAMES[4:]))
    assert joined.samples == MOTION.samples
    ((start_s, end_s),) = joined.gaps
    assert (start_s, end_s) == (pytest.approx(103.0), pytest.approx(104.0))
    np.testing.assert_allclose(joined.acc_mps2[:, 400:], MOTION.acc_mps2[:, 400:], atol=STEP_MPS2)
    bridged = joined.acc_mps2[:, 300:400]
    assert np.abs(np.diff(bridged, n=2, axis=1)).max() < 1e-4


def test_a_long_silence_begins_another_stretch() -> None:
    first, second = stretches((*FRAMES[:2], *FRAMES[5:]))
    assert (first.samples, second.samples) == (200, 300)
    assert second.uptime_s == pytest.approx(105.0)


def test_the_stretch_around_a_moment() -> None:
    broken = (*FRAMES[:2], *FRAMES[5:])
    found = stretch_around(broken, 106.0)
    assert found is not None
    assert found.uptime_s == pytest.approx(105.0)
    assert stretch_around(broken, 103.5) is None
    assert stretch_around((), 103.5) is None


def test_the_faster_of_two_sensors_rates_is_taken() -> None:
    burst = frames_of(motion_of(driving(2.0, 200.0), 200.0, uptime_s=103.0), 100)
    found = stretch_around((*FRAMES, *burst), 104.0)
    assert found is not None
    assert found.rate_hz == 200.0


def test_a_window_is_cut_at_samples() -> None:
    part = MOTION.window(101.004, 102.0)
    np.testing.assert_array_equal(part.acc_mps2, MOTION.acc_mps2[:, 100:200])
    assert part.uptime_s == pytest.approx(101.0)
    assert MOTION.window(0.0, 1.0).samples == 0
    assert MOTION.window(0.0, 1e6).samples == MOTION.samples


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("rate_hz", 25.0),
        ("rate_hz", 2000.0),
        ("rate_hz", float("nan")),
        ("samples", 99),
        ("samples", 0),
        ("scale_mps2", 0.0),
        ("scale_mps2", float("inf")),
        ("full_scale_g", -2.0),
        ("lowpass_hz", -1.0),
        ("lowpass_hz", float("nan")),
        ("counts", b"123"),
    ],
)
def test_a_frame_that_contradicts_itself_is_refused(field: str, value: object) -> None:
    with pytest.raises(FrameError, match="counts" if field in {"samples", "counts"} else field):
        replace(FRAMES[0], **{field: value})


def test_any_cut_gives_the_same_stretch() -> None:
    rng = np.random.default_rng(2)
    lengths = rng.integers(1, 60, size=40).tolist()
    pieces = [
        length for length, total in zip(lengths, itertools.accumulate(lengths), strict=True) if total < 800
    ]
    (joined,) = stretches(frames_of(MOTION, pieces))
    (whole,) = stretches(FRAMES)
    np.testing.assert_array_equal(joined.acc_mps2, whole.acc_mps2)
    assert isinstance(FRAMES[0], Frame)
