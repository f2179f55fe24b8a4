"""Impacts as devices report them, made once and told by many: a crowd needs no cars of its own.

A simulated device lives through a crash without a connection; what it would have sent is then published for
each device of the crowd, with a boot, a clock and a topic of its own.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from paho.mqtt.client import Client, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion
from pydantic import TypeAdapter

from cli.story.story import Data
from device_sim.cars.config import CarConfig, Offline, Press
from device_sim.cars.journey import Journey
from device_sim.device.core import DeviceCore
from device_sim.device.writer import WallClock
from device_sim.physics.sensor import Sensor
from runtime.nats import DEVICE_USER
from schemas import topics
from schemas.wire.device_pb2 import Button, Fix, Gps, Impact, Stamp

_CRASH_AT_S: Final = 8.0
_LIVES_S: Final = 9.5
_TICK_S: Final = 0.1


def burst(deed: Data, route: str) -> tuple[Impact, ...]:
    """The messages of the impact that a device reports of a crash, in order; its clock begins at 0."""
    script: list[Any] = [{**deed, "at_s": _CRASH_AT_S}]
    car = TypeAdapter(CarConfig).validate_python(
        {"device_id": "CB-CROWD", "shard": "00", "route": route, "seed": 1, "script": script}
    )
    journey, core = Journey(car), DeviceCore(1, Sensor(), WallClock(Stamp.GPS))
    for action in car.script:
        if not isinstance(action, Press | Offline):
            journey.plan(action)
    core.connected(0.0)
    found: list[Impact] = []
    for tick in range(1, round(_LIVES_S / _TICK_S) + 1):
        now_s = tick * _TICK_S
        blocks, fixes = journey.measured(now_s, core.rate_hz)
        for fix in fixes:
            core.fix(fix)
        for block in blocks:
            core.motion(block)
        core.tick(now_s * 1000.0)
        for message in core.outgoing(now_s * 1000.0):
            core.delivered(message.sequence)
            if message.name == "impact":
                found.append(Impact.FromString(message.payload))
    return tuple(found)


@dataclass(slots=True)
class _Boot:
    """One device of the crowd since it was struck; its wall clock is its uptime plus `shift_ms`."""

    id: int
    shift_ms: int
    sequence: int
    fix: Fix


class Crowd:
    """Publishes for many devices over one connection. Raises OSError where there is no broker."""

    def __init__(self, host: str, port: int, password: str, shards: Mapping[str, str]) -> None:
        self._shards = shards
        self._boots: dict[str, _Boot] = {}
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv311)
        self._client.username_pw_set(DEVICE_USER, password)
        self._client.connect(host, port)
        self._client.loop_start()

    def close(self) -> None:
        """Leave; what was published is with the broker."""
        self._client.disconnect()
        self._client.loop_stop()

    def strike(self, device_id: str, impact: tuple[Impact, ...]) -> None:
        """The device reports this impact, which ended just now."""
        last = impact[-1]
        boot = _Boot(_random_id(), _now_ms() - round(_LIVES_S * 1000.0), last.stamp.sequence, last.fixes[-1])
        self._boots[device_id] = boot
        for part in impact:
            own = Impact()
            own.CopyFrom(part)
            own.stamp.boot_id = boot.id
            own.stamp.event_wall_ms += boot.shift_ms
            self._publish(device_id, "impact", own)

    def press(self, device_id: str) -> None:
        """The device reports a short press."""
        stamp = _stamp(_random_id(), sequence=1, uptime_ms=60_000, wall_ms=_now_ms())
        self._publish(device_id, "button", Button(stamp=stamp, kind=Button.SHORT, held_ms=300))

    def live(self) -> None:
        """Whoever was struck says where they stand: a device that falls silent is taken for worse."""
        for device_id, boot in self._boots.items():
            boot.sequence += 1
            wall_ms = _now_ms()
            boot.fix.uptime_ms, boot.fix.speed_mps = wall_ms - boot.shift_ms, 0.0
            stamp = _stamp(boot.id, boot.sequence, boot.fix.uptime_ms, wall_ms)
            self._publish(device_id, "gps", Gps(stamp=stamp, fixes=[boot.fix]))

    def _publish(self, device_id: str, name: str, message: Impact | Button | Gps) -> None:
        topic = topics.up(self._shards[device_id], device_id, name)
        self._client.publish(topic, message.SerializeToString(), qos=1)


def _stamp(boot_id: int, sequence: int, uptime_ms: int, wall_ms: int) -> Stamp:
    return Stamp(
        version=1,
        boot_id=boot_id,
        sequence=sequence,
        event_uptime_ms=uptime_ms,
        sent_uptime_ms=uptime_ms,
        event_wall_ms=wall_ms,
        clock=Stamp.GPS,
    )


def _random_id() -> int:
    return secrets.randbelow(2**63) + 1


def _now_ms() -> int:
    return round(time.time() * 1000.0)
