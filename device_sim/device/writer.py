"""Writes the device's messages: stamps and numbers them, and keeps them until the broker has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from device_sim.device.button import Held
from device_sim.device.commands import VERSION
from device_sim.device.impacts import Part
from device_sim.device.motion import Block
from device_sim.device.store import Draft, Store, Uplink
from device_sim.physics.sensor import Sensor
from schemas.wire.device_pb2 import Accel, Ack, Button, Fix, Gps, Stamp, Status


@dataclass(frozen=True, slots=True)
class WallClock:
    """The device's own idea of the time: Unix time at boot, and where it is from."""

    source: Stamp.Clock
    boot_unix_ms: int = 0

    def at(self, uptime_ms: float) -> int:
        """Unix milliseconds by this clock; 0 while it was never set."""
        return 0 if self.source == Stamp.UNSET else self.boot_unix_ms + round(uptime_ms)

    def trusted_at(self, uptime_ms: float) -> int | None:
        """The same, but only when set by GPS or network."""
        return self.at(uptime_ms) if self.source in (Stamp.GPS, Stamp.NETWORK) else None


@dataclass(frozen=True, slots=True)
class Firmware:
    """How a device is set up when it boots."""

    version: str = "sim-1"
    hardware: str = "simulated"
    trigger: bool = True
    trigger_g: float = 2.0
    gps_batch_s: int = 10
    rate_can_change: bool = True
    motion_kept_s: float = 120.0
    battery_mv: int = 3900
    signal_dbm: int = -78


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message for the connection: last part of the topic, payload, its number."""

    name: str
    payload: bytes
    retain: bool
    sequence: int


class Writer:
    """One boot's messages. `published` counts those the broker has acknowledged, by topic name."""

    def __init__(
        self, boot_id: int, sensor: Sensor, clock: WallClock, firmware: Firmware, store: Store
    ) -> None:
        self.published: dict[str, int] = {}
        self.store = store
        self._boot_id = boot_id
        self._sensor = sensor
        self._clock = clock
        self._firmware = firmware
        self._sequence = 0

    def press(self, held: Held, fix: Fix | None) -> Draft:
        """A press of the button."""
        stamp = self._stamp(held.at_ms)
        return self._put("button", Button(stamp=stamp, kind=held.kind, held_ms=held.held_ms, fix=fix))

    def part(self, part: Part) -> Draft:
        """A part of an impact."""
        part.message.stamp.CopyFrom(self._stamp(part.event_ms))
        return self._put("impact", part.message)

    def frame(self, frame: Block) -> None:
        """A second of driving."""
        motion = self._sensor.message(frame.counts, frame.rate_hz)
        self._put("accel", Accel(stamp=self._stamp(frame.uptime_ms), motion=motion))

    def fixes(self, fixes: Sequence[Fix]) -> None:
        """A batch of positions, at least one."""
        self._put("gps", Gps(stamp=self._stamp(fixes[0].uptime_ms), fixes=fixes))

    def ack(self, command_id: str, result: Ack.Result, uptime_ms: float) -> None:
        """The answer to a command."""
        self._put("ack", Ack(stamp=self._stamp(uptime_ms), command_id=command_id, result=result))

    def status(self, uptime_ms: float, state: Status.State) -> None:
        """How the device is."""
        self._put("status", self._status(uptime_ms, state))

    def last_will(self, uptime_ms: float) -> Outgoing:
        """What the broker is to publish when the connection breaks; never in the store."""
        will = self._status(uptime_ms, Status.OFFLINE)
        will.stamp.sent_uptime_ms = round(uptime_ms)
        return Outgoing("status", will.SerializeToString(), True, will.stamp.sequence)

    def take(self, uptime_ms: float) -> list[Outgoing]:
        """The messages to hand to the connection now, stamped with the time of sending."""
        return [self._outgoing(draft, uptime_ms) for draft in self.store.take(uptime_ms)]

    def delivered(self, sequence: int) -> None:
        """The broker has a message."""
        if draft := self.store.acknowledged(sequence):
            self.published[draft.name] = self.published.get(draft.name, 0) + 1

    def _outgoing(self, draft: Draft, uptime_ms: float) -> Outgoing:
        draft.message.stamp.sent_uptime_ms = round(uptime_ms)
        if isinstance(draft.message, Status):
            draft.message.buffered_messages = self.store.waiting
        return Outgoing(draft.name, draft.message.SerializeToString(), draft.name == "status", draft.sequence)

    def _put(self, name: str, message: Uplink) -> Draft:
        draft = Draft(name, message, message.ByteSize())
        self.store.put(draft)
        return draft

    def _status(self, uptime_ms: float, state: Status.State) -> Status:
        firmware = self._firmware
        return Status(
            stamp=self._stamp(uptime_ms),
            state=state,
            firmware=firmware.version,
            hardware=firmware.hardware,
            battery_mv=firmware.battery_mv,
            signal_dbm=firmware.signal_dbm,
        )

    def _stamp(self, event_ms: float) -> Stamp:
        self._sequence += 1
        return Stamp(
            version=VERSION,
            boot_id=self._boot_id,
            sequence=self._sequence,
            event_uptime_ms=max(0, round(event_ms)),
            event_wall_ms=self._clock.at(event_ms),
            clock=self._clock.source,
        )
