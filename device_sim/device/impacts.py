"""Impacts as the device reports them: its trigger, the parts that follow, and parts asked for again."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from device_sim.device.motion import Block, MotionKept
from device_sim.device.trigger import Capture, ImpactTrigger
from device_sim.physics.sensor import Sensor
from schemas.wire.device_pb2 import Fix, Impact

_FIXES_WITH_PART: Final = 5
_FIXES_KEPT: Final = 300


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """An impact message but for its stamp; `event_ms` is its first sample's uptime."""

    event_ms: float
    message: Impact


class ImpactReports:
    """Watches the motion and says which impact messages to send."""

    def __init__(self, sensor: Sensor, trigger: ImpactTrigger | None, kept_s: float) -> None:
        self.trigger = trigger
        self._sensor = sensor
        self._kept = MotionKept(kept_s)
        self._fixes: deque[Fix] = deque(maxlen=_FIXES_KEPT)
        self._count = 0
        self._capture: Capture | None = None
        self._taken_until_ms = 0.0

    def fix(self, fix: Fix) -> None:
        """Remember a position."""
        self._fixes.append(fix)

    @property
    def last_fix(self) -> Fix | None:
        """The last known position."""
        return self._fixes[-1] if self._fixes else None

    def motion(self, block: Block) -> tuple[list[Part], float | None]:
        """Take a block; give the parts now complete and the uptime of a new trigger, if any.

        While a trigger's ten seconds run, further pulses are part of it.
        """
        self._kept.append(block)
        over = self.trigger.feed(block, self._sensor.scale_mps2) if self.trigger else ()
        parts = self._complete_parts()
        for at_ms in over:
            # A block may reach beyond the end of the last capture: what lay before that end was part of it.
            if self._capture is None and at_ms >= self._taken_until_ms:
                self._count += 1
                self._capture = Capture(self._count, float(at_ms))
                self._taken_until_ms = self._capture.end_ms
                return parts + self._complete_parts(), float(at_ms)
        return parts, None

    def flush(self) -> list[Part]:
        """What is left of a trigger when the device ends, the last part marked."""
        return self._complete_parts(ending=True)

    def again(self, from_ms: float, to_ms: float) -> list[Part]:
        """Kept motion of a stretch, as parts of trigger 0; empty when nothing of it is kept."""
        seconds: list[Block] = []
        for block in self._kept.between(from_ms, to_ms):
            size = round(block.rate_hz)
            seconds.extend(block.rows(at, at + size) for at in range(0, len(block.counts), size))
        return [
            self._part(0, index, from_ms, second, last=index == len(seconds) - 1)
            for index, second in enumerate(seconds)
        ]

    def _complete_parts(self, *, ending: bool = False) -> list[Part]:
        capture = self._capture
        if capture is None:
            return []
        parts: list[Part] = []
        for window in capture.windows(self._kept.end_ms, ending=ending):
            blocks = self._kept.between(window.from_ms, window.to_ms)
            for block in blocks:
                last = window.last and block is blocks[-1]
                parts.append(
                    self._part(capture.number, capture.next_part, capture.trigger_ms, block, last=last)
                )
                capture.next_part += 1
        if capture.done or ending:
            self._capture = None
        return parts

    def _part(self, trigger: int, part: int, trigger_ms: float, block: Block, *, last: bool) -> Part:
        known_until_ms = block.end_ms if trigger == 0 else self._kept.end_ms
        known = [fix for fix in self._fixes if fix.uptime_ms <= known_until_ms]
        message = Impact(
            trigger=trigger,
            part=part,
            last=last,
            trigger_uptime_ms=round(trigger_ms),
            motion=self._sensor.message(block.counts, block.rate_hz),
            fixes=known[-_FIXES_WITH_PART:],
        )
        return Part(block.uptime_ms, message)
