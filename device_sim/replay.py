"""Plays a recording over MQTT as the device that made it would have sent it."""

from __future__ import annotations

import itertools
import math
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from device_sim.device.core import DeviceCore
from device_sim.device.link import Broker, Identity, Link
from device_sim.device.loop import DeviceLoop
from device_sim.device.motion import Block
from device_sim.device.session import Session
from device_sim.device.store import Store
from device_sim.device.writer import Firmware, WallClock
from device_sim.physics.sensor import FASTEST_HZ, SLOWEST_HZ, Sensor
from schemas.recording import Floats, Recording
from schemas.wire.device_pb2 import Fix, Stamp

_BLOCK_S: Final = 0.1
_GAP_S: Final = 0.05
_MOST_WAITING: Final = 400
_IN_FLIGHT: Final = 100
_NO_PROGRESS_S: Final = 60.0
_UNKNOWN_FULL_SCALE_G: Final = 16.0
_EARTH_M: Final = 6371008.8
"""Mean radius of the Earth (IUGG)."""


class ReplayError(RuntimeError):
    """A recording that cannot be played, or a broker that does not take it."""


@dataclass(frozen=True, slots=True)
class Played:
    """What became of a replay: messages the broker acknowledged, by topic name; the boot they were of."""

    boot_id: int
    published: dict[str, int]
    triggers: tuple[float, ...]
    """When the device's own trigger fired, in seconds after the recording's first sample."""


Progress = Callable[[float, float], None]
"""Called with seconds played and seconds in all."""


def replay(
    recording: Recording,
    broker: Broker,
    identity: Identity,
    *,
    speed: float = 1.0,
    progress: Progress | None = None,
    trigger: bool = True,
    stopping: Callable[[], bool] = lambda: False,
) -> Played:
    """Publish a recording and wait until the broker has acknowledged all of it.

    Motion goes out at the recording's own rate in frames of round(rate) samples and a last,
    shorter one; positions at 1 Hz at most, only where latitude and longitude are known.
    `speed` 10 plays ten times as fast, infinity as fast as the broker takes it; uptimes
    stay those of the recording, and its last moment is now: the wall clock never runs ahead.
    `trigger` lets the device notice impacts by itself. Commands are obeyed as usual. A broken
    connection is made again and nothing is lost.

    Raises ReplayError for a rate outside 50-1,000 Hz, a range outside 2-200 g, a speed not
    above 0, or when the broker takes nothing for a minute.
    """
    if not speed > 0:
        raise ReplayError(f"speed {speed:g} is not above 0")
    player = _Player(recording, broker, identity, trigger=trigger, speed=speed)
    try:
        player.play(progress, stopping)
    finally:
        player.close()
    return player.played()


class _Player:
    """Drives a device core by a recording's time; a member of its own loop."""

    def __init__(
        self, recording: Recording, broker: Broker, identity: Identity, *, trigger: bool, speed: float
    ) -> None:
        self._recording = recording
        self._speed = speed
        self._start_s = float(recording.acc_t_s[0])
        self._sensor = _sensor_of(recording)
        duration_s = recording.duration_s
        shift_s = duration_s - (0.0 if math.isinf(speed) else duration_s / speed)
        wall_ms = round((time.time() - max(0.0, shift_s)) * 1000.0)
        self._core = DeviceCore(
            secrets.randbelow(2**64 - 1) + 1,
            self._sensor,
            WallClock(Stamp.GPS, wall_ms),
            firmware=Firmware(version="replay-1", trigger=trigger, rate_can_change=False),
            store=Store(capacity_bytes=2**40, bulk_per_s=math.inf, in_flight=_IN_FLIGHT),
        )
        self._loop = DeviceLoop()
        self._session = Session(self._core, broker, identity, self._loop.opener(lambda: self))
        self._uptime_ms = 0.0
        self._loop.add(self)

    @property
    def link(self) -> Link | None:
        return self._session.link

    def step(self, now_s: float) -> float:
        self._core.tick(self._uptime_ms)
        self._session.step(now_s, self._uptime_ms)
        return min(self._session.due_s(), now_s + 0.2)

    def play(self, progress: Progress | None, stopping: Callable[[], bool]) -> None:
        """Everything, then wait for the broker."""
        self._wait(lambda: self._core.online, "did not accept the device")
        fixes = _fixes_of(self._recording, self._start_s)
        begun_s = time.monotonic()
        for block in _blocks_of(self._recording, self._sensor, self._start_s):
            due_s = begun_s + block.end_ms / 1000.0 / self._speed
            while (ahead_s := due_s - time.monotonic()) > 0 and not stopping():
                self._loop.turn(min(ahead_s, 0.2))
            if stopping():
                break
            self._wait(lambda: self._core.unacknowledged < _MOST_WAITING, "stopped acknowledging")
            self._uptime_ms = max(self._uptime_ms, block.end_ms)
            while fixes and fixes[0].uptime_ms <= block.end_ms:
                self._core.fix(fixes.pop(0))
            self._core.motion(block)
            self.step(time.monotonic())
            self._loop.turn(0.0)
            if progress is not None:
                progress(min(block.end_ms / 1000.0, self._recording.duration_s), self._recording.duration_s)
        for fix in fixes if not stopping() else []:
            # At the end of an uneven recording a fix may be younger than the last block.
            self._uptime_ms = max(self._uptime_ms, float(fix.uptime_ms))
            self._core.fix(fix)
        self._core.switching_off(self._uptime_ms)
        self._wait(lambda: self._core.unacknowledged == 0, "did not acknowledge everything")

    def close(self) -> None:
        """Disconnect in order."""
        self._session.end()
        self._loop.close()

    def played(self) -> Played:
        """What was done."""
        journal = self._core.journal.entries
        return Played(
            self._core.boot_id,
            self._core.published,
            tuple(entry.uptime_ms / 1000.0 for entry in journal if entry.kind == "trigger"),
        )

    def _wait(self, done: Callable[[], bool], complaint: str) -> None:
        moved_s, left = time.monotonic(), self._core.unacknowledged
        while not done():
            self._loop.turn(0.05)
            if self._core.unacknowledged != left:
                moved_s, left = time.monotonic(), self._core.unacknowledged
            if time.monotonic() > moved_s + _NO_PROGRESS_S:
                reasons = [
                    str(e.data["reason"]) for e in self._core.journal.entries if e.kind == "disconnected"
                ]
                because = f" ({reasons[-1]})" if reasons else ""
                raise ReplayError(
                    f"{self._recording.name}: the broker {complaint} for {_NO_PROGRESS_S:g} s{because}; "
                    f"acknowledged so far: {self._core.published}"
                )


def _sensor_of(recording: Recording) -> Sensor:
    rate_hz = recording.rate_hz
    if not SLOWEST_HZ <= rate_hz <= FASTEST_HZ:
        raise ReplayError(
            f"{recording.name}: {rate_hz:.1f} Hz is outside the {SLOWEST_HZ:g} to {FASTEST_HZ:g} Hz a device sends"
        )
    try:
        return Sensor(rate_hz, recording.full_scale_g or _UNKNOWN_FULL_SCALE_G, recording.lowpass_hz)
    except ValueError as error:
        raise ReplayError(f"{recording.name}: {error}") from error


def _blocks_of(recording: Recording, sensor: Sensor, start_s: float) -> Iterator[Block]:
    """The recording in pieces of a tenth of a second, each at its own time; gaps stay gaps."""
    times_s: Floats = recording.acc_t_s - start_s
    counts = sensor.count(recording.acc_mps2)
    size = max(1, round(sensor.rate_hz * _BLOCK_S))
    gaps = np.flatnonzero(np.diff(times_s) > _GAP_S + 1.0 / sensor.rate_hz) + 1
    edges = [0, *gaps.tolist(), times_s.size]
    for first, end in itertools.pairwise(edges):
        for at in range(first, end, size):
            yield Block(float(times_s[at]) * 1000.0, sensor.rate_hz, counts[at : min(at + size, end)])


def _fixes_of(recording: Recording, start_s: float) -> list[Fix]:
    """The first fix with a place in every second; speed and course from the places where not recorded."""
    times_s: Floats = recording.gps_t_s - start_s
    known = np.isfinite(recording.gps_lat_deg) & np.isfinite(recording.gps_lon_deg)
    known &= np.isfinite(times_s) & (times_s >= 0.0) & (times_s <= recording.duration_s)
    rows = np.flatnonzero(known)
    rows = rows[np.argsort(times_s[rows], kind="stable")]
    _, firsts = np.unique(np.floor(times_s[rows]), return_index=True)
    rows = rows[firsts]
    speeds, courses = _over_ground(times_s[rows], recording.gps_lat_deg[rows], recording.gps_lon_deg[rows])
    recorded = recording.gps_speed_mps[rows], recording.gps_heading_deg[rows]
    speeds = np.where(np.isfinite(recorded[0]), recorded[0], speeds)
    courses = np.where(np.isfinite(recorded[1]), recorded[1], courses) % 360.0
    return [
        Fix(
            uptime_ms=round(float(times_s[row]) * 1000.0),
            lat_deg=float(recording.gps_lat_deg[row]),
            lon_deg=float(recording.gps_lon_deg[row]),
            speed_mps=float(speed),
            heading_deg=float(course),
        )
        for row, speed, course in zip(rows.tolist(), speeds, courses, strict=True)
    ]


def _over_ground(times_s: Floats, lat_deg: Floats, lon_deg: Floats) -> tuple[Floats, Floats]:
    """Speed in m/s and course in degrees from one place to the next, on a sphere."""
    if times_s.size < 2:
        return np.zeros(times_s.size), np.zeros(times_s.size)
    north = np.radians(np.gradient(lat_deg, times_s)) * _EARTH_M
    east = np.radians(np.gradient(lon_deg, times_s)) * _EARTH_M * np.cos(np.radians(lat_deg))
    return np.hypot(north, east), np.degrees(np.arctan2(east, north)) % 360.0
