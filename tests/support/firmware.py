"""Hands on the firmware's core: what goes in, and what comes out as messages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from device_sim.device.core import DeviceCore
from device_sim.device.motion import Block
from device_sim.device.writer import WallClock
from device_sim.physics.pulses import Pulse, sampled_pulse
from device_sim.physics.sensor import Sensor
from schemas.recording import G_MPS2
from schemas.wire.device_pb2 import (
    Accel,
    Ack,
    Button,
    Command,
    Expiry,
    Gps,
    Impact,
    Receipt,
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


def receipt_for(button: Any, **changes: Any) -> bytes:
    values = {"boot_id": button.stamp.boot_id, "sequence": button.stamp.sequence, "incident_id": "inc-7"}
    return command("r-1", receipt=Receipt(**(values | changes)))


def crash_blocks(crashes_s: tuple[float, ...], seconds: float) -> list[Block]:
    motion = np.tile([0.0, 0.0, -G_MPS2], (round(seconds * 100), 1))
    for at_s in crashes_s:
        pulse = sampled_pulse(Pulse(30.0, 0.0), 0.0, 100.0, 42.0)
        first = round(at_s * 100)
        motion[first : first + len(pulse)] += pulse
    counts = Sensor().count(motion)
    return [Block(at * 10.0, 100.0, counts[at : at + 10]) for at in range(0, len(counts), 10)]


def acks(core: DeviceCore, uptime_ms: float) -> list[tuple[str, int]]:
    return [(ack.command_id, ack.result) for ack in of(sent(core, uptime_ms), "ack")]
