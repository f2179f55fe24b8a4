"""One message of each kind as a device sends it, and one command of each: for documents and tests."""

from __future__ import annotations

import struct
from typing import Final

from google.protobuf.message import Message

from schemas.limits import VERSION
from schemas.wire import device_pb2 as wire

_BOOT: Final = 0x5D1E8F2A9C374B60
_BOOT_WALL_MS: Final = 1_790_000_000_000  # 2026-09-21 14:13:20 UTC


def _stamp(sequence: int, event_uptime_ms: int, held_ms: int) -> wire.Stamp:
    return wire.Stamp(
        version=VERSION,
        boot_id=_BOOT,
        sequence=sequence,
        event_uptime_ms=event_uptime_ms,
        sent_uptime_ms=event_uptime_ms + held_ms,
        event_wall_ms=_BOOT_WALL_MS + event_uptime_ms,
        clock=wire.Stamp.GPS,
    )


def _motion() -> wire.Motion:
    """Three samples at rest, z upwards: x = 1, 2, 3 counts, y = -1, -2, -3, z = about 1 g."""
    counts = struct.pack("<9h", 1, 2, 3, -1, -2, -3, 2048, 2049, 2047)
    return wire.Motion(
        rate_hz=100,
        samples=3,
        scale_mps2=16 * 9.80665 / 32768,
        full_scale_g=16,
        lowpass_hz=42,
        counts=counts,
    )


def _fix(uptime_ms: int) -> wire.Fix:
    return wire.Fix(
        uptime_ms=uptime_ms,
        lat_deg=35.6812,
        lon_deg=139.7671,
        speed_mps=11.5,
        heading_deg=270,
        accuracy_m=4,
    )


UPLINKS: Final[dict[str, Message]] = {
    "button": wire.Button(
        stamp=_stamp(42, 90_000, 20), kind=wire.Button.SHORT, held_ms=420, fix=_fix(89_000)
    ),
    "impact": wire.Impact(
        stamp=_stamp(43, 118_000, 2_320),
        trigger=1,
        trigger_uptime_ms=120_000,
        motion=_motion(),
        fixes=[_fix(119_000)],
    ),
    "accel": wire.Accel(stamp=_stamp(44, 121_000, 1_010), motion=_motion()),
    "gps": wire.Gps(stamp=_stamp(45, 112_000, 9_050), fixes=[_fix(112_000), _fix(113_000)]),
    "status": wire.Status(
        stamp=_stamp(1, 3_100, 0),
        state=wire.Status.ONLINE,
        firmware="1.4.0",
        hardware="rev-b",
        battery_mv=3_900,
        signal_dbm=-87,
        buffered_messages=2,
    ),
    "ack": wire.Ack(
        stamp=_stamp(46, 122_000, 5), command_id="0c0ffee0-0000-4000-8000-000000000001", result=wire.Ack.DONE
    ),
}


def _expiry(after_ms: int) -> wire.Expiry:
    return wire.Expiry(boot_id=_BOOT, uptime_ms=90_000 + after_ms, wall_ms=_BOOT_WALL_MS + 90_000 + after_ms)


COMMANDS: Final[dict[str, wire.Command]] = {
    "receipt": wire.Command(
        version=VERSION,
        command_id="0c0ffee0-0000-4000-8000-000000000002",
        expiry=_expiry(30_000),
        receipt=wire.Receipt(boot_id=_BOOT, sequence=42, incident_id="0c0ffee0-0000-4000-8000-000000000009"),
    ),
    "signal": wire.Command(
        version=VERSION,
        command_id="0c0ffee0-0000-4000-8000-000000000001",
        expiry=_expiry(120_000),
        signal=wire.Signal(light=wire.Signal.HELP_COMING, tone=wire.Signal.ATTENTION),
    ),
    "send_window": wire.Command(
        version=VERSION,
        command_id="0c0ffee0-0000-4000-8000-000000000003",
        expiry=_expiry(60_000),
        send_window=wire.SendWindow(from_uptime_ms=85_000, to_uptime_ms=95_000),
    ),
    "settings": wire.Command(
        version=VERSION,
        command_id="0c0ffee0-0000-4000-8000-000000000004",
        settings=wire.Settings(accel_rate_hz=200, trigger_g=2.5, gps_batch_s=10),
    ),
}
