"""Blocks, frames, kept motion, the trigger and the stretch it sends."""

from __future__ import annotations

import numpy as np
import pytest

from device_sim.device.motion import Block, Framer, MotionKept, merged
from device_sim.device.trigger import Capture, ImpactTrigger
from device_sim.physics.pulses import Pulse, Shape, sampled_pothole, sampled_pulse
from device_sim.physics.sensor import Sensor
from schemas.recording import G_MPS2

SENSOR = Sensor()
REST = np.asarray([0.0, 0.6, -0.8]) * G_MPS2


def numbered(uptime_ms: float, count: int, rate_hz: float = 100.0, first: int = 0) -> Block:
    values = np.arange(first, first + count, dtype=np.int16)
    return Block(uptime_ms, rate_hz, np.column_stack([values, values, values]))


def blocks_of(motion_mps2: np.ndarray, rate_hz: float = 100.0, size: int = 10) -> list[Block]:
    counts = SENSOR.count(motion_mps2)
    return [
        Block(at * 1000.0 / rate_hz, rate_hz, counts[at : at + size]) for at in range(0, len(counts), size)
    ]


def test_a_block_gives_the_samples_of_a_stretch_of_time() -> None:
    block = numbered(1000.0, 100)
    assert block.end_ms == 2000.0
    part = block.between(1200.0, 1230.0)
    assert part.uptime_ms == 1200.0
    assert part.counts[:, 0].tolist() == [20, 21, 22]
    assert block.between(1195.1, 1205.0).counts[:, 0].tolist() == [20]
    assert not len(block.between(3000.0, 4000.0).counts)
    assert block.between(0.0, 9000.0).counts.shape == (100, 3)


def test_neighbours_become_one_and_gaps_stay() -> None:
    one, gap, other = numbered(0.0, 50), numbered(620.0, 10), numbered(720.0, 10, 200.0)
    assert [len(block.counts) for block in merged([one, numbered(500.0, 5), gap, other])] == [55, 10, 10]


def test_frames_are_a_second_each_whatever_the_blocks() -> None:
    framer = Framer()
    frames = [frame for at in range(0, 250, 7) for frame in framer.add(numbered(at * 10.0, 7, first=at))]
    assert [(frame.uptime_ms, len(frame.counts)) for frame in frames] == [(0.0, 100), (1000.0, 100)]
    rest = framer.flush()
    assert [(frame.uptime_ms, len(frame.counts)) for frame in rest] == [(2000.0, 52)]
    joined = np.concatenate([frame.counts[:, 0] for frame in [*frames, *rest]])
    assert joined.tolist() == list(range(252))
    assert framer.flush() == []


def test_a_large_block_makes_several_frames() -> None:
    assert [len(frame.counts) for frame in Framer().add(numbered(0.0, 350))] == [100, 100, 100]


@pytest.mark.parametrize(("rate_hz", "size"), [(50.956, 51), (104.357, 104), (500.0, 500)])
def test_a_frame_has_round_rate_samples(rate_hz: float, size: int) -> None:
    assert len(Framer().add(numbered(0.0, 600, rate_hz))[0].counts) == size


def test_a_gap_or_another_rate_ends_a_frame() -> None:
    framer = Framer()
    framer.add(numbered(0.0, 30))
    assert [len(frame.counts) for frame in framer.add(numbered(500.0, 20))] == [30]
    assert [len(frame.counts) for frame in framer.add(numbered(700.0, 20, 200.0))] == [20]
    assert [frame.uptime_ms for frame in framer.flush()] == [700.0]


def test_motion_is_kept_for_its_time_only() -> None:
    kept = MotionKept(keep_s=2.0)
    for at in range(0, 500, 50):
        kept.append(numbered(at * 10.0, 50, first=at))
    assert kept.end_ms == 5000.0
    assert kept.between(0.0, 2000.0) == []
    (block,) = kept.between(3250.0, 4100.0)
    assert block.counts[:, 0].tolist() == list(range(325, 410))
    (oldest,) = kept.between(0.0, 9999.0)
    assert oldest.uptime_ms <= 3000.0


def over(motion: np.ndarray, trigger: ImpactTrigger | None = None, size: int = 10) -> list[float]:
    trigger = trigger or ImpactTrigger()
    return [
        float(at) for block in blocks_of(motion, size=size) for at in trigger.feed(block, SENSOR.scale_mps2)
    ]


def at_rest(seconds: float) -> np.ndarray:
    return np.tile(REST, (round(seconds * 100), 1))


@pytest.mark.parametrize("size", [1, 10, 100, 1500])
def test_a_crash_of_eight_kmh_triggers_within_its_pulse(size: int) -> None:
    motion = at_rest(15.0)
    pulse = sampled_pulse(Pulse(8.0, 40.0, Shape.HAVERSINE, 150.0), 0.0, 100.0, 42.0)
    motion[1000 : 1000 + len(pulse)] += pulse
    times = over(motion, size=size)
    assert 10_000 < times[0] < 10_150


def test_a_slow_push_triggers_by_its_integral_and_a_sharp_one_by_its_peak() -> None:
    motion = at_rest(15.0)
    motion[1000:1015, 0] += 0.8 * G_MPS2  # 4.2 km/h in 150 ms, well below 2 g
    assert over(motion)
    motion = at_rest(15.0)
    motion[1000, 0] += 2.1 * G_MPS2  # 0.7 km/h in one sample
    assert over(motion) == [10_000.0]
    motion[1000, 0] -= 0.3 * G_MPS2
    assert over(motion) == []


def test_ordinary_driving_does_not_trigger() -> None:
    motion = at_rest(30.0)
    motion[500:800, 0] -= 0.4 * G_MPS2  # braking firmly for 3 s
    hole = sampled_pothole(14.0, 0.8, 0.0, 100.0, 42.0)
    motion[1500 : 1500 + len(hole)] += hole
    assert over(motion) == []


def test_a_new_way_up_is_taken_as_gravity_after_a_while() -> None:
    motion = at_rest(30.0)
    motion[1000:] = -REST
    times = over(motion)
    assert times[0] <= 10_050.0
    assert times[-1] < 18_000.0


def test_the_threshold_can_be_changed() -> None:
    motion = at_rest(15.0)
    motion[1000, 0] += 2.1 * G_MPS2
    trigger = ImpactTrigger()
    trigger.threshold_g = 3.0
    assert over(motion, trigger) == []


def test_a_capture_gives_two_seconds_before_then_ten_seconds() -> None:
    capture = Capture(1, trigger_ms=7000.0)
    assert capture.windows(7200.0) == []
    (first,) = capture.windows(7300.0)
    assert (first.from_ms, first.to_ms, first.last) == (5000.0, 7300.0, False)
    later = capture.windows(11_000.0) + capture.windows(17_299.0)
    assert [window.from_ms for window in later] == [7300.0 + 1000.0 * n for n in range(9)]
    assert not capture.done
    (final,) = capture.windows(99_000.0)
    assert (final.from_ms, final.to_ms, final.last) == (16_300.0, 17_300.0, True)
    assert capture.done
    assert capture.end_ms == 17_300.0


def test_an_ending_device_marks_what_it_has_as_last() -> None:
    capture = Capture(1, trigger_ms=7000.0)
    capture.windows(7300.0)
    rest = capture.windows(9500.0, ending=True)
    assert [(window.from_ms, window.last) for window in rest] == [
        (7300.0, False),
        (8300.0, False),
        (9300.0, True),
    ]


@pytest.mark.parametrize(
    "bad", [{"rate_hz": 49.0}, {"rate_hz": 1001.0}, {"full_scale_g": 1.0}, {"lowpass_hz": -1.0}]
)
def test_a_sensor_outside_the_wire_format_is_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="outside"):
        Sensor(**bad)


def test_counts_follow_the_scale_and_clip() -> None:
    assert SENSOR.scale_mps2 == pytest.approx(16 * 9.80665 / 32768)
    counts = SENSOR.count(np.asarray([[9.80665, -9.80665, 400.0], [0.0, 0.0049, -400.0]]))
    assert counts.tolist() == [[2048, -2048, 32767], [0, 1, -32768]]
    message = SENSOR.message(counts, 100.0)
    assert message.samples == 2
    assert np.frombuffer(message.counts, "<i2").tolist() == [2048, 0, -2048, 1, 32767, -32768]
