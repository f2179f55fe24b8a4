"""From bytes on a topic to checked values: pure.

A message is either read, or rejected with a reason that says what is wrong with it.
Presses are sacred: whatever of a press can be decoded is one, and what is wrong with it
is marked as a defect instead.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite, nan
from typing import Any, Final

from google.protobuf.json_format import ParseDict
from google.protobuf.message import Message

from schemas import topics
from schemas.impact import Position
from schemas.incident import Trigger
from schemas.limits import (
    AHEAD,
    BULK_SIZE_BYTES,
    BURST_BEFORE_MS,
    FIXES,
    FULL_SCALE_G,
    LATE_AFTER_MS,
    LONG_PRESS_MS,
    LOWPASS_HZ,
    OLDEST,
    RATE_HZ,
    SAMPLES,
    SCALE_MPS2,
    SPEED_MPS,
    TEXT_CHARACTERS,
    UPTIME_MS,
    VERSION,
)
from schemas.topics import UpTopic
from schemas.wire import device_pb2 as wire

_TYPES: Final[dict[str, type[Any]]] = {
    "button": wire.Button,
    "impact": wire.Impact,
    "accel": wire.Accel,
    "gps": wire.Gps,
    "status": wire.Status,
    "ack": wire.Ack,
}


@dataclass(frozen=True, slots=True)
class Rejection:
    """A message that cannot be used; `reason` is one of a few fixed words, `detail` is for people."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Stamp:
    """When and as what a device sent something. `boot_id` is signed, as stored; 0 means unstated.

    `wall_at` is None while the device's clock is unset, or where it shows what no clock can.
    """

    boot_id: int
    sequence: int
    event_uptime_ms: int
    sent_uptime_ms: int
    wall_at: datetime | None

    @property
    def held_ms(self) -> int:
        """How long the device kept it before sending, by its own uptime."""
        return max(0, self.sent_uptime_ms - self.event_uptime_ms)

    @property
    def late(self) -> bool:
        """Whether the device held it back: never caused by a delay on our side."""
        return self.held_ms > LATE_AFTER_MS


@dataclass(frozen=True, slots=True)
class Fix:
    """A checked position fix."""

    uptime_ms: int
    lat_deg: float
    lon_deg: float
    speed_mps: float
    heading_deg: float
    accuracy_m: float


@dataclass(frozen=True, slots=True)
class Motion:
    """A checked stretch of counts, int16 little-endian planar x, y, z."""

    rate_hz: float
    samples: int
    scale_mps2: float
    full_scale_g: float
    lowpass_hz: float
    counts: bytes


@dataclass(frozen=True, slots=True)
class Press:
    """Somebody pressed the button."""

    stamp: Stamp
    kind: Trigger
    held_ms: int
    position: Position | None
    defects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImpactPart:
    """A part of a device's own burst around an impact."""

    stamp: Stamp
    trigger_no: int
    part: int
    last: bool
    trigger_uptime_ms: int
    motion: Motion
    fixes: tuple[Fix, ...]
    defects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AccelFrame:
    """About a second of driving."""

    stamp: Stamp
    motion: Motion


@dataclass(frozen=True, slots=True)
class GpsBatch:
    """Fixes of some seconds."""

    stamp: Stamp
    fixes: tuple[Fix, ...]


@dataclass(frozen=True, slots=True)
class StatusReport:
    """The device's own account of itself, or its last will."""

    stamp: Stamp
    online: bool
    firmware: str
    hardware: str
    battery_mv: int
    signal_dbm: int
    buffered_messages: int


@dataclass(frozen=True, slots=True)
class AckReport:
    """What became of a command."""

    stamp: Stamp
    command_id: str
    result: str


Uplink = Press | ImpactPart | AccelFrame | GpsBatch | StatusReport | AckReport


class _Reject(Exception):
    def __init__(self, reason: str, detail: str) -> None:
        self.rejection = Rejection(reason, detail)
        super().__init__(detail)


def read(topic: UpTopic, payload: bytes, received_at: datetime) -> Uplink | Rejection:
    """Decode and check one message; `received_at` is only the yardstick for absurd clocks."""
    try:
        return _CHECKS[topic.name](_decode(topic, payload), received_at)
    except _Reject as refused:
        return refused.rejection


def _decode(topic: UpTopic, payload: bytes) -> Any:
    if not payload:
        raise _Reject("empty", "the payload is empty")
    if topic.name in topics.BULK and len(payload) > BULK_SIZE_BYTES:
        raise _Reject("too_large", f"{len(payload)} bytes; at most {BULK_SIZE_BYTES}")
    message: Message = _TYPES[topic.name]()
    is_json = payload.startswith(b"{")
    try:
        if is_json:
            ParseDict(json.loads(payload), message, ignore_unknown_fields=True)
        else:
            message.ParseFromString(payload)
    except Exception as error:  # beside its own errors the library lets out others, SystemError among them
        raise _Reject("not_json" if is_json else "not_protobuf", str(error)[:300]) from error
    version = message.stamp.version  # type: ignore[attr-defined]
    if version != VERSION and not (is_json and version == 0):
        raise _Reject("unsupported_version", f"version {version}; this backend speaks {VERSION}")
    return message


def _stamp(raw: wire.Stamp, received_at: datetime) -> tuple[Stamp, list[str]]:
    """The stamp, and what is wrong with it."""
    defects: list[str] = []
    wall_at: datetime | None = None
    if raw.clock == wire.Stamp.UNSET:
        defects.append("clock_unset")
    else:
        wall_at = _wall(raw.event_wall_ms)
        if wall_at is None or not OLDEST <= wall_at <= received_at + AHEAD:
            wall_at = None
            defects.append("clock_implausible")
    event_ms, sent_ms = raw.event_uptime_ms, raw.sent_uptime_ms
    if max(event_ms, sent_ms) > UPTIME_MS or event_ms > sent_ms:
        defects.append("uptime_implausible")
        event_ms = sent_ms = min(event_ms, sent_ms, UPTIME_MS)
    if raw.boot_id == 0 or raw.sequence == 0:
        defects.append("no_stamp")
    signed_boot = raw.boot_id - 2**64 if raw.boot_id >= 2**63 else raw.boot_id
    return Stamp(signed_boot, raw.sequence, event_ms, sent_ms, wall_at), defects


def _sound_stamp(raw: wire.Stamp, received_at: datetime) -> Stamp:
    """The stamp of a message that is worth nothing without one."""
    stamp, defects = _stamp(raw, received_at)
    for defect in defects:
        if defect == "clock_implausible":
            raise _Reject("bad_time", f"event_wall_ms {raw.event_wall_ms} with clock {raw.clock}")
        if defect != "clock_unset":
            raise _Reject("bad_stamp", f"{defect}: {_one_line(raw)}")
    return stamp


def _wall(wall_ms: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(wall_ms / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _motion(raw: wire.Motion) -> Motion:
    for name in ("rate_hz", "scale_mps2", "full_scale_g", "lowpass_hz"):
        if not isfinite(getattr(raw, name)):
            raise _Reject("not_finite", f"motion.{name} is {getattr(raw, name)}")
    _within("bad_rate", "motion.rate_hz", raw.rate_hz, RATE_HZ)
    _within("bad_samples", "motion.samples", raw.samples, SAMPLES)
    _within("bad_scale", "motion.scale_mps2", raw.scale_mps2, SCALE_MPS2)
    _within("bad_scale", "motion.full_scale_g", raw.full_scale_g, FULL_SCALE_G)
    _within("bad_scale", "motion.lowpass_hz", raw.lowpass_hz, LOWPASS_HZ)
    if len(raw.counts) != 6 * raw.samples:
        raise _Reject("bad_samples", f"{len(raw.counts)} bytes of counts for {raw.samples} samples")
    return Motion(raw.rate_hz, raw.samples, raw.scale_mps2, raw.full_scale_g, raw.lowpass_hz, raw.counts)


def _within(reason: str, name: str, value: float, limits: tuple[float, float]) -> None:
    if not limits[0] <= value <= limits[1]:
        raise _Reject(reason, f"{name} is {value:g}; allowed {limits[0]:g} to {limits[1]:g}")


def _position(raw: wire.Fix) -> Position | None:
    """Where a fix is, or None where that is no place on earth."""
    if not (-90 <= raw.lat_deg <= 90 and -180 <= raw.lon_deg <= 180) or (raw.lat_deg == 0 == raw.lon_deg):
        return None
    return Position(raw.lat_deg, raw.lon_deg)


def _fix(raw: wire.Fix) -> Fix | None:
    """A fix, or None where its place or its time is none. A speed that is none is NaN: 0 would be a sudden stop."""
    if _position(raw) is None or raw.uptime_ms > UPTIME_MS:
        return None
    return Fix(
        raw.uptime_ms,
        raw.lat_deg,
        raw.lon_deg,
        raw.speed_mps if 0 <= raw.speed_mps <= SPEED_MPS else nan,
        raw.heading_deg % 360 if isfinite(raw.heading_deg) else 0.0,
        raw.accuracy_m if isfinite(raw.accuracy_m) and raw.accuracy_m >= 0 else 0.0,
    )


def _button(raw: wire.Button, received_at: datetime) -> Press:
    stamp, defects = _stamp(raw.stamp, received_at)
    kind = Trigger.LONG_PRESS
    if raw.kind == wire.Button.SHORT or (raw.kind != wire.Button.LONG and 0 < raw.held_ms < LONG_PRESS_MS):
        kind = Trigger.SHORT_PRESS
    elif raw.kind != wire.Button.LONG and raw.held_ms == 0:
        # Not knowing how it was pressed, take the graver meaning.
        defects.append("kind_missing")
    position: Position | None = None
    if raw.HasField("fix"):
        position = _position(raw.fix)
        if position is None:
            defects.append("bad_position")
    return Press(stamp, kind, raw.held_ms, position, tuple(defects))


def _impact(raw: wire.Impact, received_at: datetime) -> ImpactPart:
    stamp, defects = _stamp(raw.stamp, received_at)
    if "no_stamp" in defects or "uptime_implausible" in defects:
        raise _Reject("bad_stamp", _one_line(raw.stamp))
    if raw.trigger_uptime_ms > UPTIME_MS:
        raise _Reject("bad_stamp", f"trigger_uptime_ms {raw.trigger_uptime_ms}")
    fixes = tuple(fix for entry in raw.fixes[: FIXES[1]] if (fix := _fix(entry)) is not None)
    if len(fixes) < len(raw.fixes):
        defects.append("bad_position")
    return ImpactPart(
        stamp,
        raw.trigger,
        raw.part,
        raw.last,
        # Without it, take part 0 as it should be: a burst that nobody looks at helps nobody.
        raw.trigger_uptime_ms or stamp.event_uptime_ms + BURST_BEFORE_MS,
        _motion(raw.motion),
        fixes,
        tuple(defects),
    )


def _accel(raw: wire.Accel, received_at: datetime) -> AccelFrame:
    return AccelFrame(_sound_stamp(raw.stamp, received_at), _motion(raw.motion))


def _gps(raw: wire.Gps, received_at: datetime) -> GpsBatch:
    stamp = _sound_stamp(raw.stamp, received_at)
    _within("bad_position", "number of fixes", len(raw.fixes), FIXES)
    fixes: list[Fix] = []
    for entry in raw.fixes:
        fix = _fix(entry)
        if fix is None:
            raise _Reject("bad_position", f"fix at {entry.uptime_ms} ms: {entry.lat_deg}, {entry.lon_deg}")
        fixes.append(fix)
    return GpsBatch(stamp, tuple(fixes))


def _status(raw: wire.Status, received_at: datetime) -> StatusReport:
    stamp = _sound_stamp(raw.stamp, received_at)
    if raw.state not in {wire.Status.ONLINE, wire.Status.OFFLINE}:
        raise _Reject("bad_status", f"state is {raw.state}")
    return StatusReport(
        stamp,
        raw.state == wire.Status.ONLINE,
        _text(raw.firmware),
        _text(raw.hardware),
        min(raw.battery_mv, 1_000_000),
        max(-1000, min(raw.signal_dbm, 1000)),
        raw.buffered_messages,
    )


def _ack(raw: wire.Ack, received_at: datetime) -> AckReport:
    stamp = _sound_stamp(raw.stamp, received_at)
    if not raw.command_id:
        raise _Reject("bad_ack", "command_id is missing")
    if raw.result == wire.Ack.UNSPECIFIED or raw.result not in wire.Ack.Result.values():
        raise _Reject("bad_ack", f"result is {raw.result}")
    return AckReport(stamp, _text(raw.command_id), wire.Ack.Result.Name(raw.result))


def _text(value: str) -> str:
    return value.replace("\x00", "")[:TEXT_CHARACTERS]


def _one_line(message: Message) -> str:
    return " ".join(str(message).split())[:300]


_CHECKS: Final[dict[str, Any]] = {
    "button": _button,
    "impact": _impact,
    "accel": _accel,
    "gps": _gps,
    "status": _status,
    "ack": _ack,
}
