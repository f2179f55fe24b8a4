"""Motion inside the device: what was just measured, one-second frames of it, and what is kept."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from device_sim.physics.sensor import Counts

_GAP_MS = 50.0


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Evenly sampled counts (n, 3); the first sample was taken at `uptime_ms`."""

    uptime_ms: float
    rate_hz: float
    counts: Counts

    @property
    def end_ms(self) -> float:
        """When the sample after the last one is due."""
        return self.uptime_ms + len(self.counts) * 1000.0 / self.rate_hz

    def rows(self, first: int, end: int) -> Block:
        """Some of its samples."""
        return Block(self.uptime_ms + first * 1000.0 / self.rate_hz, self.rate_hz, self.counts[first:end])

    def between(self, from_ms: float, to_ms: float) -> Block:
        """Its samples taken from one moment up to, but not at, another; perhaps none."""
        first, end = (
            int(np.clip(np.ceil((at - self.uptime_ms) * self.rate_hz / 1000.0 - 1e-6), 0, len(self.counts)))
            for at in (from_ms, to_ms)
        )
        return self.rows(first, max(first, end))


def follows(before: Block, after: Block) -> bool:
    """Whether one block goes on where the other ended, give or take 50 ms of a shaky clock."""
    return before.rate_hz == after.rate_hz and abs(after.uptime_ms - before.end_ms) <= _GAP_MS


def merged(blocks: Iterable[Block]) -> list[Block]:
    """Neighbouring blocks as one; a gap or another rate begins a new one."""
    runs: list[list[Block]] = []
    for block in blocks:
        if not len(block.counts):
            continue
        if runs and follows(runs[-1][-1], block):
            runs[-1].append(block)
        else:
            runs.append([block])
    return [_one(run) for run in runs]


def _one(run: Sequence[Block]) -> Block:
    if len(run) == 1:
        return run[0]
    return Block(run[0].uptime_ms, run[0].rate_hz, np.concatenate([block.counts for block in run]))


class MotionKept:
    """The last seconds of motion, for what was before an impact and for asking again."""

    def __init__(self, keep_s: float) -> None:
        self._keep_ms = keep_s * 1000.0
        self._blocks: deque[Block] = deque()

    def append(self, block: Block) -> None:
        """Keep a block, forget the oldest."""
        self._blocks.append(block)
        while block.end_ms - self._blocks[0].end_ms > self._keep_ms:
            self._blocks.popleft()

    @property
    def end_ms(self) -> float:
        """Up to when motion is there; 0 before the first."""
        return self._blocks[-1].end_ms if self._blocks else 0.0

    def between(self, from_ms: float, to_ms: float) -> list[Block]:
        """What is kept of a stretch of time, one block unless there are gaps."""
        wanted: list[Block] = []
        for block in reversed(self._blocks):
            if block.end_ms <= from_ms:
                break
            if block.uptime_ms < to_ms:
                wanted.append(block.between(from_ms, to_ms))
        return merged(reversed(wanted))


class Framer:
    """Cuts motion into frames of about one second: round(rate) samples."""

    def __init__(self) -> None:
        self._waiting: list[Block] = []
        self._samples = 0

    def add(self, block: Block) -> list[Block]:
        """Take a block; give the frames it completes. A gap ends a frame early."""
        done = self.flush() if self._waiting and not follows(self._waiting[-1], block) else []
        size = round(block.rate_hz)
        rest = block
        while self._samples + len(rest.counts) >= size:
            cut = size - self._samples
            self._waiting.append(rest.rows(0, cut))
            rest = rest.rows(cut, len(rest.counts))
            done.extend(self.flush())
        if len(rest.counts):
            self._waiting.append(rest)
            self._samples += len(rest.counts)
        return done

    def flush(self) -> list[Block]:
        """The frame begun, if any, as short as it is."""
        done = [_one(self._waiting)] if self._waiting else []
        self._waiting, self._samples = [], 0
        return done
