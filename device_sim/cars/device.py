"""A car and its device in real time: the car moves, the device measures, talks and is acted upon."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final

from device_sim.cars.config import Action, CarConfig, Offline, Press
from device_sim.cars.journey import Journey
from device_sim.device.core import DeviceCore
from device_sim.device.journal import Journal, JournalEntry
from device_sim.device.link import Broker, Identity, Link
from device_sim.device.session import Session
from device_sim.device.writer import WallClock
from device_sim.physics.sensor import Sensor
from schemas.wire.device_pb2 import Fix, Stamp

_HOLD_S: Final = {"short": 0.3, "long": 3.4}
_LOOK_EVERY_S: Final = 0.2
_ROLLOVER_MS: Final = 1024 * 7 * 86400 * 1000

OnEntry = Callable[["Device", JournalEntry], None]


class Device:
    """One simulated car with its device; a member of a `DeviceLoop`.

    `boot_s` is `time.monotonic()` at its start and `boot_unix_s` the true time then.
    `events` holds what physically happened, `core.journal` what the device did about it;
    `on_entry` hears of every entry of either.
    """

    def __init__(
        self,
        config: CarConfig,
        broker: Broker,
        opener: Callable[[Callable[[], None]], Future[None]],
        *,
        boot_s: float,
        boot_unix_s: float,
        on_entry: OnEntry | None = None,
        first_connect_s: float = 0.0,
    ) -> None:
        sensor = Sensor(config.rate_hz, config.full_scale_g, config.lowpass_hz)
        self.config = config
        self.boot_s = boot_s
        self.boot_unix_s = boot_unix_s
        self.events = Journal()
        self.journey = Journey(config)
        self.core = DeviceCore(secrets.randbelow(2**64 - 1) + 1, sensor, _wall_clock(config, boot_unix_s))
        self.last_fix: Fix | None = None
        identity = Identity(config.shard, config.device_id)
        self._session = Session(self.core, broker, identity, opener, first_at_s=first_connect_s)
        self._on_entry = on_entry
        self._told = {"events": 0, "core": 0}
        self._finger: list[tuple[float, bool]] = []  # when the button goes down (True) and up
        self._planned: list[Press | Offline] = []
        self._switched_off = False
        for action in config.script:
            self.perform(action, boot_s)

    @property
    def link(self) -> Link | None:
        """The connection to watch."""
        return self._session.link

    def unix_s(self, uptime_ms: float) -> float:
        """True Unix time of an uptime, whatever the device's own clock says."""
        return self.boot_unix_s + uptime_ms / 1000.0

    def perform(self, action: Action, now_s: float) -> float:
        """Let something happen at its `at_s` or at once; returns the uptime in seconds, at the earliest.

        What the car cannot do then shows up in `events` as refused.
        """
        uptime_s = now_s - self.boot_s
        at_s = uptime_s if action.at_s is None else max(action.at_s, uptime_s)
        planned = action.model_copy(update={"at_s": at_s})
        if isinstance(planned, Press | Offline):
            self._planned.append(planned)
            return at_s
        return self.journey.plan(planned)

    def step(self, now_s: float) -> float:
        """Do what is due; returns when to be called again at the latest."""
        uptime_s = now_s - self.boot_s
        if not self._switched_off:
            self._live(now_s, uptime_s)
        self._session.step(now_s, uptime_s * 1000.0)
        self._tell()
        return now_s + _LOOK_EVERY_S if self._switched_off else self._next_due_s(uptime_s)

    def switch_off(self, now_s: float) -> None:
        """Say goodbye: from now on nothing is measured, and the rest and status OFFLINE are handed over."""
        self.core.switching_off((now_s - self.boot_s) * 1000.0)
        self._switched_off = True
        self.step(now_s)

    def end(self) -> None:
        """Disconnect in order. What the broker has not acknowledged is lost with the device."""
        self._session.end()

    def _live(self, now_s: float, uptime_s: float) -> None:
        blocks, fixes = self.journey.measured(uptime_s, self.core.rate_hz)
        for fix in fixes:
            self.last_fix = fix
            self.core.fix(fix)
        for block in blocks:
            self.core.motion(block)
        for happening in self.journey.happened(uptime_s):
            self.events.note(happening.uptime_s * 1000.0, happening.kind, **happening.data)
        self._act(now_s, uptime_s)
        self.core.tick(uptime_s * 1000.0)

    def _act(self, now_s: float, uptime_s: float) -> None:
        slow_kmh = self.last_fix.speed_mps * 3.6 if self.last_fix else 0.0
        waiting: list[Press | Offline] = []
        for action in self._planned:
            at_s = action.at_s or 0.0
            if at_s > uptime_s or (action.min_speed_kmh or 0.0) > slow_kmh:
                waiting.append(action)
            elif isinstance(action, Press):
                at_s = uptime_s if action.min_speed_kmh else at_s
                self.events.note(at_s * 1000.0, "press", press=action.kind)
                self._finger += [(at_s, True), (at_s + _HOLD_S[action.kind], False)]
            else:
                self.events.note(uptime_s * 1000.0, "offline", for_s=action.for_s)
                self._session.offline(now_s, action.for_s, uptime_s * 1000.0)
        self._planned = waiting
        for at_s, down in sorted(self._finger):
            if at_s <= uptime_s:
                (self.core.button_down if down else self.core.button_up)(at_s * 1000.0)
        self._finger = [move for move in self._finger if move[0] > uptime_s]

    def _tell(self) -> None:
        for name, journal in (("events", self.events), ("core", self.core.journal)):
            if journal.written > self._told[name]:
                for entry in journal.after(self._told[name]):
                    if self._on_entry is not None:
                        self._on_entry(self, entry)
                self._told[name] = journal.written

    def _next_due_s(self, uptime_s: float) -> float:
        times = [self.journey.next_block_s, *(at_s for at_s, _ in self._finger)]
        times += [action.at_s or 0.0 for action in self._planned if (action.at_s or 0.0) > uptime_s]
        due_ms = self.core.due_ms(uptime_s * 1000.0)
        times += [] if due_ms is None else [due_ms / 1000.0]
        return min(self.boot_s + min(times), self._session.due_s())


def _wall_clock(config: CarConfig, boot_unix_s: float) -> WallClock:
    boot_ms = round(boot_unix_s * 1000.0)
    if config.clock == "none":
        return WallClock(Stamp.UNSET)
    return WallClock(Stamp.GPS, boot_ms - (_ROLLOVER_MS if config.clock == "wrong" else 0))
