"""Stretches of acceleration: from the int16 counts of stored frames to one row of samples in m/s2.

A device numbers nothing but time: each frame carries the uptime of its first sample in whole
milliseconds, with a jitter of a couple of them, while the sensor's own clock may run up to one
per cent off its nominal rate. Frames are joined by these uptimes, the same way for live
analysis and when rebuilding a stretch from the database.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.recording import G_MPS2

Floats = NDArray[np.float32]
Counts = NDArray[np.int16]

MIN_RATE_HZ: Final = 50.0
MAX_RATE_HZ: Final = 1000.0
DRIFT: Final = 0.01
"""How far a sensor's clock may be off its nominal rate, as a fraction."""
JITTER_S: Final = 0.005
"""Two uptimes of a frame, each off by a couple of milliseconds, differ by up to this."""
MAX_GAP_S: Final = 2.0
"""A longer silence ends the stretch; a shorter one is bridged by a straight line and flagged."""
CLIP_FRACTION: Final = 0.98
"""A sample at this share of full scale counts as clipped: sensors saturate a little early."""


class FrameError(ValueError):
    """A frame whose fields contradict each other; the message names the field."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One message's worth of motion as the sensor counted it, gravity included, device axes.

    `key` tells devices and boots apart and is not looked into. `counts` is int16
    little-endian, all x, then all y, then all z. Raises FrameError when built from fields
    that cannot be.
    """

    key: Hashable
    uptime_ms: int
    rate_hz: float
    samples: int
    scale_mps2: float
    full_scale_g: float
    lowpass_hz: float
    counts: bytes

    def __post_init__(self) -> None:
        if not MIN_RATE_HZ * (1 - DRIFT) <= self.rate_hz <= MAX_RATE_HZ * (1 + DRIFT):
            raise FrameError(f"rate_hz is {self.rate_hz:g}; served are {MIN_RATE_HZ:g} to {MAX_RATE_HZ:g}")
        if self.samples < 1 or len(self.counts) != 6 * self.samples:
            raise FrameError(
                f"counts holds {len(self.counts)} bytes for {self.samples} samples; wanted 6 per sample"
            )
        if not 0 < self.scale_mps2 < math.inf:
            raise FrameError(f"scale_mps2 is {self.scale_mps2:g}; wanted m/s2 per count, above 0")
        if not 0 < self.full_scale_g < math.inf:
            raise FrameError(f"full_scale_g is {self.full_scale_g:g}; wanted the sensor's range, above 0")
        if not 0 <= self.lowpass_hz < math.inf:
            raise FrameError(f"lowpass_hz is {self.lowpass_hz:g}; wanted a corner in Hz, or 0 for unknown")

    @property
    def planar(self) -> Counts:
        """The counts as a read-only (3, samples) array, without copying."""
        return np.frombuffer(self.counts, dtype="<i2").reshape(3, self.samples)

    @property
    def duration_s(self) -> float:
        """The time its samples take at the nominal rate."""
        return self.samples / self.rate_hz


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """A contiguous stretch of acceleration.

    `acc_mps2` is (3, n) float32 including gravity, device axes; `uptime_s` belongs to its first
    sample. `gaps` are (from, to) uptimes in seconds where nothing was received and a straight
    line stands in.
    """

    acc_mps2: Floats
    uptime_s: float
    rate_hz: float
    full_scale_g: float
    lowpass_hz: float
    gaps: tuple[tuple[float, float], ...] = ()

    @property
    def samples(self) -> int:
        """How many samples per axis."""
        return int(self.acc_mps2.shape[1])

    @property
    def end_s(self) -> float:
        """The uptime one sample interval after the last sample."""
        return self.uptime_s + self.samples / self.rate_hz

    @property
    def clip_mps2(self) -> float:
        """The level from which a sample counts as clipped, in m/s2."""
        return CLIP_FRACTION * self.full_scale_g * G_MPS2

    def index_at(self, uptime_s: float) -> int:
        """The sample nearest to an uptime; may lie outside the stretch."""
        return round((uptime_s - self.uptime_s) * self.rate_hz)

    def time_at(self, index: float) -> float:
        """The uptime of a sample, in seconds."""
        return self.uptime_s + index / self.rate_hz

    def window(self, from_s: float, to_s: float) -> Motion:
        """The part between two uptimes, cut at samples; empty when they lie outside."""
        first = min(max(self.index_at(from_s), 0), self.samples)
        last = min(max(self.index_at(to_s), first), self.samples)
        return Motion(
            self.acc_mps2[:, first:last],
            self.time_at(first),
            self.rate_hz,
            self.full_scale_g,
            self.lowpass_hz,
            tuple((start, end) for start, end in self.gaps if start < to_s and end > from_s),
        )


def slack_s(samples: int, rate_hz: float) -> float:
    """How far the next frame's uptime may be off before it means a gap or an overlap, in seconds.

    Half a sample of rounding, the jitter of both uptimes, and the drift over the frame between them.
    """
    return JITTER_S + 0.5 / rate_hz + DRIFT * samples / rate_hz


def stretches(frames: Iterable[Frame]) -> tuple[Motion, ...]:
    """Join the frames of one device and boot into contiguous stretches, in order of time.

    Order and repeats do not matter. Samples that an earlier frame already gave are dropped. Frames
    of another rate, range or low-pass make stretches of their own.
    """
    kinds: dict[tuple[float, float, float], list[Frame]] = {}
    for frame in frames:
        kinds.setdefault((frame.rate_hz, frame.full_scale_g, frame.lowpass_hz), []).append(frame)
    found: list[Motion] = []
    for alike in kinds.values():
        # The longer of two frames that start together goes first, so that the other is the repeat.
        ordered = sorted(alike, key=lambda frame: (frame.uptime_ms, -frame.samples))
        joint = _Joint(ordered[0])
        for frame in ordered[1:]:
            if not joint.add(frame):
                found.append(joint.motion())
                joint = _Joint(frame)
        found.append(joint.motion())
    return tuple(sorted(found, key=lambda motion: motion.uptime_s))


def stretch_around(frames: Iterable[Frame], uptime_s: float) -> Motion | None:
    """The stretch that holds a moment; the one sampled fastest where several do; None where none does."""
    holding = [motion for motion in stretches(frames) if motion.uptime_s <= uptime_s <= motion.end_s]
    return max(holding, key=lambda motion: motion.rate_hz, default=None)


def frames_of(motion: Motion, samples: int | Sequence[int], *, key: Hashable = None) -> tuple[Frame, ...]:
    """Cut a stretch into frames as a device would send them, counted over its full scale in 16 bits.

    `samples` is the length of every frame, or the lengths one by one; what is left over at the
    end makes a shorter frame.
    """
    scale_mps2 = motion.full_scale_g * G_MPS2 / 32767
    counts = np.clip(np.rint(motion.acc_mps2 / scale_mps2), -32768, 32767).astype("<i2")
    lengths = [samples] * (motion.samples // samples) if isinstance(samples, int) else list(samples)
    edges = [0, *np.cumsum(lengths, dtype=int).tolist()]
    if edges[-1] < motion.samples:
        edges.append(motion.samples)
    return tuple(
        Frame(
            key,
            round(motion.time_at(first) * 1000),
            motion.rate_hz,
            last - first,
            scale_mps2,
            motion.full_scale_g,
            motion.lowpass_hz,
            counts[:, first:last].tobytes(),
        )
        for first, last in pairwise(edges)
    )


class _Joint:
    """A stretch in the making: its pieces, and where the uptimes anchor them."""

    def __init__(self, frame: Frame) -> None:
        self._last = frame
        self._pieces = [_acceleration(frame)]
        self._samples = frame.samples
        self._anchors = [(0, frame.uptime_ms / 1000)]
        self._gaps: list[tuple[int, int]] = []

    def add(self, frame: Frame) -> bool:
        """Append a frame; False when too long a silence lies before it."""
        last, rate_hz = self._last, frame.rate_hz
        if frame.uptime_ms == last.uptime_ms:
            return True
        late_s = (frame.uptime_ms - last.uptime_ms) / 1000 - last.duration_s
        piece = _acceleration(frame)
        if late_s > MAX_GAP_S:
            return False
        if late_s > slack_s(last.samples, rate_hz):
            missing = round(late_s * rate_hz)
            self._gaps.append((self._samples, self._samples + missing))
            self._append(_bridge(self._pieces[-1][:, -1], piece[:, 0], missing))
        elif late_s < -slack_s(last.samples, rate_hz):
            known = round(-late_s * rate_hz)
            if known >= frame.samples:
                return True
            self._append(piece[:, known:])
            self._last = frame
            return True
        self._anchors.append((self._samples, frame.uptime_ms / 1000))
        self._append(piece)
        self._last = frame
        return True

    def _append(self, piece: Floats) -> None:
        self._pieces.append(piece)
        self._samples += int(piece.shape[1])

    def motion(self) -> Motion:
        """The stretch, with its start and rate fitted to the uptimes."""
        start_s, rate_hz = _fit(self._anchors, self._last.rate_hz)
        return Motion(
            np.concatenate(self._pieces, axis=1),
            start_s,
            rate_hz,
            self._last.full_scale_g,
            self._last.lowpass_hz,
            tuple((start_s + first / rate_hz, start_s + last / rate_hz) for first, last in self._gaps),
        )


def _acceleration(frame: Frame) -> Floats:
    return frame.planar.astype(np.float32) * np.float32(frame.scale_mps2)


def _bridge(before: Floats, after: Floats, samples: int) -> Floats:
    share = np.arange(1, samples + 1, dtype=np.float32) / np.float32(samples + 1)
    return (before[:, None] + (after - before)[:, None] * share).astype(np.float32)


def _fit(anchors: Sequence[tuple[int, float]], nominal_hz: float) -> tuple[float, float]:
    """The uptime of sample 0 and the rate: nominal while jitter alone explains the uptimes."""
    index = np.array([sample for sample, _ in anchors], dtype=np.float64)
    uptime_s = np.array([uptime for _, uptime in anchors], dtype=np.float64)
    ahead_s = uptime_s - index / nominal_hz
    if np.ptp(ahead_s) <= JITTER_S:
        return float(ahead_s.mean()), nominal_hz
    centred = index - index.mean()
    slope_s = float(centred @ (uptime_s - uptime_s.mean()) / (centred @ centred))
    slope_s = min(max(slope_s, (1 - DRIFT) / nominal_hz), (1 + DRIFT) / nominal_hz)
    return float(uptime_s.mean() - slope_s * index.mean()), 1 / slope_s
