"""The firmware as a story of inputs and outputs, without a network and without a clock."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from device_sim.device.commands import is_expired
from device_sim.device.core import DeviceCore
from device_sim.device.motion import Block
from device_sim.device.store import Store
from device_sim.device.writer import Firmware, WallClock
from device_sim.physics.pulses import G_MPS2, Pulse, sampled_pulse
from device_sim.physics.sensor import Sensor
from schemas.wire.device_pb2 import (
    Accel,
    Ack,
    Button,
    Command,
    Expiry,
    Fix,
    Gps,
    Impact,
    Receipt,
    SendWindow,
    Settings,
    Signal,
    Stamp,
    Status,
)

BOOT = 0xDEADBEEF12345678
KINDS: dict[str, Any] = {
    "accel": Accel,
    "ack": Ack,
    "button": Button,
    "gps": Gps,
    "impact": Impact,
    "status": Status,
}
NEVER = Expiry()


def new_core(**changes: Any) -> DeviceCore:
    clock = changes.pop("clock", WallClock(Stamp.GPS, 1_800_000_000_000))
    return DeviceCore(BOOT, Sensor(), clock, **changes)


def sent(core: DeviceCore, uptime_ms: float, *, acknowledged: bool = True) -> list[tuple[str, Any]]:
    found = []
    for outgoing in core.outgoing(uptime_ms):
        found.append((outgoing.name, KINDS[outgoing.name].FromString(outgoing.payload)))
        if acknowledged:
            core.delivered(outgoing.sequence)
    return found


def of(messages: list[tuple[str, Any]], name: str) -> list[Any]:
    return [message for kind, message in messages if kind == name]


def online_core(**changes: Any) -> DeviceCore:
    core = new_core(**changes)
    core.connecting(0.0)
    core.connected(0.0)
    sent(core, 0.0)
    return core


def command(command_id: str = "c-1", expiry: Expiry = NEVER, **body: Any) -> bytes:
    return Command(version=1, command_id=command_id, expiry=expiry, **body).SerializeToString()


def kinds(core: DeviceCore) -> list[str]:
    return [entry.kind for entry in core.journal.entries]


def quiet(from_s: float, seconds: float, rate_hz: float = 100.0) -> Iterator[Block]:
    at_rest = np.tile([0, 0, -2048], (round(rate_hz / 10), 1)).astype(np.int16)
    for tenth in range(round(seconds * 10)):
        yield Block((from_s + tenth / 10) * 1000.0, rate_hz, at_rest)


def press(core: DeviceCore, at_ms: float, held_ms: float = 200.0) -> None:
    core.button_down(at_ms)
    core.tick(at_ms + held_ms)
    core.button_up(at_ms + held_ms)


# Connection and status


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


def test_a_boot_needs_a_random_id() -> None:
    for boot_id in (0, 2**64):
        with pytest.raises(ValueError, match="boot_id"):
            DeviceCore(boot_id, Sensor(), WallClock(Stamp.UNSET))


# Motion and positions


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


# Impacts


def crash_blocks(crashes_s: tuple[float, ...], seconds: float) -> list[Block]:
    motion = np.tile([0.0, 0.0, -G_MPS2], (round(seconds * 100), 1))
    for at_s in crashes_s:
        pulse = sampled_pulse(Pulse(30.0, 0.0), 0.0, 100.0, 42.0)
        first = round(at_s * 100)
        motion[first : first + len(pulse)] += pulse
    counts = Sensor().count(motion)
    return [Block(at * 10.0, 100.0, counts[at : at + 10]) for at in range(0, len(counts), 10)]


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


# The button


@pytest.mark.parametrize(
    ("held_ms", "kind", "told_ms"),
    [
        (80.0, Button.SHORT, 80),
        (2999.0, Button.SHORT, 2999),
        (3000.0, Button.LONG, 3000),
        (9000.0, Button.LONG, 3000),
    ],
)
def test_short_is_told_at_release_and_long_after_three_seconds(
    held_ms: float, kind: Button.Kind, told_ms: int
) -> None:
    core = online_core()
    core.fix(Fix(uptime_ms=900, lat_deg=36.2, lon_deg=137.9))
    press(core, 1000.0, held_ms)
    buttons = of(sent(core, 1000.0 + held_ms), "button")
    assert [(each.kind, each.held_ms, each.stamp.event_uptime_ms) for each in buttons] == [
        (kind, told_ms, 1000 + told_ms)
    ]
    assert buttons[0].fix.lat_deg == 36.2


def test_a_long_press_is_told_while_the_finger_is_still_down() -> None:
    core = online_core()
    core.button_down(1000.0)
    core.button_down(1500.0)
    assert core.due_ms(1500.0) == 4000.0
    core.tick(4010.0)
    assert [each.stamp.event_uptime_ms for each in of(sent(core, 4010.0), "button")] == [4000]
    core.tick(5000.0)
    core.button_up(6000.0)
    assert of(sent(core, 6000.0), "button") == []


def receipt_for(button: Any, **changes: Any) -> bytes:
    values = {"boot_id": button.stamp.boot_id, "sequence": button.stamp.sequence, "incident_id": "inc-7"}
    return command("r-1", receipt=Receipt(**(values | changes)))


def test_a_press_with_a_receipt_is_not_sent_again() -> None:
    core = online_core()
    press(core, 1000.0)
    (button,) = of(sent(core, 1200.0), "button")
    core.command(receipt_for(button), 2000.0)
    core.tick(60_000.0)
    assert of(sent(core, 60_000.0), "button") == []
    assert not core.display.not_connected
    receipt = next(entry for entry in core.journal.entries if entry.kind == "receipt")
    assert receipt.data["incident_id"] == "inc-7"
    assert receipt.data["of"] == "press"


def test_a_press_without_a_receipt_is_sent_again_and_the_driver_is_told() -> None:
    core = online_core()
    press(core, 1000.0)
    (first,) = of(sent(core, 1200.0), "button")
    core.tick(6199.0)
    assert core.outgoing(6199.0) == []
    assert core.display.shown == "OFF"
    core.tick(6200.0)
    (again,) = of(sent(core, 6200.0), "button")
    assert core.display.shown == "NOT_CONNECTED"
    assert again.stamp.sequence == first.stamp.sequence
    assert again.stamp.event_uptime_ms == first.stamp.event_uptime_ms == 1200
    assert again.stamp.sent_uptime_ms == 6200
    core.tick(11_199.0)
    assert core.outgoing(11_199.0) == []
    core.tick(11_200.0)
    assert len(of(sent(core, 11_200.0), "button")) == 1
    core.command(receipt_for(again), 11_300.0)
    assert core.display.shown == "OFF"
    assert "connection_shown" in kinds(core)
    assert sum(kind == "not_connected" for kind in kinds(core)) == 1


@pytest.mark.parametrize("wrong", [{"boot_id": BOOT - 1}, {"sequence": 999}])
def test_a_receipt_of_another_press_changes_nothing(wrong: dict[str, int]) -> None:
    core = online_core()
    press(core, 1000.0)
    (button,) = of(sent(core, 1200.0), "button")
    core.command(receipt_for(button, **wrong), 2000.0)
    assert [ack.result for ack in of(sent(core, 2000.0), "ack")] == [Ack.FAILED]
    core.tick(6200.0)
    assert len(of(sent(core, 6200.0), "button")) == 1
    assert core.display.not_connected


def test_an_expired_receipt_does_not_count() -> None:
    core = online_core()
    press(core, 1000.0)
    (button,) = of(sent(core, 1200.0), "button")
    late = Receipt(boot_id=BOOT, sequence=button.stamp.sequence, incident_id="inc")
    core.command(command("r", Expiry(boot_id=BOOT, uptime_ms=1900), receipt=late), 2000.0)
    assert [ack.result for ack in of(sent(core, 2000.0), "ack")] == [Ack.EXPIRED]
    core.tick(6200.0)
    assert core.display.not_connected


def test_a_press_offline_is_shown_as_not_connected_kept_and_sent_first() -> None:
    core = new_core()
    for block in quiet(0.0, 30.0):
        core.motion(block)
    press(core, 2000.0)
    core.tick(7200.0)
    assert core.display.shown == "NOT_CONNECTED"
    core.tick(200_000.0)
    core.connected(200_000.0)
    messages = sent(core, 200_000.0)
    assert messages[0][0] == "button"
    button = messages[0][1]
    assert (button.stamp.event_uptime_ms, button.stamp.sent_uptime_ms) == (2200, 200_000)
    assert len(of(messages, "button")) == 1, "the repeat due meanwhile is the same message"
    core.command(receipt_for(button), 200_500.0)
    assert core.display.shown == "OFF"


def test_repeats_become_rarer_after_a_minute_but_never_end() -> None:
    core = online_core()
    press(core, 0.0)
    times = []
    for second in range(600):
        core.tick(second * 1000.0)
        times += [second] * len(of(sent(core, second * 1000.0), "button"))
    assert times[:4] == [0, 5, 10, 15]
    assert np.diff(times).tolist()[-3:] == [30, 30, 30]


def test_an_impacts_receipt_is_told_too() -> None:
    core = online_core()
    for block in crash_blocks((5.0,), 6.0):
        core.motion(block)
    part = of(sent(core, 6000.0), "impact")[0]
    core.command(receipt_for(part), 6100.0)
    receipt = next(entry for entry in core.journal.entries if entry.kind == "receipt")
    assert receipt.data["of"] == "impact"


# Backlog


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


# Commands


def acks(core: DeviceCore, uptime_ms: float) -> list[tuple[str, int]]:
    return [(ack.command_id, ack.result) for ack in of(sent(core, uptime_ms), "ack")]


def test_a_signal_sets_light_and_tone_until_its_time_is_over() -> None:
    core = online_core()
    signal = Signal(light=Signal.HELP_COMING, tone=Signal.CONFIRM, duration_s=5)
    core.command(command("s-1", Expiry(boot_id=BOOT, uptime_ms=2000), signal=signal), 1000.0)
    assert acks(core, 1000.0) == [("s-1", Ack.DONE)]
    assert (core.display.shown, core.display.tone) == ("HELP_COMING", "CONFIRM")
    assert core.due_ms(1000.0) == 6000.0
    core.tick(6000.0)
    assert (core.display.shown, core.display.tone) == ("OFF", "SILENT")
    lights = [entry.data["light"] for entry in core.journal.entries if entry.kind == "light"]
    assert lights == ["HELP_COMING", "OFF"]


def test_a_signal_without_duration_lasts_until_the_next() -> None:
    core = online_core()
    core.command(command("s-1", signal=Signal(light=Signal.CONNECTED)), 1000.0)
    core.tick(10_000_000.0)
    assert core.display.shown == "CONNECTED"
    core.command(command("s-2", signal=Signal(light=Signal.ENDED)), 10_000_001.0)
    assert core.display.shown == "ENDED"


def test_a_repeated_command_is_obeyed_once_and_acknowledged_again() -> None:
    core = online_core()
    payload = command(
        "s-1", Expiry(boot_id=BOOT, uptime_ms=2000), signal=Signal(light=Signal.CONNECTED, duration_s=1)
    )
    core.command(payload, 1000.0)
    core.tick(2500.0)
    core.command(payload, 3000.0)
    assert acks(core, 3000.0) == [("s-1", Ack.DONE), ("s-1", Ack.DONE)]
    assert core.display.shown == "OFF"
    assert "command_repeated" in kinds(core)


def test_an_expired_command_is_ignored_and_said_to_be() -> None:
    core = online_core()
    core.command(
        command("s-1", Expiry(boot_id=BOOT, uptime_ms=999), signal=Signal(light=Signal.ARRIVED)), 1000.0
    )
    assert acks(core, 1000.0) == [("s-1", Ack.EXPIRED)]
    assert core.display.shown == "OFF"


@pytest.mark.parametrize(
    ("expiry", "uptime_ms", "wall_ms", "expected"),
    [
        (Expiry(), 10**9, 10**15, False),
        (Expiry(boot_id=BOOT, uptime_ms=5000), 5000, None, False),
        (Expiry(boot_id=BOOT, uptime_ms=5000), 5001, None, True),
        (Expiry(boot_id=BOOT), 1, None, True),
        (Expiry(boot_id=BOOT + 1, uptime_ms=10**12), 1, None, True),
        (Expiry(uptime_ms=5000), 5001, None, True),
        (Expiry(wall_ms=1000), 1, 1000, False),
        (Expiry(wall_ms=1000), 1, 1001, True),
        (Expiry(wall_ms=1000), 1, None, False),
        (Expiry(boot_id=BOOT, uptime_ms=5000, wall_ms=1000), 4000, 2000, True),
        (Expiry(boot_id=BOOT, uptime_ms=5000, wall_ms=10**15), 6000, 0, True),
    ],
)
def test_expiry(expiry: Expiry, uptime_ms: float, wall_ms: int | None, expected: bool) -> None:
    assert is_expired(expiry, BOOT, uptime_ms, wall_ms) is expected


@pytest.mark.parametrize(
    ("source", "result"),
    [(Stamp.GPS, Ack.EXPIRED), (Stamp.NETWORK, Ack.EXPIRED), (Stamp.RTC, Ack.DONE), (Stamp.UNSET, Ack.DONE)],
)
def test_the_wall_clock_counts_only_when_set_by_gps_or_network(source: Stamp.Clock, result: int) -> None:
    core = online_core(clock=WallClock(source, 1_800_000_000_000))
    expiry = Expiry(boot_id=BOOT, uptime_ms=5000, wall_ms=1_800_000_000_500)
    core.command(command("s-1", expiry, signal=Signal(light=Signal.CONNECTED)), 1000.0)
    assert acks(core, 1000.0) == [("s-1", result)]


def test_an_unknown_body_is_unsupported() -> None:
    core = online_core()
    later_field = bytes([15 << 3 | 2, 2, 0x08, 0x01])
    core.command(Command(version=1, command_id="n-1").SerializeToString() + later_field, 1000.0)
    core.command(b'{"version": 1, "commandId": "n-2", "paint": {"colour": "red"}}', 1000.0)
    core.command(Command(version=2, command_id="n-3", signal=Signal()).SerializeToString(), 1000.0)
    core.command(command("n-4", signal=Signal(light=99)), 1000.0)  # pyright: ignore[reportArgumentType]
    assert acks(core, 1000.0) == [(f"n-{n}", Ack.UNSUPPORTED) for n in (1, 2, 3, 4)]


def test_a_command_may_be_written_by_hand_as_json() -> None:
    core = online_core()
    core.command(json.dumps({"commandId": "j-1", "signal": {"light": "ARRIVED"}}).encode(), 1000.0)
    assert acks(core, 1000.0) == [("j-1", Ack.DONE)]
    assert core.display.shown == "ARRIVED"


@pytest.mark.parametrize("payload", [b"", b"\xff\xff\xff", b"{", b"{\xff}", b'{"version": 1}', command("")])
def test_what_is_no_command_is_noted_and_not_answered(payload: bytes) -> None:
    core = online_core()
    core.command(payload, 1000.0)
    assert sent(core, 1000.0) == []
    assert kinds(core)[-1] == "bad_command"


def test_kept_motion_is_sent_again_as_parts_of_trigger_zero() -> None:
    core = online_core(store=Store(in_flight=1000, bulk_per_s=1000.0))
    core.fix(Fix(uptime_ms=3000, lat_deg=36.0, lon_deg=138.0))
    for block in quiet(0.0, 10.0):
        core.motion(block)
    sent(core, 10_000.0)
    window = SendWindow(from_uptime_ms=4000, to_uptime_ms=6500)
    core.command(command("w-1", send_window=window), 10_000.0)
    messages = sent(core, 10_000.0)
    parts = of(messages, "impact")
    assert [(p.trigger, p.part, p.last) for p in parts] == [(0, 0, False), (0, 1, False), (0, 2, True)]
    assert [p.stamp.event_uptime_ms for p in parts] == [4000, 5000, 6000]
    assert [p.motion.samples for p in parts] == [100, 100, 50]
    assert [[fix.uptime_ms for fix in p.fixes] for p in parts] == [[3000]] * 3
    assert [ack.result for ack in of(messages, "ack")] == [Ack.DONE]


def test_motion_no_longer_kept_cannot_be_sent() -> None:
    core = online_core(firmware=Firmware(motion_kept_s=3.0))
    for block in quiet(0.0, 10.0):
        core.motion(block)
    sent(core, 10_000.0)
    core.command(command("w-1", send_window=SendWindow(from_uptime_ms=1000, to_uptime_ms=3000)), 10_000.0)
    core.command(command("w-2", send_window=SendWindow(from_uptime_ms=9000, to_uptime_ms=8000)), 10_000.0)
    assert acks(core, 10_000.0) == [("w-1", Ack.FAILED), ("w-2", Ack.FAILED)]


def test_settings_change_what_they_name_and_nothing_else() -> None:
    core = online_core()
    core.command(command("t-1", settings=Settings(accel_rate_hz=200.0)), 1000.0)
    assert core.rate_hz == 200.0
    core.command(command("t-2", settings=Settings(gps_batch_s=2, trigger_g=3.5)), 1000.0)
    assert core.rate_hz == 200.0
    assert acks(core, 1000.0) == [("t-1", Ack.DONE), ("t-2", Ack.DONE)]
    for second in (1, 2):
        core.fix(Fix(uptime_ms=second * 1000))
    assert len(of(sent(core, 3000.0), "gps")) == 1
    for block in quiet(0.0, 2.0, rate_hz=200.0):
        core.motion(block)
    assert [frame.motion.samples for frame in of(sent(core, 4000.0), "accel")] == [200, 200]


@pytest.mark.parametrize(
    "bad",
    [
        Settings(accel_rate_hz=20.0, gps_batch_s=5),
        Settings(accel_rate_hz=2000.0, gps_batch_s=5),
        Settings(gps_batch_s=0),
        Settings(gps_batch_s=5, trigger_g=17.0),
        Settings(gps_batch_s=5, trigger_g=0.0),
    ],
)
def test_impossible_settings_fail_and_change_nothing(bad: Settings) -> None:
    core = online_core()
    core.command(command("t-1", settings=bad), 1000.0)
    assert acks(core, 1000.0) == [("t-1", Ack.FAILED)]
    assert core.rate_hz == 100.0
    for second in range(9):
        core.fix(Fix(uptime_ms=second * 1000))
    assert of(sent(core, 9000.0), "gps") == []


def test_a_recorded_rate_cannot_be_changed() -> None:
    core = online_core(firmware=Firmware(rate_can_change=False))
    core.command(command("t-1", settings=Settings(accel_rate_hz=200.0)), 1000.0)
    assert acks(core, 1000.0) == [("t-1", Ack.FAILED)]
    assert core.rate_hz == 100.0
