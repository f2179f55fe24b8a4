"""What a sound device would have said, message by message, for tests that then break it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from cli.device_check.rules.fault import Fault
from cli.device_check.trace import Heard, hear
from schemas.recording import G_MPS2
from schemas.wire import device_pb2 as wire

BOOT = 0x5D1E8F2A9C374B60
START = datetime(2026, 9, 21, 3, 0, tzinfo=UTC)
RATE_HZ = 100
SCALE = 16 * G_MPS2 / 32768


class Session:
    """Writes messages of one boot; `delay_s` is the way from the device to us.

    Arrival is `origin_s` plus uptime plus delay, and the wall clock agrees with it.
    """

    def __init__(
        self, boot_id: int = BOOT, *, clock: wire.Stamp.Clock = wire.Stamp.GPS, origin_s: float = 1000.0
    ) -> None:
        self.boot_id = boot_id
        self.clock = clock
        self.origin_s = origin_s
        self.delay_s = 0.02
        self.sequence = 0
        self.heard: list[Heard] = []

    def stamp(self, event_ms: int, sequence: int | None = None) -> wire.Stamp:
        if sequence is None:
            self.sequence += 1
            sequence = self.sequence
        wall_ms = round((START + timedelta(milliseconds=event_ms)).timestamp() * 1000)
        return wire.Stamp(
            version=1,
            boot_id=self.boot_id,
            sequence=sequence,
            event_uptime_ms=event_ms,
            event_wall_ms=0 if self.clock == wire.Stamp.UNSET else wall_ms,
            clock=self.clock,
        )

    def send(self, name: str, message: Any, sent_ms: int, *, qos: int = 1, at_ms: int | None = None) -> Heard:
        """A copy of a message arrives; `at_ms` is the uptime at that moment, by default right after sending."""
        message.stamp.sent_uptime_ms = sent_ms
        arrived_ms = (sent_ms if at_ms is None else at_ms) + 1000 * self.delay_s
        heard = hear(
            f"cb/v1/00/test-1/up/{name}",
            message.SerializeToString(),
            qos=qos,
            at_s=self.origin_s + arrived_ms / 1000,
            received_at=START + timedelta(milliseconds=arrived_ms),
        )
        self.heard.append(heard)
        return heard

    def status(
        self, at_ms: int, state: wire.Status.State = wire.Status.ONLINE, *, at: int | None = None
    ) -> Heard:
        message = wire.Status(stamp=self.stamp(at_ms), state=state, firmware="1.0", hardware="rev-a")
        return self.send("status", message, at_ms, at_ms=at)

    def press(
        self,
        at_ms: int,
        kind: wire.Button.Kind = wire.Button.SHORT,
        held_ms: int = 300,
        sent_ms: int | None = None,
    ) -> Heard:
        message = wire.Button(stamp=self.stamp(at_ms), kind=kind, held_ms=held_ms)
        return self.send("button", message, at_ms + 10 if sent_ms is None else sent_ms)

    def again(self, heard: Heard, sent_ms: int) -> Heard:
        """Another copy of a message."""
        message = type(heard.message).FromString(heard.message.SerializeToString())
        return self.send(heard.name, message, sent_ms)

    def frame(self, event_ms: int, *, samples: int = RATE_HZ, sent_ms: int | None = None) -> Heard:
        """A frame at rest."""
        message = wire.Accel(stamp=self.stamp(event_ms), motion=motion(samples))
        return self.send("accel", message, event_ms + 10 * samples + 15 if sent_ms is None else sent_ms)

    def frames(self, from_ms: int, count: int) -> list[Heard]:
        return [self.frame(from_ms + 1000 * index) for index in range(count)]

    def batch(self, from_ms: int, count: int = 10) -> Heard:
        fixes = [
            wire.Fix(uptime_ms=from_ms + 1000 * index, lat_deg=35.68, lon_deg=139.76, speed_mps=3)
            for index in range(count)
        ]
        message = wire.Gps(stamp=self.stamp(from_ms), fixes=fixes)
        return self.send("gps", message, from_ms + 1000 * (count - 1) + 50)

    def ack(self, command_id: str, result: wire.Ack.Result, at_ms: int) -> Heard:
        message = wire.Ack(stamp=self.stamp(at_ms), command_id=command_id, result=result)
        return self.send("ack", message, at_ms)

    def part(
        self,
        number: int,
        from_ms: int,
        samples: int,
        trigger_ms: int,
        *,
        last: bool = False,
        trigger: int = 1,
    ) -> Heard:
        message = wire.Impact(
            stamp=self.stamp(from_ms),
            trigger=trigger,
            part=number,
            last=last,
            trigger_uptime_ms=trigger_ms,
            motion=motion(samples, blow_at=round((trigger_ms - from_ms) / 10)),
        )
        return self.send("impact", message, from_ms + 10 * samples + 20)

    def burst(self, trigger_ms: int) -> list[Heard]:
        parts = [self.part(0, trigger_ms - 2000, 230, trigger_ms)]
        parts += [
            self.part(number, trigger_ms - 700 + 1000 * number, 100, trigger_ms, last=number == 10)
            for number in range(1, 11)
        ]
        return parts


def motion(samples: int, blow_at: int | None = None) -> wire.Motion:
    """1 g along z; with a blow of 3 g along x at one sample, if it lies within."""
    counts = np.zeros((3, samples), dtype="<i2")
    counts[2] = round(G_MPS2 / SCALE)
    if blow_at is not None and 0 <= blow_at < samples:
        counts[0, blow_at] = round(3 * G_MPS2 / SCALE)
    return wire.Motion(
        rate_hz=RATE_HZ,
        samples=samples,
        scale_mps2=SCALE,
        full_scale_g=16,
        lowpass_hz=42,
        counts=counts.tobytes(),
    )


def changed(heard: Heard, change: Callable[[Any], None]) -> Heard:
    """The same message with something else in it, read anew."""
    message = type(heard.message).FromString(heard.message.SerializeToString())
    change(message)
    return hear(
        f"cb/v1/00/test-1/up/{heard.name}",
        message.SerializeToString(),
        qos=heard.qos,
        at_s=heard.at_s,
        received_at=heard.received_at,
    )


def whys(faults: list[Fault]) -> str:
    return " | ".join(fault.why for fault in faults)
