"""The device's own impact trigger, and the stretch of motion it sends after one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from device_sim.device.motion import Block
from device_sim.physics.filters import StreamFilter, smoothing
from schemas.recording import G_MPS2, Floats

BEFORE_MS: Final = 2000.0
FIRST_AFTER_MS: Final = 300.0
PART_MS: Final = 1000.0
PARTS_AFTER: Final = 10
_DELTA_V_WINDOW_S: Final = 0.15
_GRAVITY_S: Final = 2.0


class ImpactTrigger:
    """Fires on strong or lasting acceleration, in whatever direction.

    Gravity is what a first-order low-pass of 2 s lets through. A sample is over the line
    when the rest exceeds `threshold_g`, or its integral over the last 150 ms exceeds
    `delta_v_kmh`. Crash recorders start at 8 km/h in 150 ms (49 CFR 563) and driving stays
    below 4: the line lies lower, because the backend decides and a missed crash is lost.
    """

    def __init__(self, threshold_g: float = 2.0, delta_v_kmh: float = 3.0) -> None:
        self.threshold_g = threshold_g
        self._delta_v_mps = delta_v_kmh / 3.6
        self._rate_hz = 0.0
        self._gravity: StreamFilter | None = None
        self._tail: Floats = np.zeros((0, 3))

    def feed(self, block: Block, scale_mps2: float) -> Floats:
        """Uptimes in ms of the block's samples that are over the line."""
        motion: Floats = block.counts.astype(np.float64) * scale_mps2
        if self._gravity is None or block.rate_hz != self._rate_hz:
            self._rate_hz = block.rate_hz
            resting: Floats = np.asarray(np.median(motion, axis=0), dtype=np.float64)
            self._gravity = StreamFilter(smoothing(_GRAVITY_S, block.rate_hz), 3, resting)
            self._tail = np.zeros((round(_DELTA_V_WINDOW_S * block.rate_hz), 3))
        shaken = motion - self._gravity(motion)
        window = len(self._tail)
        longer = np.concatenate([self._tail, shaken])
        self._tail = longer[len(longer) - window :]
        strong = np.einsum("ij,ij->i", shaken, shaken) > (self.threshold_g * G_MPS2) ** 2
        sums = np.zeros((len(longer) + 1, 3))
        np.cumsum(longer, axis=0, out=sums[1:])
        gained = (sums[window + 1 :] - sums[1 : len(shaken) + 1]) / block.rate_hz
        lasting = np.einsum("ij,ij->i", gained, gained) > self._delta_v_mps**2
        rows = np.flatnonzero(strong | lasting).astype(np.float64)
        return block.uptime_ms + rows * (1000.0 / block.rate_hz)


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of motion to send as a part."""

    from_ms: float
    to_ms: float
    last: bool


@dataclass(slots=True)
class Capture:
    """What is still to be sent of one trigger: 2 s before to 0.3 s after, then ten seconds."""

    number: int
    trigger_ms: float
    next_part: int = 0
    _step: int = field(default=0, init=False)

    @property
    def end_ms(self) -> float:
        """Until then further pulses belong to this trigger."""
        return self.trigger_ms + FIRST_AFTER_MS + PARTS_AFTER * PART_MS

    @property
    def done(self) -> bool:
        """True once the last window was given out."""
        return self._step > PARTS_AFTER

    def windows(self, measured_until_ms: float, *, ending: bool = False) -> list[Window]:
        """The windows whose motion is complete by now; all that is left when the device is ending."""
        found: list[Window] = []
        while not self.done:
            to_ms = self.trigger_ms + FIRST_AFTER_MS + self._step * PART_MS
            if to_ms > measured_until_ms and not ending:
                break
            from_ms = to_ms - PART_MS if self._step else self.trigger_ms - BEFORE_MS
            if from_ms >= measured_until_ms:
                break
            last = self._step == PARTS_AFTER or to_ms >= measured_until_ms
            found.append(Window(from_ms, to_ms, last=last and (ending or self._step == PARTS_AFTER)))
            self._step += 1
        return found
