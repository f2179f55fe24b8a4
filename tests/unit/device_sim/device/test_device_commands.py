"""Commands: obeyed once, never late, always answered."""

from __future__ import annotations

import json

import pytest
from support.firmware import (
    BOOT,
    acks,
    command,
    kinds,
    of,
    online_core,
    quiet,
    sent,
)

from device_sim.device.commands import is_expired
from device_sim.device.store import Store
from device_sim.device.writer import Firmware, WallClock
from schemas.wire.device_pb2 import (
    Ack,
    Command,
    Expiry,
    Fix,
    SendWindow,
    Settings,
    Signal,
    Stamp,
)


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


@pytest.mark.parametrize(
    "payload",
    [b"", b"\xff\xff\xff", b"{", b"{\xff}", b'{"version": 1}', command("")],
)
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
