"""Streaming equals batch: however a stretch is cut into frames, its impacts come out the same."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from support.shocks import driving, haversine, motion_of, struck, turned

from scoring.analyse import analyse
from scoring.finding import Analysis
from scoring.frames import Frame, frames_of, stretch_around, stretches
from scoring.memory import Hit, Memory, screen_batch

RATES_HZ = st.sampled_from([50.0, 100.0, 128.0, 250.0])


@st.composite
def shocks(draw: st.DrawFn) -> list[tuple[float, float, float, float]]:
    """Up to three: when (s), delta-V (km/h), how long (s), from where (degrees)."""
    count = draw(st.integers(1, 3))
    return [
        (
            draw(st.floats(11.0, 16.0)),
            draw(st.floats(6.0, 40.0)),
            draw(st.floats(0.06, 0.2)),
            draw(st.floats(0, 360)),
        )
        for _ in range(count)
    ]


def stream(frames: tuple[Frame, ...], *, stored_every: int) -> list[Hit]:
    """The live system: frame by frame, the memory put into storage and back now and then."""
    memories: dict[Hashable, Memory] = {}
    hits: list[Hit] = []
    for number, frame in enumerate(frames):
        new, found = screen_batch(memories, [frame])
        memories.update(new)
        hits += found
        if number % stored_every == 0:
            memories = {key: Memory.from_bytes(memory.to_bytes()) for key, memory in memories.items()}
    return hits


def distinct(found: list[Analysis]) -> list[Analysis]:
    """Each impact once, in order of time."""
    kept: list[Analysis] = []
    for analysis in sorted(found, key=lambda each: each.uptime_s):
        if analysis.severity.rank > 0 and (not kept or analysis.uptime_s - kept[-1].uptime_s > 0.005):
            kept.append(analysis)
    return kept


@settings(max_examples=60, deadline=None)
@given(
    rate_hz=RATES_HZ, struck_by=shocks(), seed=st.integers(0, 1000), cuts=st.randoms(use_true_random=False)
)
def test_any_cutting_gives_the_same_impacts(
    rate_hz: float, struck_by: list[tuple[float, float, float, float]], seed: int, cuts: np.random.RandomState
) -> None:
    car = driving(25.0, rate_hz, noise_mps2=0.6, seed=seed)
    for at_s, delta_v_kmh, duration_s, from_deg in struck_by:
        car = struck(
            car, haversine(delta_v_kmh, duration_s, rate_hz), round(at_s * rate_hz), from_deg=from_deg
        )
    motion = motion_of(car, rate_hz, mount=turned((1, 2, -1), 70), uptime_s=3600.0)

    lengths: list[int] = []
    while sum(lengths) < motion.samples:
        lengths.append(cuts.randint(round(0.1 * rate_hz), round(2.2 * rate_hz)))
    lengths[-1] -= sum(lengths) - motion.samples
    frames = frames_of(motion, lengths)

    (whole,) = stretches(frames_of(motion, motion.samples))
    expected = distinct(list(analyse(whole)))
    streamed: list[Analysis] = []
    for hit in stream(frames, stored_every=cuts.randint(1, 5)):
        around = stretch_around(frames, hit.uptime_ms / 1000)
        assert around is not None
        streamed += analyse(around, hit.uptime_ms / 1000)
    found = distinct(streamed)

    assert [each.severity for each in found] == [each.severity for each in expected]
    for one, other in zip(found, expected, strict=True):
        assert abs(one.uptime_s - other.uptime_s) < 0.003
        np.testing.assert_allclose(one.delta_v_xyz_kmh, other.delta_v_xyz_kmh, rtol=1e-6, atol=1e-6)
        assert abs(one.peak_g - other.peak_g) < 1e-9
        assert (one.rollover, one.multiple, one.reasons) == (other.rollover, other.multiple, other.reasons)


@settings(max_examples=40, deadline=None)
@given(
    delta_v_kmh=st.floats(9.0, 40.0),
    duration_s=st.floats(0.06, 0.2),
    seed=st.integers(0, 1000),
    chance=st.randoms(use_true_random=False),
    missing=st.booleans(),
)
def test_late_doubled_and_missing_frames_change_nothing_but_the_flag(
    delta_v_kmh: float, duration_s: float, seed: int, chance: np.random.RandomState, missing: bool
) -> None:
    rate_hz = 100.0
    car = struck(
        driving(25.0, rate_hz, noise_mps2=0.4, seed=seed),
        haversine(delta_v_kmh, duration_s, rate_hz),
        1210 + chance.randint(0, 70),
        from_deg=chance.randint(0, 359),
    )
    motion = motion_of(car, rate_hz, mount=turned((1, 2, -1), 70), uptime_s=3600.0)
    frames = frames_of(motion, 100)
    (expected,) = distinct(list(analyse(motion)))
    if missing:
        frames = frames[:11] + frames[12:]  # the second right before the shock
    # Each frame is held up by less than three others, and some come again later.
    order = sorted(range(len(frames)), key=lambda number: number + chance.random() * 3)
    again = [number for number in order if chance.random() < 0.2]
    arrived = [*order, *again]
    hits = stream(tuple(frames[number] for number in arrived), stored_every=3)
    around = stretch_around([frames[number] for number in arrived], expected.uptime_s)
    assert around is not None
    found = distinct([each for hit in hits for each in analyse(around, hit.uptime_ms / 1000)])
    assert len(found) == 1
    assert found[0].gap == missing
    assert abs(found[0].uptime_s - expected.uptime_s) < (0.05 if missing else 0.003)
    tolerance = 0.05 if missing else 1e-3
    np.testing.assert_allclose(
        found[0].delta_v_xyz_kmh,
        expected.delta_v_xyz_kmh,
        atol=tolerance * expected.delta_v_kmh + 0.3 * missing,
    )
    if not missing:
        assert (found[0].severity, found[0].reasons) == (expected.severity, expected.reasons)
