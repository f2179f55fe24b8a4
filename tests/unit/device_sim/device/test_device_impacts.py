"""The firmware's own trigger: the parts of an impact."""

from __future__ import annotations

from typing import Any

import pytest
from support.firmware import (
    crash_blocks,
    kinds,
    of,
    online_core,
    receipt_for,
    sent,
)

from device_sim.device.motion import merged
from device_sim.device.store import Store
from device_sim.device.writer import Firmware
from schemas.wire.device_pb2 import (
    Fix,
)


def test_an_impact_sends_the_seconds_before_then_ten_more_beside_the_usual_frames() -> None:
    core = online_core(store=Store(in_flight=1000))
    core.fix(Fix(uptime_ms=4000, lat_deg=36.0, lon_deg=138.0))
    messages: list[tuple[float, str, Any]] = []
    for block in crash_blocks((5.0,), 20.0):
        core.motion(block)
        messages += [(block.end_ms, name, message) for name, message in sent(core, block.end_ms)]
    parts = [(at, message) for at, name, message in messages if name == "impact"]
    assert [message.part for _, message in parts] == list(range(11))
    assert [message.last for _, message in parts] == [False] * 10 + [True]
    assert {message.trigger for _, message in parts} == {1}
    at_ms, first = parts[0]
    trigger_ms = first.trigger_uptime_ms
    assert 5000 < trigger_ms < 5080
    assert at_ms == pytest.approx(trigger_ms + 300, abs=101)
    assert first.stamp.event_uptime_ms == pytest.approx(trigger_ms - 2000, abs=10)
    assert first.motion.samples == 230
    assert [fix.uptime_ms for fix in first.fixes] == [4000]
    assert all(message.motion.samples == 100 for _, message in parts[1:])
    ends = [message.stamp.event_uptime_ms + message.motion.samples * 10 for _, message in parts]
    assert ends[:-1] == [message.stamp.event_uptime_ms for _, message in parts[1:]], "without a gap"
    frames = [message for _, name, message in messages if name == "accel"]
    assert [frame.stamp.event_uptime_ms for frame in frames] == [1000 * n for n in range(20)]
    numbers = [message.stamp.sequence for _, _, message in messages]
    assert len(set(numbers)) == len(numbers)


def test_a_second_pulse_within_ten_seconds_is_no_new_trigger() -> None:
    core = online_core(store=Store(in_flight=1000))
    for block in crash_blocks((5.0, 8.0), 20.0):
        core.motion(block)
    parts = of(sent(core, 20_000.0), "impact")
    assert len(parts) == 11
    assert kinds(core).count("trigger") == 1


def test_a_pulse_in_the_window_is_no_new_trigger_when_its_block_ends_after_the_window() -> None:
    core = online_core(store=Store(in_flight=1000))
    tenths = crash_blocks((5.0, 15.0), 20.0)
    for first in range(0, 200, 10):
        (second,) = merged(tenths[first : first + 10])
        core.motion(second)
    parts = of(sent(core, 20_000.0), "impact")
    assert parts[-1].last
    assert {part.trigger for part in parts} == {1}


def test_a_pulse_after_the_window_is_trigger_two() -> None:
    core = online_core(store=Store(in_flight=1000))
    for block in crash_blocks((5.0, 17.0), 30.0):
        core.motion(block)
    parts = of(sent(core, 30_000.0), "impact")
    assert [part.trigger for part in parts] == [1] * 11 + [2] * 11
    assert [part.part for part in parts] == [*range(11), *range(11)]


def test_an_impact_soon_after_boot_sends_what_there_is() -> None:
    core = online_core()
    for block in crash_blocks((0.7,), 3.0):
        core.motion(block)
    first = of(sent(core, 3000.0), "impact")[0]
    assert first.stamp.event_uptime_ms == 0
    assert first.motion.samples == pytest.approx((first.trigger_uptime_ms + 300) / 10, abs=1)


def test_without_its_trigger_the_device_sends_frames_only() -> None:
    core = online_core(firmware=Firmware(trigger=False))
    for block in crash_blocks((5.0,), 10.0):
        core.motion(block)
    assert {name for name, _ in sent(core, 10_000.0)} == {"accel"}


def test_switching_off_in_the_middle_marks_the_last_part() -> None:
    core = online_core()
    for block in crash_blocks((5.0,), 7.5):
        core.motion(block)
    core.switching_off(7500.0)
    parts = of(sent(core, 7500.0), "impact")
    assert [part.last for part in parts] == [False] * (len(parts) - 1) + [True]


def test_an_impacts_receipt_is_told_too() -> None:
    core = online_core()
    for block in crash_blocks((5.0,), 6.0):
        core.motion(block)
    part = of(sent(core, 6000.0), "impact")[0]
    core.command(receipt_for(part), 6100.0)
    receipt = next(entry for entry in core.journal.entries if entry.kind == "receipt")
    assert receipt.data["of"] == "impact"
