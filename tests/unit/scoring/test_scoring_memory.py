"""Screening frames as they arrive, with what is remembered of each device."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
import pytest
from support.shocks import UP_IN_CAR, driving, haversine, motion_of, struck, turned

from scoring.frames import Frame, Motion, frames_of
from scoring.memory import Hit, Memory, MemoryFormatError, screen_batch

MOUNT = turned((1, -1, 2), 50)
STRUCK = motion_of(struck(driving(6.0), haversine(12, 0.12), 294), mount=MOUNT)


def drive(seed: int) -> Motion:
    return motion_of(struck(driving(4.0, seed=seed), haversine(10 + seed, 0.1), 240 + seed), mount=MOUNT)


def one_by_one(
    frames: tuple[Frame, ...], memories: dict[Hashable, Memory] | None = None
) -> tuple[dict[Hashable, Memory], list[Hit]]:
    memories = dict(memories or {})
    hits: list[Hit] = []
    for frame in frames:
        new, found = screen_batch(memories, [frame])
        memories.update(new)
        hits += found
    return memories, hits


def test_a_shock_across_a_border_is_seen_through_the_memory() -> None:
    _, hits = one_by_one(frames_of(STRUCK, 100, key="a"))
    assert any(hit.uptime_ms == pytest.approx(103_000, abs=60) and hit.dv150_kmh > 10 for hit in hits)
    assert all(hit.key == "a" for hit in hits)


def test_without_memory_half_a_shock_is_all_there_is() -> None:
    frames = frames_of(STRUCK, 100)
    changes = [hit.dv150_kmh for frame in frames for hit in screen_batch({}, [frame])[1]]
    assert len(changes) == 2
    assert max(changes) < 9


@pytest.mark.parametrize("samples", [1, 7, 20, 45])
def test_frames_shorter_than_the_tail_do_not_hide_a_shock(samples: int) -> None:
    _, hits = one_by_one(frames_of(STRUCK, samples))
    assert max(hit.dv150_kmh for hit in hits) == pytest.approx(12, abs=0.6)
    # Until the shock has left the tail, windows after it differ from a rest that holds it.
    assert all(102_900 <= hit.uptime_ms <= 103_500 for hit in hits)


def test_one_batch_or_many_give_the_same() -> None:
    devices = [frames_of(drive(seed), 100, key=seed) for seed in range(4)]
    mixed = [frame for together in zip(*devices, strict=True) for frame in together]
    memories, hits = screen_batch({}, mixed)
    for frames in devices:
        alone, own_hits = one_by_one(frames)
        assert [hit for hit in hits if hit.key == frames[0].key] == own_hits
        assert memories[frames[0].key].to_bytes() == alone[frames[0].key].to_bytes()
    assert [hit.key for hit in hits] == [0, 1, 2, 3]


def test_only_devices_in_the_batch_change() -> None:
    first, other = frames_of(STRUCK, 100, key="a")[:2], frames_of(STRUCK, 100, key="b")[:1]
    memories, _ = screen_batch({}, [first[0], other[0]])
    new, _ = screen_batch(memories, [first[1]])
    assert set(new) == {"a"}


def test_gravity_is_learnt_slowly_and_through_braking() -> None:
    car = driving(40.0)
    car[0, 3000:3300] -= 5.0
    memories, hits = one_by_one(frames_of(motion_of(car, mount=MOUNT), 100))
    np.testing.assert_allclose(memories[None].gravity_mps2, MOUNT @ UP_IN_CAR, atol=0.2)
    assert hits == []


def test_a_device_put_elsewhere_is_learnt_anew() -> None:
    moved = turned((1, 0, 0), 90)
    before = frames_of(motion_of(driving(60.0)), 100)
    after = frames_of(motion_of(driving(20.0), mount=moved, uptime_s=160.0), 100)
    memories, _ = one_by_one(before + after)
    np.testing.assert_allclose(memories[None].gravity_mps2, moved @ UP_IN_CAR, atol=0.8)


@pytest.mark.parametrize("takes_s", [0.1, 3.0])
@pytest.mark.parametrize("angle_deg", [60, 90, 180])
def test_a_device_that_lies_otherwise_is_a_candidate_for_seconds_not_minutes(
    angle_deg: float, takes_s: float
) -> None:
    car = driving(120.0)
    share = np.clip((np.arange(car.shape[1]) / 100 - 60.5) / takes_s, 0, 1)
    steps = np.array([turned((1, 0.3, 0), angle_deg * part) for part in np.linspace(0, 1, 101)])
    read = np.einsum("nab,bn->an", steps[(100 * share).astype(int)], car)
    _, hits = one_by_one(frames_of(motion_of(read), 100))
    assert 1 <= len(hits) <= 6
    assert all(160_000 <= hit.uptime_ms <= 168_000 for hit in hits)


def test_an_older_frame_is_screened_and_does_not_set_the_memory_back() -> None:
    frames = frames_of(STRUCK, 100)
    memories, _ = one_by_one((*frames[:1], *frames[4:]))
    kept = memories[None].to_bytes()
    late, hits = screen_batch(memories, [frames[3]])
    assert late == {}
    assert memories[None].to_bytes() == kept
    assert len(hits) == 1


def test_after_a_gap_the_frame_stands_alone() -> None:
    calm = frames_of(motion_of(driving(4.0)), 100)
    tilted = frames_of(motion_of(driving(2.0) + np.array([[3.0], [0.0], [0.0]]), uptime_s=110.0), 100)
    _, hits = one_by_one(calm + tilted)
    assert hits == []


def test_a_long_frame_gives_a_hit_for_every_second_that_has_one() -> None:
    car = struck(struck(driving(10.0), haversine(15, 0.1), 250), haversine(15, 0.1), 720)
    (frame,) = frames_of(motion_of(car), 1000)
    _, hits = screen_batch({}, [frame])
    seconds = sorted(hit.uptime_ms for hit in hits)
    assert seconds[0] == pytest.approx(102_550, abs=60)
    assert seconds[-1] == pytest.approx(107_250, abs=60)


def test_whether_the_shock_is_over_is_told() -> None:
    for at, over in ((220, True), (288, False)):
        frames = frames_of(motion_of(struck(driving(3.0), haversine(15, 0.12), at)), 100)
        _, hits = one_by_one(frames)
        assert hits[0].complete is over


def test_a_memory_survives_storage() -> None:
    frames = frames_of(STRUCK, 100)
    memories, _ = one_by_one(frames[:3])
    stored = {key: Memory.from_bytes(memory.to_bytes()) for key, memory in memories.items()}
    assert one_by_one(frames[3:], stored)[1] == one_by_one(frames[3:], memories)[1]
    assert one_by_one(frames[3:], memories)[1] != one_by_one(frames[3:])[1]


def test_stored_bytes_that_are_no_memory_are_refused() -> None:
    memories, _ = one_by_one(frames_of(STRUCK, 100)[:1])
    stored = memories[None].to_bytes()
    for spoilt in (b"", stored[:10], stored[:-1], stored + b"x", b"\x07" + stored[1:]):
        with pytest.raises(MemoryFormatError):
            Memory.from_bytes(spoilt)


def test_nothing_in_nothing_out() -> None:
    assert screen_batch({}, []) == ({}, [])


def test_a_change_of_rate_keeps_gravity_and_drops_the_tail() -> None:
    memories, _ = one_by_one(frames_of(STRUCK, 100)[:2])
    faster = frames_of(motion_of(driving(1.0, 200.0), 200.0, mount=MOUNT, uptime_s=102.0), 200)
    new, hits = screen_batch(memories, faster)
    assert hits == []
    assert new[None].rate_hz == 200.0
    np.testing.assert_allclose(new[None].gravity_mps2, MOUNT @ UP_IN_CAR, atol=0.6)
