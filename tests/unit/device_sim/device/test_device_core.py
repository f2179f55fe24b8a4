"""The firmware's connection, its stream of motion and places, and what waits while there is no connection."""

from __future__ import annotations

import numpy as np
import pytest
from support.firmware import (
    BOOT,
    new_core,
    of,
    online_core,
    press,
    quiet,
    sent,
)

from device_sim.device.core import DeviceCore
from device_sim.device.store import Store
from device_sim.device.writer import WallClock
from device_sim.physics.sensor import Sensor
from schemas.wire.device_pb2 import (
    Fix,
    Stamp,
    Status,
)


def test_the_last_will_has_a_number_of_its_own_and_status_follows() -> None:
    core = new_core()
    will = core.connecting(500.0)
    message = Status.FromString(will.payload)
    assert (will.name, will.retain, message.state) == ("status", True, Status.OFFLINE)
    assert (message.stamp.sequence, message.stamp.version, message.stamp.boot_id) == (1, 1, BOOT)
    assert core.outgoing(500.0) == []
    core.connected(600.0)
    (outgoing,) = core.outgoing(600.0)
    online = Status.FromString(outgoing.payload)
    assert outgoing.retain
    assert (online.state, online.stamp.sequence, online.stamp.event_uptime_ms) == (Status.ONLINE, 2, 600)
    assert online.firmware
    core.disconnected(900.0, "gone")
    assert Status.FromString(core.connecting(1000.0).payload).stamp.sequence == 3


def test_online_is_said_again_every_minute() -> None:
    core = online_core()
    core.tick(59_999.0)
    assert sent(core, 59_999.0) == []
    assert core.due_ms(59_999.0) == 60_000.0
    core.tick(60_000.0)
    assert [message.state for message in of(sent(core, 60_000.0), "status")] == [Status.ONLINE]
    core.disconnected(61_000.0, "gone")
    core.tick(500_000.0)
    assert core.outgoing(500_000.0) == []
    assert core.due_ms(500_000.0) is None


def test_status_says_how_much_is_waiting() -> None:
    core = new_core(store=Store(bulk_per_s=2.0))
    for block in quiet(0.0, 30.0):
        core.motion(block)
    core.connected(30_000.0)
    (status,) = of(sent(core, 30_000.0), "status")
    assert status.buffered_messages == 28, "two left with it"


def test_switching_off_sends_the_rest_and_goodbye() -> None:
    core = online_core()
    for block in quiet(0.0, 1.5):
        core.motion(block)
    core.fix(Fix(uptime_ms=1000, lat_deg=36.0, lon_deg=138.0))
    core.switching_off(1500.0)
    messages = sent(core, 1500.0)
    assert [message.motion.samples for message in of(messages, "accel")] == [100, 50]
    assert [len(message.fixes) for message in of(messages, "gps")] == [1]
    assert [message.state for message in of(messages, "status")] == [Status.OFFLINE]


def test_once_switched_off_a_device_never_says_again_that_it_is_online() -> None:
    core = online_core()
    core.switching_off(59_900.0)
    sent(core, 59_900.0, acknowledged=False)
    core.tick(60_100.0)
    assert core.outgoing(60_100.0) == []
    core.disconnected(61_000.0, "gone")
    core.connecting(62_000.0)
    core.connected(62_100.0)
    core.tick(200_000.0)
    assert [message.state for message in of(sent(core, 200_000.0), "status")] == [Status.OFFLINE]


def test_a_boot_needs_a_random_id() -> None:
    for boot_id in (0, 2**64):
        with pytest.raises(ValueError, match="boot_id"):
            DeviceCore(boot_id, Sensor(), WallClock(Stamp.UNSET))


def test_motion_goes_out_in_one_second_frames_stamped_at_their_first_sample() -> None:
    core = online_core()
    for block in quiet(0.25, 3.0):
        core.motion(block)
    frames = of(sent(core, 3250.0), "accel")
    assert [frame.stamp.event_uptime_ms for frame in frames] == [250, 1250, 2250]
    assert [frame.stamp.sequence for frame in frames] == [3, 4, 5]
    assert {frame.stamp.sent_uptime_ms for frame in frames} == {3250}
    assert frames[0].stamp.event_wall_ms == 1_800_000_000_250
    assert frames[0].stamp.clock == Stamp.GPS
    motion = frames[0].motion
    assert (motion.rate_hz, motion.samples, motion.full_scale_g, motion.lowpass_hz) == (
        100.0,
        100,
        16.0,
        42.0,
    )
    assert np.frombuffer(motion.counts, "<i2")[200:].tolist() == [-2048] * 100


def test_fixes_go_out_ten_at_a_time() -> None:
    core = online_core()
    for second in range(25):
        core.fix(Fix(uptime_ms=second * 1000, lat_deg=36.0 + second, lon_deg=138.0))
    batches = of(sent(core, 25_000.0), "gps")
    assert [[fix.uptime_ms for fix in batch.fixes] for batch in batches] == [
        [1000 * n for n in range(10)],
        [1000 * n for n in range(10, 20)],
    ]
    assert batches[1].stamp.event_uptime_ms == 10_000


def test_a_clock_never_set_says_so() -> None:
    core = online_core(clock=WallClock(Stamp.UNSET, 123))
    press(core, 1000.0)
    (button,) = of(sent(core, 1300.0), "button")
    assert (button.stamp.clock, button.stamp.event_wall_ms) == (Stamp.UNSET, 0)


def test_a_backlog_goes_out_oldest_first_with_its_own_times() -> None:
    core = new_core(store=Store(bulk_per_s=5.0, in_flight=1000))
    for block in quiet(0.0, 60.0):
        core.motion(block)
    core.connected(60_000.0)
    found = of(sent(core, 60_000.0), "accel")
    assert [frame.stamp.event_uptime_ms for frame in found] == [0, 1000, 2000, 3000, 4000]
    assert {frame.stamp.sent_uptime_ms for frame in found} == {60_000}
    for tenth in range(1, 150):
        found += of(sent(core, 60_000.0 + tenth * 100), "accel")
    assert [frame.stamp.event_uptime_ms for frame in found] == [1000 * n for n in range(60)]


def test_what_was_in_flight_when_the_connection_broke_is_sent_again_with_its_number() -> None:
    core = online_core()
    for block in quiet(0.0, 2.0):
        core.motion(block)
    before = of(sent(core, 2000.0, acknowledged=False), "accel")
    core.disconnected(2100.0, "gone")
    core.connecting(3000.0)
    core.connected(3000.0)
    after = of(sent(core, 3000.0), "accel")
    assert [frame.stamp.sequence for frame in after] == [frame.stamp.sequence for frame in before]
    assert {frame.stamp.sent_uptime_ms for frame in after} == {3000}
    assert core.published["accel"] == 2


def test_what_a_full_store_dropped_is_told() -> None:
    core = new_core(store=Store(capacity_bytes=10_000))
    for block in quiet(0.0, 60.0):
        core.motion(block)
    core.tick(60_000.0)
    dropped = next(entry for entry in core.journal.entries if entry.kind == "dropped")
    assert 40 < dropped.data["messages"] < 60
