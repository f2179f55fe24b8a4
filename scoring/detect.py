"""Detecting impacts in a recording: its motion goes through the very screen and analysis of the live system.

Whole or as a stream, the result is the same, and a stream needs no more memory than the minutes around a shock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from schemas.recording import Recording, RecordingError
from schemas.recording_file import BLOCK_SAMPLES
from scoring.analyse import CONTEXT_AFTER_S, CONTEXT_BEFORE_S, SAME_IMPACT_S, analyse
from scoring.finding import Analysis
from scoring.frames import (
    MAX_RATE_HZ,
    MIN_RATE_HZ,
    Floats,
    Frame,
    Motion,
    frames_of,
    stretch_around,
    stretches,
)
from scoring.memory import Hit, Memory, screen_batch
from scoring.mount import Mount, learn_mount
from scoring.sampling import USUAL_RANGE_G, Signal, even, is_served, rate_of
from scoring.speed import SpeedTrack

FRAME_S: Final = 1.0
LEARN_FROM_S: Final = 600.0
"""Mounts are learnt from this long before a shock: a device may have been moved before that."""


RATE_FROM_SAMPLES: Final = BLOCK_SAMPLES
"""The rate is that of so many samples from the beginning, which is what a stream knows."""


class RateError(RecordingError):
    """A recording sampled too slowly, or too fast, for impact detection."""


@dataclass(frozen=True, slots=True)
class Sensor:
    """What a stream of motion was sampled with; `full_scale_g` 0 is not known, `lowpass_hz` too."""

    rate_hz: float
    full_scale_g: float
    lowpass_hz: float


def detect(recording: Recording) -> list[Analysis]:
    """The impacts of a recording, class knock or more, in order of time.

    `uptime_s` of each is in the recording's own seconds. Raises RateError where the recording's rate
    is outside 50 to 1,000 Hz.
    """
    rate_hz = rate_of(recording.acc_t_s[:RATE_FROM_SAMPLES])
    check_rate(recording.name, rate_hz)
    sensor = Sensor(rate_hz, recording.full_scale_g, recording.lowpass_hz)
    speed = speed_track(recording.gps_t_s, recording.gps_speed_mps, recording.gps_heading_deg)
    return list(detect_stream([(recording.acc_t_s, recording.acc_mps2)], sensor, speed))


def detect_stream(
    blocks: Iterable[tuple[Signal, Signal]], sensor: Sensor, speed: SpeedTrack | None = None
) -> Iterator[Analysis]:
    """The impacts of motion that comes in blocks of times (n,) and accelerations (n, 3), as soon as they are sure."""
    watch = _Watch(speed)
    for frame in _frames(blocks, sensor):
        yield from watch.take(frame)
    yield from watch.finish()


def check_rate(name: str, rate_hz: float) -> None:
    """Raise RateError, saying what is wanted, where the rate is not served."""
    if not is_served(rate_hz):
        raise RateError(
            f"{name}: sampled at {rate_hz:.1f} Hz; impact detection needs {MIN_RATE_HZ:g} to "
            f"{MAX_RATE_HZ:g} Hz: a shock lasts a tenth of a second"
        )


def speed_track(times_s: Signal, speed_mps: Signal, heading_deg: Signal) -> SpeedTrack | None:
    """The GPS of a recording; None where it has none. Two fixes of one moment are one."""
    once_s, once = np.unique(times_s, return_index=True)
    return SpeedTrack(once_s, speed_mps[once], heading_deg[once]) if once_s.size else None


def _frames(blocks: Iterable[tuple[Signal, Signal]], sensor: Sensor) -> Iterator[Frame]:
    """Frames of a second, as a device would send them; shorter where a stretch ends."""
    samples = max(1, round(FRAME_S * sensor.rate_hz))
    full_scale_g = sensor.full_scale_g if sensor.full_scale_g > 0 else USUAL_RANGE_G
    begin_s, held = 0.0, np.zeros((3, 0), dtype=np.float32)

    def cut(acc: Floats) -> tuple[Frame, ...]:
        motion = Motion(acc, begin_s, sensor.rate_hz, full_scale_g, max(sensor.lowpass_hz, 0.0))
        return frames_of(motion, samples)

    for at_s, piece in even(blocks, sensor.rate_hz):
        if held.size and abs(at_s - begin_s - held.shape[1] / sensor.rate_hz) > 0.5 / sensor.rate_hz:
            yield from cut(held)
            held = held[:, :0]
        if not held.size:
            begin_s = at_s
        held = np.concatenate([held, piece], axis=1)
        whole = held.shape[1] - held.shape[1] % samples
        yield from cut(held[:, :whole]) if whole else ()
        begin_s, held = begin_s + whole / sensor.rate_hz, held[:, whole:]
    if held.size:
        yield from cut(held)


class _Watch:
    """Screens frames as they come, and analyses around a hit once what it needs to see is there."""

    def __init__(self, speed: SpeedTrack | None) -> None:
        self._speed = speed
        self._mount: Mount | None = None
        self._memories: dict[Hashable, Memory] = {}
        self._frames: deque[Frame] = deque()
        self._hits: deque[Hit] = deque()
        self._last_s = -np.inf

    def take(self, frame: Frame) -> Iterator[Analysis]:
        """One more frame; the impacts that are sure by it."""
        new, hits = screen_batch(self._memories, (frame,))
        self._memories.update(new)
        self._hits += hits
        self._frames.append(frame)
        now_s = frame.uptime_ms / 1000
        while self._hits and self._hits[0].uptime_ms / 1000 + CONTEXT_AFTER_S < now_s:
            yield from self._around(self._hits.popleft())
        waiting_s = self._hits[0].uptime_ms / 1000 if self._hits else now_s
        while self._frames[0].uptime_ms / 1000 < min(waiting_s, now_s) - LEARN_FROM_S:
            self._frames.popleft()

    def finish(self) -> Iterator[Analysis]:
        """What is left when nothing more comes."""
        while self._hits:
            yield from self._around(self._hits.popleft())

    def _around(self, hit: Hit) -> Iterator[Analysis]:
        """The impacts at a hit, from the frames that a live system would load."""
        at_s = hit.uptime_ms / 1000
        near = [
            frame
            for frame in self._frames
            if frame.uptime_ms / 1000 + frame.duration_s >= at_s - CONTEXT_BEFORE_S
            and frame.uptime_ms / 1000 <= at_s + CONTEXT_AFTER_S
        ]
        motion = stretch_around(near, at_s)
        if motion is None:
            return
        found = analyse(motion, at_s, speed=self._speed, gravity_mps2=hit.gravity_mps2)
        if self._speed is not None and any(each.severity.rank > 0 for each in found):
            self._learn(at_s)
            found = analyse(motion, at_s, speed=self._speed, mount=self._mount, gravity_mps2=hit.gravity_mps2)
        for each in found:
            if each.severity.rank > 0 and each.uptime_s - self._last_s >= SAME_IMPACT_S:
                self._last_s = each.uptime_s
                yield each

    def _learn(self, at_s: float) -> None:
        """Learn the mount from the minutes before, where they tell."""
        if self._speed is None:
            return
        before = [frame for frame in self._frames if frame.uptime_ms / 1000 + frame.duration_s <= at_s - 0.5]
        longest = max(stretches(before), key=lambda motion: motion.samples, default=None) if before else None
        learnt = learn_mount(longest, self._speed) if longest is not None else None
        self._mount = learnt or self._mount
