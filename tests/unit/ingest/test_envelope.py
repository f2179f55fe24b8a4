"""What is a message, what is not, and why."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any

import pytest

from ingest.envelope import AccelFrame, AckReport, GpsBatch, ImpactPart, Press, Rejection, StatusReport, read
from schemas.impact import Position
from schemas.incident import Trigger
from schemas.limits import BURST_BEFORE_MS
from schemas.topics import UpTopic
from schemas.wire import device_pb2 as wire

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)


def stamp(**changes: Any) -> wire.Stamp:
    values: dict[str, Any] = {
        "version": 1,
        "boot_id": 77,
        "sequence": 5,
        "event_uptime_ms": 60_000,
        "sent_uptime_ms": 60_040,
        "event_wall_ms": NOW_MS,
        "clock": wire.Stamp.GPS,
    }
    return wire.Stamp(**(values | changes))


def motion(**changes: Any) -> wire.Motion:
    values: dict[str, Any] = {
        "rate_hz": 100.0,
        "samples": 10,
        "scale_mps2": 0.005,
        "full_scale_g": 16.0,
        "lowpass_hz": 42.0,
        "counts": bytes(60),
    }
    return wire.Motion(**(values | changes))


def taken(name: str, message: Any) -> Any:
    payload = message if isinstance(message, bytes) else message.SerializeToString()
    return read(UpTopic("03", "CB-1", name), payload, NOW)


def reason(name: str, message: Any) -> str:
    found = taken(name, message)
    assert isinstance(found, Rejection), found
    return found.reason


def test_a_press_is_read() -> None:
    press = taken("button", wire.Button(stamp=stamp(), kind=wire.Button.LONG, held_ms=3100))
    assert isinstance(press, Press)
    assert (press.kind, press.held_ms, press.defects) == (Trigger.LONG_PRESS, 3100, ())
    assert press.stamp.boot_id == 77
    assert not press.stamp.late


@pytest.mark.parametrize(
    ("fields", "kind", "defect"),
    [
        ({"kind": "LONG"}, Trigger.LONG_PRESS, None),
        ({"kind": "SHORT"}, Trigger.SHORT_PRESS, None),
        ({"held_ms": 800}, Trigger.SHORT_PRESS, None),
        ({"held_ms": 3000}, Trigger.LONG_PRESS, None),
        ({}, Trigger.LONG_PRESS, "kind_missing"),
        ({"kind": "SIDEWAYS", "colour": "blue"}, Trigger.LONG_PRESS, "kind_missing"),
    ],
)
def test_a_press_by_hand_needs_nothing_but_braces(fields: Any, kind: Trigger, defect: str | None) -> None:
    press = taken("button", json.dumps(fields).encode())
    assert isinstance(press, Press)
    assert press.kind is kind
    assert "no_stamp" in press.defects
    assert (defect in press.defects) if defect else "kind_missing" not in press.defects


@pytest.mark.parametrize("wall", [0, -1, 4_102_444_800_000, 2**62, -(2**62)])
def test_a_press_with_an_absurd_clock_is_a_press(wall: int) -> None:
    press = taken("button", wire.Button(stamp=stamp(event_wall_ms=wall), kind=wire.Button.SHORT))
    assert isinstance(press, Press)
    assert press.stamp.wall_at is None
    assert "clock_implausible" in press.defects


@pytest.mark.parametrize(
    ("lat", "lon"), [(math.nan, 138.0), (36.0, math.inf), (91.0, 10.0), (0.0, 0.0), (-math.inf, math.nan)]
)
def test_a_press_without_a_place_on_earth_is_a_press(lat: float, lon: float) -> None:
    press = taken("button", wire.Button(stamp=stamp(), kind=1, fix=wire.Fix(lat_deg=lat, lon_deg=lon)))
    assert isinstance(press, Press)
    assert press.position is None
    assert "bad_position" in press.defects


@pytest.mark.parametrize("speed_mps", [math.nan, math.inf, -1.0, 151.0])
def test_a_speed_that_is_none_is_not_known_and_not_standing(speed_mps: float) -> None:
    fixes = [
        wire.Fix(uptime_ms=59_000, lat_deg=35.0, lon_deg=139.0, speed_mps=speed_mps),
        wire.Fix(uptime_ms=60_000, lat_deg=35.0, lon_deg=139.0, speed_mps=0.0),
    ]
    batch = taken("gps", wire.Gps(stamp=stamp(), fixes=fixes))
    assert isinstance(batch, GpsBatch)
    assert math.isnan(batch.fixes[0].speed_mps)
    assert batch.fixes[1].speed_mps == 0.0


def test_a_place_counts_whatever_the_uptime_of_its_fix() -> None:
    fix = wire.Fix(uptime_ms=2**63, lat_deg=35.0, lon_deg=139.0)
    press = taken("button", wire.Button(stamp=stamp(), kind=1, fix=fix))
    assert press.position == Position(35.0, 139.0)
    assert press.defects == ()


def test_a_press_with_impossible_uptimes_is_a_press() -> None:
    press = taken("button", wire.Button(stamp=stamp(event_uptime_ms=2**63, sent_uptime_ms=5), kind=1))
    assert isinstance(press, Press)
    assert "uptime_implausible" in press.defects
    assert press.stamp.held_ms == 0


def test_an_impact_that_does_not_say_when_it_triggered_is_taken_as_one_that_begins_in_time() -> None:
    part = taken("impact", wire.Impact(stamp=stamp(), motion=motion()))
    assert part.trigger_uptime_ms == 60_000 + BURST_BEFORE_MS
    part = taken("impact", wire.Impact(stamp=stamp(), trigger_uptime_ms=61_000, motion=motion()))
    assert part.trigger_uptime_ms == 61_000


def test_a_boot_id_of_64_bits_fits_the_database() -> None:
    press = taken("button", wire.Button(stamp=stamp(boot_id=2**64 - 1), kind=1))
    assert press.stamp.boot_id == -1


@pytest.mark.parametrize(("held_ms", "late"), [(30_000, False), (30_001, True)])
def test_late_is_what_the_device_held_back(held_ms: int, late: bool) -> None:
    frame = taken("accel", wire.Accel(stamp=stamp(sent_uptime_ms=60_000 + held_ms), motion=motion()))
    assert isinstance(frame, AccelFrame)
    assert frame.stamp.late is late


def test_every_kind_is_read_in_both_forms() -> None:
    from google.protobuf.json_format import MessageToJson

    messages: list[tuple[str, Any, type[Any]]] = [
        ("accel", wire.Accel(stamp=stamp(), motion=motion()), AccelFrame),
        ("impact", wire.Impact(stamp=stamp(), trigger=1, motion=motion(), last=True), ImpactPart),
        ("gps", wire.Gps(stamp=stamp(), fixes=[wire.Fix(lat_deg=36, lon_deg=138)]), GpsBatch),
        ("status", wire.Status(stamp=stamp(), state=wire.Status.ONLINE), StatusReport),
        ("ack", wire.Ack(stamp=stamp(), command_id="x", result=wire.Ack.DONE), AckReport),
    ]
    for name, message, kind in messages:
        binary = taken(name, message)
        assert isinstance(binary, kind)
        assert taken(name, MessageToJson(message).encode()) == binary


@pytest.mark.parametrize(
    ("name", "message", "expected"),
    [
        ("accel", b"", "empty"),
        ("button", b"", "empty"),
        ("accel", b"\xff\xff\xff", "not_protobuf"),
        ("accel", b"{ no json", "not_json"),
        ("button", b'{"fix": {"lat_deg": 1' + b"0" * 400 + b"}}", "not_json"),
        ("button", b'{"stamp": {"clock": "\\ud800"}}', "not_json"),
        ("button", b'{"kind":' + b"[" * 5000 + b"]" * 5000 + b"}", "not_json"),
        ("button", wire.Button(stamp=stamp(version=2), kind=1), "unsupported_version"),
        ("button", wire.Button(kind=1), "unsupported_version"),
        ("accel", wire.Accel(stamp=stamp(version=0), motion=motion()), "unsupported_version"),
        ("accel", bytes(70_000), "too_large"),
        ("accel", wire.Accel(stamp=stamp(boot_id=0), motion=motion()), "bad_stamp"),
        ("accel", wire.Accel(stamp=stamp(sequence=0), motion=motion()), "bad_stamp"),
        ("accel", wire.Accel(stamp=stamp(event_uptime_ms=70_000), motion=motion()), "bad_stamp"),
        ("accel", wire.Accel(stamp=stamp(event_wall_ms=0), motion=motion()), "bad_time"),
        ("accel", wire.Accel(stamp=stamp(event_wall_ms=4_102_444_800_000), motion=motion()), "bad_time"),
        ("accel", wire.Accel(stamp=stamp(), motion=motion(scale_mps2=math.nan)), "not_finite"),
        ("accel", wire.Accel(stamp=stamp(), motion=motion(rate_hz=math.inf)), "not_finite"),
        ("accel", wire.Accel(stamp=stamp(), motion=motion(rate_hz=49.0)), "bad_rate"),
        ("accel", wire.Accel(stamp=stamp(), motion=motion(rate_hz=1001.0)), "bad_rate"),
        ("accel", wire.Accel(stamp=stamp(), motion=motion(scale_mps2=0.0)), "bad_scale"),
        ("accel", wire.Accel(stamp=stamp(), motion=motion(full_scale_g=1.0)), "bad_scale"),
        ("accel", wire.Accel(stamp=stamp(), motion=motion(counts=bytes(59))), "bad_samples"),
        ("accel", wire.Accel(stamp=stamp(), motion=motion(samples=0, counts=b"")), "bad_samples"),
        ("impact", wire.Impact(stamp=stamp(), motion=motion(rate_hz=-1.0)), "bad_rate"),
        ("gps", wire.Gps(stamp=stamp()), "bad_position"),
        ("gps", wire.Gps(stamp=stamp(), fixes=[wire.Fix(lat_deg=math.nan, lon_deg=1)]), "bad_position"),
        ("status", wire.Status(stamp=stamp()), "bad_status"),
        ("status", wire.Status(stamp=stamp(), state=7), "bad_status"),  # type: ignore[arg-type]
        ("ack", wire.Ack(stamp=stamp(), command_id="x"), "bad_ack"),
        ("ack", wire.Ack(stamp=stamp(), command_id="x", result=9), "bad_ack"),  # type: ignore[arg-type]
        ("ack", wire.Ack(stamp=stamp(), result=wire.Ack.DONE), "bad_ack"),
    ],
)
def test_what_cannot_be_used_is_rejected_with_its_reason(name: str, message: Any, expected: str) -> None:
    assert reason(name, message) == expected


def test_every_truncation_is_rejected_or_read_and_never_raises() -> None:
    whole = wire.Accel(stamp=stamp(), motion=motion()).SerializeToString()
    for length in range(len(whole)):
        assert isinstance(taken("accel", whole[:length]), Rejection)
    press = wire.Button(stamp=stamp(), kind=wire.Button.LONG, held_ms=3100).SerializeToString()
    for length in range(len(press)):
        assert isinstance(taken("button", press[:length]), Rejection | Press)
