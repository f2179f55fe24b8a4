"""All that a simulated device says of a crash, in the order in which it says it."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from functools import cache

from device_sim.device.core import DeviceCore
from device_sim.device.motion import Block
from device_sim.device.writer import Firmware, WallClock
from device_sim.physics.car import Car
from device_sim.physics.pulses import Pulse
from schemas.wire.device_pb2 import Fix, Stamp

BOOT = 0x51DE0FF
CRASH_S = 14.8


@dataclass(frozen=True)
class Said:
    """A message, and how long after boot the device sent it."""

    at_s: float
    name: str
    payload: bytes


@cache
def crash_trace(*, trigger: bool = True, until_s: float = 48.0, gps_batch_s: int = 5) -> tuple[Said, ...]:
    """A crash of 32 km/h at 14.8 s; without a trigger all goes by the bulk lane."""
    car = Car("hakone-old-tokaido", 3, rolling_at_s=CRASH_S)
    car.crash(CRASH_S, Pulse(32.0, 20.0, duration_ms=120.0, seed=3))
    booted_ms = round(time.time() * 1000) - round(until_s * 1000)
    core = DeviceCore(
        BOOT,
        car.sensor,
        WallClock(Stamp.GPS, booted_ms),
        firmware=Firmware(trigger=trigger, gps_batch_s=gps_batch_s),
    )
    core.connected(0.0)
    said: list[Said] = []
    for tenth in range(1, round(until_s * 10)):
        stretch = car.drive(10)
        for fix in stretch.fixes:
            values = asdict(fix)
            core.fix(Fix(uptime_ms=round(values.pop("at_s") * 1000), **values))
        core.motion(Block(stretch.start_s * 1000, stretch.rate_hz, stretch.counts))
        for message in core.outgoing(tenth * 100.0):
            core.delivered(message.sequence)
            said.append(Said(tenth / 10, message.name, message.payload))
    return tuple(said)


def between(said: tuple[Said, ...], from_s: float, to_s: float) -> list[Said]:
    """What was sent from one second after the crash to before another."""
    return [each for each in said if from_s <= each.at_s - CRASH_S < to_s]
