"""The device's firmware without its hardware: what happens goes in, messages to publish come out.

No clock, no network: every call is given the uptime in milliseconds, which never goes back.
Whoever drives it asks for `outgoing` messages after each call, hands them to a connection,
and tells `delivered` when the broker has acknowledged one.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from device_sim.device.button import Held, Presses, PushButton
from device_sim.device.commands import VERSION, CommandError, is_expired, read_command
from device_sim.device.display import Display
from device_sim.device.impacts import ImpactReports, Part
from device_sim.device.journal import Journal
from device_sim.device.motion import Block, Framer
from device_sim.device.store import Store
from device_sim.device.trigger import ImpactTrigger
from device_sim.device.writer import Firmware, Outgoing, WallClock, Writer
from device_sim.physics.sensor import FASTEST_HZ, SLOWEST_HZ, Sensor
from schemas.wire.device_pb2 import Ack, Button, Command, Fix, Receipt, SendWindow, Settings, Signal, Status

STATUS_EVERY_MS: Final = 60000.0
_COMMANDS_REMEMBERED: Final = 256


class DeviceCore:
    """One boot of one device. `rate_hz` is the sampling rate it asks of its sensor.

    Raises ValueError for a `boot_id` of 0 or beyond 64 bits; it must be random.
    """

    def __init__(
        self,
        boot_id: int,
        sensor: Sensor,
        clock: WallClock,
        *,
        firmware: Firmware | None = None,
        store: Store | None = None,
    ) -> None:
        if not 0 < boot_id < 2**64:
            raise ValueError("boot_id must be from 1 to 2**64 - 1")
        self.boot_id = boot_id
        self.clock = clock
        self.firmware = firmware or Firmware()
        self.rate_hz = sensor.rate_hz
        self.display = Display()
        self.journal = Journal()
        self._full_scale_g = sensor.full_scale_g
        self._writer = Writer(boot_id, sensor, clock, self.firmware, store or Store())
        self._online = False
        self._ending = False
        self._status_due_ms: float | None = None
        self._button = PushButton()
        self._presses = Presses()
        self._impact_numbers: set[int] = set()
        trigger = ImpactTrigger(self.firmware.trigger_g) if self.firmware.trigger else None
        self._impacts = ImpactReports(sensor, trigger, self.firmware.motion_kept_s)
        self._framer = Framer()
        self._gps_batch_s = self.firmware.gps_batch_s
        self._batch: list[Fix] = []
        self._answered: OrderedDict[str, Ack.Result] = OrderedDict()
        self._dropped_told = 0
        self.journal.note(0.0, "boot", boot_id=str(boot_id))

    # The connection

    @property
    def online(self) -> bool:
        """Whether there is a connection."""
        return self._online

    @property
    def unacknowledged(self) -> int:
        """Messages the broker has not acknowledged."""
        return self._writer.store.unacknowledged

    @property
    def published(self) -> dict[str, int]:
        """Messages the broker has acknowledged, by the topic's last part."""
        return dict(self._writer.published)

    def connecting(self, uptime_ms: float) -> Outgoing:
        """A connection is about to be made: the last will to give it, with a number of its own."""
        return self._writer.last_will(uptime_ms)

    def connected(self, uptime_ms: float) -> None:
        """The broker has accepted the connection and the subscription."""
        self._online = True
        self.journal.note(uptime_ms, "connected")
        self._say_state(uptime_ms)

    def disconnected(self, uptime_ms: float, reason: str) -> None:
        """The connection is gone, or could not be made."""
        self._online = False
        self._writer.store.connection_lost()
        self.journal.note(uptime_ms, "disconnected", reason=reason)

    def switching_off(self, uptime_ms: float) -> None:
        """The device is about to end: what was begun is sent, and that it goes offline."""
        self.finish_motion()
        self._ending = True
        self._say_state(uptime_ms)

    def outgoing(self, uptime_ms: float) -> list[Outgoing]:
        """What to publish now, at QoS 1; in flight until `delivered` or `disconnected`."""
        if not self._online:
            return []
        messages = self._writer.take(uptime_ms)
        for message in messages:
            if message.name == "button":
                self._presses.handed_over(message.sequence, uptime_ms)
                self.journal.note(uptime_ms, "press_sent", sequence=message.sequence)
        return messages

    def delivered(self, sequence: int) -> None:
        """The broker has acknowledged a message."""
        self._writer.delivered(sequence)

    # What happens to the device

    def motion(self, block: Block) -> None:
        """Counts as the sensor delivers them, in order."""
        for frame in self._framer.add(block):
            self._writer.frame(frame)
        parts, trigger_ms = self._impacts.motion(block)
        if trigger_ms is not None:
            self.journal.note(trigger_ms, "trigger")
        self._put_parts(parts)

    def finish_motion(self) -> None:
        """No more motion follows: the frame, batch and impact begun are sent as they are."""
        for frame in self._framer.flush():
            self._writer.frame(frame)
        self._put_parts(self._impacts.flush())
        self._put_batch()

    def fix(self, fix: Fix) -> None:
        """A position fix."""
        self._impacts.fix(fix)
        self._batch.append(fix)
        if len(self._batch) >= self._gps_batch_s:
            self._put_batch()

    def button_down(self, uptime_ms: float) -> None:
        """A finger presses the button."""
        self._button.down(uptime_ms)

    def button_up(self, uptime_ms: float) -> None:
        """It lets go."""
        self._press(self._button.up(uptime_ms))

    def tick(self, uptime_ms: float) -> None:
        """Do what is due by now: long presses, repeats, status, the end of a signal."""
        self._press(self._button.tick(uptime_ms))
        store = self._writer.store
        for draft in self._presses.to_repeat(uptime_ms):
            if not store.holds(draft.sequence, draft.name):
                store.put(draft)
        self._show_connection(uptime_ms)
        if self.display.tick(uptime_ms):
            self._note_light(uptime_ms)
        if self._online and self._status_due_ms is not None and uptime_ms >= self._status_due_ms:
            self._say_state(uptime_ms)
        if store.dropped > self._dropped_told:
            self.journal.note(uptime_ms, "dropped", messages=store.dropped - self._dropped_told)
            self._dropped_told = store.dropped

    def due_ms(self, uptime_ms: float) -> float | None:
        """When `tick` is to be called next at the latest; None = nothing waits for time."""
        times = [self._button.due_ms, self._presses.due_ms(uptime_ms), self.display.off_at_ms]
        times.append(self._status_due_ms if self._online else None)
        return min((at for at in times if at is not None), default=None)

    def _press(self, press: Held | None) -> None:
        if press is None:
            return
        draft = self._writer.press(press, self._impacts.last_fix)
        self._presses.made(draft, press.at_ms)
        kind = Button.Kind.Name(press.kind)
        self.journal.note(press.at_ms, "press", press=kind, sequence=draft.sequence)

    def _put_parts(self, parts: list[Part]) -> None:
        for part in parts:
            self._impact_numbers.add(self._writer.part(part).sequence)

    def _put_batch(self) -> None:
        if self._batch:
            self._writer.fixes(self._batch)
            self._batch = []

    def _say_state(self, uptime_ms: float) -> None:
        # The broker keeps the last one, and after an orderly end no will corrects it.
        self._writer.status(uptime_ms, Status.OFFLINE if self._ending else Status.ONLINE)
        self._status_due_ms = None if self._ending else uptime_ms + STATUS_EVERY_MS

    def _show_connection(self, uptime_ms: float) -> None:
        overdue = self._presses.any_overdue(uptime_ms)
        if overdue != self.display.not_connected:
            self.display.not_connected = overdue
            kind = "not_connected" if overdue else "connection_shown"
            self.journal.note(uptime_ms, kind, shown=self.display.shown)

    def _note_light(self, uptime_ms: float) -> None:
        self.journal.note(uptime_ms, "light", light=self.display.light, tone=self.display.tone)

    # Commands

    def command(self, payload: bytes, uptime_ms: float) -> None:
        """A message on `down/cmd`: obeyed once, acknowledged every time."""
        try:
            command = read_command(payload)
        except CommandError as error:
            self.journal.note(uptime_ms, "bad_command", reason=str(error))
            return
        result = self._answered.get(command.command_id)
        if result is not None:
            self.journal.note(uptime_ms, "command_repeated", id=command.command_id)
        else:
            result = self._obey(command, uptime_ms)
            # An expired one is decided anew: the receipt of a repeated press has the same id.
            if result != Ack.EXPIRED:
                self._answered[command.command_id] = result
            while len(self._answered) > _COMMANDS_REMEMBERED:
                self._answered.popitem(last=False)
        self._writer.ack(command.command_id, result, uptime_ms)

    def _obey(self, command: Command, uptime_ms: float) -> Ack.Result:
        wall_ms = self.clock.trusted_at(uptime_ms)
        body = command.WhichOneof("body")
        if command.version != VERSION:
            result = Ack.UNSUPPORTED
        elif is_expired(command.expiry, self.boot_id, uptime_ms, wall_ms):
            result = Ack.EXPIRED
        elif body is None:
            result = Ack.UNSUPPORTED
        elif body == "receipt":
            result = self._received(command.receipt, uptime_ms)
        elif body == "signal":
            result = self._signal(command.signal, uptime_ms)
        elif body == "send_window":
            result = self._send_again(command.send_window)
        else:
            result = self._set(command.settings)
        name = Ack.Result.Name(result)
        self.journal.note(uptime_ms, "command", id=command.command_id, body=body or "", result=name)
        return result

    def _received(self, receipt: Receipt, uptime_ms: float) -> Ack.Result:
        ours = receipt.boot_id == self.boot_id
        press = ours and self._presses.confirmed(receipt.sequence)
        if not press and not (ours and receipt.sequence in self._impact_numbers):
            return Ack.FAILED
        self.journal.note(
            uptime_ms,
            "receipt",
            of="press" if press else "impact",
            sequence=receipt.sequence,
            incident_id=receipt.incident_id,
        )
        self._show_connection(uptime_ms)
        return Ack.DONE

    def _signal(self, signal: Signal, uptime_ms: float) -> Ack.Result:
        try:
            self.display.signal(signal, uptime_ms)
        except ValueError:  # a light or tone of a later firmware
            return Ack.UNSUPPORTED
        self._note_light(uptime_ms)
        return Ack.DONE

    def _send_again(self, window: SendWindow) -> Ack.Result:
        parts = self._impacts.again(window.from_uptime_ms, window.to_uptime_ms)
        self._put_parts(parts)
        return Ack.DONE if parts else Ack.FAILED

    def _set(self, settings: Settings) -> Ack.Result:
        rate_hz = settings.accel_rate_hz if settings.HasField("accel_rate_hz") else self.rate_hz
        batch_s = settings.gps_batch_s if settings.HasField("gps_batch_s") else self._gps_batch_s
        trigger_g = settings.trigger_g if settings.HasField("trigger_g") else None
        if (
            not SLOWEST_HZ <= rate_hz <= FASTEST_HZ
            or (rate_hz != self.rate_hz and not self.firmware.rate_can_change)
            or not 1 <= batch_s <= 600
            or (trigger_g is not None and not 0.2 <= trigger_g <= self._full_scale_g)
        ):
            return Ack.FAILED
        self.rate_hz, self._gps_batch_s = rate_hz, batch_s
        if trigger_g is not None and self._impacts.trigger is not None:
            self._impacts.trigger.threshold_g = trigger_g
        return Ack.DONE
