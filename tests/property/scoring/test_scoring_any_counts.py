"""Whatever a sensor counts, the detector answers with finite figures and never fails."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.analyse import analyse
from scoring.frames import Frame, stretches
from scoring.memory import Memory, screen_batch


@st.composite
def frames(draw: st.DrawFn) -> list[Frame]:
    """Frames of one device at any uptimes: silent, stuck, saturated, random, or a bit of each."""
    rate_hz = draw(st.sampled_from([50.0, 51.3, 100.0, 500.0, 1000.0]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    made: list[Frame] = []
    for _ in range(draw(st.integers(1, 8))):
        samples = draw(st.integers(1, 300))
        match draw(st.sampled_from(["silent", "stuck", "saturated", "random", "calm"])):
            case "silent":
                counts = np.zeros((3, samples))
            case "stuck":
                counts = np.tile(rng.integers(-32768, 32768, (3, 1)), (1, samples))
            case "saturated":
                counts = rng.choice([-32768, 32767], (3, samples))
            case "random":
                counts = rng.integers(-32768, 32768, (3, samples))
            case _:
                counts = np.array([[0], [0], [2048]]) + rng.normal(0, 100, (3, samples))
        made.append(
            Frame(
                "device",
                draw(st.integers(0, 20_000)),
                rate_hz,
                samples,
                draw(st.sampled_from([1e-5, 0.0048, 0.06])),
                draw(st.sampled_from([2.0, 16.0, 200.0])),
                draw(st.sampled_from([0.0, 42.0])),
                counts.astype("<i2").tobytes(),
            )
        )
    return made


@settings(max_examples=150, deadline=None)
@given(frames())
def test_any_counts_are_answered(arrived: list[Frame]) -> None:
    memories: dict[Hashable, Memory] = {}
    for frame in arrived:
        new, hits = screen_batch(memories, [frame])
        memories.update(new)
        assert all(np.isfinite([hit.dv150_kmh, hit.peak_g, *hit.gravity_mps2]).all() for hit in hits)
    assert screen_batch({}, arrived)[0].keys() == {"device"}
    assert all(np.isfinite(memory.state).all() for memory in memories.values())
    for motion in stretches(arrived):
        middle_s = (motion.uptime_s + motion.end_s) / 2
        for found in [*analyse(motion), *analyse(motion, middle_s)]:
            figures = [found.delta_v_kmh, found.peak_g, found.duration_ms, *found.delta_v_xyz_kmh]
            assert np.isfinite(figures).all()
            assert found.delta_v_kmh >= 0
