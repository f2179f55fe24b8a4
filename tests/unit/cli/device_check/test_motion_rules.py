"""Motion, positions and bursts, right and wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.device_traces import Session, changed, whys

from cli.device_check.rules import motion as motion_rules
from cli.device_check.rules.conduct import conduct
from cli.device_check.trace import Heard


def each(frames: list[Heard], change: Callable[[Any], None]) -> list[Heard]:
    return [changed(frame, change) for frame in frames]


# Frames


def test_frames_at_rest_are_right(device: Session) -> None:
    assert motion_rules.motion(device.frames(1000, 6)) == []
    assert conduct(device.heard) == []


def test_jitter_of_a_few_milliseconds_is_right(device: Session) -> None:
    for index, jitter in enumerate((0, 3, -2, 4, 0)):
        device.frame(1000 + 1000 * index + jitter)
    assert motion_rules.motion(device.heard) == []


def test_too_few_frames_are_told(device: Session) -> None:
    assert "2 frames" in whys(motion_rules.motion(device.frames(1000, 2)))


def test_a_missing_frame_is_told(device: Session) -> None:
    frames = device.frames(1000, 6)
    told = whys(motion_rules.motion(frames[:2] + frames[3:]))
    assert "1000 ms after the end of the one before it (1 such places)" in told


def test_overlapping_frames_are_told(device: Session) -> None:
    for index in range(5):
        device.frame(1000 + 900 * index)
    assert "100 ms before the end" in whys(motion_rules.motion(device.heard))


def test_frames_stamped_at_their_last_sample_are_told(device: Session) -> None:
    for index in range(5):
        device.frame(2000 + 1000 * index, sent_ms=2015 + 1000 * index)
    assert "uptime of its first sample" in " ".join(fault.fix for fault in motion_rules.motion(device.heard))


def test_frames_kept_back_are_told(device: Session) -> None:
    for index in range(5):
        device.frame(2000 + 1000 * index, sent_ms=6000 + 1000 * index)
    assert "left 4000 ms after its first sample" in whys(motion_rules.motion(device.heard))


def test_frames_too_short_are_told(device: Session) -> None:
    for index in range(20):
        device.frame(1000 + 100 * index, samples=10)
    assert "holds 0.10 s" in whys(motion_rules.motion(device.heard))


def test_a_rate_that_is_not_the_real_one_is_told(device: Session) -> None:
    # 104 samples a second, called 100.
    for index in range(10):
        device.frame(1000 + 1000 * index, samples=104, sent_ms=2015 + 1000 * index)
    told = whys(motion_rules.motion(device.heard))
    assert "rate_hz is 100, but 104.0 samples a second come" in told


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda motion: setattr(motion, "scale_mps2", motion.scale_mps2 / 2), "but full_scale_g is 16"),
        (lambda motion: setattr(motion, "scale_mps2", motion.scale_mps2 * 2), "at rest 2.00 g"),
        (lambda motion: setattr(motion, "scale_mps2", motion.scale_mps2 / 9.80665), "but full_scale_g is 16"),
        (lambda motion: setattr(motion, "counts", _interleaved(motion.counts)), ""),
        (lambda motion: setattr(motion, "counts", _big_endian(motion.counts)), "at rest"),
        (lambda motion: setattr(motion, "counts", bytes(len(motion.counts))), "at rest 0.00 g"),
    ],
)
def test_wrong_scales_and_orders_show_in_gravity(
    device: Session, change: Callable[[Any], None], why: str
) -> None:
    frames = each(device.frames(1000, 6), lambda message: change(message.motion))
    told = whys(motion_rules.motion(frames))
    assert told
    assert why in told


def _interleaved(counts: bytes) -> bytes:
    return np.frombuffer(counts, dtype="<i2").reshape(3, -1).T.tobytes()


def _big_endian(counts: bytes) -> bytes:
    return np.frombuffer(counts, dtype="<i2").byteswap().tobytes()


def test_an_uptime_that_runs_too_slowly_is_told(device: Session) -> None:
    for index in range(6):
        frame = device.frame(1000 + 1000 * index)
        late = 1000 + 1500 * index
        device.heard[-1] = Heard(
            frame.at_s + (late - 1000 - 1000 * index) / 1000,
            frame.received_at,
            frame.name,
            frame.message,
            frame.rejection,
            frame.defects,
            frame.qos,
        )
    assert "time of arrival differ by up to 2500 ms" in whys(motion_rules.motion(device.heard))


# Positions


def test_batches_of_fixes_are_right(device: Session) -> None:
    device.batch(1000)
    device.batch(11_000)
    assert motion_rules.positions(device.heard) == []
    assert conduct(device.heard) == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda batch: batch.fixes[1].CopyFrom(batch.fixes[3]), "order of their uptimes"),
        (lambda batch: [batch.fixes.pop() for _ in range(5)], "fixes are up to 6000 ms apart"),
        (lambda batch: setattr(batch.stamp, "event_uptime_ms", 10_000), "not that of the first fix"),
        (lambda batch: setattr(batch.stamp, "sent_uptime_ms", 9000), "younger than its sending"),
    ],
)
def test_wrong_batches_are_told(device: Session, change: Callable[[Any], None], why: str) -> None:
    batches = [changed(device.batch(1000), change), device.batch(11_000)]
    assert why in whys(motion_rules.positions(batches))


def test_no_positions_are_told() -> None:
    assert "no positions" in whys(motion_rules.positions([]))


# Bursts


def test_a_burst_is_right(device: Session) -> None:
    assert motion_rules.burst(device.burst(20_000)) == []
    assert conduct(device.heard) == []


def test_the_parts_may_come_twice_and_in_any_order(device: Session) -> None:
    parts = device.burst(20_000)
    assert motion_rules.burst([*reversed(parts), parts[3]]) == []


def in_part(number: int, change: Callable[[Any], None]) -> Callable[[list[Heard]], list[Heard]]:
    return lambda parts: [changed(part, change) if part.message.part == number else part for part in parts]


def _flat(message: Any) -> None:
    counts = np.frombuffer(message.motion.counts, dtype="<i2").reshape(3, -1).copy()
    counts[0] = 0
    message.motion.counts = counts.tobytes()


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda _parts: [], "no impact"),
        (lambda parts: parts[:4] + parts[5:], "parts are numbered [0, 1, 2, 3, 5"),
        (lambda parts: parts[:4] + parts[5:], "1000 ms after the end"),
        (lambda parts: parts[:-1], "last part is not marked"),
        (in_part(4, lambda part: setattr(part, "last", True)), "last part is not marked, or another one is"),
        (in_part(2, lambda part: setattr(part, "trigger", 2)), "one blow came as 2 triggers"),
        (in_part(3, lambda part: setattr(part, "trigger_uptime_ms", 1)), "differ in trigger_uptime_ms"),
        (
            in_part(0, lambda part: setattr(part.stamp, "event_uptime_ms", 19_000)),
            "1000 ms before the trigger",
        ),
        (in_part(0, lambda part: setattr(part.stamp, "sent_uptime_ms", 21_500)), "left 1500 ms after"),
        (in_part(0, _flat), "no blow"),
        (lambda parts: parts[1:], "parts are numbered [1,"),
    ],
)
def test_wrong_bursts_are_told(
    device: Session, spoil: Callable[[list[Heard]], list[Heard]], why: str
) -> None:
    assert why in whys(motion_rules.burst(spoil(device.burst(20_000))))


def test_a_part_0_that_goes_on_too_long_is_told(device: Session) -> None:
    device.part(0, 18_000, 300, 20_000)
    device.part(1, 21_000, 100, 20_000, last=True)
    assert "ends 1000 ms after the trigger" in whys(motion_rules.burst(device.heard))


def test_a_trigger_counted_from_0_is_told(device: Session) -> None:
    parts = each(device.burst(20_000), lambda part: setattr(part, "trigger", 0))
    assert "trigger is 0" in whys(motion_rules.burst(parts))


def test_further_parts_of_another_length_are_told(device: Session) -> None:
    device.part(0, 18_000, 230, 20_000)
    device.part(1, 20_300, 300, 20_000)
    device.part(2, 23_300, 100, 20_000, last=True)
    assert "a further part holds 3.00 s" in whys(motion_rules.burst(device.heard))


def test_a_window_sent_again_is_right_or_too_short(device: Session) -> None:
    parts = [
        device.part(number, 10_000 + 1000 * number, 100, 10_000, last=number == 4, trigger=0)
        for number in range(5)
    ]
    assert motion_rules.window(parts, 10_000, 15_000) == []
    assert "got 10000 to 15000 ms" in whys(motion_rules.window(parts, 9000, 15_000))
    assert "last one marked" in whys(motion_rules.window(parts[:-1], 10_000, 14_000))
    assert "did not come" in whys(motion_rules.window([], 10_000, 15_000))
