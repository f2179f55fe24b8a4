"""What the detector remembers of a device between frames, and screening frames as they arrive.

A memory belongs to one device and boot. It is a plain value: `screen_batch` takes the memories as
they are and returns the new ones, so that a worker may put them in place once its transaction is
committed, store them, or lose them: a frame without memory is screened by itself.
"""

from __future__ import annotations

import struct
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.recording import G_MPS2
from scoring.frames import Counts, Floats, Frame, slack_s
from scoring.screen import CALM_MPS2, ScreenResult, Tails, screen, tail_samples

GRAVITY_LEARNT_S: Final = 30.0
"""Gravity follows the readings with this time constant once so much has been seen."""
TURNED_COSINE: Final = 0.866
"""Gravity further off (30 degrees) than braking leans it in a frame this calm (25) means the device was
turned: learn it quickly anew."""
RELEARNT_S: Final = 3.0
LONGEST_S: Final = 1.5
"""Longer frames are screened second by second, so that each second may give a hit of its own."""

_HEADER: Final = struct.Struct("<BxHdddd")
_VERSION: Final = 1


class MemoryFormatError(ValueError):
    """Stored bytes that are no memory, or one of another version: start without."""


@dataclass(frozen=True, slots=True, eq=False)
class Memory:
    """What one device and boot left behind.

    `state` (3, T + 3) float32, m/s2: the last T samples (0.45 s), then three columns: the lowest and
    the highest of them per axis, and gravity as learnt so far. `learnt_s` is how much driving
    gravity was learnt from. The next frame should begin at `next_uptime_ms`, give or take `slack_ms`.
    """

    state: Floats
    learnt_s: float
    next_uptime_ms: float
    slack_ms: float
    rate_hz: float

    @property
    def tail_mps2(self) -> Floats:
        """The last 0.45 s, (3, T)."""
        return self.state[:, :-3]

    @property
    def gravity_mps2(self) -> Floats:
        """Gravity in device axes, (3,)."""
        return self.state[:, -1]

    def precedes(self, frame: Frame) -> bool:
        """Whether a frame begins where this memory ends."""
        return self.rate_hz == frame.rate_hz and abs(frame.uptime_ms - self.next_uptime_ms) <= self.slack_ms

    def to_bytes(self) -> bytes:
        """The memory for storage; `from_bytes` gives an equal one."""
        columns = self.state.shape[1]
        head = _HEADER.pack(
            _VERSION, columns, self.learnt_s, self.next_uptime_ms, self.slack_ms, self.rate_hz
        )
        return head + self.state.astype("<f4").tobytes()

    @classmethod
    def from_bytes(cls, stored: bytes) -> Memory:
        """The memory stored by `to_bytes`; raises MemoryFormatError for anything else."""
        if len(stored) < _HEADER.size:
            raise MemoryFormatError(f"a stored memory has at least {_HEADER.size} bytes, not {len(stored)}")
        version, columns, learnt_s, next_uptime_ms, slack_ms, rate_hz = _HEADER.unpack_from(stored)
        if version != _VERSION or len(stored) != _HEADER.size + 12 * columns:
            raise MemoryFormatError(
                f"stored memory of version {version} in {len(stored)} bytes; wanted version {_VERSION}"
            )
        state = np.frombuffer(stored, dtype="<f4", offset=_HEADER.size).astype(np.float32)
        return cls(state.reshape(3, columns), learnt_s, next_uptime_ms, slack_ms, rate_hz)


@dataclass(frozen=True, slots=True)
class Hit:
    """A frame that may hold an impact, and its strongest moment.

    `uptime_ms` is what to analyse around. `complete` says the shock seems over within the frame, so
    that its figures need not wait for more. `gravity_mps2` is the remembered gravity, for `analyse`.
    """

    key: Hashable
    uptime_ms: int
    dv150_kmh: float
    peak_g: float
    complete: bool
    gravity_mps2: tuple[float, float, float]


def screen_batch(
    memories: Mapping[Hashable, Memory], frames: Sequence[Frame]
) -> tuple[dict[Hashable, Memory], list[Hit]]:
    """Screen a batch of frames of any devices, in the order in which they came.

    Returns the memories that changed, to be put in place of the old ones, and the hits in the
    order of their frames. A frame that does not continue its device's memory, late or after a
    gap, is screened by itself; an older one does not set the memory back.
    """
    new: dict[Hashable, Memory] = {}
    hits: list[tuple[int, Hit]] = []
    for places, parts in _rounds(frames):
        known = [new.get(part.key) or memories.get(part.key) for part in parts]
        counts = np.frombuffer(b"".join([part.counts for part in parts]), dtype="<i2")
        batch = _Batch(parts, known, counts.reshape(len(parts), 3, parts[0].samples))
        result = screen(batch.counts, batch.scale_mps2, batch.rate_hz, batch.full_scale_g, batch.tails)
        hits += [
            (places[index], batch.hit(result, index))
            for index in np.flatnonzero(result.is_candidate).tolist()
        ]
        new.update(batch.remembered(result))
    hits.sort(key=lambda found: found[0])
    return new, [hit for _, hit in hits]


def _rounds(frames: Sequence[Frame]) -> list[tuple[list[int], list[Frame]]]:
    """The batch as rounds of equally shaped frames in which no device comes twice.

    With each frame its place in the batch. A device's frames stay in order.
    """
    turn: dict[Hashable, int] = {}
    rounds: dict[tuple[int, float, int], tuple[list[int], list[Frame]]] = {}
    for place, frame in enumerate(frames):
        for part in _seconds(frame):
            now = turn.get(part.key, 0)
            turn[part.key] = now + 1
            places, parts = rounds.setdefault((now, part.rate_hz, part.samples), ([], []))
            places.append(place)
            parts.append(part)
    return [rounds[shape] for shape in sorted(rounds)]


def _seconds(frame: Frame) -> Sequence[Frame]:
    """A long frame in parts of about a second; any other as it is."""
    if frame.duration_s <= LONGEST_S:
        return (frame,)
    edges = np.linspace(0, frame.samples, round(frame.duration_s) + 1).astype(int).tolist()
    planar = frame.planar
    return [
        replace(
            frame,
            uptime_ms=frame.uptime_ms + round(first / frame.rate_hz * 1000),
            samples=after - first,
            counts=planar[:, first:after].tobytes(),
        )
        for first, after in pairwise(edges)
    ]


class _Batch:
    """Equally shaped frames of different devices, with what is known of each."""

    def __init__(self, parts: list[Frame], known: list[Memory | None], counts: Counts) -> None:
        self.rate_hz = parts[0].rate_hz
        self.counts = counts
        self.scale_mps2 = np.array([part.scale_mps2 for part in parts], dtype=np.float32)
        self.full_scale_g = np.array([part.full_scale_g for part in parts], dtype=np.float32)
        self._parts = parts
        self._tail = tail_samples(self.rate_hz)
        self._learnt_s = np.array([0.0 if memory is None else memory.learnt_s for memory in known])
        blank = np.zeros((3, self._tail + 3), dtype=np.float32)
        follows = [
            memory is not None and memory.precedes(part) for memory, part in zip(known, parts, strict=True)
        ]
        self._state = np.concatenate(
            [
                memory.state if memory is not None and follow else blank
                for memory, follow in zip(known, follows, strict=True)
            ]
        ).reshape(len(parts), 3, self._tail + 3)
        for index in np.flatnonzero(~np.array(follows)).tolist():
            self._begin(index, known[index])
        self._is_older = [
            memory is not None and part.uptime_ms < memory.next_uptime_ms - memory.slack_ms
            for memory, part in zip(known, parts, strict=True)
        ]
        self.tails = Tails(
            self._state[:, :, :-3], self._state[:, :, -3], self._state[:, :, -2], self._state[:, :, -1]
        )

    def _begin(self, index: int, memory: Memory | None) -> None:
        """Stand in for a missing tail: gravity, remembered or else the frame's own median."""
        if memory is not None:
            gravity = memory.gravity_mps2
        else:
            gravity = np.median(self.counts[index], axis=1).astype(np.float32) * self.scale_mps2[index]
        self._state[index] = gravity[:, None]

    def hit(self, result: ScreenResult, index: int) -> Hit:
        """What a candidate tells the one who analyses it."""
        part = self._parts[index]
        x, y, z = self.tails.gravity_mps2[index].tolist()
        return Hit(
            part.key,
            part.uptime_ms + round(int(result.peak_index[index]) / self.rate_hz * 1000),
            float(result.dv150_kmh[index]),
            float(result.peak_g[index]),
            bool(result.is_over[index]),
            (x, y, z),
        )

    def remembered(self, result: ScreenResult) -> dict[Hashable, Memory]:
        """The new memory of every device whose frame was not an older one."""
        samples, tail = self.counts.shape[2], self._tail
        state = np.empty_like(self._state)
        fresh = min(samples, tail)
        np.multiply(
            self.counts[:, :, samples - fresh :],
            self.scale_mps2[:, None, None],
            out=state[:, :, tail - fresh : tail],
        )
        if fresh < tail:
            state[:, :, : tail - fresh] = self._state[:, :, fresh:tail]
            state[:, :, -3], state[:, :, -2] = state[:, :, :tail].min(axis=2), state[:, :, :tail].max(axis=2)
        else:
            state[:, :, -3], state[:, :, -2] = result.low_mps2, result.high_mps2
        state[:, :, -1], learnt_s = self._gravity(result.level_mps2)
        slack_ms = 1000 * slack_s(samples, self.rate_hz)
        duration_ms = 1000 * samples / self.rate_hz
        return {
            # Copies, or one silent device would keep a whole batch in memory.
            part.key: Memory(
                state[index].copy(), learnt, part.uptime_ms + duration_ms, slack_ms, self.rate_hz
            )
            for index, (part, learnt, is_older) in enumerate(
                zip(self._parts, learnt_s.tolist(), self._is_older, strict=True)
            )
            if not is_older
        }

    def _gravity(self, level: Floats) -> tuple[Floats, NDArray[np.float64]]:
        """Gravity (F, 3) after these frames, and how much driving it was learnt from (F,)."""
        duration_s = self.counts.shape[2] / self.rate_hz
        gravity = self.tails.gravity_mps2
        size = np.linalg.norm(level, axis=1)
        # The screen's own measure: what leans also teaches, so that a device put elsewhere soon leans no more.
        calm = np.abs(size - G_MPS2) <= CALM_MPS2
        aligned = np.einsum("fa,fa->f", level, gravity) >= TURNED_COSINE * size * np.linalg.norm(
            gravity, axis=1
        )
        learnt_s = np.where(calm & ~aligned, np.minimum(self._learnt_s, RELEARNT_S), self._learnt_s)
        share = np.where(calm, duration_s / (learnt_s + duration_s), 0.0).astype(np.float32)
        after_s = np.minimum(np.where(calm, learnt_s + duration_s, learnt_s), GRAVITY_LEARNT_S)
        return (gravity + share[:, None] * (level - gravity)).astype(np.float32, copy=False), after_s
